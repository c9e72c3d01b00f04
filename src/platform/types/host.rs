//! What a platform can run.

/// The machine and the C library of a platform: what its programs must be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The platform's id, for messages.
    pub platform: String,
    /// The machine in the kernel's word: `x86_64`.
    pub machine: String,
    /// The C library and its version: `glibc-2.36`, `musl-1.2`.
    pub libc: String,
}
