//! What a terminal shows, frame by frame.

use std::path::Path;

use indicatif::InMemoryTerm;

use super::*;
use crate::report::{
    scene::{self, SETTINGS},
    stream::tests::Paper,
};

fn human(rows: u16, settings: &Settings) -> (Human, InMemoryTerm, Paper) {
    let terminal = InMemoryTerm::new(rows, settings.width);
    let data = Paper::default();
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
    let logs = Some(LogDir::new(Path::new(".")));
    (Human::new(target, data.stream(), settings, logs).unwrap(), terminal, data)
}

/// Live lines as they would be drawn a moment later, on however slow a machine.
fn frame(human: &Human, terminal: &InMemoryTerm) -> String {
    std::thread::sleep(Duration::from_millis(20));
    human.tick(Instant::now());
    let now = |line: &str| match line.trim_end().strip_suffix(" s") {
        Some(running) => format!("{}0 s", running.trim_end_matches(|c: char| c.is_ascii_digit())),
        None => line.to_owned(),
    };
    terminal.contents().lines().map(now).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_run_under_way() {
    let (human, terminal, _) = human(24, &SETTINGS);
    for event in scene::beginning() {
        human.emit(event);
    }
    insta::assert_snapshot!(frame(&human, &terminal));
}

#[test]
fn a_run_that_ended() {
    let (human, terminal, data) = human(50, &SETTINGS);
    for event in scene::beginning().into_iter().chain(scene::end()) {
        human.emit(event);
    }
    human.emit(scene::made());
    human.finish();
    human.finish();
    insta::assert_snapshot!(format!("{}\n--- stdout\n{}", terminal.contents(), data.text()));
}

#[test]
fn ctrl_c_leaves_no_live_line() {
    let (human, terminal, _) = human(24, &SETTINGS);
    human.emit(scene::headline(0, 2));
    human.emit(scene::started("debian-12/core", "build core", ""));
    human.emit(scene::cached("debian-12/wheels-core"));
    assert!(frame(&human, &terminal).contains("1 running, 0 of 2 done"));
    human.finish();
    human.emit(scene::started("debian-12/cat", "build cat", ""));
    human.emit(scene::log("debian-12/core", "a late line"));
    human.emit(scene::finished("debian-12/core", Outcome::Interrupted, 1_000, ""));
    insta::assert_snapshot!(frame(&human, &terminal));
}

#[test]
fn long_names_and_lines_on_a_narrow_terminal() {
    let (human, terminal, _) = human(40, &Settings { width: 40, unicode: false, ..SETTINGS });
    let long = "debian-12/deb-canopsis-connector-graphite";
    human.emit(scene::headline(0, 3));
    human.emit(scene::started("centos-7/core", "build a core", ""));
    human.emit(scene::log("centos-7/core", "a line that is longer than the whole terminal is wide"));
    human.emit(scene::started(long, "pack canopsis-connector-graphite", ""));
    for number in 0..6 {
        human.emit(scene::cached(&format!("debian-12/step-{number}")));
    }
    human.emit(scene::finished("centos-7/core", Outcome::Failed, 900, "exit code 1"));
    insta::assert_snapshot!(frame(&human, &terminal));
    human.emit(scene::finished(long, Outcome::Done, 900, "3 files, 98.7 MB"));
    human.finish();
    insta::assert_snapshot!(terminal.contents());
}

#[test]
fn more_steps_than_rows() {
    let (human, terminal, _) = human(8, &SETTINGS);
    human.emit(scene::headline(0, 12));
    for number in 0..12 {
        human.emit(scene::started(&format!("debian-{number}/core"), "build core", ""));
    }
    assert!(frame(&human, &terminal).lines().count() <= 8);
    for number in 0..12 {
        human.emit(scene::finished(&format!("debian-{number}/core"), Outcome::Done, 900, ""));
    }
    human.finish();
    insta::assert_snapshot!(terminal.contents());
}

#[test]
fn verbose_lines_stay() {
    let (human, terminal, _) = human(24, &Settings { verbosity: Verbosity::Verbose, ..SETTINGS });
    human.emit(scene::headline(0, 1));
    human.emit(scene::started("debian-12/core", "build core", ""));
    human.emit(scene::log("debian-12/core", "first"));
    human.emit(scene::log("debian-12/core", "\x1b[31msecond\x1b[0m"));
    human.emit(scene::finished("debian-12/core", Outcome::Failed, 900, "exit code 1"));
    human.finish();
    insta::assert_snapshot!(terminal.contents());
}

#[test]
fn colours() {
    let (human, terminal, _) = human(24, &Settings { colour: true, ..SETTINGS });
    for event in scene::beginning() {
        human.emit(event);
    }
    let coloured = String::from_utf8(terminal.contents_formatted()).unwrap();
    assert!(coloured.contains("\x1b["));
    assert!(frame(&human, &terminal).contains("  cached: wheels-core, core\n"));
}
