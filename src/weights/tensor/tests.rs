//! Views against the obvious way to read them.

use super::*;

/// A storage of `numel` numbers with the values 0, 1, 2 ... as int16, a few bytes into a file.
fn storage(numel: u16, latin1: bool) -> (Source, Storage) {
    let plain: Vec<u8> = [9, 9].into_iter().chain((0..numel).flat_map(u16::to_le_bytes)).collect();
    let written = match latin1 {
        true => plain.iter().map(|&b| char::from(b)).collect::<String>().into_bytes(),
        false => plain,
    };
    let blob = Blob { start: 3, len: written.len() as u64, latin1 };
    let source = Source::from_bytes("t", [&[7; 3], &written[..], &[7; 5]].concat());
    (source, Storage { dtype: DType::I16, numel: numel.into(), blob, start: 2 })
}

/// The obvious version: every index on its own.
fn slow(offset: u64, shape: &[usize], stride: &[u64]) -> Vec<f32> {
    let numel: usize = shape.iter().product();
    let place = |mut i: usize| {
        let mut at = offset;
        for (&size, &step) in shape.iter().zip(stride).rev() {
            at += (i % size) as u64 * step;
            i /= size;
        }
        at as f32
    };
    (0..numel).map(place).collect()
}

#[test]
fn every_view_equals_the_obvious_one() {
    for latin1 in [false, true] {
        let (source, storage) = storage(3000, latin1);
        for (offset, shape, stride) in [
            (0, vec![3000], vec![1]),
            (17, vec![], vec![]),
            (5, vec![2, 3, 4], vec![12, 4, 1]),
            (5, vec![4, 3, 2], vec![1, 4, 12]),
            (0, vec![50, 60], vec![1, 50]),
            (7, vec![1, 9, 1, 11], vec![999, 20, 5, 3]),
            (3000, vec![0, 4], vec![4, 1]),
            (1, vec![10, 10], vec![1, 1]),
        ] {
            let tensor = Tensor::new(storage, offset, shape.clone(), stride.clone()).unwrap();
            assert_eq!(
                tensor.read_f32(&source).unwrap(),
                slow(offset, &shape, &stride),
                "{shape:?}"
            );
        }
    }
}

#[test]
fn a_view_beyond_its_storage_is_refused() {
    let (_, storage) = storage(100, false);
    for (offset, shape, stride) in [
        (0, vec![101], vec![1]),
        (1, vec![100], vec![1]),
        (0, vec![2], vec![100]),
        (0, vec![1000], vec![0]),
        (u64::MAX, vec![1], vec![1]),
        (0, vec![2, 2], vec![u64::MAX, u64::MAX]),
        (0, vec![usize::MAX, usize::MAX], vec![0, 0]),
        (101, vec![0], vec![1]),
        (0, vec![1], vec![]),
        (0, vec![1; 9], vec![1; 9]),
    ] {
        let refused = Tensor::new(storage, offset, shape.clone(), stride);
        assert!(refused.is_err(), "{offset} {shape:?}");
    }
}
