//! What a recipe names of its project is looked at before a plan is made: everything that is not there, or does not count, is a
//! mistake at its line, and all of them are said at once.

use super::{Maker, PlanError};
use crate::{
    recipe::{Content, ContentKind, WaptSource},
    source::project::SourceError,
    util::toml::{Issue, Span},
};

impl Maker<'_> {
    /// What is wrong with the files of images and packages.
    pub(super) fn look(&self) -> Vec<Issue> {
        let listing = &self.context.listing;
        let mut found = Vec::new();
        for image in &self.recipe.images {
            for content in &image.contents {
                found.extend(self.content_files(content).err().and_then(|error| at(error, &content.at)));
            }
            let place = image.places.get("python");
            let folders = image.python.iter().filter_map(|folder| listing.python(folder).err());
            found.extend(folders.zip(place.into_iter().cycle()).map(|(error, place)| issue(&error, place)));
        }
        for content in
            self.recipe.packages.iter().flat_map(|package| &package.contents).filter(|one| is_of_project(one))
        {
            found.extend(listing.matching(&content.src).err().map(|error| issue(&error, &content.at)));
        }
        for wapt in &self.recipe.wapts {
            for content in &wapt.contents {
                if let WaptSource::Project(src) = &content.src {
                    found.extend(listing.matching(src).err().map(|error| issue(&error, &content.at)));
                }
            }
        }
        found
    }
}

fn is_of_project(content: &Content) -> bool {
    !matches!(content.kind, ContentKind::Symlink | ContentKind::Dir)
        && !content.in_container()
        && !content.src.is_empty()
}

fn at(error: PlanError, place: &Span) -> Option<Issue> {
    match error {
        PlanError::Source(error) => Some(issue(&error, place)),
        // It is met again, and said, where it matters.
        _ => None,
    }
}

fn issue(error: &SourceError, place: &Span) -> Issue {
    let label = match error {
        SourceError::NoMatch { .. } => "matches nothing",
        SourceError::LeftOut { .. } => "left out",
        SourceError::Never { .. } => "never an input",
        _ => "cannot be taken",
    };
    let issue = Issue::new(place, error.to_string()).label(label);
    match error.help() {
        Some(help) => issue.help(help),
        None => issue,
    }
}
