//! Legacy torch files nested in a network pickle, and the tensors that view them.
//!
//! A nested file is three pickles (magic number, protocol version, facts about the system), a
//! pickle whose persistent id names a storage, a pickle with the list of keys, then for each key an
//! `i64` count and the raw little-endian numbers.

use std::collections::HashMap;

use super::blob::Blob;
use super::cursor::Cursor;
use super::dtype::DType;
use super::pickle::{self, Dialect, Global, Id, Pickle, Value};
use super::source::Source;
use super::tensor::{MAX_RANK, Storage, Tensor};
use crate::{Error, Result};

/// The first pickle of a legacy torch file: `0x1950a86a20f9469cfc6c`.
const MAGIC: [u8; 10] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19];
const PROTOCOL: i64 = 1001;
/// The pickles before the numbers must end within this many bytes; they need about 250.
const MAX_HEAD: usize = 1 << 14;
/// Most storages in one nested file; the published files have one.
const MAX_KEYS: usize = 16;

/// Whether a pickle is the first of a legacy torch file on its own, which is no network.
pub(crate) fn is_magic(source: &Source, pickle: &Pickle) -> bool {
    matches!(pickle.get(pickle.root), Value::Long(blob) if blob.head(source, 11).is_ok_and(|bytes| bytes == MAGIC))
}

/// Finds the numbers in a nested file. They are checked to be there and not read.
pub(crate) fn storage(source: &Source, blob: Blob) -> Result<Storage> {
    let head = Source::from_bytes("nested", blob.head(source, MAX_HEAD)?);
    let nested =
        |e: Error| source.invalid(blob.start, format_args!("in the torch file nested here: {e}"));
    let mut cursor = Cursor::new(&head);
    let (root, keys) = pickles(&mut cursor).map_err(nested)?;
    let wrong = |what: &str| source.invalid(blob.start, format_args!("a nested torch file {what}"));

    // What every key holds is told by the persistent ids, of which there may be several.
    let mut known = HashMap::new();
    for value in root.values() {
        if let &Value::Persistent(id) = value {
            let persistent = Persistent::read(&root, id)
                .ok_or_else(|| wrong("with an unknown persistent id"))?;
            if known
                .insert(persistent.key, persistent)
                .is_some_and(|other| !other.same_data(&persistent))
            {
                return Err(wrong("with two meanings of one key"));
            }
        }
    }
    let &Value::Persistent(id) = root.get(root.root) else {
        return Err(wrong("that holds no storage"));
    };
    let wanted =
        Persistent::read(&root, id).ok_or_else(|| wrong("with an unknown persistent id"))?;

    let len = blob.decoded_len(source)?;
    let mut at = cursor.at();
    let mut found = None;
    let list = keys.items(keys.root).unwrap_or_default();
    if list.len() > MAX_KEYS {
        return Err(wrong(&format!("of {} storages; expected one", list.len())));
    }
    for &key in list {
        let text = keys.text(key).unwrap_or_default();
        let here = known.get(text).ok_or_else(|| wrong("with a key that nothing names"))?;
        let mut count = Vec::with_capacity(8);
        blob.stream(source, at, 8, &mut |bytes| {
            count.extend_from_slice(bytes);
            Ok(())
        })?;
        let count = <[u8; 8]>::try_from(count)
            .map(i64::from_le_bytes)
            .ok()
            .and_then(|n| u64::try_from(n).ok());
        if count != Some(here.numel) {
            return Err(wrong(&format!(
                "that should hold {} numbers and says {count:?}",
                here.numel
            )));
        }
        let start = at + 8;
        let end = here
            .numel
            .checked_mul(here.dtype.size() as u64)
            .and_then(|size| start.checked_add(size));
        let end = end.filter(|&end| end <= len);
        let end = end.ok_or_else(|| {
            wrong(&format!("of {len} bytes that should hold {} numbers and cannot", here.numel))
        })?;
        if text == wanted.key {
            found = Some(Storage { dtype: here.dtype, numel: here.numel, blob, start });
        }
        at = end;
    }
    let whole = found.ok_or_else(|| wrong("without the numbers that it names"))?;
    let (first, numel) = wanted.view.unwrap_or((0, whole.numel));
    if first.checked_add(numel).is_none_or(|end| end > whole.numel) {
        return Err(wrong("with a view beyond its storage"));
    }
    Ok(Storage { numel, start: whole.start + first * whole.dtype.size() as u64, ..whole })
}

