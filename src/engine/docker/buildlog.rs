//! `BuildKit`'s status, a stream of changes to a graph of vertices, told as lines and progress.
//!
//! The lines are those of `docker build --progress=plain` without its clock: `#5 [2/4] RUN apt-get update`,
//! `#5 Hit:1 …`, `#5 DONE 1.2s`. It prints nothing itself and decides nothing about the build.

use std::collections::{BTreeMap, BTreeSet};

use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog, VertexStatus, VertexWarning};

use super::lines::{Lines, tidy};
use crate::engine::{Output, Progress};

/// The vertex after the last instruction.
const EXPORT: &str = "exporting to image";

/// What is known of one build.
#[derive(Debug, Default)]
pub(super) struct BuildLog {
    /// Digest -> vertex.
    vertices: BTreeMap<String, Step>,
    /// How many vertices have a number.
    numbered: usize,
    /// The vertex that began last: what the build is doing now.
    latest: String,
    told: Option<(u64, u64, String)>,
    /// The most instructions that were done at a time.
    done: u64,
    warned: BTreeSet<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Step {
    name: String,
    /// Its number in the log, from its first line on.
    number: Option<usize>,
    turn: Turn,
    /// Seconds since the epoch.
    started: f64,
    completed: f64,
    cached: bool,
    error: String,
    /// The end of a turn was told.
    told: bool,
    /// Output by stream (1 and 2).
    output: BTreeMap<i64, Lines>,
    /// Parts of its work that were announced.
    parts: BTreeSet<String>,
}

/// How far a vertex is. `BuildKit` may run one in several turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    #[default]
    Waiting,
    Running,
    /// Ended, and its end is not told yet.
    Ended,
    Over,
}

/// A vertex that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The instruction: `[2/4] RUN make`.
    pub name: String,
    /// `BuildKit`'s words.
    pub error: String,
}

impl BuildLog {
    /// Takes one message of the stream.
    pub(super) fn take(&mut self, status: StatusResponse, out: &dyn Output) {
        let mut changed: Vec<String> = Vec::new();
        for vertex in status.vertexes {
            changed.push(vertex.digest.clone());
            self.begin(vertex, out);
        }
        for part in &status.statuses {
            self.part(part, out);
        }
        for log in &status.logs {
            self.log(log, out);
        }
        for warning in &status.warnings {
            self.warn(warning, out);
        }
        // The end of a vertex comes in the same message as its last output.
        for digest in changed {
            self.close(&digest, out);
        }
        self.tell_progress(out);
    }

    /// The stream is over: hands out lines that never ended.
    pub(super) fn finish(&mut self, out: &dyn Output) {
        for step in self.vertices.values_mut() {
            step.flush(out);
        }
    }

    /// What failed first, if something did by itself and was not only stopped because of another.
    pub(super) fn failure(&self) -> Option<Failure> {
        let failed = |step: &&Step| !step.error.is_empty() && !is_cancelled(&step.error);
        let earliest = |a: &&Step, b: &&Step| a.completed.total_cmp(&b.completed);
        let step = self.vertices.values().filter(failed).min_by(earliest)?;
        Some(Failure { name: step.name.clone(), error: step.error.clone() })
    }

    fn begin(&mut self, vertex: Vertex, out: &dyn Output) {
        let step = self.vertices.entry(vertex.digest).or_default();
        step.name = tidy(&vertex.name);
        step.cached = vertex.cached;
        step.error = vertex.error;
        let time = |stamp: Option<(i64, i32)>| stamp.map(|(seconds, nanos)| seconds_of(seconds, nanos));
        let started = time(vertex.started.map(|t| (t.seconds, t.nanos)));
        let completed = time(vertex.completed.map(|t| (t.seconds, t.nanos)));
        if let Some(started) = started {
            if step.turn == Turn::Waiting || (step.turn != Turn::Running && started > step.started) {
                step.turn = Turn::Running;
                if !is_errand(&step.name) {
                    self.latest.clone_from(&step.name);
                }
            }
            step.started = started;
            if completed.is_none() {
                step.title(&mut self.numbered, out);
            }
        }
        if let Some(completed) = completed {
            step.completed = completed;
            if step.turn == Turn::Running {
                step.turn = Turn::Ended;
            }
        }
    }

