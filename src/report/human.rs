//! For people at a terminal: one live line for each running step, and a line that stays for each step that ended.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::{
    live,
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

/// Cached steps are told together; not later than this.
const GATHER: Duration = Duration::from_millis(500);
/// The columns that step names and notes get at least, so that lines are under each other.
const NAMES: usize = 24;
const NOTES: usize = 28;

/// The sink for a terminal.
#[derive(Debug)]
pub(crate) struct Human {
    live: MultiProgress,
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
    bars: BTreeMap<StepId, ProgressBar>,
    /// The last live line: how far the whole is.
    footer: Option<ProgressBar>,
    /// Cached steps that were not told yet, and since when.
    cached: Vec<StepId>,
    cached_since: Option<Instant>,
    /// The columns of step names.
    names: usize,
    ended: usize,
    to_run: usize,
    over: bool,
}

impl State {
    /// Says in the footer how far the whole is.
    fn count(&self) {
        if let Some(footer) = &self.footer {
            let running = self.steps.len();
            let all = self.to_run.max(self.ended + running);
            footer.set_message(format!("{running} running, {} of {all} done", self.ended));
        }
    }
}

impl Human {
    /// Live lines on `target`; `None` if it is no terminal after all.
    pub(crate) fn new(
        target: ProgressDrawTarget,
        data: Arc<Stream>,
        settings: &Settings,
        logs: Option<LogDir>,
    ) -> Option<Self> {
        let live = MultiProgress::with_draw_target(target);
        if live.is_hidden() {
            return None;
        }
        Some(Self {
            live,
            data,
            verbosity: settings.verbosity,
            style: settings.stderr_look(),
            data_look: settings.stdout_look(),
            logs,
            state: Mutex::new(State { names: NAMES.min(usize::from(settings.width) / 3), ..State::default() }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line that stays.
    fn say(&self, line: &str) {
        // The terminal is gone: nothing can be told.
        let _ = self.live.println(line);
    }

    fn started(&self, state: &mut State, words: &str, title: String, to_run: usize) {
        self.say(&self.style.paint(Paint::Bold, words));
        state.title = title;
        state.to_run = to_run;
        state.ended = 0;
    }

    /// Widens the column of names for this one, up to half of the line.
    fn make_room(&self, state: &mut State, step: &StepId) {
        state.names = state.names.max(text::width(step.as_str()).min(self.style.width / 2));
    }

    fn step_started(&self, state: &mut State, step: StepId, title: &str, now: Instant) {
        state.steps.start(step.clone(), title, now);
        if state.over {
            return;
        }
        self.make_room(state, &step);
        let footer = state.footer.get_or_insert_with(|| self.live.add(live::footer(self.style)));
        let bar = self.live.insert_before(footer, live::step(self.style, step.as_str()));
        bar.set_message(title.to_owned());
        state.bars.insert(step, bar);
        for (step, bar) in &state.bars {
            // A live line never takes two.
            bar.set_prefix(text::padded(&text::cut(step.as_str(), state.names), state.names));
        }
        state.count();
    }

    fn step_finished(&self, state: &mut State, step: &StepId, outcome: Outcome, took: Duration, note: &str) {
        let ran = state.steps.end(step);
        if let Some(bar) = state.bars.remove(step) {
            bar.finish_and_clear();
            self.live.remove(&bar);
        }
        if outcome == Outcome::Cached {
            state.cached.push(step.clone());
            state.cached_since.get_or_insert_with(Instant::now);
            return;
        }
        state.ended += 1;
        self.make_room(state, step);
        let name = text::padded(step.as_str(), state.names);
        let ended = self.ended(&name, outcome, took, note);
        // What was done is said in one line; why something was not, in as many as it takes.
        let mut lines = if outcome == Outcome::Done { vec![ended] } else { text::hanging(&ended, self.style.width) };
        if outcome == Outcome::Failed {
            let log = self.logs.as_ref().and_then(|logs| logs.whole(step));
            let more = steps::aftermath(note, ran.as_ref(), log.as_deref(), self.verbosity, &self.style);
            lines.extend(more.into_iter().map(|line| format!("{:1$}{line}", "", steps::AFTERMATH)));
        }
        self.say(&lines.join("\n"));
        state.count();
    }

    /// The line that stays of a step that was not cached.
    fn ended(&self, name: &str, outcome: Outcome, took: Duration, note: &str) -> String {
        let glyphs = self.style.glyphs;
        let (sign, paint, words) = match outcome {
            Outcome::Done | Outcome::Cached => {
                let note = steps::shown_lines(note).next().unwrap_or_default();
                let words = format!("{}  {:>7}", text::padded(&note, NOTES), units::time(took));
                (glyphs.done, Paint::Green, words)
            }
            Outcome::Failed => (glyphs.failed, Paint::Red, steps::failed(took, note)),
            Outcome::Skipped => (glyphs.stopped, Paint::Dim, steps::with_note("skipped", note)),
            Outcome::Interrupted => (glyphs.stopped, Paint::Yellow, steps::interrupted(took, note)),
        };
        let words = if outcome == Outcome::Done { words } else { self.style.paint(paint, &words) };
        format!("{} {name}  {words}", self.style.paint(paint, sign))
    }

    /// Tells the cached steps, one line for each platform.
    fn tell_cached(&self, state: &mut State) {
        state.cached_since = None;
        for (platform, names) in live::by_platform(&std::mem::take(&mut state.cached)) {
            let start = format!("{} {}  cached: ", self.style.glyphs.cached, text::padded(platform, state.names));
            let room = self.style.width.saturating_sub(text::width(&start));
            self.say(&self.style.paint(Paint::Dim, &(start + &live::some_of(&names, room))));
        }
    }

    /// Takes all live lines away.
    fn clear(&self, state: &mut State) {
        for bar in std::mem::take(&mut state.bars).into_values().chain(state.footer.take()) {
            bar.finish_and_clear();
            self.live.remove(&bar);
        }
        let _ = self.live.clear();
    }

    fn take(&self, event: Event, now: Instant) {
        let state = &mut *self.state();
        let gathering = matches!(event, Event::StepFinished { outcome: Outcome::Cached, .. });
        if !gathering && !state.cached.is_empty() {
            self.tell_cached(state);
        }
        match event {
            Event::Started { verb, title, cached, to_run } => {
                self.started(state, &steps::headline(verb, &title, cached, to_run), title, to_run);
            }
            Event::StepStarted { step, title, why } => {
                self.step_started(state, step, &steps::with_why(&title, &why), now);
            }
            Event::StepLog { step, line } => {
                let Some(running) = state.steps.get(&step) else { return };
                let Some(line) = running.log(&line, now) else { return };
                if let Some(bar) = state.bars.get(&step) {
                    bar.set_message(running.now.clone());
                }
                if self.verbosity == Verbosity::Verbose {
                    let step = self.style.paint(Paint::Dim, &format!("{step} {}", self.style.glyphs.bar));
                    self.say(&format!("{step} {line}"));
                }
            }
            Event::StepSettled { step } => {
                if let Some(running) = state.steps.get(&step) {
                    running.settle();
                }
            }
            Event::StepProgress { step, what, done, total, bytes } => {
                if let Some(bar) = state.bars.get(&step) {
                    bar.set_message(units::progress(&text::clean(&what), done, total, bytes));
                }
            }
            Event::StepFinished { step, outcome, took, note } => {
                self.step_finished(state, &step, outcome, took, &note);
            }
            Event::Notice { warning, text } => self.say(&steps::notice(warning, &text, &self.style)),
            Event::Made { items, took } => {
                self.clear(state);
                self.say("");
                self.data.write(made::render(&state.title, &items, took, &self.data_look));
            }
        }
    }
}

impl Sink for Human {
    fn emit(&self, event: Event) {
        self.take(event, Instant::now());
    }
}

impl TerminalSink for Human {
    fn tick(&self, now: Instant) {
        let state = &mut *self.state();
        if state.cached_since.is_some_and(|since| now.saturating_duration_since(since) >= GATHER) {
            self.tell_cached(state);
        }
        for bar in state.bars.values().chain(&state.footer) {
            bar.tick();
        }
    }

    fn aside(&self, write: &mut dyn FnMut()) {
        self.live.suspend(write);
    }

    fn finish(&self) {
        let state = &mut *self.state();
        self.tell_cached(state);
        self.clear(state);
        state.over = true;
    }
}

#[cfg(test)]
mod tests;
