//! [`Catalogue`]: every platform that can be named here. Reads the files of the project; never asks a network.

use std::{collections::BTreeMap, io, path::Path};

use miette::Diagnostic;

use super::{
    embedded::EMBEDDED,
    read::{self, Read},
    types::Platform,
};
use crate::{
    diag::{Exit, Failure},
    names::{PlatformId, Sha256},
    util::{
        folder::{Folder, Links},
        threads,
        toml::{Issue, Report, Source, listed, nearest, quoted},
    },
};

/// No platform file is larger.
const LARGEST: u64 = 64 * 1024;

/// Platform files that are worth a thread of their own.
const WORTH_A_THREAD: usize = 64;

/// Every platform that can be named: those brought along, and those of the project.
#[derive(Debug, Clone)]
pub struct Catalogue {
    platforms: BTreeMap<PlatformId, Platform>,
    words: BTreeMap<String, PlatformId>,
}

/// Why there is no catalogue.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum PlatformError {
    /// A platform file says what it may not.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(Report),
    /// A platform file cannot be read.
    #[error("cannot read a platform of the project: {0}")]
    Unreadable(#[source] io::Error),
}

/// A word that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform {}", quoted(text))]
pub struct Unknown {
    /// The word.
    pub text: String,
    /// The id or alias that was probably meant.
    pub nearest: Option<String>,
    /// All ids.
    pub known: Vec<PlatformId>,
}

impl Unknown {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> String {
        let known: Vec<&str> = self.known.iter().map(PlatformId::as_str).collect();
        let meant = self.nearest.as_ref().map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        format!("{meant}known: {}", listed(&known))
    }
}

impl From<Unknown> for Failure {
    fn from(unknown: Unknown) -> Self {
        Self::new(Exit::Usage, unknown.to_string()).help(unknown.help())
    }
}

impl From<PlatformError> for Failure {
    fn from(error: PlatformError) -> Self {
        match error {
            PlatformError::Invalid(report) => Self::new(Exit::Usage, report.to_string()).showing(report),
            PlatformError::Unreadable(cause) => {
                Self::new(Exit::Usage, "cannot read a platform of the project").because(cause)
            }
        }
    }
}

impl Catalogue {
    /// The platforms brought along, with those of `<project>/platforms/*.toml` added; one of the same id wins.
    ///
    /// # Errors
    /// [`PlatformError`] with everything that is wrong in any of the files.
    pub fn load(project: Option<&Path>) -> Result<Self, PlatformError> {
        let mut files: BTreeMap<String, (String, String)> = EMBEDDED
            .iter()
            .map(|(id, text)| ((*id).to_owned(), (format!("platforms/{id}.toml"), (*text).to_owned())))
            .collect();
        if let Some(project) = project {
            files.extend(files_of(project).map_err(PlatformError::Unreadable)?);
        }
        Self::of_texts(&files)
    }

    /// The platforms of these files and no others: id -> the file's name, for messages, and its text.
    ///
    /// # Errors
    /// [`PlatformError::Invalid`] with everything that is wrong.
    pub fn of_texts(files: &BTreeMap<String, (String, String)>) -> Result<Self, PlatformError> {
        let mut reports = Vec::new();
        let mut platforms = Vec::new();
        let files: Vec<_> = files.iter().collect();
        let read = threads::each(&files, WORTH_A_THREAD, |(stem, (file, text))| read::platform(file, stem, text));
        for (read, (_, (file, text))) in read.into_iter().zip(files) {
            match read {
                Ok(read) => platforms.push((read, file, text)),
                Err(report) => reports.push(report),
            }
        }
        let mut words = BTreeMap::new();
        for (Read { platform, .. }, ..) in &platforms {
            words.insert(platform.id.to_string(), platform.id.clone());
        }
        for (Read { platform, aliases }, file, text) in &platforms {
            let issues: Vec<_> = aliases
                .iter()
                .filter_map(|alias| {
                    let other = words.insert(alias.value.to_string(), platform.id.clone())?;
                    let message = format!("{} already names `{other}`", quoted(alias.value.as_str()));
                    Some(Issue::new(&alias.span, message).label("taken").help("choose another alias"))
                })
                .collect();
            if !issues.is_empty() {
                reports.push(Report::new(Source::new(file, text), issues));
            }
        }
        if let Some(report) = Report::merge(reports) {
            return Err(PlatformError::Invalid(report));
        }
        let platforms = platforms.into_iter().map(|(read, ..)| (read.platform.id.clone(), read.platform));
        Ok(Self { platforms: platforms.collect(), words })
    }

    /// The platform of an id.
    #[must_use]
    pub fn get(&self, id: &PlatformId) -> Option<&Platform> {
        self.platforms.get(id)
    }

    /// The platform that a user means: an id or an alias, in any case.
    ///
    /// # Errors
    /// [`Unknown`] with the nearest word and the ids.
    pub fn find(&self, text: &str) -> Result<&Platform, Unknown> {
        self.meant(text).ok_or_else(|| Unknown {
            text: text.to_owned(),
            nearest: nearest(text.trim(), self.words.keys().map(String::as_str)).map(str::to_owned),
            known: self.platforms.keys().cloned().collect(),
        })
    }

    /// The same, where nothing is to be said of an unknown one.
    pub(crate) fn meant(&self, text: &str) -> Option<&Platform> {
        self.words.get(&text.trim().to_ascii_lowercase()).and_then(|id| self.platforms.get(id))
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Platform> {
        self.platforms.values()
    }

    /// Every id and alias.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.keys().map(String::as_str)
    }
}

impl Platform {
    /// Whether it is word for word one that is brought along.
    #[must_use]
    pub fn is_brought_along(&self) -> bool {
        embedded(&self.id).is_some_and(|(_, text)| Sha256::of(text).as_str() == self.digest)
    }

    /// The platform of an id that is brought along, whatever a project says of that id.
    #[must_use]
    pub fn brought_along(id: &PlatformId) -> Option<Self> {
        let (id, text) = embedded(id)?;
        read::platform(&format!("platforms/{id}.toml"), id, text).ok().map(|read| read.platform)
    }
}

fn embedded(id: &PlatformId) -> Option<&'static (&'static str, &'static str)> {
    EMBEDDED.iter().find(|(known, _)| *known == id.as_str())
}

/// The platform files of a project, which need not be there: stem -> (name, text).
fn files_of(project: &Path) -> io::Result<BTreeMap<String, (String, String)>> {
    let open = match Folder::open(project, Links::Inside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        open => open?,
    };
    let folder = Path::new("platforms");
    let mut files = BTreeMap::new();
    for name in open.entries(folder)?.into_keys() {
        let path = folder.join(&name);
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_none_or(|extension| extension != "toml") || stem.starts_with('.') {
            continue;
        }
        let text = open.text(&path, LARGEST)?;
        files.insert(stem, (project.join(path).display().to_string(), text));
    }
    Ok(files)
}
