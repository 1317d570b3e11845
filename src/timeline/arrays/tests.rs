//! The readers against files that `npyz`, `zip` and `safetensors` write.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use npyz::WriterBuilder;
use safetensors::tensor::TensorView;

use super::*;

fn npy(shape: &[u64], order: npyz::Order, values: impl Iterator<Item = f32>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options =
        npyz::WriteOptions::new().default_dtype().shape(shape).order(order).writer(&mut bytes);
    let mut writer = options.begin_nd().unwrap();
    writer.extend(values).unwrap();
    writer.finish().unwrap();
    bytes
}

fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn with_header(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn count(n: usize) -> Vec<f32> {
    (0..n).map(|i| i as f32).collect()
}

#[test]
fn npy_in_both_orders() {
    let plain = npy(&[2, 3, 4], npyz::Order::C, count(24).into_iter());
    assert_eq!(npy::read(&plain[..]), Ok(Array { shape: vec![2, 3, 4], data: count(24) }));
    let fortran = (0..24).map(|i| ((i % 2) * 12 + (i / 2 % 3) * 4 + i / 6) as f32);
    let fortran = npy(&[2, 3, 4], npyz::Order::Fortran, fortran);
    assert_eq!(npy::read(&fortran[..]), Ok(Array { shape: vec![2, 3, 4], data: count(24) }));
}

#[test]
fn every_float_format_and_byte_order() {
    let with = |descr: &str, data: &[u8]| npy::read(&with_header(descr, "2,", data)[..]);
    let expected = Ok(Array { shape: vec![2], data: vec![1.5, -2.0] });
    let each = |f: fn(f32) -> Vec<u8>| [1.5, -2.0].map(f).concat();
    assert_eq!(with("<f4", &each(|x| x.to_le_bytes().into())), expected);
    assert_eq!(with(">f4", &each(|x| x.to_be_bytes().into())), expected);
    assert_eq!(with("<f8", &each(|x| f64::from(x).to_le_bytes().into())), expected);
    assert_eq!(with(">f8", &each(|x| f64::from(x).to_be_bytes().into())), expected);
    assert_eq!(with("<f2", &each(|x| half::f16::from_f32(x).to_le_bytes().into())), expected);
    assert_eq!(with(">f2", &each(|x| half::f16::from_f32(x).to_be_bytes().into())), expected);
    assert!(with("<i8", &[0; 16]).unwrap_err().contains("type `<i8`"));
    assert!(with("<f8", &[0; 15]).unwrap_err().contains("cut short"));
}

#[test]
fn damaged_npy_is_an_error_and_never_a_panic() {
    let good = npy(&[2, 3], npyz::Order::C, count(6).into_iter());
    for length in 0..good.len() {
        assert!(npy::read(&good[..length]).is_err(), "cut at {length}");
    }
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            // Some of these are other, sound arrays.
            let _ = npy::read(&bytes[..]);
        }
    }
    let bytes = with_header("<f4", "99999999999, 99999999999", &[0; 64]);
    assert!(npy::read(&bytes[..]).unwrap_err().contains("too large"));
}

#[test]
fn npz_by_name_or_the_first() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, n) in [("w.npy", 4), ("z.npy", 2)] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&npy(&[n], npyz::Order::C, count(n as usize).into_iter())).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    let (_folder, path) = written("both.npz", &bytes);
    assert_eq!(read(&path, None, &[]).unwrap().shape, [4]);
    assert_eq!(read(&path, Some("z"), &[]).unwrap().data, count(2));
    assert!(read(&path, Some("x"), &[]).unwrap_err().contains("no array `x`, only `w`, `z`"));
    for length in (0..bytes.len()).step_by(7) {
        let (_folder, path) = written("cut.npz", &bytes[..length]);
        assert!(read(&path, None, &[]).is_err(), "cut at {length}");
    }
}

#[test]
fn safetensors_by_name_or_the_only_one() {
    let bytes: Vec<u8> = count(6).iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = || TensorView::new(Dtype::F32, vec![2, 3], &bytes).unwrap();
    let one = safetensors::serialize(HashMap::from([("w", view())]), None).unwrap();
    let (_folder, path) = written("one.safetensors", &one);
    assert_eq!(read(&path, None, &[]), Ok(Array { shape: vec![2, 3], data: count(6) }));
    let turned = TensorView::new(Dtype::F32, vec![3, 2], &bytes).unwrap();
    let two = safetensors::serialize(HashMap::from([("w", view()), ("z", turned)]), None).unwrap();
    let (_folder, path) = written("two.safetensors", &two);
    assert!(read(&path, None, &[]).unwrap_err().contains("choose one by `array`, of `w`, `z`"));
    assert_eq!(read(&path, Some("z"), &[]).unwrap().data, count(6));
    for (usual, shape) in [(&["x", "z"][..], vec![3, 2]), (&["w", "z"], vec![2, 3])] {
        assert_eq!(read(&path, None, usual).unwrap().shape, shape);
    }
    assert!(read(&path, None, &["x"]).is_err());
    let (_folder, path) = written("cut.safetensors", &one[..one.len() - 1]);
    assert!(read(&path, None, &[]).unwrap_err().contains("not a `.safetensors` file"));
}

#[test]
fn other_files_are_refused_by_their_ending() {
    let (_folder, path) = written("w.txt", b"1 2 3");
    assert!(read(&path, None, &[]).unwrap_err().contains("expected a file that ends in"));
    let missing = path.with_file_name("gone.npy");
    assert!(read(&missing, None, &[]).unwrap_err().contains("cannot read"));
}
