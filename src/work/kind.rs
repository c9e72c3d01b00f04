//! [`Kind`]: what is asked of every kind of work without running it. No question has an answer of its own: a new kind does not
//! compile before it has answered all of them.

use std::{borrow::Cow, time::Duration};

use super::{base::BaseWork, package::PackageWork, wheels::WheelsWork};
use crate::{
    names::{ImageName, Sha256},
    platform::Host,
    source::requirements::Wanted,
};

/// A kind of work, as its steps know it.
pub trait Kind {
    /// The form of this kind of work: raised when the program comes to do it differently, so that old records do not count.
    fn version(&self) -> &'static str;

    /// What it takes most of.
    fn load(&self) -> Load;

    /// How long it takes where it never ran: on two processors and a usual network.
    fn usual(&self) -> Duration;

    /// Whether it takes an engine to do it. What only needs files of the project is done where there is none.
    fn needs_engine(&self) -> bool;

    /// What of it leaves this machine, or is named when a run ends.
    fn gives(&self) -> Gives<'_>;

    /// What `factory.lock` says of it.
    fn locks(&self) -> Locks<'_>;

    /// Whether the store keeps what it gives, under the step's key.
    fn is_stored(&self) -> bool;

    /// Whether it keeps a list of the files that it ships.
    fn lists_files(&self) -> bool;

    /// The OS packages that an image build of it installs, where it is one.
    fn installs(&self) -> Option<Installs<'_>>;

    /// The package that a platform's package manager installs from it.
    fn package(&self) -> Option<&PackageWork>;

    /// What is said of it when everything is tested but it.
    fn untested(&self) -> Option<&'static str>;

    /// Whether a certificate's owner signs it, who is then a part of its key.
    fn is_signed(&self) -> bool;
}

/// What a run can be asked to make alone, with what that needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// The word for it, `factory build WORD`.
    pub word: &'static str,
    /// What is said where none of it is made, and what to do; `None` where that goes without saying, or is said of the recipe.
    pub nothing: Option<(&'static str, &'static str)>,
}

/// What a step takes most of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// The network: base images and seeds.
    Fetch,
    /// The daemon's builder: builder images and images.
    Image,
    /// Processors, in a container: wheels.
    Compile,
    /// Processors and memory, in this program: packages.
    Compress,
}

/// What a step gives to others than steps.
#[derive(Debug)]
pub enum Gives<'a> {
    /// Nothing: only steps use it.
    Nothing,
    /// A wheelhouse.
    Wheels {
        /// Its key: of the step's own inputs only.
        key: &'a Sha256,
        /// What its wheels must be.
        wanted: Cow<'a, Wanted>,
        /// The requirements file it is of; `None` of what is needed only where wheels are built.
        requirements: Option<&'a str>,
    },
    /// An image with these names.
    Image(&'a [String]),
    /// Files, each named in the step's record.
    Files,
}

/// What `factory.lock` says of a step.
#[derive(Debug)]
pub enum Locks<'a> {
    /// Nothing: it follows from the others.
    Nothing,
    /// Which base image was taken.
    Base(&'a BaseWork),
    /// Which wheels a requirements set became.
    Set(&'a WheelsWork),
    /// What the packages in this image said of their libraries.
    Index(&'a ImageName),
}

/// OS packages that an image build installs.
#[derive(Debug)]
pub struct Installs<'a> {
    /// The platform, where its words for packages are known.
    pub host: Option<&'a Host>,
    /// Where the recipe names them.
    pub named: String,
}
