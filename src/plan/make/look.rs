//! What a recipe names of its project is looked at before a plan is made: everything that is not there, or is left out, is a
//! mistake at its line, and all of them are said at once.

use crate::{
    plan::maker::{Maker, PlanError},
    recipe::Content,
    source::{listing::Files, project::SourceError, taken::Taken},
    util::toml::{Issue, Span},
};

impl Maker<'_> {
    /// What entries take of the project; what is wrong with them goes into `found`.
    pub(crate) fn look_at(&self, contents: &[Content], found: &mut Vec<Issue>) -> Vec<Files> {
        let Taken { entries, mistakes } = Taken::from_contents(contents, |src| self.context.listing.taken(src));
        found.extend(mistakes.iter().map(|(place, error)| issue(error, place)));
        entries
    }
}

/// The mistake of an entry at its place, where its files are at fault.
pub(crate) fn at(error: PlanError, place: &Span) -> Option<Issue> {
    match error {
        PlanError::Source(error) => Some(issue(&error, place)),
        // It is met again, and said, where it matters.
        _ => None,
    }
}

/// The mistake of what is named there.
pub(crate) fn issue(error: &SourceError, place: &Span) -> Issue {
    let label = match error {
        SourceError::NoMatch { .. } => "matches nothing",
        SourceError::LeftOut { .. } => "left out",
        SourceError::Never { .. } => "never an input",
        SourceError::NothingLeftOut(_) => "nothing was taken before",
        SourceError::NothingLeft(_) => "nothing is left of it",
        _ => "cannot be taken",
    };
    let issue = Issue::new(place, error.to_string()).label(label);
    match error.help() {
        Some(help) => issue.help(help),
        None => issue,
    }
}
