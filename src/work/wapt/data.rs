//! What the step of a WAPT package knows.

use std::time::Duration;

use super::recipe::Wapt;
use crate::{
    event::StepId,
    names::PackageName,
    work::{Gives, Goal, Installs, Kind, Load, Locks, package::PackageWork},
};

/// WAPT packages, and what they need.
pub const GOAL: Goal = Goal {
    word: "wapt",
    nothing: Some((
        "no WAPT package is made on these platforms",
        "they are made on the platform that [[wapt]] names, else on the official one, else on the first",
    )),
};

/// See [`Work::Wapt`](crate::work::Work::Wapt).
#[derive(Debug, Clone)]
pub struct WaptWork {
    /// The recipe's package.
    pub wapt: Wapt,
    /// Its attributes with the release filled in, checked.
    pub attributes: Vec<(String, String)>,
    /// The step whose image its files come from.
    pub image: Option<StepId>,
    /// The packages of this run that go into it, with their steps.
    pub packages: Vec<(PackageName, StepId)>,
    /// Date of the signature and of everything in it.
    pub epoch: i64,
}

impl Kind for WaptWork {
    fn version(&self) -> &'static str {
        "wapt 2"
    }

    fn load(&self) -> Load {
        Load::Compress
    }

    fn usual(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn needs_engine(&self) -> bool {
        self.image.is_some()
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Files
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
        None
    }

    fn package(&self) -> Option<&PackageWork> {
        None
    }

    fn untested(&self) -> Option<&'static str> {
        Some("WAPT packages are not installed here: `factory verify` checks their files and signatures")
    }

    fn is_signed(&self) -> bool {
        true
    }
}
