//! Where the images come from.

use crate::Result;

/// Square images of one size, with random access.
pub trait Images: Sync {
    /// How many there are.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Width and height, pixels.
    fn resolution(&self) -> usize;
    /// 1 (grey) or 3 (RGB).
    fn channels(&self) -> usize;
    /// Number of classes; 0 for none.
    fn classes(&self) -> usize;
    /// An image's samples `[channels, height, width]`.
    ///
    /// # Errors
    /// What reading or decoding says.
    fn image(&self, index: usize) -> Result<Vec<u8>>;
    /// An image's class, below [`Images::classes`]; none where there are none.
    fn class(&self, index: usize) -> Option<usize>;
    /// What the set is known by: a hash of its content.
    fn sha256(&self) -> &str;
}
