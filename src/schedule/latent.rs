//! A keyed path through latent space, ready to be followed.

use super::Mapping;
use super::classes::Classes;
use super::knots::Knots;
use super::slerp::Circles;
use super::spline::{Slopes, Spline};
use super::walk::Walk;
use crate::signal::randn;
use crate::timeline::curve::Key;
use crate::timeline::resolved::{self, Interpolation, LatentPoint, Speed};
use crate::{Error, Result};

/// A latent path whose keys have been drawn and mapped.
pub struct Latent {
    path: Path,
    classes: Vec<Option<usize>>,
}

enum Path {
    /// Through w, the same whatever the class: no key needs the mapping.
    Fixed(Spline),
    /// Through w, one path for each class.
    Mapped(Vec<Spline>),
    /// Through z, to be mapped at every frame.
    Normal(Circles),
    /// Through z without keys, to be mapped at every frame.
    Walk(Walk),
}

/// A point of a path in w: one for all layers, or one for each.
pub struct Point {
    values: Vec<f64>,
    w_dim: usize,
}

impl Point {
    /// The w of a layer, `w_dim` values.
    pub fn layer(&self, layer: usize) -> &[f64] {
        let start = if self.values.len() == self.w_dim { 0 } else { layer * self.w_dim };
        &self.values[start..start + self.w_dim]
    }
}

impl Latent {
    /// Draws the seeds and, for paths in w, maps every key for each class that is ever shown. A path whose
    /// speed pictures decide needs the table of its lengths: see [`super::Route`].
    pub fn new(
        latent: &resolved::Latent,
        classes: &Classes,
        mapping: &dyn Mapping,
        table: Option<&[f64]>,
    ) -> Result<Self> {
        let table = table.filter(|_| latent.speed == Speed::Perceptual);
        if latent.speed == Speed::Perceptual && latent.keys.len() > 1 && table.is_none() {
            return Err(Error::Invalid(
                "a path of perceptual speed has not been measured: make the schedule through a project".into(),
            ));
        }
        if let Some(table) = table.filter(|table| !rises(table)) {
            return Err(Error::Invalid(format!(
                "a path's table of {} lengths is none: expected two at least that never fall",
                table.len()
            )));
        }
        let knots = Knots::new(&latent.keys, latent.period)?;
        let knots = if latent.ping_pong { knots.there_and_back() } else { knots };
        let slopes = match latent.interpolation {
            Interpolation::Slerp | Interpolation::Walk(_) => None,
            Interpolation::Linear => Some(Slopes::Straight),
            Interpolation::CatmullRom => Some(Slopes::catmull_rom(&knots)),
            Interpolation::NaturalCubic => Some(Slopes::natural(&knots)),
            Interpolation::LoopCubic => Some(Slopes::loop_cubic(&knots)?),
        };
        let keys = Keys { points: latent.keys.iter().map(|key| &key.value).collect(), mapping };
        let path = if let Some(slopes) = slopes {
            let dim = keys.dim();
            let spline = |class: &Option<usize>| {
                let rows = keys.mapped(*class, dim)?;
                let spline = Spline::new(knots.clone(), dim, rows, &slopes);
                Ok(match (latent.speed, table) {
                    (Speed::Even, _) => spline.even(),
                    (_, Some(table)) => spline.measured(table),
                    _ => spline,
                })
            };
            if keys.need_class() {
                Path::Mapped(classes.used().iter().map(spline).collect::<Result<_>>()?)
            } else {
                Path::Fixed(spline(&None)?)
            }
        } else if let Interpolation::Walk(waves) = latent.interpolation {
            Path::Walk(keys.walk(waves, &latent.keys, latent.period)?)
        } else {
            let circles = Circles::new(knots, mapping.z_dim(), keys.normal()?);
            Path::Normal(match table {
                Some(table) => circles.measured(table),
                None => circles,
            })
        };
        Ok(Self { path, classes: classes.used().to_vec() })
    }

    /// The point in w at a time in frames: the sum of each class's, by its weight. `weights`
    /// belongs to the classes that the path was made for and sums to 1.
    pub fn at(&self, frame: f64, weights: &[f64], mapping: &dyn Mapping) -> Result<Point> {
        let normal = |z| self.normal(z, weights, mapping);
        let values = match &self.path {
            Path::Fixed(spline) => spline.at(frame),
            Path::Mapped(splines) => {
                weighted(splines.iter().zip(weights), |spline| Ok(spline.at(frame)))?
            }
            Path::Normal(circles) => normal(circles.at(frame))?,
            Path::Walk(walk) => normal(walk.at(frame))?,
        };
        Ok(Point { values, w_dim: mapping.w_dim() })
    }

    /// The point in w of a segment between two keys at a progress on it; a walk, which has none, is at its
    /// beginning.
    pub fn place(
        &self,
        segment: usize,
        progress: f64,
        weights: &[f64],
        mapping: &dyn Mapping,
    ) -> Result<Point> {
        let values = match &self.path {
            Path::Fixed(spline) => spline.point(segment, progress),
            Path::Mapped(splines) => {
                weighted(splines.iter().zip(weights), |spline| Ok(spline.point(segment, progress)))?
            }
            Path::Normal(circles) => {
                self.normal(circles.point(segment, progress), weights, mapping)?
            }
            Path::Walk(walk) => self.normal(walk.at(0.0), weights, mapping)?,
        };
        Ok(Point { values, w_dim: mapping.w_dim() })
    }

