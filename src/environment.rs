//! The process and the system around it: switches of libraries that only the environment can set, memory.

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

/// The most memory, bytes, that this process has held at once since it began; none where the system does not
/// tell.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
