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
    let network: NetworkFile =
        weights::import(&args.network_file, &args.output, args.network, args.overwrite)?;
    let config = network.config()?;
    say(&format!(
        "{}: {}, {} parameters",
        args.output.display(),
        config.name(),
        config.parameters()
    ))
}
