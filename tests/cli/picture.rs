//! Size, fit and frame rate.

use super::tools::{Folder, STYLEGAN2, T, pickle, probe, psnr, rgb};

/// Columns `from..to` of a picture of this width, row after row.
fn columns(picture: &[u8], width: usize, from: usize, to: usize) -> Vec<u8> {
    picture.chunks(3 * width).flat_map(|row| row[3 * from..3 * to].to_vec()).collect()
}

#[test]
fn the_image_is_fitted() {
    let folder = Folder::with(T, "seeds: [1, 2], duration: 1");
    let model = pickle(T);
    let still = |timeline: &str, size: &str| {
        folder
            .run(&["still", timeline, "--at", "0", "-o", "s.png", "--size", size, "--overwrite"])
            .ok();
        let stream = probe(&folder.path("s.png")).remove(0);
        assert_eq!(format!("{}x{}", stream["width"], stream["height"]), size);
        rgb(&folder.path("s.png")).remove(0)
    };
    for fit in ["contain", "cover", "stretch"] {
        let fields = format!("seeds: [1, 2], duration: 1, fit: {fit}");
        folder.timeline(&format!("{fit}.ron"), model.to_str().unwrap(), &fields);
    }
    let plain = still("t.ron", "64x64");
    assert!(
        ["contain", "cover", "stretch"]
            .iter()
            .all(|fit| still(&format!("{fit}.ron"), "64x64") == plain)
    );

    // Wider by a half on either side: the image as it is, between black bars.
    let wide = still("contain.ron", "128x64");
    assert!(columns(&wide, 128, 32, 96) == plain);
    assert!(
        [(0, 32), (96, 128)]
            .iter()
            .all(|&(a, b)| columns(&wide, 128, a, b).iter().all(|&v| v == 0))
    );
    assert!(still("t.ron", "128x64") == wide, "contain is the default");
    let high = still("contain.ron", "64x128");
    let (bar, image) = (32 * 64 * 3, 64 * 64 * 3);
    assert!(high[bar..bar + image] == plain);
    assert!(high[..bar].iter().chain(&high[bar + image..]).all(|&v| v == 0));

    // Half as wide: the middle, at its own scale.
    assert!(still("cover.ron", "32x64") == columns(&plain, 64, 16, 48));
    // Stretched to twice the width, and two columns taken for one again.
    let stretched = still("stretch.ron", "128x64");
    let halved: Vec<u8> = stretched
        .chunks(6)
        .flat_map(|pair| {
            [0, 1, 2].map(|c| ((u16::from(pair[c]) + u16::from(pair[c + 3])) / 2) as u8)
        })
        .collect();
    let likeness = psnr(&halved, &plain);
    assert!(likeness > 35.0, "{likeness} dB");
}

#[test]
fn sizes_that_cannot_be() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1], duration: 1");
    for size in ["64", "64x", "0x64", "64x64x64", "2x-1", "99999x2", "axb"] {
        folder.run(&["t.ron", "-o", "a.mkv", "--size", size]).fails(64, "1920x1080");
    }
    folder.run(&["t.ron", "-o", "a.mp4", "--size", "65x64"]).fails(65, "odd");
    folder.run(&["t.ron", "-o", "a.mp4", "--preset", "av1", "--size", "32x32"]).fails(65, "32x32");
    assert_eq!(folder.files(), [""; 0]);
    folder.run(&["t.ron", "-o", "a.mkv", "--size", "65x63", "-q"]).ok();
}

#[test]
fn another_rate_keeps_the_tempo() {
    let folder = Folder::with(
        STYLEGAN2,
        "seeds: [1, 2], duration: 12, fps: 24, psi: [(at: 0, value: 0), (at: 11, value: 1)]",
    );
    for (rate, frames) in [("24", 12), ("48", 24), ("12", 6)] {
        folder.run(&["t.ron", "-o", &format!("{rate}/%d.png"), "-q", "--fps", rate]).ok();
        let prefix = format!("{rate}/");
        assert_eq!(folder.files().iter().filter(|name| name.starts_with(&prefix)).count(), frames);
    }
    for i in 0..12 {
        assert!(
            folder.read(&format!("24/{i}.png")) == folder.read(&format!("48/{}.png", 2 * i)),
            "frame {i}"
        );
    }
    for i in 0..6 {
        assert!(
            folder.read(&format!("12/{i}.png")) == folder.read(&format!("24/{}.png", 2 * i)),
            "frame {i}"
        );
    }
    folder.run(&["t.ron", "-o", "ntsc.mkv", "-q", "--fps", "29.97"]).ok();
    let stream = probe(&folder.path("ntsc.mkv")).remove(0);
    // Half a second: 14.985 frames.
    assert_eq!(
        (&stream["r_frame_rate"], &stream["nb_read_packets"]),
        (&"30000/1001".into(), &"15".into())
    );
    for rate in ["0", "-24", "fast", "1/0", "1001"] {
        folder.run(&["t.ron", "-o", "null:", &format!("--fps={rate}")]).fails(64, "frame rate");
    }
}
