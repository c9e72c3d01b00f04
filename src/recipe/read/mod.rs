//! [`RecipeFile`]: `factory.toml` as written and checked; it gives the recipe of each platform. Opens the files that
//! the recipe names only to see that they are there and to take the texts of scripts.

pub(crate) mod allow;
pub mod back_end;
pub(crate) mod content;
pub(crate) mod effect;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod graph;
pub(crate) mod known;
pub(crate) mod layers;
pub(crate) mod license;
pub(crate) mod meant;
pub(crate) mod part;
pub(crate) mod paths;
pub(crate) mod places;
pub(crate) mod raw;
pub(crate) mod references;
pub(crate) mod repositories;
pub(crate) mod resolve;
pub(crate) mod scalars;
pub(crate) mod section;
pub(crate) mod sources;
pub(crate) mod tables;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod units;
pub(crate) mod unused;
pub(crate) mod view;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use error::RecipeError;
pub use sources::{SourceComplaint, SourceKey};

use self::{layers::Layered, raw::RawRecipe, resolve::Sources};
use super::{Checkouts, GitSource, Project, Recipe, Release, ReleaseRepository};
use crate::{
    names::Sha256,
    platform::{Catalogue, Platform},
    util::{
        folder::{Folder, Links, Refusal},
        toml::{self, Issue, Issues, Report, Source, Span, Table as _},
    },
};

/// The file's name in the project's folder.
pub(crate) const FILE: &str = "factory.toml";

/// No recipe is larger: 1 MiB.
const LARGEST: u64 = 1024 * 1024;

/// A recipe as written, free of errors for each of its platforms.
#[derive(Debug, Clone)]
pub struct RecipeFile {
    name: String,
    text: String,
    digest: Sha256,
    raw: RawRecipe,
    project: Arc<Project>,
    sources: Vec<GitSource>,
    repositories: Vec<ReleaseRepository>,
    scripts: files::Scripts,
    doubts: Vec<Issue>,
}

impl RecipeFile {
    /// Reads and checks `factory.toml` of a project, with the platforms that it can name.
    ///
    /// # Errors
    /// [`RecipeError`] with everything that is wrong, for any of the recipe's platforms.
    pub fn load(project_dir: &Path) -> Result<Self, RecipeError> {
        let catalogue = Catalogue::load(Some(project_dir))?;
        Self::load_with(project_dir, &catalogue)
    }

    /// The same with a catalogue that is loaded already.
    ///
    /// # Errors
    /// See [`RecipeFile::load`].
    pub fn load_with(project_dir: &Path, catalogue: &Catalogue) -> Result<Self, RecipeError> {
        let path = project_dir.join(FILE);
        let name = files::as_typed(&path);
        let missing =
            || RecipeError::Missing { folder: files::as_typed(project_dir), above: files::recipe_above(project_dir) };
        let read = Folder::open(project_dir, Links::Inside).and_then(|folder| folder.read(Path::new(FILE), LARGEST));
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(missing()),
            Err(cause) if matches!(Refusal::from_error(&cause), Some(Refusal::TooLarge { .. })) => {
                return Err(RecipeError::TooLarge { file: name, most: LARGEST });
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Err(missing()),
            Err(cause) => return Err(RecipeError::Unreadable { file: name, cause }),
        };
        Self::parse(&name, utf8(&name, &bytes)?, project_dir, catalogue)
    }

    /// Checks the text of a recipe; `name` is what errors call it.
    ///
    /// # Errors
    /// See [`RecipeFile::load`].
    pub fn parse(name: &str, text: &str, project_dir: &Path, catalogue: &Catalogue) -> Result<Self, RecipeError> {
        let read = toml::read(name, text, |root, issues| {
            let raw = RawRecipe::read(root, issues);
            let project = resolve::project(&raw, catalogue, issues).map(Arc::new);
            references::check(&raw, catalogue, issues);
            let (sources, repositories) = (sources::resolve(&raw), repositories::resolve(&raw));
            let scripts = paths::check(&raw, project_dir, None, issues);
            check_each_platform(&raw, project.as_ref(), &scripts, catalogue, issues);
            project.map(|project| (raw, project, sources, repositories, scripts))
        });
        match read.map_err(RecipeError::Invalid)? {
            Some((raw, project, sources, repositories, scripts)) => {
                let (name, digest) = (name.to_owned(), Sha256::of(text));
                let doubts = unused::find(&raw, &project, catalogue);
                Ok(Self { name, text: text.to_owned(), digest, raw, project, sources, repositories, scripts, doubts })
            }
            None => Err(invalid(name, text, Issue::new(&(0..0), "there is no project in it"))),
        }
    }

