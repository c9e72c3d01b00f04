//! The names that a recipe gives, for those who speak of them.

use std::collections::{BTreeMap, BTreeSet};

use super::scalars::Word;
use crate::util::toml::{At, Given, Issue, Issues, Span, required};

/// The names of one kind. Incomplete when one of them could not be read: then nothing is called unknown.
#[derive(Debug)]
pub(crate) struct Known<'n> {
    what: &'static str,
    names: BTreeSet<&'n str>,
    pub(super) complete: bool,
}

impl<'n> Known<'n> {
    /// Collects the names of tables; missing ones and those given twice are issues.
    pub(crate) fn new<T: Word + 'n>(
        (what, several): (&'static str, &'static str),
        place: &'static str,
        tables: impl Iterator<Item = (&'n Given<T>, &'n Span)>,
        issues: &mut Issues,
    ) -> Self {
        let mut first: BTreeMap<&str, &Span> = BTreeMap::new();
        let mut complete = true;
        for (name, span) in tables {
            let Some(name) = required(name, ("name", "\"example\""), (place, span), issues) else {
                complete = false;
                continue;
            };
            let word = name.value.word();
            if let Some(before) = first.get(word) {
                let issue = Issue::new(&name.span, format!("two {several} are called `{word}`")).label("again here");
                issues.add(issue.also(before, "first here").help("give each a name of its own"));
            } else {
                first.insert(word, &name.span);
            }
        }
        Self { what, names: first.into_keys().collect(), complete }
    }

    /// Adds an issue for a name that nothing has.
    pub(crate) fn check<T: Word>(&self, name: &At<T>, issues: &mut Issues) {
        let word = name.value.word();
        if self.complete && !self.names.contains(word) && issues.are_wanted() {
            let known: Vec<&str> = self.names.iter().copied().collect();
            issues.add(Issue::unknown(&name.span, self.what, word, &known));
        }
    }
}

/// What other tables of the recipe may speak of.
#[derive(Debug)]
pub(crate) struct Names<'n> {
    pub(crate) users: Known<'n>,
    pub(crate) images: Known<'n>,
    pub(crate) packages: Known<'n>,
    /// Whether there is a `[python]`.
    pub(crate) has_python: bool,
}
