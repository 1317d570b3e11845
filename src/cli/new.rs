//! `sg3render new`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};

use sg3render::timeline::{STARTER, is_json, to_json};
use sg3render::{Error, Result};

use super::args::NewArgs;
use super::terminal::say;

/// Writes the starter; never over an existing file.
pub fn run(args: &NewArgs) -> Result<()> {
    let path = &args.timeline;
    let starter = if is_json(&path.to_string_lossy()) {
        to_json("starter.ron", STARTER).map_err(Error::Timeline)?
    } else {
        STARTER.to_owned()
    };
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Error::Usage(format!("`{}` exists already; choose another name", path.display()))
        }
        _ => Error::io("create", path, error),
    })?;
    if let Err(error) = file.write_all(starter.as_bytes()) {
        // Half a timeline is of no use; that the disk is full matters more than what else fails.
        let _ = fs::remove_file(path);
        return Err(Error::io("write", path, error));
    }
    say(&format!(
        "{0}: try `sg3render {0} -o {1}`",
        path.display(),
        path.with_extension("mp4").display()
    ))
}
