//! Types of stored numbers.

use half::{bf16, f16};

/// What a stored number is. All are little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of a binary32.
    BF16,
    /// Signed, 64 bits.
    I64,
    /// Signed, 32 bits.
    I32,
    /// Signed, 16 bits.
    I16,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 8 bits.
    U8,
    /// One byte, 0 or 1.
    Bool,
}

impl DType {
    /// Bytes per number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The number of `bytes` (of this type's size), rounded to the nearest float32.
    pub(crate) fn decode(self, bytes: &[u8]) -> f32 {
        fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
            let mut array = [0; N];
            array.copy_from_slice(&bytes[..N]);
            array
        }
        match self {
            Self::F32 => f32::from_le_bytes(array(bytes)),
            Self::F64 => f64::from_le_bytes(array(bytes)) as f32,
            Self::F16 => f16::from_le_bytes(array(bytes)).to_f32(),
            Self::BF16 => bf16::from_le_bytes(array(bytes)).to_f32(),
            Self::I64 => i64::from_le_bytes(array(bytes)) as f32,
            Self::I32 => i32::from_le_bytes(array(bytes)) as f32,
            Self::I16 => i16::from_le_bytes(array(bytes)).into(),
            Self::I8 => i8::from_le_bytes(array(bytes)).into(),
            Self::U8 => bytes[0].into(),
            Self::Bool => f32::from(u8::from(bytes[0] != 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_type_are_rounded_to_float32() {
        let decoded = [
            DType::F32.decode(&1.5f32.to_le_bytes()),
            DType::F64.decode(&0.1f64.to_le_bytes()),
            DType::F16.decode(&f16::from_f32(-0.25).to_le_bytes()),
            DType::BF16.decode(&bf16::from_f32(3.0).to_le_bytes()),
            DType::I64.decode(&(-5i64).to_le_bytes()),
            DType::I32.decode(&70000i32.to_le_bytes()),
            DType::I16.decode(&(-300i16).to_le_bytes()),
            DType::I8.decode(&[0xFF]),
            DType::U8.decode(&[0xFF]),
            DType::Bool.decode(&[1]),
        ];
        assert_eq!(decoded, [1.5, 0.1, -0.25, 3.0, -5.0, 70000.0, -300.0, -1.0, 255.0, 1.0]);
    }
}
