//! The files of an installation: a program, and what lies beside it.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// The names around a program, `SysTracker_Agent.exe`. All of them lie in its folder, so that a rename is one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    folder: PathBuf,
    stem: OsString,
    end: OsString,
}

impl Names {
    /// Around this program; `None` where its path has no file name.
    #[must_use]
    pub fn of(program: &Path) -> Option<Self> {
        program.file_name()?;
        let dotted = |end: &OsStr| joined(&[OsStr::new("."), end]);
        let folder = program.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let end = program.extension().map(dotted).unwrap_or_default();
        Some(Self { folder: folder.to_owned(), stem: program.file_stem()?.to_owned(), end })
    }

    fn with(&self, word: &str) -> PathBuf {
        self.folder.join(joined(&[&self.stem, OsStr::new(word), &self.end]))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.with("")
    }

    /// What will be the program: whole, and found good.
    #[must_use]
    pub fn update(&self) -> PathBuf {
        self.with("_Update")
    }

    /// What comes over the network, of the file with this digest.
    #[must_use]
    pub fn part(&self, digest: &str) -> PathBuf {
        self.state().join(format!("{}.part", digest.get(..16).unwrap_or(digest)))
    }

    /// What the program was: 1 is the newest.
    #[must_use]
    pub fn backup(&self, number: usize) -> PathBuf {
        if number <= 1 { self.with("_Backup") } else { self.with(&format!("_Backup.{number}")) }
    }

    /// A name that is only there while another one is changed.
    #[must_use]
    pub fn beside(&self) -> PathBuf {
        self.with("_New")
    }

    /// The folder of what the updater keeps.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.join(".update")
    }

    /// What is being done.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.state().join("journal.json")
    }

    /// What was done.
    #[must_use]
    pub fn history(&self) -> PathBuf {
        self.state().join("state.json")
    }
}

fn joined(parts: &[&OsStr]) -> OsString {
    let mut whole = OsString::new();
    for part in parts {
        whole.push(part);
    }
    whole
}
