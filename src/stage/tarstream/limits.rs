//! [`Limits`]: the bounds within which a stream is believed.

/// How much of a stream is taken. A larger one is an error, never a shorter tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries, those that are not selected and extension headers included. Default 1,000,000.
    pub entries: u64,
    /// Bytes of all contents together, selected or not. Default 64 GiB.
    pub total_bytes: u64,
    /// Bytes of one selected file. Default 16 GiB.
    pub file_bytes: u64,
    /// Bytes of one path or link target. Default 4,096, the most that Linux takes.
    pub path_bytes: usize,
    /// Bytes of all paths and link targets together: they are held in memory. Default 256 MiB.
    pub name_bytes: u64,
}

impl Limits {
    /// The bounds of a package that anybody made: as the default, but for 64 MiB of names, each of which is held several times. Those
    /// of the largest packages of Debian have 10 MB.
    #[must_use]
    pub fn for_package() -> Self {
        Self { name_bytes: 64 << 20, ..Self::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            total_bytes: 64 << 30,
            file_bytes: 16 << 30,
            path_bytes: 4096,
            name_bytes: 256 << 20,
        }
    }
}
