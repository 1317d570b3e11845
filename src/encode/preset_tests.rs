use super::*;

fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_built_in_preset_is_read() {
    for name in Preset::names() {
        let preset = Preset::find(name).unwrap();
        assert_eq!(preset.name, name);
        assert!(preset.check_path(Path::new(&format!("a.{}", preset.extensions[0]))).is_ok());
    }
    assert_eq!(Preset::names().next(), Some(DEFAULT));
}

#[test]
fn depth_and_even_sides_follow_the_pixel_format() {
    let facts = |name| {
        let preset = Preset::find(name).unwrap();
        (preset.depth(), preset.even_width(), preset.even_height())
    };
    assert_eq!(facts("h264"), (Depth::U8, true, true));
    assert_eq!(facts("h265"), (Depth::U16, true, true));
    assert_eq!(facts("prores-422hq"), (Depth::U16, true, false));
    assert_eq!(facts("prores-4444"), (Depth::U16, false, false));
    assert_eq!(facts("ffv1"), (Depth::U8, false, false));
    assert_eq!(facts("png"), (Depth::U8, false, false));
    assert_eq!(facts("png16"), (Depth::U16, false, false));
    assert_eq!(facts("exr"), (Depth::F32, false, false));
    assert!(
        message(Preset::find("h264").unwrap().check_size(33, 34)).contains("even width, 33x34")
    );
    assert!(
        message(Preset::find("h264").unwrap().check_size(33, 35)).contains("even width and height")
    );
    assert!(Preset::find("prores-422hq").unwrap().check_size(32, 33).is_ok());
}

#[test]
fn an_unknown_name_is_told_the_nearest() {
    let error = Preset::find("h246").unwrap_err();
    assert_eq!(error.exit_code(), 64);
    assert!(error.to_string().contains("did you mean `h264`?"), "{error}");
}

#[test]
fn mistakes_in_a_file_have_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.ron");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        message(Preset::find(path.to_str().unwrap()))
    };
    let h264 = BUILT_IN[0].1;
    let line = 1 + h264.lines().position(|l| l.contains("codec:")).unwrap();
    let shown = read(&h264.replace("codec:", "kodec:"));
    assert!(shown.contains(&format!("my.ron:{line}:")) && shown.contains("kodec"), "{shown}");
    let shown = read(&h264.replace("yuv420p", "yuv420q"));
    assert!(shown.contains("did you mean `yuv420p`?"), "{shown}");
    let shown = read(&h264.replace("avc1", "avc"));
    assert!(shown.contains("four ASCII characters"), "{shown}");
    let shown = read(&h264.replace("\"mp4\", \"m4v\"", ""));
    assert!(shown.contains("no file extension"), "{shown}");
    let shown = read(&BUILT_IN[7].1.replace('8', "9"));
    assert!(shown.contains("8 or 16"), "{shown}");
    fs::remove_file(&path).unwrap();
    assert_eq!(Preset::find(path.to_str().unwrap()).unwrap_err().exit_code(), 66);
}

#[test]
fn the_extension_picks_and_checks() {
    let of = |path: &str| Preset::default_for(Path::new(path)).map(|p| p.name);
    assert_eq!(of("a.MP4").unwrap(), "h264");
    assert_eq!(of("a.mov").unwrap(), "prores-422hq");
    assert_eq!(of("a/%05d.png").unwrap(), "png");
    assert_eq!(of("null:").unwrap(), "h264");
    assert!(message(of("a.avi")).contains("`.mp4`"));
    let prores = Preset::find("prores-4444").unwrap();
    assert!(prores.check_path(Path::new("a.MOV")).is_ok());
    assert!(message(prores.check_path(Path::new("a.mp4"))).contains("`.mov`"));
}
