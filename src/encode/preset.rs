//! Output presets: what a finished file is made of, as RON documents.
//!
//! The built-in ones lie in `presets/`; a user's own file has the same form.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU64;
use std::path::Path;

use ron::extensions::Extensions;
use serde::Deserialize;

use super::grid::SEGMENT;
use super::pixel_format::PixelFormat;
use super::{Depth, NULL};
use crate::report::nearest;
use crate::{Error, Result};

/// The preset that is used when nothing else is asked for.
pub const DEFAULT: &str = "h264";

const BUILT_IN: [(&str, &str); 10] = [
    ("h264", include_str!("../../presets/h264.ron")),
    ("h264-draft", include_str!("../../presets/h264-draft.ron")),
    ("h265", include_str!("../../presets/h265.ron")),
    ("prores-4444", include_str!("../../presets/prores-4444.ron")),
    ("prores-422hq", include_str!("../../presets/prores-422hq.ron")),
    ("ffv1", include_str!("../../presets/ffv1.ron")),
    ("av1", include_str!("../../presets/av1.ron")),
    ("png", include_str!("../../presets/png.ron")),
    ("png16", include_str!("../../presets/png16.ron")),
    ("exr", include_str!("../../presets/exr.ron")),
];

/// The preset that a file's extension stands for when none is named.
const BY_EXTENSION: [(&str, &str); 6] = [
    ("mp4", DEFAULT),
    ("m4v", DEFAULT),
    ("mov", "prores-422hq"),
    ("mkv", "ffv1"),
    ("png", "png"),
    ("exr", "exr"),
];

/// What a finished file is made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The built-in name, or the path of the file it was read from.
    #[serde(skip)]
    pub name: String,
    /// One line that says what it is and whom it is for.
    pub description: String,
    /// Extensions of the output file, without the dot; the first is the usual one.
    pub extensions: Vec<String>,
    /// The kind of output.
    pub output: Output,
}

/// A kind of output.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Output {
    /// A video file.
    Video(Video),
    /// PNG images, sRGB.
    Png {
        /// Bits of a component.
        bits: PngBits,
    },
    /// OpenEXR images, linear light.
    Exr {
        /// How a component is stored.
        samples: ExrSamples,
    },
}

/// Bits of a component of a PNG image: 8 or 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub enum PngBits {
    /// 8 bits.
    Eight,
    /// 16 bits.
    Sixteen,
}

impl TryFrom<u8> for PngBits {
    type Error = String;

    fn try_from(bits: u8) -> Result<Self, String> {
        match bits {
            8 => Ok(Self::Eight),
            16 => Ok(Self::Sixteen),
            _ => Err(format!("PNG images have 8 or 16 bits, not {bits}")),
        }
    }
}

/// How a component of an OpenEXR image is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ExrSamples {
    /// 16-bit floating point.
    Half,
    /// 32-bit floating point.
    Float,
}

/// A video file as FFmpeg makes it. Primaries are always those of BT.709 (which are sRGB's), the
/// matrix is BT.709's, or none where the pixel format stores RGB.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Video {
    /// FFmpeg's name of the muxer.
    pub container: String,
    /// Options of the muxer.
    #[serde(default)]
    pub container_options: BTreeMap<String, String>,
    /// FFmpeg's name of the encoder.
    pub codec: String,
    /// The four characters that name the codec in the file, where players insist on some.
    #[serde(default)]
    pub tag: Option<FourCc>,
    /// How pixels are given to the encoder.
    pub pixel_format: PixelFormat,
    /// How those of a film with alpha are; where none is named the film cannot have any, unless
    /// `pixel_format` holds it anyway.
    #[serde(default)]
    pub alpha: Option<PixelFormat>,
    /// The transfer characteristics that the file is tagged with; samples are not changed.
    pub transfer: Transfer,
    /// Black and white: 16 and 235 (limited) or 0 and 255 (full), scaled to the bits.
    pub range: Range,
    /// Threads of the encoder, 0 for as many as the machine has. Encoders whose output depends on
    /// it need a fixed number to be reproducible.
    pub threads: u8,
    /// Whether every frame is encoded for itself, and the same way whatever came before it: parts
    /// of a film can then be joined without encoding them again.
    #[serde(default)]
    pub intra: bool,
    /// Frames that are encoded by themselves, so that parts of a film can be joined as they are.
    /// Unused where every frame is (`intra`).
    #[serde(default = "segment")]
    pub segment: NonZeroU64,
    /// Options of the encoder.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

