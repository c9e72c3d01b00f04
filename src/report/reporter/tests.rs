//! The whole floor through its entrance.

use indicatif::InMemoryTerm;

use super::*;
use crate::report::{
    plan::{PlanEstimate, PlanView},
    scene::{self, SETTINGS},
    stream::tests::{Paper, Torn},
};

struct Desk {
    folder: tempfile::TempDir,
    reporter: Reporter,
    terminal: InMemoryTerm,
    data: Paper,
    talk: Paper,
}

fn desk(settings: Settings) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let terminal = InMemoryTerm::new(24, settings.width);
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
    let (data, talk) = (Paper::default(), Paper::default());
    let mask = Mask::new(vec!["hunter2!".to_owned()]);
    let streams = (data.stream(), talk.stream());
    let reporter = Reporter::on(settings, Some(folder.path()), mask, Clock::stopped(), streams, target);
    Desk { folder, reporter, terminal, data, talk }
}

fn secret_plan() -> PlanView {
    PlanView {
        title: "with \"hunter2!\" in it".to_owned(),
        rows: vec![],
        committed: 0,
        searched: 0,
        estimate: PlanEstimate::default(),
    }
}

#[test]
fn a_terminal_a_log_and_a_table() {
    let desk = desk(SETTINGS);
    let events = desk.reporter.events();
    for event in scene::beginning() {
        events.emit(event);
    }
    desk.reporter.print(secret_plan());
    assert!(desk.terminal.contents().contains("2 running, 0 of 4 done"), "{}", desk.terminal.contents());
    for event in scene::end().into_iter().chain([scene::made()]) {
        events.emit(event);
    }
    desk.reporter.finish().unwrap();
    assert!(desk.terminal.contents().trim_end().ends_with("interrupted after 3.0 s"));
    assert!(desk.data.text().starts_with("with \"***\" in it\n") && desk.data.text().contains("wheels/debian-12/core"));
    assert_eq!(desk.talk.text(), "");
    assert!(desk.folder.path().join(".factory/logs/centos-7/core.log").exists());
    let log = std::fs::read_to_string(desk.folder.path().join(".factory/logs/run.jsonl")).unwrap();
    assert!(log.contains(r#""event":"made""#));
}

#[test]
fn machines_get_json_and_nothing_else() {
    let desk = desk(Settings { output: Output::Json, ..SETTINGS });
    for event in scene::beginning() {
        desk.reporter.events().emit(event);
    }
    desk.reporter.print(secret_plan());
    desk.reporter.finish().unwrap();
    let text = desk.data.text();
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
    assert!(text.contains("\"event\":\"plan\",\"title\":\"with \\\"***\\\" in it\",\"rows\":[],"), "{text}");
    assert_eq!((desk.talk.text(), desk.terminal.contents()), (String::new(), String::new()));
}

#[test]
fn quiet_and_piped_runs_are_plain() {
    for settings in [
        Settings { verbosity: Verbosity::Quiet, ..SETTINGS },
        Settings { tty: false, stdout_tty: false, stderr_tty: false, ..SETTINGS },
    ] {
        let desk = desk(settings);
        desk.reporter.events().warn("see https://user:hunter2!@host");
        assert_eq!(desk.talk.text(), "warning: see https://***@host\n");
        assert_eq!(desk.terminal.contents(), "");
    }
}

#[test]
fn an_error_comes_after_the_live_lines() {
    let desk = desk(SETTINGS);
    desk.reporter.events().emit(scene::started("debian-12/core", "build core", ""));
    desk.reporter.mask().hide("late-secret");
    desk.reporter.error("error: hunter2! and late-secret");
    assert_eq!(desk.talk.text(), "error: *** and ***\n");
    assert_eq!(desk.terminal.contents(), "");
}

#[test]
fn lost_data_is_an_error_and_lost_talk_is_not() {
    let torn = |kind| Arc::new(Stream::new(Box::new(Torn(kind))));
    let (data, talk) = (torn(io::ErrorKind::StorageFull), torn(io::ErrorKind::StorageFull));
    let settings = Settings { tty: false, ..SETTINGS };
    let hidden = ProgressDrawTarget::hidden();
    let reporter = Reporter::on(settings, None, Mask::default(), Clock::stopped(), (data, talk), hidden);
    reporter.events().warn("nobody hears this");
    reporter.finish().unwrap();
    reporter.data("lost");
    assert!(matches!(reporter.finish(), Err(ReportError::Stdout(_))));
}

#[test]
fn a_terminal_that_is_none_gets_plain_lines() {
    let (data, talk) = (Paper::default(), Paper::default());
    let streams = (data.stream(), talk.stream());
    let hidden = ProgressDrawTarget::hidden();
    let reporter = Reporter::on(SETTINGS, None, Mask::default(), Clock::stopped(), streams, hidden);
    reporter.events().info("hello");
    assert_eq!(talk.text(), "note: hello\n");
}

#[test]
fn live_lines_move_and_the_thread_ends() {
    let desk = desk(SETTINGS);
    desk.reporter.tick();
    desk.reporter.events().emit(scene::cached("debian-12/core"));
    let told = || desk.terminal.contents().contains("cached: core");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !told() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(told());
    drop(desk);
}
