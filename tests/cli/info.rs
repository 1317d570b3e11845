//! `info`, as people and as programs read it.

use serde_json::Value;

use super::tools::{CLASSES, Folder, NETWORKS, R, STYLEGAN2, T, pickle};

fn info(folder: &Folder, file: &str) -> String {
    folder.run(&["info", file]).ok().stdout
}

#[test]
fn of_every_network_file() {
    let folder = Folder::new();
    for (network, _) in NETWORKS {
        std::fs::copy(pickle(network), folder.path(&format!("{network}.pkl"))).unwrap();
        insta::assert_snapshot!(network, info(&folder, &format!("{network}.pkl")));
    }
    folder.run(&["import", &format!("{T}.pkl"), "-o", "t.safetensors"]).ok();
    insta::assert_snapshot!("imported", info(&folder, "t.safetensors"));
    insta::assert_snapshot!("builtin", info(&folder, "builtin:untrained"));
}

#[test]
fn for_programs() {
    let folder = Folder::new();
    let info = |file: &str| -> Value {
        serde_json::from_str(&folder.run(&["info", file, "--json"]).ok().stdout).unwrap()
    };
    let of = |network: &str| info(pickle(network).to_str().unwrap());

    let t = of(T);
    assert_eq!(
        (&t["resolution"], &t["channels"], &t["classes"]),
        (&64.into(), &3.into(), &0.into())
    );
    assert_eq!((&t["z_dim"], &t["w_dim"], &t["num_ws"]), (&64.into(), &64.into(), &16.into()));
    assert_eq!(t["parameters"], 146_981);
    assert_eq!(t["file"]["format"], "pickle");
    assert_eq!(
        (&t["file"]["network"], &t["file"]["networks"]),
        (&"G_ema".into(), &serde_json::json!(["G_ema", "G", "D"]))
    );
    assert_eq!(t["file"]["sha256"].as_str().unwrap().len(), 64);
    let layers = t["table"]["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 15);
    assert_eq!((&layers[0]["name"], &layers[14]["out_channels"]), (&"L0_36_32".into(), &3.into()));

    assert_eq!(of(R)["config"]["conv_kernel"], 1);
    assert!(of(CLASSES)["classes"].as_u64().unwrap() > 0);
    let stylegan2 = of(STYLEGAN2);
    assert_eq!(stylegan2["kind"], "StyleGAN2");
    assert_eq!(stylegan2["table"]["blocks"].as_array().unwrap().last().unwrap()["resolution"], 64);

    folder.run(&["import", pickle(T).to_str().unwrap(), "-o", "t.safetensors"]).ok();
    let imported = info("t.safetensors");
    assert_eq!(imported["file"]["format"], "safetensors");
    assert_eq!(imported["file"]["source"]["sha256"], t["file"]["sha256"]);
    for same in ["kind", "config", "table", "parameters"] {
        assert_eq!(imported[same], t[same], "{same}");
    }
    assert_eq!(info("builtin:untrained")["file"]["format"], "built-in");
    let trained = info("builtin:default");
    assert_eq!(trained["file"]["format"], "safetensors");
    assert_eq!(trained["resolution"], 64);
}

#[test]
fn of_what_is_not_there() {
    let folder = Folder::new();
    folder.run(&["info", "gone.pkl"]).fails(66, "`gone.pkl`");
    folder.run(&["info", "builtin:gone"]).fails(66, "`gone`");
    folder.run(&["info", pickle(T).to_str().unwrap(), "--network", "D"]).fails(64, "`G_ema`");
}

#[test]
fn nobody_needs_to_read_it() {
    let folder = Folder::new();
    // A reader that closes early is no failure, a full disk is one. Neither is a panic.
    let run = folder.shell("{ \"$SG\" info builtin:default; echo $? >code; } | true; cat code");
    assert_eq!(run.stdout.trim(), "0", "{}", run.stderr);
    folder.shell("exec \"$SG\" info builtin:default >/dev/full").fails(75, "standard output");
    folder.shell("\"$SG\" info gone.pkl 2>/dev/full; test $? = 66").ok();
}
