//! Engines: one that is not there, one that cannot build, and the logins that go with pulls.

use serde_json::{Value, json};

use crate::{play::Script, project::Project};

fn on(engine: Value) -> Project {
    let project = Project::new();
    let mut script = Script::new();
    script.engine = engine;
    project.play(&script);
    project
}

#[test]
fn an_engine_that_cannot_build_is_said_before_any_work() {
    for (engine, says, way) in [
        (
            json!({ "podman": true, "buildkit": false, "version": "5.4.2" }),
            "is Podman 5.4.2, which factory cannot build with yet",
            "DOCKER_HOST",
        ),
        (json!({ "containerd": true, "version": "27.5.1" }), "Docker 27.5.1 at", "containerd-snapshotter"),
        (json!({ "buildkit": false, "version": "18.09.1" }), "has no BuildKit", "Docker 19.03"),
    ] {
        let project = on(engine);
        let run = project.run(&["build"]);
        run.assert_code(3).says(&[says, way]);
        assert_eq!(project.calls().iter().filter(|call| !call.starts_with("info")).count(), 0, "nothing is done");
        project.done(&["plan"]).says(&[says, way, "`factory build` will stop before it does anything"]);
        let doctor = project.run(&["doctor"]);
        assert!(doctor.stdout.replace('\n', " ").contains("builder"), "{doctor}");
        assert!(doctor.code == Some(4), "{doctor}");
    }
    for engine in [json!({ "containerd": true, "version": "28.0.0" }), json!({ "version": "20.10.24" })] {
        on(engine).done(&["build"]);
    }
}

#[test]
fn a_plan_needs_no_engine() {
    let project = Project::new();
    project.done(&["build"]);
    let known = project.done(&["plan"]).stdout;
    let away = Script::new().fails("info", "", "unreachable", "Connection refused (os error 111)");
    project.play(&away);
    let run = project.done(&["plan"]);
    run.says(&["no Docker engine answers at unix:///var/run/docker.sock", "the plan does not know what is built"]);
    assert_eq!(run.stdout, known);
    project.forget_calls();
    project.play(&Script::new());
    let run = project.done(&["plan", "--offline"]);
    assert_eq!(run.stdout, known);
    assert!(project.calls().is_empty(), "nobody is asked");
    project.edit("etc/shop.conf", "80", "81");
    project.play(&away);
    let run = project.done(&["plan"]);
    assert!(run.stdout.contains("run") && run.stdout.contains("core"), "{run}");
    // Where nothing was built, everything is to be.
    let project = Project::new();
    let run = project.done(&["plan", "--offline"]);
    assert!(run.stdout.contains("0 cached, 4 to run") || run.stdout.contains("0 cached"), "{run}");
    project.play(&away);
    project.run(&["build"]).assert_code(3).says(&["nothing listens", "systemctl restart docker"]);
}

#[test]
fn a_pull_is_sent_with_the_login_of_its_registry() {
    let mut project = Project::new();
    project.edit("factory.toml", "[base]\n", "[base]\nimage = \"r.example.org:5000/team/debian:12\"\n");
    let config = project.beside("docker");
    std::fs::create_dir(&config).unwrap();
    let pair = |name: &str| json!({ "username": name, "password": "s3cret-word" });
    let auths = json!({ "auths": { "r.example.org:5000": pair("me"), "https://index.docker.io/v1/": pair("other") } });
    std::fs::write(config.join("config.json"), auths.to_string()).unwrap();
    project.env("DOCKER_CONFIG", config.display().to_string());
    let run = project.done(&["build"]);
    let pulls = project.calls_of("pull");
    assert!(pulls.iter().any(|call| call.contains("\"r.example.org:5000/team/debian:12\" user=\"me\"")), "{pulls:?}");
    assert!(!format!("{run}").contains("s3cret-word"));
    // A helper that fails keeps nobody from an image that is for all.
    let mut project = Project::new();
    let mut script = Script::new();
    script.images.clear();
    project.play(&script);
    let config = project.beside("docker");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("config.json"), "{\"credsStore\":\"nowhere\"}").unwrap();
    project.env("DOCKER_CONFIG", config.display().to_string());
    let run = project.done(&["build"]);
    run.says(&["is asked for without a login", "docker-credential-nowhere"]);
    assert!(project.calls_of("pull").iter().any(|call| call.contains("user=null")), "{run}");
}
