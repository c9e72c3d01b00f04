//! What the step of a builder image knows.

use std::time::Duration;

use crate::{
    names::Sha256,
    plan::Inputs,
    work::{Gives, Installs, Kind, Load, Locks, package::PackageWork},
};

/// See [`Work::Builder`](crate::work::Work::Builder).
#[derive(Debug, Clone)]
pub struct BuilderWork {
    /// The rendered Dockerfile.
    pub dockerfile: String,
    /// The name it gets.
    pub tag: String,
}

impl Kind for BuilderWork {
    fn version(&self) -> &'static str {
        "builder 1"
    }

    fn load(&self) -> Load {
        Load::Image
    }

    fn usual(&self) -> Duration {
        Duration::from_secs(90)
    }

    fn needs_engine(&self) -> bool {
        true
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Nothing
    }

    fn locks(&self) -> Locks<'_> {
        Locks::Nothing
    }

    fn is_stored(&self) -> bool {
        true
    }

    fn lists_files(&self) -> bool {
        false
    }

    fn installs(&self) -> Option<Installs<'_>> {
        Some(Installs { host: None, named: "`[python] build_packages`".to_owned() })
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

/// A builder's name and what is behind it.
#[derive(Debug, Clone)]
pub(crate) struct BuilderName {
    pub(crate) tag: String,
    pub(crate) inputs: Inputs,
    pub(crate) dockerfile: String,
    /// Of the Dockerfile without a CA bundle.
    pub(crate) digest: Sha256,
}
