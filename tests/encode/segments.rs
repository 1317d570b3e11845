//! Films are rows of segments that depend on nothing but their own frames.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use sg3render::encode::{self, Preset, Sink, Stream, parts};
use sg3render::farm::{ChunkSink, Job, survey};
use sg3render::progress::Silent;
use tempfile::tempdir;

use super::tools::{picture, planes, stream};

/// The presets whose frames depend on others.
const PRESETS: [&str; 4] = ["h264", "h264-draft", "h265", "av1"];

/// Something that moves, and jumps twice.
fn colour(i: u64, x: u32, y: u32) -> [f64; 3] {
    let jump = if i >= 30 { 40 } else { 0 } + if i >= 53 { 17 } else { 0 };
    let wave = |k: u32| f64::from((x * k + y * 3 + i as u32 * 2 + jump) % 64) / 63.0;
    [wave(1), wave(2), f64::from(y) / 64.0]
}

fn film(frames: u64) -> Stream {
    Stream { overwrite: true, ..stream(80, 64, frames) }
}

fn write(mut sink: Box<dyn Sink>, stream: &Stream, frames: Range<u64>) {
    for i in frames {
        sink.write(&picture(i, stream, sink.depth(), |x, y| colour(i, x, y))).unwrap();
    }
    sink.finish().unwrap();
}

/// A range of a film in one go.
fn whole(folder: &Path, preset: &Preset, stream: &Stream, frames: &Range<u64>) -> PathBuf {
    let path = folder.join(format!("whole-{}.mp4", preset.name));
    let sink = encode::open(&path, preset, &stream.part(frames, true)).unwrap();
    write(sink, stream, frames.clone());
    path
}

fn job(preset: &Preset, stream: &Stream) -> Job {
    Job::new("timeline".into(), "model".into(), "f32".into(), preset, stream.clone()).unwrap()
}

/// The same in chunks that begin at the cuts.
fn in_chunks(
    folder: &Path,
    preset: &Preset,
    stream: &Stream,
    frames: &Range<u64>,
    cuts: &[u64],
) -> PathBuf {
    let (job, chunks) = (job(preset, stream), folder.join("chunks"));
    let _ = fs::remove_dir_all(&chunks);
    let starts = [&[frames.start][..], cuts].concat();
    let ends = [cuts, &[frames.end][..]].concat();
    for (start, end) in starts.into_iter().zip(ends) {
        let sink = ChunkSink::open(&chunks, &job, preset, &(start..end), "cpu".into()).unwrap();
        write(Box::new(sink), stream, start..end);
    }
    let found = survey(&chunks, |_| Ok(frames.clone())).unwrap();
    let path = folder.join("joined.mp4");
    parts::join(&found.files, &path, preset, &stream.part(frames, true), &Silent).unwrap();
    path
}

#[test]
fn however_a_film_is_cut_the_file_is_the_same() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let stream = film(60);
    let cases: [(Range<u64>, &[&[u64]]); 4] = [
        // On the grid, beside it, shorter than a segment, several in one segment, single frames.
        (0..60, &[&[24, 48], &[48], &[23, 25, 47], &[10, 12, 30, 59], &[1], &[5, 40]]),
        (10..50, &[&[24, 48], &[17, 30], &[]]),
        (23..49, &[&[24], &[48], &[30]]),
        (30..40, &[&[], &[35]]),
    ];
    for (frames, cuts) in cases {
        for name in PRESETS {
            let preset = Preset::find(name).unwrap();
            // The slower ones prove themselves with less.
            let cuts = if name == "h264-draft" { cuts } else { &cuts[..cuts.len().min(2)] };
            let expected = fs::read(whole(folder, &preset, &stream, &frames)).unwrap();
            for cuts in cuts {
                let joined = fs::read(in_chunks(folder, &preset, &stream, &frames, cuts)).unwrap();
                assert!(joined == expected, "{name}, {frames:?} cut at {cuts:?}");
            }
        }
    }
}

