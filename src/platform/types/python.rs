//! A platform's Python, and what takes the place of its own pip.

use std::collections::BTreeMap;

use crate::names::{Sha256, WheelFile};

/// A platform's Python.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Python {
    /// The interpreter's path.
    pub interpreter: String,
    /// `major.minor`.
    pub version: String,
    /// The ABI tag of PEP 425: `cp311`.
    pub abi: String,
    /// The C library and its version: `glibc-2.36`.
    pub libc: String,
    /// OS packages of the run time.
    pub packages: Vec<String>,
    /// OS packages of pip and what it needs.
    pub tools: Vec<String>,
    /// Where those packages put the module `pip`; `None` where it is seeded.
    pub pip: Option<String>,
    /// What takes the place of the release's own pip and setuptools.
    pub seed: Option<Seed>,
    /// OS packages of the compilers.
    pub builder: Vec<String>,
    /// Relations of a package that ships a virtualenv.
    pub depends: Vec<String>,
}

/// pip, setuptools and the like from the index, pinned: where the release's own are too old for today's projects, or
/// missing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Seed {
    /// Why, in a sentence.
    pub reason: String,
    /// SHA-256 by wheel file name.
    pub wheels: BTreeMap<WheelFile, Sha256>,
}
