//! The kinds of work, one folder each. What a kind knows of the recipe is in its `recipe` and `read`, what its step knows in
//! `data`, how steps are made in `plan`, how they are run in `run`.

pub mod base;
pub mod builder;
pub mod image;
pub mod package;
pub mod seed;
pub mod wapt;
pub mod wheels;

use base::BaseWork;
use builder::BuilderWork;
use image::ImageWork;
use package::PackageWork;
use seed::SeedWork;
use wapt::WaptWork;
use wheels::WheelsWork;

use crate::names::Sha256;

/// The kinds of work.
#[derive(Debug, Clone)]
pub enum Work {
    /// Take, pull or make the platform's base image.
    Base(Box<BaseWork>),
    /// Build the image with the compilers.
    Builder(BuilderWork),
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
}

impl Work {
    /// The key of the wheelhouse that it fills, where it does.
    #[must_use]
    pub fn wheelhouse(&self) -> Option<&Sha256> {
        match self {
            Self::Wheels(work) => Some(&work.key),
            Self::Seed(work) => Some(&work.key),
            Self::Base(_) | Self::Builder(_) | Self::Image(_) | Self::Package(_) | Self::Wapt(_) => None,
        }
    }

    /// The form of this kind of work: raised when the program comes to do it differently, so that old records do not
    /// count.
    #[must_use]
    pub fn version(&self) -> &'static str {
        match self {
            Self::Base(_) => "base 2",
            Self::Builder(_) => "builder 1",
            Self::Seed(_) => "seed 1",
            Self::Wheels(_) => "wheels 2",
            Self::Image(_) => "image 2",
            Self::Package(_) => "package 4",
            Self::Wapt(_) => "wapt 2",
        }
    }
}
