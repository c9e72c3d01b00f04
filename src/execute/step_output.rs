//! [`StepOutput`]: what a step says while it runs, as events.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::told::Told;
use crate::{
    engine::{EngineError, Output, Progress},
    event::{Event, Events, StepId},
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
}

/// How long a pull or a push may stand still: registries that write to slow disks take minutes to finish a large layer.
const TRANSFER: Duration = Duration::from_mins(10);

/// Lines of output that are kept to find the cause of a failure in.
const TAIL: usize = 400;

impl StepOutput {
    /// Output of `step`.
    #[must_use]
    pub fn new(events: &Events, step: &StepId) -> Self {
        let (events, step) = (events.clone(), step.clone());
        let (tail, told, warnings) = (Arc::default(), Arc::default(), Arc::default());
        Self { events, step, tail, told, heard: Heard::now(), warnings }
    }

    /// The same with other words for paths of its container.
    #[must_use]
    pub fn telling(self, told: Told) -> Self {
        Self { told: Arc::new(told), ..self }
    }

    /// The last lines.
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
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
