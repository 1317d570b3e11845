//! Nested torch files and whole networks by hand.

use super::blob::Blob;
use super::*;

use super::pickling::*;

/// The numbers of a nested file, seen as one row.
fn numbers(file: &[u8]) -> Result<Vec<f32>> {
    let source = Source::from_bytes("t", file.to_vec());
    let storage =
        torch::storage(&source, Blob { start: 0, len: file.len() as u64, latin1: false })?;
    let row = Tensor::contiguous(storage, vec![storage.numel as usize]).map_err(Error::Invalid)?;
    assert_eq!(row.dtype(), storage.dtype);
    row.read_f32(&source)
}

#[test]
fn every_storage_type_is_read() {
    for (class, raw) in [
        ("FloatStorage", &[0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0][..]),
        ("DoubleStorage", &[0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0]),
        ("HalfStorage", &[0, 0x3E, 0, 0xC0]),
        ("BFloat16Storage", &[0xC0, 0x3F, 0, 0xC0]),
    ] {
        let file = nested(storage_id(class, "k", 2, none()), &[("k", 2, raw)]);
        assert_eq!(numbers(&file).unwrap(), [1.5, -2.0], "{class}");
    }
    for (class, raw, expected) in [
        ("LongStorage", &[0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF][..], -2.0),
        ("IntStorage", &[0xFE, 0xFF, 0xFF, 0xFF], -2.0),
        ("ShortStorage", &[0xFE, 0xFF], -2.0),
        ("CharStorage", &[0xFE], -2.0),
        ("ByteStorage", &[0xFE], 254.0),
        ("BoolStorage", &[1], 1.0),
    ] {
        let file = nested(storage_id(class, "k", 1, none()), &[("k", 1, raw)]);
        assert_eq!(numbers(&file).unwrap(), [expected], "{class}");
    }
}

#[test]
fn views_and_several_keys_find_their_numbers() {
    let view = tuple(&[text("v"), int(1), int(2)]);
    let file = nested(storage_id("ByteStorage", "k", 4, view), &[("k", 4, &[10, 11, 12, 13])]);
    assert_eq!(numbers(&file).unwrap(), [11.0, 12.0]);
    // Another storage is named first and thrown away; its numbers stand before the wanted ones.
    let other = storage_id("ShortStorage", "a", 2, none());
    let root = [other, b"0".to_vec(), storage_id("ByteStorage", "b", 3, none())].concat();
    let file = nested(root, &[("a", 2, &[1, 0, 2, 0]), ("b", 3, &[7, 8, 9])]);
    assert_eq!(numbers(&file).unwrap(), [7.0, 8.0, 9.0]);
}

