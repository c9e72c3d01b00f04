//! [`StepOutput`]: what a step says while it runs, as events.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::told::Told;
use crate::{
    engine::{EngineError, Output, Progress},
    event::{Event, Events, StepId},
    source::wheelhouse::WheelName,
    stage::Tree,
    util::heard::Heard,
};

/// A step's live output, as events.
#[derive(Debug, Clone)]
pub struct StepOutput {
    events: Events,
    step: StepId,
    tail: Arc<Mutex<VecDeque<String>>>,
    /// How paths of its container are shown.
    told: Arc<Told>,
    /// When it last said something.
    heard: Heard,
    /// What was said where it is not overlooked.
    warnings: Arc<Mutex<Vec<String>>>,
    /// Wheels that were listed, a line each.
    wheels: Arc<Mutex<BTreeSet<WheelName>>>,
}

/// How long a pull or a push may stand still: registries that write to slow disks take minutes to finish a large layer.
const TRANSFER: Duration = Duration::from_mins(10);

/// Lines of output that are kept to find the cause of a failure in.
const TAIL: usize = 400;

fn is_wheel(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|end| end == "whl")
}

impl StepOutput {
    /// Output of `step`.
    #[must_use]
    pub fn new(events: &Events, step: &StepId) -> Self {
        let (events, step) = (events.clone(), step.clone());
        let (tail, told, warnings, wheels) = (Arc::default(), Arc::default(), Arc::default(), Arc::default());
        Self { events, step, tail, told, heard: Heard::now(), warnings, wheels }
    }

    /// The same with other words for paths of its container.
    #[must_use]
    pub fn telling(self, told: Told) -> Self {
        Self { told: Arc::new(told), ..self }
    }

    /// The last lines, since they were last [settled](Self::settled).
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// What was said so far went well, as a build that is done: where the step fails after this, that is no part of why.
    pub fn settled(&self) {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.events.emit(Event::StepSettled { step: self.step.clone() });
    }

    /// The wheels whose names were lines of its output (`ls`), a hundred at most.
    #[must_use]
    pub fn wheels(&self) -> BTreeSet<WheelName> {
        self.wheels.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the name of a wheel that is all of a line, but for BuildKit's number of the instruction.
    fn keep_wheel(&self, line: &str) {
        const MOST: usize = 100;
        let Some(name) = line.split_whitespace().next_back().filter(|word| is_wheel(word)) else { return };
        let before = line.trim_end().strip_suffix(name).unwrap_or_default().trim();
        let is_alone =
            before.strip_prefix('#').map_or(before, |number| number.trim_matches(|c: char| c.is_ascii_digit()));
        let mut wheels = self.wheels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = WheelName::new(name).filter(|_| is_alone.is_empty() && wheels.len() < MOST) {
            wheels.insert(name);
        }
    }

    /// Says something of the step that is no line of its output.
    pub fn tell(&self, text: &str) {
        self.events.info(format!("{}: {text}", self.step));
    }

    /// Says something of the step where it is not overlooked; it is no line of its output.
    pub fn attention(&self, text: &str) {
        let text = format!("{}: {text}", self.step);
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.clone());
        self.events.warn(text);
    }

    /// What was said with [`StepOutput::attention`].
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A tree that says how far it is while a package is made of it: compressing takes minutes.
    #[must_use]
    pub fn packing(&self, tree: &Tree, name: &str) -> Tree {
        let (output, what) = (self.clone(), format!("packing {name}"));
        tree.watched(move |done, total| {
            output.progress(Progress { what: what.clone(), done, total: Some(total), bytes: true });
        })
    }

    /// Ends when nothing was said for so long.
    pub async fn silent_for(&self, idle_timeout: Duration) {
        self.heard.silent_for(idle_timeout).await;
    }

    /// Ends when the daemon has told nothing of a pull or a push for ten minutes, or for `idle_timeout` where that is less.
    pub async fn registry_silent(&self, image: &str, idle_timeout: Duration) -> EngineError {
        let silent = idle_timeout.min(TRANSFER);
        self.silent_for(silent).await;
        EngineError::RegistrySilent { image: image.to_owned(), silent }
    }
}

impl Output for StepOutput {
    fn line(&self, line: &str) {
        self.heard.hear();
        let line = &*self.told.line(line);
        self.keep_wheel(line);
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line.to_owned());
        drop(tail);
        self.events.emit(Event::StepLog { step: self.step.clone(), line: line.to_owned() });
    }

    fn warn(&self, line: &str) {
        self.line(line);
        self.attention(line.trim_start_matches("WARNING: "));
    }

    fn progress(&self, progress: Progress) {
        self.heard.hear();
        self.events.emit(Event::StepProgress {
            step: self.step.clone(),
            what: progress.what,
            done: progress.done,
            total: progress.total,
            bytes: progress.bytes,
        });
    }
}
