//! The files of an image build's context: listed and digested when planning, written when building, from one list.

use std::path::PathBuf;

use super::Inputs;
use crate::{
    names::Sha256,
    source::project::{Found, SourceFile, SourceKind},
};

/// One entry of a build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    /// Its path in the context.
    pub path: String,
    /// What it is.
    pub source: ContextSource,
    /// Permission bits.
    pub mode: u32,
}

/// What a context entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextSource {
    /// A file of the project, and its digest when the plan was made.
    File(PathBuf, Sha256),
    /// Bytes of this program.
    Bytes(Vec<u8>),
    /// An empty folder.
    Dir,
    /// A symbolic link.
    Symlink(String),
}

impl ContextFile {
    /// A file of the project at `path` in the context.
    #[must_use]
    pub fn of_project(path: String, file: &SourceFile) -> Self {
        let source = match &file.kind {
            SourceKind::File { sha256, .. } => ContextSource::File(file.path.clone(), sha256.clone()),
            SourceKind::Symlink { target } => ContextSource::Symlink(target.clone()),
            SourceKind::Folder => ContextSource::Dir,
        };
        Self { path, source, mode: file.mode }
    }

    /// One line that stands for everything about the entry.
    fn line(&self) -> String {
        let source = match &self.source {
            ContextSource::File(_, sha256) => sha256.to_string(),
            ContextSource::Bytes(bytes) => Sha256::of(bytes).to_string(),
            ContextSource::Dir => "folder".to_owned(),
            ContextSource::Symlink(target) => format!("-> {target}"),
        };
        format!("{} {:o} {source}\n", self.path.escape_debug(), self.mode)
    }
}

/// The files of a path, each under its own.
pub fn as_they_are(found: &Found) -> Vec<ContextFile> {
    found.files.iter().map(|file| ContextFile::of_project(file.relative.clone(), file)).collect()
}

/// Puts the digest of some entries under the user's word for them.
pub fn digest_into(inputs: &mut Inputs, name: &str, files: &[ContextFile]) {
    let mut lines: Vec<String> = files.iter().map(ContextFile::line).collect();
    lines.sort();
    inputs.insert(name.to_owned(), Sha256::of(lines.concat()).to_string());
}
