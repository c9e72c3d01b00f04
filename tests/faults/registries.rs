//! Registries that are busy, cut connections, stand still or are down, while a base is pulled and while a release is pushed; and the
//! program and the engine killed in the midst of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    cases::{finish, judge},
    registry::{Front, Registry},
    table::Row,
    world::{Blow, Calm, Moment, Run, TAG, World},
};

/// What happens to a transfer.
struct Trouble {
    fault: &'static str,
    /// What the front does (`tests/data/registry.py`).
    rules: Value,
    /// What is done in the midst of it.
    blow: Option<Blow<'static>>,
    /// Exit codes that it may lead to; empty when it is killed.
    codes: &'static [i32],
}

/// While a base image is pulled, by a part of the name of its fault.
pub fn pull(name: &str, world: &mut World, calm: &Calm) -> Row {
    let slow = || json!([{ "method": "GET", "path": "/blobs/", "answers": vec![json!({ "wait": 20 }); 2] }]);
    let trouble = match name {
        "pull busy" => Trouble {
            fault: "registry answers 429 and 503",
            rules: json!([{ "path": "/manifests/", "answers": [{ "status": 429 }, { "status": 503 }, { "status": 500 }] }]),
            blow: None,
            codes: &[0],
        },
        "pull cut" => Trouble {
            fault: "connection cut",
            rules: json!([
                { "method": "GET", "path": "/blobs/", "answers": [{ "short": 100_000 }, { "cut": 0 }, { "short": 500_000 }] },
            ]),
            blow: None,
            codes: &[0],
        },
        "pull stalled" => Trouble {
            fault: "connection stalled",
            rules: json!([{ "method": "GET", "path": "/blobs/", "answers": [{ "short": 10_000_000, "wait": 900 }] }]),
            blow: None,
            codes: &[0],
        },
        "pull down" => Trouble {
            fault: "registry down (500)",
            rules: json!([{ "path": "/v2/", "answers": vec![json!({ "status": 500 }); 500] }]),
            blow: None,
            codes: &[1],
        },
        "pull killed" => {
            Trouble { fault: "factory killed (-9)", rules: slow(), blow: Some(Blow::Signal("KILL")), codes: &[] }
        }
        _ => Trouble { fault: "engine killed (-9)", rules: slow(), blow: Some(Blow::KillEngine), codes: &[3] },
    };
    pulled(world, calm, &trouble)
}

/// While a release is pushed, by a part of the name of its fault.
pub fn push(name: &str, world: &mut World, calm: &Calm) -> Row {
    let slow = || json!([{ "method": "PATCH", "path": "/blobs/", "answers": vec![json!({ "wait": 20 }); 4] }]);
    let trouble = match name {
        "push busy" => Trouble {
            fault: "registry answers 429 and 5xx",
            rules: json!([
                { "method": "GET", "path": "/manifests/", "answers": [{ "status": 429, "headers": { "Retry-After": "1" } }, { "status": 503 }] },
                { "method": "POST", "path": "/blobs/uploads/", "answers": [{ "status": 500 }] },
                { "method": "PUT", "path": "/manifests/", "answers": [{ "status": 500 }, { "status": 429 }] },
            ]),
            blow: None,
            codes: &[0],
        },
        "push cut" => Trouble {
            fault: "connection cut",
            rules: json!([
                { "method": "PATCH", "path": "/blobs/uploads/", "answers": [{ "cut": 100_000 }, { "cut": 1 }] },
                { "method": "PUT", "path": "/manifests/", "answers": [{ "cut": 0 }, { "after": true }] },
            ]),
            blow: None,
            codes: &[0],
        },
        "push stalled" => Trouble {
            fault: "connection stalled",
            // Engines do not give an upload up that makes no progress: it is waited for until it goes on.
            rules: json!([{ "method": "PATCH", "path": "/blobs/uploads/", "answers": [{ "wait": 60 }] }]),
            blow: None,
            codes: &[0],
        },
        "push down" => Trouble {
            fault: "registry down (500)",
            rules: json!([{ "method": "POST", "path": "/v2/", "answers": vec![json!({ "status": 500 }); 500] }]),
            blow: None,
            codes: &[1],
        },
        "push killed" => {
            Trouble { fault: "factory killed (-9)", rules: slow(), blow: Some(Blow::Signal("KILL")), codes: &[] }
        }
        "push interrupted" => {
            Trouble { fault: "Ctrl-C", rules: slow(), blow: Some(Blow::Signal("INT")), codes: &[130] }
        }
        _ => Trouble { fault: "engine killed (-9)", rules: slow(), blow: Some(Blow::KillEngine), codes: &[3] },
    };
    pushed(world, calm, &trouble)
}

