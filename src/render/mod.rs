//! Rendering: the one room that joins the schedule, the network and the encoder.

mod changes;
mod compose;
mod cut;
mod detector;
mod finish;
mod inner;
mod light;
mod network;
mod on_canvas;
mod opened;
mod over;
mod passes;
mod pipeline;
mod project;
mod speed;
mod still;
mod subject;
mod synthesise;

pub use changes::{Changed, Changes, changes};
pub use detector::{InceptionDetector, ScriptDetector, open_detector};
pub use inner::Inner;
pub use network::Network;
pub use on_canvas::OnCanvas;
pub use pipeline::{Job, Outcome, run};
pub use project::Project;
pub use still::still;
pub use synthesise::Generator;
