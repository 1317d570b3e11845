//! Network files against the reference figures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use half::f16;
use safetensors::{Dtype, SafeTensors};
use sg3render::network::{Config, StyleGan2Config, StyleGan3Config};
use sg3render::weights::{Contents, Format, NetworkFile, Part, Source, import, write};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Shape and float32 bits of every tensor whose name begins with `prefix`, which is cut off.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<u32>)>;

fn reference(file: &str, prefix: &str) -> Tensors {
    let bytes = fs::read(golden(file)).unwrap();
    let all = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = |name: &str| {
        let view = all.tensor(name).unwrap();
        let numbers = |size: usize| view.data().chunks_exact(size);
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => numbers(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
            Dtype::F64 => {
                numbers(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()) as f32).collect()
            }
            Dtype::F16 => {
                numbers(2).map(|b| f16::from_le_bytes(b.try_into().unwrap()).to_f32()).collect()
            }
            Dtype::I64 => {
                numbers(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f32).collect()
            }
            other => panic!("{name}: {other:?}"),
        };
        (view.shape().to_vec(), values.into_iter().map(f32::to_bits).collect())
    };
    let names = all
        .names()
        .into_iter()
        .filter_map(|name| Some((name.strip_prefix(prefix)?.to_owned(), tensor(name))));
    let tensors: Tensors = names.collect();
    assert!(!tensors.is_empty());
    tensors
}

fn found(network: &NetworkFile) -> Tensors {
    let bits = |name: &str| network.read_f32(name).unwrap().into_iter().map(f32::to_bits).collect();
    network
        .tensors()
        .map(|(name, shape, _)| (name.to_owned(), (shape.to_vec(), bits(name))))
        .collect()
}

fn assert_equal(found: &Tensors, expected: &Tensors) {
    let names = |tensors: &Tensors| tensors.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    for (name, tensor) in found {
        assert!(*tensor == expected[name], "{name}");
    }
}

/// Each tiny pickle, its reference file and its configuration.
fn tiny() -> [(&'static str, &'static str, Config); 4] {
    let common = StyleGan3Config {
        z_dim: 64,
        w_dim: 64,
        img_resolution: 64,
        channel_base: 1024,
        channel_max: 32,
        ..StyleGan3Config::default()
    };
    let radial = StyleGan3Config {
        channel_base: 2048,
        channel_max: 64,
        conv_kernel: 1,
        use_radial_filters: true,
        ..common.clone()
    };
    let conditional = StyleGan3Config { c_dim: 5, ..common.clone() };
    let baseline = StyleGan2Config {
        z_dim: 64,
        w_dim: 64,
        img_resolution: 64,
        channel_base: 1024,
        channel_max: 32,
        num_fp16_res: 4,
        conv_clamp: Some(256.0),
        ..StyleGan2Config::default()
    };
    [
        ("stylegan3-t-tiny.pkl", "generator-t.safetensors", Config::StyleGan3(common)),
        ("stylegan3-r-tiny.pkl", "generator-r.safetensors", Config::StyleGan3(radial)),
        (
            "stylegan3-t-cond-tiny.pkl",
            "generator-t-cond.safetensors",
            Config::StyleGan3(conditional),
        ),
        ("stylegan2-tiny.pkl", "generator-stylegan2.safetensors", Config::StyleGan2(baseline)),
    ]
}

#[test]
fn tiny_pickles_hold_the_reference_tensors_and_configurations() {
    for (pickle, tensors, config) in tiny() {
        let expected = reference(tensors, "G.");
        for part in [Part::GEma, Part::G] {
            let network = NetworkFile::open(&golden(pickle), part).unwrap();
            assert_eq!(*network.config().unwrap(), config, "{pickle}");
            assert_equal(&found(&network), &expected);
            assert_eq!(network.facts().format, Format::Pickle);
            assert_eq!(network.facts().parts, Part::ALL);
        }
        let discriminator = NetworkFile::open(&golden(pickle), Part::D).unwrap();
        assert!(discriminator.shape("b4.out.weight").is_some(), "{pickle}");
    }
    let alias_free = NetworkFile::open(&golden("stylegan3-t-tiny.pkl"), Part::GEma).unwrap();
    assert_eq!(alias_free.facts().ignored, ["magnitude_ema_beta"]);
}

#[test]
fn odd_but_legal_pickles_hold_the_reference_tensors() {
    for pickle in ["variant-protocol2.pkl", "variant-protocol5.pkl"] {
        for (part, prefix) in [(Part::GEma, "G_ema."), (Part::G, "G."), (Part::D, "D.")] {
            let network = NetworkFile::open(&golden(pickle), part).unwrap();
            assert_equal(&found(&network), &reference("variant.safetensors", prefix));
        }
    }
}

