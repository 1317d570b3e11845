//! The program's own format: a safetensors file whose metadata holds the configuration.
//!
//! | metadata key | value |
//! |---|---|
//! | `sg3render.format` | `1` |
//! | `sg3render.part` | `G_ema`, `G` or `D`; several with commas in a checkpoint, whose tensors' names then begin with their part's and a dot |
//! | `sg3render.config` | a generator's [`crate::network::Config`] as JSON |
//! | `sg3render.source_name` | name of the file that was imported, if any |
//! | `sg3render.source_sha256` | SHA-256 of that file |
//!
//! Every tensor is float32.

mod read;
mod write;

pub(crate) use read::{header, read};
pub(super) use write::described;
pub use write::{Contents, write};

const FORMAT: &str = "sg3render.format";
const PART: &str = "sg3render.part";
const CONFIG: &str = "sg3render.config";
const SOURCE_NAME: &str = "sg3render.source_name";
const SOURCE_SHA256: &str = "sg3render.source_sha256";
