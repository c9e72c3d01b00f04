//! What units need beside the tree, and how what is wrong with them is noted.

use crate::{check::finding::Finding, names::Concern, unit::advice};

/// What has to be there beside the tree, one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A program under one of these paths.
    Program(Vec<String>),
    /// A file under one of these paths.
    File(Vec<String>),
    /// A folder under one of these paths.
    Folder(Vec<String>),
    /// Anything under one of these paths.
    Path(Vec<String>),
    /// A user of the image that a package of somebody else made there.
    User(String),
    /// A group.
    Group(String),
}

/// Something that the tree does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What has to be there.
    pub wanted: Wanted,
    /// What is wrong where it is not.
    pub lack: Finding,
}

/// What is wrong with the units of a tree.
#[derive(Debug, Default)]
pub struct Units {
    /// What is wrong by the tree alone.
    pub lacks: Vec<Finding>,
    /// What the image is to be asked.
    pub questions: Vec<Question>,
}

impl Units {
    /// Notes what is to be asked; without it the finding is true.
    pub(super) fn ask(&mut self, wanted: Wanted, lack: Finding) {
        self.questions.push(Question { wanted, lack });
    }
}

/// What is wrong at a place of a file, as `/lib/systemd/system/x.service:5`. Where a near name is meant, that is the advice.
pub(super) fn at(concern: Concern, place: &str, reason: &str) -> Finding {
    let (path, what) = told(place, reason);
    let is_near = reason.contains(", did you mean ");
    let finding = Finding::new(concern, &path, what);
    if is_near { finding.mend(advice(reason)) } else { finding }
}

/// The file where something is, and `line 5: …`.
fn told(place: &str, reason: &str) -> (String, String) {
    let reason = reason.escape_debug();
    let (file, what) = match place.rsplit_once(':').filter(|(_, line)| line.bytes().all(|b| b.is_ascii_digit())) {
        Some((file, line)) => (file, format!("line {line}: {reason}")),
        None => (place, reason.to_string()),
    };
    (file.trim_start_matches('/').to_owned(), what)
}
