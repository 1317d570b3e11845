//! Sets of training images: read, and made of pictures.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use image::{ColorType, ImageEncoder};
use sg3render::dataset::{Dataset, Writer, encode};
use zip::write::{SimpleFileOptions, ZipWriter};

/// A picture that tells its place and number: RGB.
fn pixels(n: usize, width: usize, height: usize) -> Vec<u8> {
    let at = |i: usize| [(i % width * 7 + n) as u8, (i / width * 5) as u8, (n * 40) as u8];
    (0..width * height).flat_map(at).collect()
}

fn png(n: usize, width: usize, height: usize) -> Vec<u8> {
    encoded(&pixels(n, width, height), width, height, ColorType::Rgb8)
}

fn encoded(pixels: &[u8], width: usize, height: usize, colour: ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(pixels, width as u32, height as u32, colour.into()).unwrap();
    bytes
}

fn jpeg(n: usize, side: usize, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    let pixels = pixels(n, side, side);
    encoder.write_image(&pixels, side as u32, side as u32, ColorType::Rgb8.into()).unwrap();
    bytes
}

/// A folder with files.
fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// A zip with the same files, packed or not.
fn zipped(folder: &Path, name: &str, files: &[(&str, Vec<u8>)], packed: bool) -> PathBuf {
    let path = folder.join(name);
    let mut zip = ZipWriter::new(fs::File::create(&path).unwrap());
    let method =
        if packed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

/// Planes of a picture.
fn planes(rgb: &[u8]) -> Vec<u8> {
    (0..3).flat_map(|c| rgb[c..].iter().step_by(3).copied()).collect()
}

#[track_caller]
fn refused(path: &Path, words: &[&str]) {
    let error = Dataset::open(path).unwrap_err();
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{words:?}: {text}");
    assert!([65, 66].contains(&error.exit_code()), "{text}");
}

#[test]
fn folders_and_zips_hold_the_same_images() {
    let labels = br#"{"labels": [["b/1.png", 2], ["a.png", 0], ["b/0.png", 1]]}"#.to_vec();
    let files = [
        ("b/1.png", png(1, 16, 16)),
        ("a.png", png(2, 16, 16)),
        ("b/0.png", png(3, 16, 16)),
        ("dataset.json", labels),
        ("notes.txt", b"not an image".to_vec()),
        (".hidden.png", b"not an image".to_vec()),
        ("__MACOSX/a.png", b"not an image".to_vec()),
    ];
    let place = folder(&files);
    let elsewhere = tempfile::tempdir().unwrap();
    let sets = [
        place.path().to_path_buf(),
        zipped(elsewhere.path(), "stored.zip", &files, false),
        zipped(elsewhere.path(), "packed.zip", &files, true),
    ];
    let mut hashes = Vec::new();
    for path in &sets {
        let set = Dataset::open(path).unwrap();
        assert_eq!((set.len(), set.side(), set.channels(), set.classes()), (3, 16, 3, 3));
        // By name.
        for (i, (name, n, class)) in
            [("a.png", 2, 0), ("b/0.png", 3, 1), ("b/1.png", 1, 2)].into_iter().enumerate()
        {
            assert_eq!((set.name(i), set.label(i)), (name, Some(class)));
            assert_eq!(set.image(i).unwrap(), planes(&pixels(n, 16, 16)));
        }
        hashes.push(set.sha256().unwrap());
    }
    assert!(hashes.iter().all(|hash| hash == &hashes[0] && hash.len() == 64), "{hashes:?}");
    fs::write(place.path().join("a.png"), png(4, 16, 16)).unwrap();
    assert_ne!(Dataset::open(place.path()).unwrap().sha256().unwrap(), hashes[0]);
}

#[test]
fn several_threads_read_one_set() {
    let files: Vec<(String, Vec<u8>)> =
        (0..40).map(|n| (format!("{n:02}.png"), png(n, 32, 32))).collect();
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(n, b)| (&**n, b.clone())).collect();
    let place = tempfile::tempdir().unwrap();
    let set = Dataset::open(&zipped(place.path(), "s.zip", &files, true)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let set = set.clone();
            scope.spawn(move || {
                for n in 0..40 {
                    let n = (n * 7 + thread * 11) % 40;
                    assert_eq!(set.image(n).unwrap(), planes(&pixels(n, 32, 32)));
                }
            });
        }
    });
}

