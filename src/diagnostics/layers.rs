//! Equivariance layer by layer, over many samples.

use serde_json::{Value, json};

use super::plot::{Line, Plot};
use crate::metrics::equivariance::{Draw, STILL};
use crate::metrics::layers::{Found, LayerSubject, Power, judge, transforms};
use crate::progress::{Progress, Status};
use crate::{Error, Result};

/// What was found of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The layer's name; `input` for the Fourier features.
    pub name: String,
    /// Samples a canvas.
    pub rate: f64,
    /// The sums over all samples.
    pub found: Found,
}

impl Finding {
    /// The figures under shifts, of the shifting filter itself, and under rotation, in dB.
    pub fn decibels(&self) -> [f64; 3] {
        let Found { shift, floor, rotation } = &self.found;
        [shift, floor, rotation].map(Power::decibels)
    }

    /// As programs read it: dB, null where there is none.
    pub fn json(&self) -> Value {
        let [shift, floor, rotation] = self.decibels();
        json!({
            "layer": self.name, "rate": self.rate,
            "shift_db": shift, "shift_floor_db": floor, "rotation_db": rotation,
        })
    }
}

/// Measures the layers over seeds from one on, at least one.
///
/// # Errors
/// Those of the subject; [`Error::Interrupted`] where the listener asks to stop.
pub fn run(
    subject: &dyn LayerSubject,
    seed: u32,
    samples: u32,
    progress: &dyn Progress,
) -> Result<Vec<Finding>> {
    let mut findings: Vec<Finding> = Vec::new();
    for i in 0..samples {
        let status = Status { done: i.into(), total: samples.into(), bottleneck: None };
        if !progress.update(&status) {
            return Err(Error::Interrupted);
        }
        let own = seed.wrapping_add(i);
        let (draw, ws) = (Draw::of_seed(own), subject.latents(own)?);
        let [shift, turn] = transforms(&draw);
        let still = subject.signals(&ws, STILL)?;
        let (shifted, turned) = (subject.signals(&ws, shift)?, subject.signals(&ws, turn)?);
        for (n, still) in still.iter().enumerate() {
            let found = judge(&draw, still, &shifted[n], &turned[n]);
            match findings.get_mut(n) {
                Some(finding) => finding.found = [finding.found, found].into_iter().sum(),
                None => {
                    findings.push(Finding { name: still.name.clone(), rate: still.rate, found });
                }
            }
        }
    }
    let total = samples.into();
    progress.update(&Status { done: total, total, bottleneck: None });
    if findings.iter().any(|finding| !finding.found.shift.error.is_finite()) {
        return Err(Error::Invalid(
            "the network's signals have values that are no numbers: check its file".into(),
        ));
    }
    Ok(findings)
}

/// The figures of several networks over the layers' numbers, 0 for the Fourier features.
pub fn plot(networks: &[(String, Vec<Finding>)], rotation: bool) -> Plot {
    let line = |name: String, findings: &[Finding], which: usize| {
        let figures = findings.iter().map(|finding| finding.decibels()[which]).enumerate();
        let finite = figures.filter(|(_, db)| db.is_finite());
        Line { name, points: finite.map(|(i, db)| (i as f64, db)).collect(), dots: false }
    };
    let mut lines = Vec::new();
    for (name, findings) in networks {
        lines.push(line(name.clone(), findings, if rotation { 2 } else { 0 }));
        if !rotation {
            let floor = line(format!("{name}: the filter's own"), findings, 1);
            lines.push(Line { dots: true, ..floor });
        }
    }
    let motion = if rotation { "rotation" } else { "shifts" };
    Plot {
        title: format!("Equivariance by layer, {motion}"),
        x_label: "layer (0 is the input)".into(),
        y_label: "signal to error (dB)".into(),
        x: None,
        y: None,
        lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Image;
    use crate::metrics::layers::Signal;
    use crate::progress::Silent;
    use std::f64::consts::TAU;

    /// Two layers of one wave; the second one adds a grid that does not move.
    struct Glued;

    impl LayerSubject for Glued {
        fn latents(&self, seed: u32) -> Result<Vec<f32>> {
            Ok(vec![seed as f32])
        }
        fn signals(&self, ws: &[f32], u: [[f64; 3]; 3]) -> Result<Vec<Signal>> {
            let layer = |name: &str, rate: usize, glue: f32| {
                let side = rate + 20;
                let place = |i: usize| (i as f64 + 0.5 - side as f64 / 2.0) / rate as f64;
                let image = Image::from_fn([1, side, side], |_, y, x| {
                    let at = |r: usize| u[r][0] * place(x) + u[r][1] * place(y) + u[r][2];
                    let phase = 3.0 * at(0) + 2.0 * at(1) + f64::from(ws[0]) / 7.0;
                    (TAU * phase).sin() as f32 + glue * ((x + y) % 3) as f32
                });
                Signal { name: name.into(), rate: rate as f64, image }
            };
            Ok(vec![layer("input", 16, 0.0), layer("L0", 32, 0.2)])
        }
    }

    #[test]
    fn the_layer_that_breaks_it_is_where_the_curve_falls() {
        let findings = run(&Glued, 3, 2, &Silent).unwrap();
        assert_eq!(findings.iter().map(|f| &*f.name).collect::<Vec<_>>(), ["input", "L0"]);
        let [input, broken] = [0, 1].map(|i| findings[i].decibels());
        assert!(input[0] > 60.0 && broken[0] < 25.0, "{input:?} {broken:?}");
        assert!(input[2] > broken[2] + 5.0, "{input:?} {broken:?}");
        assert_eq!(findings[1].json()["rate"], 32.0);
        let networks = [("a".to_owned(), findings.clone()), ("b".to_owned(), findings)];
        assert_eq!([false, true].map(|turn| plot(&networks, turn).lines.len()), [4, 2]);
        assert!(plot(&networks, false).lines[0].points[1].1 < 25.0);
    }
}
