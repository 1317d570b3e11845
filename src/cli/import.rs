//! `sg3render import`.

use sg3render::weights::{self, NetworkFile};
use sg3render::{Error, Result};

use super::args::ImportArgs;
use super::stopping::end_on_ctrl_c;
use super::terminal::say;

/// Turns a network of any known format into the program's own.
pub fn run(args: &ImportArgs) -> Result<()> {
    if args.output.extension().is_none_or(|e| e != "safetensors") {
        let message = format!("`{}` should end in `.safetensors`", args.output.display());
        return Err(Error::Usage(message));
    }
    end_on_ctrl_c()?;
    let ImportArgs { network_file, output, network, half, overwrite } = args;
    let network: NetworkFile = weights::import(network_file, output, *network, *half, *overwrite)?;
    let config = network.config()?;
    say(&format!(
        "{}: {}, {} parameters",
        args.output.display(),
        config.name(),
        config.parameters()
    ))
}
