use tch::Device;

use super::*;
use crate::encode::Samples;
use crate::timeline::alpha::Alpha;
use crate::timeline::resolved::{self, Fit, Ground};

const CANVAS: Canvas = Canvas {
    size: None,
    fit: Fit::Contain,
    pixel_aspect: (1, 1),
    extent: None,
    ground: Ground::Black,
};

fn grid(columns: u32, rows: u32, gap: u32, cells: usize) -> Grid {
    let cell = resolved::Cell { latent: None, psi: None, camera: None };
    Grid { columns, rows, gap, background: [0.0, 1.0, 0.5], cells: vec![cell; cells] }
}

fn images(n: i64, side: i64) -> Tensor {
    // Beyond -1..1, too.
    Tensor::randn([n, 3, side, side], (Kind::Float, Device::Cpu)) * 0.8
}

fn share(index: u64, cell: usize, weight: f32) -> Share {
    Share { index, part: cell, cell, weight, alpha: None }
}

fn begin(composer: &mut Composer, frames: &[(u64, usize)]) {
    let begun = |&(index, missing)| Begun { index, missing, stacks: Vec::new() };
    composer.begin(&frames.iter().map(begun).collect::<Vec<_>>());
}

fn floats(picture: &Picture) -> &[f32] {
    let Samples::F32(values) = &picture.samples else { panic!("asked for float32") };
    values
}

#[test]
fn a_part_of_weight_1_is_the_plain_picture() {
    for (side, size) in [(16, None), (16, Some((24, 20)))] {
        for depth in [Depth::U8, Depth::U16, Depth::F32] {
            let canvas = Canvas { size, ..CANVAS };
            let mut composer = Composer::new(&[(side, side)], &canvas, None, depth);
            let images = images(3, i64::from(side));
            let shares = [7, 8, 9].map(|index| share(index, 0, 1.0));
            begin(&mut composer, &[(7, 1), (8, 1), (9, 1)]);
            let made = composer.add(0, &shares, &images).unwrap();
            let plain = composer
                .plain(0)
                .unwrap()
                .pictures(&[7, 8, 9], &[None, None, None], &images)
                .unwrap();
            assert_eq!(made, plain);
        }
    }
}

#[test]
fn parts_are_averaged_in_linear_light() {
    let srgb_to_light = |v: f64| {
        let light = if v.abs() <= 0.04045 {
            v.abs() / 12.92
        } else {
            ((v.abs() + 0.055) / 1.055).powf(2.4)
        };
        light.copysign(v)
    };
    let light_to_srgb = |v: f64| {
        let shown = if v.abs() <= 0.0031308 {
            v.abs() * 12.92
        } else {
            1.055 * v.abs().powf(1.0 / 2.4) - 0.055
        };
        shown.copysign(v)
    };
    let canvas = Canvas { size: Some((13, 9)), ..CANVAS };
    let weights = [0.5, 0.125, 0.375];
    let images = images(3, 16);
    let mut stills = Composer::new(&[(16, 16)], &canvas, None, Depth::F32);
    let finish = stills.plain(0).unwrap().clone();
    let each = finish.pictures(&[0, 1, 2], &[None, None, None], &images).unwrap();
    let shares = weights.map(|weight| share(4, 0, weight));
    begin(&mut stills, &[(4, 3)]);
    // In two passes: nothing comes of the first.
    assert_eq!(stills.add(0, &shares[..1], &images.narrow(0, 0, 1)).unwrap(), []);
    let made = stills.add(0, &shares[1..], &images.narrow(0, 1, 2)).unwrap();
    assert_eq!((made.len(), made[0].index), (1, 4));
    for (i, value) in floats(&made[0]).iter().enumerate() {
        let light = |(picture, weight): (&Picture, f32)| {
            f64::from(weight) * srgb_to_light(f64::from(floats(picture)[i]))
        };
        let wanted = light_to_srgb(each.iter().zip(weights).map(light).sum());
        assert!((f64::from(*value) - wanted).abs() < 1e-5, "{value} {wanted}");
    }
}

