//! Reads the log of the last run back: `run.jsonl` of a run that ended, was killed, or still goes on.

use std::{collections::BTreeMap, io, time::Duration};

use serde::Deserialize;

use super::LogDir;

/// The largest log of a run, in bytes: a line has some hundreds, and a step has a few lines.
const LARGEST: u64 = 4 << 20;

/// The last run of a project, as far as its log tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LastRun {
    /// `build shop 2.5.11`.
    pub title: String,
    /// When it began, RFC 3339.
    pub began: String,
    /// Its steps, in the order of their first mention.
    pub steps: Vec<LastStep>,
}

/// A step of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LastStep {
    /// Its name.
    pub step: String,
    /// How it ended, as events say it; `unfinished` when nothing says so: it was killed, or still runs.
    pub outcome: String,
    /// How long it took; `None` when it did not run or did not end.
    pub took: Option<Duration>,
    /// Its result, or why it failed.
    pub note: String,
}

#[derive(Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    verb: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    step: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    took: f64,
    #[serde(default)]
    note: String,
}

impl LastRun {
    /// The run of a log; `None` where there is none. A last line that was cut off is left out.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(logs: &LogDir) -> io::Result<Option<Self>> {
        let Some(folder) = logs.state.open()? else { return Ok(None) };
        let bytes = match folder.read(&super::run(), LARGEST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => read?,
        };
        Ok(bytes.map(|bytes| Self::from_text(&String::from_utf8_lossy(&bytes))))
    }

    fn from_text(text: &str) -> Self {
        let mut run = Self::default();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            match line.event.as_str() {
                "started" => (run.title, run.began) = (format!("{} {}", line.verb, line.title), line.time),
                "step-started" | "step-finished" => {
                    let place = *places.entry(line.step.clone()).or_insert_with(|| {
                        run.steps.push(LastStep::begun(line.step.clone()));
                        run.steps.len() - 1
                    });
                    if line.event == "step-finished" {
                        run.steps[place].end(line);
                    }
                }
                _ => {}
            }
        }
        run
    }
}

impl LastStep {
    fn begun(step: String) -> Self {
        Self { step, outcome: "unfinished".to_owned(), took: None, note: String::new() }
    }

    fn end(&mut self, line: Line) {
        let ran = matches!(line.outcome.as_str(), "done" | "failed" | "interrupted");
        self.took = Duration::try_from_secs_f64(line.took).ok().filter(|_| ran);
        (self.outcome, self.note) = (line.outcome, line.note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_was_cut_off_is_read_as_far_as_it_goes() {
        let text = concat!(
            "{\"event\":\"started\",\"time\":\"T\",\"verb\":\"build\",\"title\":\"shop 1\",\"cached\":0,\"to_run\":2}\n",
            "{\"event\":\"step-finished\",\"step\":\"a/base\",\"outcome\":\"cached\",\"took\":0.0,\"note\":\"x\"}\n",
            "{\"event\":\"step-started\",\"step\":\"a/core\",\"title\":\"image\",\"why\":\"new\"}\n",
            "{\"event\":\"step-finished\",\"step\":\"a/core\",\"outcome\":\"failed\",\"took\":1.5,\"note\":\"no\"}\n",
            "{\"event\":\"step-started\",\"step\":\"a/web\",\"title\":\"image\",\"why\":\"new\"}\n",
            "{\"event\":\"step-finished\",\"step\":\"a/web\",\"outc",
        );
        let run = LastRun::from_text(text);
        assert_eq!((run.title.as_str(), run.began.as_str()), ("build shop 1", "T"));
        let steps: Vec<_> =
            run.steps.iter().map(|step| (step.step.as_str(), step.outcome.as_str(), step.took)).collect();
        let took = Some(Duration::from_millis(1500));
        assert_eq!(steps, [("a/base", "cached", None), ("a/core", "failed", took), ("a/web", "unfinished", None)]);
        assert_eq!(LastRun::from_text("\u{0}\u{0}garbage"), LastRun::default());
    }
}
