//! Ctrl-C and its kin in every kind of work: the program ends soon, leaves nothing behind, and the next run goes on.
//! And `kill -9`, which nobody can prepare for but the next run.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    play::Script,
    project::{Project, Run, Running},
};

/// Runs the program until the daemon got a call, then sends it a signal and waits for its end.
fn stop(project: &Project, arguments: &[&str], (method, part): (&str, &str), signal: Signal) -> Run {
    project.forget_calls();
    let mut running = project.start(arguments);
    running.until_call(method, part);
    running.signal(signal);
    running.end()
}

/// Fails unless every record tells the truth: one more build after the interrupted one finds those steps done.
fn assert_goes_on(project: &Project, case: &str) {
    let done = project.records();
    project.play(&Script::new());
    let run = project.done(&["build"]);
    for step in &done {
        assert!(run.stderr.contains(&format!("[{step}] cached")), "{case}: {step} was done\n{run}");
    }
    assert!(run.stdout.contains("made"), "{case}: {run}");
    project.assert_tidy();
}

/// The calls of a build at which the daemon hangs, and the step that makes them.
const CALLS: [(&str, &str, &str); 15] = [
    ("image", "debian:bookworm-slim", "base"),
    ("tag", "factory.local/base", "base"),
    ("build", "debian-12/builder", "builder"),
    ("create", "debian-12/wheels-core", "wheels-core"),
    ("upload", "/factory/wheels", "wheels-core"),
    ("start", "pip", "wheels-core"),
    ("wait", "pip", "wheels-core"),
    ("download", "path=/factory/files", "wheels-core"),
    ("wait", "dpkg-query", "wheels-core"),
    ("wait", "\"wheel\"", "wheels-core"),
    ("download", "path=/factory/wheels", "wheels-core"),
    ("build", "debian-12/core", "core"),
    ("create", "debian-12/package-shop\"", "package-shop"),
    ("download", "path=/etc/passwd", "package-shop"),
    ("download", "path=/opt/shop", "package-shop"),
];

#[test]
fn ctrl_c_in_every_call_of_a_build() {
    for (at, (call, part, step)) in CALLS.into_iter().enumerate() {
        let case = format!("{call} {part}");
        let project = Project::new();
        project.play(&Script::new().hangs(call, part));
        let signal = [Signal::INT, Signal::TERM, Signal::HUP][at % 3];
        let run = stop(&project, &["build", "--jobs", "1"], (call, part), signal);
        assert_eq!(run.code, Some(130), "{case}: {run}");
        run.says(&[&format!("[debian-12/{step}] interrupted"), "interrupted; finished steps are kept"]);
        assert_eq!(run.stdout, "", "{case}");
        assert!(!project.records().contains(&format!("debian-12/{step}")), "{case}: {:?}", project.records());
        assert!(project.calls().iter().any(|line| line.starts_with(&format!("cancelled {call} "))), "{case}");
        project.assert_tidy();
        assert_goes_on(&project, &case);
    }
}

#[test]
fn what_ctrl_c_says() {
    let project = Project::new();
    project.play(&Script::new().hangs("build", "debian-12/core"));
    let run = stop(&project, &["build", "--jobs", "1"], ("build", "debian-12/core"), Signal::INT);
    // Said by whoever hears of it first: before or after the step ends.
    let note = "note: stopping; once more stops at once and leaves containers to the next run\n";
    assert_eq!(run.stderr.matches(note).count(), 1, "{run}");
    shows!(project, run.stderr.replace(note, ""));
}

#[test]
fn ctrl_c_while_a_container_is_removed() {
    let project = Project::new();
    project.play(&Script::new().hangs("remove", ""));
    let run = stop(&project, &["build", "--jobs", "1"], ("remove", "c1"), Signal::INT);
    run.assert_code(130);
    project.assert_tidy();
    assert_goes_on(&project, "remove");
}

#[test]
fn ctrl_c_while_a_base_is_pulled() {
    let project = Project::new();
    let mut script = Script::new().hangs("pull", "");
    script.images.clear();
    project.play(&script);
    let run = stop(&project, &["build"], ("pull", ""), Signal::TERM);
    run.assert_code(130);
    assert!(project.records().is_empty());
    assert_goes_on(&project, "pull");
}

/// A project whose base is made from packages.
fn from_packages(script: Script, mmdebstrap: &str) -> Project {
    let project = Project::new();
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"always\"");
    project.program("mmdebstrap", mmdebstrap);
    project.play(&script);
    project
}

#[test]
fn ctrl_c_while_a_base_is_imported() {
    let project = from_packages(Script::new().hangs("import", ""), "#!/bin/sh\necho a tar\n");
    let run = stop(&project, &["build"], ("import", ""), Signal::INT);
    run.assert_code(130);
    assert!(project.records().is_empty());
    assert_goes_on(&project, "import");
}

/// A program that, like the real one, cleans up after itself when it is asked to stop, and takes a moment for it.
const MMDEBSTRAP: &str = "#!/bin/sh
trap 'sleep 0.5; rmdir \"$HOME/root-file-system\"; exit 143' TERM
mkdir \"$HOME/root-file-system\"
echo 'I: downloading' >&2
while :; do sleep 0.05; done
";

