//! [`Listed`]: the repositories as a text names them, and what is found wrong put at its place there.

use super::Trouble;
use crate::{
    names::{RefName, Tag},
    recipe::ReleaseRepository,
    source::git::GitError,
    util::toml::{Issue, Issues, Report, Source},
};

/// The repositories of a release, and the text that names them.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The text.
    pub text: Source,
    /// The repositories, in its order.
    pub repositories: Vec<ReleaseRepository>,
}

impl Listed {
    /// What gets the tag in each repository, with what the command line says filled in.
    ///
    /// # Errors
    /// Every repository for which that is no reference.
    pub fn references(&self, tag: &Tag, branch: Option<&str>) -> Result<Vec<RefName>, Vec<Trouble>> {
        let (mut references, mut troubles) = (Vec::new(), Vec::new());
        for (index, repository) in self.repositories.iter().enumerate() {
            match filled_in(&repository.reference, tag, branch) {
                Ok(reference) => references.push(reference),
                Err(error) => troubles.push(Trouble { index, error: error.into() }),
            }
        }
        if troubles.is_empty() { Ok(references) } else { Err(troubles) }
    }
}

fn filled_in(reference: &str, tag: &Tag, branch: Option<&str>) -> Result<RefName, GitError> {
    let mut text = reference.replace("{{tag}}", tag.as_str());
    if text.contains("{{branch}}") {
        // By itself first: it is the user's word, and the error shows it as such.
        let branch = RefName::new(branch.ok_or(GitError::NoBranch)?).map_err(GitError::BadReference)?;
        text = text.replace("{{branch}}", branch.as_str());
    }
    RefName::new(text).map_err(GitError::BadReference)
}

/// Troubles at their places in the text.
#[must_use]
pub fn troubles(listed: &Listed, troubles: &[Trouble]) -> Report {
    let mut issues = Issues::default();
    for Trouble { index, error } in troubles {
        let Some(repository) = listed.repositories.get(*index) else { continue };
        let span = if error.is_of_reference() { &repository.reference_at } else { &repository.place_at };
        let message = format!("repository `{}`: {error}", repository.name);
        issues.add(Issue::new(span, message).label(error.label()).help(error.help(repository)));
    }
    Report::new(listed.text.clone(), issues.into_sorted())
}
