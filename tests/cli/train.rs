//! `sg3render train`: killed, interrupted, out of space, and what it leaves.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use sg3render::dataset::{Writer, encode};

use super::tools::{Folder, PASSIVE, PROGRAM, Run, finished, probe, repository};

/// A set of stripes, and the arguments of a tiny training of 40 iterations.
pub fn set(folder: &Folder) -> Vec<String> {
    let side = 16;
    let mut writer = Writer::create(&folder.path("set.zip"), false).unwrap();
    for n in 0..12usize {
        let pixels = (0..3 * side * side).map(|i| ((i / 3 % side * (n + 1) * 9) % 256) as u8);
        writer.add(&encode(side, 3, &pixels.collect::<Vec<_>>()).unwrap(), None).unwrap();
    }
    writer.finish().unwrap();
    let config = repository("tests/train/tiny.ron");
    let line = format!(
        "train set.zip --config {} --batch 4 --kimg 0.16 --tick 0.016 --snap 0.04 --walk 0 --device cpu --json",
        config.display()
    );
    line.split(' ').map(str::to_owned).collect()
}

pub fn with(args: &[String], more: &str) -> Vec<String> {
    args.iter().cloned().chain(more.split(' ').map(str::to_owned)).collect()
}

fn run(folder: &Folder, args: &[String]) -> Run {
    folder.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn start(folder: &Folder, args: &[String]) -> Child {
    folder.start(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Reads what a program says until it has saved so many images.
fn until_saved(child: &mut Child, images: u64) -> BufReader<std::process::ChildStdout> {
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    loop {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "it ended first");
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "saved" && event["images"].as_u64().unwrap() >= images {
            return stdout;
        }
    }
}

const LAST: &str = "checkpoint-000000160.safetensors";

#[test]
fn a_training_that_was_killed_goes_on_to_the_bit() {
    let folder = Folder::new();
    let args = set(&folder);
    run(&folder, &with(&args, "-o whole")).ok();
    let mut child = start(&folder, &with(&args, "-o killed"));
    let stdout = until_saved(&mut child, 80);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdout);
    assert!(!folder.path("killed").join(LAST).exists());
    let resumed = run(&folder, &with(&args, "-o killed --resume")).ok();
    assert_eq!(resumed.events().last().unwrap()["images"], 160);
    assert!(folder.read(&format!("whole/{LAST}")) == folder.read(&format!("killed/{LAST}")));
    for name in ["network-000000160.safetensors", "samples-000000160.png", "reals.png"] {
        assert!(
            folder.read(&format!("whole/{name}")) == folder.read(&format!("killed/{name}")),
            "{name}"
        );
    }
    // What it leaves can be rendered, and told about.
    folder.timeline("t.ron", "killed/network-000000160.safetensors", "seeds: [1, 2], duration: 2");
    folder.run(&["still", "t.ron", "--at", "0", "-o", "a.png"]).ok();
    let checkpoint = format!("killed/{LAST}");
    let info = folder.run(&["info", &checkpoint, "--network", "G"]).ok();
    assert!(info.stdout.contains("StyleGAN3"), "{}", info.stdout);
}

#[test]
fn ctrl_c_saves_and_leaves() {
    let folder = Folder::new();
    let args = with(&set(&folder), "-o run --kimg 1000");
    let args: Vec<_> = {
        // The later one of a doubled argument would be an error.
        let at = args.iter().position(|arg| arg == "--kimg").unwrap();
        args.iter()
            .enumerate()
            .filter(|(i, _)| *i != at && *i != at + 1)
            .map(|(_, a)| a.clone())
            .collect()
    };
    let mut child = start(&folder, &args);
    let mut stdout = until_saved(&mut child, 40);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    let mut said = String::new();
    stdout.read_to_string(&mut said).unwrap();
    let run = finished(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{}", run.stderr);
    let events = Run { stdout: said, ..run }.events();
    let saved = events.iter().rfind(|event| event["event"] == "saved").unwrap();
    assert!(fs::exists(folder.path(saved["path"].as_str().unwrap())).unwrap());
    assert_eq!(events.last().unwrap()["exit_code"], 130);
    let leftovers = folder.files().into_iter().filter(|name| name.ends_with(".part"));
    assert_eq!(leftovers.count(), 0);
}

#[test]
fn a_full_disk_loses_nothing() {
    let folder = Folder::new();
    let args = with(&set(&folder), "-o run --keep 1");
    let mut child = start(&folder, &args);
    drop(until_saved(&mut child, 40));
    child.kill().unwrap();
    child.wait().unwrap();
    let held = |folder: &Folder| {
        let mut names = folder.files();
        names.retain(|name| name.contains("checkpoint-") && !name.ends_with(".part"));
        names
    };
    let before = held(&folder);
    let content = folder.read(&before[0]);
    // No file may become longer than 16 blocks of 512 bytes.
    let line =
        format!("trap '' XFSZ; ulimit -f 16; exec {PROGRAM} {}", with(&args, "--resume").join(" "));
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &line])
        .env(PASSIVE.0, PASSIVE.1)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    shell.current_dir(folder.path("."));
    let full = finished(&shell.output().unwrap());
    assert_eq!(full.code, 75, "{}{}", full.stdout, full.stderr);
    assert_eq!(held(&folder), before);
    assert!(folder.read(&before[0]) == content);
    run(&folder, &with(&args, "--resume")).ok();
    assert_eq!(held(&folder), [format!("run/{LAST}")]);
}

