//! Paths at a speed that pictures decide: where to look, and how far each place is.

use std::sync::Arc;

use super::Mapping;
use super::classes::Classes;
use super::latent::Latent;
use crate::Result;
use crate::timeline::Resolved;
use crate::timeline::resolved::{self, Speed};

/// Places of a segment between two keys at which is looked, and of a whole path at most.
const STEPS: usize = 24;
const MOST_STEPS: usize = 768;
/// Moments at which psi is asked.
const MOMENTS: u64 = 64;

/// How far each place of a path is from its beginning, for every path of a timeline whose speed pictures
/// decide, in the order of [`Route::all`]: the first, then those of the mixes; none for others.
pub type Tables = Vec<Option<Vec<f64>>>;

/// What gives the tables of a shot, whose network has a number.
pub type TablesOf<'a> = dyn Fn(&Resolved, usize) -> Result<Tables> + 'a;

/// A path whose speed pictures decide, as evenly spread places in the order of the way.
///
/// A picture is what the path alone gives: its layers at the place, the others where the first path
/// begins, with the classes of the first frame and the largest psi of the timeline; without other mixes,
/// directions and the camera, which have a speed of their own.
pub struct Route {
    mapping: Arc<dyn Mapping>,
    path: Latent,
    /// The other layers: `num_ws` times `w_dim` values.
    base: Vec<f64>,
    /// Those that the path acts on.
    layers: Vec<usize>,
    weights: Vec<f64>,
    psi: f64,
    truncated: usize,
    segments: usize,
    /// Steps of a segment.
    each: usize,
    /// What decides the pictures besides the network.
    text: String,
}

impl Route {
    /// The first path, and those of the mixes; none for each whose speed pictures do not decide.
    ///
    /// # Errors
    /// As [`super::Schedule::new`].
    pub fn all(resolved: &Resolved, mapping: &Arc<dyn Mapping>) -> Result<Vec<Option<Self>>> {
        let whole: Vec<usize> = (0..mapping.num_ws()).collect();
        let mixes = resolved.mixes.iter().map(|mix| (&mix.latent, mix.layers.clone()));
        let paths = std::iter::once((&resolved.latent, whole)).chain(mixes);
        let route = |(latent, layers): (&resolved::Latent, _)| {
            let measured = latent.speed == Speed::Perceptual && latent.keys.len() > 1;
            measured.then(|| Self::new(resolved, latent, layers, mapping)).transpose()
        };
        paths.map(route).collect()
    }

    fn new(
        resolved: &Resolved,
        latent: &resolved::Latent,
        layers: Vec<usize>,
        mapping: &Arc<dyn Mapping>,
    ) -> Result<Self> {
        let classes = Classes::new(resolved.class.as_ref())?;
        let weights = classes.at(0.0).to_vec();
        // At the speed of the keys: nothing is measured of it.
        let plain = |latent: &resolved::Latent| {
            let latent = resolved::Latent { speed: Speed::Keys, ..latent.clone() };
            Latent::new(&latent, &classes, &**mapping, None)
        };
        let path = plain(latent)?;
        let first = plain(&resolved.latent)?.place(0, 0.0, &weights, &**mapping)?;
        let base = (0..mapping.num_ws()).flat_map(|layer| first.layer(layer).to_vec()).collect();
        let moments = (0..MOMENTS).map(|i| (i * resolved.frames / MOMENTS) as f64);
        let psis = moments.map(|frame| resolved.psi.at(frame));
        let psi = psis.fold(0.0, |most: f64, psi| if psi.abs() > most.abs() { psi } else { most });
        let truncated =
            resolved.cutoff.as_ref().map_or(usize::MAX, |curve| curve.held(0.0) as usize);
        let segments = latent.keys.len() - usize::from(latent.period.is_none());
        let each = (MOST_STEPS / segments).clamp(1, STEPS);
        let text = text(resolved, latent, &layers, &weights, psi, truncated);
        let mapping = Arc::clone(mapping);
        Ok(Self { mapping, path, base, layers, weights, psi, truncated, segments, each, text })
    }

    /// How many places there are; at least two.
    pub fn places(&self) -> usize {
        self.segments * self.each + 1
    }

    /// The latents of a place: `num_ws` times `w_dim` values.
    ///
    /// # Errors
    /// What the mapping says.
    pub fn ws(&self, place: usize) -> Result<Vec<f32>> {
        let segment = (place / self.each).min(self.segments - 1);
        let progress = (place - segment * self.each) as f64 / self.each as f64;
        let point = self.path.place(segment, progress, &self.weights, &*self.mapping)?;
        let (mut ws, w_dim) = (self.base.clone(), self.mapping.w_dim());
        for &layer in &self.layers {
            ws[layer * w_dim..][..w_dim].copy_from_slice(point.layer(layer));
        }
        for w in ws.chunks_exact_mut(w_dim).take(self.truncated) {
            for (w, &average) in w.iter_mut().zip(self.mapping.w_avg()) {
                *w = f64::from(average) + self.psi * (*w - f64::from(average));
            }
        }
        Ok(ws.into_iter().map(|w| w as f32).collect())
    }

    /// All that decides the pictures besides the network, for a name of what was measured.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Times count by their relation only, so that another frame rate is the same way.
fn text(
    resolved: &Resolved,
    latent: &resolved::Latent,
    layers: &[usize],
    weights: &[f64],
    psi: f64,
    truncated: usize,
) -> String {
    let first = latent.keys[0].at;
    let length = latent.period.unwrap_or(latent.keys[latent.keys.len() - 1].at - first);
    let keys =
        latent.keys.iter().map(|key| format!("{:.9} {:?}", (key.at - first) / length, key.value));
    let keys = keys.collect::<Vec<_>>().join("\n");
    let looped = latent.period.is_some();
    let (base, interpolation) = (&resolved.latent.keys[0].value, latent.interpolation);
    format!(
        "{base:?}\n{interpolation:?} {looped}\n{keys}\n{layers:?} {weights:?} {psi} {truncated}"
    )
}
