//! How much is measured: all of it, or just enough to see that every part still runs.

/// The size of what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// As docs/bench.md has it.
    Whole,
    /// Everything once and small: the numbers mean nothing.
    Smoke,
}

impl Extent {
    /// How many platforms stand for so many.
    pub fn platforms(self, whole: usize) -> usize {
        match self {
            Self::Whole => whole,
            Self::Smoke => whole.div_ceil(125),
        }
    }

    /// How often something runs.
    pub fn times(self, whole: usize) -> usize {
        match self {
            Self::Whole => whole,
            Self::Smoke => 1,
        }
    }

    /// Which of several choices are compared.
    pub fn some<T>(self, whole: &[T]) -> &[T] {
        match self {
            Self::Whole => whole,
            Self::Smoke => &whole[..whole.len().min(2)],
        }
    }
}

/// Why a part was not measured.
#[derive(Debug)]
pub struct LeftOut(pub &'static str);
