//! An example run for the tests of the sinks, so that their pictures can be compared.

use std::time::Duration;

use super::settings::{Output, Settings, Verbosity};
use crate::{
    event::{Event, Made, MadeKind, Outcome, StepId},
    names::PlatformId,
};

pub(crate) const SETTINGS: Settings = Settings {
    output: Output::Human,
    verbosity: Verbosity::Normal,
    colour: false,
    tty: true,
    width: 80,
    stdout_tty: true,
    stderr_tty: true,
    stdout_colour: false,
    unicode: true,
};

pub(crate) fn step(id: &str) -> StepId {
    let (platform, name) = id.split_once('/').unwrap();
    StepId::new(&PlatformId::new(platform).unwrap(), name)
}

pub(crate) fn headline(cached: usize, to_run: usize) -> Event {
    Event::Started { verb: "build", title: "canopsis 2.5.11".to_owned(), cached, to_run }
}

pub(crate) fn started(id: &str, title: &str, why: &str) -> Event {
    Event::StepStarted { step: step(id), title: title.to_owned(), why: why.to_owned() }
}

pub(crate) fn log(id: &str, line: &str) -> Event {
    Event::StepLog { step: step(id), line: line.to_owned() }
}

pub(crate) fn progress(id: &str, what: &str, done: u64, total: Option<u64>) -> Event {
    Event::StepProgress { step: step(id), what: what.to_owned(), done, total, bytes: true }
}

pub(crate) fn finished(id: &str, outcome: Outcome, millis: u64, note: &str) -> Event {
    Event::StepFinished { step: step(id), outcome, took: Duration::from_millis(millis), note: note.to_owned() }
}

pub(crate) fn cached(id: &str) -> Event {
    finished(id, Outcome::Cached, 0, "")
}

pub(crate) fn notice(warning: bool, text: &str) -> Event {
    Event::Notice { warning, text: text.to_owned() }
}

pub(crate) fn made() -> Event {
    let item = |kind, name: &str, size, took_ms| Made {
        kind,
        platform: "debian-12".to_owned(),
        name: name.to_owned(),
        size,
        digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        took_ms,
    };
    let items = vec![
        item(MadeKind::Wheels, "wheels/debian-12/core", 31_234_567, None),
        item(MadeKind::Image, "canopsis/canopsis-core:debian-12-2.5.11", 312_400_000, Some(161_000)),
    ];
    Event::Made { items, took: Duration::from_millis(161_400) }
}

/// The beginning of a run, until a step is under way.
pub(crate) fn beginning() -> Vec<Event> {
    vec![
        headline(3, 4),
        notice(true, "centos-7 is past its end of life (2024-06-30)\nits packages come from vault.centos.org"),
        cached("debian-12/wheels-core"),
        cached("centos-7/wheels-core"),
        cached("debian-12/core"),
        started("debian-12/cat", "build canopsis/canopsis-cat", "requirements.txt changed"),
        log("debian-12/cat", "\x1b[1mStep 3/7\x1b[0m : RUN apt-get install\r"),
        log("debian-12/cat", ""),
        started("centos-7/core", "build canopsis/canopsis-core", "never built"),
        progress("centos-7/core", "pulling centos:7", 31_200_000, Some(76_100_000)),
    ]
}

/// The rest, with a failure.
pub(crate) fn end() -> Vec<Event> {
    let mut events = vec![finished("debian-12/cat", Outcome::Done, 72_000, "28 wheels, 31.2 MB")];
    events.extend((1..=20).map(|number| log("centos-7/core", &format!("line {number} of make"))));
    events.extend([
        log("centos-7/core", "make: *** [Makefile:12: all] Error 2"),
        finished("centos-7/core", Outcome::Failed, 12_340, "`RUN make` gave exit code 2\nit is line 12 of core.hbs"),
        finished("centos-7/rpm-core", Outcome::Skipped, 0, "needs centos-7/core"),
        finished("debian-12/deb-canopsis-connector-graphite", Outcome::Interrupted, 3_000, ""),
    ]);
    events
}
