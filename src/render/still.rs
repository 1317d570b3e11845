//! One moment of a timeline.

use super::compose::Composer;
use super::passes::{Work, passes};
use super::project::Project;
use super::synthesise::Generator;
use crate::encode::{Depth, Picture};
use crate::progress::Silent;
use crate::{Error, Result};

/// The picture at a time in frames, which may lie between two of them. At a whole number it is the
/// picture that a render of the automatic batch gives that frame.
pub fn still(
    project: &Project,
    generators: &[Generator],
    time: f64,
    depth: Depth,
) -> Result<Picture> {
    let parts = project.film(generators)?.at(time)?;
    let index = time as u64;
    let sizes: Vec<_> = generators.iter().map(Generator::size).collect();
    let resolved = &project.resolved;
    let mut composer = Composer::new(&sizes, &resolved.canvas, resolved.grid.as_ref(), depth);
    let mut batch: Vec<_> = generators.iter().map(Generator::auto_batch).collect();
    let most = batch.first().copied().unwrap_or(1);
    let mut made = Vec::new();
    for work in passes(vec![(index, parts)], most, resolved.grid.is_some()) {
        let (Work::Plain { network, .. } | Work::Parts { network, .. }) = work;
        let (Some(generator), Some(batch)) = (generators.get(network), batch.get_mut(network))
        else {
            return Err(Error::Invalid(format!("the film has no network {network}")));
        };
        made.extend(match work {
            Work::Plain { inputs, alphas, .. } => {
                let images = generator.images(&inputs, batch, &Silent)?;
                composer.plain(network)?.pictures(&[index], &alphas, &images)?
            }
            Work::Parts { begins, shares, inputs, .. } => {
                composer.begin(&begins);
                composer.add(network, &shares, &generator.images(&inputs, batch, &Silent)?)?
            }
        });
    }
    made.pop().ok_or_else(|| Error::Device("the network made no image".into()))
}
