//! The kinds of work, one folder each: what a kind takes from the recipe is in its `recipe` and `read`, what its step knows in
//! `data`, how its steps are made in `plan`, how they are run in `run`.
//!
//! No other room tells kinds apart. What is asked of all of them is a method of [`Kind`], or of `execute::Run` where it takes a
//! session.

pub mod base;
pub mod builder;
mod expected;
pub mod image;
mod kind;
pub mod module;
pub mod package;
pub mod seed;
pub mod wapt;
pub mod wheels;

pub use expected::Expected;
pub use kind::{Gives, Goal, Installs, Kind, Load, Locks};

use base::BaseWork;
use builder::BuilderWork;
use image::ImageWork;
use module::ModuleWork;
use package::PackageWork;
use seed::SeedWork;
use wapt::WaptWork;
use wheels::WheelsWork;

use crate::names::Sha256;

/// What `factory build` can be asked for by a word, in the order of its help.
pub const GOALS: [Goal; 5] = [wheels::GOAL, image::GOAL, package::GOAL, wapt::GOAL, module::GOAL];

/// The kinds of work.
#[derive(Debug, Clone)]
pub enum Work {
    /// Take, pull or make the platform's base image.
    Base(Box<BaseWork>),
    /// Build the image with the compilers.
    Builder(Box<BuilderWork>),
    /// Fetch pip and what it needs, where the release's own are too old.
    Seed(Box<SeedWork>),
    /// Build the wheels of a requirements set.
    Wheels(Box<WheelsWork>),
    /// Build an image.
    Image(Box<ImageWork>),
    /// Take a package out of a container of an image.
    Package(Box<PackageWork>),
    /// Bring a WAPT package together and sign it.
    Wapt(Box<WaptWork>),
    /// Bring a module for Windows together.
    Module(Box<ModuleWork>),
}

/// The same for every kind of work: the only place that lists them.
macro_rules! each {
    ($work:expr, $one:ident => $then:expr) => {
        match $work {
            $crate::work::Work::Base($one) => $then,
            $crate::work::Work::Builder($one) => $then,
            $crate::work::Work::Seed($one) => $then,
            $crate::work::Work::Wheels($one) => $then,
            $crate::work::Work::Image($one) => $then,
            $crate::work::Work::Package($one) => $then,
            $crate::work::Work::Wapt($one) => $then,
            $crate::work::Work::Module($one) => $then,
        }
    };
}
pub(crate) use each;

impl std::ops::Deref for Work {
    type Target = dyn Kind;

    fn deref(&self) -> &Self::Target {
        each!(self, one => &**one)
    }
}

impl Work {
    /// The key of the wheelhouse that it fills, where it does.
    #[must_use]
    pub fn wheelhouse(&self) -> Option<&Sha256> {
        match self.gives() {
            Gives::Wheels { key, .. } => Some(key),
            Gives::Nothing | Gives::Image(_) | Gives::Files => None,
        }
    }
}
