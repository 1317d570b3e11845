//! What frames are made of: the shutter and the grid.

use super::super::film::Film;
use super::*;
use crate::timeline::resolved::{Cell, Grid, Shutter};

fn film(resolved: &Resolved) -> Film {
    Film::new(resolved, &[Arc::new(Fake { has_pose: true })]).unwrap()
}

fn grid(cells: Vec<Cell>) -> Option<Grid> {
    Some(Grid { columns: 2, rows: 2, gap: 1, background: [0.0; 3], cells })
}

#[test]
fn without_shutter_and_grid_a_frame_is_one_synthesis() {
    let timeline = busy(Interpolation::LoopCubic);
    let (film, schedule) = (film(&timeline), schedule(&timeline).unwrap());
    for index in 0..film.frames() {
        let parts = film.frame(index).unwrap();
        let input = schedule.frame(index).unwrap();
        assert_eq!(
            parts,
            [Part { network: 0, cell: 0, weight: 1.0, input, alpha: None, stacks: Vec::new() }]
        );
    }
    assert!(film.frame(48).is_err() && film.at(f64::NAN).is_err());
}

#[test]
fn a_shutter_shows_the_middles_of_equal_parts() {
    let timeline = busy(Interpolation::NaturalCubic);
    let schedule = schedule(&timeline).unwrap();
    for (opens, open, samples) in [(-0.25, 0.5, 8), (0.0, 1.0, 4), (-1.0, 2.0, 5), (0.1, 0.5, 1)] {
        let shutter = Some(Shutter { opens, open, samples });
        let film = film(&Resolved { shutter, ..timeline.clone() });
        for index in [0, 13, 47] {
            let parts = film.frame(index).unwrap();
            assert_eq!(parts.len(), samples as usize);
            for (i, part) in parts.iter().enumerate() {
                let time = index as f64 + opens + (i as f64 + 0.5) * open / f64::from(samples);
                let wanted = FrameInput { index, ..schedule.at(time).unwrap() };
                assert_eq!(
                    (&part.input, part.weight),
                    (&wanted, (1.0 / f64::from(samples)) as f32)
                );
            }
        }
    }
}

#[test]
fn what_stands_still_is_synthesised_once() {
    let mut timeline = resolved(latent([(0.0, LatentPoint::Seed(1))], Interpolation::Linear, None));
    timeline.camera.scale = curve([(10.0, 1.0), (20.0, 2.0)]);
    for samples in [1, 3, 7, 49, 256] {
        timeline.shutter = Some(Shutter { opens: -0.5, open: 1.0, samples });
        let film = film(&timeline);
        let parts = film.frame(5).unwrap();
        assert_eq!((parts.len(), parts[0].weight), (1, 1.0), "{samples} samples");
        assert_eq!(film.frame(15).unwrap().len(), samples as usize);
        // Half of the frame in which it begins to move.
        let parts = film.frame(10).unwrap();
        assert_eq!(parts.len(), 1 + samples as usize / 2, "{samples} samples");
        assert!((parts.iter().map(|p| f64::from(p.weight)).sum::<f64>() - 1.0).abs() < 1e-6);
    }
}

#[test]
fn cells_have_what_is_theirs_and_share_the_rest() {
    let timeline = busy(Interpolation::Linear);
    let own = latent([(0.0, LatentPoint::Seed(77))], Interpolation::Linear, None);
    let cells = vec![
        Cell { latent: None, psi: None, camera: None },
        Cell { latent: Some(own.clone()), psi: None, camera: None },
        Cell { latent: None, psi: Some(Curve::constant(0.3)), camera: None },
    ];
    let shutter = Some(Shutter { opens: 0.0, open: 0.5, samples: 2 });
    let whole = film(&Resolved { grid: grid(cells), shutter, ..timeline.clone() });
    let shown = [
        timeline.clone(),
        Resolved { latent: own, ..timeline.clone() },
        Resolved { psi: Curve::constant(0.3), ..timeline.clone() },
    ];
    let parts = whole.frame(20).unwrap();
    for (cell, timeline) in shown.iter().enumerate() {
        let alone = film(&Resolved { shutter, ..timeline.clone() });
        let alone = alone.frame(20).unwrap().into_iter().map(|part| Part { cell, ..part });
        let of_cell = parts.iter().filter(|part| part.cell == cell).cloned();
        assert!(of_cell.eq(alone), "cell {cell}");
    }
    assert_eq!(parts.len(), 6);
}

#[test]
fn cells_lie_side_by_side() {
    let grid =
        |columns, rows, gap| Grid { columns, rows, gap, background: [0.0; 3], cells: vec![] };
    assert_eq!(grid(3, 2, 8).around((64, 32)), (208, 72));
    for columns in 1..6 {
        for (gap, whole) in [(0, (97, 50)), (3, (100, 41)), (7, (640, 360))] {
            let grid = grid(columns, 2, gap);
            let size = grid.cell_size(whole);
            let mut seen = vec![false; (whole.0 * whole.1) as usize];
            for cell in 0..columns * 2 {
                let (left, top) = grid.corner(cell, whole);
                assert!(left + size.0 <= whole.0 && top + size.1 <= whole.1);
                for (x, y) in (0..size.0).flat_map(|x| (0..size.1).map(move |y| (x, y))) {
                    let place = &mut seen[((top + y) * whole.0 + left + x) as usize];
                    assert!(!std::mem::replace(place, true), "cells overlap");
                }
            }
            let last = grid.corner(columns - 1, whole).0 + size.0;
            let (left, right) = (grid.corner(0, whole).0, whole.0 - last);
            assert!(right - left <= 1, "{left} {right}");
        }
    }
    // Gaps that leave nothing are no panic.
    assert_eq!(grid(4, 4, 100).cell_size((50, 50)), (0, 0));
    let _ = grid(4, 4, 100).corner(15, (50, 50));
}
