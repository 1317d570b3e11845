//! Rendering: the one room that joins the schedule, the network and the encoder.

mod changes;
mod detector;
mod finish;
mod inner;
mod network;
mod pipeline;
mod project;
mod still;
mod subject;
mod synthesise;

pub use changes::{Changed, Changes, changes};
pub use detector::ScriptDetector;
pub use inner::Inner;
pub use network::Network;
pub use pipeline::{Job, Outcome, run};
pub use project::Project;
pub use still::still;
pub use synthesise::Generator;
