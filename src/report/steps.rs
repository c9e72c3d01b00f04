//! What is known about the running steps, and the sentences both forms for people share. Pure.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    time::{Duration, Instant},
};

use super::{
    settings::Verbosity,
    style::{Paint, Style},
    text, units,
};
use crate::event::StepId;

/// How many of the last lines of a failed step are shown.
const TAIL: usize = 15;
/// How deep that is, and what is said with it.
pub(crate) const AFTERMATH: usize = 4;
/// What was said before is old then.
const LONG: Duration = Duration::from_secs(20);
/// Of a longer line only its beginning is kept for that: the log has it whole.
const LONGEST_LINE: usize = 320;

/// One running step.
#[derive(Debug)]
pub(crate) struct Running {
    /// Since when.
    pub(crate) since: Instant,
    /// When something was last said about it.
    pub(crate) said: Instant,
    /// What it does now.
    pub(crate) now: String,
    /// Since when it does that.
    pub(crate) now_since: Instant,
    /// Whether that is a line of its output, which only says what was done last.
    pub(crate) is_line: bool,
    tail: VecDeque<String>,
}

impl Running {
    fn new(title: &str, now: Instant) -> Self {
        Self {
            since: now,
            said: now,
            now: text::clean(title).into_owned(),
            now_since: now,
            is_line: false,
            tail: VecDeque::new(),
        }
    }

    /// What it does from now on, which is told by itself.
    pub(crate) fn does(&mut self, what: String, now: Instant) {
        // How far it is changes all the time; what it is about does not.
        let subject = |text: &str| text.rsplit_once(", ").map_or(text, |(subject, _)| subject).to_owned();
        if self.is_line || subject(&self.now) != subject(&what) {
            self.now_since = now;
        }
        (self.now, self.is_line) = (what, false);
    }

    /// What it does, and for how long if that is not just now.
    pub(crate) fn doing(&self, now: Instant, longest: usize) -> String {
        let words = text::cut(&self.now, longest);
        let age = now.saturating_duration_since(self.now_since);
        match (age >= LONG, self.is_line) {
            (false, _) => words.into_owned(),
            (true, false) => format!("{words} (for {})", units::running(age)),
            (true, true) => format!("nothing said for {}, last: {words}", units::running(age)),
        }
    }

    /// Takes a line of its log; gives it back as it may be shown, `None` if there is nothing to see.
    pub(crate) fn log(&mut self, line: &str, now: Instant) -> Option<String> {
        let clean = text::clean(line);
        let clean = clean.trim_end();
        if clean.is_empty() {
            return None;
        }
        let short = text::cut(clean, LONGEST_LINE);
        short.trim_start().clone_into(&mut self.now);
        (self.now_since, self.is_line) = (now, true);
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(short.into_owned());
        Some(clean.to_owned())
    }

    /// Forgets the last lines of its log: they went well.
    pub(crate) fn settle(&mut self) {
        self.tail.clear();
    }

    /// The last lines of its log, since they last went well.
    pub(crate) fn tail(&self) -> impl Iterator<Item = &str> {
        self.tail.iter().map(String::as_str)
    }
}

/// The running steps.
#[derive(Debug, Default)]
pub(crate) struct Steps(BTreeMap<StepId, Running>);

impl Steps {
    pub(crate) fn start(&mut self, step: StepId, title: &str, now: Instant) {
        self.0.insert(step, Running::new(title, now));
    }

    pub(crate) fn get(&mut self, step: &StepId) -> Option<&mut Running> {
        self.0.get_mut(step)
    }

    pub(crate) fn end(&mut self, step: &StepId) -> Option<Running> {
        self.0.remove(step)
    }

    pub(crate) fn iter(&mut self) -> impl Iterator<Item = (&StepId, &mut Running)> {
        self.0.iter_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// `build canopsis 2.5.11: 4 cached, 7 to run`.
pub(crate) fn headline(verb: &str, title: &str, cached: usize, to_run: usize) -> String {
    let counts = match (cached, to_run) {
        (0, 0) => "nothing to do".to_owned(),
        (0, run) => format!("{run} to run"),
        (cached, 0) => format!("all {cached} cached"),
        (cached, run) => format!("{cached} cached, {run} to run"),
    };
    let subject = text::clean(title);
    if subject.is_empty() { format!("{verb}: {counts}") } else { format!("{verb} {subject}: {counts}") }
}

/// `note: …` or `warning: …`; further lines are indented, and where the style has a width, longer ones go on below themselves.
pub(crate) fn notice(warning: bool, words: &str, style: &Style) -> String {
    let mut lines = shown_lines(words);
    let first = format!("{} {}", style.notice(warning), lines.next().unwrap_or_default());
    let lines = std::iter::once(first).chain(lines.map(|line| format!("  {line}")));
    lines.flat_map(|line| text::hanging(&line, style.width)).collect::<Vec<_>>().join("\n")
}

/// The lines of a text as they may be shown.
pub(crate) fn shown_lines(words: &str) -> impl Iterator<Item = String> {
    words.lines().map(|line| text::clean(line).trim_end().to_owned()).filter(|line| !line.is_empty())
}

/// What is under the line of a failed step: the rest of its note, the end of its log, and where the whole log is.
pub(crate) fn aftermath(
    note: &str,
    ran: Option<&Running>,
    log: Option<&Path>,
    verbosity: Verbosity,
    style: &Style,
) -> Vec<String> {
    let room = style.width.saturating_sub(AFTERMATH);
    let mut out: Vec<String> = shown_lines(note).skip(1).flat_map(|line| text::hanging(&line, room)).collect();
    // In a verbose run the lines have just been shown.
    if let Some(ran) = ran.filter(|_| verbosity != Verbosity::Verbose) {
        out.extend(ran.tail().map(|line| format!("{} {line}", style.paint(Paint::Red, style.glyphs.bar))));
    }
    out.extend(log.filter(|_| ran.is_some()).map(|log| format!("whole log: {}", log.display())));
    out
}

/// `failed after 12.3 s: exit code 100`.
pub(crate) fn failed(took: Duration, note: &str) -> String {
    after("failed after", took, note)
}

/// `interrupted after 12.3 s`.
pub(crate) fn interrupted(took: Duration, note: &str) -> String {
    after("interrupted after", took, note)
}

fn after(what: &str, took: Duration, note: &str) -> String {
    with_note(&format!("{what} {}", units::time(took)), note)
}

/// What a step does and why: `build canopsis-core (requirements.txt changed)`.
pub(crate) fn with_why(title: &str, why: &str) -> String {
    let title = shown_lines(title).next().unwrap_or_default();
    match shown_lines(why).next() {
        Some(why) => format!("{title} ({why})"),
        None => title,
    }
}

/// The words, and the first line of the note.
pub(crate) fn with_note(words: &str, note: &str) -> String {
    match shown_lines(note).next() {
        Some(note) => format!("{words}: {note}"),
        None => words.to_owned(),
    }
}