fn as_expected(trouble: &Trouble, struck: &Run, front: &Front, row: &mut Row) {
    let expected = struck.code.map_or_else(|| trouble.codes.is_empty(), |code| trouble.codes.contains(&code));
    if !expected {
        row.wrong(format!("it ended with {:?}:\n{}", struck.code, struck.said));
    }
    // Of a registry that is down, and of a transfer that was ended, some answers are never asked for.
    if trouble.codes == [0] && !front.unused().is_empty() {
        row.wrong(format!("not met: {:?}", front.unused()));
    }
}

fn pulled(world: &mut World, calm: &Calm, trouble: &Trouble) -> Row {
    let registry = Registry::start();
    let front = Front::of(&registry, &trouble.rules).expect("python3");
    let base = world.engine.docker(&["images", "--format", "{{.Repository}}:{{.Tag}}", "factory.local/base"]);
    let there = format!("{}/debian:bookworm", registry.address);
    world.engine.docker(&["tag", base.lines().next().expect("the base of the undisturbed run"), &there]);
    world.engine.docker(&["push", "--quiet", &there]);
    world.engine.docker(&["rmi", &there]);
    let name = format!("{}/debian:bookworm", front.address);
    let recipe = world.folder.join("factory.toml");
    let text = std::fs::read_to_string(&recipe).expect("the recipe");
    let base = format!("[base]\nimage = \"{name}\"\nbootstrap = \"never\"\n\n[python]\n");
    std::fs::write(&recipe, text.replacen("[python]\n", &base, 1)).expect("write the recipe");

    // Layers that the engine has are not pulled: it must have none of this image's, nor of one made from it.
    world.reset(true);
    world.engine.docker(&["builder", "prune", "--all", "--force"]);
    let command = world.command(&["build", "--patience", "40s"]);
    let strike = trouble.blow.as_ref().map(|blow| ("debian-12/base", Moment::Inside, Duration::from_secs(8), blow));
    let struck = world.watch(command, strike);
    let mut row = Row::new(trouble.fault, "pulling a base image", &struck);
    as_expected(trouble, &struck, &front, &mut row);
    front.calm();
    finish(world, calm, &struck, &mut row);

    std::fs::write(&recipe, text).expect("write the recipe");
    world.engine.docker(&["rmi", "--force", &name]);
    row
}

fn pushed(world: &mut World, calm: &Calm, trouble: &Trouble) -> Row {
    world.reset(false);
    assert_eq!(world.run(&["build"]).code, Some(0));
    let registry = Registry::start();
    let front = Front::of(&registry, &trouble.rules).expect("python3");
    let arguments = ["push", "--packages", "--allow-dirty", "--patience", "40s", "--registry", &front.address];
    let command = world.command(&arguments);
    let step = format!("debian-12/push-parcel-core-debian-12-{TAG}");
    let strike = trouble.blow.as_ref().map(|blow| (step.as_str(), Moment::Inside, Duration::from_secs(8), blow));
    let struck = world.watch(command, strike);
    let mut row = Row::new(trouble.fault, "pushing a release", &struck);
    as_expected(trouble, &struck, &front, &mut row);
    front.calm();

    let next = world.run(&arguments);
    row.next(&next);
    if next.code != Some(0) {
        row.wrong(format!("the next push ended with {:?}:\n{}", next.code, next.said));
        return row;
    }
    let twice: Vec<&String> = struck.done.iter().filter(|done| next.ran().contains(&done.as_str())).collect();
    if !twice.is_empty() {
        row.wrong(format!("pushed twice: {twice:?}\n{}", next.said));
    }
    let after = world.run(&arguments);
    if !after.ran().is_empty() {
        row.wrong(format!("a further push still finds something to do: {:?}", after.ran()));
    }
    let names = world.engine.docker(&["images", "--quiet", "--filter", &format!("reference={}/*/*", front.address)]);
    if !names.is_empty() {
        row.wrong(format!("the registry's names are left in the engine: {names}"));
    }
    for image in ["parcel/core", "parcel/extra"] {
        for tag in [TAG.to_owned(), format!("debian-12-{TAG}")] {
            let (name, local) = (format!("{}/{image}:{tag}", registry.address), format!("{image}:{tag}"));
            world.engine.docker(&["pull", "--quiet", &name]);
            let id = |name: &str| world.engine.docker(&["inspect", "--format", "{{.Id}}", name]);
            if id(&name) != id(&local) {
                row.wrong(format!("{local} is another one in the registry"));
            }
            world.engine.docker(&["rmi", &name]);
        }
    }
    // What was pushed is told in a file that builds know nothing of.
    let _there = std::fs::remove_file(world.folder.join("packages/release.json"));
    judge(world, calm, &mut row);
    row
}
