//! One moment of a timeline.

use super::finish::Finish;
use super::project::Project;
use super::synthesise::Generator;
use crate::encode::{Depth, Picture};
use crate::progress::Silent;
use crate::{Error, Result};

/// The picture at a time in frames, which may lie between two of them. At a whole number it is the
/// picture that a render of the automatic batch gives that frame.
pub fn still(project: &Project, generator: &Generator, time: f64, depth: Depth) -> Result<Picture> {
    let input = project.schedule(generator)?.at(time)?;
    let mut batch = generator.auto_batch();
    let image = generator.images(std::slice::from_ref(&input), &mut batch, &Silent)?;
    let finish = Finish::new(generator.resolution(), &project.resolved.canvas, depth);
    let mut pictures = finish.pictures(&[input.index], &image)?;
    pictures.pop().ok_or_else(|| Error::Device("the network made no image".into()))
}
