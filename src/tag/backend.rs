//! [`TagBackend`]: whoever has the tags of one repository, be it git itself or a server's interface.

use std::fmt;

use super::TagError;
use crate::names::{Commit, RefName, Tag};

/// The text of an annotated tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it says.
    pub message: String,
    /// Whether it is signed, as git is configured to.
    pub sign: bool,
}

/// A tag as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The commit that it is on.
    pub commit: Commit,
    /// What it names: the commit, or the tag object of an annotated one.
    pub object: Commit,
    /// The text of an annotated tag, where the server says it.
    pub message: Option<String>,
}

/// Whoever has the tags of one repository.
#[async_trait::async_trait]
pub trait TagBackend: fmt::Debug + Send {
    /// The commit of a reference, which is there.
    ///
    /// # Errors
    /// Also when there is none, or two.
    async fn resolve(&mut self, reference: &RefName) -> Result<Commit, TagError>;

    /// The tag as it is now.
    ///
    /// # Errors
    /// When the repository cannot be asked; a missing tag is no error.
    async fn standing(&mut self, tag: &Tag) -> Result<Option<Standing>, TagError>;

    /// Makes ready what [`TagBackend::create`] and [`TagBackend::shift`] need, without changing anything that others see.
    ///
    /// # Errors
    /// When that is not possible.
    async fn prepare(&mut self, tag: &Tag, commit: &Commit, note: Option<&Note>) -> Result<(), TagError>;

    /// Creates the tag, which was not there.
    ///
    /// # Errors
    /// Also when somebody else has created it meanwhile.
    async fn create(&mut self, tag: &Tag, commit: &Commit, note: Option<&Note>) -> Result<(), TagError>;

    /// Moves the tag. The old one is not lost when that fails.
    ///
    /// # Errors
    /// Also when somebody else has moved it meanwhile, where that can be known.
    async fn shift(&mut self, tag: &Tag, old: &Standing, commit: &Commit, note: Option<&Note>) -> Result<(), TagError>;

    /// Removes the tag.
    ///
    /// # Errors
    /// Also when somebody else has moved it meanwhile, where that can be known.
    async fn remove(&mut self, tag: &Tag, old: &Standing) -> Result<(), TagError>;
}
