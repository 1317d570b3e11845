//! The README's timelines pass the check, and its table of presets is complete.
#![cfg(feature = "torch")]

use std::fs;
use std::io::Write;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use sg3render::encode::Preset;
use sg3render::render::{Network, Project};
use sg3render::timeline::{Model, Overrides};
use zip::write::{SimpleFileOptions, ZipWriter};

const README: &str = include_str!("../README.md");

/// What stands between fences of `ron`.
fn snippets() -> Vec<&'static str> {
    let after_fences = README.split("\n```ron\n").skip(1);
    after_fences.map(|rest| rest.split_once("```").unwrap().0).collect()
}

/// The snippet as a whole timeline: fields alone get the required ones beside them.
fn whole(snippet: &str) -> String {
    if snippet.starts_with("Timeline(") || snippet.starts_with('(') {
        return snippet.into();
    }
    let has = |field: &str| snippet.lines().any(|line| line.starts_with(field));
    let model = match snippet {
        _ if has("class:") => "classes.pkl",
        // Which the default network is not made for.
        _ if snippet.contains("rotate:") => "builtin:untrained",
        _ => "builtin:default",
    };
    let seeds = if has("seeds:") || has("latent:") { "" } else { "seeds: [1, 2]," };
    format!("(\nmodel: \"{model}\", duration: \"4s\", {seeds}\n{snippet})\n")
}

/// An array of zeros as `NumPy` stores it.
fn npy(shape: &str, len: usize) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
    let padded = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(padded.as_bytes());
    bytes.extend(vec![0; 4 * len]);
    bytes
}

/// A second of silence.
fn wav() -> Vec<u8> {
    const RATE: u32 = 8000;
    let form =
        [&[1, 0, 1, 0][..], &RATE.to_le_bytes(), &RATE.to_le_bytes(), &[1, 0, 8, 0]].concat();
    let samples = [128; RATE as usize];
    let chunk = |name: &[u8], content: &[u8]| {
        [name, &(content.len() as u32).to_le_bytes(), content].concat()
    };
    let body = [b"WAVE".to_vec(), chunk(b"fmt ", &form), chunk(b"data", &samples)].concat();
    chunk(b"RIFF", &body)
}

/// The files that the snippets name.
fn write_files(folder: &Path) {
    let golden = Path::new("tests/golden");
    for (name, network) in
        [("network.pkl", "stylegan3-t-tiny.pkl"), ("classes.pkl", "stylegan3-t-cond-tiny.pkl")]
    {
        fs::copy(golden.join(network), folder.join(name)).unwrap();
    }
    let (z_dim, _, w_dim) = Network::open(&Model::Builtin("default".into())).unwrap().1.dims();
    fs::write(folder.join("z.npy"), npy(&format!("{z_dim},"), z_dim)).unwrap();
    let mut archive = ZipWriter::new(fs::File::create(folder.join("projected.npz")).unwrap());
    archive.start_file("w.npy", SimpleFileOptions::default()).unwrap();
    archive.write_all(&npy(&format!("5, {w_dim}"), 5 * w_dim)).unwrap();
    archive.finish().unwrap();
    fs::write(folder.join("smile.npy"), npy(&format!("{w_dim},"), w_dim)).unwrap();
    let zeros = vec![0; 4 * 3 * w_dim];
    let view = TensorView::new(Dtype::F32, vec![3, w_dim], &zeros).unwrap();
    let bytes = safetensors::serialize([("directions", view)], None).unwrap();
    fs::write(folder.join("found.safetensors"), bytes).unwrap();
    fs::create_dir(folder.join("stems")).unwrap();
    let opening =
        "(model: \"builtin:default\", duration: \"6s\", seeds: [1, 2], camera: (scale: 1.2))";
    fs::write(folder.join("opening.ron"), opening).unwrap();
    for name in ["song.wav", "stems/drums.wav"] {
        fs::write(folder.join(name), wav()).unwrap();
    }
}

#[test]
fn every_snippet_passes_the_check() {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let snippets = snippets();
    assert!(snippets.len() >= 8, "only {} snippets were found", snippets.len());
    for (i, snippet) in snippets.into_iter().enumerate() {
        let path = folder.path().join(format!("snippet-{i}.ron"));
        fs::write(&path, whole(snippet)).unwrap();
        let project = Project::open(&path, None, &Overrides::default())
            .unwrap_or_else(|error| panic!("{error}\n{snippet}"));
        assert_eq!(project.warnings.diagnostics, [], "{snippet}");
    }
}

#[test]
fn every_preset_is_in_the_table() {
    let table = README.split_once("\n| preset |").unwrap().1.split_once("\n\n").unwrap().0;
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert!(rows.eq(Preset::names()), "{table}");
}
