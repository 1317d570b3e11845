//! Which classes a timeline shows, and how much of each at a time.

use crate::timeline::curve::Curve;
use crate::{Error, Result};

/// The classes that any key weighs, and their weights over time. A network without classes has
/// one "class", none, of weight 1.
#[derive(Debug, Clone)]
pub struct Classes {
    used: Vec<Option<usize>>,
    curve: Option<Curve<Vec<f64>>>,
}

impl Classes {
    /// Looks through the keys of a class curve.
    pub fn new(curve: Option<&Curve<Vec<f64>>>) -> Result<Self> {
        let Some(curve) = curve else {
            return Ok(Self { used: vec![None], curve: None });
        };
        let weights = || curve.keys.iter().map(|key| &key.value);
        let most = weights().map(Vec::len).max().unwrap_or(0);
        let weighed = |&class: &usize| weights().any(|w| w.get(class).is_some_and(|&w| w != 0.0));
        let used: Vec<_> = (0..most).filter(weighed).map(Some).collect();
        if used.is_empty() {
            return Err(Error::Invalid(
                "the class track gives no class any weight: give one class the weight 1".into(),
            ));
        }
        Ok(Self { used, curve: Some(curve.clone()) })
    }

    /// The classes that are ever shown.
    pub fn used(&self) -> &[Option<usize>] {
        &self.used
    }

    /// The weight of each of [`Self::used`] at a time in frames.
    pub fn at(&self, frame: f64) -> Vec<f64> {
        let all = self.curve.as_ref().map(|curve| curve.at(frame));
        let weight = |class: &Option<usize>| match (&all, class) {
            (Some(all), Some(class)) => all.get(*class).copied().unwrap_or(0.0),
            _ => 1.0,
        };
        self.used.iter().map(weight).collect()
    }
}
