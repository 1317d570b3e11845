//! The closed list of globals.

use super::machine::Dialect;
use crate::weights::dtype::DType;

/// A name that a network file may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Global {
    Module,
    Tensor,
    Parameter,
    LoadStorage,
    /// A storage class of torch; only inside nested torch files.
    Storage(DType),
    NumpyScalar,
    NumpyReconstruct,
    NumpyArray,
    NumpyDtype,
    EasyDict,
    OrderedDict,
    Set,
    Encode,
}

const NETWORK: [(&str, &str, Global); 15] = [
    ("torch_utils.persistence", "_reconstruct_persistent_obj", Global::Module),
    ("torch._utils", "_rebuild_tensor_v2", Global::Tensor),
    ("torch._utils", "_rebuild_parameter", Global::Parameter),
    ("torch.storage", "_load_from_bytes", Global::LoadStorage),
    ("numpy.core.multiarray", "scalar", Global::NumpyScalar),
    ("numpy._core.multiarray", "scalar", Global::NumpyScalar),
    ("numpy.core.multiarray", "_reconstruct", Global::NumpyReconstruct),
    ("numpy._core.multiarray", "_reconstruct", Global::NumpyReconstruct),
    ("numpy", "ndarray", Global::NumpyArray),
    ("numpy", "dtype", Global::NumpyDtype),
    ("dnnlib.util", "EasyDict", Global::EasyDict),
    ("collections", "OrderedDict", Global::OrderedDict),
    ("__builtin__", "set", Global::Set),
    ("builtins", "set", Global::Set),
    ("_codecs", "encode", Global::Encode),
];

const STORAGE: [(&str, &str, Global); 10] = [
    ("torch", "FloatStorage", Global::Storage(DType::F32)),
    ("torch", "DoubleStorage", Global::Storage(DType::F64)),
    ("torch", "HalfStorage", Global::Storage(DType::F16)),
    ("torch", "BFloat16Storage", Global::Storage(DType::BF16)),
    ("torch", "LongStorage", Global::Storage(DType::I64)),
    ("torch", "IntStorage", Global::Storage(DType::I32)),
    ("torch", "ShortStorage", Global::Storage(DType::I16)),
    ("torch", "CharStorage", Global::Storage(DType::I8)),
    ("torch", "ByteStorage", Global::Storage(DType::U8)),
    ("torch", "BoolStorage", Global::Storage(DType::Bool)),
];

impl Global {
    fn list(dialect: Dialect) -> &'static [(&'static str, &'static str, Self)] {
        match dialect {
            Dialect::Network => &NETWORK,
            Dialect::Storage => &STORAGE,
        }
    }

    pub(super) fn find(dialect: Dialect, module: &str, name: &str) -> Option<Self> {
        let named = |entry: &&(&str, &str, Self)| entry.0 == module && entry.1 == name;
        Self::list(dialect).iter().find(named).map(|entry| entry.2)
    }

    pub(super) fn name(self) -> String {
        let mut all = NETWORK.iter().chain(&STORAGE);
        all.find(|entry| entry.2 == self)
            .map_or_else(String::new, |(module, name, _)| format!("{module}.{name}"))
    }
}
