//! Going on from another network: what fits is taken over.

use std::path::Path;

use tch::Tensor;

use super::state::State;
use crate::network::parameters::Parameters;
use crate::weights::{NetworkFile, Part};
use crate::{Error, Result};

/// What was taken over for one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The network that was filled.
    pub part: Part,
    /// The network in the file that its tensors come from; none if the file has none for it.
    pub from: Option<Part>,
    /// Tensors taken over, and all.
    pub tensors: (usize, usize),
    /// Numbers taken over, and all.
    pub numbers: (usize, usize),
    /// Tensors that begin as drawn: those of another shape, or that the file has not.
    pub left: Vec<String>,
}

/// Fills a state with the tensors of a file that have the same names and shapes. Filters stay as the
/// configuration designs them.
///
/// # Errors
/// What opening the file says; [`Error::Invalid`] where nothing of the generator fits.
pub fn transfer(path: &Path, state: &State) -> Result<Vec<Fitted>> {
    let parts = NetworkFile::open(path, Part::GEma)
        .or_else(|_| NetworkFile::open(path, Part::G))?
        .facts()
        .parts
        .clone();
    let targets = [(Part::GEma, &state.g_ema), (Part::G, &state.g), (Part::D, &state.d)];
    let mut fitted = Vec::new();
    for (part, network) in targets {
        let others: &[Part] = match part {
            Part::GEma => &[Part::GEma, Part::G],
            Part::G => &[Part::G, Part::GEma],
            Part::D => &[Part::D],
        };
        let from = others.iter().copied().find(|other| parts.contains(other));
        let file = from.map(|from| NetworkFile::open(path, from)).transpose()?;
        fitted.push(fill(part, from, file.as_ref(), network)?);
    }
    if fitted.iter().all(|fitted| fitted.part == Part::D || fitted.tensors.0 == 0) {
        return Err(Error::Invalid(format!(
            "nothing of the generator in `{}` fits the one to be trained; choose the same \
             configuration, image size and channels",
            path.display()
        )));
    }
    Ok(fitted)
}

fn fill(
    part: Part,
    from: Option<Part>,
    file: Option<&NetworkFile>,
    network: &Parameters,
) -> Result<Fitted> {
    let _no_grad = tch::no_grad_guard();
    let (mut fitted, specs) = (
        Fitted { part, from, tensors: (0, 0), numbers: (0, 0), left: Vec::new() },
        network.specs(),
    );
    for spec in specs.iter().filter(|spec| !spec.name.ends_with("_filter")) {
        let numel: usize = spec.shape.iter().product();
        fitted.tensors.1 += 1;
        fitted.numbers.1 += numel;
        match file.filter(|file| file.shape(&spec.name) == Some(&spec.shape)) {
            None => fitted.left.push(spec.name.clone()),
            Some(file) => {
                let tensor = network.get(&spec.name)?;
                let values = Tensor::f_from_slice(&file.read_f32(&spec.name)?)?;
                tensor.f_detach()?.f_copy_(&values.f_reshape(tensor.size())?)?;
                fitted.tensors.0 += 1;
                fitted.numbers.0 += numel;
            }
        }
    }
    Ok(fitted)
}

impl Fitted {
    /// In one line.
    pub fn describe(&self) -> String {
        let percent = 100.0 * self.numbers.0 as f64 / self.numbers.1.max(1) as f64;
        let from =
            self.from.map_or("nothing, the file has none".into(), |part| format!("`{part}`"));
        let mut left = self.left.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>();
        if self.left.len() > left.len() {
            left.push(format!("{} more", self.left.len() - left.len()));
        }
        let left =
            if left.is_empty() { String::new() } else { format!("; new: {}", left.join(", ")) };
        format!(
            "`{}` from {from}: {} of {} tensors, {percent:.0}% of the numbers{left}",
            self.part, self.tensors.0, self.tensors.1
        )
    }
}
