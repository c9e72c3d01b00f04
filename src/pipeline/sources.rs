//! The sources of a project: what is wanted of each, and what is said of those that cannot be had.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::{PipelineError, Project};
use crate::{
    names::{RefName, SourceName},
    recipe::{GitSource, SourceComplaint},
    source::{
        git::{self, GitError, Trouble, Wanted},
        requirements::{self, Line, Local, What},
        variables::Variables,
    },
};

/// Where sources are kept in the state folder.
pub const SOURCES: &str = "sources";

impl Project {
    /// The recipe's sources, as written.
    #[must_use]
    pub fn sources(&self) -> &[GitSource] {
        self.file.sources()
    }

    /// Where sources are kept.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.state().path().join(SOURCES)
    }

    /// The project with its sources: every reference of them is resolved, then they are fetched where they are not here,
    /// and what the recipe names in them is looked at. No other process may work in [`Project::store`].
    ///
    /// # Errors
    /// [`PipelineError::Sources`] with everything that could not be had; [`PipelineError::Recipe`] for what is not in them.
    pub async fn fetch(mut self, host: &git::Host) -> Result<Self, PipelineError> {
        let (wanted, unclear): (Vec<_>, Vec<_>) =
            self.sources().iter().map(|source| self.wanted(source)).partition(Result::is_ok);
        let unclear: Vec<Trouble> = unclear.into_iter().filter_map(Result::err).collect();
        if !unclear.is_empty() {
            return Err(self.troubles(unclear));
        }
        let wanted: Vec<Wanted> = wanted.into_iter().filter_map(Result::ok).collect();
        let checkouts = git::take(&wanted, &self.store(), host).await.map_err(|troubles| self.troubles(troubles))?;
        self.file.look_into(&checkouts, &self.folder)?;
        self.roots = self.roots.having(checkouts.clone());
        // Requirements may be in a source.
        let asked = self.checkouts();
        if !asked.is_empty() {
            let wanted: Vec<Wanted> = asked.values().map(|(git, _)| git.clone()).collect();
            let more = git::take(&wanted, &self.store(), host).await;
            let more = more.map_err(|troubles| asked_troubles(&troubles, &asked))?;
            self.roots = self.roots.having(checkouts.into_iter().chain(more).collect());
        }
        for target in &mut self.targets {
            // Once more: the scripts of packages may be in a source.
            target.recipe = Arc::new(self.file.resolve(&target.platform, &self.release)?);
        }
        Ok(self)
    }

    /// The repositories that requirements of the chosen platforms ask for, by their names, and where they do. What cannot be read is
    /// left out: the plan says so.
    #[must_use]
    pub fn checkouts(&self) -> BTreeMap<SourceName, (Wanted, String)> {
        let mut found = BTreeMap::new();
        for target in &self.targets {
            let recipe = &target.recipe;
            let first = recipe.python.iter().map(|python| &python.requirements);
            for first in first.chain(recipe.images.iter().filter_map(|image| image.requirements.as_ref())) {
                let Ok(texts) = requirements::closure(&self.roots, std::slice::from_ref(first)) else { continue };
                // Without the values of variables: a plan tells them to no server, and one that a clone names would hear them.
                let texts = requirements::expanded(&texts, &Variables::default());
                let asking = requirements::asking(&texts, first);
                for (path, text) in texts.iter().filter(|(path, _)| asking.contains(*path)) {
                    for (line, asked) in requirements::numbered(text) {
                        let Line::Local(Local { what: What::Git(git), .. }) = asked else { continue };
                        let (url, reference, place) = (git.url, git.reference, format!("{}:{line}", path.display()));
                        let wanted = Wanted { name: git.name.clone(), url, reference, submodules: true };
                        found.entry(git.name).or_insert((wanted, place));
                    }
                }
            }
        }
        found
    }

    /// A source with what the command line says filled in.
    fn wanted(&self, source: &GitSource) -> Result<Wanted, Trouble> {
        let trouble = |error| Trouble { source: source.name.clone(), error };
        let mut text = source.reference.replace("{{tag}}", self.release.tag.as_str());
        if text.contains("{{branch}}") {
            let branch = self.branch.as_ref().ok_or_else(|| trouble(GitError::NoBranch))?;
            // By itself first: it is the user's word, and the error shows it as such.
            let branch = RefName::new(branch).map_err(|bad| trouble(GitError::BadReference(bad)))?;
            text = text.replace("{{branch}}", branch.as_str());
        }
        Ok(Wanted {
            name: source.name.clone(),
            url: source.git.seen_from(&self.folder.to_string_lossy()),
            reference: RefName::new(text).map_err(|bad| trouble(GitError::BadReference(bad)))?,
            submodules: source.submodules,
        })
    }

    fn troubles(&self, troubles: Vec<Trouble>) -> PipelineError {
        if troubles.iter().any(|trouble| matches!(trouble.error, GitError::Interrupted)) {
            return PipelineError::Interrupted;
        }
        let message = match (troubles.as_slice(), self.sources().len()) {
            ([one], _) => format!("source `{}` could not be had", one.source),
            (some, all) => format!("{} of {all} sources could not be had", some.len()),
        };
        let choice = troubles.iter().all(|trouble| trouble.error.is_choice());
        let complaint = |trouble: Trouble| {
            let declared = self.sources().iter().find(|source| source.name == trouble.source);
            SourceComplaint {
                key: trouble.error.key(),
                message: format!("source `{}`: {}", trouble.source, trouble.error),
                label: trouble.error.label().to_owned(),
                help: declared.map_or_else(String::new, |source| {
                    trouble.error.help(&source.git.seen_from(&self.folder.to_string_lossy()))
                }),
                source: trouble.source,
            }
        };
        let report = self.file.complain(troubles.into_iter().map(complaint).collect());
        PipelineError::Sources { message, report, choice }
    }
}

/// What is said of repositories that requirements ask for and that cannot be had.
fn asked_troubles(troubles: &[Trouble], asked: &BTreeMap<SourceName, (Wanted, String)>) -> PipelineError {
    if troubles.iter().any(|trouble| matches!(trouble.error, GitError::Interrupted)) {
        return PipelineError::Interrupted;
    }
    let choice = troubles.iter().all(|trouble| trouble.error.is_choice());
    let said = troubles.iter().filter_map(|trouble| {
        let (wanted, place) = asked.get(&trouble.source)?;
        Some((
            format!("{place}: `git+{}`: {}", wanted.url.without_userinfo(), trouble.error),
            trouble.error.help(&wanted.url),
        ))
    });
    let (lines, helps): (Vec<String>, Vec<String>) = said.unzip();
    PipelineError::Checkouts { message: lines.join("\n"), help: helps.into_iter().next().unwrap_or_default(), choice }
}
