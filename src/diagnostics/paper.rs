//! The published figures.

use serde::Deserialize;

use crate::metrics::equivariance::Measure;
use crate::{Error, Result};

/// What was published of one configuration: FFHQ-U at 256x256 (Karras et al. 2021).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The configuration's letter, and what was changed about it.
    pub config: String,
    /// Frechet inception distance.
    pub fid: f64,
    /// EQ-T in dB.
    #[serde(default)]
    pub eq_t: Option<f64>,
    /// EQ-R in dB.
    #[serde(default)]
    pub eq_r: Option<f64>,
}

impl Published {
    /// A measure's figure in dB, where there is one.
    pub fn of(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Shift => self.eq_t,
            Measure::FractionalShift => None,
            Measure::Rotation => self.eq_r,
        }
    }
}

/// All of them, in the order of the paper.
pub fn published() -> Result<Vec<Published>> {
    let options =
        ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options
        .from_str(include_str!("../../presets/paper.ron"))
        .map_err(|e| Error::Invalid(format!("presets/paper.ron:{e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_is_there() {
        let all = published().unwrap();
        assert_eq!(all.len(), 26);
        let row = |config: &str| all.iter().find(|row| row.config == config).unwrap();
        assert_eq!(row("T").of(Measure::Shift), Some(63.01));
        assert_eq!(row("R").of(Measure::Rotation), Some(40.48));
        assert_eq!((row("A").fid, row("A").eq_t), (5.14, None));
    }
}
