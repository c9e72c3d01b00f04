//! Keeps what the steps write: `<project>/.factory/logs/<platform>/<step>.log` holds the last real run of a step,
//! whole, and `.factory/logs/run.jsonl` the events of the last run without that output. A full disk costs the logs,
//! never the work.

mod last;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::{self, Write},
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fs_err as fs;

pub use last::{LastRun, LastStep};

use super::{clock::Clock, json};
use crate::{
    event::{Event, Sink, StepId},
    util::state::State as Folder,
};

/// Where logs are in the state folder.
const LOGS: &str = "logs";

/// Events before a run starts (warnings about the recipe) that are kept for its log.
const EARLY: usize = 100;

/// Where the logs of a project are, and which of them are incomplete. Clones share that.
#[derive(Debug, Clone)]
pub struct LogDir {
    state: Folder,
    holed: Arc<Mutex<BTreeSet<StepId>>>,
}

impl LogDir {
    /// The logs of the project in this folder. Nothing is created yet.
    #[must_use]
    pub fn new(project: &Path) -> Self {
        let project = project.strip_prefix(".").unwrap_or(project);
        Self { state: Folder::for_project(project), holed: Arc::default() }
    }

    /// The log of the last run.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.state.path().join(run())
    }

    /// The log of a step, to be read; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be opened, or is no regular file.
    pub fn open(&self, step: &str) -> io::Result<Option<fs::File>> {
        match (place(step), self.state.open()?) {
            (Some(place), Some(folder)) => match folder.file(&place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                found => found.map(Some),
            },
            _ => Ok(None),
        }
    }

    /// The steps that have a log.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn steps(&self) -> io::Result<Vec<String>> {
        let Some(folder) = self.state.open()? else { return Ok(Vec::new()) };
        let logs = Path::new(LOGS);
        let mut found = Vec::new();
        for (platform, _) in folder.entries(logs)?.into_iter().filter(|(_, kind)| kind.is_dir()) {
            for name in folder.entries(&logs.join(&platform))?.into_keys() {
                let name = Path::new(&platform).join(name);
                found.extend(name.to_str().and_then(|name| name.strip_suffix(".log")).map(str::to_owned));
            }
        }
        Ok(found)
    }

    /// The log of a step; `None` if its id would lead elsewhere.
    #[must_use]
    pub fn step(&self, step: &StepId) -> Option<PathBuf> {
        Some(self.state.path().join(place(step.as_str())?))
    }

    /// The log of a step of this run, if it is whole.
    pub(crate) fn whole(&self, step: &StepId) -> Option<PathBuf> {
        if self.holed().contains(step) { None } else { self.step(step) }
    }

    fn create(&self, path: &Path) -> io::Result<fs::File> {
        self.state.make()?.create(path)
    }

    fn holed(&self) -> MutexGuard<'_, BTreeSet<StepId>> {
        self.holed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sink that writes the logs. It tells `front` once when it cannot.
#[derive(Debug)]
pub(crate) struct Logs {
    dir: LogDir,
    clock: Clock,
    front: Arc<dyn Sink>,
    state: Mutex<State>,
}

/// The log of a step ends after so many bytes, and says so: what is built or tested may write without an end.
const MOST: u64 = 256 << 20;

/// The log of a step that runs.
#[derive(Debug)]
struct StepLog {
    file: fs::File,
    /// Bytes that it may still have; `None` once it has ended.
    left: Option<u64>,
}

impl StepLog {
    fn line(&mut self, line: &str) -> io::Result<()> {
        let Some(left) = self.left else { return Ok(()) };
        self.left = left.checked_sub(line.len() as u64 + 1);
        if self.left.is_none() {
            return writeln!(self.file, "warning: the log ends here: the step wrote more than 256 MiB");
        }
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

#[derive(Debug, Default)]
struct State {
    steps: BTreeMap<StepId, StepLog>,
    run: Option<fs::File>,
    early: VecDeque<String>,
    started: bool,
    warned: bool,
}

impl Logs {
    pub(crate) fn new(dir: LogDir, clock: Clock, front: Arc<dyn Sink>) -> Self {
        Self { dir, clock, front, state: Mutex::default() }
    }

    /// The event in the log of its step.
    fn step_log(&self, state: &mut State, event: &Event) -> io::Result<()> {
        match event {
            Event::StepStarted { step, .. } => {
                let done = place(step.as_str()).map(|path| self.dir.create(&path)).transpose();
                match done {
                    Ok(file) => state.steps.extend(file.map(|file| (step.clone(), StepLog { file, left: Some(MOST) }))),
                    Err(error) => {
                        self.dir.holed().insert(step.clone());
                        return Err(error);
                    }
                }
            }
            Event::StepLog { step, line } => {
                if let Some(log) = state.steps.get_mut(step)
                    && let Err(error) = log.line(line)
                {
                    self.dir.holed().insert(step.clone());
                    return Err(error);
                }
            }
            Event::StepFinished { step, .. } => drop(state.steps.remove(step)),
            Event::Started { .. }
            | Event::StepSettled { .. }
            | Event::StepProgress { .. }
            | Event::Notice { .. }
            | Event::Made { .. } => {}
        }
        Ok(())
    }

    /// The event in the log of the run. A verb that starts nothing leaves the log of the last run alone.
    fn run_log(&self, state: &mut State, event: &Event) -> io::Result<()> {
        if matches!(event, Event::StepLog { .. } | Event::StepSettled { .. } | Event::StepProgress { .. }) {
            return Ok(());
        }
        if matches!(event, Event::Started { .. }) {
            state.started = true;
            state.run = None;
            state.run = Some(self.dir.create(&run())?);
        }
        state.early.push_back(json::line(event, &self.clock));
        if state.started {
            let lines: String = state.early.drain(..).collect();
            return state.run.as_mut().map_or(Ok(()), |file| file.write_all(lines.as_bytes()));
        }
        if state.early.len() > EARLY {
            state.early.pop_front();
        }
        Ok(())
    }
}

impl Sink for Logs {
    fn emit(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.step_log(&mut state, &event);
        let run_written = self.run_log(&mut state, &event);
        if let Err(error) = written.and(run_written)
            && !std::mem::replace(&mut state.warned, true)
        {
            drop(state);
            let text = format!("logs are incomplete, the work goes on: {error}");
            self.front.emit(Event::Notice { warning: true, text });
        }
    }
}

/// Where the log of the last run is in the state folder.
fn run() -> PathBuf {
    Path::new(LOGS).join("run.jsonl")
}

/// Where the log of a step is in the state folder; `None` if its id would lead elsewhere.
fn place(step: &str) -> Option<PathBuf> {
    let path = Path::new(step);
    let plain = path.components().count() == 2 && path.components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| Path::new(LOGS).join(format!("{step}.log")))
}

#[cfg(test)]
mod tests;
