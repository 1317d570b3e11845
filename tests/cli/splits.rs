//! A frame's pixels depend on nothing but the timeline and its number.

use super::tools::{Folder, STYLEGAN2, T};

/// Renders frames into `out/` of the folder.
fn render(folder: &Folder, out: &str, frames: &str, batch: &str) {
    let out = format!("{out}/%05d.png");
    folder
        .run(&["t.ron", "-o", &out, "--frames", frames, "--batch", batch, "--overwrite", "-q"])
        .ok();
}

/// Holds the frames of one folder against the same frames of another.
#[track_caller]
fn same(folder: &Folder, out: &str, whole: &str, frames: impl Iterator<Item = u32>) {
    let mut count = 0;
    for i in frames {
        let name = |out: &str| format!("{out}/{i:05}.png");
        assert!(folder.read(&name(out)) == folder.read(&name(whole)), "frame {i} of {out}");
        count += 1;
    }
    let prefix = format!("{out}/");
    assert_eq!(folder.files().iter().filter(|name| name.starts_with(&prefix)).count(), count);
}

#[test]
fn batches_and_splits_do_not_show() {
    let fields = "duration: 48, latent: (keys: [(at: 0, seed: 1), (at: 20, seed: 2), (at: 47, average: true)], \
                  interpolate: cubic), psi: [(at: 0, value: 0.7), (at: 40, value: 1)], \
                  mix: [(layers: fine, seed: 5, amount: 0.5)]";
    for (network, splits) in [(STYLEGAN2, &["1", "3", "auto"][..]), (T, &["3"])] {
        let camera = if network == T {
            ", camera: (translate: [(at: 0, value: (0, 0)), (at: 47, value: (0.1, 0))])"
        } else {
            ""
        };
        let folder = Folder::with(network, &format!("{fields}{camera}"));
        render(&folder, "whole", "0-47", "auto");
        assert!(folder.read("whole/00022.png") != folder.read("whole/00023.png"));
        for batch in splits {
            if network == STYLEGAN2 {
                render(&folder, "again", "0-", batch);
                same(&folder, "again", "whole", 0..48);
            }
            let split = format!("split-{batch}");
            ["0-9", "10-30", "31-47"]
                .iter()
                .for_each(|frames| render(&folder, &split, frames, batch));
            same(&folder, &split, "whole", 0..48);
        }
        for batch in ["1", "3", "auto"] {
            let alone = format!("alone-{batch}");
            render(&folder, &alone, "23", batch);
            same(&folder, &alone, "whole", 23..24);
        }
    }
}
