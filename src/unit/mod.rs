//! systemd units as text: what a service's file says, understood as systemd 252 understands it, so that its command can
//! be run where no systemd runs. Pure: it reads no file and starts nothing.
//!
//! Where systemd passes over something with a warning (an unknown escape, a line without `=`), this is an error: an
//! install test is there to find it.

mod command;
mod environment;
mod file;
pub mod interpreted;
pub mod judge;
mod keys;
pub mod known;
mod name;
mod service;
mod span;
mod special;
mod specifier;
mod stop;
mod values;
mod words;

pub use command::{Command, Privilege};
pub use environment::{Environment, parse_environment_file};
pub use file::UnitFile;
pub use name::UnitName;
pub use service::{EnvironmentFile, Kind, Service};
pub use special::{Misspelt, is_installing, is_requiring, misspelt, targets};
pub use stop::{KillMode, Stop, by_signal};

/// What to do about something that is wrong with the text of a unit: where its reason ends with `, did you mean x?`, that.
#[must_use]
pub fn advice(reason: &str) -> String {
    let meant = reason.rsplit_once(", did you mean ").and_then(|(_, meant)| meant.strip_suffix('?'));
    match meant {
        Some(meant) => format!("write `{meant}` in the unit, or whatever else is meant"),
        None => "mend the unit: systemd refuses it, or passes over that line".to_owned(),
    }
}

/// A unit that is not what systemd takes, or that only systemd itself can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct UnitError {
    /// The file with the line (`/lib/systemd/system/x.service:12`), or the unit's name.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}
