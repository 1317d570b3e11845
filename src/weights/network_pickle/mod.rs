//! Network pickles: from persistent objects to named tensors and a configuration.

mod arguments;
mod check;
mod config;
mod module;
mod walk;

use std::collections::BTreeMap;

use super::Part;
use super::cursor::Cursor;
use super::pickle::{self, Dialect, Value};
use super::source::Source;
use super::tensor::Tensor;
use super::torch;
use crate::Result;
use crate::network::Config;
use module::{File, Module};

/// One network of a pickle.
pub(crate) struct Network {
    /// By their names, such as `mapping.fc0.weight`.
    pub tensors: BTreeMap<String, Tensor>,
    /// Of a generator.
    pub config: Option<Config>,
    /// Constructor arguments that do not change the picture.
    pub ignored: Vec<String>,
    /// The networks that the file has.
    pub parts: Vec<Part>,
}

/// Reads one network of a pickle; the others are not looked into.
pub(crate) fn read(source: &Source, part: Part) -> Result<Network> {
    let pickle = pickle::load(&mut Cursor::new(source), Dialect::Network)?;
    let file = File { source, pickle: &pickle };
    if torch::is_magic(source, &pickle) {
        return Err(
            source.unfit("is a torch checkpoint; name the network pickle (`.pkl`) of the release")
        );
    }
    if pickle.entries(pickle.root).is_none() {
        let found = pickle.describe(pickle.root);
        return Err(
            source.unfit(format_args!("holds {found}; expected a dict with `G_ema`, `G` or `D`"))
        );
    }
    let module = |part: Part| {
        let id = pickle.lookup(pickle.root, part.name())?;
        matches!(pickle.get(id), Value::Module { .. }).then_some(id)
    };
    let parts: Vec<Part> = Part::ALL.into_iter().filter(|&part| module(part).is_some()).collect();
    let Some(id) = module(part) else {
        return Err(source.unfit(part.absent(&parts)));
    };
    let top = Module::open(file, id, String::new())?;
    let tensors = walk::tensors(file, id)?;
    let (config, ignored) = match part {
        Part::D => (None, Vec::new()),
        Part::GEma | Part::G => {
            let (config, ignored) = config::generator(&top)?;
            (Some(config), ignored)
        }
    };
    Ok(Network { tensors, config, ignored, parts })
}
