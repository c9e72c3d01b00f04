//! The seed: pip itself as pinned wheels, where a platform's own is too old. Fetched once, used by wheels and images.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    play::{Script, file},
    project::{Project, Run},
};

const PIP: &str = "pip-21.3.1-py3-none-any.whl";
const SETUPTOOLS: &str = "setuptools-59.6.0-py3-none-any.whl";

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// A daemon whose script of the seed gives these texts as pip and setuptools.
fn playing(pip: &str, setuptools: &str) -> Script {
    let wheels = [file(PIP, pip), file(SETUPTOOLS, setuptools)];
    let archive = json!({ "/factory/wheels": wheels });
    Script::new().on("download", "seed.py", json!({ "archive": archive }))
}

/// A project on a platform of its own, whose pip is seeded.
fn seeded() -> Project {
    let project = Project::with_two_platforms();
    let platform = "platforms/debian-99.toml";
    let text = project.read(platform);
    let own = |line: &&str| !line.starts_with("tools = ") && !line.starts_with("pip = ");
    let text = text.lines().filter(own).collect::<Vec<_>>().join("\n");
    let wheels = format!("\"{PIP}\" = \"{}\", \"{SETUPTOOLS}\" = \"{}\"", sha256("pip"), sha256("setuptools"));
    let seed = format!("[python.seed]\nreason = \"its own is too old\"\nwheels = {{ {wheels} }}\n\n[package]");
    project.write(platform, &text.replace("[package]", &seed));
    project.edit("factory.toml", "platforms = [\"debian-12\", \"debian-99\"]", "platforms = [\"debian-99\"]");
    project.edit("factory.toml", "official = \"debian-12\"", "official = \"debian-99\"");
    project.play(&playing("pip", "setuptools"));
    project
}

/// The folder of the seed's wheelhouse.
fn house(project: &Project) -> String {
    format!("wheels/debian-99/{}", &project.record("debian-99/seed")["key"].as_str().unwrap()[..32])
}

/// The one call of a method with this in it.
fn the_call(project: &Project, method: &str, part: &str) -> String {
    let calls: Vec<String> = project.calls_of(method).into_iter().filter(|call| call.contains(part)).collect();
    assert_eq!(calls.len(), 1, "{method} …{part}: {calls:#?}");
    calls.into_iter().next().unwrap()
}

/// The files that went into a container or a build, sorted.
fn files_of(call: &str) -> BTreeSet<String> {
    serde_json::from_str(call.split_once(" files=").unwrap().1).unwrap()
}

/// The arguments of a container.
fn argv_of(call: &str) -> Vec<String> {
    let argv = call.split_once(" argv=").unwrap().1;
    serde_json::from_str(&argv[..=argv.find(']').unwrap()]).unwrap()
}

/// The error without the talk before it.
fn error(run: &Run) -> &str {
    let at = run.stderr.find("error: ").unwrap_or_else(|| panic!("no error: {run}"));
    &run.stderr[at..]
}

/// Fails when anything of the seed was kept.
fn assert_nothing_kept(project: &Project) {
    assert_eq!(project.wheels(), Vec::<String>::new());
    assert_eq!(project.records(), ["debian-99/base", "debian-99/builder"]);
    assert!(project.planned().contains(&"seed: not made yet".to_owned()), "{:?}", project.planned());
    project.assert_tidy();
}

#[test]
fn the_plan_shows_it_before_what_needs_it() {
    let project = seeded();
    shows!(project, project.done(&["plan"]).stdout);
}

#[test]
fn it_is_fetched_once_before_wheels_and_images() {
    let project = seeded();
    let run = project.done(&["build", "--jobs", "4"]);
    let place = |step: &str, what: &str| {
        let line = format!("[debian-99/{step}] {what}");
        run.stderr.find(&line).unwrap_or_else(|| panic!("no {line}\n{run}"))
    };
    for step in ["wheels-core", "wheels-web", "core", "web"] {
        assert!(place("seed", "done") < place(step, "started"), "{step}\n{run}");
    }
    assert_eq!(project.files(&house(&project)), ["manifest.json", PIP, SETUPTOOLS]);
    shows!(project, project.read(&format!("{}/manifest.json", house(&project))));
    project.assert_tidy();
    project.forget_calls();
    let run = project.done(&["build"]);
    assert!(run.stderr.contains("[debian-99/seed] cached") && !run.stderr.contains("started"), "{run}");
    assert!(project.calls_of("create").is_empty());
}

