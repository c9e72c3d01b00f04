//! Why a project could not be opened.

use crate::{
    names::{InvalidName, PlatformId, UnclearVersion},
    plan::PlanError,
    platform::{PlatformError, Unknown},
    recipe::RecipeError,
    source::git::WorktreeError,
    util::toml::Report,
};

/// Why a project could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// What a clone brought where this program keeps its own.
    #[error(transparent)]
    Misplaced(#[from] super::Misplaced),
    /// The platform files.
    #[error(transparent)]
    Platforms(#[from] PlatformError),
    /// A platform that is not known.
    #[error("{0}")]
    UnknownPlatform(#[from] Unknown),
    /// A platform that is known, but not the recipe's.
    #[error("`{id}` is not one of the recipe's platforms: {known}")]
    ForeignPlatform {
        /// Asked for.
        id: PlatformId,
        /// The recipe's.
        known: String,
    },
    /// The tag or the release number.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The tag is no version.
    #[error(transparent)]
    Version(#[from] UnclearVersion),
    /// Nothing says which release it is.
    #[error("nothing says which release this is")]
    NoTag,
    /// `SOURCE_DATE_EPOCH`.
    #[error("SOURCE_DATE_EPOCH is `{0}`, not seconds since 1970 of a time from 1980 to 2106")]
    Epoch(String),
    /// The project's own checkout.
    #[error(transparent)]
    Worktree(#[from] WorktreeError),
    /// The project's folder.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// All that is wanted is packages that cannot be made.
    #[error("there is nothing to make: {message}")]
    Unmade {
        /// Which, and why.
        message: String,
    },
    /// Sources that could not be had.
    #[error("{message}")]
    Sources {
        /// How many, and what was done.
        message: String,
        /// Each at its place in the recipe.
        report: Report,
        /// Whether all of them are the user's words, as opposed to the world.
        choice: bool,
    },
    /// Repositories that requirements ask for and that could not be had.
    #[error("{message}")]
    Checkouts {
        /// Each with its line.
        message: String,
        /// The way out of the first.
        help: String,
        /// Whether all of them are the user's words, as opposed to the world.
        choice: bool,
    },
    /// Stopped while sources were fetched or files were read.
    #[error("interrupted")]
    Interrupted,
}
