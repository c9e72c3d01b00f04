//! Wheels that stand in the requirements instead of what they were made of.

use std::path::PathBuf;

use super::{bench::Bench, pip::ROOT};
use crate::source::{
    requirements::{Requirement, asking, same_version, with_folder, with_requirements, without_folders},
    wheelhouse::Wheel,
};

/// What a wheel stands for.
#[derive(Debug, Clone)]
pub enum StandsFor {
    /// A folder of the checkout, as written.
    Folder(String),
    /// A pin of its own distribution and version.
    Pin,
}

/// A wheel that is there before pip is asked.
#[derive(Debug, Clone)]
pub struct Ready {
    /// What it stands for.
    pub stands_for: StandsFor,
    /// The wheel.
    pub wheel: Wheel,
    /// Where it is.
    pub path: PathBuf,
}

impl Ready {
    /// Its path in the container that resolves, below [`ROOT`].
    pub fn place(&self) -> String {
        format!("ready/{}", self.wheel.file.as_str())
    }

    /// Whether it is what a requirement asks for.
    pub fn answers(&self, requirement: &Requirement) -> bool {
        matches!(self.stands_for, StandsFor::Pin)
            && requirement.name == self.wheel.file.distribution()
            && requirement.pinned().is_some_and(|pin| same_version(pin, self.wheel.file.version()))
    }

    /// The line of a requirement that it stands for. Where digests are asked for, its own is told.
    fn line(&self, requirement: &Requirement) -> String {
        let mut line = format!("{ROOT}/{}", self.place());
        if !requirement.extras.is_empty() {
            line.push_str(&format!("[{}]", requirement.extras));
        }
        if !requirement.marker.is_empty() {
            line.push_str(&format!(" ; {}", requirement.marker));
        }
        if !requirement.hashes.is_empty() {
            line.push_str(&format!(" --hash=sha256:{}", self.wheel.sha256));
        }
        line
    }
}

/// The requirements files, by their places in the container, with the wheels in them. What only constrains is left as it is:
/// not every pip takes a file there.
pub fn texts(bench: &Bench<'_>, ready: &[Ready]) -> Vec<(String, String)> {
    let asking = asking(&bench.texts, &bench.work.requirements);
    let instead = |requirement: &Requirement| {
        ready.iter().find(|ready| ready.answers(requirement)).map(|ready| ready.line(requirement))
    };
    let text = |(path, text): (&PathBuf, &String)| {
        if !asking.contains(path) {
            return (format!("in/{}", path.display()), without_folders(text));
        }
        let text = with_requirements(text, &instead);
        let text = ready.iter().fold(text, |text, ready| match &ready.stands_for {
            StandsFor::Folder(written) => with_folder(&text, written, &format!("{ROOT}/{}", ready.place())),
            StandsFor::Pin => text,
        });
        (format!("in/{}", path.display()), text)
    };
    bench.texts.iter().map(text).collect()
}
