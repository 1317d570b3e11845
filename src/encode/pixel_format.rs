//! Pixel formats by FFmpeg's names: what must be known of them without FFmpeg.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::report::nearest;

/// A pixel format that a video preset may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelFormat {
    /// FFmpeg's name.
    pub name: &'static str,
    /// log2 of the horizontal and vertical subsampling of the colour planes.
    pub chroma_shift: (u8, u8),
    /// Bits of a component.
    pub bits: u8,
    /// Whether it stores RGB rather than Y'CbCr.
    pub rgb: bool,
    /// Whether it stores alpha.
    pub alpha: bool,
}

impl PixelFormat {
    /// RGB of 8 and of 16 bits, in which FFV1 stores what was rendered.
    pub(super) const STORED_8: Self = rgb("bgr0", 8);
    pub(super) const STORED_16: Self = rgb("gbrp16le", 16);
    /// The same with alpha.
    pub(super) const STORED_ALPHA_8: Self = rgb("bgra", 8).with_alpha();
    pub(super) const STORED_ALPHA_16: Self = rgb("gbrap16le", 16).with_alpha();

    const fn with_alpha(self) -> Self {
        Self { alpha: true, ..self }
    }
}

const fn yuv(name: &'static str, chroma_shift: (u8, u8), bits: u8) -> PixelFormat {
    PixelFormat { name, chroma_shift, bits, rgb: false, alpha: false }
}

const fn rgb(name: &'static str, bits: u8) -> PixelFormat {
    PixelFormat { name, chroma_shift: (0, 0), bits, rgb: true, alpha: false }
}

const KNOWN: [PixelFormat; 30] = [
    yuv("yuv420p", (1, 1), 8),
    yuv("yuv422p", (1, 0), 8),
    yuv("yuv444p", (0, 0), 8),
    yuv("nv12", (1, 1), 8),
    yuv("yuv420p10le", (1, 1), 10),
    yuv("yuv422p10le", (1, 0), 10),
    yuv("yuv444p10le", (0, 0), 10),
    yuv("yuva422p10le", (1, 0), 10).with_alpha(),
    yuv("yuva444p10le", (0, 0), 10).with_alpha(),
    yuv("p010le", (1, 1), 10),
    yuv("yuv420p12le", (1, 1), 12),
    yuv("yuv422p12le", (1, 0), 12),
    yuv("yuv444p12le", (0, 0), 12),
    yuv("yuva444p12le", (0, 0), 12).with_alpha(),
    rgb("rgb24", 8),
    rgb("bgr24", 8),
    rgb("rgb0", 8),
    rgb("bgr0", 8),
    rgb("rgba", 8).with_alpha(),
    PixelFormat::STORED_ALPHA_8,
    rgb("gbrp", 8),
    rgb("gbrap", 8).with_alpha(),
    rgb("gbrp10le", 10),
    rgb("gbrap10le", 10).with_alpha(),
    rgb("gbrp12le", 12),
    rgb("gbrap12le", 12).with_alpha(),
    rgb("gbrp16le", 16),
    PixelFormat::STORED_ALPHA_16,
    rgb("rgb48le", 16),
    rgb("rgba64le", 16).with_alpha(),
];

impl<'de> Deserialize<'de> for PixelFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        KNOWN.into_iter().find(|f| f.name == name).ok_or_else(|| {
            let hint = nearest(&name, KNOWN.iter().map(|f| f.name))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            D::Error::custom(format!("unknown pixel format `{name}`{hint}"))
        })
    }
}
