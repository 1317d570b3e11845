//! Pictures read back from a file in which they were stored losslessly.

use std::path::{Path, PathBuf};

use ffmpeg_next::codec::{Context, decoder};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame;

use super::fault::{Fault, listen};
use super::source::Source;
use crate::encode::Samples;
use crate::{Error, Result};

/// Reads the formats in which parts are stored: `bgr0` and `gbrp16le`, with alpha `bgra` and `gbrap16le`.
pub(in crate::encode) struct Reader {
    source: Source,
    decoder: decoder::Video,
    path: PathBuf,
}

impl Reader {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self> {
        listen();
        let source = Source::pictures(path)?;
        let decoder = Context::from_parameters(source.parameters())
            .and_then(|context| context.decoder().video())
            .map_err(|error| Fault::from(error).of("decode", path))?;
        Ok(Self { source, decoder, path: path.to_path_buf() })
    }

    /// The samples of the next picture, rows from the top, its width and height; none at the end.
    ///
    /// Fails where the file is damaged, and where it is none in which pictures were stored.
    pub fn picture(&mut self) -> Result<Option<(Samples, u32, u32)>> {
        let mut frame = frame::Video::empty();
        if !self.source.picture(&mut self.decoder, &mut frame)? {
            return Ok(None);
        }
        let (width, height) = (frame.width() as usize, frame.height());
        let rows = 0..height as usize;
        let row = |plane: usize, y: usize, bytes: usize| {
            &frame.data(plane)[y * frame.stride(plane)..][..width * bytes]
        };
        let samples = match frame.format() {
            Pixel::BGRZ => Samples::U8(
                rows.flat_map(|y| row(0, y, 4).chunks_exact(4).flat_map(|p| [p[2], p[1], p[0]]))
                    .collect(),
            ),
            Pixel::BGRA => Samples::U8(
                rows.flat_map(|y| {
                    row(0, y, 4).chunks_exact(4).flat_map(|p| [p[2], p[1], p[0], p[3]])
                })
                .collect(),
            ),
            format @ (Pixel::GBRP16LE | Pixel::GBRAP16LE) => {
                let word = |plane, y, x: usize| {
                    let row: &[u8] = row(plane, y, 2);
                    u16::from_le_bytes([row[2 * x], row[2 * x + 1]])
                };
                // Green, blue, red.
                let planes: &[usize] = match format {
                    Pixel::GBRAP16LE => &[2, 0, 1, 3],
                    _ => &[2, 0, 1],
                };
                let pixel = |y, x| planes.iter().map(move |&plane| word(plane, y, x));
                Samples::U16(rows.flat_map(|y| (0..width).flat_map(move |x| pixel(y, x))).collect())
            }
            other => {
                return Err(Error::Invalid(format!(
                    "`{}` holds pictures of the format {other:?}, expected a part that this program wrote",
                    self.path.display()
                )));
            }
        };
        Ok(Some((samples, width as u32, height)))
    }
}
