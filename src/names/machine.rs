//! [`Machine`]: what a program of Windows runs on.

/// A machine that Windows runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Machine {
    /// 32-bit Intel.
    X86,
    /// 64-bit Intel and AMD.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Machine {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::X86, Self::Amd64, Self::Arm64];

    /// Python's and Microsoft's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86",
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The one that a word means.
    #[must_use]
    pub fn new(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|machine| machine.as_str() == word)
    }

    /// Its number in the header of a program (Microsoft's PE format, Machine Types).
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::X86 => 0x014c,
            Self::Amd64 => 0x8664,
            Self::Arm64 => 0xaa64,
        }
    }
}