    /// The w of a z: the sum of each class's, by its weight.
    fn normal(&self, z: Vec<f64>, weights: &[f64], mapping: &dyn Mapping) -> Result<Vec<f64>> {
        let z: Vec<f32> = z.into_iter().map(|z| z as f32).collect();
        weighted(self.classes.iter().zip(weights), |&class| map(mapping, &z, class))
    }
}

/// Whether lengths are a path's.
fn rises(table: &[f64]) -> bool {
    let (first, last) = (table.first(), table.last());
    table.len() > 1
        && first.zip(last).is_some_and(|(first, last)| *first == 0.0 && last.is_finite())
        && table.windows(2).all(|pair| pair[0] <= pair[1])
}

/// The sum of what `point` gives for each item, by its weight; items of weight 0 are not asked.
fn weighted<'a, T: 'a>(
    items: impl Iterator<Item = (&'a T, &'a f64)>,
    point: impl Fn(&T) -> Result<Vec<f64>>,
) -> Result<Vec<f64>> {
    let mut sum = Vec::new();
    for (item, &weight) in items.filter(|(_, weight)| **weight != 0.0) {
        let values = point(item)?.into_iter().map(|w| weight * w);
        if sum.is_empty() {
            sum = values.collect();
        } else {
            sum.iter_mut().zip(values).for_each(|(sum, w)| *sum += w);
        }
    }
    if sum.is_empty() {
        return Err(Error::Invalid(
            "the class track's weights are all 0: they must sum to 1".into(),
        ));
    }
    Ok(sum)
}

/// The keys of one path and the network that they belong to.
struct Keys<'a> {
    points: Vec<&'a LatentPoint>,
    mapping: &'a dyn Mapping,
}

impl Keys<'_> {
    /// Whether any key's w depends on the class.
    fn need_class(&self) -> bool {
        self.points.iter().any(|point| matches!(point, LatentPoint::Seed(_) | LatentPoint::Z(_)))
    }

    /// Length of a row: `w_dim`, or that for each layer as soon as one key tells layers apart.
    fn dim(&self) -> usize {
        let layered = self.points.iter().any(|point| matches!(point, LatentPoint::Ws(_)));
        if layered { self.ws_len() } else { self.mapping.w_dim() }
    }

    fn ws_len(&self) -> usize {
        self.mapping.num_ws() * self.mapping.w_dim()
    }

    /// Rows of `dim` values in w for a class.
    fn mapped(&self, class: Option<usize>, dim: usize) -> Result<Vec<f64>> {
        let w_dim = self.mapping.w_dim();
        let mut rows = Vec::with_capacity(self.points.len() * dim);
        for (key, point) in self.points.iter().enumerate() {
            let row = match point {
                LatentPoint::W(w) => wide(expect_len(w, w_dim, "w", key)?),
                LatentPoint::Ws(ws) => wide(expect_len(ws, self.ws_len(), "ws", key)?),
                LatentPoint::Average => wide(self.mapping.w_avg()),
                LatentPoint::Seed(_) | LatentPoint::Z(_) => {
                    map(self.mapping, &self.z(key, point)?, class)?
                }
            };
            // A w for all layers is repeated where other keys tell layers apart.
            rows.extend(row.iter().cycle().take(dim));
        }
        Ok(rows)
    }

    /// A walk of so many waves from the first key on.
    fn walk(&self, waves: u32, keys: &[Key<LatentPoint>], period: Option<f64>) -> Result<Walk> {
        let missing = || Error::Invalid("a walk needs a seed and a period".into());
        let (first, period) = keys.first().zip(period).ok_or_else(missing)?;
        let dim = self.mapping.z_dim();
        match (waves, &first.value) {
            (1, _) if keys.len() == 2 => {
                let mut a = self.normal()?;
                let b = a.split_off(dim.min(a.len()));
                Ok(Walk::circle(first.at, period, a, b))
            }
            (waves, LatentPoint::Seed(seed)) => {
                Ok(Walk::noise(first.at, period, dim, *seed, waves))
            }
            _ => Err(missing()),
        }
    }

    /// Rows of `z_dim` values in z.
    fn normal(&self) -> Result<Vec<f64>> {
        let rows = self.points.iter().enumerate().map(|(key, point)| self.z(key, point));
        Ok(rows.collect::<Result<Vec<_>>>()?.concat().into_iter().map(f64::from).collect())
    }

    /// The z of a key, in float32 as every tool has it.
    fn z(&self, key: usize, point: &LatentPoint) -> Result<Vec<f32>> {
        let z_dim = self.mapping.z_dim();
        match point {
            LatentPoint::Seed(seed) => {
                Ok(randn(*seed, z_dim).into_iter().map(|z| z as f32).collect())
            }
            LatentPoint::Z(z) => expect_len(z, z_dim, "z", key).map(<[f32]>::to_vec),
            _ => Err(Error::Invalid(format!(
                "latent key {} is a point of w: great circles (slerp) go through z, so that every \
                 key must be a seed or a z",
                key + 1
            ))),
        }
    }
}

fn map(mapping: &dyn Mapping, z: &[f32], class: Option<usize>) -> Result<Vec<f64>> {
    let w = mapping.map(z, class)?;
    if w.len() != mapping.w_dim() {
        return Err(Error::Invalid(format!(
            "the network's mapping gave {} values instead of {}",
            w.len(),
            mapping.w_dim()
        )));
    }
    Ok(wide(&w))
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&w| f64::from(w)).collect()
}

fn expect_len<'a>(values: &'a [f32], len: usize, what: &str, key: usize) -> Result<&'a [f32]> {
    if values.len() == len {
        return Ok(values);
    }
    Err(Error::Invalid(format!(
        "latent key {} is a {what} of {} values, but this network's {what} has {len}",
        key + 1,
        values.len()
    )))
}
