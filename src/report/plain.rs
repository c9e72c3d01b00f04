//! For people who read later, in a file or a runner's log: one line for each thing that happens, none of them ever
//! redrawn, and a sign of life from long steps.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    logs::LogDir,
    made,
    settings::{Settings, Verbosity},
    steps::{self, Steps},
    stream::Stream,
    style::{Paint, Style},
    terminal_sink::TerminalSink,
    text, units,
};
use crate::event::{Event, Outcome, Sink, StepId};

/// A running step about which nothing was said for so long says what it is doing.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How much of its last line it says then.
const NOW: usize = 100;

/// The sink for logs and pipes; also that of a terminal in a quiet run.
#[derive(Debug)]
pub(crate) struct Plain {
    talk: Arc<Stream>,
    data: Arc<Stream>,
    verbosity: Verbosity,
    style: Style,
    data_look: Style,
    logs: Option<LogDir>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    title: String,
    steps: Steps,
}

impl Plain {
    pub(crate) fn new(talk: Arc<Stream>, data: Arc<Stream>, settings: &Settings, logs: Option<LogDir>) -> Self {
        Self {
            talk,
            data,
            verbosity: settings.verbosity,
            style: settings.stderr_look(),
            data_look: settings.stdout_look(),
            logs,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    fn say(&self, line: &str) {
        self.talk.write(format!("{line}\n"));
    }

    /// A line about a step.
    fn say_of(&self, step: &StepId, words: &str) {
        self.say(&format!("{} {words}", self.style.paint(Paint::Dim, &format!("[{step}]"))));
    }

    fn finished(&self, state: &mut State, step: &StepId, outcome: Outcome, took: Duration, note: &str) {
        let ran = state.steps.end(step);
        let words = match outcome {
            Outcome::Cached => steps::with_note("cached", note),
            Outcome::Done => steps::with_note(&format!("done in {}", units::time(took)), note),
            Outcome::Skipped => steps::with_note("skipped", note),
            Outcome::Interrupted => steps::interrupted(took, note),
            Outcome::Failed => self.style.paint(Paint::Red, &steps::failed(took, note)),
        };
        if outcome == Outcome::Failed || !self.quiet() {
            self.say_of(step, &words);
        }
        if outcome == Outcome::Failed {
            let log = self.logs.as_ref().and_then(|logs| logs.whole(step));
            for line in steps::aftermath(note, ran.as_ref(), log.as_deref(), self.verbosity, &self.style) {
                self.say_of(step, &format!("  {line}"));
            }
        }
    }

    /// One event, at this moment.
    fn take(&self, event: Event, now: Instant) {
        let state = &mut *self.state();
        match event {
            Event::Started { verb, title, cached, to_run } => {
                if !self.quiet() {
                    self.say(&steps::headline(verb, &title, cached, to_run));
                }
                state.title = title;
            }
            Event::StepStarted { step, title, why } => {
                if !self.quiet() {
                    self.say_of(&step, &steps::with_note("started", &steps::with_why(&title, &why)));
                }
                state.steps.start(step, &title, now);
            }
            Event::StepLog { step, line } => {
                let Some(running) = state.steps.get(&step) else { return };
                if let Some(line) = running.log(&line, now)
                    && self.verbosity == Verbosity::Verbose
                {
                    running.said = now;
                    self.say_of(&step, &format!("{} {line}", self.style.glyphs.bar));
                }
            }
            Event::StepSettled { step } => {
                if let Some(running) = state.steps.get(&step) {
                    running.settle();
                }
            }
            Event::StepProgress { step, what, done, total, bytes } => {
                if let Some(running) = state.steps.get(&step) {
                    running.does(units::progress(&text::clean(&what), done, total, bytes), now);
                }
            }
            Event::StepFinished { step, outcome, took, note } => self.finished(state, &step, outcome, took, &note),
            Event::Notice { warning, text } => {
                if warning || !self.quiet() {
                    self.say(&steps::notice(warning, &text, &self.style));
                }
            }
            Event::Made { items, took } => {
                if !self.quiet() {
                    self.data.write(made::render(&state.title, &items, took, &self.data_look));
                }
            }
        }
    }
}

impl Sink for Plain {
    fn emit(&self, event: Event) {
        self.take(event, Instant::now());
    }
}

impl TerminalSink for Plain {
    fn tick(&self, now: Instant) {
        if self.quiet() {
            return;
        }
        let state = &mut *self.state();
        for (step, running) in state.steps.iter() {
            if now.saturating_duration_since(running.said) >= HEARTBEAT {
                running.said = now;
                let since = units::running(now.saturating_duration_since(running.since));
                self.say_of(step, &format!("still running after {since}: {}", running.doing(now, NOW)));
            }
        }
    }

    fn aside(&self, write: &mut dyn FnMut()) {
        write();
    }

    fn finish(&self) {}
}

#[cfg(test)]
mod tests;