#[test]
fn ctrl_c_while_a_base_is_made_from_packages() {
    let project = from_packages(Script::new(), MMDEBSTRAP);
    let made = project.beside("home/root-file-system");
    let mut running = project.start(&["build"]);
    running.until("mmdebstrap works", || made.exists());
    running.signal(Signal::INT);
    let run = running.end();
    run.assert_code(130);
    assert!(!made.exists(), "mmdebstrap was not given the time to remove what it made\n{run}");
    assert!(project.calls_of("import").is_empty() && project.records().is_empty());
    project.program("mmdebstrap", "#!/bin/sh\necho a tar\n");
    assert_goes_on(&project, "mmdebstrap");
}

#[test]
fn ctrl_c_before_the_first_step() {
    for call in ["info", "containers"] {
        let project = Project::new();
        project.play(&Script::new().hangs(call, ""));
        let run = stop(&project, &["build"], (call, ""), Signal::INT);
        assert_eq!(run.code, Some(130), "{call}: {run}");
        assert_goes_on(&project, call);
    }
    // While the records are held against the world.
    let project = Project::new();
    project.done(&["build"]);
    for verb in ["build", "plan"] {
        project.play(&Script::new().hangs("images", ""));
        stop(&project, &[verb], ("images", ""), Signal::INT).assert_code(130);
    }
}

#[test]
fn ctrl_c_in_the_other_verbs() {
    for (verb, call) in
        [("plan", "info"), ("doctor", "info"), ("clean", "info"), ("clean", "images"), ("clean", "remove_image")]
    {
        let project = Project::new();
        project.done(&["build"]);
        project.play(&Script::new().hangs(call, ""));
        let run = stop(&project, &[verb], (call, ""), Signal::INT);
        assert_eq!(run.code, Some(130), "{verb} in {call}: {run}");
        project.play(&Script::new());
        project.done(&["clean", "--all"]);
        assert!(project.images().iter().all(|name| !name.starts_with("shop/")), "{verb} in {call}");
    }
}

#[test]
fn ctrl_c_while_another_factory_is_waited_for() {
    let project = Project::new();
    project.play(&Script::new().hangs("build", "debian-12/builder"));
    let mut first = project.start(&["build"]);
    first.until_call("build", "debian-12/builder");
    let mut second = project.start(&["build"]);
    second.until_says("waiting for it to end");
    second.signal(Signal::INT);
    second.end().assert_code(130);
    assert!(first.is_running(), "the other one is none of its business");
    first.signal(Signal::INT);
    first.end().assert_code(130);
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let project = Project::new();
    // The daemon hangs in the work, and in the cleaning up after it.
    project.play(&Script::new().on("wait", "", json!({ "hang": true })).on(
        "containers",
        "factory.run",
        json!({ "hang": true }),
    ));
    let mut running = project.start(&["build", "--jobs", "1"]);
    running.until_call("wait", "c1");
    running.signal(Signal::INT);
    running.until_call("cancelled", "wait c1");
    running.until_call("containers", "factory.run");
    assert!(running.is_running(), "it cleans up");
    running.signal(Signal::INT);
    let run = running.end();
    run.assert_code(130).says(&["once more stops at once and leaves containers to the next run"]);
    assert_eq!(project.containers(), ["c1"], "left to the next run");
    assert_goes_on(&project, "twice");
}

#[test]
fn ctrl_c_with_several_steps_under_way() {
    let project = Project::with_two_platforms();
    project.play(&Script::new().on("wait", "", json!({ "hang": true })));
    let mut running = project.start(&["build", "--jobs", "4"]);
    running.until("four steps run", || project.calls_of("wait").len() == 4);
    running.signal(Signal::INT);
    let run = running.end();
    run.assert_code(130);
    let interrupted = run.stderr.lines().filter(|line| line.contains("] interrupted")).count();
    assert_eq!(interrupted, 4, "{run}");
    project.assert_tidy();
}

/// A folder of a container with more in it than can be written in a moment: bytes that do not compress.
fn large(project: &Project) -> Script {
    let folder = project.beside("engine/large");
    fs::create_dir(&folder).unwrap();
    let mut bytes = Vec::with_capacity(48 << 20);
    let mut state: u64 = 88_172_645_463_325_252;
    while bytes.len() < 48 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    fs::write(folder.join("page.html"), bytes).unwrap();
    Script::new().on("download", "path=/opt/web", json!({ "archive": { "/opt/web": "large" } }))
}

/// The hidden files in a folder.
fn hidden(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with('.')).count()
}

/// Starts a build that is just writing a large package.
fn writing(project: &Project) -> Running {
    project.play(&large(project));
    let packages = project.path("packages/debian-12");
    let mut running = project.start(&["build", "--jobs", "1"]);
    let other = packages.join("shop_2.5.11-1~deb12_all.deb");
    running.until("the package is written", || other.exists() && hidden(&packages) > 0);
    running
}

