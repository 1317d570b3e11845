//! Switches of libraries that only the environment can set.

/// Gives a variable a value, unless it has one. Does nothing once other threads run, because they
/// could be reading the environment: call it early in `main`.
#[cfg(any(feature = "torch", feature = "video"))]
pub(crate) fn set_default(name: &str, value: &str) {
    // `/proc` tells the threads of this process; where there is none, nothing is done.
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    if threads == 1 && std::env::var_os(name).is_none() {
        // SAFETY: there is no other thread that could read the environment meanwhile.
        unsafe { std::env::set_var(name, value) };
    }
}
