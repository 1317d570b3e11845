//! Chunks as files, without anything that renders.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use tempfile::TempDir;

use super::openjd::OpenJd;
use super::slurm::Slurm;
use super::*;
use crate::digest;
use crate::encode::Form;

fn job() -> Job {
    let stream = Stream::new((4, 4), (24, 1), 200);
    let preset = Preset::find("png").unwrap();
    Job::new("timeline".into(), "model".into(), "f32".into(), &preset, stream).unwrap()
}

/// Puts a chunk with this content down.
fn put(folder: &Path, job: &Job, frames: &Range<u64>, content: &str) {
    let file = format!("{}.mkv", manifest::stem(frames));
    fs::write(folder.join(&file), content).unwrap();
    let inclusive = (frames.start, frames.end - 1);
    let piece = Piece {
        file,
        form: Form::Pictures,
        frames: inclusive,
        packets: frames.end - frames.start,
        bytes: content.len() as u64,
        sha256: digest::of_text(content),
    };
    let (pieces, device) = (vec![piece], "cpu".into());
    let manifest = Manifest { frames: inclusive, pieces, device, job: job.clone() };
    manifest.write(folder).unwrap();
}

fn batch(folder: &Path) -> Batch {
    Batch {
        name: "film".into(),
        program: "/opt/it's/sg3render".into(),
        folder: folder.to_str().unwrap().into(),
        timeline: "/home/a b/50 %.ron".into(),
        options: vec!["--preset=png".into()],
        film: "/film/%06d.png".into(),
        frames: (10, 59),
        chunk: 20.try_into().unwrap(),
        job: job(),
    }
}

#[derive(Default)]
struct Diary {
    rendered: Vec<u64>,
    found: Vec<u64>,
    stops: bool,
}

struct Worker<'a>(&'a Path, &'a Job, Diary);

impl Work for Worker<'_> {
    fn render(&mut self, chunk: &Range<u64>) -> Result<()> {
        self.2.rendered.push(chunk.start);
        put(self.0, self.1, chunk, "new");
        Ok(())
    }
    fn found(&mut self, chunk: &Range<u64>) {
        self.2.found.push(chunk.start);
    }
    fn stopped(&self) -> bool {
        self.2.stops
    }
}

#[test]
fn what_is_whole_is_found_and_the_rest_rendered() {
    let (folder, job) = (TempDir::new().unwrap(), job());
    let folder = folder.path();
    for (frames, content) in [(0..48, "good"), (48..96, "spoilt"), (96..144, "short")] {
        put(folder, &job, &frames, content);
    }
    fs::write(folder.join("000048-000095.mkv"), "SPOILT").unwrap();
    fs::write(folder.join("000096-000143.mkv"), "sho").unwrap();
    let share = |verified| {
        let mut worker = Worker(folder, &job, Diary::default());
        share(folder, &job, 0..200, verified, &mut worker).unwrap();
        (worker.2.rendered, worker.2.found)
    };
    // Who has verified the chunks is believed that the spoilt one is good.
    assert_eq!(share(true), (vec![96, 144, 192], vec![0, 48]));
    assert_eq!(share(false), (vec![48], vec![0, 96, 144, 192]));
}

#[test]
fn waiting_ends_when_it_is_asked_to() {
    let (folder, job) = (TempDir::new().unwrap(), job());
    let claim = Claim::of_chunk(folder.path(), &(0..48)).unwrap();
    assert!(claim.take().unwrap());
    let mut worker = Worker(folder.path(), &job, Diary { stops: true, ..Diary::default() });
    let end = share(folder.path(), &job, 0..96, false, &mut worker);
    assert!(matches!(end, Err(Error::Interrupted)));
    assert_eq!(worker.2.rendered, [48]);
    drop(claim);
    share(folder.path(), &job, 0..96, false, &mut worker).unwrap();
    assert_eq!(worker.2.rendered, [48, 0]);
}