fn shown(path: &Path, what: &[&str]) -> Vec<Vec<String>> {
    let arguments = [&["-v", "error", "-of", "csv=p=0", "-select_streams", "v"], what].concat();
    let output = Command::new("ffprobe").args(arguments).arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn times_follow_on_each_other_and_every_segment_begins_with_a_key_frame() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    // The first and the last segment are short.
    let (stream, frames) = (film(100), 21..77);
    for name in PRESETS {
        let path = whole(folder, &Preset::find(name).unwrap(), &stream, &frames);
        let packets = shown(&path, &["-show_entries", "packet=pts,dts,flags"]);
        let time = |packet: &Vec<String>, i: usize| packet[i].parse::<i64>().unwrap();
        let tick = 512; // of 12288 in a second of 24 frames
        let dts: Vec<i64> = packets.iter().map(|packet| time(packet, 1)).collect();
        assert!(dts.windows(2).all(|pair| pair[1] - pair[0] == tick), "{name}: {dts:?}");
        let mut pts: Vec<i64> = packets.iter().map(|packet| time(packet, 0)).collect();
        assert!(pts.iter().zip(&dts).all(|(pts, dts)| pts >= dts), "{name}");
        let keys = packets.iter().filter(|packet| packet[2].starts_with('K'));
        let keys: Vec<_> = keys.map(|packet| time(packet, 0) / tick).collect();
        for first in [0, 24 - 21, 48 - 21, 72 - 21] {
            assert!(keys.contains(&first), "{name}: {keys:?}");
        }
        pts.sort_unstable();
        assert!(pts.into_iter().eq((0..56).map(|i| i * tick)), "{name}");
        let entries = ["-show_entries", "stream=start_pts,duration_ts,nb_frames"];
        assert_eq!(shown(&path, &entries), [["0", "28672", "56"]], "{name}");

        // From a seek into a segment, and from one into the next.
        let all = planes(&path);
        let frame = all.len() / 56;
        for from in [10_usize, 30, 51] {
            let from_there = Command::new("ffmpeg")
                .args(["-v", "error", "-ss", &format!("{:.4}", from as f64 / 24.0), "-i"])
                .arg(&path)
                .args(["-vsync", "0", "-f", "rawvideo", "-"])
                .output()
                .unwrap();
            assert!(from_there.stderr.is_empty(), "{name}");
            assert!(from_there.stdout == all[from * frame..], "{name}, from {from}");
        }
    }
}

#[test]
fn segments_of_another_encoder_are_refused_by_name() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let (stream, frames) = (film(48), 0..48);
    let text = fs::read_to_string("presets/h264-draft.ron").unwrap();
    let mine = folder.join("mine.ron");
    let preset = |options: &str| {
        fs::write(&mine, text.replace("\"mbtree\"", &format!("{options}\"mbtree\""))).unwrap();
        Preset::find(mine.to_str().unwrap()).unwrap()
    };
    let other = preset("\"refs\": \"5\", \"bf\": \"0\", ");
    let own = preset("");
    let chunks = folder.join("chunks");
    let sink = ChunkSink::open(&chunks, &job(&other, &stream), &other, &frames, "cpu".into());
    write(Box::new(sink.unwrap()), &stream, frames.clone());
    let found = survey(&chunks, |_| Ok(frames.clone())).unwrap();
    let out = folder.join("a.mp4");
    let join = |files: &[parts::Part]| {
        let error = parts::join(files, &out, &own, &stream, &Silent).unwrap_err();
        assert!(!out.exists());
        assert!(error.to_string().contains("000000-000047.segments"), "{error}");
        error
    };
    let error = join(&found.files);
    assert!(error.exit_code() == 65 && error.to_string().contains("set up in another way"));

    let _ = fs::remove_dir_all(&chunks);
    let sink = ChunkSink::open(&chunks, &job(&own, &stream), &own, &frames, "cpu".into());
    write(Box::new(sink.unwrap()), &stream, frames.clone());
    let path = chunks.join("000000-000047.segments");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(join(&found.files).exit_code(), 75);
    fs::write(&path, &bytes).unwrap();
    let mut short = found.files.clone();
    short[0].frames.end = 49;
    assert!(join(&short).to_string().contains("has 48 frames, expected 49"));
}

#[test]
fn a_segment_is_as_long_as_the_preset_says() {
    let folder = tempdir().unwrap();
    let text = fs::read_to_string("presets/h264-draft.ron").unwrap();
    let mine = folder.path().join("mine.ron");
    fs::write(&mine, text.replace("threads: 4,", "threads: 4, segment: 7,")).unwrap();
    let preset = Preset::find(mine.to_str().unwrap()).unwrap();
    assert_eq!(preset.segment().get(), 7);
    let stream = film(20);
    let path = folder.path().join("a.mp4");
    write(encode::open(&path, &preset, &stream).unwrap(), &stream, 0..20);
    let packets = shown(&path, &["-show_entries", "packet=pts,flags"]);
    let keys = packets.iter().filter(|packet| packet[1].starts_with('K'));
    let keys: Vec<u64> = keys.map(|packet| packet[0].parse::<u64>().unwrap() / 512).collect();
    assert_eq!(keys, [0, 7, 14]);
    fs::write(&mine, text.replace("threads: 4,", "threads: 4, segment: 0,")).unwrap();
    assert_eq!(Preset::find(mine.to_str().unwrap()).unwrap_err().exit_code(), 65);
}
