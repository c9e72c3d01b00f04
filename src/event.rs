//! What happens while work is done, told as data. Work emits; only `report/` prints.

use std::{fmt, sync::Arc, time::Duration};

use serde::Serialize;

/// The name of a step in events, logs and records: `debian-12/core`, `debian-12/wheels-core`.
///
/// Made by the planner from checked names, so it is safe as a relative path of two components.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// A step of a platform.
    #[must_use]
    pub fn new(platform: &crate::names::PlatformId, name: &str) -> Self {
        Self(format!("{platform}/{name}"))
    }

    /// The one that a text names, `<platform>/<name>`; `None` of any other text.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (platform, name) = text.split_once('/')?;
        let is_name = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
        Some(Self::new(&platform.parse().ok()?, name)).filter(|_| is_name)
    }

    /// The platform's id.
    #[must_use]
    pub fn platform(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(platform, _)| platform)
    }

    /// The name on its platform: `core`, `wheels-core`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }

    /// The text, `<platform>/<name>`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its record was still true: nothing ran.
    Cached,
    /// It ran and succeeded.
    Done,
    /// It ran and failed.
    Failed,
    /// It could not run because something that it needs failed.
    Skipped,
    /// It was stopped by Ctrl-C or SIGTERM.
    Interrupted,
}

/// One thing that happened. The JSON form (`--output json`) is one object a line, tagged by `event`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Before anything runs: how many steps are cached and how many will run.
    Started {
        /// The verb, e.g. `build`.
        verb: &'static str,
        /// The project and its release, for the headline: `canopsis 2.5.11`.
        title: String,
        /// Steps whose record is true.
        cached: usize,
        /// Steps that will run.
        to_run: usize,
    },
    /// A step begins.
    StepStarted {
        /// Which.
        step: StepId,
        /// What it does, for people: `compile 4 and download 24 wheels`.
        title: String,
        /// Why it runs: `requirements.txt changed`.
        why: String,
    },
    /// One line of a step's output, secrets masked, without its line end. Also in the step's log file.
    StepLog {
        /// Which.
        step: StepId,
        /// The text.
        line: String,
    },
    /// What a step has said so far went well: where it fails after this, those lines are not why. Its log keeps them.
    StepSettled {
        /// Which.
        step: StepId,
    },
    /// How far a step is.
    StepProgress {
        /// Which.
        step: StepId,
        /// What is counted now: `pushing layers`, `[3/7] RUN apt-get install`.
        what: String,
        /// Units done (bytes where `bytes` is true).
        done: u64,
        /// Units in all, where known.
        total: Option<u64>,
        /// Whether the units are bytes.
        bytes: bool,
    },
    /// A step ended.
    StepFinished {
        /// Which.
        step: StepId,
        /// How.
        outcome: Outcome,
        /// Wall time; zero for a cached one.
        #[serde(serialize_with = "seconds")]
        took: Duration,
        /// A short result for people: `28 wheels, 31.2 MB`.
        note: String,
    },
    /// Something worth saying that belongs to no step.
    Notice {
        /// Whether it wants attention.
        warning: bool,
        /// One or two sentences.
        text: String,
    },
    /// What a verb made: the closing table.
    Made {
        /// The rows in order of making.
        items: Vec<Made>,
        /// Wall time of the whole run.
        #[serde(serialize_with = "seconds")]
        took: Duration,
    },
}

/// One row of the closing table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// `wheels`, `image`, `package`.
    pub kind: MadeKind,
    /// The platform's id.
    pub platform: String,
    /// The image with its tag, the package's path under the project, the wheelhouse's folder.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// `sha256:…` of an image's configuration, of a package file, of a wheelhouse's manifest.
    pub digest: String,
    /// Wall time in milliseconds; `None` when it was cached.
    pub took_ms: Option<u64>,
}

/// The kinds of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MadeKind {
    /// A wheelhouse.
    Wheels,
    /// A container image.
    Image,
    /// A system package.
    Package,
    /// A pushed image or artifact.
    Pushed,
    /// A file or wheelhouse that came from a registry.
    Fetched,
}

impl fmt::Display for MadeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Wheels => "wheels",
            Self::Image => "image",
            Self::Package => "package",
            Self::Pushed => "pushed",
            Self::Fetched => "fetched",
        })
    }
}

fn seconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_secs_f64())
}

/// Where events go. Called from any thread; must not block for long.
pub trait Sink: Send + Sync + fmt::Debug {
    /// Takes one event.
    fn emit(&self, event: Event);
}

/// A cheap handle on a [`Sink`], passed down to the work.
#[derive(Debug, Clone)]
pub struct Events(Arc<dyn Sink>);

impl Events {
    /// Events that go to `sink`.
    pub fn to(sink: Arc<dyn Sink>) -> Self {
        Self(sink)
    }

    /// Events that are not read.
    #[must_use]
    pub fn none() -> Self {
        #[derive(Debug)]
        struct Nowhere;
        impl Sink for Nowhere {
            fn emit(&self, _event: Event) {}
        }
        Self(Arc::new(Nowhere))
    }

    /// Sends one event.
    pub fn emit(&self, event: Event) {
        self.0.emit(event);
    }

    /// A notice without weight.
    pub fn info(&self, text: impl Into<String>) {
        self.emit(Event::Notice { warning: false, text: text.into() });
    }

    /// A notice that wants attention.
    pub fn warn(&self, text: impl Into<String>) {
        self.emit(Event::Notice { warning: true, text: text.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_of_a_platform() {
        let step = StepId::read("debian-12/wheels-core").unwrap();
        assert_eq!(
            (step.platform(), step.name(), step.as_str()),
            ("debian-12", "wheels-core", "debian-12/wheels-core")
        );
        for other in
            ["", "debian-12", "debian-12/", "/core", "debian-12/a/b", "../core", "debian-12/..", "Debian 12/core"]
        {
            assert_eq!(StepId::read(other), None, "{other}");
        }
    }
}
