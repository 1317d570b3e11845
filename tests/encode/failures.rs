//! What goes wrong is one clear error, and leaves no broken file.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use sg3render::Error;
use sg3render::encode::{Depth, Preset, Stream, open};
use tempfile::tempdir;

use super::tools::{self, picture, render, stream};

fn error(out: &Path, preset: &str, stream: &Stream) -> Error {
    open(out, &Preset::find(preset).unwrap(), stream).err().unwrap()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_preset_with_a_slip_is_an_error() {
    let (folder, out) = (tempdir().unwrap(), tempdir().unwrap());
    let file = folder.path().join("mine.ron");
    let h264 = fs::read_to_string("presets/h264.ron").unwrap();
    let h265 = fs::read_to_string("presets/h265.ron").unwrap();
    let cases = [
        (h264.replace("\"crf\"", "\"crv\""), 65, "option `crv`"),
        (h264.replace("\"slow\"", "\"slowish\""), 65, "slowish"),
        (h264.replace("\"crf\": \"14\"", "\"x264-params\": \"kyint=3\""), 65, "kyint"),
        (h265.replace("pools=4", "pols=4"), 65, "pols"),
        (h264.replace("\"movflags\"", "\"movflag\""), 65, "option `movflag`"),
        (h264.replace("\"+faststart\"", "\"+fasterstart\""), 65, "fasterstart"),
        (h264.replace("\"mp4\",\n        container_", "\"mp5\",\n        container_"), 65, "`mp5`"),
        (h264.replace("libx264", "libx263"), 66, "`libx263`"),
        (h264.replace("libx264", "aac"), 65, "encodes no video"),
        (h264.replace("yuv420p", "gbrp16le"), 65, "libx264"),
        (h264.replace("libx264", "lib\\u{0}"), 65, "zero character"),
    ];
    for (text, code, words) in cases {
        fs::write(&file, &text).unwrap();
        let error = error(&out.path().join("a.mp4"), file.to_str().unwrap(), &stream(64, 64, 1));
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.exit_code(), code, "{error}");
        assert!(is_empty(out.path()), "{error}");
    }
}

#[test]
fn a_size_that_an_encoder_cannot_do_is_an_error() {
    let folder = tempdir().unwrap();
    let error = error(&folder.path().join("a.mp4"), "av1", &stream(16, 16, 1));
    assert!(error.to_string().contains("`libsvtav1` at 16x16"), "{error}");
    assert_eq!(error.exit_code(), 65);
    assert!(is_empty(folder.path()));
}

#[test]
fn output_and_preset_must_agree() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, preset, stream, words) in [
        ("a.mp4", "prores-4444", stream(64, 64, 1), "`.mov`"),
        ("a.mp4", "h264", stream(65, 64, 1), "even width"),
        ("a.mp4", "h264", stream(0, 64, 1), "0x64"),
        ("a.mp4", "h264", Stream { fps: (0, 1), ..stream(64, 64, 1) }, "frame rate"),
        ("a.mp4", "h264", Stream { pixel_aspect: (1, 0), ..stream(64, 64, 1) }, "pixel aspect"),
    ] {
        let error = error(&path(name), preset, &stream);
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.exit_code(), 64);
    }
    assert!(is_empty(folder.path()));
}

#[test]
fn a_finished_file_is_replaced_only_when_asked() {
    let folder = tempdir().unwrap();
    let mut stream = stream(64, 64, 1);
    let path = render(folder.path(), "h264-draft", &stream, |_, _, _| [0.0; 3]);
    let before = fs::read(&path).unwrap();
    let refused = error(&path, "h264-draft", &stream);
    assert_eq!(refused.exit_code(), 64);
    assert!(refused.to_string().contains("--overwrite"));
    stream.overwrite = true;
    render(folder.path(), "h264-draft", &stream, |_, _, _| [1.0; 3]);
    assert!(fs::read(&path).unwrap() != before);
}

#[test]
fn what_is_dropped_midway_leaves_nothing() {
    let folder = tempdir().unwrap();
    let stream = stream(64, 64, 9);
    for preset in tools::VIDEO {
        let (path, mut sink) = tools::open(folder.path(), preset, &stream);
        for i in 0..5 {
            sink.write(&picture(i, &stream, sink.depth(), |_, _| [0.5; 3])).unwrap();
        }
        assert!(!path.exists() && !is_empty(folder.path()));
        drop(sink);
        assert!(is_empty(folder.path()), "{preset}");
    }
    let (_, sink) = tools::open(folder.path(), "h264", &stream);
    assert_eq!(sink.finish().unwrap_err().exit_code(), 64);
    assert!(is_empty(folder.path()));
}

#[test]
fn a_picture_of_another_kind_is_refused() {
    let folder = tempdir().unwrap();
    let stream = stream(64, 64, 2);
    let (_, mut sink) = tools::open(folder.path(), "h264", &stream);
    assert!(sink.write(&picture(0, &stream, Depth::U16, |_, _| [0.5; 3])).is_err());
    assert!(
        sink.write(&picture(0, &tools::stream(64, 62, 1), Depth::U8, |_, _| [0.5; 3])).is_err()
    );
    sink.write(&picture(0, &stream, Depth::U8, |_, _| [0.5; 3])).unwrap();
    assert_eq!(sink.finish().unwrap().len(), 1);
}

#[test]
fn an_unwritable_place_is_an_io_error() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for out in
        [file.join("a.mp4"), Path::new("/proc/a.mp4").into(), folder.path().join("none/a.mp4")]
    {
        let error = error(&out, "h264", &stream(64, 64, 1));
        assert_eq!(error.exit_code(), 75, "{error}");
        assert!(error.to_string().contains("a.mp4"), "{error}");
    }
}

const FULL: &str = "SG3RENDER_TEST_FULL_DISK";

/// The child of the next test, whose files cannot grow.
#[test]
fn full_disk_child() {
    let Some(folder) = env::var_os(FULL) else {
        return;
    };
    let stream = stream(256, 256, 40);
    let (path, mut sink) = tools::open(Path::new(&folder), "ffv1", &stream);
    let noise = |x: u32, y: u32| [f64::from((x * 7919 + y * 104_729) % 256) / 255.0; 3];
    let failed = (0..40)
        .try_for_each(|i| sink.write(&picture(i, &stream, Depth::U8, noise)))
        .and_then(|()| sink.finish().map(drop));
    let failed = failed.unwrap_err();
    assert!(
        matches!(&failed, Error::Io { action: "write", path: at, .. } if *at == path),
        "{failed}"
    );
    assert_eq!(failed.exit_code(), 75);
    assert!(is_empty(Path::new(&folder)));
}

#[test]
fn a_full_disk_is_an_io_error_and_leaves_nothing() {
    let folder = tempdir().unwrap();
    let child = Command::new("sh")
        // The limit acts like a full disk, once its signal is ignored.
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact failures::full_disk_child"])
        .arg(env::current_exe().unwrap())
        .env(FULL, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}
