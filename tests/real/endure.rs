//! Failures on a real engine: what is kept of them can be looked into, and a container that falls silent is stopped.

use std::{
    net::TcpListener,
    process::{Command, Output},
};

use crate::{
    house::{BUILT, House, docker, image, text},
    registry::host_address,
};

/// A copy of the example whose own wheels are one small set.
fn small(name: &str, requirement: &str) -> House {
    let _built = &*BUILT;
    let house = House::apart(name);
    for file in ["requirements.txt", "cat/requirements.txt"] {
        std::fs::write(house.folder.join(file), format!("{requirement}\n")).expect("write requirements");
    }
    house.edit("factory.toml", "name = \"canopsis\"\nmaintainer", &format!("name = \"{name}\"\nmaintainer"));
    house.edit("factory.toml", "repository = \"canopsis/", &format!("repository = \"{name}/"));
    house
}

/// The command that leads into what was kept, for a shell: without a terminal, and with a question.
fn way_in(said: &str, start: &str, question: &str) -> String {
    // Messages are wrapped.
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let command = flat.split('`').find(|part| part.starts_with(start)).unwrap_or_else(|| panic!("no way in:\n{said}"));
    command.replace(" -it ", " ") + " " + question
}

fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().expect("run a shell");
    assert!(output.status.success(), "{command}:\n{}", text(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn failed(house: &House, arguments: &[&str]) -> String {
    let output: Output = house.factory(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    text(&output)
}

/// Containers and nameless images that a project has in the engine.
fn left(project: &str) -> String {
    let label = format!("label=factory.project={project}");
    let container = "label=factory.kind=container";
    docker(&["ps", "-aq", "--filter", &label])
        + &docker(&["images", "-q", "--filter", &label, "--filter", container, "--filter", "dangling=true"])
}

#[test]
#[ignore = "needs a real engine: make real"]
fn what_failed_can_be_looked_into() {
    let house = small("looked-into", "six==99.99");
    let said = failed(&house, &["build", "wheels", "--keep-failed", "--jobs", "1"]);
    // pip has ended: an image of its container.
    let inside = shell(&way_in(&said, "docker run", "-c 'cat /factory/in/*requirements.txt'"));
    assert_eq!(inside.trim(), "six==99.99", "{said}");
    assert_ne!(left("looked-into"), "");
    std::fs::write(house.folder.join("requirements.txt"), "six==1.17.0\n").expect("mend the requirements");
    std::fs::write(house.folder.join("cat/requirements.txt"), "six==1.17.0\n").expect("mend the requirements");
    house.done(&["build", "wheels"]);
    assert_eq!(left("looked-into"), "", "the next run removes what was kept, and what was made of it");
    // A package's container is made of its image and never ran: the same command leads into it.
    let label = "factory.project=looked-into";
    let never_ran = docker(&["create", "--label", label, &image("core"), "/bin/true"]);
    let command = way_in(&said, "docker run", "-c 'ls -d /etc'");
    let (before, rest) = command.split_once("commit ").expect("a commit");
    let (_, after) = rest.split_once(')').expect("its end");
    assert_eq!(shell(&format!("{before}commit {never_ran}){after}")).trim(), "/etc");
    docker(&["rm", &never_ran]);
    for image in docker(&["images", "-q", "--filter", &format!("label={label}"), "--filter", "dangling=true"]).lines() {
        docker(&["rmi", image]);
    }
    house.done(&["clean"]);
    assert_eq!(left("looked-into"), "");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_container_that_falls_silent_is_stopped() {
    let house = small("silent", "six==1.17.0");
    // An index that takes connections and never answers: pip waits longer than we do.
    let index = TcpListener::bind("0.0.0.0:0").expect("a port");
    let host = host_address().expect("the engine's bridge");
    let address = format!("https://{host}:{}/simple", index.local_addr().expect("its address").port());
    let output = house
        .command(&["build", "wheels", "--keep-failed", "--jobs", "1", "--patience", "5s"])
        .env("PIP_INDEX_URL", &address)
        .env("PIP_EXTRA_INDEX_URL", "")
        .envs(["no_proxy", "NO_PROXY"].map(|name| (name, host.as_str())))
        .output()
        .expect("run factory");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("it said nothing for 5s and was stopped; trying again"), "{said}");
    let inside = shell(&way_in(&said, "docker exec", "-c 'ls /factory/in'"));
    assert!(inside.contains("requirements.txt"), "{inside}");
    assert_eq!(
        docker(&["ps", "-q", "--filter", "label=factory.project=silent"]).lines().count(),
        1,
        "the first is gone"
    );
    house.done(&["clean"]);
    assert_eq!(left("silent"), "");
}
