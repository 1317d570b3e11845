//! Damaged and hostile network files, through every command that opens one.

use std::fs;

use super::tools::{Folder, STYLEGAN2, T, pickle};

/// What is wrong, the file's name, its bytes.
fn files() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let whole = fs::read(pickle(T)).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        bytes
    };
    let folder = Folder::with(STYLEGAN2, "seeds: [1], duration: 1");
    folder.run(&["still", "t.ron", "--at", "0", "-o", "a.png"]).ok();
    folder.run(&["import", pickle(T).to_str().unwrap(), "-o", "a.safetensors"]).ok();
    let safetensors = folder.read("a.safetensors");
    let header = u64::from_le_bytes(safetensors[..8].try_into().unwrap()) as usize;
    vec![
        ("empty", "a.pkl", Vec::new()),
        ("empty", "a.safetensors", Vec::new()),
        ("text", "a.pkl", b"no network at all\n".to_vec()),
        (
            "garbage",
            "a.pkl",
            (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
        ),
        ("a picture", "a.pkl", folder.read("a.png")),
        ("a zip", "a.pkl", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
        ("the start of a zip", "a.pkl", b"PK\x03\x04".repeat(100)),
        ("a call of os.system", "a.pkl", b"\x80\x04cos\nsystem\n\x8c\x04true\x85R.".to_vec()),
        ("a dict without networks", "a.pkl", b"\x80\x04}.".to_vec()),
        ("cut in the middle", "a.pkl", whole[..whole.len() / 2].to_vec()),
        ("one byte short", "a.pkl", whole[..whole.len() - 1].to_vec()),
        ("a flipped protocol", "a.pkl", flipped(1)),
        ("a flipped opcode", "a.pkl", flipped(2)),
        ("cut in the header", "a.safetensors", safetensors[..header / 2].to_vec()),
        ("cut in the numbers", "a.safetensors", safetensors[..safetensors.len() - 4].to_vec()),
        ("a huge header", "a.safetensors", [&u64::MAX.to_le_bytes()[..], b"{}"].concat()),
        ("no metadata", "a.safetensors", b"\x02\0\0\0\0\0\0\0{}".to_vec()),
    ]
}

#[test]
fn every_command_refuses_them() {
    for (what, name, bytes) in files() {
        let folder = Folder::new();
        fs::write(folder.path(name), bytes).unwrap();
        folder.timeline("t.ron", name, "seeds: [1], duration: 2");
        for arguments in [
            &["info", name][..],
            &["import", name, "-o", "out.safetensors"],
            &["check", "t.ron"],
            &["t.ron", "-o", "out.mkv"],
        ] {
            let run = folder.run(arguments);
            assert_eq!(run.code, 65, "{what}, {arguments:?}: {}{}", run.stdout, run.stderr);
            assert!(run.stderr.contains(name), "{what}, {arguments:?}: {}", run.stderr);
        }
        assert_eq!(folder.files(), [name], "{what}");
    }
}