#[test]
fn a_mirrored_set_has_the_images_flipped_after_them() {
    let labels = br#"{"labels": [["0.png", 1], ["1.png", 0]]}"#.to_vec();
    let place =
        folder(&[("0.png", png(0, 8, 8)), ("1.png", png(1, 8, 8)), ("dataset.json", labels)]);
    let plain = Dataset::open(place.path()).unwrap();
    let set = plain.mirrored();
    assert_eq!((plain.len(), set.len(), set.mirrored().len()), (2, 4, 4));
    assert_eq!([0, 1, 2, 3].map(|i| set.label(i).unwrap()), [1, 0, 1, 0]);
    for i in 0..2 {
        let (image, flipped) = (set.image(i).unwrap(), set.image(i + 2).unwrap());
        for (at, sample) in image.iter().enumerate() {
            assert_eq!(flipped[at / 8 * 8 + 7 - at % 8], *sample);
        }
    }
    assert_eq!(plain.sha256().unwrap(), set.sha256().unwrap());
}

#[test]
fn grey_sixteen_bit_and_palette_images_are_read() {
    let grey: Vec<u8> = (0..64).map(|i| i * 3).collect();
    let deep: Vec<u8> =
        grey.iter().flat_map(|v| u16::from(*v).wrapping_mul(257).to_ne_bytes()).collect();
    let files = [
        ("0.png", encoded(&grey, 8, 8, ColorType::L8)),
        ("1.png", encoded(&deep, 8, 8, ColorType::L16)),
    ];
    let set = Dataset::open(folder(&files).path()).map(|set| (set.channels(), set));
    // The folder is gone: what is read later is an error, not a panic.
    assert_eq!(set.unwrap().1.image(0).unwrap_err().exit_code(), 66);
    let place = folder(&files);
    let set = Dataset::open(place.path()).unwrap();
    assert_eq!(
        (set.channels(), set.image(0).unwrap(), set.image(1).unwrap()),
        (1, grey.clone(), grey.clone())
    );
    // Beside colour, grey is colour.
    fs::write(place.path().join("2.png"), png(0, 8, 8)).unwrap();
    let set = Dataset::open(place.path()).unwrap();
    assert_eq!((set.channels(), set.image(0).unwrap()), (3, grey.repeat(3)));
}

#[test]
fn jpeg_images_are_read() {
    let place = folder(&[("a.jpg", jpeg(1, 64, 98)), ("b.JPEG", jpeg(2, 64, 98))]);
    let set = Dataset::open(place.path()).unwrap();
    let (read, meant) = (set.image(0).unwrap(), planes(&pixels(1, 64, 64)));
    // The blue plane is flat.
    let error = read.iter().zip(&meant).skip(2 * 64 * 64).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(error.unwrap() <= 12, "{error:?}");
}

