use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{get, key};
use crate::Error;

fn made(folder: &Path, key: &str, content: &[u8]) -> (Vec<u8>, usize) {
    let times = AtomicUsize::new(0);
    let make = || {
        times.fetch_add(1, Ordering::Relaxed);
        Ok(content.to_vec())
    };
    (get(Some(folder), key, make).unwrap(), times.into_inner())
}

#[test]
fn an_entry_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("not/there/yet");
    assert_eq!(made(&deep, "a", b"code"), (b"code".to_vec(), 1));
    assert_eq!(made(&deep, "a", b"other"), (b"code".to_vec(), 0));
    assert_eq!(made(&deep, "b", b""), (Vec::new(), 1));
    assert_eq!(made(&deep, "b", b"other"), (Vec::new(), 0));
}

#[test]
fn a_damaged_entry_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), "a", b"code");
    let whole = fs::read(folder.path().join("a")).unwrap();
    for length in 0..whole.len() {
        fs::write(folder.path().join("a"), &whole[..length]).unwrap();
        assert_eq!(made(folder.path(), "a", b"code").1, 1, "{length} bytes");
    }
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(folder.path().join("a"), &damaged).unwrap();
        assert_eq!(made(folder.path(), "a", b"code"), (b"code".to_vec(), 1), "byte {place}");
    }
    assert_eq!(made(folder.path(), "a", b"other"), (b"code".to_vec(), 0));
}

#[test]
fn many_may_write_one_entry() {
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for name in ["a", "b", "c"] {
                    assert_eq!(made(folder.path(), name, &content).0, content);
                }
            });
        }
    });
    // Whole entries, and nothing beside them.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    for name in ["a", "b", "c"] {
        assert_eq!(made(folder.path(), name, b"other"), (content.clone(), 0));
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    // A file in a folder's place stops root, too.
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(made(&file, "a", b"code"), (b"code".to_vec(), 1));
    assert_eq!(made(&file.join("below"), "a", b"code"), (b"code".to_vec(), 1));
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, Permissions::from_mode(0o500)).unwrap();
    assert_eq!(made(&locked, "a", b"code"), (b"code".to_vec(), 1));
    fs::create_dir_all(folder.path().join("a")).unwrap();
    assert_eq!(made(folder.path(), "a", b"code"), (b"code".to_vec(), 1));
    assert_eq!(get(None, "a", || Ok(vec![1])).unwrap(), [1]);
}

#[test]
fn what_cannot_be_made_is_told_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let error = get(Some(folder.path()), "a", || Err(Error::Device("no".into()))).unwrap_err();
    assert_eq!(error.to_string(), "no");
    assert_eq!(made(folder.path(), "a", b"code").1, 1);
}

#[test]
fn keys_tell_their_parts_apart() {
    let keys = [key(&["ab", "c"]), key(&["a", "bc"]), key(&["abc"]), key(&["abc", ""])];
    for (i, a) in keys.iter().enumerate() {
        assert_eq!(a.len(), 64);
        assert!(keys[..i].iter().all(|b| a != b));
    }
    assert_eq!(key(&["ab", "c"]), keys[0]);
}