#[test]
fn the_script_gets_the_pins_as_arguments() {
    let project = seeded();
    project.done(&["build", "wheels"]);
    let call = the_call(&project, "create", "seed.py");
    assert_eq!(
        argv_of(&call),
        [
            "/usr/bin/python3",
            "/factory/seed.py",
            "/factory/wheels",
            &format!("{PIP}={}", sha256("pip")),
            &format!("{SETUPTOOLS}={}", sha256("setuptools")),
        ]
    );
    assert!(call.contains("network=true") && !call.contains("user=\"\""), "{call}");
    assert!(files_of(&the_call(&project, "upload", "\"/factory/seed.py\"")).contains("factory/pip.conf"));
}

#[test]
fn pip_runs_from_it_where_wheels_are_built() {
    let project = seeded();
    project.done(&["build", "wheels"]);
    let create = the_call(&project, "create", "in/web/requirements.txt");
    shows!(project, argv_of(&create).join("\n"));
    let files = files_of(&the_call(&project, "upload", "in/web/requirements.txt"));
    for name in ["virtualenv.py".to_owned(), format!("seed/{PIP}"), format!("seed/{SETUPTOOLS}")] {
        assert!(files.contains(&format!("factory/home/{name}")), "{name}: {files:?}");
    }
}

#[test]
fn images_borrow_it_and_keep_nothing() {
    let project = seeded();
    project.done(&["build"]);
    let files = files_of(&the_call(&project, "build", "shop/core:2.5.11"));
    assert!(files.contains(&format!("seed/{PIP}")) && files.contains(&format!("seed/{SETUPTOOLS}")), "{files:?}");
    let dockerfile = project.dockerfile("shop/core:2.5.11");
    assert!(!dockerfile.contains("COPY seed") && !dockerfile.contains("--pip"), "{dockerfile}");
    shows!(project, dockerfile);
    let builder = the_call(&project, "build", "builder:debian-99");
    assert!(!builder.contains("seed"), "{builder}");
}

#[test]
fn a_platform_with_a_pip_of_its_own_has_none() {
    let project = Project::new();
    project.done(&["build"]);
    assert!(!project.records().contains(&"debian-12/seed".to_owned()));
    assert!(
        !project.calls().iter().any(|call| call.contains("seed") && !call.contains("told.py")),
        "{:?}",
        project.calls()
    );
}

#[test]
fn a_wheel_that_is_not_the_pinned_one() {
    let project = seeded();
    project.play(&playing("pip", "evil"));
    let run = project.run(&["build", "wheels", "--jobs", "1"]);
    run.assert_code(1);
    shows!(project, error(&run));
    assert_nothing_kept(&project);
    // Nothing has to be removed by hand.
    project.play(&playing("pip", "setuptools"));
    project.done(&["build"]);
}

#[test]
fn wheels_that_are_too_many_or_too_few() {
    let pip = || file(PIP, "pip");
    let setuptools = || file(SETUPTOOLS, "setuptools");
    for (wheels, says) in [
        (vec![pip(), setuptools(), file("evil-1-py3-none-any.whl", "x")], "which was not asked for"),
        (vec![pip()], "did not give `setuptools-59.6.0-py3-none-any.whl`, which the platform pins"),
        (vec![json!({ "folder": true })], "gave no wheel"),
    ] {
        let project = seeded();
        let archive: Value = json!({ "/factory/wheels": wheels });
        project.play(&Script::new().on("download", "seed.py", json!({ "archive": archive })));
        let run = project.run(&["build", "wheels", "--jobs", "1"]);
        run.assert_code(1).says(&["debian-99/seed failed", says]);
        assert_nothing_kept(&project);
    }
}