#[test]
fn sweeping_leaves_just_the_good_chunks_of_the_plan() {
    let (folder, job) = (TempDir::new().unwrap(), job());
    let folder = folder.path();
    let other = Job { timeline_sha256: "other".into(), ..job.clone() };
    put(folder, &job, &(0..48), "good");
    put(folder, &job, &(96..144), "spoilt");
    fs::write(folder.join("000096-000143.mkv"), "SPOILT").unwrap();
    put(folder, &other, &(48..96), "of another film");
    put(folder, &job, &(10..20), "of another plan");
    fs::write(folder.join("000144-000191.mkv.n0.7.0.part"), "half").unwrap();
    fs::write(folder.join("000192-000199.json"), "{}").unwrap();
    fs::write(folder.join("notes.txt"), "kept").unwrap();
    let kept = sweep(folder, &job, job.chunks(0..200)).unwrap();
    assert_eq!((kept.len(), &kept[0]), (1, &(0..48)));
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["000000-000047.json", "000000-000047.mkv", "notes.txt"]);
}

#[test]
fn chunks_of_whole_segments_lie_on_the_grid() {
    let of = |frames, chunk: u64, segment: u64| {
        let number = |number| NonZeroU64::new(number).unwrap();
        cut(frames, number(chunk), number(segment)).collect::<Vec<_>>()
    };
    assert_eq!(of(0..100, 48, 24), [0..48, 48..96, 96..100]);
    assert_eq!(of(10..100, 48, 24), [10..48, 48..96, 96..100]);
    assert_eq!(of(30..100, 48, 24), [30..72, 72..100]);
    assert_eq!(of(30..40, 48, 24), vec![Range { start: 30, end: 40 }]);
    assert_eq!(of(10..60, 25, 24), [10..35, 35..60], "as it was typed");
    assert_eq!(of(10..60, 48, 1), [10..58, 58..60]);
    assert_eq!(of(7..7, 48, 24), [0..0; 0]);
    let video = Preset::find("h264").unwrap();
    let job = Job { segment: video.segment(), ..job() };
    assert_eq!(job.chunks(30..100).collect::<Vec<_>>(), [30..72, 72..100]);
    let job = Job { segment: NonZeroU64::new(100).unwrap(), ..job };
    assert_eq!(job.chunks(0..250).collect::<Vec<_>>(), [0..100, 100..200, 200..250]);
}

#[test]
fn a_manifest_whose_pieces_do_not_make_its_frames_is_none() {
    let (folder, job) = (TempDir::new().unwrap(), job());
    let folder = folder.path();
    put(folder, &job, &(48..96), "good");
    let path = manifest::path(folder, &(48..96));
    let good = Manifest::read(&path).unwrap();
    let piece = |file: &str, frames| Piece { file: file.into(), frames, ..good.pieces[0].clone() };
    for (pieces, is_good) in [
        (vec![piece("a", (48, 60)), piece("b", (61, 95))], true),
        (vec![piece("a", (48, 60)), piece("b", (62, 95))], false),
        (vec![piece("a", (48, 60))], false),
        (vec![piece("a", (60, 48)), piece("b", (49, 95))], false),
        (vec![piece("a", (48, u64::MAX))], false),
        (vec![piece("../a", (48, 95))], false),
        (vec![], false),
    ] {
        let manifest = Manifest { pieces, ..good.clone() };
        manifest.write(folder).unwrap();
        let code = Manifest::read(&path).err().map(|error| error.exit_code());
        assert_eq!(code, (!is_good).then_some(75), "{manifest:?}");
    }
}