#[test]
fn sets_that_cannot_be_are_refused() {
    let refuse = |files: &[(&str, Vec<u8>)], words: &[&str]| {
        let place = folder(files);
        refused(place.path(), words);
        refused(&zipped(place.path(), "z.zip", files, false), words);
    };
    refuse(&[("a.txt", vec![])], &["no PNG or JPEG"]);
    refuse(
        &[("a.png", png(0, 8, 8)), ("b.png", png(0, 16, 16))],
        &["b.png", "16x16", "a.png", "8x8"],
    );
    refuse(&[("a.png", png(0, 16, 8))], &["a.png", "16x8", "square"]);
    refuse(&[("a.png", png(0, 12, 12))], &["a.png", "12x12", "power of two"]);
    refuse(&[("a.png", b"no image".to_vec())], &["a.png", "no image that can be read"]);
    refuse(&[("a.png", vec![])], &["a.png", "no image"]);
    let clear = encoded(&[9; 4 * 64], 8, 8, ColorType::Rgba8);
    refuse(&[("a.png", clear)], &["a.png", "transparency"]);
    let labelled = |json: &str| [("a.png", png(0, 8, 8)), ("dataset.json", json.into())];
    refuse(
        &labelled(r#"{"labels": [["a.png", 0], ["b.png", 1]]}"#),
        &["dataset.json", "b.png", "lacks"],
    );
    refuse(&labelled(r#"{"labels": [["x", 0], ["y", 1], ["z", 1]]}"#), &["`x` and 2 more"]);
    refuse(&labelled(r#"{"labels": []}"#), &["a.png", "no class"]);
    refuse(&labelled(r#"{"labels": [["a.png", 0], ["a.png", 1]]}"#), &["a.png", "twice"]);
    refuse(&labelled(r#"{"labels": [["a.png", -1]]}"#), &["dataset.json", "labels"]);
    refuse(&labelled(r#"{"labels": [["a.png", 4000000000]]}"#), &["99999"]);
    refuse(&labelled("[1"), &["dataset.json"]);
    let place = tempfile::tempdir().unwrap();
    refused(&place.path().join("none"), &["none"]);
    let bad = place.path().join("bad.zip");
    fs::write(&bad, "no zip").unwrap();
    refused(&bad, &["bad.zip", "no zip"]);
    refused(Path::new("/dev/null"), &["/dev/null"]);
}

#[test]
fn sets_without_classes_have_none() {
    for json in [r#"{"labels": null}"#, "{}"] {
        let place = folder(&[("a.png", png(0, 8, 8)), ("dataset.json", json.into())]);
        let set = Dataset::open(place.path()).unwrap();
        assert_eq!((set.classes(), set.label(0)), (0, None));
    }
}

#[test]
fn spoilt_images_are_told_when_they_are_read() {
    let good = png(1, 32, 32);
    // The size is there, the pixels are cut off.
    let files = [("a.png", png(0, 32, 32)), ("b.png", good[..good.len() / 2].to_vec())];
    let place = folder(&files);
    for path in [place.path().to_path_buf(), zipped(place.path(), "z.zip", &files, false)] {
        let set = Dataset::open(&path).unwrap();
        set.image(0).unwrap();
        let error = set.image(1).unwrap_err();
        assert!(error.to_string().contains("b.png") && error.exit_code() == 65, "{error}");
    }
    // A zip whose bytes have changed since it was packed.
    let path = zipped(place.path(), "spoilt.zip", &[("a.png", png(0, 32, 32))], false);
    let mut bytes = fs::read(&path).unwrap();
    bytes[120] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = Dataset::open(&path).and_then(|set| set.image(0)).unwrap_err();
    assert!(error.exit_code() == 65 && error.to_string().contains("a.png"), "{error}");
}

#[test]
fn a_written_set_has_the_published_layout() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("set.zip");
    let mut writer = Writer::create(&path, false).unwrap();
    for n in 0..3 {
        let png = encode(16, 3, &pixels(n, 16, 16)).unwrap();
        assert_eq!(
            writer.add(&png, Some(2 - n as u32)).unwrap(),
            format!("00000/img0000000{n}.png")
        );
    }
    assert!(!path.exists());
    writer.finish().unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    let mut zip = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
    for i in 0..zip.len() {
        let entry = zip.by_index(i).unwrap();
        assert_eq!(entry.compression(), zip::CompressionMethod::Stored);
        if entry.name().ends_with(".png") {
            // No compression: the pixels and little else.
            assert!((16 * 16 * 3..16 * 16 * 3 + 200).contains(&(entry.size() as usize)));
        }
    }
    let json: serde_json::Value =
        serde_json::from_reader(zip.by_name("dataset.json").unwrap()).unwrap();
    assert_eq!(json["labels"][2], serde_json::json!(["00000/img00000002.png", 0]));
    let set = Dataset::open(&path).unwrap();
    assert_eq!((set.len(), set.classes(), set.label(0)), (3, 3, Some(2)));
    assert_eq!(set.image(2).unwrap(), planes(&pixels(2, 16, 16)));

    assert_eq!(Writer::create(&path, false).map(drop).unwrap_err().exit_code(), 64);
    assert_eq!(
        Writer::create(&place.path().join("set"), false).map(drop).unwrap_err().exit_code(),
        64
    );
    // What is not finished leaves nothing.
    drop(Writer::create(&place.path().join("other.zip"), false).unwrap());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    // Without classes.
    let mut writer = Writer::create(&path, true).unwrap();
    writer.add(&encode(8, 1, &[7; 64]).unwrap(), None).unwrap();
    writer.finish().unwrap();
    let set = Dataset::open(&path).unwrap();
    assert_eq!((set.len(), set.channels(), set.classes()), (1, 1, 0));
}
