//! `--keep-failed`: the container of a failed step stays, says how to get in, and goes with the next run.

use rustix::process::Signal;
use serde_json::json;

use crate::{play::Script, project::Project};

const INTO: &str = "`docker run --rm -it --entrypoint sh $(docker commit c";

#[test]
fn wheels_that_do_not_build() {
    let project = Project::new();
    project.play(&Script::new().pip_fails("ERROR: broken"));
    let run = project.run(&["build", "--keep-failed", "--jobs", "1"]).ended(1);
    run.says(&["its container is kept until the next run of factory here", INTO]);
    assert_eq!(project.containers(), ["c1"]);
    // Without the option it goes with its run, and with it the one that was kept.
    let run = project.run(&["build", "--jobs", "1"]).ended(1);
    assert!(!run.stderr.contains("docker commit"), "{run}");
    project.assert_tidy();
}

#[test]
fn several_failures_keep_one_each() {
    let project = Project::new();
    project.play(&Script::new().pip_fails("ERROR: broken"));
    let run = project.run(&["build", "wheels", "--keep-failed", "--keep-going"]).ended(1);
    run.says(&["docker commit c1)", "docker commit c2)"]);
    assert_eq!(project.containers(), ["c1", "c2"]);
    project.play(&Script::new());
    project.done(&["build", "--keep-failed"]);
    project.assert_tidy();
}

#[test]
fn a_package_whose_files_are_not_there() {
    let project = Project::new();
    project.edit("factory.toml", "{ src = \"/opt/web\" }", "{ src = \"/opt/wbe\" }");
    let run = project.run(&["build", "--keep-failed", "--jobs", "1"]).ended(1);
    run.says(&["`/opt/wbe` matches nothing in the image", INTO]);
    assert_eq!(project.containers().len(), 1, "those of steps that succeeded are gone");
    project.done(&["clean"]);
    project.assert_tidy();
}

#[test]
fn an_image_has_no_container_to_keep() {
    let project = Project::new();
    project.play(&Script::new().fails("build", "debian-12/web", "build", "exit code: 100"));
    let run = project.run(&["build", "--keep-failed", "--jobs", "1"]).ended(1);
    let core = project.image("shop/core:2.5.11").unwrap();
    let into = format!("`docker run --rm -it --entrypoint sh {}`", &core["sha256:".len()..][..12]);
    run.says(&["BuildKit keeps nothing of a failed build to look into", &into]);
    project.assert_tidy();
}

#[test]
fn an_image_of_what_came_before_the_instruction_that_failed() {
    let project = Project::new();
    let lines = ["#7 [2/9] COPY x", "#7 DONE 0.1s", "#8 [3/9] RUN broken", "#8 0.2 no", "#8 ERROR: exit code: 1"];
    let then = json!({ "lines": lines, "fail": { "kind": "build", "text": "exit code: 1" } });
    project.play(&Script::new().once("build", "debian-12/core", then));
    let run = project.run(&["build", "--keep-failed", "--jobs", "1"]).ended(1);
    run.says(&["an image of what came before the instruction that failed is kept until the next run"]);
    let daemon = project.daemon();
    let images = daemon["images"].as_array().unwrap();
    let kept = images.iter().find(|image| image["tags"] == json!([])).expect("a nameless image");
    let (id, part) = (kept["id"].as_str().unwrap(), kept["dockerfile"].as_str().unwrap());
    run.says(&[&format!("`docker run --rm -it --entrypoint sh {}`", &id["sha256:".len()..][..12])]);
    project.play(&Script::new());
    project.done(&["build"]);
    let whole = project.dockerfile("shop/core:2.5.11");
    assert!(whole.starts_with(part) && part.len() < whole.len(), "{part}");
    assert!(!project.has_image(id), "it goes with the next run");
}

#[test]
fn one_that_fell_silent_still_runs() {
    let project = Project::new();
    project.play(&Script::new().on("wait", "pip", json!({ "hang": true })));
    let run = project.run(&["build", "wheels", "--keep-failed", "--jobs", "1", "--patience", "1s"]).ended(1);
    run.says(&["its container runs, until the next run of factory here: `docker exec -it c2 sh`"]);
    assert_eq!(project.containers(), ["c2"], "that of the first try is gone");
}

#[test]
fn an_interrupted_run_keeps_nothing() {
    let project = Project::new();
    project.play(&Script::new().hangs("wait", "pip"));
    let mut running = project.start(&["build", "--keep-failed", "--jobs", "1"]);
    running.until_call("wait", "pip");
    running.signal(Signal::INT);
    running.end().assert_code(130);
    project.assert_tidy();
}

#[test]
fn images_that_were_made_to_look_into_go_with_the_next_run() {
    let project = Project::new();
    project.play(&Script::new().pip_fails("ERROR: broken"));
    project.run(&["build", "wheels", "--keep-failed", "--jobs", "1"]).assert_code(1);
    let id = |digit: &str| format!("sha256:{}", digit.repeat(64));
    // As `docker commit` makes them: without a name, with the container's labels. A named one is somebody's own.
    project.meddle(|daemon| {
        let labels = daemon["containers"]["c1"]["labels"].clone();
        let image = |digit: &str, tags: serde_json::Value| {
            json!({ "id": id(digit), "tags": tags, "repo_digests": [], "labels": labels, "size": 1, "created": "", "arch": "amd64" })
        };
        let images = daemon["images"].as_array_mut().unwrap();
        images.extend([image("a", json!([])), image("b", json!(["mine:1"]))]);
    });
    project.play(&Script::new());
    project.done(&["build", "wheels"]);
    assert!(!project.has_image(&id("a")) && project.has_image(&id("b")));
    project.forget_calls();
    project.done(&["build", "wheels"]);
    let looks: Vec<String> = project.calls_of("images").into_iter().filter(|call| call.contains("container")).collect();
    assert!(looks.is_empty(), "looked for once: {looks:?}");
}