#[test]
fn a_moving_edge_is_as_wide_as_its_way() {
    // White left of an edge that moves by 24 pixels a frame.
    let edge = |at: f64| {
        let row: Vec<f32> =
            (0..64).map(|x| (2.0 * (at - f64::from(x)).clamp(0.0, 1.0) - 1.0) as f32).collect();
        Tensor::from_slice(&row).reshape([1, 1, 1, 64]).repeat([1, 3, 64, 1])
    };
    for (opens, open) in [(-0.25, 0.5), (0.0, 0.5), (-0.5, 1.0)] {
        let shutter = resolved::Shutter { opens, open, samples: 240 };
        let mut composer = Composer::new(&[(64, 64)], &CANVAS, None, Depth::F32);
        begin(&mut composer, &[(0, 240)]);
        let share = share(0, 0, 1.0 / 240.0);
        let mut made = Vec::new();
        for moment in shutter.moments() {
            made =
                composer.add(0, std::slice::from_ref(&share), &edge(32.0 + 24.0 * moment)).unwrap();
        }
        let row: Vec<f32> =
            floats(&made[0])[..3 * 64].chunks(3).map(|v| linear(v[0] * 2.0 - 1.0)).collect();
        let (from, to) = (32.0 + 24.0 * opens, 32.0 + 24.0 * (opens + open));
        for (x, light) in row.iter().enumerate() {
            // White until the edge has passed for good, then an even ramp.
            let wanted = ((to - 0.5 - x as f64) / (to - from)).clamp(0.0, 1.0);
            assert!((f64::from(*light) - wanted).abs() < 0.06, "{x}: {light} {wanted}");
        }
    }
}

#[test]
fn what_shares_lack_is_black() {
    let mut composer = Composer::new(&[(16, 16)], &CANVAS, None, Depth::F32);
    begin(&mut composer, &[(0, 0), (1, 1)]);
    let white = Tensor::ones([1, 3, 16, 16], (Kind::Float, Device::Cpu));
    let half = share(1, 0, 0.5);
    let made = composer.add(0, &[half], &white).unwrap();
    assert!(floats(&made[0]).iter().all(|value| *value == 0.0));
    assert!(floats(&made[1]).iter().all(|value| (value - 0.735_357).abs() < 1e-6));
}

#[test]
fn cells_stand_where_they_belong() {
    let grid = grid(3, 2, 2, 5);
    let mut composer = Composer::new(&[(16, 16)], &CANVAS, Some(&grid), Depth::U8);
    let images = images(5, 16);
    // The sixth place is no cell.
    let shares: Vec<_> = (0..5).map(|cell| share(0, cell, 1.0)).collect();
    begin(&mut composer, &[(0, 5)]);
    let made = composer.add(0, &shares, &images).unwrap().remove(0);
    assert_eq!((made.width, made.height), (52, 34));
    let Samples::U8(levels) = made.samples else { panic!() };
    let plain =
        composer.plain(0).unwrap().pictures(&[0, 1, 2, 3, 4], &vec![None; 5], &images).unwrap();
    for (x, y) in (0..52).flat_map(|x| (0..34).map(move |y| (x, y))) {
        let (column, row) = (x / 18, y / 18);
        let (inner_x, inner_y) = (x % 18, y % 18);
        let cell = row * 3 + column;
        let found = &levels[3 * (y * 52 + x)..][..3];
        if inner_x >= 16 || inner_y >= 16 || cell == 5 {
            assert_eq!(found, [0, 255, 128]);
        } else {
            let Samples::U8(cell) = &plain[cell].samples else { panic!() };
            assert_eq!(found, &cell[3 * (inner_y * 16 + inner_x)..][..3]);
        }
    }
}

#[test]
fn networks_of_several_sizes_share_a_picture_and_frames_keep_their_order() {
    let mut composer = Composer::new(&[(32, 32), (16, 16)], &CANVAS, None, Depth::F32);
    let (large, small) = (images(1, 32), images(2, 16));
    begin(&mut composer, &[(3, 2), (4, 1)]);
    let share = |index, weight| share(index, 0, weight);
    // Frame 4 is complete before frame 3 is.
    assert_eq!(composer.add(1, &[share(4, 1.0)], &small.narrow(0, 0, 1)).unwrap(), []);
    assert_eq!(composer.add(1, &[share(3, 0.5)], &small.narrow(0, 1, 1)).unwrap(), []);
    let made = composer.add(0, &[share(3, 0.5)], &large).unwrap();
    assert_eq!(made.iter().map(|picture| picture.index).collect::<Vec<_>>(), [3, 4]);
    assert!(made.iter().all(|picture| (picture.width, picture.height) == (32, 32)));
    assert!(composer.add(2, &[share(3, 1.0)], &large).is_err());
    assert!(composer.add(0, &[share(9, 1.0)], &large).is_err());
}