#[test]
fn an_imported_network_reads_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let pickles = tiny().map(|(pickle, ..)| pickle).into_iter().chain(["variant-protocol2.pkl"]);
    for (i, pickle) in pickles.enumerate() {
        for part in Part::ALL {
            let out = folder.path().join(format!("{i}-{part}.safetensors"));
            let source = import(&golden(pickle), &out, part, false, false).unwrap();
            let network = NetworkFile::open(&out, part).unwrap();
            assert_equal(&found(&network), &found(&source));
            assert_eq!(network.config().ok(), source.config().ok());
            assert_eq!((network.facts().format, network.facts().part), (Format::Safetensors, part));
            let origin = network.facts().origin.clone().unwrap();
            assert_eq!((origin.name.as_str(), origin.sha256), (pickle, source.sha256().unwrap()));

            // The same bytes again, and a copy of the copy is the copy.
            let bytes = fs::read(&out).unwrap();
            let again = folder.path().join("again.safetensors");
            import(&golden(pickle), &again, part, false, true).unwrap();
            assert_eq!(fs::read(&again).unwrap(), bytes);
            import(&out, &again, part, false, true).unwrap();
            assert_eq!(fs::read(&again).unwrap(), bytes);
            assert!(SafeTensors::deserialize(&bytes).is_ok());
        }
    }
    // Asked for nothing in particular, a file of `G` gives `G`, but not a discriminator.
    let open = |name: &str, part| NetworkFile::open(&folder.path().join(name), part);
    assert_eq!(open("0-G.safetensors", Part::GEma).unwrap().facts().part, Part::G);
    let message = open("0-D.safetensors", Part::GEma).unwrap_err().to_string();
    assert!(message.contains("has no `G_ema`, only `D`"), "{message}");
    assert!(open("0-G_ema.safetensors", Part::G).is_err());
}

#[test]
fn half_a_file_has_rounded_weights_and_all_else_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for (pickle, ..) in tiny() {
        let [whole, half] = ["whole", "half"].map(|name| folder.path().join(name));
        import(&golden(pickle), &whole, Part::GEma, false, true).unwrap();
        import(&golden(pickle), &half, Part::GEma, true, true).unwrap();
        let size = |path: &Path| fs::metadata(path).unwrap().len() as f64;
        assert!(size(&half) < 0.6 * size(&whole), "{pickle}");
        let bytes = fs::read(&half).unwrap();
        let stored = SafeTensors::deserialize(&bytes).unwrap();
        let [half, whole] = [half, whole].map(|path| NetworkFile::open(&path, Part::GEma).unwrap());
        for (name, ..) in whole.tensors() {
            let (given, found) = (whole.read_f32(name).unwrap(), half.read_f32(name).unwrap());
            let is_weight = name.ends_with(".weight");
            let dtype = if is_weight { Dtype::F16 } else { Dtype::F32 };
            assert_eq!(stored.tensor(name).unwrap().dtype(), dtype, "{name}");
            // Eleven bits, from 2^-14 on.
            let close = |a: f32, b: f32| (a - b).abs() <= (a.abs() / 2048.0).max(3e-8);
            let equal = |a: f32, b: f32| if is_weight { close(a, b) } else { a == b };
            assert!(given.iter().zip(&found).all(|(&a, &b)| equal(a, b)), "{pickle} {name}");
        }
    }
}

