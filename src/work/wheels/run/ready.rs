//! Wheels that stand in the requirements instead of what they were made of.

use std::path::PathBuf;

use super::{pip::ROOT, pip_runner::PipRunner};
use crate::source::{
    requirements::{Line, Opt, Requirement, asking, same_version, with_lines},
    wheelhouse::Wheel,
};

/// What a wheel stands for.
#[derive(Debug, Clone)]
pub enum StandsFor {
    /// What no index gives, as written: a folder or a file of the checkout, a repository.
    Own(String),
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

    /// The line that it stands in instead. Where digests are asked for, its own is told.
    fn line(&self, extras: &str, marker: &str, hashed: bool) -> String {
        let mut line = format!("{ROOT}/{}", self.place());
        if !extras.is_empty() {
            line.push_str(&format!("[{extras}]"));
        }
        if !marker.is_empty() {
            line.push_str(&format!(" ; {marker}"));
        }
        if hashed {
            line.push_str(&format!(" --hash=sha256:{}", self.wheel.sha256));
        }
        line
    }
}

/// The requirements files, by their places in the container, as pip gets them: with the wheels in them that are there, and with
/// folders of files where the container has them. What only constrains has no wheels: not every pip takes a file there.
pub fn texts(runner: &PipRunner<'_>, ready: &[Ready]) -> Vec<(String, String)> {
    let asking = asking(&runner.texts, &runner.work.requirements);
    let strict = runner.work.wanted.is_strict();
    let text = |(path, text): (&PathBuf, &String)| {
        let asks = asking.contains(path);
        let instead = |line: &Line| match line {
            Line::Requirement(of) if asks => {
                let found = ready.iter().find(|ready| ready.answers(of))?;
                Some(found.line(&of.extras, &of.marker, !of.hashes.is_empty()))
            }
            Line::Local(_) if !asks => Some(String::new()),
            Line::Local(of) => {
                let own =
                    |ready: &&Ready| matches!(&ready.stands_for, StandsFor::Own(written) if *written == of.written);
                Some(ready.iter().find(own)?.line(&of.extras, &of.marker, strict))
            }
            Line::Options(options) => {
                Some(runner.placed(path, options).iter().map(Opt::written).collect::<Vec<_>>().join(" "))
            }
            _ => None,
        };
        // Not every Python takes text beyond ASCII for UTF-8 without this mark.
        let text = with_lines(text, &instead);
        let mark = if text.is_ascii() { "" } else { "\u{feff}" };
        (format!("in/{}", path.display()), format!("{mark}{text}"))
    };
    runner.texts.iter().map(text).collect()
}
