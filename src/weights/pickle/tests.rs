//! Every opcode and every global by hand.

use super::*;
use crate::weights::cursor::Cursor;
use crate::weights::source::Source;

use crate::weights::pickling::{self, bytes, call, dict, global, int, list, none, text, tuple};

fn read(dialect: Dialect, file: &[u8]) -> Result<String, String> {
    let source = Source::from_bytes("t", file.to_vec());
    let pickle = load(&mut Cursor::new(&source), dialect).map_err(|e| e.to_string())?;
    Ok(show(&source, &pickle, pickle.root))
}

/// A value the way Python writes it, more or less.
fn show(source: &Source, pickle: &Pickle, id: Id) -> String {
    let all =
        |ids: &[Id]| ids.iter().map(|&id| show(source, pickle, id)).collect::<Vec<_>>().join(", ");
    match pickle.get(id) {
        Value::Str { text, .. } => format!("'{text}'"),
        Value::LongStr(blob) => format!("text of {}", blob.len),
        Value::Long(blob) => format!("long {:x?}", blob.head(source, 99).unwrap()),
        Value::Float(value) => format!("{value:?}"),
        Value::Bytes(blob) => format!("{:?}", blob.head(source, 99).unwrap()),
        Value::Tuple(ids) => format!("({})", all(ids)),
        Value::List(ids) => format!("[{}]", all(ids)),
        Value::Set(ids) => format!("set({})", all(ids)),
        Value::Dict(entries) => {
            let entry = |&(key, value): &(Id, Id)| {
                format!("{}: {}", show(source, pickle, key), show(source, pickle, value))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Module { meta, .. } => format!("module {}", show(source, pickle, *meta)),
        Value::Tensor { args, .. } => format!("tensor {}", show(source, pickle, *args)),
        Value::Storage(blob) => format!("storage {:?}", blob.head(source, 99).unwrap()),
        Value::Persistent(name) => format!("persistent {}", show(source, pickle, *name)),
        Value::Dtype { kind, order } => {
            format!("dtype {}{}{}", *order as char, kind[0] as char, kind[1] as char)
        }
        Value::Array { .. } => format!("array {:?}", pickle.numbers(source, id)),
        _ => pickle.describe(id),
    }
}

fn network(body: Vec<u8>) -> Result<String, String> {
    read(Dialect::Network, &pickling::pickle(body))
}

#[test]
fn every_opcode_leaves_its_value() {
    let long_text = [b"X\xD0\x07\0\0", &[b'x'; 2000][..]].concat();
    let cases: [(&[u8], &str); 43] = [
        (b"N", "None"),
        (b"\x88", "True"),
        (b"\x89", "False"),
        (b"K\xFF", "255"),
        (b"M\x01\x80", "32769"),
        (b"J\xFE\xFF\xFF\xFF", "-2"),
        (b"\x8A\x00", "0"),
        (b"\x8A\x01\xFF", "-1"),
        (b"\x8A\x02\xFF\x00", "255"),
        (b"\x8A\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01", "long [0, 0, 0, 0, 0, 0, 0, 0, 1]"),
        (b"\x8B\x03\x00\x00\x00\x00\x00\x80", "-8388608"),
        (b"G\x3F\xF8\0\0\0\0\0\0", "1.5"),
        ("X\x03\0\0\0a\u{e4}".as_bytes(), "'aä'"),
        (b"\x8C\x02ab", "'ab'"),
        (b"\x8D\x02\0\0\0\0\0\0\0ab", "'ab'"),
        (&long_text, "text of 2000"),
        (b"B\x02\0\0\0\x01\xFF", "[1, 255]"),
        (b"C\x01\x07", "[7]"),
        (b"\x8E\x02\0\0\0\0\0\0\0\x01\x02", "[1, 2]"),
        (b"\x96\x02\0\0\0\0\0\0\0\x01\x02", "[1, 2]"),
        (b")", "()"),
        (b"]", "[]"),
        (b"}", "{}"),
        (b"\x8F", "set()"),
        (b"K\x01\x85", "(1)"),
        (b"K\x01K\x02\x86", "(1, 2)"),
        (b"K\x01K\x02K\x03\x87", "(1, 2, 3)"),
        (b"(K\x01K\x02K\x03K\x04t", "(1, 2, 3, 4)"),
        (b"(K\x01K\x02l", "[1, 2]"),
        (b"(K\x01K\x02d", "{1: 2}"),
        (b"(K\x01K\x02\x91", "set(1, 2)"),
        (b"]K\x01a(K\x02K\x03e", "[1, 2, 3]"),
        (b"}K\x01K\x02s(K\x03K\x04K\x05K\x06u", "{1: 2, 3: 4, 5: 6}"),
        (b"\x8F(K\x01K\x02\x90", "set(1, 2)"),
        (b"K\x01K\x020", "1"),
        (b"K\x01(0", "1"),
        (b"K\x01(K\x02K\x031", "1"),
        (b"(K\x012t", "(1, 1)"),
        (b"(K\x01q\x05K\x02r\x00\x01\0\0h\x05j\x00\x01\0\0t", "(1, 2, 1, 2)"),
        (b"(K\x01\x94K\x02\x94h\x01h\x00t", "(1, 2, 2, 1)"),
        (b"\x95\x01\0\0\0\0\0\0\0N", "None"),
        (b"\x80\x05N", "None"),
        (b"\x8C\x05numpy\x8C\x05dtype\x93", "the name `numpy.dtype`"),
    ];
    for (body, expected) in cases {
        assert_eq!(network(body.to_vec()).as_deref(), Ok(expected), "{body:x?}");
    }
}

#[test]
fn every_global_has_its_meaning() {
    let latin1 = |s: &str| call("_codecs", "encode", &[text(s), text("latin1")]);
    let dtype = |kind: &str, order: &str| {
        let state = [int(3), text(order), none(), none(), none(), int(-1), int(-1), int(0)];
        [
            call("numpy", "dtype", &[text(kind), b"\x89".to_vec(), b"\x88".to_vec()]),
            tuple(&state),
            b"b".to_vec(),
        ]
        .concat()
    };
    let scalar =
        |room: &str, kind, raw: &[u8]| call(room, "scalar", &[dtype(kind, "<"), bytes(raw)]);
    let array = |room: &str, kind, shape: &[i32], raw: Vec<u8>| {
        let made = [global("numpy", "ndarray"), tuple(&[int(0)]), bytes(b"b")];
        let shape: Vec<_> = shape.iter().map(|&n| int(n)).collect();
        let state = tuple(&[int(1), tuple(&shape), dtype(kind, "<"), b"\x89".to_vec(), raw]);
        [call(room, "_reconstruct", &made), state, b"b".to_vec()].concat()
    };
    let new = |module, name| [global(module, name), b")\x81".to_vec()].concat();
    let storage = || call("torch.storage", "_load_from_bytes", &[bytes(b"z")]);
    let shaped = |storage| {
        let args = [storage, int(0), tuple(&[int(1)]), tuple(&[int(1)]), b"\x89".to_vec(), none()];
        call("torch._utils", "_rebuild_tensor_v2", &args)
    };
    let tensor = "tensor (storage [122], 0, (1), (1), False, None)";
    let (old, new_name) = ("numpy.core.multiarray", "numpy._core.multiarray");
    let cases = [
        (latin1("\u{0}a\u{7f}\u{80}\u{e9}\u{ff}"), "[0, 97, 127, 128, 233, 255]"),
        (latin1(&"\u{ff}".repeat(600)), &*format!("{:?}", [255; 99])),
        (dtype("f8", "<"), "dtype <f8"),
        (dtype("b1", "|"), "dtype |b1"),
        (scalar(old, "f8", &1.25f64.to_le_bytes()), "1.25"),
        (scalar(new_name, "f4", &0.5f32.to_le_bytes()), "0.5"),
        (scalar(old, "f2", &[0x00, 0xBC]), "-1.0"),
        (scalar(old, "i8", &(-7i64).to_le_bytes()), "-7"),
        (scalar(old, "i2", &[0xFE, 0xFF]), "-2"),
        (scalar(old, "u4", &[0xFF; 4]), "4294967295"),
        (scalar(old, "b1", &[1]), "True"),
        (call(old, "scalar", &[dtype("f8", "<"), latin1("\0\0\0\0\0\0\u{f8}?")]), "1.5"),
        (
            array(old, "i8", &[2], bytes(&[36, 0, 0, 0, 0, 0, 0, 0, 52, 0, 0, 0, 0, 0, 0, 0])),
            "array Some([36.0, 52.0])",
        ),
        (array(new_name, "i1", &[2, 1], latin1("\u{ff}\u{1}")), "array Some([-1.0, 1.0])"),
        (call("collections", "OrderedDict", &[]), "{}"),
        (
            [call("dnnlib.util", "EasyDict", &[]), text("a"), int(1), b"s".to_vec()].concat(),
            "{'a': 1}",
        ),
        (new("dnnlib.util", "EasyDict"), "{}"),
        (call("__builtin__", "set", &[list(&[int(1), int(2)])]), "set(1, 2)"),
        (call("builtins", "set", &[list(&[])]), "set()"),
        (storage(), "storage [122]"),
        (shaped(storage()), tensor),
        (
            call(
                "torch._utils",
                "_rebuild_parameter",
                &[shaped(storage()), b"\x88".to_vec(), none()],
            ),
            tensor,
        ),
        (
            call(
                "torch_utils.persistence",
                "_reconstruct_persistent_obj",
                &[dict(&[("a", int(1))])],
            ),
            "module {'a': 1}",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(network(body).as_deref(), Ok(expected));
    }
}

#[test]
fn what_is_not_data_is_refused_by_name() {
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (call("os", "system", &[text("true")]), "`os.system`"),
        (global("builtins", "eval"), "`builtins.eval`"),
        (b"\x8C\x02os\x8C\x06system\x93".to_vec(), "`os.system`"),
        (global("dnnlib.tflib.network", "Network"), "TensorFlow"),
        (global("torch", "FloatStorage"), "`torch.FloatStorage`"),
        (b"\x8C\x02osK\x01\x93".to_vec(), "STACK_GLOBAL"),
        (b"NN\x86R".to_vec(), "more values"),
        (b"N)R".to_vec(), "a call of None"),
        ([global("numpy", "dtype"), b"]R".to_vec()].concat(), "on a list"),
        ([call("collections", "OrderedDict", &[]), b")R".to_vec()].concat(), "a call of a dict"),
        (call("collections", "OrderedDict", &[list(&[])]), "called on (a list)"),
        (call("_codecs", "encode", &[text("a"), text("rot13")]), "`_codecs.encode`"),
        (call("numpy", "dtype", &[text("O8"), b"\x89".to_vec(), b"\x88".to_vec()]), "`O8`"),
        (call("numpy", "ndarray", &[int(3)]), "`numpy.ndarray`"),
        (
            call("torch._utils", "_rebuild_parameter", &[int(1), none(), none()]),
            "_rebuild_parameter",
        ),
        (call("torch.storage", "_load_from_bytes", &[text("a")]), "_load_from_bytes"),
        ([global("numpy", "ndarray"), b")\x81".to_vec()].concat(), "`numpy.ndarray`"),
        (
            [global("dnnlib.util", "EasyDict"), tuple(&[int(1)]), b"\x81".to_vec()].concat(),
            "EasyDict",
        ),
        (b"})\x81".to_vec(), "an object made of a dict"),
        (b"}}b".to_vec(), "a state (a dict) for a dict"),
        (b"))Q".to_vec(), "BINPERSID"),
        (b"I1\n".to_vec(), "INT"),
        (b"(ios\nsystem\n".to_vec(), "INST"),
        (b"}))\x92".to_vec(), "NEWOBJ_EX"),
        (b"\x82\x01".to_vec(), "EXT1"),
        (b"\x97".to_vec(), "NEXT_BUFFER"),
        (b"\xFF".to_vec(), "0xff is no opcode"),
    ];
    for (body, expected) in cases {
        let message = network(body.clone()).unwrap_err();
        assert!(message.contains(expected) && message.contains("byte "), "{body:x?}: {message}");
    }
    for body in [
        call("_codecs", "encode", &[text("a"), text("latin1")]),
        b"})\x81".to_vec(),
        b"}}b".to_vec(),
    ] {
        assert!(read(Dialect::Storage, &pickling::pickle(body)).is_err());
    }
}

#[test]
fn a_pickle_that_does_not_hold_together_is_refused_with_its_place() {
    let cases: &[(&[u8], &str)] = &[
        (b"\x80\x02", "byte 2: the file ends too early"),
        (b"\x80\x02.", "byte 2: an opcode that needs more values"),
        (b"\x80\x06N.", "protocol 6"),
        (b"N.", "0x4e where a pickle"),
        (b"\x80\x02(N(.", "needs more values"),
        (b"\x80\x02t.", "needs more values"),
        (b"\x80\x02N(\x85.", "needs more values"),
        (b"\x80\x02h\x07.", "remembered under 7"),
        (b"\x80\x02NNa.", "appended to None"),
        (b"\x80\x02]NNs.", "set in a list"),
        (b"\x80\x02}(Nu.", "a key without a value"),
        (b"\x80\x02](N\x90.", "added to a list"),
        (b"\x80\x02X\xFF\xFF\xFF\x7Fab.", "ends too early"),
        (b"\x80\x02\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFab.", "ends too early"),
        (b"\x80\x02\x8E\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7Fab.", "ends too early"),
        (b"\x80\x02\x95\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFab.", "ends too early"),
        (b"\x80\x02\x8B\xFF\xFF\xFF\xFFab.", "ends too early"),
        (b"\x80\x02X\x01\0\0\0\xFF.", "not UTF-8"),
    ];
    for (file, expected) in cases {
        let message = read(Dialect::Network, file).unwrap_err();
        assert!(
            message.contains(expected) && message.contains("`t`, byte "),
            "{file:x?}: {message}"
        );
    }
    let endless = [b"\x80\x02c", &[b'a'; 5000][..]].concat();
    assert!(read(Dialect::Network, &endless).unwrap_err().contains("does not end"));
}

#[test]
fn cycles_and_depth_are_harmless() {
    // A list that holds itself, and a tuple in a list that it holds.
    for body in
        [&b"\x80\x02]q\x00h\x00a."[..], b"\x80\x02]q\x00h\x00\x85a.", b"\x80\x02}q\x00h\x00h\x00s."]
    {
        let source = Source::from_bytes("t", body.to_vec());
        load(&mut Cursor::new(&source), Dialect::Network).unwrap();
    }
    // Tuples in each other; then one more than the budget allows.
    for (depth, fits) in [(200_000, true), (1_000_000, false)] {
        let file = [b"\x80\x02N", &vec![0x85; depth][..], b"."].concat();
        let source = Source::from_bytes("t", file);
        assert_eq!(load(&mut Cursor::new(&source), Dialect::Network).is_ok(), fits, "{depth}");
    }
}
