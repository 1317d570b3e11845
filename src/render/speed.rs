//! How fast pictures change along the paths of a timeline.
//!
//! It is measured on the CPU in float32 whatever device renders, so that a film's frames lie at the same
//! places on each; as with all that is computed there, another kind of processor may differ in the last
//! bits. What was measured is kept in the program's cache, by the network's content and the path: workers
//! that share the folder, and later renders, read it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tch::Device;

use super::network::Network;
use super::synthesise::Generator;
use crate::metrics::equivariance::STILL;
use crate::metrics::perceptual::Look;
use crate::network::device::Precision;
use crate::progress::{Progress, Status};
use crate::schedule::{FrameInput, Mapping, Route, Tables};
use crate::timeline::Resolved;
use crate::{Error, Result, cache};

/// Changes with what is measured: what an older program has remembered is not taken for it.
const VERSION: &str = "speed 1";

/// At how many pictures is looked.
pub(super) fn looks(routes: &[Option<Route>]) -> u64 {
    routes.iter().flatten().map(|route| route.places() as u64).sum()
}

/// What was measured of a film's shots.
#[derive(Default)]
pub(super) struct Measured(Mutex<HashMap<String, Tables>>);

impl Measured {
    /// How far each place of each path of a shot is from its beginning; `network` has the shot's network,
    /// its number and its mapping.
    pub fn of(
        &self,
        shot: &Resolved,
        (network, number, mapping): (&Network, usize, &Arc<dyn Mapping>),
        progress: &dyn Progress,
    ) -> Result<Tables> {
        let routes = Route::all(shot, mapping)?;
        if looks(&routes) == 0 {
            return Ok(Tables::new());
        }
        let texts = routes.iter().map(|route| route.as_ref().map_or("", Route::text));
        let key = format!("{number}\n{}", texts.collect::<Vec<_>>().join("\n\n"));
        // A panic elsewhere does not spoil what was measured.
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tables) = held.get(&key) {
            return Ok(tables.clone());
        }
        let tables = tables(network, &routes, progress)?;
        held.insert(key, tables.clone());
        Ok(tables)
    }
}

fn tables(network: &Network, routes: &[Option<Route>], progress: &dyn Progress) -> Result<Tables> {
    let total = looks(routes);
    let (model, mut done) = (network.sha256()?, 0);
    let folder = cache::root().map(|root| root.join("speed"));
    let table = |route: &Option<Route>| {
        let Some(route) = route else { return Ok(None) };
        let status = Status { done, total, bottleneck: None };
        done += route.places() as u64;
        let make = || Ok(bytes(&measured(network, route, &status, progress)?));
        let key = cache::key(&[VERSION, &model, route.text()]);
        let table = read(&cache::get(folder.as_deref(), &key, make)?, route.places());
        // Another program's entry is not ours to judge.
        table.map_or_else(|| measured(network, route, &status, progress), Ok).map(Some)
    };
    routes.iter().map(table).collect()
}

/// Renders the places of a route and adds up how they differ.
fn measured(
    network: &Network,
    route: &Route,
    from: &Status,
    progress: &dyn Progress,
) -> Result<Vec<f64>> {
    let generator = network.generator(Device::Cpu, Precision::F32)?;
    let (mut length, mut lengths) = (0.0, Vec::with_capacity(route.places()));
    let mut before: Option<Look> = None;
    for place in 0..route.places() {
        if !progress.update(&Status { done: from.done + place as u64, ..*from }) {
            return Err(Error::Interrupted);
        }
        let look = look(&generator, route.ws(place)?)?;
        length += before.as_ref().map_or(0.0, |before| before.distance(&look));
        lengths.push(length);
        before = Some(look);
    }
    // Where the picture never changes, every place is as good: at the speed of the keys.
    if !(length > 0.0 && length.is_finite()) {
        lengths = (0..route.places()).map(|place| place as f64).collect();
    }
    Ok(lengths)
}

fn look(generator: &Generator, ws: Vec<f32>) -> Result<Look> {
    let images = generator.planes(&[FrameInput { index: 0, ws, transform: STILL }])?;
    let made = images.first().map(Look::of);
    made.ok_or_else(|| Error::Device("the network made no image".into()))
}

fn bytes(table: &[f64]) -> Vec<u8> {
    table.iter().flat_map(|length| length.to_le_bytes()).collect()
}

/// A table of so many places; none of other bytes.
fn read(bytes: &[u8], places: usize) -> Option<Vec<f64>> {
    let (values, rest) = bytes.as_chunks();
    let table: Vec<f64> = values.iter().map(|&value| f64::from_le_bytes(value)).collect();
    let rises = table.windows(2).all(|pair| pair[0] <= pair[1]);
    let ends = table.last().is_some_and(|last| *last > 0.0 && last.is_finite());
    (rest.is_empty() && table.len() == places && rises && ends).then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_come_back_and_others_do_not() {
        let table = vec![0.0, 0.5, 0.5, 3.25];
        assert_eq!(read(&bytes(&table), 4), Some(table.clone()));
        assert_eq!(read(&bytes(&table), 5), None);
        assert_eq!(read(&bytes(&table)[1..], 4), None);
        for wrong in [[0.0, 2.0, 1.0, 3.0], [0.0, 1.0, 2.0, f64::NAN], [0.0; 4]] {
            assert_eq!(read(&bytes(&wrong), 4), None, "{wrong:?}");
        }
    }
}
