//! The files of an image build's context: listed and digested when planning, written when building, from one list.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Holdings, Inputs};
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

/// So many files of a folder are known one by one: a record is read whenever there is a plan.
const KNOWN: usize = 1_000;

/// Puts what a folder holds under the user's word for it, to say later what of it changed; nothing of a large one, or of one file.
pub fn hold_into(holdings: &mut Holdings, name: &str, files: &[ContextFile]) {
    let known: usize = holdings.values().map(BTreeMap::len).sum();
    if files.len() < 2 || known + files.len() > KNOWN {
        return;
    }
    let shown = |path: &str| {
        let rest = path.strip_prefix("app/").and_then(|rest| Some(rest.split_once('/')?.1));
        rest.or_else(|| path.strip_prefix("rootfs")).unwrap_or(path).escape_debug().to_string()
    };
    let held = files.iter().map(|file| (shown(&file.path), Sha256::of(file.line()).short().to_owned()));
    holdings.insert(name.to_owned(), held.collect());
}

/// Puts the digest of some entries under the user's word for them.
pub fn digest_into(inputs: &mut Inputs, name: &str, files: &[ContextFile]) {
    let mut lines: Vec<String> = files.iter().map(ContextFile::line).collect();
    lines.sort();
    inputs.insert(name.to_owned(), Sha256::of(lines.concat()).to_string());
}
