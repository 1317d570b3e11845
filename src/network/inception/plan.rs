//! What InceptionV3 is made of: Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer
//! Vision", section 6, under the names of the usual state dict.

/// Which weights, and with them which network: the published ones differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The graph of TensorFlow 1 (`inception-2015-12-05`) that FID, KID and the inception score are defined
    /// upon: 1008 classes, averages that leave the padding out, a maximum in the last block.
    Fid,
    /// Torchvision's: 1000 classes, averages over the padding's zeros, too.
    Torchvision,
}

impl Variant {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Fid, Self::Torchvision];

    /// Rows of `fc.weight`, which tell one from the other.
    pub fn classes(self) -> usize {
        match self {
            Self::Fid => 1008,
            Self::Torchvision => 1000,
        }
    }

    /// The pooling of blocks that keep their size.
    fn pool(self) -> Pool {
        Pool::Average { padded: self == Self::Torchvision }
    }

    /// The same, of the last block.
    fn last_pool(self) -> Pool {
        match self {
            Self::Fid => Pool::Largest,
            Self::Torchvision => self.pool(),
        }
    }
}

/// A convolution without bias, batch normalisation and a ReLU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv {
    /// Its module in the state dict.
    pub name: String,
    /// Channels that it makes.
    pub channels: usize,
    /// Height and width.
    pub kernel: [usize; 2],
    /// Of both axes.
    pub stride: i64,
    /// Zeros around: height and width.
    pub padding: [i64; 2],
}

/// A pooling of 3x3 pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// The largest, every other pixel, without padding.
    Halving,
    /// The largest, of the same size.
    Largest,
    /// The mean, of the same size; of 9 everywhere where the padding's zeros are `padded` in.
    Average { padded: bool },
}

/// A step of a branch.
#[derive(Debug)]
pub enum Step<C> {
    Conv(C),
    Pool(Pool),
    /// Two of the same input, beside each other.
    Both([C; 2]),
}

/// Steps one after the other.
pub type Branch<C> = Vec<Step<C>>;

/// Branches of the same input; their channels lie beside each other.
pub type Block<C> = Vec<Branch<C>>;

/// A whole network.
pub fn blocks(variant: Variant) -> Vec<Block<Conv>> {
    let (pool, last) = (variant.pool(), variant.last_pool());
    vec![
        stem(),
        even("Mixed_5b", 32, pool),
        even("Mixed_5c", 64, pool),
        even("Mixed_5d", 64, pool),
        reduced_to_17("Mixed_6a"),
        factorised("Mixed_6b", 128, pool),
        factorised("Mixed_6c", 160, pool),
        factorised("Mixed_6d", 160, pool),
        factorised("Mixed_6e", 192, pool),
        reduced_to_8("Mixed_7a"),
        expanded("Mixed_7b", pool),
        expanded("Mixed_7c", last),
    ]
}

/// Table 1 up to the first block: 299x299 to 35x35.
fn stem() -> Block<Conv> {
    let same = conv("Conv2d_2b_3x3", 64, [3, 3]);
    vec![vec![
        unpadded("Conv2d_1a_3x3", 32, 3, 2),
        unpadded("Conv2d_2a_3x3", 32, 3, 1),
        same,
        Step::Pool(Pool::Halving),
        unpadded("Conv2d_3b_1x1", 80, 1, 1),
        unpadded("Conv2d_4a_3x3", 192, 3, 1),
        Step::Pool(Pool::Halving),
    ]]
}

/// Figure 5, at 35x35.
fn even(block: &str, pooled: usize, pool: Pool) -> Block<Conv> {
    let conv = |name, channels, k| conv(&format!("{block}.{name}"), channels, [k, k]);
    vec![
        vec![conv("branch1x1", 64, 1)],
        vec![conv("branch5x5_1", 48, 1), conv("branch5x5_2", 64, 5)],
        vec![
            conv("branch3x3dbl_1", 64, 1),
            conv("branch3x3dbl_2", 96, 3),
            conv("branch3x3dbl_3", 96, 3),
        ],
        vec![Step::Pool(pool), conv("branch_pool", pooled, 1)],
    ]
}

