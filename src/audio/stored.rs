//! What was heard, as bytes: hearing an hour takes a while, reading it back does not.

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::beats::Beats;
use super::hearing::Hearing;
use super::spectrum::BANDS;
use crate::{Error, Result};

impl Hearing {
    /// A safetensors file of it.
    ///
    /// # Errors
    /// [`Error::Invalid`] where that cannot be made.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let beats = &self.beats;
        let whole = [self.samples as f64, beats.tempo.unwrap_or(f64::NAN)];
        let wide = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        let narrow = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let parts = [
            ("whole", Dtype::F64, wide(&whole)),
            ("times", Dtype::F64, wide(&beats.times)),
            ("rms", Dtype::F32, narrow(&self.rms)),
            ("peaks", Dtype::F32, narrow(&self.peaks)),
            ("onset", Dtype::F32, narrow(&self.onset)),
            ("bands", Dtype::F32, narrow(&self.bands)),
            ("chroma", Dtype::F32, narrow(&self.chroma)),
        ];
        let failed = |e: safetensors::SafeTensorError| {
            Error::Invalid(format!("cannot keep what was heard: {e}"))
        };
        let views = parts.iter().map(|(name, dtype, bytes)| {
            let size = if *dtype == Dtype::F64 { 8 } else { 4 };
            let view = TensorView::new(*dtype, vec![bytes.len() / size], bytes).map_err(failed)?;
            Ok((*name, view))
        });
        safetensors::serialize(views.collect::<Result<Vec<_>>>()?, None).map_err(failed)
    }

    /// What [`Hearing::to_bytes`] made; none of other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let file = SafeTensors::deserialize(bytes).ok()?;
        let part = |name: &str| Some(file.tensor(name).ok()?.data());
        let wide = |name: &str| {
            let values = part(name)?.as_chunks().0.iter().map(|&v| f64::from_le_bytes(v));
            Some(values.collect::<Vec<_>>())
        };
        let narrow = |name: &str| {
            let values = part(name)?.as_chunks().0.iter().map(|&v| f32::from_le_bytes(v));
            Some(values.collect::<Vec<_>>())
        };
        let [samples, tempo] = wide("whole")?[..] else { return None };
        let tempo = Some(tempo).filter(|tempo| tempo.is_finite());
        let hearing = Self {
            samples: samples as u64,
            rms: narrow("rms")?,
            peaks: narrow("peaks")?,
            onset: narrow("onset")?,
            bands: narrow("bands")?,
            chroma: narrow("chroma")?,
            beats: Beats { tempo, times: wide("times")? },
        };
        let moments = hearing.rms.len();
        let fits = [hearing.peaks.len(), hearing.onset.len()] == [moments; 2]
            && hearing.bands.len() == BANDS * moments
            && hearing.chroma.len() == 12 * moments;
        fits.then_some(hearing)
    }
}
