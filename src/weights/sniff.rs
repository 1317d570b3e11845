//! What kind of file it is, by its first bytes.

use super::source::Source;
use crate::Result;

/// How a network file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A network pickle of the PyTorch releases.
    Pickle,
    /// The program's own format.
    Safetensors,
}

impl Format {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pickle => "pickle",
            Self::Safetensors => "safetensors",
        }
    }
}

/// Tells the format, or what the file is instead and what to do.
pub(crate) fn format(source: &Source) -> Result<Format> {
    let mut head = vec![0; source.len().min(512) as usize];
    source.read_at(0, &mut head)?;
    let has = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    let hint = match &*head {
        [] => "is empty; download or copy it again",
        [0x80, 2..=5, ..] => return Ok(Format::Pickle),
        [_, _, _, _, _, 0, 0, 0, b'{', ..] => return Ok(Format::Safetensors),
        [b'P', b'K', 3 | 5, 4 | 6, ..] if has(b"data.pkl") || has(b".format_version") => {
            "is a torch checkpoint (a zip archive with tensors only); name the network pickle (`.pkl`) that it belongs to"
        }
        [b'P', b'K', 3 | 5, 4 | 6, ..] => {
            "is a zip archive, perhaps a data set; name a network pickle or a `.safetensors` file"
        }
        [0x89, b'P', b'N', b'G', ..] => {
            "is a PNG picture; name a network pickle or a `.safetensors` file"
        }
        [0xFF, 0xD8, 0xFF, ..] => {
            "is a JPEG picture; name a network pickle or a `.safetensors` file"
        }
        [0x1F, 0x8B, ..] => "is compressed with gzip; unpack it first",
        [0x89, b'H', b'D', b'F', ..] => {
            "is an HDF5 file; name a network pickle or a `.safetensors` file"
        }
        [b'<', ..] => "is a web page, so the download failed; download the network again",
        _ if head.starts_with(b"version https://git-lfs") => {
            "is only a pointer of Git LFS; fetch the file itself with `git lfs pull`"
        }
        [0x80, ..] => "is a pickle of an unknown protocol; expected 2 to 5",
        [b'(' | b'}' | b']' | b'c', ..] => "may be a pickle of protocol 0 or 1; expected 2 to 5",
        _ => {
            "is no network file; expected a network pickle (`.pkl`) or a `.safetensors` file of this program"
        }
    };
    Err(source.unfit(hint))
}
