//! A full disk is named: which file system, and how much it has.

use std::{error::Error, io, path::PathBuf};

use super::{Session, StepError};
use crate::{
    engine::EngineError,
    util::{
        disk::{Room, is_full, room},
        state::State,
    },
    work::Work,
};

/// The error with the file system that it is about, where it is about a full one. `said` are the last lines of the step.
pub async fn explain(error: StepError, work: &Work, said: &[String], session: &Session) -> StepError {
    match whose(&error, work, said) {
        Some(Owner::Us) => ours(error, session),
        Some(Owner::Engine) => {
            let place = engines(session).await;
            StepError::DiskFull { error: Box::new(error), place, engine: true }
        }
        None => error,
    }
}

/// The same of an error that can only be about files of ours.
pub fn explain_ours(error: StepError, session: &Session) -> StepError {
    if io_is_full(&error) { ours(error, session) } else { error }
}

#[derive(Debug, PartialEq, Eq)]
enum Owner {
    Us,
    Engine,
}

fn whose(error: &StepError, work: &Work, said: &[String]) -> Option<Owner> {
    let told = || said.iter().rev().take(60).any(|line| is_full(line));
    let pip = work.wheelhouse().is_some();
    match error {
        StepError::Engine(EngineError::Io { reason, .. }) if is_full(reason) => Some(Owner::Us),
        StepError::Engine(EngineError::Build { reason }) if is_full(reason) || told() => Some(Owner::Engine),
        StepError::Engine(EngineError::Refused { reason, .. }) if is_full(reason) => Some(Owner::Engine),
        StepError::Bootstrap { .. } if told() => Some(Owner::Us),
        StepError::Contents { .. } | StepError::Pip { .. } | StepError::Requirement { .. } if pip && told() => {
            Some(Owner::Engine)
        }
        error if io_is_full(error) => Some(Owner::Us),
        _ => None,
    }
}

/// Whether an error of a file is behind it that says so.
fn io_is_full(error: &StepError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            return true;
        }
        next = error.source();
    }
    false
}

/// Names the scarcest of the file systems that this program writes to.
fn ours(error: StepError, session: &Session) -> StepError {
    let folders: [PathBuf; 4] = [
        State::for_project(&session.paths.project).path(),
        session.paths.packages.clone(),
        session.paths.wheel_dir.clone(),
        std::env::temp_dir(),
    ];
    let scarcest = folders.iter().filter_map(|folder| room(folder)).min_by_key(|room| (!room.no_files, room.free));
    match scarcest {
        Some(room) => StepError::DiskFull { error: Box::new(error), place: room.to_string(), engine: false },
        None => error,
    }
}

/// The file system of the daemon's data, as far as it can be seen from here.
async fn engines(session: &Session) -> String {
    let unseen = "the engine's disk is full".to_owned();
    let Ok(info) = session.services.engine.info().await else { return unseen };
    let room =
        if info.address.starts_with("unix://") && !info.root.is_empty() { room(info.root.as_ref()) } else { None };
    match room {
        Some(room @ Room { .. }) => format!("the engine's data is in `{}`: {room}", info.root),
        None if info.root.is_empty() => unseen,
        None => format!("{unseen}: `{}` on its machine ({})", info.root, info.address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_found_behind_other_errors() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert!(io_is_full(&StepError::Io(full())));
        assert!(io_is_full(&StepError::Format(crate::format::FormatError::Io(full()))));
        let wrapped = crate::source::wheelhouse::WheelhouseError::Io(io::Error::new(full().kind(), "a file in `x`"));
        assert!(io_is_full(&StepError::Wheelhouse(wrapped)));
        assert!(!io_is_full(&StepError::Io(io::ErrorKind::PermissionDenied.into())));
    }
}
