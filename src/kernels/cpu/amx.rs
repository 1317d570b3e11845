//! Matrix products in AMX's tiles: sixteen pixels by sixteen outputs, over sixteen pairs of bfloat16
//! channels, with sums in float32 (Intel's Architecture Instruction Set Extensions, chapter 3).
//!
//! [`Pixel`]s are rows of tiles as they are: a pixel's words are a row of the left factor, a matrix's
//! vector one of the right factor, sixteen outputs one of the sums.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

use super::gemm::{Matrix, Rows, Shared};
use super::planes::Pixel;

/// Pixels, or words, of a tile.
const SIDE: usize = 16;

/// Whether the CPU has tiles and products of bfloat16 in them, and the system lets this process use them,
/// for which it has to be asked once.
pub(super) fn is_granted() -> bool {
    const BF16: u32 = 1 << 22;
    const TILE: u32 = 1 << 24;
    if __cpuid_count(0, 0).eax < 7 || __cpuid_count(7, 0).edx & (BF16 | TILE) != BF16 | TILE {
        return false;
    }
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: takes two numbers; threads that are there get the permission, too.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// What `ldtilecfg` reads: rows and bytes a row of each tile.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

/// Some pixels of a product of pairs, all of the matrix's outputs.
///
/// # Safety
/// [`is_granted`] must have said so; the rest as for [`super::gemm::rows_of_product`].
pub(super) unsafe fn product(rows: Rows, x: *const Pixel, matrix: &Matrix, y: Shared) {
    let Rows { x_area, y_area, moved, from, to } = rows;
    if from == to {
        return;
    }
    // Pixels of a tile: fewer where there are fewer in all. The last tiles may have some of those before
    // them once more, for which the same values come out again.
    let height = SIDE.min(to - from);
    let last = to - height;
    // Tiles 0 to 3 are sums, 4 and 5 pixels, 6 and 7 the matrix's.
    let mut shapes =
        Shapes { palette: 1, start: 0, reserved: [0; 14], bytes: [0; 16], rows: [0; 16] };
    shapes.bytes[..8].fill(64);
    shapes.rows[..6].fill(height as u8);
    shapes.rows[6..8].fill(SIDE as u8);
    // SAFETY: the shapes are valid, and this thread uses tiles only until `tilerelease` below.
    unsafe {
        asm!("ldtilecfg [{}]", in(reg) &raw const shapes, options(nostack, preserves_flags));
    }
    for block in (0..matrix.blocks()).step_by(2) {
        // An odd block keeps itself company.
        let blocks = [block, (block + 1).min(matrix.blocks() - 1)];
        for row in (from..to).step_by(2 * SIDE) {
            let pixels = [row.min(last), (row + SIDE).min(last)];
            // SAFETY: these pixels and blocks are within the planes and the matrix.
            unsafe {
                let x = pixels.map(|pixel| x.add(pixel));
                let columns = blocks.map(|block| matrix.columns(block));
                let y =
                    blocks.map(|block| pixels.map(|pixel| y.0.add(block * y_area + moved + pixel)));
                four_tiles(x, x_area, columns, matrix.words().div_ceil(SIDE), y);
            }
        }
    }
    // SAFETY: the last use of tiles; without it every switch of threads would save them.
    unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
}

/// Two tiles of pixels by two of outputs: `y[o][p]` over `count` tiles of words.
#[inline(always)]
unsafe fn four_tiles(
    x: [*const Pixel; 2],
    x_area: usize,
    columns: [*const Pixel; 2],
    count: usize,
    y: [[*mut Pixel; 2]; 2],
) {
    // SAFETY: the caller vouches for the pointers and the tiles' shapes.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{x0} + {row}]",
            "tileloadd tmm6, [{c0} + {row}]",
            "tileloadd tmm5, [{x1} + {row}]",
            "tileloadd tmm7, [{c1} + {row}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm5, tmm6",
            "tdpbf16ps tmm2, tmm4, tmm7",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {x0}, {step}",
            "add {x1}, {step}",
            "add {c0}, 1024",
            "add {c1}, 1024",
            "dec {count}",
            "jnz 2b",
            "tilestored [{y00} + {row}], tmm0",
            "tilestored [{y01} + {row}], tmm1",
            "tilestored [{y10} + {row}], tmm2",
            "tilestored [{y11} + {row}], tmm3",
            row = in(reg) size_of::<Pixel>(),
            step = in(reg) x_area * size_of::<Pixel>(),
            count = inout(reg) count => _,
            x0 = inout(reg) x[0] => _,
            x1 = inout(reg) x[1] => _,
            c0 = inout(reg) columns[0] => _,
            c1 = inout(reg) columns[1] => _,
            y00 = in(reg) y[0][0],
            y01 = in(reg) y[0][1],
            y10 = in(reg) y[1][0],
            y11 = in(reg) y[1][1],
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
