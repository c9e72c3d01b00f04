//! The recipe, `factory.toml`: as written with its spans, then resolved for each platform. All errors are found at
//! once. Nothing here touches the daemon or the network.

pub(crate) mod contents;
pub mod hierarchy;
pub(crate) mod parts;
pub(crate) mod read;
mod repository;
mod resolved;

/// What Python folders say of how they are built.
pub use read::back_end as python_project;

pub use contents::{Content, ContentKind, FileInfo, Service, is_of_system};
pub use read::{RecipeError, RecipeFile, SourceComplaint, SourceKey};
pub use repository::{ForgePlace, Place, ReleaseRepository};
pub use resolved::{
    BaseMode, BootstrapMode, Checkout, Checkouts, GitSource, Project, PythonApp, Recipe, Release, Tests, UnitCheck,
    UnitExpectation,
};

/// What its parts are, one table each.
pub use crate::work::{
    image::recipe::{Image, ImageSource},
    package::recipe::{Asked, Copyright, Package},
};
