//! Files of the project and of its sources: which of a folder are taken, and what is in them. Never writes.
//!
//! What a recipe names is taken whole, hidden files, empty folders and what git ignores too. [`IGNORE_FILE`] leaves out;
//! `.git`, `.factory` and what this program makes are never taken.

mod effort;
mod ignoring;
mod walk;

use std::{
    collections::BTreeSet,
    io,
    path::{Component, Path, PathBuf},
};

use fs_err as fs;

pub use crate::util::pattern::glob;
use crate::{
    names::{Commit, Sha256, SourceName},
    util::{
        digests::Digests,
        folder::{Folder, Refusal, open_file},
    },
};
pub(super) use effort::Effort;
pub(super) use walk::{Take, Within, not_ours};

/// The file that names, in gitignore(5) patterns, what else of a folder is left out.
pub const IGNORE_FILE: &str = ".factoryignore";

/// A place that this program writes in a project: no input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it is.
    pub path: PathBuf,
    /// Whether a project may have folders of its own in it, which a recipe can name.
    pub is_shared: bool,
}

/// What a path or a pattern of a recipe names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The files, sorted by path.
    pub files: Vec<SourceFile>,
    /// Whether it is one file or link, which gets the very name that the recipe says, and nothing below it.
    pub is_single: bool,
    /// The files and folders that git ignores, where those are left out.
    pub left_out: LeftOut,
}

/// What is left out of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// How many files and folders.
    pub count: usize,
    /// The first of them by their names, below the root that they are in.
    pub first: BTreeSet<PathBuf>,
}

/// So many of what is left out are named.
const NAMED: usize = 3;

impl LeftOut {
    fn add(&mut self, path: PathBuf) {
        self.count += 1;
        self.first.insert(path);
        if self.first.len() > NAMED {
            self.first.pop_last();
        }
    }
}

impl Found {
    /// Whether it is one link and nothing else.
    #[must_use]
    pub fn is_one_link(&self) -> bool {
        self.is_single && matches!(self.files.as_slice(), [SourceFile { kind: SourceKind::Symlink { .. }, .. }])
    }
}

/// A file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path below the folder that was asked for, with `/`; the file's own name when a file was asked for.
    pub relative: String,
    /// Where it is: no component of it but the last is a link.
    pub path: PathBuf,
    /// What it is.
    pub kind: SourceKind,
    /// Permission bits of a checkout without its umask: 0755 when the owner may execute it, else 0644
    /// (CVE-2023-32698: modes of a checkout are not modes of a package).
    pub mode: u32,
    /// Whether git would ignore it, where it is taken all the same.
    pub is_ignored: bool,
}

impl SourceFile {
    /// The file, to be read.
    ///
    /// # Errors
    /// When it is gone, or no regular file any more.
    pub fn open(&self) -> io::Result<fs::File> {
        open_file(&self.path)
    }
}

/// The kinds of files that a project may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A regular file.
    File {
        /// Of its bytes.
        sha256: Sha256,
        /// In bytes.
        size: u64,
    },
    /// A symbolic link with its target as written.
    Symlink {
        /// The target.
        target: String,
    },
    /// A folder with nothing in it that is taken.
    Folder,
}

/// Why the project's files could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The system's words, with the path.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A name that cannot go into an archive.
    #[error("`{path}`: {reason}")]
    Name {
        /// The path, escaped.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// Patterns of what is left out.
    #[error("{0}")]
    Patterns(#[from] ignore::Error),
    /// Something that is named and left out.
    #[error("`{path}` is left out: `{file}` has `{pattern}`")]
    LeftOut {
        /// What is named.
        path: String,
        /// The file that says so.
        file: String,
        /// Its pattern.
        pattern: String,
    },
    /// An `exclude` that comes first, or of something else.
    #[error("`{0}` leaves nothing out: no entry before it takes that")]
    NothingLeftOut(String),
    /// An entry of which nothing stays.
    #[error("nothing of `{0}` is taken: later entries leave all of it out")]
    NothingLeft(String),
    /// Something that is never an input.
    #[error("`{path}` is never taken: {why}")]
    Never {
        /// What is named.
        path: String,
        /// Whose it is.
        why: &'static str,
    },
    /// A glob that matched nothing.
    #[error("`{pattern}` matches no file of {place}{but}")]
    NoMatch {
        /// As written.
        pattern: String,
        /// `the project`, or the source and its commit.
        place: String,
        /// What was left out where it looked.
        but: String,
        /// What to write where the pattern is the very name of a file or folder.
        meant: Option<String>,
    },
    /// A source that is not declared, or not there yet.
    #[error("`@{0}` is no source of this recipe")]
    NoSource(String),
    /// A path that a source does not have.
    #[error("source `{source_name}` has no `{path}` at {}", commit.short())]
    NotThere {
        /// Its name.
        source_name: SourceName,
        /// Of its checkout.
        commit: Commit,
        /// The path in it.
        path: String,
    },
    /// A line of a requirements file that takes in what is not to be had.
    #[error("{place}: {error}")]
    TakenIn {
        /// The file and the line.
        place: String,
        /// Why.
        error: Box<SourceError>,
    },
    /// A path that leads out of a source.
    #[error("`@{source_name}/{path}` leads out of the source through a symbolic link")]
    LeadsOut {
        /// Its name.
        source_name: SourceName,
        /// The path in it.
        path: String,
    },
    /// A pattern that is not one.
    #[error("{0}")]
    Glob(#[from] globset::Error),
}

/// Every file of a folder that is no project's, hidden and ignored ones too, sorted by path.
///
/// # Errors
/// As of a project's files.
pub fn every_file(folder: &Folder) -> Result<Vec<SourceFile>, SourceError> {
    let digests = Digests::forgetful();
    Ok(Within { root: folder, kept: &[], digests: &digests, effort: &Effort::default() }
        .whole("", Take::Everything)?
        .files)
}

impl SourceError {
    /// Whether a path led out of the folder that it is in.
    pub(super) fn leads_out(error: &io::Error) -> bool {
        matches!(Refusal::from_error(error), Some(Refusal::LeadsOut { .. }))
    }

    /// What to do about it, where that can be said.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::LeftOut { file, pattern, .. } => {
                Some(format!("take `{pattern}` out of `{file}`, or name what it does not leave out"))
            }
            Self::Never { .. } => Some("name another path: copy there what is meant".to_owned()),
            Self::NothingLeftOut(_) => Some("put it behind the entry that takes the files".to_owned()),
            Self::NoMatch { meant: Some(meant), .. } => Some(format!(
                "that is the name of something: a backslash takes the meaning from a letter, `src = '{meant}'`"
            )),
            Self::NoMatch { .. } => Some("`*` and `?` stop at `/`, `**` does not, `{a,b}` means either".to_owned()),
            _ => None,
        }
    }
}

fn utf8(path: &Path) -> Result<String, SourceError> {
    let refuse = |reason| SourceError::Name { path: path.to_string_lossy().escape_debug().to_string(), reason };
    let text = path.to_str().ok_or_else(|| refuse("its name is not UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(refuse("its name has a control character"));
    }
    Ok(text.to_owned())
}

/// A path without `.` components, and without any way up; `None` when it leads out.
#[must_use]
pub fn within(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => clean.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests;
