//! NumPy's `.npy` format, versions 1 to 3 (numpy.lib.format). Read here rather than through `npyz`,
//! whose header reader trusts lengths and nesting.

use std::io::Read;

use super::{Array, Format, MAX_BYTES};

/// A header is a line of some hundred bytes.
const MAX_HEADER: usize = 1 << 16;

/// Reads an array of floats; an error is the end of a sentence about the file.
pub(super) fn read(mut from: impl Read) -> Result<Array, String> {
    let short = |_| "not an `.npy` array, or cut short".to_string();
    let mut start = [0; 8];
    from.read_exact(&mut start).map_err(short)?;
    let length = match start {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _] => {
            let mut bytes = [0; 2];
            from.read_exact(&mut bytes).map_err(short)?;
            usize::from(u16::from_le_bytes(bytes))
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _] => {
            let mut bytes = [0; 4];
            from.read_exact(&mut bytes).map_err(short)?;
            u32::from_le_bytes(bytes) as usize
        }
        _ => return Err("not an `.npy` array: its first bytes are others".into()),
    };
    if length > MAX_HEADER {
        return Err(format!(
            "an `.npy` header of {length} bytes is too long: at most {MAX_HEADER} are read"
        ));
    }
    let mut header = vec![0; length];
    from.read_exact(&mut header).map_err(short)?;
    let header = Header::parse(&String::from_utf8_lossy(&header))?;
    header.data(from)
}

struct Header {
    format: Format,
    big_endian: bool,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 512), }`.
    fn parse(text: &str) -> Result<Self, String> {
        let field = |name: &str| {
            let (_, rest) = text.split_once(&format!("'{name}':"))?;
            Some(rest.trim_start())
        };
        let wrong = |name: &str| format!("the `.npy` header's `{name}` is missing or unreadable");
        let descr = field("descr")
            .and_then(|t| t.strip_prefix('\'')?.split_once('\''))
            .ok_or_else(|| format!("{}: expected plain floats", wrong("descr")))?;
        let (big_endian, format) = match descr.0 {
            "<f2" => (false, Format::Half),
            "<f4" => (false, Format::Single),
            "<f8" => (false, Format::Double),
            ">f2" => (true, Format::Half),
            ">f4" => (true, Format::Single),
            ">f8" => (true, Format::Double),
            other => {
                return Err(format!(
                    "holds numbers of type `{other}`: expected float16, float32 or float64"
                ));
            }
        };
        let fortran_order =
            field("fortran_order").ok_or_else(|| wrong("fortran_order"))?.starts_with("True");
        let shape = field("shape")
            .and_then(|t| t.strip_prefix('(')?.split_once(')'))
            .and_then(|(inside, _)| {
                let lengths = inside.split(',').map(str::trim).filter(|t| !t.is_empty());
                lengths
                    .map(|t| t.trim_end_matches('L').parse().ok())
                    .collect::<Option<Vec<usize>>>()
            })
            .ok_or_else(|| wrong("shape"))?;
        Ok(Self { format, big_endian, fortran_order, shape })
    }

    fn data(self, from: impl Read) -> Result<Array, String> {
        let product =
            self.shape.iter().try_fold(self.format.size(), |n, &length| n.checked_mul(length));
        let Some(size) = product.filter(|&n| n as u64 <= MAX_BYTES) else {
            return Err(format!(
                "an array of shape {:?} is too large: at most {} MiB are read",
                self.shape,
                MAX_BYTES >> 20
            ));
        };
        // Grows with what is there, whatever the header claims.
        let mut bytes = Vec::new();
        from.take(size as u64)
            .read_to_end(&mut bytes)
            .map_err(|e| format!("cannot be read: {e}"))?;
        if bytes.len() < size {
            return Err(format!(
                "cut short: {size} bytes were expected for shape {:?}, {} are there",
                self.shape,
                bytes.len()
            ));
        }
        let data = self.format.decode(&bytes, self.big_endian);
        Ok(Array {
            data: if self.fortran_order { last_axis_fastest(&data, &self.shape) } else { data },
            shape: self.shape,
        })
    }
}

/// Reorders values stored with their first axis fastest.
fn last_axis_fastest(data: &[f32], shape: &[usize]) -> Vec<f32> {
    let place = |mut i: usize| {
        let mut strides = Vec::with_capacity(shape.len());
        shape.iter().fold(1, |stride, length| {
            strides.push(stride);
            stride * length
        });
        shape.iter().zip(&strides).rev().fold(0, |at, (length, stride)| {
            let index = i % length;
            i /= length;
            at + index * stride
        })
    };
    (0..data.len()).map(|i| data[place(i)]).collect()
}
