//! Being asked to stop: by Ctrl-C, by other signals, by the process that began this one.

use std::io::{Read, copy, sink, stdin};
use std::os::unix::net::UnixStream;
use std::process::ChildStdin;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

use sg3render::{Error, Result, unfinished};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// The first signal that asked to stop; 0 before.
static STOP: AtomicI32 = AtomicI32::new(0);
/// Worker processes stop when these are closed.
static LEASHES: Mutex<Vec<ChildStdin>> = Mutex::new(Vec::new());

/// From here on the first Ctrl-C asks the work to stop cleanly, the second one ends the program.
pub fn stop_on_ctrl_c() -> Result<()> {
    on_signals(|signal| {
        if STOP.compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            end_now();
        }
        LEASHES.lock().unwrap_or_else(PoisonError::into_inner).clear();
    })
}

/// Whether the user has asked to stop.
pub fn stopped() -> bool {
    STOP.load(Ordering::Relaxed) != 0
}

/// How a program ends that was asked to stop. Who sends SIGTERM is an engine or a system that goes
/// down: there the work is to be done later, and not given up.
pub fn interruption() -> Error {
    match STOP.load(Ordering::Relaxed) {
        SIGTERM => Error::Terminated,
        _ => Error::Interrupted,
    }
}

/// Stops the worker at the other end of `pipe` when this program stops.
pub fn hold(pipe: ChildStdin) {
    let mut leashes = LEASHES.lock().unwrap_or_else(PoisonError::into_inner);
    // Asked to stop before: the pipe is closed here.
    if !stopped() {
        leashes.push(pipe);
    }
}

/// From here on the end of standard input ends the program.
pub fn leash() {
    std::thread::spawn(|| {
        let _ = copy(&mut stdin(), &mut sink());
        end_now();
    });
}

/// From here on Ctrl-C ends the program, and leaves no unfinished file.
pub fn end_on_ctrl_c() -> Result<()> {
    on_signals(|signal| {
        STOP.store(signal, Ordering::Relaxed);
        end_now();
    })
}

/// Calls the handler, outside of the signal's own, once for every signal that asks to stop.
fn on_signals(handler: fn(i32)) -> Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let listen = || {
            let (mut receiver, sender) = UnixStream::pair()?;
            pipe::register(signal, sender)?;
            std::thread::spawn(move || {
                while receiver.read_exact(&mut [0]).is_ok() {
                    handler(signal);
                }
            });
            Ok(())
        };
        listen().map_err(|e: std::io::Error| {
            Error::Device(format!("cannot listen for signals: {e}"))
        })?;
    }
    Ok(())
}

fn end_now() -> ! {
    unfinished::remove_all();
    std::process::exit(i32::from(interruption().exit_code()));
}
