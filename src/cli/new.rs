//! `sg3render new`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};

use sg3render::timeline::STARTER;
use sg3render::{Error, Result};

use super::args::NewArgs;

/// Writes the starter; never over an existing file.
pub fn run(args: &NewArgs) -> Result<()> {
    let path = &args.timeline;
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Error::Usage(format!("`{}` exists already; choose another name", path.display()))
        }
        _ => Error::io("create", path, error),
    })?;
    if let Err(error) = file.write_all(STARTER.as_bytes()) {
        // Half a starter would stand in the way of the next attempt.
        let _ = fs::remove_file(path);
        return Err(Error::io("write", path, error));
    }
    println!(
        "{0}: try `sg3render {0} -o {1}`",
        path.display(),
        path.with_extension("mp4").display()
    );
    Ok(())
}
