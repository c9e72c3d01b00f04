//! [`View`]: the recipe seen from one platform, for parts of it that are resolved.

use std::collections::{BTreeMap, HashMap};

use super::{
    content::{Of, content},
    files::Scripts,
    tables::RawContent,
};
use crate::{
    names::{User, UserName},
    platform::Platform,
    recipe::{Content, Project},
    util::toml::{At, Given, Issue, Issues, Span},
};

/// A recipe seen from one platform.
pub(crate) struct View<'v> {
    pub(crate) project: &'v Project,
    pub(crate) scripts: &'v Scripts,
    pub(crate) platform: &'v Platform,
    pub(crate) version: &'v str,
    pub(crate) users: BTreeMap<&'v UserName, User>,
}

impl View<'_> {
    pub(crate) fn contents(
        &self,
        raw: &Given<Vec<At<RawContent>>>,
        of: Of<'_>,
        issues: &mut Issues,
    ) -> Option<Vec<Content>> {
        let entries: Vec<_> =
            raw.items().iter().map(|entry| content(&entry.value, of, self.platform, issues)).collect();
        let mut first: HashMap<String, &Span> = HashMap::new();
        for (entry, raw) in entries.iter().zip(raw.items()) {
            // What differs in anything refines an earlier one.
            let Some(whole) = entry.as_ref().map(|entry| serde_json::json!(entry).to_string()) else { continue };
            if let Some(before) = first.get(&whole) {
                let issue =
                    Issue::new(&raw.span, "the same entry twice").label("again here").also(before, "first here");
                issues.add(issue.help("leave one of them out"));
            }
            first.entry(whole).or_insert(&raw.span);
        }
        entries.into_iter().collect()
    }

    pub(crate) fn accounts(&self, names: &Given<Vec<At<UserName>>>) -> Vec<User> {
        names.items().iter().filter_map(|name| self.users.get(&name.value).cloned()).collect()
    }
}