#[test]
fn the_hash_is_sha256() {
    let file = NetworkFile::open(&golden("stylegan3-t-tiny.pkl"), Part::GEma).unwrap();
    // By `sha256sum`.
    assert_eq!(
        file.sha256().unwrap(),
        "c6773e2ae0455ebc1a6738bdc7839df2c18c4704ffad56ef83347555b0f83e83"
    );
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (golden("stylegan3-t-tiny.pkl"), folder.path().join("net.safetensors"));
    let listing = || {
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    fs::write(&out, "old").unwrap();
    let error = import(&source, &out, Part::GEma, false, false).unwrap_err();
    assert_eq!((error.exit_code(), fs::read(&out).unwrap()), (64, b"old".to_vec()));
    assert!(error.to_string().contains("--overwrite"));

    // Too few numbers, and an error half-way.
    let contents = |half| Contents {
        parts: &[Part::D],
        shapes: BTreeMap::from([("a.weight".to_owned(), vec![2, 3])]),
        half,
        ..Contents::default()
    };
    for count in [0, 5, 7] {
        let short = write(&out, contents(false), true, |_, numbers| numbers(&vec![1.0; count]));
        assert_eq!(short.unwrap_err().exit_code(), 65);
    }
    let large = write(&out, contents(true), true, |_, numbers| numbers(&[65520.0; 6])).unwrap_err();
    assert!(large.to_string().contains("65520") && large.exit_code() == 65, "{large}");
    let interrupted = write(&out, contents(false), true, |_, numbers| {
        numbers(&[1.0])?;
        Err(sg3render::Error::Interrupted)
    });
    assert_eq!(interrupted.unwrap_err().exit_code(), 130);
    assert_eq!(
        (listing(), fs::read(&out).unwrap()),
        (vec!["net.safetensors".into()], b"old".to_vec())
    );

    import(&source, &out, Part::GEma, false, true).unwrap();
    assert_eq!(listing(), ["net.safetensors"]);
    let nowhere =
        import(&source, &folder.path().join("no/net.safetensors"), Part::GEma, false, false)
            .unwrap_err();
    assert_eq!(nowhere.exit_code(), 75);
    let nameless = import(&source, Path::new("/"), Part::GEma, false, true).unwrap_err();
    assert_eq!(nameless.exit_code(), 64);
}

fn refusal(bytes: Vec<u8>) -> String {
    let error = NetworkFile::from_source(Source::from_bytes("t", bytes), Part::GEma).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    error.to_string()
}

#[test]
fn another_kind_of_file_is_told_apart() {
    let old = b"\x80\x04\x8c\x14dnnlib.tflib.network\x8c\x07Network\x93.";
    let torch = b"\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.";
    let cases: [(&[u8], &str); 13] = [
        (b"", "is empty"),
        (b"PK\x03\x04____________archive/data.pkl", "torch checkpoint"),
        (b"PK\x03\x04____________00000/img.png", "zip archive"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xFF\xD8\xFF\xE0", "JPEG"),
        (b"\x1F\x8B\x08", "gzip"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"<!DOCTYPE html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"(dp0\n.", "protocol 0 or 1"),
        (b"hello", "no network file"),
        (old, "TensorFlow"),
        (torch, "torch checkpoint"),
    ];
    for (bytes, expected) in cases {
        let message = refusal(bytes.to_vec());
        assert!(message.contains(expected), "{message}");
    }
    let missing = NetworkFile::open(Path::new("no-such.pkl"), Part::GEma).unwrap_err();
    assert_eq!(missing.exit_code(), 66);
    let folder = NetworkFile::open(Path::new(env!("CARGO_MANIFEST_DIR")), Part::GEma).unwrap_err();
    assert!(folder.to_string().contains("not a regular file"));
}

#[test]
fn a_wrong_file_of_our_own_is_refused() {
    let shapes = BTreeMap::from([("a".to_owned(), vec![1])]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.safetensors");
    let config = Config::StyleGan3(StyleGan3Config::default());
    let contents =
        Contents { parts: &[Part::GEma], config: Some(&config), shapes, ..Contents::default() };
    write(&out, contents, false, |_, numbers| numbers(&[1.0])).unwrap();
    let good = fs::read(&out).unwrap();
    assert!(NetworkFile::open(&out, Part::GEma).is_ok());
    // Replaced by something of the same length, so that the header stays as long.
    let patch = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = good.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        [&good[..at], to.as_bytes(), &good[at + from.len()..]].concat()
    };
    for (bytes, expected) in [
        (patch("\"F32\"", "\"U32\""), "expected F32"),
        (patch("[0,4]", "[1,5]"), "header is wrong"),
        (patch("[0,4]", "[4,0]"), "header is wrong"),
        (patch("[1]", "[2]"), "header is wrong"),
        (patch("format\":\"1\"", "format\":\"2\""), "of format 2"),
        (patch("sg3render.format", "sg3render.fromat"), "sg3render import"),
        (patch("G_ema", "G_emb"), "which network"),
        (patch("sg3render.config", "sg3render.cnofig"), "without its configuration"),
        (patch("num_layers\\\":14", "num_layers\\\":-1"), "wrong configuration"),
        (patch("img_resolution\\\":256", "img_resolution\\\":255"), "power of two"),
        ([&good[..], b"x"].concat(), "copy the file again"),
        (good[..good.len() - 1].to_vec(), "copy the file again"),
        (good[..100].to_vec(), "ends too early"),
        ([&good[..4], &[0xFF], &good[5..]].concat(), "a header of"),
    ] {
        let message = refusal(bytes);
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

/// A golden pickle with the first `from` after `after` replaced.
fn patched(file: &str, after: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let bytes = fs::read(golden(file)).unwrap();
    let find = |needle: &[u8], start: usize| {
        let found = bytes[start..].windows(needle.len()).position(|window| window == needle);
        start + found.unwrap_or_else(|| panic!("{needle:?}"))
    };
    let at = find(from, find(after, 0));
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn a_pickle_that_contradicts_itself_or_asks_for_more_is_refused() {
    let (t, baseline) = ("stylegan3-t-tiny.pkl", "stylegan2-tiny.pkl");
    // The end of the generator's constructor arguments, and of the generator.
    let end = &b"uuu\x85\x94R\x94\x8c\x01D"[..];
    let extra = |more: &[u8]| [more, end].concat();
    for (bytes, expected) in [
        (
            patched(t, b"output_scale", &0.25f64.to_be_bytes(), &0.5f64.to_be_bytes()),
            &["`synthesis.output_scale` is 0.5", "0.25"][..],
        ),
        (patched(t, b"margin_size", b"K\x0A", b"K\x0B"), &["`synthesis.margin_size` is 11", "10"]),
        (patched(t, b"img_resolution", b"K@", b"K "), &["img_resolution` is 32", "64"]),
        (patched(t, b"conv_clamp", b"M\x00\x01", b"M\x00\x02"), &["conv_clamp` is 512", "256"]),
        (
            patched(t, b"bandwidth", &2f64.to_le_bytes(), &3f64.to_le_bytes()),
            &["`synthesis.input.bandwidth` is 3", "be 2"],
        ),
        (
            patched(t, b"padding", b"K\x09K\x08", b"K\x08K\x09"),
            &["padding` is [8,9,9,8]", "[9,8,9,8]"],
        ),
        (patched(t, b"is_torgb", b"\x89", b"\x88"), &["is_torgb` is true", "be false"]),
        (patched(t, b"L3_36_32", b"3_36_32", b"3_36_33"), &["L3_36_33"]),
        (patched(t, b"channel_max", b"channel_max", b"channel_mux"), &["channel_mux"]),
        (
            patched(t, b"G_ema", b"G_ema", b"G_emb"),
            &["has no `G_ema`, only `G` and `D`", "--network G"],
        ),
        (
            patched(t, b"layer_names", b"layer_names", b"layer_nomes"),
            &["layer_names", "block_resolutions"],
        ),
        (patched(baseline, b"skip", b"skip", b"orig"), &["architecture", "orig", "skip"]),
        (patched(baseline, b"use_noise", b"\x88", b"\x89"), &["use_noise` is false"]),
        (
            patched(baseline, end, end, &extra(b"\x8c\x0carchitecture\x8c\x06resnet")),
            &["architecture", "resnet"],
        ),
        (patched(baseline, end, end, &extra(b"\x8c\x09use_noise\x89")), &["use_noise", "false"]),
        (patched(baseline, end, end, &extra(b"\x8c\x0dlatent_flower\x88")), &["latent_flower"]),
        (
            patched(baseline, end, end, &extra(b"\x8c\x0cnum_fp16_resK\x02")),
            &["num_fp16_res` is 4", "be 2"],
        ),
        (
            patched(baseline, end, end, &extra(b"\x8c\x0aconv_clampN")),
            &["conv_clamp` is 256", "null"],
        ),
        (
            patched(baseline, end, end, &extra(b"\x8c\x0aconv_clampK\x00")),
            &["a wrong configuration", "`conv_clamp` is 0", "above 0"],
        ),
        (
            patched(baseline, end, end, &extra(b"\x8c\x0aconv_clamp\x8c\x01x")),
            &["conv_clamp", "\"x\""],
        ),
        (
            patched(
                baseline,
                end,
                end,
                &extra(b"\x8c\x10synthesis_kwargs}\x8c\x0cchannel_baseK\x05s"),
            ),
            &["channel_base", "5", "1024"],
        ),
        (
            patched(baseline, b"mapping_kwargs", b"K\x08s", b"K\x07s"),
            &["`mapping.num_layers` is 8", "be 7"],
        ),
    ] {
        let message = refusal(bytes);
        assert!(expected.iter().all(|part| message.contains(part)), "{expected:?}: {message}");
    }
}

#[test]
fn arguments_of_the_synthesis_may_stand_apart() {
    let file = "stylegan2-tiny.pkl";
    let end = &b"uuu\x85\x94R\x94\x8c\x01D"[..];
    let flat = &b"j\xff\x06\x00\x00M\x00\x04j\x00\x07\x00\x00K "[..];
    let more =
        b"\x8c\x0cnum_fp16_resK\x04\x8c\x0aconv_clampM\x00\x01\x8c\x12fp16_channels_last\x89";
    let apart = [&b"\x8c\x10synthesis_kwargs}("[..], flat, more, b"u", end].concat();
    let bytes = patched(file, flat, &[flat, end].concat(), &apart);
    let network = NetworkFile::from_source(Source::from_bytes("t", bytes), Part::GEma).unwrap();
    assert_eq!(
        network.config().unwrap(),
        NetworkFile::open(&golden(file), Part::GEma).unwrap().config().unwrap()
    );
    assert_eq!(network.facts().ignored, ["fp16_channels_last"]);
}