#[test]
fn a_nested_file_that_lies_is_refused() {
    let id = |numel| storage_id("ByteStorage", "k", numel, none());
    let view = |first, count| {
        storage_id("ByteStorage", "k", 2, tuple(&[text("v"), int(first), int(count)]))
    };
    let two = &[("k", 2i64, &[1u8, 2][..])][..];
    let huge = [("k", i64::from(i32::MAX), &[1u8, 2][..])];
    for (file, expected) in [
        (nested(id(3), two), "should hold 3 numbers"),
        (nested(id(-1), two), "persistent id"),
        (nested(id(i32::MAX), &huge), "cannot"),
        (nested(view(1, 2), two), "beyond its storage"),
        (nested(view(-1, 2), two), "persistent id"),
        (nested(id(2), &[("other", 2, &[1, 2])]), "key that nothing names"),
        (nested(id(2), &[]), "without the numbers"),
        (nested([id(2), b"0".to_vec(), id(1)].concat(), two), "two meanings"),
        (nested(none(), two), "holds no storage"),
        (nested(storage_id("ComplexFloatStorage", "k", 2, none()), two), "ComplexFloatStorage"),
        (nested(global("os", "system"), two), "`os.system`"),
        (nested(call("collections", "OrderedDict", &[]), two), "OrderedDict"),
        (b"\x80\x02K\x01.".to_vec(), "magic"),
        (Vec::new(), "ends too early"),
        (floats(&[1.0])[..40].to_vec(), "ends too early"),
    ] {
        let message = numbers(&file).unwrap_err().to_string();
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

fn open(root: Vec<u8>, part: Part) -> Result<NetworkFile> {
    NetworkFile::from_source(Source::from_bytes("t", pickle(root)), part)
}

/// A discriminator with what is given, which needs no configuration.
fn discriminator(parameters: &[(&str, Vec<u8>)], modules: &[(&str, Vec<u8>)]) -> Vec<u8> {
    dict(&[("D", module(parameters, modules, &[]))])
}

#[test]
fn modules_become_names_and_nones_are_skipped() {
    let leaf = module(
        &[("bias", tensor(&floats(&[5.0, 6.0]), 1, &[1], &[1])), ("weight", none())],
        &[],
        &[],
    );
    let square = tensor(&floats(&[1.0, 2.0, 3.0, 4.0]), 0, &[2, 2], &[1, 2]);
    let root = discriminator(
        &[("w", square)],
        &[("b4", module(&[], &[("fc", leaf), ("embed", none())], &[]))],
    );
    let network = open(root, Part::D).unwrap();
    let names: Vec<_> = network.tensors().map(|(name, shape, _)| (name, shape.to_vec())).collect();
    assert_eq!(names, [("b4.fc.bias", vec![1]), ("w", vec![2, 2])]);
    assert_eq!(network.read_f32("b4.fc.bias").unwrap(), [6.0]);
    assert_eq!(network.read_f32("w").unwrap(), [1.0, 3.0, 2.0, 4.0]);
    assert!(network.read_f32("v").unwrap_err().to_string().contains("`v`"));
    assert!(network.config().is_err());
}

#[test]
fn a_network_that_is_not_a_tree_of_modules_is_refused() {
    let small = || tensor(&floats(&[1.0]), 0, &[1], &[1]);
    // The leaf is remembered; two parents hold it.
    let leaf = [module(&[("w", small())], &[], &[]), b"q\x00".to_vec()].concat();
    let shared = discriminator(&[], &[("a", leaf), ("b", b"h\x00".to_vec())]);
    // Each level holds the one below twice: 2^10 paths.
    let mut laughs = [module(&[("w", small())], &[], &[]), b"q\x00".to_vec()].concat();
    for _ in 0..10 {
        laughs = [module(&[], &[("a", laughs), ("b", b"h\x00".to_vec())], &[]), b"q\x00".to_vec()]
            .concat();
    }
    let mut deep = module(&[], &[], &[]);
    for _ in 0..50 {
        deep = module(&[], &[("m", deep)], &[]);
    }
    // The dict of submodules holds the module that it belongs to.
    let cycle = dict(&[
        ("_parameters", dict(&[])),
        ("_buffers", dict(&[])),
        ("_modules", b"}q\x00".to_vec()),
    ]);
    let cycle = [meta(6, cycle), b"q\x01h\x00(".to_vec(), text("m"), b"h\x01u0".to_vec()].concat();
    // A thousand tensors of one storage.
    let remembered = call("torch.storage", "_load_from_bytes", &[bytes(&floats(&[0.0; 640]))]);
    let sized = |storage: Vec<u8>, n| {
        let args = [storage, int(0), tuple(&[int(n)]), tuple(&[int(1)]), b"\x89".to_vec(), none()];
        call("torch._utils", "_rebuild_tensor_v2", &args)
    };
    let first = sized([remembered, b"q\x00".to_vec()].concat(), 640);
    let names: Vec<String> = (0..1000).map(|i| format!("t{i}")).collect();
    let mut repeated = vec![("first", first)];
    repeated.extend(names.iter().map(|name| (name.as_str(), sized(b"h\x00".to_vec(), 640))));
    for (root, expected) in [
        (shared, "reached twice"),
        (dict(&[("D", laughs)]), "reached twice"),
        (dict(&[("D", deep)]), "deeper"),
        (dict(&[("D", cycle)]), "reached twice"),
        (discriminator(&repeated, &[]), "more numbers in its tensors"),
        (discriminator(&[("a.b", small())], &[]), "`a.b`"),
        (discriminator(&[("a", small()), ("a", small())], &[]), "two tensors"),
        (discriminator(&[("a", int(1))], &[]), "has 1 as `a`"),
        (
            discriminator(&[("a", tensor(&floats(&[1.0]), 0, &[2], &[1]))], &[]),
            "does not fit its storage",
        ),
        (
            discriminator(&[("a", tensor(&floats(&[1.0]), 0, &[100], &[0]))], &[]),
            "does not fit its storage",
        ),
        (discriminator(&[("a", tensor(&floats(&[1.0]), -1, &[1], &[1]))], &[]), "without offset"),
        (discriminator(&[], &[("a", int(1))]), "expected a module"),
        (dict(&[("D", meta(7, dict(&[])))]), "version 7"),
        (dict(&[("D", meta(6, none()))]), "no attributes"),
        (dict(&[("D", meta(6, dict(&[])))]), "no dict `_parameters`"),
        (dict(&[("D", none())]), "holds no network"),
        (list(&[]), "holds a list"),
    ] {
        let error = open(root, Part::D).map(drop).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(expected), "{expected}: {message}");
        assert_eq!(error.exit_code(), 65);
    }
}
