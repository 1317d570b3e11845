//! The fused operator against the golden figures and the obvious version, at every level.

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::*;
use crate::kernels::{FilteredLrelu, Resampler, reference};
use crate::signal::{Filter, randn};

fn values(view: &TensorView) -> Vec<f32> {
    view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

/// Runs it on dirty memory; channel by channel samples.
fn run(
    fused: &Fused,
    level: Level,
    size: [usize; 2],
    x: &[f32],
    [scale, bias, out_scale]: [&[f32]; 3],
) -> Vec<f32> {
    let mut planes = Planes::new(bias.len(), size);
    planes.fill(x, &vec![1.0; bias.len()]);
    let mut y = Planes::new(100, [50, 50]);
    y.pixels_mut().iter_mut().for_each(|pixel| pixel.0 = [f32::NAN; 16]);
    fused.forward(level, &planes, Channelwise { scale, bias, out_scale }, &mut y).unwrap();
    y.samples()
}

#[derive(serde::Deserialize)]
struct Case {
    up: usize,
    down: usize,
    padding: [i64; 4],
    gain: f32,
    slope: f32,
    clamp: Option<f32>,
}

/// The cases with their operator and tensors.
fn golden_cases(
    mut check: impl FnMut(usize, FilteredLrelu, &dyn Fn(&str) -> (Vec<usize>, Vec<f32>)),
) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/filtered_lrelu.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let cases = &metadata.metadata().as_ref().unwrap()["cases"];
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(cases.len(), 10);
    for (i, case) in cases.iter().enumerate() {
        let get = |part: &str| tensors.tensor(&format!("{i}.{part}")).unwrap();
        let filter = |part: &str, factor| {
            let Ok(view) = tensors.tensor(&format!("{i}.{part}")) else {
                return Resampler::identity();
            };
            let taps = values(&view).into_iter().map(f64::from).collect();
            let filter = match *view.shape() {
                [_] => Filter::Separable(taps),
                [side, _] => Filter::Radial { side, taps },
                _ => unreachable!(),
            };
            Resampler { factor, filter }
        };
        let operator = FilteredLrelu {
            up: filter("fu", case.up),
            down: filter("fd", case.down),
            padding: case.padding,
            slope: case.slope,
            gain: case.gain,
            clamp: case.clamp.unwrap_or(f32::INFINITY),
        };
        check(i, operator, &|part| (get(part).shape().to_vec(), values(&get(part))));
    }
}

fn assert_near(ours: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (a, b) in ours.iter().zip(expected) {
        assert!((a - b).abs() < tolerance, "{what}: {a} for {b}");
    }
}

#[test]
fn agrees_with_the_golden_figures() {
    golden_cases(|i, operator, get| {
        let fused = Fused::new(operator);
        let ((shape, x), (_, bias), (_, y)) = (get("x"), get("b"), get("y"));
        let [samples, channels, height, width] = shape.try_into().unwrap();
        let ones = vec![1.0; channels];
        let each = y.chunks_exact(y.len() / samples);
        for (x, y) in x.chunks_exact(channels * height * width).zip(each) {
            for level in Level::all() {
                let ours = run(&fused, level, [height, width], x, [&ones, &bias, &ones]);
                assert_near(&ours, y, 2e-5, &format!("case {i} at {level:?}"));
            }
        }
    });
}

#[test]
fn gradients_agree_with_the_golden_figures() {
    golden_cases(|i, operator, get| {
        let ((shape, x), (_, bias), (_, y)) = (get("x"), get("b"), get("y"));
        let ((out, dy), (_, dx), (_, db)) = (get("dy"), get("dx"), get("db"));
        let [samples, channels, height, width] = shape.try_into().unwrap();
        let size = [height, width];
        let (fused, transposed) =
            (Fused::new(operator.clone()), Transposed::new(&operator, size).unwrap());
        let ones = vec![1.0; channels];
        let channelwise = Channelwise { scale: &ones, bias: &bias, out_scale: &ones };
        for level in Level::all() {
            let mut signs = Signs::default();
            let mut sums = vec![0f64; channels];
            for n in 0..samples {
                let of =
                    |all: &[f32]| all[n * all.len() / samples..][..all.len() / samples].to_vec();
                let what = format!("case {i} at {level:?}");
                let mut planes = Planes::new(channels, size);
                planes.fill(&of(&x), &ones);
                let mut kept = Planes::default();
                fused.forward_keeping(level, &planes, channelwise, &mut signs, &mut kept).unwrap();
                assert_near(&kept.samples(), &of(&y), 2e-5, &what);
                planes.reset(channels, [out[2], out[3]]);
                planes.fill(&of(&dy), &ones);
                transposed.forward(level, &planes, &signs, &mut kept).unwrap();
                assert_eq!(kept.size(), size);
                assert_near(&kept.samples(), &of(&dx), 2e-5, &format!("{what}, dx"));
                for (sum, plane) in sums.iter_mut().zip(kept.samples().chunks(height * width)) {
                    *sum += plane.iter().map(|&v| f64::from(v)).sum::<f64>();
                }
            }
            let scale = db.iter().fold(1f32, |scale, v| scale.max(v.abs()));
            let sums: Vec<f32> = sums.into_iter().map(|sum| sum as f32).collect();
            assert_near(&sums, &db, 1e-6 * scale, &format!("case {i} at {level:?}, db"));
        }
    });
}

