//! Films with alpha, from the timeline to what other programs read.

use super::tools::{Folder, T, decode, probe};

const FIELDS: &str = "seeds: [1, 2], duration: 4, alpha: (key: luma, low: 0.3, high: 0.7)";

#[test]
fn a_film_with_alpha_is_the_same_however_it_is_made() {
    let folder = Folder::with(T, FIELDS);
    let run = |line: &str| folder.run(&line.split(' ').collect::<Vec<_>>());
    assert!(run("check t.ron").ok().stdout.contains("prores-4444"));
    run("t.ron -o a.mov -q").ok();
    assert!(probe(&folder.path("a.mov"))[0]["pix_fmt"].as_str().unwrap().starts_with("yuva444p"));
    run("t.ron -o r.mov -q --resume").ok();
    run("chunk t.ron -o c --frames 0-1 -q --preset prores-4444").ok();
    run("chunk t.ron -o c --frames 2-3 -q --preset prores-4444").ok();
    run("join c -o j.mov -q").ok();
    assert!(
        folder.read("a.mov") == folder.read("r.mov")
            && folder.read("a.mov") == folder.read("j.mov")
    );
    for film in ["a.mov", "%d.png", "%d.exr", "a.mkv"] {
        if film != "a.mov" {
            run(&format!("t.ron -o {film} -q")).ok();
        }
        run(&format!("verify {film} t.ron")).ok();
    }
    // Of another film it is not: alpha counts.
    folder.timeline(
        "u.ron",
        super::tools::pickle(T).to_str().unwrap(),
        &FIELDS.replace("0.7", "0.5"),
    );
    assert_eq!(run("verify a.mkv u.ron").code, 1);
    run("still t.ron --at 2 -o s.png").ok();
    assert!(folder.read("s.png") == folder.read("2.png"));
    run("sheet t.ron -o sheet.png -q").ok();
    run("t.ron -o d/%d.png -q --draft").ok();
    run("t.ron -o d.mov -q --draft").ok();
    assert_eq!(probe(&folder.path("d/0.png"))[0]["pix_fmt"], "rgba");
}

#[test]
fn what_cannot_hold_alpha_says_so() {
    let folder = Folder::with(T, FIELDS);
    for line in
        [&["t.ron", "-o", "a.mp4"][..], &["t.ron", "-o", "a.mov", "--preset", "prores-422hq"]]
    {
        folder.run(line).fails(65, "the film has alpha, and preset");
    }
    let fields = format!("{FIELDS}, background: (1, 0, 0)");
    folder.timeline("b.ron", super::tools::pickle(T).to_str().unwrap(), &fields);
    folder.run(&["b.ron", "-o", "b/%d.png", "-q"]).ok();
    let format = probe(&folder.path("b/0.png"));
    assert_eq!(format[0]["pix_fmt"], "rgb24");
    assert!(decode(&folder.path("b/0.png"), "rgb24")[0].chunks(3).any(|p| p[0] > 200 && p[1] < 60));
    folder.run(&["b.ron", "-o", "b.mp4", "-q"]).ok();
}