/// Figure 10: 35x35 to 17x17.
fn reduced_to_17(block: &str) -> Block<Conv> {
    let name = |name| format!("{block}.{name}");
    vec![
        vec![unpadded(&name("branch3x3"), 384, 3, 2)],
        vec![
            conv(&name("branch3x3dbl_1"), 64, [1, 1]),
            conv(&name("branch3x3dbl_2"), 96, [3, 3]),
            unpadded(&name("branch3x3dbl_3"), 96, 3, 2),
        ],
        vec![Step::Pool(Pool::Halving)],
    ]
}

/// Figure 6, at 17x17: 7x7 as rows and columns of 7.
fn factorised(block: &str, inner: usize, pool: Pool) -> Block<Conv> {
    let conv = |name, channels, kernel| conv(&format!("{block}.{name}"), channels, kernel);
    vec![
        vec![conv("branch1x1", 192, [1, 1])],
        vec![
            conv("branch7x7_1", inner, [1, 1]),
            conv("branch7x7_2", inner, [1, 7]),
            conv("branch7x7_3", 192, [7, 1]),
        ],
        vec![
            conv("branch7x7dbl_1", inner, [1, 1]),
            conv("branch7x7dbl_2", inner, [7, 1]),
            conv("branch7x7dbl_3", inner, [1, 7]),
            conv("branch7x7dbl_4", inner, [7, 1]),
            conv("branch7x7dbl_5", 192, [1, 7]),
        ],
        vec![Step::Pool(pool), conv("branch_pool", 192, [1, 1])],
    ]
}

/// Figure 10: 17x17 to 8x8.
fn reduced_to_8(block: &str) -> Block<Conv> {
    let name = |name| format!("{block}.{name}");
    vec![
        vec![conv(&name("branch3x3_1"), 192, [1, 1]), unpadded(&name("branch3x3_2"), 320, 3, 2)],
        vec![
            conv(&name("branch7x7x3_1"), 192, [1, 1]),
            conv(&name("branch7x7x3_2"), 192, [1, 7]),
            conv(&name("branch7x7x3_3"), 192, [7, 1]),
            unpadded(&name("branch7x7x3_4"), 192, 3, 2),
        ],
        vec![Step::Pool(Pool::Halving)],
    ]
}

/// Figure 7, at 8x8: a row and a column of 3 beside each other.
fn expanded(block: &str, pool: Pool) -> Block<Conv> {
    let name = |name: &str| format!("{block}.{name}");
    let cross = |a, b| Step::Both([padded(&name(a), 384, [1, 3]), padded(&name(b), 384, [3, 1])]);
    vec![
        vec![conv(&name("branch1x1"), 320, [1, 1])],
        vec![conv(&name("branch3x3_1"), 384, [1, 1]), cross("branch3x3_2a", "branch3x3_2b")],
        vec![
            conv(&name("branch3x3dbl_1"), 448, [1, 1]),
            conv(&name("branch3x3dbl_2"), 384, [3, 3]),
            cross("branch3x3dbl_3a", "branch3x3dbl_3b"),
        ],
        vec![Step::Pool(pool), conv(&name("branch_pool"), 192, [1, 1])],
    ]
}

/// A convolution that keeps the size.
fn conv(name: &str, channels: usize, kernel: [usize; 2]) -> Step<Conv> {
    Step::Conv(padded(name, channels, kernel))
}

fn padded(name: &str, channels: usize, kernel: [usize; 2]) -> Conv {
    let padding = kernel.map(|side| side as i64 / 2);
    Conv { name: name.to_owned(), channels, kernel, stride: 1, padding }
}

/// One of a square kernel without padding.
fn unpadded(name: &str, channels: usize, side: usize, stride: i64) -> Step<Conv> {
    let (name, kernel) = (name.to_owned(), [side, side]);
    Step::Conv(Conv { name, channels, kernel, stride, padding: [0, 0] })
}
