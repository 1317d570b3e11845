//! How long work tells how far it is, and learns that it should stop.

/// A listener to long work. The library prints nothing; the command line draws bars.
pub trait Progress: Send + Sync {
    /// Called at the beginning and after every finished unit. The answer `false` asks the work to stop cleanly.
    fn update(&self, status: &Status) -> bool;
    /// A remark for the user, such as a batch that had to be halved.
    fn note(&self, message: &str);
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status {
    /// Finished units (frames).
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// The stage that the others wait for, once it can be told.
    pub bottleneck: Option<&'static str>,
}

/// Listens to nothing and never stops the work.
pub struct Silent;

impl Progress for Silent {
    fn update(&self, _: &Status) -> bool {
        true
    }
    fn note(&self, _: &str) {}
}