#[test]
fn ctrl_c_while_a_package_is_written() {
    let project = Project::new();
    let running = writing(&project);
    running.signal(Signal::INT);
    let run = running.end();
    run.assert_code(130);
    assert_eq!(project.files("packages/debian-12"), ["shop_2.5.11-1~deb12_all.deb"], "{run}");
    project.assert_tidy();
    assert_goes_on(&project, "package");
}

#[test]
fn killed_while_a_package_is_written() {
    let project = Project::new();
    let running = writing(&project);
    running.signal(Signal::KILL);
    assert_eq!(running.end().code, None);
    assert!(!project.records().contains(&"debian-12/package-shop-web".to_owned()));
    assert!(
        !project.path("packages/debian-12/shop-web_2.5.11-1~deb12_all.deb").exists(),
        "no half package has its name"
    );
    assert_goes_on(&project, "killed");
}

#[test]
fn ctrl_c_while_wheels_arrive() {
    let project = Project::new();
    let folder = project.beside("engine/wheels");
    fs::create_dir(&folder).unwrap();
    fs::File::create(folder.join("torch-2-py3-none-any.whl")).unwrap().set_len(128 << 20).unwrap();
    let script = Script::new();
    project.play(&script.on("download", "path=/factory/wheels", json!({ "archive": { "/factory/wheels": "wheels" } })));
    let wheels = project.path("wheels/debian-12");
    let mut running = project.start(&["build", "--jobs", "1"]);
    running.until("the wheel arrives", || hidden(&wheels) > 0);
    running.signal(Signal::INT);
    let run = running.end();
    run.assert_code(130);
    // A file that arrived whole may be in the store.
    assert_eq!(project.files("wheels/debian-12"), Vec::<String>::new(), "{run}");
    project.assert_tidy();
    assert_goes_on(&project, "wheels");
}

#[test]
fn killed_in_every_kind_of_step() {
    for (call, part) in [
        ("build", "debian-12/builder"),
        ("wait", "pip"),
        ("download", "path=/factory/files"),
        ("wait", "dpkg-query"),
        ("download", "path=/factory/wheels"),
        ("build", "debian-12/core"),
        ("download", "path=/opt/shop"),
    ] {
        let case = format!("{call} {part}");
        let project = Project::new();
        project.play(&Script::new().hangs(call, part));
        let mut running = project.start(&["build", "--jobs", "1"]);
        running.until_call(call, part);
        running.signal(Signal::KILL);
        assert_eq!(running.end().code, None, "{case}");
        let left = project.containers();
        assert_eq!(left.len(), usize::from(call != "build"), "{case}");
        project.forget_calls();
        assert_goes_on(&project, &case);
        for container in left {
            assert!(project.calls_of("remove").contains(&format!("remove {container}")), "{case}");
        }
    }
}

#[test]
fn containers_of_others_stay() {
    let project = Project::new();
    project.done(&["build", "wheels"]);
    project.meddle(|daemon| {
        let labels =
            |home: &str| json!({ "factory.project": "shop", "factory.kind": "container", "factory.home": home });
        let container = |labels| {
            json!({ "image": "debian:bookworm-slim", "argv": [], "labels": labels, "running": true, "exit": 0 })
        };
        daemon["containers"]["c90"] = container(labels("another-checkout"));
        daemon["containers"]["c91"] = container(json!({}));
        daemon["containers"]["c92"] = container(json!({ "factory.project": "shop" }));
        // Runs of another checkout, where one ended long ago, and one goes on.
        let run = |began: i64, running: bool| {
            let mut found = container(labels("another-checkout"));
            found["labels"]["factory.run"] = json!(format!("77-{began}"));
            found["running"] = json!(running);
            found
        };
        let now = i64::try_from(now().as_secs()).expect("a time");
        daemon["containers"]["c93"] = run(now - 60, false);
        daemon["containers"]["c94"] = run(now - 90_000, true);
        daemon["containers"]["c95"] = run(now - 90_000, false);
    });
    project.play(&Script::new().hangs("build", "debian-12/core"));
    stop(&project, &["build"], ("build", "debian-12/core"), Signal::INT).assert_code(130);
    project.done(&["clean", "--all"]);
    assert_eq!(project.containers(), ["c90", "c91", "c92", "c93", "c94"]);
}

#[expect(clippy::disallowed_methods, reason = "the age of a container")]
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970")
}

/// A file of the recipe that nobody could read to its end: bytes that are not there cost time, too.
#[test]
fn ctrl_c_while_files_are_read() {
    let project = Project::new();
    project.write("etc/huge.bin", "");
    fs::File::options().write(true).open(project.path("etc/huge.bin")).unwrap().set_len(1 << 40).unwrap();
    let mut running = project.start(&["plan"]);
    let io = format!("/proc/{}/io", running.id());
    running.until("much of the file is read", || {
        let read = fs::read_to_string(&io).unwrap_or_default();
        let count = read.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse::<u64>().ok());
        count.is_some_and(|count| count > 256 << 20)
    });
    running.signal(Signal::INT);
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run}");
    run.says(&["interrupted"]);
    assert_eq!(project.calls(), [] as [&str; 0], "the engine is asked once it is known that one is needed");
}