/// Reads the five pickles; the last two matter.
fn pickles(cursor: &mut Cursor) -> Result<(Pickle, Pickle)> {
    let source = cursor.source();
    let mut next = || pickle::load(cursor, Dialect::Storage);
    let magic = next()?;
    if !is_magic(source, &magic) {
        return Err(source.invalid(0, "no magic number of a torch file"));
    }
    let protocol = next()?;
    if protocol.integer(protocol.root) != Some(PROTOCOL) {
        let found = protocol.describe(protocol.root);
        return Err(source.invalid(0, format_args!("torch protocol {found}; expected {PROTOCOL}")));
    }
    let system = next()?;
    if !matches!(
        system.lookup(system.root, "little_endian").map(|id| system.get(id)),
        Some(Value::Bool(true))
    ) {
        return Err(source.invalid(0, "numbers that are not little-endian"));
    }
    Ok((next()?, next()?))
}

/// A persistent id: `('storage', class, key, location, numel, view)`.
#[derive(Clone, Copy)]
struct Persistent<'a> {
    dtype: DType,
    key: &'a str,
    /// Numbers of the whole storage.
    numel: u64,
    /// The first number and the count, of a part.
    view: Option<(u64, u64)>,
}

impl<'a> Persistent<'a> {
    fn read(pickle: &'a Pickle, id: Id) -> Option<Self> {
        let Value::Tuple(items) = pickle.get(id) else {
            return None;
        };
        let &[what, class, key, location, numel, view] = &**items else {
            return None;
        };
        let natural = |id| pickle.integer(id).and_then(|n| u64::try_from(n).ok());
        let &Value::Global(Global::Storage(dtype)) = pickle.get(class) else {
            return None;
        };
        (pickle.text(what)? == "storage").then_some(())?;
        pickle.text(location)?;
        let view = match (pickle.get(view), pickle.items(view)) {
            (Value::None, _) => None,
            (_, Some(&[_, first, count])) => Some((natural(first)?, natural(count)?)),
            _ => return None,
        };
        Some(Self { dtype, key: pickle.text(key)?, numel: natural(numel)?, view })
    }

    fn same_data(&self, other: &Self) -> bool {
        self.dtype == other.dtype && self.numel == other.numel
    }
}

/// The tensor that arguments of `_rebuild_tensor_v2` describe:
/// `(storage, offset, size, stride, requires_grad, hooks)`, `storage` being found already.
pub(crate) fn tensor(
    source: &Source,
    pickle: &Pickle,
    at: u64,
    args: Id,
    storage: Storage,
) -> Result<Tensor> {
    let natural = |id: &Id| pickle.integer(*id).and_then(|n| u64::try_from(n).ok());
    let list = |id: Id| {
        pickle.items(id)?.iter().take(MAX_RANK + 1).map(natural).collect::<Option<Vec<u64>>>()
    };
    let parts = pickle.items(args).and_then(|args| match args {
        &[_, offset, size, stride, ..] => {
            let sizes =
                list(size)?.into_iter().map(|n| usize::try_from(n).ok()).collect::<Option<_>>()?;
            Some((natural(&offset)?, sizes, list(stride)?))
        }
        _ => None,
    });
    let (offset, shape, stride) =
        parts.ok_or_else(|| source.invalid(at, "a tensor without offset, shape and strides"))?;
    Tensor::new(storage, offset, shape, stride).map_err(|message| source.invalid(at, message))
}
