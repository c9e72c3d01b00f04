//! `[[source]]`: defaults filled in, and what is found wrong with a source later put at its place in the text. Asks no
//! repository.

use super::raw::{RawRecipe, RawSource};
use crate::{
    names::SourceName,
    recipe::GitSource,
    util::toml::{Issue, Issues},
};

/// Something that is wrong with a source, found when its repository was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceComplaint {
    /// Of which source.
    pub source: SourceName,
    /// At which of its keys.
    pub key: SourceKey,
    /// What is wrong, a sentence fragment.
    pub message: String,
    /// A few words under the place.
    pub label: String,
    /// What to write or to type instead.
    pub help: String,
}

/// The keys of a source that something may be wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKey {
    /// `git`.
    Git,
    /// `ref`, or the source itself where that is not written.
    Ref,
}

/// The sources, those without a name or an address left out: that is said elsewhere.
pub(crate) fn resolve(raw: &RawRecipe) -> Vec<GitSource> {
    let source = |raw: &RawSource| {
        Some(GitSource {
            name: raw.name.value()?.clone(),
            git: raw.git.value()?.clone(),
            reference: raw.reference.or("{{branch}}"),
            submodules: raw.submodules.or(true),
        })
    };
    raw.source.items().iter().filter_map(|at| source(&at.value)).collect()
}

/// The complaints at their places.
pub(crate) fn issues(raw: &RawRecipe, complaints: Vec<SourceComplaint>) -> Issues {
    let mut issues = Issues::default();
    for complaint in complaints {
        let mut sources = raw.source.items().iter().map(|at| &at.value);
        let source = sources.find(|source| source.name.value() == Some(&complaint.source));
        let span = source.map_or(0..0, |source| {
            let key = match complaint.key {
                SourceKey::Git => source.git.span(),
                SourceKey::Ref => source.reference.span().or(source.name.span()),
            };
            key.unwrap_or(&source.span).clone()
        });
        issues.add(Issue::new(&span, complaint.message).label(complaint.label).help(complaint.help));
    }
    issues
}
