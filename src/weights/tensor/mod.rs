//! A strided view of raw numbers in the file, and how it becomes contiguous float32.

use super::blob::Blob;
use super::dtype::DType;
use super::source::Source;
use crate::{Error, Result};

/// Numbers of one type in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Storage {
    pub dtype: DType,
    /// How many numbers there are.
    pub numel: u64,
    /// What holds them, perhaps among other things.
    pub blob: Blob,
    /// The first number's place in the decoded blob, bytes.
    pub start: u64,
}

/// A strided view of a [`Storage`]; every number lies within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tensor {
    storage: Storage,
    /// The first number's index in the storage.
    offset: u64,
    shape: Vec<usize>,
    /// Steps between neighbours along each axis, in numbers.
    stride: Vec<u64>,
    numel: usize,
}

/// Most axes of a tensor.
pub(crate) const MAX_RANK: usize = 8;

impl Tensor {
    /// Checks that the view lies within the storage and is no larger than it, so that a few bytes
    /// with stride 0 do not become gigabytes. The error says what is wrong with it.
    pub(crate) fn new(
        storage: Storage,
        offset: u64,
        shape: Vec<usize>,
        stride: Vec<u64>,
    ) -> Result<Self, String> {
        if shape.len() != stride.len() || shape.len() > MAX_RANK {
            let (axes, strides) = (shape.len(), stride.len());
            return Err(format!(
                "a tensor of {axes} axes and {strides} strides; expected as many, at most {MAX_RANK}"
            ));
        }
        let numel = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
        let last = shape.iter().zip(&stride).try_fold(offset, |last, (&size, &step)| {
            last.checked_add(step.checked_mul(size.saturating_sub(1) as u64)?)
        });
        let fits = |numel: usize| match last {
            _ if numel == 0 => offset <= storage.numel,
            Some(last) => last < storage.numel && numel as u64 <= storage.numel,
            None => false,
        };
        match numel.filter(|&numel| fits(numel)) {
            Some(numel) => {
                // An axis without a second number has a step that nobody takes, of any size.
                let step = |(&size, step)| if size > 1 { step } else { 0 };
                let stride = shape.iter().zip(stride).map(step).collect();
                Ok(Self { storage, offset, shape, stride, numel })
            }
            None => Err(format!(
                "a tensor of shape {shape:?}, strides {stride:?} and offset {offset} does not fit its storage of {} numbers",
                storage.numel
            )),
        }
    }

    /// A view of a whole storage in the usual (row-major) order.
    pub(crate) fn contiguous(storage: Storage, shape: Vec<usize>) -> Result<Self, String> {
        let mut step = 1u64;
        let mut stride: Vec<u64> = shape
            .iter()
            .rev()
            .map(|&size| {
                let here = step;
                step = step.saturating_mul(size as u64);
                here
            })
            .collect();
        stride.reverse();
        Self::new(storage, 0, shape, stride)
    }

    pub(crate) fn dtype(&self) -> DType {
        self.storage.dtype
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many numbers there are.
    pub(crate) fn numel(&self) -> usize {
        self.numel
    }

    /// Whether the numbers lie in the file in the order of the tensor.
    fn is_contiguous(&self) -> bool {
        if self.numel == 0 {
            return true;
        }
        let mut step = 1;
        self.shape.iter().zip(&self.stride).rev().filter(|(size, _)| **size != 1).all(
            |(&size, &stride)| {
                let fits = stride == step;
                step *= size as u64;
                fits
            },
        )
    }

    /// All numbers in row-major order.
    pub(crate) fn read_f32(&self, source: &Source) -> Result<Vec<f32>> {
        let mut values = Vec::new();
        values.try_reserve_exact(self.numel).map_err(|_| {
            let (path, shape) = (source.path().display(), &self.shape);
            Error::OutOfMemory(format!(
                "too little memory for a tensor of shape {shape:?} of `{path}`"
            ))
        })?;
        if self.is_contiguous() {
            self.stream_f32(source, &mut |block| {
                values.extend_from_slice(block);
                Ok(())
            })?;
        } else {
            values.resize(self.numel, 0.0);
            self.gather(source, &mut values)?;
        }
        Ok(values)
    }

    /// Hands all numbers over in blocks, in row-major order. Only a tensor that lies in the file in
    /// another order is held in memory as a whole.
    pub(crate) fn stream_f32(
        &self,
        source: &Source,
        each: &mut dyn FnMut(&[f32]) -> Result<()>,
    ) -> Result<()> {
        if !self.is_contiguous() {
            return each(&self.read_f32(source)?);
        }
        let dtype = self.storage.dtype;
        let mut values = Vec::new();
        self.stream_numbers(source, self.offset, self.numel as u64, &mut |_, bytes| {
            values.clear();
            values.extend(bytes.chunks_exact(dtype.size()).map(|number| dtype.decode(number)));
            each(&values)
        })
    }

    /// Reads the span of the storage that the view touches block by block, and puts from each block
    /// the numbers where they belong: the file is read once and in order.
    fn gather(&self, source: &Source, values: &mut [f32]) -> Result<()> {
        let (dtype, size) = (self.storage.dtype, self.storage.dtype.size());
        // Numbers of the storage since the span's start; `Tensor::new` has checked the sum.
        let extent = |axis: usize| self.stride[axis] * (self.shape[axis] as u64 - 1);
        let span = 1 + (0..self.shape.len()).map(extent).sum::<u64>();
        self.stream_numbers(source, self.offset, span, &mut |first, bytes| {
            let end = first + (bytes.len() / size) as u64;
            let mut index = vec![0; self.shape.len()];
            let mut at = 0;
            for value in values.iter_mut() {
                if (first..end).contains(&at) {
                    let byte = (at - first) as usize * size;
                    *value = dtype.decode(&bytes[byte..byte + size]);
                }
                for axis in (0..index.len()).rev() {
                    index[axis] += 1;
                    at += self.stride[axis];
                    if index[axis] < self.shape[axis] {
                        break;
                    }
                    at -= self.stride[axis] * self.shape[axis] as u64;
                    index[axis] = 0;
                }
            }
            Ok(())
        })
    }

    /// Hands `count` numbers from `first` on over as whole numbers' bytes, large blocks at a time,
    /// each with the index of its first number counted from `first`.
    fn stream_numbers(
        &self,
        source: &Source,
        first: u64,
        count: u64,
        each: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        const MOST: usize = 1 << 22;
        let Storage { dtype, blob, start, .. } = self.storage;
        let size = dtype.size();
        // The storage lies within the file, so these products do not overflow.
        let (skip, take) = (start + first * size as u64, count * size as u64);
        let capacity = take.min(MOST as u64) as usize;
        let mut pending = Vec::with_capacity(capacity);
        let mut done = 0;
        blob.stream(source, skip, take, &mut |mut block| {
            while !block.is_empty() {
                let (now, rest) = block.split_at(block.len().min(capacity - pending.len()));
                pending.extend_from_slice(now);
                block = rest;
                if pending.len() == capacity {
                    each(done, &pending)?;
                    done += (capacity / size) as u64;
                    pending.clear();
                }
            }
            Ok(())
        })?;
        if pending.is_empty() { Ok(()) } else { each(done, &pending) }
    }
}

#[cfg(test)]
mod tests;
