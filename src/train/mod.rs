//! Training of the networks: losses, augmentation, the loop, checkpoints and logs.
//!
//! Every random number is a function of the seed, its purpose and its place ([`draws`]), so that what
//! has to be kept of a run besides tensors is a few counters ([`state::Counters`]).

pub mod adam;
pub mod augment;
pub mod best;
pub mod blur;
pub mod checkpoint;
mod curves;
pub mod draws;
pub mod events;
pub mod launch;
pub mod losses;
pub mod order;
pub mod preset;
pub mod run;
pub mod samples;
pub mod settings;
pub mod state;
pub mod stats;
pub mod step;
pub mod transfer;

pub use preset::Preset;
pub use run::{Options, Outcome, Watch, run};
pub use settings::{Request, Settings};
