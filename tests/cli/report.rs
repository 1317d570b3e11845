//! Reports as a browser shows them, where there is one: `SG3RENDER_CHROMIUM` names it, and then it must
//! be there; otherwise one of the usual names on the path is taken.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{Folder, T, pickle};

fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("SG3RENDER_CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let mut found =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found.find(|path| path.is_file())
}

/// A page as a screen of this width shows it.
fn screenshot(browser: &Path, folder: &Folder, page: &str, width: u32) -> image::RgbImage {
    let (shot, profile) = (folder.path("shot.png"), folder.path("profile"));
    let mut command = Command::new(browser);
    // No network: a page that wanted something from it would lack it in the picture.
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]);
    command.args(["--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND"]);
    command.arg(format!("--user-data-dir={}", profile.display()));
    command.arg(format!("--window-size={width},2400"));
    command.arg(format!("--screenshot={}", shot.display()));
    command.arg(format!("file://{}", folder.path(page).display()));
    let output = command.output().unwrap_or_else(|e| panic!("{}: {e}", browser.display()));
    assert!(shot.is_file(), "{}", String::from_utf8_lossy(&output.stderr));
    image::open(shot).unwrap().to_rgb8()
}

#[test]
fn reports_need_nothing_but_themselves() {
    let folder = Folder::new();
    let t = pickle(T).display().to_string();
    folder.run(&["metrics", "eq-t", &t, "--samples", "4", "--report", "m.html"]).ok();
    folder.run(&["diagnose", "stripes", &t, "--frames", "3", "--report", "s.html"]).ok();
    for page in ["m.html", "s.html"] {
        let html = String::from_utf8(folder.read(page)).unwrap();
        for foreign in ["http:", "https:", "<script", "<link", "<iframe", "url(", "@import"] {
            assert!(!html.contains(foreign), "{page} has {foreign}");
        }
        let sources = html.split(" src=\"").skip(1).filter(|rest| !rest.starts_with("data:image/"));
        assert_eq!(sources.count(), 0, "{page}");
    }
    let Some(browser) = chromium() else { return };
    for width in [390, 1200] {
        let seen = screenshot(&browser, &folder, "m.html", width);
        let rows = |colour: [u8; 3]| {
            let near = |p: &image::Rgb<u8>| (0..3).all(|i| p.0[i].abs_diff(colour[i]) < 12);
            seen.rows().filter(|row| row.clone().any(near)).count()
        };
        // The plot's first colour, which is nowhere else on the page, and the page's own along both
        // edges: nothing is wider than the screen.
        assert!(rows([0, 114, 178]) > 1, "{width}: no plot is shown");
        let edge = |x: u32| (0..200).all(|y| seen.get_pixel(x, y).0 == [246, 246, 244]);
        assert!(edge(1) && edge(seen.width() - 2), "{width}");
    }
}
