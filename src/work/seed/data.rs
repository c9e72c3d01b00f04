//! What the step that fetches pip knows.

use std::{borrow::Cow, time::Duration};

use crate::{
    names::Sha256,
    platform::{Python, Seed},
    source::requirements::Wanted,
    work::{Gives, Installs, Kind, Load, Locks, package::PackageWork, wheels::Index},
};

/// See [`Work::Seed`](crate::work::Work::Seed).
#[derive(Debug, Clone)]
pub struct SeedWork {
    /// The pinned wheels.
    pub seed: Seed,
    /// The platform's Python.
    pub python: Python,
    /// The script that fetches them.
    pub script: String,
    /// Where from.
    pub index: Index,
    /// The builder image's name.
    pub builder: String,
    /// The key of their wheelhouse: of this step's own inputs only.
    pub key: Sha256,
}

impl Kind for SeedWork {
    fn version(&self) -> &'static str {
        "seed 1"
    }

    fn load(&self) -> Load {
        Load::Fetch
    }

    fn usual(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn needs_engine(&self) -> bool {
        true
    }

    fn gives(&self) -> Gives<'_> {
        let pins = self.seed.wheels.iter().map(|(name, sha256)| (name.as_str(), sha256));
        Gives::Wheels { key: &self.key, wanted: Cow::Owned(Wanted::of_pins(pins)), requirements: None }
    }

    fn locks(&self) -> Locks<'_> {
        Locks::Nothing
    }

    fn is_stored(&self) -> bool {
        false
    }

    fn lists_files(&self) -> bool {
        false
    }

    fn installs(&self) -> Option<Installs<'_>> {
        None
    }

    fn package(&self) -> Option<&PackageWork> {
        None
    }

    fn untested(&self) -> Option<&'static str> {
        None
    }

    fn is_signed(&self) -> bool {
        false
    }
}