    fn part(&mut self, part: &VertexStatus, out: &dyn Output) {
        let Some(step) = self.vertices.get_mut(&part.vertex) else { return };
        if part.total > 0 {
            let bytes = |count: i64| u64::try_from(count).unwrap_or_default();
            let what = step.name.clone();
            out.progress(Progress { what, done: bytes(part.current), total: Some(bytes(part.total)), bytes: true });
            self.told = None;
            return;
        }
        // `exporting layers`, `writing image sha256:…`: what a long silence is about.
        let name = if part.name.is_empty() { &part.id } else { &part.name };
        let text = tidy(&if part.completed.is_some() { format!("{name} done") } else { name.clone() });
        if step.parts.insert(text.clone()) {
            let number = step.title(&mut self.numbered, out);
            out.line(&format!("#{number} {text}"));
        }
    }

    fn log(&mut self, log: &VertexLog, out: &dyn Output) {
        let step = self.vertices.entry(log.vertex.clone()).or_default();
        let number = step.title(&mut self.numbered, out);
        step.output.entry(log.stream).or_default().push(&log.msg, &mut |line| tell(number, line, out));
    }

    fn warn(&mut self, warning: &VertexWarning, out: &dyn Output) {
        if self.warned.insert(warning.short.clone()) {
            let text = tidy(&String::from_utf8_lossy(&warning.short));
            let link = if warning.url.is_empty() { String::new() } else { format!(" ({})", tidy(&warning.url)) };
            out.warn(&format!("WARNING: {text}{link}"));
        }
    }

    fn close(&mut self, digest: &str, out: &dyn Output) {
        let Some(step) = self.vertices.get_mut(digest) else { return };
        if step.turn != Turn::Ended {
            return;
        }
        step.turn = Turn::Over;
        let took = (step.completed - step.started).max(0.0);
        let first = !std::mem::replace(&mut step.told, true);
        if !first && step.error.is_empty() && took < 0.1 {
            return;
        }
        let number = step.title(&mut self.numbered, out);
        step.flush(out);
        let end = if is_cancelled(&step.error) {
            "CANCELED".to_owned()
        } else if !step.error.is_empty() {
            format!("ERROR: {}", step.error)
        } else if step.cached {
            "CACHED".to_owned()
        } else {
            format!("DONE {took:.1}s")
        };
        out.line(&tidy(&format!("#{number} {end}")));
    }

    /// What of the build runs now: of several the one that began last, and work of `BuildKit`'s own only where nothing else runs.
    fn running(&self) -> Option<&str> {
        let running = || self.vertices.values().filter(|step| step.turn == Turn::Running);
        let newest = |a: &&Step, b: &&Step| a.started.total_cmp(&b.started);
        let ours = running().filter(|step| !is_errand(&step.name)).max_by(newest);
        ours.or_else(|| running().max_by(newest)).map(|step| step.name.as_str())
    }

    /// Instructions done of those known so far.
    fn tell_progress(&mut self, out: &dyn Output) {
        let ours = || self.vertices.values().filter(|step| !is_errand(&step.name) && step.name != EXPORT);
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let done = count(ours().filter(|step| matches!(step.turn, Turn::Ended | Turn::Over)).count());
        // An instruction that takes a second turn does not take progress back.
        self.done = self.done.max(done);
        let done = self.done;
        let now = (done, count(ours().count()), self.running().unwrap_or(&self.latest).to_owned());
        if now.1 > 0 && self.told.as_ref() != Some(&now) {
            out.progress(Progress { what: now.2.clone(), done, total: Some(now.1), bytes: false });
            self.told = Some(now);
        }
    }
}

impl Step {
    /// Its number; the first time, the line that introduces it is told.
    fn title(&mut self, numbered: &mut usize, out: &dyn Output) -> usize {
        if let Some(number) = self.number {
            return number;
        }
        *numbered += 1;
        self.number = Some(*numbered);
        out.line(&tidy(&format!("#{numbered} {}", self.name)));
        *numbered
    }

    fn flush(&mut self, out: &dyn Output) {
        let number = self.number.unwrap_or_default();
        for lines in self.output.values_mut() {
            lines.finish(&mut |line| tell(number, line, out));
        }
    }
}

fn tell(number: usize, line: &str, out: &dyn Output) {
    out.line(&tidy(&format!("#{number} {line}")));
}

/// Work of `BuildKit`'s own, that no instruction asked for.
fn is_errand(name: &str) -> bool {
    name.starts_with("[internal]") || name == "copy /context /"
}

fn is_cancelled(error: &str) -> bool {
    error.ends_with("context canceled")
}

#[expect(clippy::cast_precision_loss, reason = "seconds of this century have room in a f64")]
fn seconds_of(seconds: i64, nanos: i32) -> f64 {
    seconds as f64 + f64::from(nanos) / 1e9
}

#[cfg(test)]
#[path = "tests/buildlog.rs"]
mod tests;
