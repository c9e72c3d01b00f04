//! What is in `.factory/logs` after a run, and what happens when it cannot be written.

use super::*;
use crate::{
    event::Outcome,
    report::{scene, tee::tests::Memory},
};

struct Project {
    folder: tempfile::TempDir,
    dir: LogDir,
    front: Arc<Memory>,
    logs: Logs,
}

fn project() -> Project {
    let folder = tempfile::tempdir().unwrap();
    let dir = LogDir::new(folder.path());
    let front = Arc::new(Memory::default());
    let logs = Logs::new(dir.clone(), Clock::stopped(), Arc::<Memory>::clone(&front));
    Project { folder, dir, front, logs }
}

impl Project {
    fn emit(&self, events: impl IntoIterator<Item = Event>) {
        events.into_iter().for_each(|event| self.logs.emit(event));
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(".factory/logs").join(path)).unwrap()
    }
}

#[test]
fn each_step_has_its_log() {
    let project = project();
    project.emit(scene::beginning().into_iter().chain(scene::end()));
    assert_eq!(project.read("debian-12/cat.log"), "\x1b[1mStep 3/7\x1b[0m : RUN apt-get install\r\n\n", "as it came");
    assert_eq!(project.read("centos-7/core.log").lines().count(), 21, "whole, not only its end");
    assert!(!project.dir.step(&scene::step("debian-12/core")).unwrap().exists(), "a cached step keeps what it has");
    let step = scene::step("centos-7/core");
    assert_eq!(project.dir.whole(&step), project.dir.step(&step));
    assert!(project.front.take().is_empty());
}

#[test]
fn what_writes_without_an_end_does_not_fill_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let mut log = StepLog { file: fs::File::create(&path).unwrap(), left: Some(10) };
    for line in ["1234", "1234", "more", "more"] {
        log.line(line).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, "1234\n1234\nwarning: the log ends here: the step wrote more than 256 MiB\n");
}

#[test]
fn a_new_run_replaces_the_old_log() {
    let project = project();
    project.emit([scene::started("debian-12/core", "", ""), scene::log("debian-12/core", "old")]);
    project.emit([scene::cached("debian-12/core"), scene::log("debian-12/core", "nobody's")]);
    assert_eq!(project.read("debian-12/core.log"), "old\n");
    project.emit([scene::started("debian-12/core", "", "")]);
    assert_eq!(project.read("debian-12/core.log"), "");
}

#[test]
fn the_run_log_begins_with_what_was_said_before() {
    let project = project();
    project.emit([scene::notice(true, "before"), scene::headline(1, 2), scene::log("debian-12/core", "no")]);
    project.emit([scene::finished("debian-12/core", Outcome::Done, 1_500, "a note")]);
    insta::assert_snapshot!(project.read("run.jsonl"));
    project.emit([scene::headline(0, 0)]);
    assert_eq!(project.read("run.jsonl").lines().count(), 1, "the last run only");
}

#[test]
fn a_verb_that_runs_nothing_touches_nothing() {
    let project = project();
    project.emit((0..200).map(|number| scene::notice(false, &number.to_string())));
    assert!(!project.folder.path().join(".factory").exists());
    project.emit([scene::headline(0, 0)]);
    assert_eq!(project.read("run.jsonl").lines().count(), EARLY + 1);
}

#[test]
fn without_a_folder_there_is_one_warning() {
    let project = project();
    fs::write(project.folder.path().join(".factory"), "").unwrap();
    project.emit(scene::beginning().into_iter().chain(scene::end()));
    assert!(matches!(project.front.take().as_slice(), [Event::Notice { warning: true, .. }]));
    assert_eq!(project.dir.whole(&scene::step("centos-7/core")), None);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_costs_the_log_only() {
    let project = project();
    project.emit([scene::headline(0, 2), scene::started("debian-12/core", "", "")]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    project
        .logs
        .state
        .lock()
        .unwrap()
        .steps
        .insert(scene::step("debian-12/core"), StepLog { file: full, left: Some(MOST) });
    project.emit((0..3).map(|_| scene::log("debian-12/core", "a line")));
    let warnings = project.front.take();
    let [Event::Notice { warning: true, text }] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(text.starts_with("logs are incomplete, the work goes on: failed to write"), "{text}");
    assert_eq!(project.dir.whole(&scene::step("debian-12/core")), None, "nobody is sent to half a log");
    assert_eq!(project.read("run.jsonl").lines().count(), 2);
}

#[test]
fn an_id_that_leads_elsewhere_has_no_log() {
    let project = project();
    for id in ["../core", "a/../b", "a/b/c", "/etc/passwd", "a"] {
        let step: StepId = serde_json::from_value(id.into()).unwrap();
        assert_eq!(project.dir.step(&step), None, "{id}");
        project.emit([Event::StepStarted { step, title: String::new(), why: String::new() }]);
    }
    assert!(!project.folder.path().join(".factory").exists());
    assert_eq!(LogDir::new(Path::new(".")).run(), Path::new(".factory/logs/run.jsonl"));
}
