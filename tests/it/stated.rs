//! A Python project that says another version than the release: said by the plan where it can be read, else once it was built.

use serde_json::json;

use crate::{
    play::{Script, file, wheel},
    project::Project,
};

/// How often this is said, whatever the width of the terminal.
fn count(run: &crate::run::Run, said: &str) -> usize {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").matches(said).count()
}

#[test]
fn a_version_that_can_be_read() {
    let project = Project::with_two_platforms();
    std::fs::remove_file(project.path("app/pyproject.toml")).unwrap();
    project
        .write("app/setup.py", "from setuptools import setup\n\nsetup(\n    name='shop',\n    version='2.5.10',\n)\n");
    let said =
        "app/setup.py:5: the Python project `app` says version 2.5.10, and the release is 2.5.11; write 2.5.11 here";
    for verb in ["plan", "build", "build"] {
        let run = project.done(&[verb]);
        assert_eq!(count(&run, said), 1, "{run}");
    }
    let run = project.done(&["plan", "--tag", "v2.5.10"]);
    assert_eq!(count(&run, "the Python project"), 0, "{run}");
    project.done(&["plan", "--tag", "2.5.10-rc1"]).says(&["and the release is 2.5.10rc1"]);
}

#[test]
fn a_folder_that_requirements_name() {
    let project = Project::new();
    project.write("libs/own/pyproject.toml", "[project]\nname = \"own\"\nversion = \"1.0\"\n");
    project.write("requirements.txt", "six==1.16.0\npsutil==5.9.8\n./libs/own\n");
    project.done(&["plan"]).says(&[
        "libs/own/pyproject.toml:3: the Python project `libs/own` says version 1.0, and the release is 2.5.11",
    ]);
    // Where git says the version, there is none to ask.
    let dynamic =
        "[project]\nname = \"own\"\ndynamic = [\"version\"]\n[build-system]\nrequires = [\"setuptools-scm\"]\n";
    project.write("libs/own/pyproject.toml", dynamic);
    let own = wheel("own-0.1.dev0-py3-none-any.whl", "own");
    let archive = |files: Vec<serde_json::Value>| json!({ "archive": { "/factory/wheels": files } });
    project.play(
        &Script::new()
            .pip_chooses("own six psutil")
            .pip_downloads(&[
                file("six-1.16.0-py2.py3-none-any.whl", "six"),
                file("psutil-5.9.8.tar.gz", "psutil's sources"),
                own.clone(),
            ])
            .once("download", "path=/factory/wheels", archive(vec![own])),
    );
    assert_eq!(count(&project.done(&["plan"]), "the Python project"), 0);
    let said = "the Python project `libs/own` was built as version 0.1.dev0, and the release is 2.5.11";
    for _ in 0..2 {
        let run = project.done(&["build"]);
        assert_eq!(count(&run, said), 1, "{run}");
    }
}

#[test]
fn a_version_that_only_a_build_knows() {
    let project = Project::new();
    std::fs::remove_file(project.path("app/pyproject.toml")).unwrap();
    project.write("app/setup.py", "from setuptools import setup\nsetup(name='shop', version=open('V').read())\n");
    let lines =
        json!({ "lines": ["#7 Created wheel for shop", "#7 shop-2.5.10-py3-none-any.whl", "#9 installed 1 wheel"] });
    project.play(&Script::new().on("build", "shop/core", lines));
    assert_eq!(count(&project.done(&["plan"]), "the Python project"), 0);
    let said = "the Python project `shop` was built as version 2.5.10, and the release is 2.5.11";
    for verb in ["build", "build", "plan"] {
        let run = project.done(&[verb]);
        assert_eq!(count(&run, said), 1, "{run}");
    }
    // An image that only gets another name is held against that.
    let run = project.done(&["build", "--tag", "2.5.10"]);
    assert_eq!(count(&run, "the Python project"), 0, "{run}");
    let run = project.done(&["build", "--tag", "2.5.12"]);
    assert_eq!(count(&run, "was built as version 2.5.10, and the release is 2.5.12"), 1, "{run}");
    // The engine has the stage already: what was noted is believed.
    project.play(&Script::new());
    project.write("etc/shop.conf", "port = 81\n");
    let run = project.done(&["build"]);
    assert_eq!(count(&run, said), 1, "{run}");
    // Of other files nothing is known.
    project.write("app/V", "2.5.11\n");
    let run = project.done(&["build"]);
    assert_eq!(count(&run, "the Python project"), 0, "{run}");
}
