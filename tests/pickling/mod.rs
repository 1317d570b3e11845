//! Writes pickles by hand, opcode by opcode, for tests.
#![allow(dead_code, reason = "each test program uses a part")]

/// A whole pickle of protocol 2 around what leaves one value.
pub fn pickle(body: Vec<u8>) -> Vec<u8> {
    [&[0x80, 2], &*body, b"."].concat()
}

pub fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

pub fn bytes(bytes: &[u8]) -> Vec<u8> {
    [b"B", &(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
}

pub fn int(value: i32) -> Vec<u8> {
    [b"J", &value.to_le_bytes()[..]].concat()
}

pub fn none() -> Vec<u8> {
    b"N".to_vec()
}

pub fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &*items.concat(), b"t"].concat()
}

pub fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [b"](", &*items.concat(), b"e"].concat()
}

pub fn dict(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> =
        entries.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [b"}(", &*items, b"u"].concat()
}

pub fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

pub fn call(module: &str, name: &str, args: &[Vec<u8>]) -> Vec<u8> {
    [global(module, name), tuple(args), b"R".to_vec()].concat()
}

/// A module with parameters, submodules and plain attributes.
pub fn module(
    parameters: &[(&str, Vec<u8>)],
    modules: &[(&str, Vec<u8>)],
    plain: &[(&str, Vec<u8>)],
) -> Vec<u8> {
    let mut state = vec![
        ("_parameters", dict(parameters)),
        ("_buffers", dict(&[])),
        ("_modules", dict(modules)),
    ];
    state.extend_from_slice(plain);
    meta(6, dict(&state))
}

/// The call that makes a module.
pub fn meta(version: i32, state: Vec<u8>) -> Vec<u8> {
    let entries = [
        ("type", text("class")),
        ("version", int(version)),
        ("class_name", text("M")),
        ("state", state),
    ];
    call("torch_utils.persistence", "_reconstruct_persistent_obj", &[dict(&entries)])
}

/// A tensor of a nested torch file.
pub fn tensor(nested: &[u8], offset: i32, shape: &[i32], stride: &[i32]) -> Vec<u8> {
    let sizes = |sizes: &[i32]| tuple(&sizes.iter().map(|&n| int(n)).collect::<Vec<_>>());
    let storage = call("torch.storage", "_load_from_bytes", &[bytes(nested)]);
    let args = [storage, int(offset), sizes(shape), sizes(stride), b"\x89".to_vec(), none()];
    call("torch._utils", "_rebuild_tensor_v2", &args)
}

/// The persistent id of a storage.
pub fn storage_id(class: &str, key: &str, numel: i32, view: Vec<u8>) -> Vec<u8> {
    let id = [text("storage"), global("torch", class), text(key), text("cpu"), int(numel), view];
    [tuple(&id), b"Q".to_vec()].concat()
}

/// A nested torch file: `root` as its fourth pickle, and the numbers' bytes by key.
pub fn nested(root: Vec<u8>, data: &[(&str, i64, &[u8])]) -> Vec<u8> {
    let magic =
        b"\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.\x80\x02M\xE9\x03.".to_vec();
    let system = pickle(dict(&[("little_endian", b"\x88".to_vec())]));
    let keys = pickle(list(&data.iter().map(|(key, ..)| text(key)).collect::<Vec<_>>()));
    let data =
        data.iter().flat_map(|(_, count, raw)| [&count.to_le_bytes()[..], raw].concat()).collect();
    [magic, system, pickle(root), keys, data].concat()
}

/// A nested file of float32.
pub fn floats(values: &[f32]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let count = values.len();
    nested(storage_id("FloatStorage", "k", count as i32, none()), &[("k", count as i64, &raw)])
}