#[test]
fn a_script_that_fails_says_why() {
    let project = seeded();
    let lines = [
        "seed: https://pypi.org/simple/pip/: timed out, trying again in 1 s",
        "seed: pip-21.3.1-py3-none-any.whl: https://pypi.org/simple/pip/: the certificate of the server is not trusted here",
    ];
    project.play(&Script::new().on("wait", "seed.py", json!({ "lines": lines, "exit": 1 })));
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1);
    shows!(project, error(&run));
    assert_nothing_kept(&project);
    for (line, help) in [
        ("pip-21.3.1-py3-none-any.whl: the index has no such file", "must have these very wheels, too"),
        ("pip-21.3.1-py3-none-any.whl: sha256 is 00, expected 11", "must have these very wheels, too"),
        ("https://i.example/: the server answers 401", "the index's address and login"),
    ] {
        let lines = [format!("seed: {line}")];
        project.play(&Script::new().on("wait", "seed.py", json!({ "lines": lines, "exit": 1 })));
        project.run(&["build"]).assert_code(1).says(&[line, help]);
    }
    // One that cannot even begin: no Python where the platform says.
    project.play(&Script::new().on("wait", "seed.py", json!({ "lines": ["exec: not found"], "exit": 127 })));
    project.run(&["build"]).assert_code(1).says(&[
        "exit code 127",
        "name an interpreter",
        "exec: not found",
        "factory log debian-99/seed",
    ]);
}

#[test]
fn another_pin_makes_everything_after_it_again() {
    let project = seeded();
    project.done(&["build"]);
    let before = house(&project);
    project.edit("platforms/debian-99.toml", &sha256("setuptools"), &sha256("setuptools, mended"));
    let plan = project.planned();
    shows!(project, plan.join("\n"));
    project.play(&playing("pip", "setuptools, mended"));
    let run = project.done(&["build"]);
    for step in ["seed", "wheels-core", "wheels-web", "core", "web"] {
        assert!(run.stderr.contains(&format!("[debian-99/{step}] started")), "{step}: {run}");
    }
    assert!(run.stderr.contains("[debian-99/builder] cached"), "compilers have nothing to do with it: {run}");
    assert_ne!(house(&project), before, "the earlier seed stays beside it");
    assert_eq!(project.files(&before), ["manifest.json", PIP, SETUPTOOLS]);
    assert_eq!(project.planned(), Vec::<String>::new());
}

#[test]
fn a_damaged_seed_is_fetched_again() {
    let project = seeded();
    project.done(&["build"]);
    project.write(&format!("{}/{PIP}", house(&project)), "evil");
    let planned = project.planned();
    let why = format!("seed: the wheelhouse is damaged: {PIP} has changed");
    assert!(planned.contains(&why), "{planned:?}");
    project.forget_calls();
    project.done(&["build"]);
    assert!(project.calls_of("build").is_empty(), "the same seed gives the same images");
    fs::remove_dir_all(project.path(&house(&project))).unwrap();
    assert!(project.planned().contains(&"seed: its wheelhouse is gone".to_owned()));
    project.done(&["build"]);
    assert_eq!(project.read(&format!("{}/{PIP}", house(&project))), "pip");
}

#[test]
fn an_index_elsewhere_is_no_reason_and_its_password_stays_unseen() {
    let mut project = seeded();
    project.done(&["build", "wheels"]);
    let before = project.record("debian-99/seed");
    project.env("PIP_INDEX_URL", "https://anna:s3cr3t-index@index.example/simple");
    assert!(!project.planned().iter().any(|line| line.starts_with("seed:")), "{:?}", project.planned());
    project.done(&["build", "wheels"]);
    assert_eq!(project.record("debian-99/seed"), before);

    let talk = "seed: https://anna:s3cr3t-index@index.example/simple/pip/: the server answers 401";
    for (code, exit) in [(0, 0), (1, 1)] {
        let mut project = seeded();
        project.env("PIP_INDEX_URL", "https://anna:s3cr3t-index@index.example/simple");
        project.play(&playing("pip", "setuptools").on("wait", "seed.py", json!({ "lines": [talk], "exit": exit })));
        let run = project.run(&["build", "-v", "wheels"]);
        run.assert_code(code);
        let log = project.done(&["log", "debian-99/seed"]);
        let calls = project.calls().join("\n");
        for text in [&run.stdout, &run.stderr, &log.stdout, &calls] {
            assert!(!text.contains("s3cr3t-index"), "{text}");
        }
        assert!(log.stdout.contains("index.example/simple/pip/: the server answers 401"), "{log}");
        for file in project.files("") {
            assert!(!fs::read(project.path(&file)).unwrap().windows(6).any(|part| part == b"s3cr3t"), "{file}");
        }
    }
}
