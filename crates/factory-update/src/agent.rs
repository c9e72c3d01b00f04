//! The program that is updated, as something that runs or does not.

mod command;
#[cfg(unix)]
mod process;

use std::{io, time::Duration};

use semver::Version;

pub use command::{Commands, Managed, Manager};
pub(crate) use command::{reports, version_of};
#[cfg(unix)]
pub use process::Process;

/// A program that can be stopped, started and looked at.
pub trait Agent {
    /// Stops it, gracefully and then not. One that does not run is stopped.
    ///
    /// # Errors
    /// [`AgentError`]: it may still run.
    fn stop(&mut self) -> Result<(), AgentError>;

    /// Starts it.
    ///
    /// # Errors
    /// [`AgentError`].
    fn start(&mut self) -> Result<(), AgentError>;

    /// Whether it runs.
    ///
    /// # Errors
    /// [`AgentError`]: it cannot be told.
    fn runs(&mut self) -> Result<bool, AgentError>;

    /// Watches it for as long as a new version has to show that it is well. What is wrong comes back as a text, at once when it is.
    ///
    /// # Errors
    /// [`AgentError`]: it cannot be told.
    fn watch(&mut self, version: &Version) -> Result<Result<(), String>, AgentError>;
}

/// The program cannot be stopped, started or looked at.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The system refused.
    #[error("{what}")]
    System {
        /// What was tried.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// It does not stop.
    #[error("the program still runs {0} s after it was told to stop, and after it was ended")]
    DoesNotStop(u64),
    /// A program that was asked to do it has failed.
    #[error("`{command}` failed: {said}")]
    Command {
        /// The whole line.
        command: String,
        /// What it said.
        said: String,
    },
}

impl AgentError {
    fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::System { what, source }
    }
}

/// What a new version has to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// For how long it has to run.
    pub time: Duration,
    /// How it is asked for its version: arguments. Not asked where there are none.
    pub version: Vec<String>,
    /// A command that has to succeed at the end; none where it is empty.
    pub command: Vec<String>,
}
