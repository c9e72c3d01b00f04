//! What runs at once, and in which order.

use rustix::process::Signal;
use serde_json::json;

use crate::{play::Script, project::Project};

/// Changes how long a step took when it last ran.
fn took(project: &Project, step: &str, milliseconds: u64) {
    let mut record = project.record(step);
    record["took_ms"] = json!(milliseconds);
    project.write(&format!(".factory/records/{step}.json"), &record.to_string());
}

#[test]
fn what_took_longest_goes_first() {
    let project = Project::new();
    project.done(&["build", "wheels"]);
    for (long, short) in [("web", "core"), ("core", "web")] {
        took(&project, &format!("debian-12/wheels-{long}"), 900_000);
        took(&project, &format!("debian-12/wheels-{short}"), 1_000);
        std::fs::remove_dir_all(project.path("wheels")).unwrap();
        let run = project.done(&["build", "wheels", "--jobs", "1"]);
        let at = |step: &str| run.stderr.find(&format!("[debian-12/wheels-{step}] started")).expect("it runs");
        assert!(at(long) < at(short), "{run}");
    }
}

#[test]
fn a_machine_with_one_processor_compiles_two_sets_at_once_whatever_the_jobs() {
    let project = Project::with_two_platforms();
    let mut script = Script::new().on("wait", "", json!({ "hang": true }));
    script.engine = json!({ "cpus": 1 });
    project.play(&script);
    let mut running = project.start(&["build", "--jobs", "16"]);
    running.until("both builders are there and two sets compile", || {
        let builders = project.records().iter().filter(|step| step.ends_with("/builder")).count();
        builders == 2 && project.calls_of("wait").len() >= 2
    });
    running.signal(Signal::INT);
    let run = running.end().ended(130);
    assert_eq!(run.stderr.matches("] interrupted").count(), 2, "four sets could have run: {run}");
    project.assert_tidy();
}
