//! JSON lines: each event and each view as one object a line, with the schema's number and the time of day. The form
//! for machines on stdout, and that of the run log. Never decides what is told.

use std::{sync::Arc, time::Instant};

use serde::Serialize;

use super::{clock::Clock, settings::Verbosity, stream::Stream, terminal_sink::TerminalSink, view::View};
use crate::{
    event::{Event, Sink},
    util::terminal,
};

/// Counts up when a field changes its meaning or goes; a new field does not count.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Line<'a, T> {
    schema: u32,
    time: String,
    #[serde(flatten)]
    what: &'a T,
}

#[derive(Serialize)]
struct Tagged<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    view: &'a T,
}

/// The line of an event, with its line end.
pub(crate) fn line(event: &impl Serialize, clock: &Clock) -> String {
    let line = Line { schema: SCHEMA, time: clock.rfc3339(), what: event };
    // Fails only on keys that are no text; there are none.
    serde_json::to_string(&line).map(|line| terminal::escaped(line) + "\n").unwrap_or_default()
}

/// The line of a view, with its line end.
pub(crate) fn view_line<V: View>(view: &V, clock: &Clock) -> String {
    line(&Tagged { event: V::EVENT, view }, clock)
}

/// The sink for machines.
#[derive(Debug)]
pub(crate) struct Json {
    out: Arc<Stream>,
    clock: Clock,
    verbosity: Verbosity,
}

impl Json {
    pub(crate) fn new(out: Arc<Stream>, clock: Clock, verbosity: Verbosity) -> Self {
        Self { out, clock, verbosity }
    }
}

impl Sink for Json {
    fn emit(&self, event: Event) {
        // Whoever reads this has the lines, and is told of a failure without them.
        if matches!(event, Event::StepSettled { .. }) {
            return;
        }
        let chatter = matches!(event, Event::StepLog { .. } | Event::StepProgress { .. });
        if !(chatter && self.verbosity == Verbosity::Quiet) {
            self.out.write(line(&event, &self.clock));
        }
    }
}

impl TerminalSink for Json {
    fn tick(&self, _now: Instant) {}

    fn aside(&self, write: &mut dyn FnMut()) {
        write();
    }

    fn finish(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{
        plan::{PlanEstimate, PlanView},
        scene,
        stream::tests::Paper,
    };

    fn run(verbosity: Verbosity) -> String {
        let paper = Paper::default();
        let json = Json::new(paper.stream(), Clock::stopped(), verbosity);
        let end = scene::end().into_iter().filter(|event| !matches!(event, Event::StepLog { .. }));
        for event in scene::beginning().into_iter().chain(end).chain([scene::made()]) {
            json.emit(event);
        }
        json.tick(Instant::now());
        json.finish();
        paper.text()
    }

    #[test]
    fn one_object_a_line() {
        let text = run(Verbosity::Normal);
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["schema"], 1);
            assert!(value["event"].is_string());
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn quiet_leaves_the_chatter_out() {
        let text = run(Verbosity::Quiet);
        assert!(!text.contains("step-log") && !text.contains("step-progress") && text.contains("step-started"));
    }

    #[test]
    fn a_view_is_tagged_like_an_event() {
        let plan = PlanView {
            title: "canopsis 2.5.11".to_owned(),
            rows: vec![],
            committed: 0,
            searched: 0,
            estimate: PlanEstimate::default(),
        };
        let expected = r#"{"schema":1,"time":"2026-11-20T09:30:00.125Z","event":"plan","title":"canopsis 2.5.11","rows":[],"committed":0,"searched":0,"estimate":{"jobs":0,"run_ms":0,"work_ms":0,"unknown":0}}"#;
        assert_eq!(view_line(&plan, &Clock::stopped()), format!("{expected}\n"));
    }
}
