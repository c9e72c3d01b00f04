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
use crate::event::{Event, Sink, StepId};

/// Events before a run starts (warnings about the recipe) that are kept for its log.
const EARLY: usize = 100;

/// Where the logs of a project are, and which of them are incomplete. Clones share that.
#[derive(Debug, Clone)]
pub struct LogDir {
    root: PathBuf,
    holed: Arc<Mutex<BTreeSet<StepId>>>,
}

impl LogDir {
    /// The logs of the project in this folder. Nothing is created yet.
    #[must_use]
    pub fn new(project: &Path) -> Self {
        let project = project.strip_prefix(".").unwrap_or(project);
        Self { root: project.join(".factory").join("logs"), holed: Arc::default() }
    }

    /// The log of the last run.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.root.join("run.jsonl")
    }

    /// The log of a step; `None` if its id would lead elsewhere.
    #[must_use]
    pub fn step(&self, step: &StepId) -> Option<PathBuf> {
        let path = Path::new(step.as_str());
        let plain =
            path.components().count() == 2 && path.components().all(|part| matches!(part, Component::Normal(_)));
        plain.then(|| self.root.join(format!("{step}.log")))
    }

    /// The log of a step of this run, if it is whole.
    pub(crate) fn whole(&self, step: &StepId) -> Option<PathBuf> {
        if self.holed().contains(step) { None } else { self.step(step) }
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

#[derive(Debug, Default)]
struct State {
    steps: BTreeMap<StepId, fs::File>,
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
                let done = self.dir.step(step).map(|path| create(&path)).transpose();
                match done {
                    Ok(file) => state.steps.extend(file.map(|file| (step.clone(), file))),
                    Err(error) => {
                        self.dir.holed().insert(step.clone());
                        return Err(error);
                    }
                }
            }
            Event::StepLog { step, line } => {
                if let Some(file) = state.steps.get_mut(step)
                    && let Err(error) = file.write_all(format!("{line}\n").as_bytes())
                {
                    self.dir.holed().insert(step.clone());
                    return Err(error);
                }
            }
            Event::StepFinished { step, .. } => drop(state.steps.remove(step)),
            Event::Started { .. } | Event::StepProgress { .. } | Event::Notice { .. } | Event::Made { .. } => {}
        }
        Ok(())
    }

    /// The event in the log of the run. A verb that starts nothing leaves the log of the last run alone.
    fn run_log(&self, state: &mut State, event: &Event) -> io::Result<()> {
        if matches!(event, Event::StepLog { .. } | Event::StepProgress { .. }) {
            return Ok(());
        }
        if matches!(event, Event::Started { .. }) {
            state.started = true;
            state.run = None;
            state.run = Some(create(&self.dir.run())?);
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

fn create(path: &Path) -> io::Result<fs::File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create(path)
}

#[cfg(test)]
mod tests;
