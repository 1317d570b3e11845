//! All parameters and buffers of a network under their names.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::module::{File, Module};
use crate::Result;
use crate::weights::pickle::{Id, Value};
use crate::weights::tensor::{Storage, Tensor};
use crate::weights::torch;

/// Submodules within submodules; the published networks have five levels.
const MAX_DEPTH: usize = 12;
/// The published networks have up to 400.
const MAX_TENSORS: usize = 8192;
/// Longest name of one module or tensor, bytes.
const MAX_NAME: usize = 64;

/// Visits every module once. Bounded whatever the file says: a module that is reached twice, names
/// that grow without end, tensors that together hold more than the file does are errors.
pub(super) fn tensors(file: File, network: Id) -> Result<BTreeMap<String, Tensor>> {
    let mut found =
        Found { file, tensors: BTreeMap::new(), storages: HashMap::new(), bytes: 0, numbers: 0 };
    let mut seen = HashSet::new();
    let mut waiting = vec![(network, String::new(), 0)];
    while let Some((id, name, depth)) = waiting.pop() {
        let module = Module::open(file, id, name)?;
        if !seen.insert(id) {
            return Err(module.invalid("is reached twice; expected every module in one place"));
        }
        if depth > MAX_DEPTH {
            return Err(module.invalid("lies deeper than the modules of any known network"));
        }
        for kind in ["_parameters", "_buffers"] {
            for &(key, value) in module.dict(kind)? {
                found.add(&module, key, value)?;
            }
        }
        for &(key, child) in module.dict("_modules")? {
            if !matches!(file.pickle.get(child), Value::None) {
                if waiting.len() == MAX_TENSORS {
                    return Err(module.invalid("has more submodules than any known network"));
                }
                waiting.push((child, path(&module, key)?, depth + 1));
            }
        }
    }
    Ok(found.tensors)
}

/// The path of what `key` names in a module.
fn path(module: &Module, key: Id) -> Result<String> {
    let plain = |name: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain)
    };
    match module.file.pickle.text(key).filter(plain) {
        Some(name) => Ok(module.path(name)),
        None => {
            let found = module.file.pickle.describe(key);
            Err(module.invalid(format_args!(
                "has {found} where the name of a tensor or submodule was expected"
            )))
        }
    }
}

struct Found<'a> {
    file: File<'a>,
    tensors: BTreeMap<String, Tensor>,
    /// Storages by the values that they were found in.
    storages: HashMap<Id, Storage>,
    /// Bytes of all storages.
    bytes: u64,
    /// Numbers of all tensors.
    numbers: u64,
}

impl Found<'_> {
    fn add(&mut self, module: &Module, key: Id, value: Id) -> Result<()> {
        let (source, pickle) = (self.file.source, self.file.pickle);
        let (at, args) = match *pickle.get(value) {
            Value::None => return Ok(()),
            Value::Tensor { at, args } => (at, args),
            _ => {
                let (name, found) = (path(module, key)?, pickle.describe(value));
                return Err(
                    module.invalid(format_args!("has {found} as `{name}`; expected a tensor"))
                );
            }
        };
        let name = path(module, key)?;
        let storage = self.storage(module, args)?;
        let tensor = torch::tensor(source, pickle, at, args, storage)?;
        self.numbers = self.numbers.saturating_add(tensor.numel() as u64);
        if self.tensors.len() == MAX_TENSORS {
            return Err(module.invalid("has more tensors than any known network"));
        }
        if self.numbers > source.len() {
            return Err(module.invalid("has more numbers in its tensors than the file has bytes"));
        }
        match self.tensors.insert(name, tensor) {
            None => Ok(()),
            Some(_) => Err(module
                .invalid(format_args!("has two tensors of the name {}", pickle.describe(key)))),
        }
    }

    fn storage(&mut self, module: &Module, args: Id) -> Result<Storage> {
        let pickle = self.file.pickle;
        let id = pickle.items(args).and_then(|args| args.first().copied());
        let Some((id, &Value::Storage(blob))) = id.map(|id| (id, pickle.get(id))) else {
            return Err(module.invalid("has a tensor without a storage"));
        };
        if let Some(&storage) = self.storages.get(&id) {
            return Ok(storage);
        }
        // Storages lie beside each other in the file, so more than it holds means that some bytes
        // are used over and over.
        self.bytes = self.bytes.saturating_add(blob.len);
        if self.bytes > self.file.source.len() {
            return Err(module.invalid("has storages that overlap"));
        }
        let storage = torch::storage(self.file.source, blob)?;
        self.storages.insert(id, storage);
        Ok(storage)
    }
}
