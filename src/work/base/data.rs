//! What the step of a base image knows.

use std::time::Duration;

use crate::{
    plan::ContextFile,
    platform::Bootstrap,
    recipe::BootstrapMode,
    work::{Gives, Installs, Kind, Load, Locks, package::PackageWork},
};

/// See [`Work::Base`](crate::work::Work::Base).
#[derive(Debug, Clone)]
pub struct BaseWork {
    /// The image in the daemon or a registry.
    pub image: String,
    /// The name under which Dockerfiles find it.
    pub local: String,
    /// When it is made from packages.
    pub mode: BootstrapMode,
    /// How it is made from packages.
    pub bootstrap: Option<Bootstrap>,
    /// Whether it is the project that says which keys of this machine vouch for it.
    pub own_keys: bool,
    /// The archive it is made from; the tool's default when `None`.
    pub mirror: Option<String>,
    /// After how many days it is called old; 0 for never. Changes nothing of the result.
    pub refresh_days: u32,
    /// What is changed in it.
    pub quirks: Option<QuirksWork>,
}

impl Kind for BaseWork {
    fn version(&self) -> &'static str {
        "base 2"
    }

    fn load(&self) -> Load {
        Load::Fetch
    }

    fn usual(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn needs_engine(&self) -> bool {
        true
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Nothing
    }

    fn locks(&self) -> Locks<'_> {
        Locks::Base(self)
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

impl BaseWork {
    /// The name of a root file system made from packages that is changed before it gets the name `local`.
    #[must_use]
    pub fn plain(local: &str) -> String {
        format!("{local}-plain")
    }
}

/// How a base image is changed before anything is built on it.
#[derive(Debug, Clone)]
pub struct QuirksWork {
    /// The rendered Dockerfile, from an image called [`QuirksWork::FROM`].
    pub dockerfile: String,
    /// The files it copies.
    pub files: Vec<ContextFile>,
}

impl QuirksWork {
    /// Stands in the Dockerfile for the image's name, which is known only when it is there.
    pub const FROM: &str = "factory.local/base:as-it-came";
}