#[test]
fn networks_that_are_kept_are_looked_at() {
    let folder = Folder::new();
    let args = set(&folder).join(" ").replace("--walk 0", "--walk 0.5");
    let args: Vec<_> = args.split(' ').map(str::to_owned).collect();
    let more = "-o run --keep 1 --metrics eq-t,kid --samples 12 --hold-out 4";
    let events = run(&folder, &with(&args, more)).ok().events();
    let figures: Vec<_> = events.iter().filter(|event| event["event"] == "figures").collect();
    let images: Vec<_> = figures.iter().map(|event| event["images"].as_u64().unwrap()).collect();
    assert_eq!(images, [40, 80, 120, 160]);
    let kid = |event: &serde_json::Value| event["figures"]["kid"].as_f64().unwrap();
    let best = figures.iter().min_by(|a, b| kid(a).total_cmp(&kid(b))).unwrap();
    let written: serde_json::Value = serde_json::from_slice(&folder.read("run/best.json")).unwrap();
    assert_eq!((&written["images"], &written["value"]), (&best["images"], &best["figures"]["kid"]));
    let kept = |images: u64| format!("run/checkpoint-{images:09}.safetensors");
    for images in images {
        let stays = images == 160 || images == written["images"].as_u64().unwrap();
        assert_eq!(folder.path(&kept(images)).exists(), stays, "{images}");
        let walk = probe(&folder.path(&format!("run/walk-{images:09}.mp4")));
        assert_eq!(walk[0]["nb_read_packets"], "12");
    }
    let log = String::from_utf8(folder.read("run/stats.jsonl")).unwrap();
    let measured = |line: &&str| line.contains("eq-t") && line.contains("r_v");
    assert_eq!(log.lines().filter(measured).count(), 4);
    // The best one's checkpoint outlives a resumed training, too.
    let args = args.join(" ").replace("--kimg 0.16", "--kimg 0.2");
    let args: Vec<_> = args.split(' ').map(str::to_owned).collect();
    run(&folder, &with(&args, "-o run --keep 1 --metrics none --hold-out 4 --resume")).ok();
    assert!(folder.path(&kept(written["images"].as_u64().unwrap())).exists());
}

#[test]
fn a_loss_that_is_no_number_ends_the_training() {
    let folder = Folder::new();
    let args = set(&folder);
    let preset = fs::read_to_string(repository("tests/train/tiny.ron")).unwrap();
    let preset = preset.replace("d_lr: 0.002", "d_lr: 1e30");
    fs::write(folder.path("wild.ron"), preset).unwrap();
    let args: Vec<_> = args
        .into_iter()
        .map(|arg| if arg.ends_with("tiny.ron") { "wild.ron".into() } else { arg })
        .collect();
    let run = run(&folder, &with(&args, "-o run"));
    assert_eq!(run.code, 65, "{}{}", run.stdout, run.stderr);
    let error = run.events().pop().unwrap();
    assert!(error["message"].as_str().unwrap().contains("is no number any more"), "{error}");
}

#[test]
fn what_is_asked_wrongly_is_said() {
    let folder = Folder::new();
    let args: Vec<_> = set(&folder).into_iter().filter(|arg| arg != "--json").collect();
    let fails = |more: &str, code: i32, words: &str| {
        run(&folder, &with(&args, more)).fails(code, words);
    };
    fails("-o a --batch-gpu 3", 64, "does not divide");
    fails("-o a --cond", 64, "have none");
    fails("-o a --augmentations hue,hoe", 64, "no augmentation `hoe`");
    fails("-o a --transfer none.pkl", 66, "none.pkl");
    fails("-o a --metrics fad", 64, "expected");
    fails("-o a --metrics fid --detector none.pt", 66, "none.pt");
    fails("-o set.zip", 75, "set.zip");
    fs::write(folder.path("bad.ron"), "(generator: StyleGan3(()),\n g_lr: fast)").unwrap();
    let bad: Vec<_> = args
        .iter()
        .map(|arg| if arg.ends_with("tiny.ron") { "bad.ron".into() } else { arg.clone() })
        .collect();
    run(&folder, &with(&bad, "-o a")).fails(65, "`bad.ron`:2:");
    assert_eq!(folder.files(), ["bad.ron", "set.zip"]);
}
