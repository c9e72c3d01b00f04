//! [`Limits`]: how much of an archive is believed.

/// The bounds within which an archive is believed.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Entries. Default 200,000.
    pub entries: u64,
    /// Bytes of the central directory. Default 64 MiB.
    pub directory: u64,
    /// Bytes of all contents together. Default 32 GiB.
    pub total: u64,
    /// Bytes of all contents that are taken whatever the archive's size. Default 256 MiB.
    pub free: u64,
    /// Beyond them, how often larger the contents may be than the archive. Default 100.
    pub ratio: u64,
    /// Whether Windows must be able to have all files, each by its own name. Default true.
    pub windows: bool,
    /// Whether an archive with more is opened all the same, and only says so ([`Archive::is_swollen`](super::Archive::is_swollen)).
    pub swollen: bool,
}

impl Limits {
    /// As each field says; an archive that is larger is refused.
    pub const DEFAULT: Self = Self {
        entries: 200_000,
        directory: 64 << 20,
        total: 32 << 30,
        free: 256 << 20,
        ratio: 100,
        windows: true,
        swollen: false,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