    /// What is the same on every platform.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// `[[source]]`: what is needed of other repositories.
    #[must_use]
    pub fn sources(&self) -> &[GitSource] {
        &self.sources
    }

    /// `[[repository]]`: what a release tags.
    #[must_use]
    pub fn repositories(&self) -> &[ReleaseRepository] {
        &self.repositories
    }

    /// The file's text, fit to be shown.
    #[must_use]
    pub fn shown(&self) -> Source {
        Source::new(&self.name, &self.text)
    }

    /// Looks at what the recipe names in its sources, now that they are there, and takes the scripts among it.
    ///
    /// # Errors
    /// [`RecipeError`] with everything that is not there, or not what it should be.
    pub fn look_into(&mut self, checkouts: &Checkouts, project_dir: &Path) -> Result<(), RecipeError> {
        let mut issues = Issues::default();
        self.scripts = paths::check(&self.raw, project_dir, Some(checkouts), &mut issues);
        if issues.is_empty() { Ok(()) } else { Err(RecipeError::Invalid(self.report(issues))) }
    }

    /// What of it has no effect on any of its platforms: worth a warning each.
    #[must_use]
    pub fn doubts(&self) -> &[Issue] {
        &self.doubts
    }

    /// What went wrong with sources, each at its place in the text.
    #[must_use]
    pub fn complain(&self, complaints: Vec<SourceComplaint>) -> Report {
        self.report(sources::issues(&self.raw, complaints))
    }

    /// Where a name of `no_binary` is, first.
    #[must_use]
    pub fn no_binary(&self, name: &str) -> Option<&Span> {
        let tables = self.raw.python.value().into_iter().flat_map(Layered::all);
        let mut names = tables.flat_map(|table| table.no_binary.items());
        names.find(|item| item.value == name).map(|item| &item.span)
    }

    /// Mistakes that only show once files are looked at, each said once.
    #[must_use]
    pub fn mistakes(&self, found: Vec<Issue>) -> RecipeError {
        let mut issues = Issues::default();
        let mut said: Vec<(Span, String)> = Vec::new();
        for issue in found {
            let what = (issue.span.clone(), issue.message.clone());
            if !said.contains(&what) {
                said.push(what);
                issues.add(issue);
            }
        }
        RecipeError::Invalid(self.report(issues))
    }

    fn report(&self, issues: Issues) -> Report {
        Report::new(self.shown(), issues.into_sorted())
    }

    /// The SHA-256 of the file's text.
    #[must_use]
    pub fn digest(&self) -> &Sha256 {
        &self.digest
    }

    /// The recipe as one platform sees it, for one release.
    ///
    /// # Errors
    /// [`RecipeError`] when the platform is none of the recipe's own and its overrides do not fit it.
    pub fn resolve(&self, platform: &Platform, release: &Release) -> Result<Recipe, RecipeError> {
        let version = format!("{}-{}{}", release.version, release.release, platform.package.suffix);
        let sources = Sources { raw: &self.raw, project: &self.project, scripts: &self.scripts };
        let mut issues = Issues::default();
        match resolve::recipe(&sources, platform, &version, &mut issues) {
            Some(recipe) if issues.is_empty() => Ok(recipe),
            _ => {
                let mut named = Issues::default();
                named.add_of_platforms(vec![(platform.id.as_str(), issues)], self.project.platforms.len());
                Err(RecipeError::Invalid(self.report(named)))
            }
        }
    }
}

/// Resolves the recipe once for each of its platforms, so that what only one of them misses is said now, and what all of them miss
/// once.
fn check_each_platform(
    raw: &RawRecipe,
    project: Option<&Arc<Project>>,
    scripts: &BTreeMap<PathBuf, String>,
    catalogue: &Catalogue,
    issues: &mut Issues,
) {
    let Some(project) = project else {
        return;
    };
    let sources = Sources { raw, project, scripts };
    let platforms: Vec<&Platform> = project.platforms.iter().filter_map(|id| catalogue.get(id)).collect();
    let found = platforms.iter().map(|platform| {
        let mut issues = Issues::default();
        let _checked = resolve::recipe(&sources, platform, "0", &mut issues);
        (platform.id.as_str(), issues)
    });
    issues.add_of_platforms(found.collect(), platforms.len());
}

fn utf8<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, RecipeError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let issue = Issue::new(&(start..start + 1), "this is not UTF-8 text");
        invalid(name, &String::from_utf8_lossy(bytes), issue.help("save the file with the encoding UTF-8"))
    })
}

fn invalid(name: &str, text: &str, issue: Issue) -> RecipeError {
    RecipeError::Invalid(Report::new(Source::new(name, text), vec![issue]))
}
