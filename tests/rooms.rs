//! Which room of `src` may use which, and what only some may name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What every room may use, and these nothing but each other.
const FREE: [&str; 9] = [
    "aside",
    "cache",
    "digest",
    "environment",
    "error",
    "progress",
    "report",
    "signal",
    "unfinished",
];

/// The other rooms, and what they may use besides.
const ROOMS: [(&str, &[&str]); 17] = [
    ("audio", &["decode"]),
    (
        "cli",
        &[
            "audio",
            "dataset",
            "decode",
            "diagnostics",
            "encode",
            "farm",
            "metrics",
            "network",
            "otio",
            "render",
            "schedule",
            "timeline",
            "train",
            "weights",
        ],
    ),
    ("dataset", &["decode"]),
    ("decode", &[]),
    ("diagnostics", &["dataset", "metrics"]),
    ("encode", &[]),
    ("farm", &["encode", "schedule"]),
    ("kernels", &[]),
    ("main", &["cli"]),
    ("metrics", &[]),
    ("network", &["kernels"]),
    ("otio", &["timeline"]),
    ("render", &["audio", "encode", "metrics", "network", "schedule", "timeline", "weights"]),
    ("schedule", &["timeline"]),
    ("timeline", &["audio"]),
    ("train", &["dataset", "diagnostics", "network", "weights"]),
    // Configuration, layer tables and the `TensorSource` trait.
    ("weights", &["network"]),
];

/// The rooms that are tested in seconds, without libtorch and FFmpeg.
const PURE: [&str; 9] = [
    "audio",
    "dataset",
    "diagnostics",
    "kernels",
    "metrics",
    "otio",
    "schedule",
    "signal",
    "timeline",
];

#[test]
fn rooms_use_only_what_they_may() {
    for file in files() {
        let used = file.rooms_used();
        let allowed = file.allowed();
        let strangers: Vec<_> = used.iter().filter(|room| !allowed.contains(room)).collect();
        assert!(strangers.is_empty(), "{} uses {strangers:?}", file.path.display());
    }
}

#[test]
fn every_room_is_in_the_table() {
    let found: BTreeSet<String> = files().into_iter().map(|file| file.room).collect();
    let table: BTreeSet<String> = rooms().map(str::to_owned).chain(["lib".to_owned()]).collect();
    assert_eq!(found, table);
}

#[test]
fn the_pure_rooms_name_neither_libtorch_nor_ffmpeg() {
    for file in files().iter().filter(|file| PURE.contains(&&*file.room)) {
        let stranger = words(&file.code)
            .find(|word| matches!(*word, "tch" | "torch_sys") || word.starts_with("ffmpeg"));
        assert_eq!(stranger, None, "{}", file.path.display());
    }
}

#[test]
fn only_the_command_line_prints() {
    for file in files().iter().filter(|file| file.room != "cli") {
        for name in ["print!", "println!", "eprint!", "eprintln!", "dbg!", "stdout()", "stderr()"] {
            let named = starts(&file.code, name).next().is_some();
            assert!(!named, "{} has `{name}`", file.path.display());
        }
    }
}

#[test]
fn uses_are_found_however_they_are_written() {
    let used = |path: &str, code: &str| {
        let file = SourceFile::new(Path::new(path), code);
        file.rooms_used().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(used("encode/a.rs", "use crate::timeline::Time;"), ["timeline"]);
    assert_eq!(used("encode/a.rs", "let x = crate::network::Config::new();"), ["network"]);
    assert_eq!(used("encode/a.rs", "pub(in crate::weights) fn f() {}"), ["weights"]);
    let several = "use crate::{\n    Error, network::{a, schedule}, weights,\n};";
    assert_eq!(used("encode/a.rs", several), ["network", "weights"]);
    assert_eq!(used("encode/mod.rs", "use super::timeline;"), ["timeline"]);
    assert_eq!(used("encode/a/b.rs", "use super::super::super::timeline;"), ["timeline"]);
    assert_eq!(used("report.rs", "use super::{timeline::Time, Error};"), ["timeline"]);
    assert_eq!(used("encode/a.rs", "use super::timeline; use my_crate::network;"), [""; 0]);
    assert_eq!(used("encode/a.rs", "// crate::network\nuse crate::Result;"), [""; 0]);
    assert_eq!(used("encode/a.rs", "use crate::encode::png;"), [""; 0]);
}

/// A file of `src`.
struct SourceFile {
    /// Below `src`.
    path: PathBuf,
    room: String,
    /// Its text without comments.
    code: String,
}

impl SourceFile {
    fn new(path: &Path, text: &str) -> Self {
        let room = path.iter().next().map(Path::new).and_then(Path::file_stem);
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        Self {
            path: path.to_path_buf(),
            room: room.unwrap_or_default().to_string_lossy().into_owned(),
            code: code.collect::<Vec<_>>().join("\n"),
        }
    }

    fn allowed(&self) -> Vec<&'static str> {
        if self.room == "lib" {
            return rooms().collect();
        }
        let own = ROOMS.iter().find(|(room, _)| *room == self.room);
        own.map_or(&[][..], |(_, more)| more).iter().chain(&FREE).copied().collect()
    }

    /// The other rooms whose names follow the crate's root, however that is reached.
    fn rooms_used(&self) -> BTreeSet<&str> {
        // `super` once for each module that this one lies in.
        let levels = match self.path.iter().count() {
            depth if self.path.ends_with("mod.rs") => depth - 1,
            depth => depth,
        };
        let to_root = "super::".repeat(levels);
        let roots = ["crate::", "sg3render::", &to_root];
        let paths = roots.iter().flat_map(|root| starts(&self.code, root));
        let names = paths.flat_map(first_names);
        names.filter(|name| *name != self.room && rooms().any(|room| room == *name)).collect()
    }
}

fn rooms() -> impl Iterator<Item = &'static str> {
    ROOMS.iter().map(|(room, _)| *room).chain(FREE)
}

/// What follows each `start` that is no end of a longer word or path.
fn starts<'a>(code: &'a str, start: &str) -> impl Iterator<Item = &'a str> {
    let inner = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.match_indices(start)
        .filter(move |(at, _)| !code[..*at].ends_with(inner))
        .map(|(at, found)| &code[at + found.len()..])
}

/// The names that a path goes on with: one, or those at the top of a list in braces.
fn first_names(path: &str) -> Vec<&str> {
    let first = |text| words(text).next().unwrap_or_default();
    let Some(list) = path.strip_prefix('{') else {
        return vec![first(path)];
    };
    let (mut names, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(first(&list[from..at]));
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// All files of `src`.
fn files() -> Vec<SourceFile> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![src.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push(SourceFile::new(path.strip_prefix(&src).unwrap(), &text));
            }
        }
    }
    assert!(files.len() > 100, "only {} files found", files.len());
    files
}
