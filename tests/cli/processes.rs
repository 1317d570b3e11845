//! Several processes that train together, on one machine.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::tools::{Folder, PASSIVE, PROGRAM, finished};
use super::train::{set, with};

/// A port that nobody uses now.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts the processes as torchrun would.
fn start(folder: &Folder, args: &[String], size: usize) -> Vec<Child> {
    let port = port().to_string();
    let one = |rank: usize| {
        let mut command = Command::new(PROGRAM);
        command.args(args).current_dir(folder.path(".")).env(PASSIVE.0, PASSIVE.1);
        let (rank, size) = (rank.to_string(), size.to_string());
        for (name, value) in [
            ("RANK", &rank),
            ("LOCAL_RANK", &rank),
            ("WORLD_SIZE", &size),
            ("LOCAL_WORLD_SIZE", &size),
            ("MASTER_PORT", &port),
        ] {
            command.env(name, value);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    (0..size).map(one).collect()
}

/// What a run has written down, without what depends on the time.
fn figures(folder: &Folder, run: &str) -> Vec<Value> {
    let text = String::from_utf8(folder.read(&format!("{run}/stats.jsonl"))).unwrap();
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for name in ["sec_per_kimg", "memory_gb"] {
            line.as_object_mut().unwrap().remove(name);
        }
        line
    };
    text.lines().map(line).collect()
}

#[test]
fn processes_train_as_one() {
    let folder = Folder::new();
    let stylegan2 = "(
        generator: StyleGan2((z_dim: 16, w_dim: 16)), generator_channels: (up_to_256: 64, above: 64, most: 8),
        discriminator_channels: (up_to_256: 64, above: 64, most: 8), gamma_256: 2, g_lr: 0.0025, d_lr: 0.002,
        r1_interval: 4, path_length: Some((weight: 2, interval: 2, decay: 0.01)), mixing: 0.9, ema_kimg: 10,
        ema_rampup: None, ada_target: 0.6, ada_kimg: (0.1, 0.1),
    )";
    std::fs::write(folder.path("stylegan2.ron"), stylegan2).unwrap();
    let args = set(&folder)
        .join(" ")
        .replace("--batch 4", "--batch 8")
        .replace("--kimg 0.16", "--kimg 0.064");
    let args = args.replace("--tick 0.016", "--tick 0.008");
    for (name, config) in [("t", None), ("s", Some("stylegan2.ron"))] {
        let args: Vec<_> = args.split(' ').map(str::to_owned).collect();
        let args: Vec<_> = args
            .into_iter()
            .map(|arg| config.filter(|_| arg.ends_with(".ron")).map_or(arg, str::to_owned))
            .collect();
        let (one, two) = (format!("{name}1"), format!("{name}2"));
        for (run, size) in [(&one, 1), (&two, 2)] {
            for child in start(&folder, &with(&args, &format!("-o {run}")), size) {
                finished(&child.wait_with_output().unwrap()).ok();
            }
        }
        let (one, two) = (figures(&folder, &one), figures(&folder, &two));
        assert_eq!((one.len(), two.len()), (8, 8));
        for (one, two) in one.iter().zip(&two) {
            for (name, value) in one.as_object().unwrap() {
                let (value, other) = (value.as_f64().unwrap(), two[name].as_f64().unwrap());
                assert!(
                    (value - other).abs() <= 1e-5 * value.abs().max(1.0),
                    "{name}: {one} {two}"
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_divided_is_refused_by_all() {
    let folder = Folder::new();
    for child in start(&folder, &with(&set(&folder), "-o run"), 3) {
        let run = finished(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 64, "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("among 3 processes") && run.stdout.contains("multiple of 3"));
    }
    assert_eq!(folder.files(), ["set.zip"]);
}

#[test]
fn who_loses_another_saves_and_says_so() {
    let folder = Folder::new();
    let args = set(&folder).join(" ").replace("--kimg 0.16", "--kimg 1000");
    let args: Vec<_> = args.split(' ').map(str::to_owned).collect();
    let mut pair = start(&folder, &with(&args, "-o run"), 2).into_iter();
    let (mut first, mut second) = (pair.next().unwrap(), pair.next().unwrap());
    let mut stdout = BufReader::new(first.stdout.take().unwrap()).lines();
    let is_saved = |line: &str| serde_json::from_str::<Value>(line).unwrap()["event"] == "saved";
    stdout.find(|line| is_saved(line.as_ref().unwrap())).unwrap().unwrap();
    // SIGKILL.
    second.kill().unwrap();
    second.wait().unwrap();
    let events: Vec<Value> =
        stdout.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert_eq!(first.wait().unwrap().code(), Some(75));
    let error = events.last().unwrap();
    assert!(error["message"].as_str().unwrap().contains("has lost another one"), "{error}");
    let saved = events.iter().rfind(|event| event["event"] == "saved").unwrap();
    // It goes on from there, alone.
    let images = saved["images"].as_u64().unwrap();
    let more = format!("{}", (images + 8) as f64 / 1e3);
    let args = args.join(" ").replace("--kimg 1000", &format!("--kimg {more}"));
    let args: Vec<_> = args.split(' ').map(str::to_owned).collect();
    let child = start(&folder, &with(&args, "-o run --resume"), 1).pop().unwrap();
    let run = finished(&child.wait_with_output().unwrap()).ok();
    let begun = run.events().into_iter().find(|event| event["event"] == "saved").unwrap();
    assert!(begun["images"].as_u64().unwrap() > images);
}
