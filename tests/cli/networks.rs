//! Networks of every kind and format, imported and rendered.

use super::tools::{CLASSES, Folder, NETWORKS, STYLEGAN2, T, pickle, psnr, rgb};

#[test]
fn an_imported_network_renders_the_same() {
    for (network, fields) in NETWORKS {
        let folder = Folder::with(network, fields);
        let source = pickle(network);
        let import = ["import", source.to_str().unwrap(), "-o", "net.safetensors"];
        let said = folder.run(&import).ok().stdout;
        assert!(
            said.starts_with("net.safetensors: StyleGAN") && said.ends_with(" parameters\n"),
            "{said}"
        );
        let before = folder.read("net.safetensors");
        folder.run(&import).fails(64, "--overwrite");
        folder.run(&[&import[..], &["--overwrite"]].concat()).ok();
        assert!(folder.read("net.safetensors") == before, "an import is the same every time");

        folder.timeline("imported.ron", "net.safetensors", fields);
        folder.run(&["t.ron", "-o", "a/%d.png", "--frames", "22-23", "-q"]).ok();
        folder.run(&["imported.ron", "-o", "b/%d.png", "--frames", "22-23", "-q"]).ok();
        for i in [22, 23] {
            assert!(
                folder.read(&format!("a/{i}.png")) == folder.read(&format!("b/{i}.png")),
                "{network}, frame {i}"
            );
        }
    }
}

#[test]
fn an_import_that_cannot_be_written() {
    let folder = Folder::new();
    let source = pickle(T);
    let source = source.to_str().unwrap();
    folder.run(&["import", source, "-o", "net.pkl"]).fails(64, "`.safetensors`");
    folder.run(&["import", source, "-o", "none/net.safetensors"]).fails(75, "none/net.safetensors");
    folder.run(&["import", "gone.pkl", "-o", "net.safetensors"]).fails(66, "`gone.pkl`");
    let full =
        format!("trap '' XFSZ; ulimit -f 64; exec \"$SG\" import '{source}' -o net.safetensors");
    folder.shell(&full).fails(75, "net.safetensors");
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn the_raw_network_is_another_one() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1], duration: 1");
    let source = pickle(STYLEGAN2);
    for part in ["G", "G_ema"] {
        let out = format!("{part}.safetensors");
        folder.run(&["import", source.to_str().unwrap(), "-o", &out, "--network", part]).ok();
        folder.timeline(&format!("{part}.ron"), &out, "seeds: [1], duration: 1");
        folder
            .run(&["still", &format!("{part}.ron"), "--at", "0", "-o", &format!("{part}.png")])
            .ok();
    }
    folder.run(&["still", "t.ron", "--at", "0", "-o", "pickle.png"]).ok();
    assert!(folder.read("G_ema.png") == folder.read("pickle.png"));
}

#[test]
fn stylegan2_has_no_camera() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1], duration: 2, camera: (rotate: 10)");
    let said =
        folder.run(&["t.ron", "-o", "a.mp4"]).fails(65, "`camera` needs an alias-free network");
    assert!(said.contains("t.ron:1:") && said.contains("^^^^^^"), "{said}");
    assert_eq!(folder.files(), [""; 0]);
    let folder = Folder::with(STYLEGAN2, "seeds: [1], duration: 2");
    folder.run(&["t.ron", "-o", "a.mp4", "-q"]).ok();
    assert_eq!(folder.files(), ["a.mp4"]);
}

#[test]
fn classes_blend() {
    let fields = |class: &str| format!("seeds: [1], duration: 5, {class}");
    let folder =
        Folder::with(CLASSES, &fields("class: [(at: 0, value: 0), (at: 4, value: {0: 1, 1: 3})]"));
    folder.run(&["t.ron", "-o", "blend/%d.png", "-q"]).ok();
    let model = pickle(CLASSES);
    for class in ["0", "1", "{0: 1, 1: 3}"] {
        folder.timeline("one.ron", model.to_str().unwrap(), &fields(&format!("class: {class}")));
        let out = format!("class{}.png", class.len() * 10 + usize::from(class == "1"));
        folder.run(&["still", "one.ron", "--at", "0", "-o", &out]).ok();
    }
    let pixels = |name: &str| rgb(&folder.path(name)).remove(0);
    let frames: Vec<_> = (0..5).map(|i| pixels(&format!("blend/{i}.png"))).collect();
    assert!(frames[0] == pixels("class10.png"), "it begins with class 0 alone");
    assert!(frames[4] == pixels("class120.png"), "it ends with the weights of its last key");
    assert!(frames[4] != pixels("class11.png"));
    let from_start: Vec<_> = frames[1..].iter().map(|frame| psnr(frame, &frames[0])).collect();
    assert!(from_start.is_sorted_by(|a, b| a > b), "it moves away step by step: {from_start:?} dB");

    folder.timeline("t.ron", model.to_str().unwrap(), "seeds: [1]");
    folder.run(&["t.ron", "-o", "null:"]).fails(65, "`class` is missing");
    folder.timeline("t.ron", model.to_str().unwrap(), "seeds: [1], class: 99");
    folder.run(&["t.ron", "-o", "null:"]).fails(65, "class 99 is out of range");
}

#[test]
fn the_built_in_network_renders() {
    let folder = Folder::new();
    folder.timeline("t.ron", "builtin:default", "seeds: [1, 2], duration: 48");
    folder.run(&["t.ron", "-o", "%d.png", "--frames", "0-1", "-q"]).ok();
    let frames = [0, 1].map(|i| rgb(&folder.path(&format!("{i}.png"))).remove(0));
    assert_eq!(frames[0].len(), 3 * 64 * 64);
    assert!(frames[0] != frames[1]);
    folder.timeline("t.ron", "builtin:defualt", "seeds: [1]");
    folder.run(&["t.ron", "-o", "null:"]).fails(65, "`defualt`");
}
