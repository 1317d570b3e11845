//! The tensors of a network that is being trained. All its parameters lie in one vector, so that an
//! optimiser, an average or a reduction over processes is one operation.

use std::collections::{BTreeMap, BTreeSet};

use tch::{Device, Kind, Tensor};

use super::tensors::TensorSpec;
use super::upfirdn::Fir;
use crate::{Error, Result};

/// The tensors of one network on one device, float32.
#[derive(Debug)]
pub struct Parameters {
    specs: Vec<TensorSpec>,
    /// All parameters, `[numel]`.
    flat: Tensor,
    /// Parameters as leaves of the graph that look into `flat`, and buffers.
    tensors: BTreeMap<String, Tensor>,
    /// Filters, whose plain numbers are read once.
    filters: BTreeMap<String, Fir>,
    frozen: BTreeSet<String>,
}

impl Parameters {
    /// Takes each tensor's values from `read`, row-major.
    ///
    /// # Errors
    /// What `read` returns; [`Error::Invalid`] for values that do not fill their shape.
    pub fn new(
        specs: Vec<TensorSpec>,
        device: Device,
        mut read: impl FnMut(&TensorSpec) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let _no_grad = tch::no_grad_guard();
        let trained = specs.iter().filter(|spec| spec.role.is_parameter());
        let numel: i64 = trained.map(numel).sum();
        let flat = Tensor::f_zeros([numel], (Kind::Float, device))?;
        let (mut tensors, mut filters, mut at) = (BTreeMap::new(), BTreeMap::new(), 0);
        for spec in &specs {
            let values = read(spec)?;
            if values.len() as i64 != numel_of(&spec.shape) {
                return Err(Error::Invalid(format!(
                    "`{}` has {} values, its shape {:?} asks for others",
                    spec.name,
                    values.len(),
                    spec.shape
                )));
            }
            let values = Tensor::f_from_slice(&values)?.f_to_device(device)?;
            let tensor = if spec.role.is_parameter() {
                let mut view = flat.f_narrow(0, at, numel_of(&spec.shape))?;
                view.f_copy_(&values)?;
                at += numel_of(&spec.shape);
                view.f_view(&*shape(spec))?.f_detach()?.set_requires_grad(true)
            } else {
                values.f_reshape(&*shape(spec))?
            };
            if spec.name.ends_with("_filter") {
                filters.insert(spec.name.clone(), Fir::new(tensor.shallow_clone()));
            }
            tensors.insert(spec.name.clone(), tensor);
        }
        Ok(Self { specs, flat, tensors, filters, frozen: BTreeSet::new() })
    }

    /// Names and shapes, in the order of computation.
    pub fn specs(&self) -> &[TensorSpec] {
        &self.specs
    }

    /// Where they lie.
    pub fn device(&self) -> Device {
        self.flat.device()
    }

    /// All parameters in the order of [`Parameters::specs`], `[numel]`: what is written into it the
    /// network has.
    pub fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// A parameter (a leaf of the graph) or a buffer.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is none of the name.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        let found = self.tensors.get(name);
        found.ok_or_else(|| Error::Invalid(format!("the network has no tensor `{name}`")))
    }

    pub(super) fn fir(&self, name: &str) -> Result<Fir> {
        let found = self.filters.get(name).map(Fir::share);
        found.ok_or_else(|| Error::Invalid(format!("the network has no filter `{name}`")))
    }

    /// The buffers: what is not trained.
    pub fn buffers(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let buffers = self.specs.iter().filter(|spec| !spec.role.is_parameter());
        buffers.map(|spec| (spec.name.as_str(), &self.tensors[&spec.name]))
    }

    /// Leaves these parameters as they are from now on: their gradients are zero.
    pub fn freeze(&mut self, names: impl IntoIterator<Item = String>) {
        self.frozen.extend(names);
    }

    /// The gradient of a scalar by all parameters, `[numel]`: zero for those that it does not depend on
    /// and for frozen ones.
    ///
    /// # Errors
    /// What libtorch says.
    pub fn gradient(&self, loss: &Tensor) -> Result<Tensor> {
        let trained = || self.specs.iter().filter(|spec| spec.role.is_parameter());
        let active = |spec: &&TensorSpec| !self.frozen.contains(&spec.name);
        let leaves: Vec<&Tensor> =
            trained().filter(active).map(|spec| &self.tensors[&spec.name]).collect();
        // libtorch would not survive a root without a graph.
        let mut gradients = match loss.requires_grad() && !leaves.is_empty() {
            true => Tensor::f_run_backward(&[loss], &leaves, false, false)?,
            false => Vec::new(),
        }
        .into_iter();
        let pieces = trained().map(|spec| {
            let gradient = if active(&spec) { gradients.next() } else { None };
            Ok(match gradient.filter(Tensor::defined) {
                Some(gradient) => gradient.f_reshape([-1])?,
                None => Tensor::f_zeros([numel(spec)], (Kind::Float, self.device()))?,
            })
        });
        Ok(Tensor::f_cat(&pieces.collect::<Result<Vec<_>>>()?, 0)?)
    }

    /// The piece of a vector such as [`Parameters::gradient`] gives that belongs to one parameter.
    pub fn piece(&self, vector: &Tensor, name: &str) -> Result<Tensor> {
        let mut at = 0;
        for spec in self.specs.iter().filter(|spec| spec.role.is_parameter()) {
            if spec.name == name {
                return Ok(vector.f_narrow(0, at, numel(spec))?.f_reshape(&*shape(spec))?);
            }
            at += numel(spec);
        }
        Err(Error::Invalid(format!("the network has no parameter `{name}`")))
    }
}

fn numel(spec: &TensorSpec) -> i64 {
    numel_of(&spec.shape)
}

fn numel_of(shape: &[usize]) -> i64 {
    shape.iter().product::<usize>() as i64
}

fn shape(spec: &TensorSpec) -> Vec<i64> {
    spec.shape.iter().map(|&d| d as i64).collect()
}
