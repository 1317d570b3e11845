//! Memory does not grow with the length of the film.

use std::process::Command;

use super::tools::{Folder, PASSIVE, PROGRAM, STYLEGAN2};

/// The most memory that a render of these frames held, bytes.
fn peak(folder: &Folder, frames: &str) -> i64 {
    let script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); \
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let mut python = Command::new("python3");
    python.env(PASSIVE.0, PASSIVE.1).args(["-c", script, PROGRAM]).arg(folder.path("t.ron"));
    let output = python.args(["-o", "null:", "-q", "--frames", frames]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    1024 * String::from_utf8(output.stdout).unwrap().trim().parse::<i64>().unwrap()
}

#[test]
fn sixteen_times_the_frames_need_no_more() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2, 3], duration: 800");
    let (short, long) = (peak(&folder, "0-49"), peak(&folder, "0-799"));
    // The smallest form of 750 pictures, 8 bits, would be 9 MB. The measured noise is 0.4 MB.
    assert!(long - short < 4 << 20, "{short} bytes for 50 frames, {long} for 800");
}