fn segment() -> NonZeroU64 {
    SEGMENT
}

/// A codec's name in a file: four ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FourCc(pub [u8; 4]);

impl TryFrom<String> for FourCc {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = text.as_bytes().try_into().ok().filter(|_| text.is_ascii());
        bytes.map(Self).ok_or_else(|| format!("a tag is four ASCII characters, `{text}` is not"))
    }
}

/// Transfer characteristics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Transfer {
    /// ITU-R BT.709, what players expect of video.
    Bt709,
    /// IEC 61966-2-1.
    Srgb,
}

/// Where black and white lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Range {
    /// Video levels.
    Limited,
    /// All values.
    Full,
}

impl Preset {
    /// The names of the built-in presets, the default first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in preset of that name, or the one in the file of that path (which ends in `.ron`
    /// or has a `/`).
    ///
    /// Fails when there is none, or when the file is not a preset (with its line and column).
    pub fn find(name_or_path: &str) -> Result<Self> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(name, text);
        }
        if name_or_path.contains('/') || name_or_path.ends_with(".ron") {
            let text =
                fs::read_to_string(name_or_path).map_err(|e| Error::io("read", name_or_path, e))?;
            return Self::parse(name_or_path, &text);
        }
        let names: Vec<_> = Self::names().collect();
        let hint = nearest(name_or_path, Self::names())
            .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        Err(Error::Usage(format!(
            "there is no preset `{name_or_path}`; {hint}there are {}, and files that end in `.ron`",
            names.join(", ")
        )))
    }

    /// The preset that the extension of an output path stands for.
    pub fn default_for(out: &Path) -> Result<Self> {
        let extension = extension(out);
        let known = BY_EXTENSION.iter().find(|(e, _)| *e == extension);
        match known {
            _ if out.as_os_str() == NULL => Self::find(DEFAULT),
            Some((_, name)) => Self::find(name),
            None => Err(Error::Usage(format!(
                "cannot tell what to write from the extension of `{}`; end it in {}, or name a preset",
                out.display(),
                listed(BY_EXTENSION.iter().map(|(e, _)| *e))
            ))),
        }
    }

    /// Reads a preset; `name` is what messages call it.
    fn parse(name: &str, text: &str) -> Result<Self> {
        let options = ron::Options::default().with_default_extension(
            Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES,
        );
        let mut preset: Self = options.from_str(text).map_err(|e| {
            Error::Invalid(format!("`{name}:{}` is not an output preset: {}", e.span.start, e.code))
        })?;
        if preset.extensions.is_empty() {
            return Err(Error::Invalid(format!("preset `{name}` names no file extension")));
        }
        if let Output::Video(Video { pixel_format, alpha: Some(alpha), .. }) = &preset.output
            && (!alpha.alpha || (alpha.bits > 8) != (pixel_format.bits > 8))
        {
            return Err(Error::Invalid(format!(
                "preset `{name}` names `{}` for films with alpha, expected a pixel format with alpha that is \
                 as deep as its `{}`",
                alpha.name, pixel_format.name
            )));
        }
        name.clone_into(&mut preset.name);
        Ok(preset)
    }

    /// The one that the extension of an output path stands for where the film has alpha: the usual one
    /// where no preset of that extension holds any.
    pub fn default_with_alpha(out: &Path) -> Result<Self> {
        let usual = Self::default_for(out)?;
        if usual.holds_alpha() || out.as_os_str() == NULL {
            return Ok(usual);
        }
        let all = Self::names().filter_map(|name| Self::find(name).ok());
        let fit = |preset: &Self| preset.holds_alpha() && preset.check_path(out).is_ok();
        Ok(all.into_iter().find(fit).unwrap_or(usual))
    }

    /// Whether what it writes can have alpha.
    pub fn holds_alpha(&self) -> bool {
        match &self.output {
            Output::Video(video) => video.alpha.is_some() || video.pixel_format.alpha,
            Output::Png { .. } | Output::Exr { .. } => true,
        }
    }

    /// The preset for films with or without alpha: of films it has the pixel format for that.
    ///
    /// # Errors
    /// [`Error::Usage`] for alpha that it cannot hold.
    pub fn with_alpha(&self, alpha: bool) -> Result<Cow<'_, Self>> {
        match &self.output {
            Output::Video(video) if alpha && !video.pixel_format.alpha => {
                let pixel_format = video.alpha.ok_or_else(|| {
                    Error::Usage(format!(
                        "preset `{}` cannot hold alpha, and the film has some; choose prores-4444, ffv1, png or \
                         exr, or give the timeline a `background`",
                        self.name
                    ))
                })?;
                let output = Output::Video(Video { pixel_format, ..video.clone() });
                Ok(Cow::Owned(Self { output, ..self.clone() }))
            }
            _ => Ok(Cow::Borrowed(self)),
        }
    }

    /// Whether it writes images and not a film: such an output has no sound.
    pub fn is_images(&self) -> bool {
        !matches!(self.output, Output::Video(_))
    }

    /// Frames that chunks should be whole multiples of, so that joining them encodes nothing.
    pub fn segment(&self) -> NonZeroU64 {
        match &self.output {
            Output::Video(video) if !video.intra => video.segment,
            _ => NonZeroU64::MIN,
        }
    }

    /// The samples that pictures must have.
    pub fn depth(&self) -> Depth {
        match &self.output {
            Output::Video(video) if video.pixel_format.bits > 8 => Depth::U16,
            Output::Video(_) | Output::Png { bits: PngBits::Eight } => Depth::U8,
            Output::Png { bits: PngBits::Sixteen } => Depth::U16,
            Output::Exr { .. } => Depth::F32,
        }
    }

    /// Whether the width must be even, because two columns share a colour sample.
    pub fn even_width(&self) -> bool {
        self.chroma_shift().0 > 0
    }

    /// Whether the height must be even, because two rows share a colour sample.
    pub fn even_height(&self) -> bool {
        self.chroma_shift().1 > 0
    }

    fn chroma_shift(&self) -> (u8, u8) {
        match &self.output {
            Output::Video(video) => video.pixel_format.chroma_shift,
            Output::Png { .. } | Output::Exr { .. } => (0, 0),
        }
    }

    /// Refuses a size that the pixel format cannot hold.
    pub fn check_size(&self, width: u32, height: u32) -> Result<()> {
        let odd = match (self.even_width() && width % 2 == 1, self.even_height() && height % 2 == 1)
        {
            (true, true) => "width and height",
            (true, false) => "width",
            (false, true) => "height",
            (false, false) => return Ok(()),
        };
        Err(Error::Usage(format!(
            "preset `{}` needs an even {odd}, {width}x{height} is not; choose another size, or a preset \
             with full colour resolution such as prores-4444 or ffv1",
            self.name
        )))
    }

    /// Refuses an output path whose extension says something else.
    pub fn check_path(&self, out: &Path) -> Result<()> {
        let extension = extension(out);
        if self.extensions.iter().any(|e| e.eq_ignore_ascii_case(&extension)) {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "preset `{}` writes {}, but the output is `{}`; change the extension or the preset",
            self.name,
            listed(self.extensions.iter().map(String::as_str)),
            out.display()
        )))
    }
}

fn extension(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

fn listed<'a>(extensions: impl Iterator<Item = &'a str>) -> String {
    extensions.map(|e| format!("`.{e}`")).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
#[path = "preset_tests.rs"]
mod tests;
