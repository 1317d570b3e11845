//! The neighbourhood average (Karras et al. 2021, figure 1 left).

use super::sheet::Tile;
use crate::metrics::equivariance::{STILL, Subject};
use crate::metrics::{Average, Image};
use crate::progress::{Progress, Status};
use crate::signal::randn;
use crate::{Error, Result};

/// What is averaged.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The seed whose latent is the centre.
    pub seed: u32,
    /// How many neighbours; at least 1.
    pub samples: u32,
    /// Standard deviation of their steps in w, as a share of w's own distance (rms) from the average.
    pub step: f64,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The picture in the middle.
    pub centre: Image,
    /// The mean of its neighbours.
    pub mean: Image,
    /// Share of detail that the mean keeps; none where there is none.
    pub sharpness_ratio: Option<f64>,
}

/// Averages pictures whose latents are drawn close to that of a seed.
///
/// # Errors
/// Those of the subject; [`Error::Interrupted`] where the listener asks to stop.
pub fn run(
    plan: &Plan,
    subject: &dyn Subject,
    w_avg: &[f32],
    progress: &dyn Progress,
) -> Result<Finding> {
    let centre = subject.latents(plan.seed)?;
    let w_dim = w_avg.len();
    let distance: f64 =
        centre.iter().zip(w_avg).map(|(w, average)| f64::from(w - average).powi(2)).sum();
    let sigma = plan.step * (distance / w_dim.max(1) as f64).sqrt();
    let picture = |ws: &[f32]| {
        let made = subject.images(&[(ws, STILL)])?.pop();
        made.ok_or_else(|| Error::Invalid("the network made no picture".into()))
    };
    let mut average = Average::default();
    for i in 0..plan.samples {
        let status = Status { done: i.into(), total: plan.samples.into(), bottleneck: None };
        if !progress.update(&status) {
            return Err(Error::Interrupted);
        }
        // All layers take the same step, as in the mapping's own output.
        let steps = randn(!plan.seed.wrapping_add(i), w_dim);
        let near = |(w, step): (&f32, &f64)| (f64::from(*w) + sigma * step) as f32;
        let ws: Vec<f32> = centre.iter().zip(steps.iter().cycle()).map(near).collect();
        average.add(&picture(&ws)?);
    }
    let total = plan.samples.into();
    progress.update(&Status { done: total, total, bottleneck: None });
    Ok(Finding {
        centre: picture(&centre)?,
        mean: average.image(),
        sharpness_ratio: average.sharpness_ratio(),
    })
}

impl Finding {
    /// The centre, the mean, and what fine detail is left in the mean, four times as strong.
    pub fn tiles(&self) -> Vec<Tile> {
        vec![
            Tile::of(&self.centre, "one picture".into()),
            Tile::of(&self.mean, "average of its neighbourhood".into()),
            Tile::of(&detail(&self.mean), "the average's detail, times 4".into()),
        ]
    }
}

/// What differs from the mean of the neighbouring pixels, three by three.
fn detail(image: &Image) -> Image {
    let planes: Vec<&[f32]> = image.planes().collect();
    let near = |i: usize, size: usize| i.saturating_sub(1)..(i + 2).min(size);
    Image::from_fn([image.channels, image.height, image.width], |c, y, x| {
        let ys = near(y, image.height);
        let places = ys.flat_map(|y| near(x, image.width).map(move |x| y * image.width + x));
        let (sum, n) = places.fold((0.0, 0.0), |(sum, n), i| (sum + planes[c][i], n + 1.0));
        4.0 * (planes[c][y * image.width + x] - sum / n)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    /// Waves whose place the latent chooses, over a grid that is glued to the pixels.
    struct Glued(f32);

    impl Subject for Glued {
        fn latents(&self, _: u32) -> Result<Vec<f32>> {
            Ok(vec![1.0; 8])
        }
        fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
            let image = |(w, _): &(&[f32], _)| {
                Image::from_fn([1, 48, 48], |_, y, x| {
                    let own =
                        (2.0 * x as f32 + 20.0 * w[0]).sin() * (2.0 * y as f32 + 20.0 * w[1]).sin();
                    own + self.0 * ((x + y) % 2) as f32
                })
            };
            Ok(inputs.iter().map(image).collect())
        }
    }

    #[test]
    fn glue_survives_the_average() {
        let plan = Plan { seed: 0, samples: 40, step: 0.2 };
        let ratio = |glued| {
            let found = run(&plan, &Glued(glued), &[0.0; 4], &Silent).unwrap();
            assert_eq!(found.tiles().len(), 3);
            found.sharpness_ratio.unwrap()
        };
        assert!(ratio(0.0) < 0.1, "{}", ratio(0.0));
        assert!(ratio(1.0) > 0.4, "{}", ratio(1.0));
    }
}
