//! Matrix products in AMX's tiles: sixteen pixels by sixteen outputs, over sixteen pairs of bfloat16
//! channels, with sums in float32 (Intel's Architecture Instruction Set Extensions, chapter 3).
//!
//! [`Pixel`]s are rows of tiles as they are: a pixel's words are a row of the left factor, a matrix's
//! vector one of the right factor, sixteen outputs one of the sums.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _MM_HINT_T0, _mm_prefetch};

use super::gemm::{Rows, Shared};
use super::matrix::{Factors, Matrix, SPLIT_PRODUCTS};
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
    let Rows { x_area, x_part, y_area, moved, from, to } = rows;
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
    let words = matrix.words().div_ceil(SIDE);
    for block in (0..matrix.blocks()).step_by(2) {
        // An odd block keeps itself company.
        let blocks = [block, (block + 1).min(matrix.blocks() - 1)];
        for row in (from..to).step_by(2 * SIDE) {
            let pixels = [row.min(last), (row + SIDE).min(last)];
            let x = |part: usize| pixels.map(|pixel| x.wrapping_add(part * x_part + pixel));
            let w = |part: usize| blocks.map(|block| matrix.columns(part, block));
            // SAFETY: these pixels and blocks are within the planes and the matrix.
            unsafe {
                clear();
                match matrix.factors {
                    Factors::F32 | Factors::Bf16 => add_up([[0, 0]], [x(0)], [w(0)], x_area, words),
                    Factors::Split => {
                        let [x, w] = [[x(0), x(1), x(2)], [w(0), w(1), w(2)]];
                        add_up(SPLIT_PRODUCTS, x, w, x_area, words);
                    }
                }
                store(
                    blocks.map(|block| pixels.map(|pixel| y.0.add(block * y_area + moved + pixel))),
                );
            }
        }
    }
    // SAFETY: the last use of tiles; without it every switch of threads would save them.
    unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
}

// Nothing but these functions uses tiles, so what one leaves there the next one finds.

/// Sets the sums of two tiles of pixels by two of outputs to zero.
#[inline(always)]
unsafe fn clear() {
    // SAFETY: the caller has configured the tiles.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            options(nomem, nostack, preserves_flags),
        );
    }
}

/// Adds products of parts to the sums, over `words` tiles of words, `x_area` pixels from each other: all
/// products of one before the next, so that parts that come again come from first-level cache.
#[inline(always)]
unsafe fn add_up<const PARTS: usize, const PRODUCTS: usize>(
    products: [[usize; 2]; PRODUCTS],
    mut x: [[*const Pixel; 2]; PARTS],
    mut w: [[*const Pixel; 2]; PARTS],
    x_area: usize,
    words: usize,
) {
    for _ in 0..words {
        let next_x = x.map(|tiles| tiles.map(|tile| tile.wrapping_add(x_area)));
        let next_w = w.map(|tiles| tiles.map(|tile| tile.wrapping_add(SIDE)));
        // So many of either are fetched with each product.
        let share = 2 * PARTS / PRODUCTS;
        let mut before = [usize::MAX; 2];
        for (i, [x_of, w_of]) in products.into_iter().enumerate() {
            let fetched = i * share..(i + 1) * share;
            // SAFETY: the caller vouches for the pointers and the tiles' shapes.
            unsafe {
                if x_of != before[0] {
                    load_pixels(x[x_of]);
                }
                if w_of != before[1] {
                    load_columns(w[w_of]);
                }
                multiply(&next_x.as_flattened()[fetched.clone()], &next_w.as_flattened()[fetched]);
            }
            before = [x_of, w_of];
        }
        (x, w) = (next_x, next_w);
    }
}

/// Loads two tiles of pixels.
#[inline(always)]
unsafe fn load_pixels(x: [*const Pixel; 2]) {
    // SAFETY: the caller vouches for the pointers and the tiles' shapes.
    unsafe {
        asm!(
            "tileloadd tmm4, [{x0} + {row}]",
            "tileloadd tmm5, [{x1} + {row}]",
            row = in(reg) size_of::<Pixel>(),
            x0 = in(reg) x[0],
            x1 = in(reg) x[1],
            out("tmm4") _, out("tmm5") _,
            options(nostack, preserves_flags),
        );
    }
}

/// Loads tiles of two of the matrix's blocks.
#[inline(always)]
unsafe fn load_columns(columns: [*const Pixel; 2]) {
    // SAFETY: likewise.
    unsafe {
        asm!(
            "tileloadd tmm6, [{c0} + {row}]",
            "tileloadd tmm7, [{c1} + {row}]",
            row = in(reg) size_of::<Pixel>(),
            c0 = in(reg) columns[0],
            c1 = in(reg) columns[1],
            out("tmm6") _, out("tmm7") _,
            options(nostack, preserves_flags),
        );
    }
}

/// Adds the products of what is loaded to the sums, and meanwhile fetches the next tiles into first-level
/// cache: the CPU by itself asks for them too late.
#[inline(always)]
unsafe fn multiply(next_x: &[*const Pixel], next_w: &[*const Pixel]) {
    let fetch = |quarter: usize| {
        for tile in next_x.iter().chain(next_w) {
            for row in 0..SIDE / 4 {
                let row = tile.wrapping_add(quarter * SIDE / 4 + row);
                // SAFETY: a prefetch may be of any address.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(row.cast()) };
            }
        }
    };
    macro_rules! add {
        ($sum:tt, $pixels:tt, $columns:tt) => {
            // SAFETY: the caller has loaded the tiles.
            unsafe {
                asm!(
                    concat!("tdpbf16ps ", $sum, ", ", $pixels, ", ", $columns),
                    out($sum) _,
                    options(nomem, nostack, preserves_flags),
                );
            }
        };
    }
    add!("tmm0", "tmm4", "tmm6");
    fetch(0);
    add!("tmm1", "tmm5", "tmm6");
    fetch(1);
    add!("tmm2", "tmm4", "tmm7");
    fetch(2);
    add!("tmm3", "tmm5", "tmm7");
    fetch(3);
}

/// Writes the sums, those of each tile of outputs for both of pixels.
#[inline(always)]
unsafe fn store(y: [[*mut Pixel; 2]; 2]) {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        asm!(
            "tilestored [{y00} + {row}], tmm0",
            "tilestored [{y01} + {row}], tmm1",
            "tilestored [{y10} + {row}], tmm2",
            "tilestored [{y11} + {row}], tmm3",
            row = in(reg) size_of::<Pixel>(),
            y00 = in(reg) y[0][0],
            y01 = in(reg) y[0][1],
            y10 = in(reg) y[1][0],
            y11 = in(reg) y[1][1],
            options(nostack, preserves_flags),
        );
    }
}