fn light(v: f32) -> f64 {
    f64::from(linear(v * 2.0 - 1.0))
}

#[test]
fn stacks_are_laid_in_light_that_is_multiplied_by_alpha() {
    let canvas = Canvas { ground: Ground::Clear, ..CANVAS };
    let key = Some(Alpha::Luma { low: 0.2, high: 0.7, invert: false });
    let images = images(3, 16);
    let alone = Composer::new(&[(16, 16)], &canvas, None, Depth::F32);
    let alphas = [key.clone(), key.clone(), None];
    let each = alone.plain(0).unwrap().pictures(&[0, 1, 2], &alphas, &images).unwrap();
    let begun = Begun {
        index: 0,
        missing: 3,
        stacks: vec![
            Pile { cell: 0, weight: 0.5, parts: vec![0, 1, 2] },
            Pile { cell: 0, weight: 0.25, parts: vec![1, 2] },
        ],
    };
    let shares = alphas.iter().enumerate().map(|(part, alpha)| Share {
        part,
        weight: if part == 0 { 0.125 } else { 0.0 },
        alpha: alpha.clone(),
        ..share(0, 0, 0.0)
    });
    let shares: Vec<_> = shares.collect();
    // In whatever passes they come.
    for passes in [&[3][..], &[1, 2], &[2, 1], &[1, 1, 1]] {
        let mut composer = Composer::new(&[(16, 16)], &canvas, None, Depth::F32);
        composer.begin(std::slice::from_ref(&begun));
        let (mut from, mut made) = (0, Vec::new());
        for &count in passes {
            let some = images.narrow(0, from as i64, count as i64);
            made.extend(composer.add(0, &shares[from..from + count], &some).unwrap());
            from += count;
        }
        assert_eq!(made.len(), 1);
        let found = floats(&made[0]);
        assert_eq!(found.len(), 4 * 256);
        for at in (0..found.len()).step_by(4) {
            let [a, b, c] = [0, 1, 2].map(|i| &floats(&each[i])[at..at + 4]);
            let alpha = |pixel: &[f32]| f64::from(pixel[3]);
            let term = |i: usize| {
                let of = |pixel: &[f32]| if i == 3 { 1.0 } else { light(pixel[i]) };
                let upper = alpha(b) * of(b) + (1.0 - alpha(b)) * alpha(c) * of(c);
                let all = alpha(a) * of(a) + (1.0 - alpha(a)) * upper;
                0.5 * all + 0.25 * upper + 0.125 * alpha(a) * of(a)
            };
            assert!((f64::from(found[at + 3]) - term(3)).abs() < 1e-5);
            for i in 0..3 {
                let premultiplied = light(found[at + i]) * f64::from(found[at + 3]);
                assert!((premultiplied - term(i)).abs() < 1e-4, "{at} {i}");
            }
        }
    }
}

#[test]
fn what_is_left_is_transparent_or_the_ground() {
    let white = Tensor::ones([1, 3, 16, 16], (Kind::Float, Device::Cpu));
    for ground in [Ground::Clear, Ground::Colour([1.0, 0.0, 0.5])] {
        let canvas = Canvas { ground, size: Some((32, 16)), ..CANVAS };
        let mut composer = Composer::new(&[(16, 16)], &canvas, None, Depth::U8);
        begin(&mut composer, &[(0, 0), (1, 1)]);
        let made = composer.add(0, &[share(1, 0, 0.5)], &white).unwrap();
        let Samples::U8(nothing) = &made[0].samples else { panic!() };
        let Samples::U8(half) = &made[1].samples else { panic!() };
        // A bar on the left, then the picture.
        if ground == Ground::Clear {
            assert!(nothing.iter().all(|&level| level == 0));
            assert_eq!(half[..4], [0; 4]);
            assert_eq!(half[4 * 12..][..4], [255, 255, 255, 128]);
        } else {
            assert_eq!(nothing[..3], [255, 0, 128]);
            assert_eq!(half[..3], [255, 0, 128]);
            // Half of the light is white: of blue 0.607, which sRGB has at 204.5.
            assert_eq!(half[3 * 12..][..3], [255, 188, 204]);
        }
    }
}