#[test]
fn a_survey_wants_just_the_frames_that_are_asked_for() {
    let (folder, job) = (TempDir::new().unwrap(), job());
    let folder = folder.path();
    [(10..30), (30..50), (50..60)].iter().for_each(|frames| put(folder, &job, frames, "good"));
    let code = |frames: Range<u64>| survey(folder, |_| Ok(frames)).map_err(|e| e.exit_code());
    assert_eq!(code(10..60).unwrap().files.len(), 3);
    for (frames, expected) in [(0..60, 75), (10..70, 75), (10..55, 65), (15..60, 65), (0..5, 65)] {
        assert_eq!(code(frames.clone()).err(), Some(expected), "{frames:?}");
    }
    assert_eq!(survey(folder, |total| Ok(0..total)).unwrap_err().exit_code(), 75);
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    let folder = TempDir::new().unwrap();
    let batch = batch(folder.path());
    batch.write(&[&Slurm { task_options: vec![], options: vec![] }, &OpenJd]).unwrap();
    assert_eq!(Batch::read(&Batch::path(folder.path())).unwrap(), batch);
    let tasks = fs::read_to_string(folder.path().join("plan.txt")).unwrap();
    assert_eq!(tasks, "10-29\n30-49\n50-59\n");
    batch.check(&job()).unwrap();
    let other = Job { model_sha256: "other".into(), ..job() };
    let said = batch.check(&other).unwrap_err();
    assert!(said.exit_code() == 65 && said.to_string().contains("the model has changed"));

    let path = Batch::path(folder.path());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("59", "200")).unwrap();
    assert_eq!(Batch::read(&path).unwrap_err().exit_code(), 65);
    assert_eq!(Batch::read(Path::new("nowhere")).unwrap_err().exit_code(), 66);
}

#[test]
fn names_that_would_be_read_as_more_than_names_are_refused() {
    let folder = TempDir::new().unwrap();
    for odd in ["a\"b", "a\nb", "a\\b", "{{Param.A}}"] {
        let batch = Batch { film: odd.into(), ..batch(folder.path()) };
        assert_eq!(batch.write(&[]).unwrap_err().exit_code(), 64, "{odd}");
    }
}

#[test]
fn the_scripts_are_what_a_shell_reads() {
    let batch = batch(Path::new("/job/100 % new"));
    let word = |text: &str| text.to_owned();
    let slurm =
        Slurm { task_options: vec![word("--gres=gpu:1")], options: vec![word("--account=a")] };
    let files = slurm.files(&batch);
    for (name, text) in &files {
        let shell = std::process::Command::new("bash").args(["-n", "-c", text]).output().unwrap();
        assert!(shell.status.success(), "{name}: {}", String::from_utf8_lossy(&shell.stderr));
        assert!(text.contains("#SBATCH --account=a\n"));
        assert!(text.contains("#SBATCH --output=\"/job/100 %% new/logs/"));
        assert!(text.contains(r"program=${SG3RENDER:-'/opt/it'\''s/sg3render'}"));
    }
    let gpu = files.iter().map(|(_, text)| text.contains("#SBATCH --gres=gpu:1\n"));
    assert_eq!(gpu.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn an_overview_counts_chunks_first_and_then_what_the_engine_knows() {
    let folder = TempDir::new().unwrap();
    let batch = Batch { chunk: 10.try_into().unwrap(), ..batch(folder.path()) };
    batch.write(&[]).unwrap();
    put(&batch.chunks(), &batch.job, &(10..20), "good");
    put(&batch.chunks(), &batch.job, &(50..60), "good");
    let ended = |how: &str| State::Ended(how.into());
    let states = BTreeMap::from([
        (Queued::Task(0), ended("NODE_FAIL")),
        (Queued::Task(1), State::Running),
        (Queued::Task(2), State::Waiting),
        (Queued::Task(3), ended("FAILED")),
        (Queued::Join, State::Waiting),
    ]);
    let now = Overview::new(&batch, &states, 0);
    assert_eq!((now.tasks, now.done, now.running, now.waiting), (5, 2, 1, 1));
    assert_eq!(now.failed, [(3, 40..50, "FAILED".into())]);
    assert_eq!((now.frames, now.frames_done), (50, 20));
    assert!(now.is_under_way() && !now.joined && now.fps > 0.0);

    let states = BTreeMap::from([(Queued::Join, State::Waiting)]);
    let now = Overview::new(&batch, &states, 0);
    assert!(now.failed.len() == 3 && now.is_under_way(), "the join is still there");
    fs::write(batch.joined(), "").unwrap();
    assert!(!Overview::new(&batch, &states, 0).is_under_way());
}
