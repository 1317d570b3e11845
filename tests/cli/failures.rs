//! What goes wrong has its exit code, one error, and leaves no broken file.

use std::fs;

use super::tools::{Folder, STYLEGAN2, repository};

fn folder() -> Folder {
    Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 24")
}

#[test]
fn usage_is_64() {
    let folder = folder();
    for (arguments, words) in [
        (&["t.ron"][..], "--output"),
        (&["t.ron", "-o", "a.mp4", "--presett", "h264"], "--preset"),
        (&["t.ron", "-o", "a.mp4", "--preset", "h246"], "did you mean `h264`?"),
        (&["check", "t.ron", "--preset", "h246"], "did you mean `h264`?"),
        (&["t.ron", "-o", "a.mov", "--preset", "h264"], "`.mp4` or `.m4v`"),
        (&["t.ron", "-o", "a.xyz"], "cannot tell what to write"),
        (&["t.ron", "-o", "a"], "cannot tell what to write"),
        (&["t.ron", "-o", "a.png"], "a/%05d.png"),
        (&["t.ron", "-o", "%d-%d.png"], "two places"),
        (&["t.ron", "-o", "null:", "--batch", "0"], "1 to 1024"),
        (&["t.ron", "-o", "null:", "--batch", "many"], "1 to 1024"),
        (&["t.ron", "-o", "null:", "--device", "gpu"], "cuda:N"),
        (&["t.ron", "-o", "null:", "--device", "cpu", "--precision", "f16"], "CUDA"),
        (&["t.ron", "-o", "null:", "--device", "cpu", "--precision", "tf32"], "CUDA"),
        // This network has no kernels of its own, whatever the CPU.
        (&["t.ron", "-o", "null:", "--device", "cpu", "--precision", "bf16"], "use `f32`"),
        (&["t.ron", "-o", "null:", "--precision", "f8"], "f32"),
        (&["import", "t.ron"], "--output"),
        (&[], "Usage"),
    ] {
        folder.run(arguments).fails(64, words);
    }
    fs::create_dir(folder.path("film.mp4")).unwrap();
    folder.run(&["t.ron", "-o", "film.mp4"]).fails(64, "is a folder");
    assert_eq!(folder.files(), [""; 0]);
    for asked_for in ["--help", "--version", "help"] {
        assert!(
            folder.run(&[asked_for]).ok().stdout.contains("sg3render") || asked_for == "--help"
        );
    }
}

#[test]
fn a_preset_file_with_a_mistake_is_65_and_without_one_is_a_preset() {
    let folder = folder();
    let text = fs::read_to_string(repository("presets/ffv1.ron")).unwrap();
    fs::write(folder.path("mine.ron"), &text).unwrap();
    fs::write(folder.path("bad.ron"), text.replace("codec", "codek")).unwrap();
    folder.timeline(
        "uses.ron",
        super::tools::pickle(STYLEGAN2).to_str().unwrap(),
        "seeds: [1], duration: 2, output: (preset: \"bad.ron\")",
    );
    folder.run(&["t.ron", "-o", "a.mkv", "--preset", "bad.ron"]).fails(65, "codek");
    folder.run(&["uses.ron", "-o", "a.mkv"]).fails(65, "codek");
    folder.run(&["check", "uses.ron"]).fails(65, "codek");
    folder.run(&["t.ron", "-o", "a.mkv", "--preset", "gone.ron"]).fails(66, "gone.ron");
    assert_eq!(folder.files(), ["bad.ron", "mine.ron", "uses.ron"]);
    folder.run(&["t.ron", "-o", "a.mkv", "--preset", "mine.ron", "--frames", "0", "-q"]).ok();
}

#[test]
fn missing_input_is_66() {
    let folder = folder();
    for arguments in
        [&["gone.ron", "-o", "a.mp4"][..], &["still", "gone.ron", "--at", "0", "-o", "a.png"]]
    {
        folder.run(arguments).fails(66, "`gone.ron`");
    }
    folder.timeline("t.ron", "gone.pkl", "seeds: [1]");
    folder.run(&["t.ron", "-o", "a.mp4"]).fails(65, "gone.pkl");
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn a_place_that_cannot_be_written_is_75() {
    let folder = folder();
    fs::write(folder.path("file"), "").unwrap();
    for out in
        ["file/a.mp4", "none/a.mp4", "/proc/a.mkv", "file/%d.png", "file/x/%d.exr", "/proc/%d.png"]
    {
        folder.run(&["t.ron", "-o", out]).fails(75, "cannot create");
    }
    folder.run(&["still", "t.ron", "--at", "0", "-o", "file/a.png"]).fails(75, "file");
    assert_eq!(folder.files(), ["file"]);
}

#[test]
fn a_full_disk_is_75() {
    let folder = folder();
    // The limit acts like a full disk, once its signal is ignored.
    for out in [
        "a.mkv",
        "a.mp4",
        "a.mov --preset prores-4444",
        "%d.png",
        "%d.png --preset png16",
        "%d.exr",
    ] {
        let line =
            format!("trap '' XFSZ; ulimit -f 4; exec \"$SG\" t.ron --size 128x128 -q -o {out}");
        let said = folder.shell(&line).fails(75, "cannot write");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(folder.files(), [""; 0], "{out}");
    }
    let line = "trap '' XFSZ; ulimit -f 4; exec \"$SG\" still t.ron --at 0 --size 128x128 -o a.png";
    folder.shell(line).fails(75, "cannot write");
    assert_eq!(folder.files(), [""; 0]);
}
