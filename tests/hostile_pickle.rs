//! Damaged and hostile network files: an error each, no panic, no memory above file size + 64 MB.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sg3render::weights::{NetworkFile, Part, Source};

mod pickling;
use pickling::*;

/// The system's allocator, counting what is held and the most that was.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// The count is of the whole process, so its tests take turns.
static TURN: Mutex<()> = Mutex::new(());

// SAFETY: every request goes to the system's allocator as it came. A growing block is counted
// beside its successor, as both exist while it is copied.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MB: usize = 1 << 20;

/// What `work` returns, and the most memory that it held beyond what was held before, bytes.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work();
    (result, PEAK.load(Ordering::Relaxed).saturating_sub(before))
}

/// Opens the parts and reads all their tensors; whether everything went well. Asserts that an error
/// is about the file, and the bound on memory, in which the bytes themselves count once more.
fn survives(bytes: &[u8], parts: &[Part], what: &str) -> bool {
    let read = |&part| {
        let network = NetworkFile::from_source(Source::from_bytes("t", bytes.to_vec()), part)?;
        network.tensors().try_for_each(|(name, ..)| network.read_f32(name).map(drop))
    };
    let (result, peak) = peak(|| parts.iter().try_for_each(read));
    let len = bytes.len();
    assert!(peak <= 2 * len + 64 * MB, "{what}: {peak} bytes for a file of {len}");
    if let Err(error) = &result {
        assert_eq!(error.exit_code(), 65, "{what}: {error}");
    }
    result.is_ok()
}

fn golden(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).unwrap()
}

const PICKLES: [&str; 4] = [
    "stylegan3-t-tiny.pkl",
    "stylegan2-tiny.pkl",
    "variant-protocol2.pkl",
    "variant-protocol5.pkl",
];

#[test]
fn a_truncated_file_is_an_error() {
    let _turn = TURN.lock();
    for name in PICKLES {
        let whole = golden(name);
        assert!(survives(&whole, &Part::ALL, name), "{name}");
        for len in (0..whole.len()).step_by(1024).chain([whole.len() - 1]) {
            assert!(!survives(&whole[..len], &[Part::GEma], name), "{name} cut to {len}");
        }
    }
    let whole = golden(PICKLES[0]);
    for len in 0..4096 {
        assert!(!survives(&whole[..len], &Part::ALL[..1], "cut"), "cut to {len}");
    }
}

#[test]
fn flipped_bytes_are_survived() {
    let _turn = TURN.lock();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    // Marsaglia's xorshift: the same places in every run.
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for name in PICKLES {
        let mut bytes = golden(name);
        let mut refused = 0;
        for _ in 0..700 {
            // One to three flips; half of them in the opcodes at the start, not in numbers.
            let flips: Vec<_> = (0..1 + random(3))
                .map(|_| {
                    let within = if random(2) == 0 { 4096 } else { bytes.len() };
                    (random(within), random(255) as u8 + 1)
                })
                .collect();
            flips.iter().for_each(|&(at, flip)| bytes[at] ^= flip);
            refused += usize::from(!survives(&bytes, &[Part::ALL[random(3)]], name));
            flips.iter().for_each(|&(at, flip)| bytes[at] ^= flip);
        }
        assert!(refused > 100, "{name}: only {refused} of 700 were noticed");
    }
}

/// `count` repetitions between a head and a tail.
fn repeated(head: &[u8], unit: &[u8], count: usize, tail: &[u8]) -> Vec<u8> {
    [b"\x80\x04", head, &unit.repeat(count), tail, b"."].concat()
}

