//! Running the program, and the programs that read what it made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_sg3render");
/// Several programs run at once here: threads of libtorch that spin while they wait would take the
/// processor from the others, for many times the time.
pub const PASSIVE: (&str, &str) = ("OMP_WAIT_POLICY", "passive");
/// A run that takes longer hangs.
const HUNG: Duration = Duration::from_secs(900);

/// The smallest network, the quickest by far; its pictures are close to noise.
pub const STYLEGAN2: &str = "stylegan2-tiny";
/// Alias-free networks with smooth pictures, ten to twenty times slower.
pub const T: &str = "stylegan3-t-tiny";
pub const R: &str = "stylegan3-r-tiny";
/// One with classes.
pub const CLASSES: &str = "stylegan3-t-cond-tiny";

/// Two seconds of a network, which needs a class where it has some.
pub const NETWORKS: [(&str, &str); 4] = [
    (T, SEEDS),
    (R, SEEDS),
    (CLASSES, "seeds: [1, 2, 3], duration: 48, class: 1"),
    (STYLEGAN2, SEEDS),
];
pub const SEEDS: &str = "seeds: [1, 2, 3], duration: 48";

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The pickle of a network.
pub fn pickle(network: &str) -> PathBuf {
    repository(&format!("tests/golden/{network}.pkl"))
}

/// A folder of its own, in which the program runs.
pub struct Folder(TempDir);

/// What a run left.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The same run, which went well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// The error of a run that ended with this code.
    #[track_caller]
    pub fn fails(self, code: i32, words: &str) -> String {
        assert_eq!(self.code, code, "{words}: {}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(words), "`{words}` is not in: {}", self.stderr);
        self.stderr
    }

    /// Standard output as JSON objects, one a line.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with the timeline `t.ron`: a network of `tests/golden` and the other fields.
    pub fn with(network: &str, fields: &str) -> Self {
        let folder = Self::new();
        folder.timeline("t.ron", pickle(network).to_str().unwrap(), fields);
        folder
    }

    /// Writes a timeline.
    pub fn timeline(&self, name: &str, model: &str, fields: &str) {
        fs::write(self.path(name), format!("(model: {model:?}, {fields})")).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The paths of all files, sorted, without the timeline `t.ron` and what lies beside outputs to
    /// describe them.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push(path),
                }
            }
        }
        let name = |path: &PathBuf| path.strip_prefix(self.0.path()).unwrap().display().to_string();
        let all: Vec<_> = found.iter().map(name).filter(|name| name != "t.ron").collect();
        let described = |name: &&String| match name.strip_suffix(".json") {
            Some(output) => {
                let is_pattern = output.rsplit('/').next().is_some_and(|name| name.contains('%'));
                is_pattern || all.iter().any(|other| other == output)
            }
            None => false,
        };
        let mut names: Vec<_> = all.iter().filter(|name| !described(name)).cloned().collect();
        names.sort();
        names
    }

    /// Runs the program to its end; a panic in it fails the test.
    #[track_caller]
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Run {
        let mut command = assert_cmd::Command::new(PROGRAM);
        command.current_dir(self.0.path()).env(PASSIVE.0, PASSIVE.1);
        command.args(arguments).timeout(HUNG);
        finished(&command.output().unwrap())
    }

    /// Runs a shell's line in which `$SG` is the program.
    #[track_caller]
    pub fn shell(&self, line: &str) -> Run {
        let mut command = assert_cmd::Command::new("sh");
        command.current_dir(self.0.path()).env(PASSIVE.0, PASSIVE.1).env("SG", PROGRAM);
        command.args(["-c", line]).timeout(HUNG);
        finished(&command.output().unwrap())
    }

    /// Starts the program with its output caught.
    pub fn start(&self, arguments: &[&str]) -> std::process::Child {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path()).env(PASSIVE.0, PASSIVE.1).args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// What a process left.
#[track_caller]
pub fn finished(output: &std::process::Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(!stderr.contains("panicked at"), "{stderr}");
    let code = output.status.code();
    Run { code: code.unwrap_or_else(|| panic!("{}: {stderr}", output.status)), stdout, stderr }
}

/// What another program prints.
#[track_caller]
fn tool(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{arguments:?}: {complaint}");
    output.stdout
}

/// The streams of a file, or of images by their pattern, as ffprobe sees them, packets counted.
#[track_caller]
pub fn probe(path: &Path) -> Vec<Value> {
    let path = path.to_str().unwrap();
    let arguments = ["-v", "error", "-count_packets", "-show_streams", "-of", "json", path];
    let shown: Value = serde_json::from_slice(&tool("ffprobe", &arguments)).unwrap();
    shown["streams"].as_array().unwrap().clone()
}

/// The frames of a file or image sequence as RGB samples of `rgb24` or `rgb48le`, video with the
/// matrix of BT.709.
#[track_caller]
pub fn decode(path: &Path, format: &str) -> Vec<Vec<u8>> {
    let stream = probe(path).remove(0);
    let filter = match stream["pix_fmt"].as_str().unwrap() {
        yuv if yuv.starts_with("yuv") => {
            "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=accurate_rnd+full_chroma_int+full_chroma_inp"
        }
        _ => "null",
    };
    let path = path.to_str().unwrap();
    let arguments = [
        "-v",
        "error",
        "-i",
        path,
        "-map",
        "0:v",
        "-fps_mode",
        "passthrough",
        "-vf",
        filter,
        "-pix_fmt",
        format,
        "-f",
        "rawvideo",
        "-",
    ];
    let sample = if format == "rgb24" { 1 } else { 2 };
    let size = ["width", "height"].map(|side| stream[side].as_u64().unwrap() as usize);
    tool("ffmpeg", &arguments).chunks(3 * sample * size[0] * size[1]).map(<[u8]>::to_vec).collect()
}

/// The frames of a file or image sequence as 8 bit RGB.
#[track_caller]
pub fn rgb(path: &Path) -> Vec<Vec<u8>> {
    decode(path, "rgb24")
}

/// Peak signal-to-noise ratio of 8 bit samples, dB.
pub fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
    let error = squares.sum::<f64>() / a.len() as f64;
    10.0 * (255.0 * 255.0 / error).log10()
}