/// Whole numbers from a seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    fn normals(&mut self, count: usize) -> Vec<f32> {
        randn(self.below(1 << 30) as u32, count).into_iter().map(|v| v as f32).collect()
    }

    /// A filter of about unit sum; symmetric ones take the folded passes.
    fn resampler(&mut self, square: bool) -> Resampler {
        let factor = self.of(&[1, 2, 2, 4]);
        let side = self.of(&[1, 3, 6 * factor, 12, 4 * factor]);
        let symmetric = self.below(2) == 0;
        let mut taps: Vec<f64> = self.normals(side * side).into_iter().map(f64::from).collect();
        if !square {
            taps.truncate(side);
        }
        if symmetric {
            let original = taps.clone();
            for i in 0..taps.len() {
                let (y, x) = (i / side, i % side);
                let (y, x) = (y.min((taps.len() / side - 1) - y), x.min(side - 1 - x));
                taps[i] = original[y * side + x];
            }
        }
        let norm = taps.iter().map(|tap| tap * tap).sum::<f64>().sqrt();
        taps.iter_mut().for_each(|tap| *tap /= norm);
        let filter = if square { Filter::Radial { side, taps } } else { Filter::Separable(taps) };
        Resampler { factor, filter }
    }
}

#[test]
fn agrees_with_the_obvious_version_over_random_shapes() {
    let mut draw = Draw(1);
    let (mut tried, mut folded) = (0, 0);
    while tried < 150 {
        let (square_up, square_down) = (draw.below(5) == 0, draw.below(2) == 0);
        let operator = FilteredLrelu {
            up: draw.resampler(square_up),
            down: draw.resampler(square_down),
            padding: std::array::from_fn(|_| draw.below(40) as i64 - 12),
            slope: draw.of(&[0.0, 0.2, 1.0]),
            gain: draw.of(&[1.0, 1.5]),
            clamp: draw.of(&[f32::INFINITY, 0.7, 256.0]),
        };
        let size = [draw.below(40) + 1, draw.below(60) + 1];
        if operator.out_size(size).is_err() {
            continue;
        }
        tried += 1;
        folded += usize::from(operator.up.taps() == 12 && operator.down.taps() == 12);
        let channels = draw.of(&[1, 5, 16, 19]);
        let area = size[0] * size[1];
        let x = draw.normals(channels * area);
        let [scale, bias, out_scale] = std::array::from_fn(|_| draw.normals(channels));
        let mut expected = Vec::new();
        for (c, plane) in x.chunks_exact(area).enumerate() {
            let plane: Vec<f32> = plane.iter().map(|v| v * scale[c]).collect();
            let y = reference::filtered_lrelu(&operator, size, &plane, bias[c]).unwrap();
            expected.extend(y.into_iter().map(|v| v * out_scale[c]));
        }
        let fused = Fused::new(operator.clone());
        for level in Level::all() {
            let y = run(&fused, level, size, &x, [&scale, &bias, &out_scale]);
            assert_eq!(y.len(), expected.len());
            let scale = expected.iter().fold(1f32, |scale, v| scale.max(v.abs()));
            for (a, b) in y.iter().zip(&expected) {
                assert!(
                    (a - b).abs() < 1e-5 * scale,
                    "{level:?} {size:?} {operator:?}: {a} for {b}"
                );
            }
        }
    }
    assert!(folded > 3, "the folded passes were met {folded} times");
}

#[test]
fn tiles_show_nowhere() {
    // Wide and high enough for several tiles of either kind.
    for square in [false, true] {
        let mut draw = Draw(7);
        let twelve = |draw: &mut Draw| loop {
            let resampler = draw.resampler(square);
            if resampler.factor == 2 && resampler.taps() == 12 {
                break resampler;
            }
        };
        let operator = FilteredLrelu {
            up: Resampler { factor: 2, filter: Filter::Separable(vec![0.5; 12]) },
            down: twelve(&mut draw),
            padding: [9, 8, 9, 8],
            slope: 0.2,
            gain: 1.0,
            clamp: 256.0,
        };
        let size = [210, 470];
        let x = draw.normals(size[0] * size[1]);
        let expected = reference::filtered_lrelu(&operator, size, &x, 0.5).unwrap();
        let y = run(&Fused::new(operator), Level::here(), size, &x, [&[1.0], &[0.5], &[1.0]]);
        for (a, b) in y.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-4, "{a} for {b}");
        }
    }
}

#[test]
fn pictures_smaller_than_the_filters_are_refused() {
    let twelve = || Resampler { factor: 2, filter: Filter::Separable(vec![1.0 / 12.0; 12]) };
    let operator = FilteredLrelu {
        up: twelve(),
        down: twelve(),
        padding: [0; 4],
        slope: 0.2,
        gain: 1.0,
        clamp: 256.0,
    };
    for (size, fits) in [(5, false), (6, false), (11, false), (12, true)] {
        assert_eq!(operator.out_size([size, 20]).is_ok(), fits, "{size}");
        assert_eq!(operator.out_size([20, size]).is_ok(), fits, "{size}");
    }
}
