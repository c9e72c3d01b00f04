//! What entries of `contents` take of the project: each what it names, but for what a later `exclude` leaves out.

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use super::{
    listing::Files,
    project::{Found, SourceError},
};
use crate::{
    recipe::{Content, ContentKind},
    util::toml::Span,
};

/// Most files that the entries of one table take, each as often as it is named.
const MOST_TOGETHER: usize = 1_000_000;

/// What the entries of one table take of the project, in their order; nothing where an entry is about something else.
#[derive(Debug, Default)]
pub struct Taken {
    /// For each entry.
    pub entries: Vec<Files>,
    /// What is wrong, each at its `src`.
    pub mistakes: Vec<(Span, SourceError)>,
}

impl Taken {
    /// Asks `find` for each path and pattern of the project.
    pub fn from_contents(contents: &[Content], find: impl Fn(&str) -> Result<Files, SourceError>) -> Self {
        Self::within(contents, MOST_TOGETHER, find)
    }

    fn within(contents: &[Content], most: usize, find: impl Fn(&str) -> Result<Files, SourceError>) -> Self {
        let mut taken = Self::default();
        let mut had_files = Vec::new();
        let mut together = 0_usize;
        for content in contents {
            let found = if content.is_of_project() { find(&content.pattern()) } else { Ok(Files::default()) };
            let found = found.map_err(|error| in_words(content, error));
            together = together.saturating_add(found.as_ref().map_or(0, |found| found.files.len()));
            let found = if together > most {
                let reason = "with it the entries of this table name more than 1,000,000 files";
                Err(SourceError::Name { path: content.src.clone(), reason })
            } else {
                found
            };
            let found = found.unwrap_or_else(|error| {
                taken.mistakes.push((content.at.clone(), error));
                Files::default()
            });
            if content.kind == ContentKind::Exclude && !found.files.is_empty() {
                if !taken.leave_out(&found) {
                    taken.mistakes.push((content.at.clone(), SourceError::NothingLeftOut(content.src.clone())));
                }
                taken.entries.push(Files::default());
                had_files.push(false);
            } else {
                had_files.push(!found.files.is_empty());
                taken.entries.push(found);
            }
        }
        for ((content, entry), had) in contents.iter().zip(&taken.entries).zip(had_files) {
            if had && entry.files.is_empty() {
                taken.mistakes.push((content.at.clone(), SourceError::NothingLeft(content.src.clone())));
            }
        }
        taken.refine(contents);
        taken
    }

    /// Takes out of a folder that is taken as `/` what other entries name of it.
    fn refine(&mut self, contents: &[Content]) {
        let is_tree = |content: &Content| content.kind == ContentKind::Tree;
        if !contents.iter().any(is_tree) {
            return;
        }
        let others = contents.iter().zip(&self.entries).filter(|(content, _)| !is_tree(content));
        let named: HashSet<PathBuf> =
            others.flat_map(|(_, entry)| &entry.files).map(|file| file.path.clone()).collect();
        for (_, entry) in contents.iter().zip(&mut self.entries).filter(|(content, _)| is_tree(content)) {
            if entry.files.iter().any(|file| named.contains(&file.path)) {
                Arc::make_mut(entry).files.retain(|file| !named.contains(&file.path));
            }
        }
    }

    /// The entries, where nothing is wrong with them.
    ///
    /// # Errors
    /// The first mistake.
    pub fn right(self) -> Result<Vec<Files>, SourceError> {
        self.mistakes.into_iter().next().map_or(Ok(self.entries), |(_, error)| Err(error))
    }

    /// Takes files out of the entries so far; whether there was one.
    fn leave_out(&mut self, files: &Found) -> bool {
        let paths: HashSet<&PathBuf> = files.files.iter().map(|file| &file.path).collect();
        let mut some = false;
        for entry in &mut self.entries {
            if entry.files.iter().any(|file| paths.contains(&file.path)) {
                some = true;
                Arc::make_mut(entry).files.retain(|file| !paths.contains(&file.path));
            }
        }
        some
    }
}

/// What is wrong with an entry, in its own words: the recipe does not have the pattern of a folder that is taken as `/`.
fn in_words(content: &Content, error: SourceError) -> SourceError {
    match error {
        SourceError::NoMatch { but, .. } if content.kind == ContentKind::Tree && but.is_empty() => {
            SourceError::Name { path: content.src.clone(), reason: "there is nothing in it" }
        }
        error => error,
    }
}
