//! Directions that are found, and drive timelines; paths whose speed pictures decide.

use std::collections::HashMap;
use std::fs;

use safetensors::SafeTensors;
use sg3render::metrics::Image;
use sg3render::metrics::perceptual::Look;

use crate::tools::{CLASSES, Folder, STYLEGAN2, T, pickle};

/// The directions of a file, and their shape.
fn directions(bytes: &[u8]) -> (Vec<f32>, Vec<usize>) {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let view = file.tensor("directions").unwrap();
    let values = view.data().as_chunks().0.iter().map(|&value| f32::from_le_bytes(value));
    (values.collect(), view.shape().to_vec())
}

fn metadata(bytes: &[u8]) -> HashMap<String, String> {
    SafeTensors::read_metadata(bytes).unwrap().1.metadata().clone().unwrap()
}

#[test]
fn directions_of_every_kind_of_network_drive_timelines() {
    for (network, fields) in [(T, ""), (CLASSES, "class: 1,"), (STYLEGAN2, "")] {
        let folder = Folder::with(network, &format!("{fields} seeds: [1], duration: 3"));
        let file = pickle(network);
        let find = |out: &str, more: &[&str]| {
            let start = ["directions", file.to_str().unwrap(), "-o", out, "--samples", "200"];
            folder.run(&[&start[..], more].concat())
        };
        let said = find("pca.safetensors", &["--count", "3", "--sheet", "sheet.png"]).ok().stdout;
        assert_eq!(said.lines().count(), 6, "{said}");
        find("again.safetensors", &["--count", "3"]).ok();
        assert_eq!(folder.read("pca.safetensors"), folder.read("again.safetensors"));
        let (values, shape) = directions(&folder.read("pca.safetensors"));
        assert_eq!((shape.len(), shape[0]), (3, 3));
        let told = metadata(&folder.read("pca.safetensors"));
        assert_eq!(told["sg3render.method"], "pca");
        assert_eq!(told["sg3render.layers"], format!("0-{}", shape[1] - 1));
        // As long as the deviation that is told, the same for all layers, the longest first.
        let deviations: Vec<f64> = serde_json::from_str(&told["sg3render.deviations"]).unwrap();
        let row = |i: usize| &values[i * shape[2]..][..shape[2]];
        let norm = |row: &[f32]| row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        for (i, deviation) in deviations.iter().enumerate() {
            assert!((norm(row(i * shape[1])) / deviation - 1.0).abs() < 1e-5);
            assert_eq!(row(i * shape[1]), row((i + 1) * shape[1] - 1));
        }
        assert!(deviations.is_sorted_by(|a, b| a >= b) && deviations[2] > 0.0);
        let sheet = image::load_from_memory(&folder.read("sheet.png")).unwrap();
        assert!(sheet.width() > 7 * 220, "{}", sheet.width());

        let sefa = ["--method", "sefa", "--layers", "1-2", "--count", "2"];
        find("sefa.safetensors", &sefa).ok();
        let (values, shape) = directions(&folder.read("sefa.safetensors"));
        let layer = |i: usize| norm(&values[i * shape[2]..][..shape[2]]);
        assert!(layer(0) == 0.0 && layer(1) > 0.0 && layer(1) == layer(2) && layer(3) == 0.0);
        assert_eq!(metadata(&folder.read("sefa.safetensors"))["sg3render.layers"], "1-2");

        let still = |amount: &str| {
            let direction = format!("a: (from: \"sefa.safetensors\", index: 0, amount: {amount})");
            let all = format!("{fields} seeds: [1], duration: 3, directions: ({direction})");
            folder.timeline("d.ron", file.to_str().unwrap(), &all);
            folder.run(&["still", "d.ron", "--at", "1", "-o", "d.png", "--overwrite"]).ok();
            folder.read("d.png")
        };
        folder.run(&["still", "t.ron", "--at", "1", "-o", "t.png"]).ok();
        assert_eq!(still("0"), folder.read("t.png"));
        assert_ne!(still("\"frame * 2\""), folder.read("t.png"));

        find("pca.safetensors", &[]).fails(64, "--overwrite");
        find("x.safetensors", &["--layers", "0-99"]).fails(64, "layer 99");
        find("x.safetensors", &["--layers", "2-1"]).fails(64, "0-4");
        find("x.safetensors", &["--class", "77"]).fails(65, "class");
        assert!(!folder.files().contains(&"x.safetensors".into()));
    }
}

/// The change of the picture from each of some frames to the next.
fn changes(folder: &Folder, name: &str, frames: usize) -> Vec<f64> {
    let look = |i: usize| {
        let image = image::open(folder.path(&format!("{name}/{i:02}.png"))).unwrap().to_rgb8();
        let (width, height) = (image.width() as usize, image.height() as usize);
        Look::of(&Image::from_fn([3, height, width], |c, y, x| {
            f32::from(image.get_pixel(x as u32, y as u32).0[c]) / 127.5 - 1.0
        }))
    };
    let looks: Vec<Look> = (0..frames).map(look).collect();
    looks.windows(2).map(|pair| pair[0].distance(&pair[1])).collect()
}

/// Standard deviation over mean.
fn unevenness(changes: &[f64]) -> f64 {
    let mean = changes.iter().sum::<f64>() / changes.len() as f64;
    let squares = changes.iter().map(|change| (change - mean).powi(2)).sum::<f64>();
    (squares / changes.len() as f64).sqrt() / mean
}

#[test]
fn perceptual_speed_is_even_to_the_eye_and_measured_once() {
    let fields = |speed: &str| {
        format!(
            "duration: 20, latent: (keys: [(at: 0, seed: 1), (at: 3, seed: 2), (at: 19, seed: 3)],
             speed: {speed})"
        )
    };
    let folder = Folder::new();
    let render = |name: &str, speed: &str| {
        folder.timeline("t.ron", pickle(T).to_str().unwrap(), &fields(speed));
        let line = format!("SG3RENDER_CACHE=\"$PWD/cache\" \"$SG\" t.ron -o '{name}/%02d.png'");
        folder.shell(&line).ok().stderr
    };
    render("keys", "keys");
    assert!(!folder.path("cache/speed").exists());
    assert!(render("seen", "perceptual").contains("looks"));
    let [keys, seen] = ["keys", "seen"].map(|name| unevenness(&changes(&folder, name, 20)));
    assert!(keys > 0.4 && seen < 0.4 * keys, "{keys} {seen}");
    // Both ends are the keys'.
    for end in ["00", "19"] {
        let of = |name: &str| folder.read(&format!("{name}/{end}.png"));
        assert_eq!(of("keys"), of("seen"), "{end}");
    }
    let entries: Vec<_> = fs::read_dir(folder.path("cache/speed")).unwrap().collect();
    assert_eq!(entries.len(), 1);
    assert!(!render("again", "perceptual").contains("looks"));
    assert_eq!(folder.read("again/07.png"), folder.read("seen/07.png"));
}
