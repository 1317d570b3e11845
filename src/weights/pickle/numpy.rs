//! NumPy's types of numbers.

use super::value::Value;

/// Bytes per number of a NumPy type.
pub(super) fn number_size(kind: [u8; 2]) -> Option<usize> {
    match &kind {
        b"f8" | b"i8" | b"u8" => Some(8),
        b"f4" | b"i4" | b"u4" => Some(4),
        b"f2" | b"i2" | b"u2" => Some(2),
        b"i1" | b"u1" | b"b1" => Some(1),
        _ => None,
    }
}

/// A NumPy number, if there are exactly its bytes (and its value fits an `i64`).
pub(super) fn number(kind: [u8; 2], bytes: &[u8]) -> Option<Value> {
    if bytes.len() != number_size(kind)? {
        return None;
    }
    let mut wide = [0; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let bits = u64::from_le_bytes(wide);
    let unused = 64 - 8 * bytes.len();
    Some(match (kind[0], bytes.len()) {
        (b'f', 8) => Value::Float(f64::from_bits(bits)),
        (b'f', 4) => Value::Float(f32::from_bits(bits as u32).into()),
        (b'f', _) => Value::Float(half::f16::from_bits(bits as u16).into()),
        (b'i', _) => Value::Int((bits << unused) as i64 >> unused),
        (b'u', _) => Value::Int(bits.try_into().ok()?),
        _ => Value::Bool(bits != 0),
    })
}