#[test]
fn amplification_is_bounded() {
    let _turn = TURN.lock();
    let million = 1_000_000;
    for (what, bytes) in [
        ("nested tuples", repeated(b"N", b"\x85", million, b"")),
        ("nested lists", repeated(b"", b"]", million, &[b'a'; 1_000_000][..million - 1])),
        ("nested marks", repeated(b"", b"(", million, b"")),
        ("many values", repeated(b"(", b"N", 8 * million, b"t")),
        ("many values thrown away", repeated(b"N", b"N0", 8 * million, b"")),
        ("a deep stack of one value", repeated(b"(N", b"2", 8 * million, b"t")),
        ("many dicts", repeated(b"(", b"}", 4 * million, b"t")),
        ("a list appended to itself", repeated(b"]\x94", b"h\x00a", 2 * million, b"")),
        ("tuples of tuples", repeated(b"N", b"2\x86", million, b"")),
        (
            "lists of lists",
            repeated(
                b"]\x940",
                b"](h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00e\x94",
                million / 4,
                b"",
            ),
        ),
        ("a large set over and over", {
            let set = [
                &global("builtins", "set")[..],
                b"\x94](",
                &b"N".repeat(10_000),
                b"e\x85\x94(h\x00h\x01R",
            ]
            .concat();
            repeated(&set, b"h\x00h\x01R", 100_000, b"t")
        }),
        ("memo without order", {
            let puts: Vec<u8> = (0..2_000_000u32)
                .flat_map(|i| [&b"r"[..], &i.wrapping_mul(2_654_435_761).to_le_bytes()].concat())
                .collect();
            [b"\x80\x04N", &*puts, b"."].concat()
        }),
        ("a long name in GLOBAL", repeated(b"c", b"a", 8 * million, b"\nb\n")),
        ("short strings", repeated(b"(", b"\x8c\x01a", 4 * million, b"t")),
        (
            "strings at the limit",
            repeated(b"(", &[b"X\x00\x04\0\0", &[b'a'; 1024][..]].concat(), 100_000, b"t"),
        ),
        ("long integers", repeated(b"(", &[b"\x8A\xFF", &[1u8; 255][..]].concat(), 100_000, b"t")),
        ("frames", repeated(b"N", b"\x95\0\0\0\0\0\0\0\0", million, b"")),
        ("a header of safetensors", {
            let header = format!(
                "{{\"a\":{{\"dtype\":\"F32\",\"shape\":[0{}],\"data_offsets\":[0,0]}}}}",
                ",0".repeat(250_000)
            );
            [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
        }),
    ] {
        assert!(!survives(&bytes, &Part::ALL, what), "{what}");
    }
}

#[test]
fn hostile_networks_are_refused() {
    let _turn = TURN.lock();
    let parts = |body: Vec<u8>| {
        let twice = [("G_ema", body), ("G", b"N".to_vec()), ("D", b"N".to_vec())];
        pickle(dict(&twice))
    };
    // Names that grow: every module holds a long-named tensor and a long-named module.
    let long = "n".repeat(64);
    let small = || tensor(&floats(&[1.0]), 0, &[1], &[1]);
    let mut tower = module(&[], &[], &[]);
    for _ in 0..100 {
        tower = module(&[], &[(&long, tower)], &[]);
    }
    let names: Vec<String> = (0..20_000).map(|i| format!("{i}{}", "x".repeat(50))).collect();
    let crowd: Vec<_> = names.iter().map(|name| (name.as_str(), small())).collect();
    let huge =
        nested(storage_id("FloatStorage", "k", i32::MAX, none()), &[("k", i64::MAX, &[0; 8])]);
    for (what, bytes) in [
        ("os.system", pickle(call("os", "system", &[text("true")]))),
        ("a tower of modules", parts(tower)),
        ("a crowd of tensors", parts(module(&crowd, &[], &[]))),
        (
            "a storage of 8 GB",
            parts(module(&[("w", tensor(&huge, 0, &[i32::MAX], &[1]))], &[], &[])),
        ),
        (
            "a tensor of 2^62",
            parts(module(
                &[("w", tensor(&floats(&[1.0]), 0, &[i32::MAX, i32::MAX], &[0, 0]))],
                &[],
                &[],
            )),
        ),
        (
            "a tensor expanded",
            parts(module(&[("w", tensor(&floats(&[1.0]), 0, &[1 << 30], &[0]))], &[], &[])),
        ),
    ] {
        assert!(!survives(&bytes, &Part::ALL, what), "{what}");
    }
    let error = NetworkFile::from_source(
        Source::from_bytes("t", pickle(global("os", "system"))),
        Part::GEma,
    );
    assert!(error.unwrap_err().to_string().contains("`os.system`"));
}

#[test]
fn a_large_storage_stays_in_the_file() {
    let _turn = TURN.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.pkl");
    // 200 MB of zeros in a sparse file, as a discriminator of one tensor.
    let numel = 50 * MB as i32;
    let inner =
        nested(storage_id("FloatStorage", "k", numel, none()), &[("k", i64::from(numel), &[])]);
    let mark = b"\x8E here ".to_vec();
    let args = [
        call("torch.storage", "_load_from_bytes", std::slice::from_ref(&mark)),
        int(0),
        tuple(&[int(numel)]),
        tuple(&[int(1)]),
        b"\x89".to_vec(),
        none(),
    ];
    let whole = pickle(dict(&[(
        "D",
        module(&[("w", call("torch._utils", "_rebuild_tensor_v2", &args))], &[], &[]),
    )]));
    let at = whole.windows(mark.len()).position(|window| window == mark).unwrap();
    let mut file = File::create(&path).unwrap();
    let len = inner.len() as u64 + 4 * numel as u64;
    file.write_all(&[&whole[..=at], &len.to_le_bytes(), &inner].concat()).unwrap();
    file.seek(SeekFrom::Current(4 * i64::from(numel))).unwrap();
    file.write_all(&whole[at + mark.len()..]).unwrap();
    drop(file);

    let (network, opening) = peak(|| NetworkFile::open(&path, Part::D).unwrap());
    assert!(opening < MB, "{opening} bytes to open it");
    assert_eq!(network.shape("w"), Some(&[numel as usize][..]));
    let out = folder.path().join("large.safetensors");
    let ((), saving) = peak(|| network.save(&out, false, false).unwrap());
    assert!(saving < 16 * MB, "{saving} bytes to save it");
    let ((), reading) =
        peak(|| assert!(network.read_f32("w").unwrap().iter().all(|&value| value == 0.0)));
    assert!(reading < 4 * numel as usize + 16 * MB, "{reading} bytes to read it");
    let (copy, opening) = peak(|| NetworkFile::open(&out, Part::D).unwrap());
    assert!(opening < MB && copy.shape("w") == network.shape("w"), "{opening}");
}
