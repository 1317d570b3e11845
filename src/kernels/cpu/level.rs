//! Levels of the CPU, chosen at run time.

use std::sync::OnceLock;

use super::lanes::{Lanes, Portable};

/// What the CPU can do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whatever the compiler makes of plain code.
    Portable,
    /// AVX2 and FMA: eight lanes.
    Avx2,
    /// AVX-512F and DQ: sixteen lanes.
    Avx512,
    /// AVX-512 with products of bfloat16 pairs.
    Avx512Bf16,
    /// Those of whole tiles, too: AMX.
    Amx,
}

/// Lowers the level: `portable`, `avx2`, `avx512`, `avx512bf16` or `amx`.
pub const LEVEL_VARIABLE: &str = "SG3RENDER_CPU";

/// Work that is compiled once for each kind of lanes. Implementations are `#[inline(always)]`, and so
/// is all they call: only then do they get their level's instructions.
pub(super) trait Work {
    /// Does it.
    ///
    /// # Safety
    /// The CPU must have the instructions of `V`.
    unsafe fn run<V: Lanes>(self);
}

impl Level {
    const NAMES: [(&str, Self); 5] = [
        ("portable", Self::Portable),
        ("avx2", Self::Avx2),
        ("avx512", Self::Avx512),
        ("avx512bf16", Self::Avx512Bf16),
        ("amx", Self::Amx),
    ];

    /// The highest level of this CPU, or the lower one that the environment asks for. An unknown name
    /// there changes nothing.
    pub fn here() -> Self {
        static HERE: OnceLock<Level> = OnceLock::new();
        *HERE.get_or_init(|| {
            let asked = std::env::var(LEVEL_VARIABLE).ok();
            let asked = Self::NAMES.iter().find(|(name, _)| Some(*name) == asked.as_deref());
            asked.map_or(Self::highest(), |&(_, level)| level.min(Self::highest()))
        })
    }

    /// All that this CPU has, lowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().map(|(_, level)| level).filter(|&level| level <= Self::highest())
    }

    /// Whether the CPU has products of bfloat16.
    pub fn has_bf16(self) -> bool {
        self >= Self::Avx512Bf16
    }

    /// Whether this CPU has them in tiles and they may be used.
    pub(super) fn has_tiles(self) -> bool {
        self.min(Self::highest()) == Self::Amx
    }

    fn highest() -> Self {
        static HIGHEST: OnceLock<Level> = OnceLock::new();
        *HIGHEST.get_or_init(Self::detected)
    }

    #[cfg(target_arch = "x86_64")]
    fn detected() -> Self {
        if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
            Self::Portable
        } else if !(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq")) {
            Self::Avx2
        } else if !is_x86_feature_detected!("avx512bf16") {
            Self::Avx512
        } else if !super::amx::is_granted() {
            Self::Avx512Bf16
        } else {
            Self::Amx
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn detected() -> Self {
        Self::Portable
    }

    /// Does work with this level's instructions.
    pub(super) fn run<W: Work>(self, work: W) {
        #[cfg(target_arch = "x86_64")]
        {
            use super::lanes::{Avx2, Avx512};

            #[target_feature(enable = "avx512f,avx512dq")]
            unsafe fn avx512<W: Work>(work: W) {
                // SAFETY: AVX-512F and DQ are what this function demands.
                unsafe { work.run::<Avx512<false>>() }
            }
            #[target_feature(enable = "avx512f,avx512dq,avx512bf16")]
            unsafe fn avx512_bf16<W: Work>(work: W) {
                // SAFETY: AVX-512F, DQ and BF16 are what this function demands.
                unsafe { work.run::<Avx512<true>>() }
            }
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2<W: Work>(work: W) {
                // SAFETY: AVX2 and FMA are what this function demands.
                unsafe { work.run::<Avx2>() }
            }
            match self.min(Self::highest()) {
                Self::Portable => {}
                // SAFETY: the CPU has at least this level.
                Self::Avx2 => return unsafe { avx2(work) },
                // SAFETY: likewise.
                Self::Avx512 => return unsafe { avx512(work) },
                // SAFETY: likewise.
                Self::Avx512Bf16 | Self::Amx => return unsafe { avx512_bf16(work) },
            }
        }
        // SAFETY: plain code runs everywhere.
        unsafe { work.run::<Portable>() }
    }
}
