//! Faults that belong to no step: a full disk, a network that breaks off, clocks, second programs, and people.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    cases::{finish, judge},
    engine::ADDRESS,
    registries,
    table::Row,
    world::{Calm, Run, World, copy, files},
};

type Play = fn(&str, &mut World, &Calm) -> Row;

/// All of them, by name.
pub const ALL: &[(&str, Play)] = &[
    ("disk packages", full_packages),
    ("disk wheels", full_wheels),
    ("network cut", network_cut),
    ("network gone", network_gone),
    ("network stalled", network_stalled),
    ("pull busy", registries::pull),
    ("pull cut", registries::pull),
    ("pull stalled", registries::pull),
    ("pull down", registries::pull),
    ("pull killed", registries::pull),
    ("pull engine", registries::pull),
    ("push busy", registries::push),
    ("push cut", registries::push),
    ("push stalled", registries::push),
    ("push down", registries::push),
    ("push killed", registries::push),
    ("push interrupted", registries::push),
    ("push engine", registries::push),
    ("clock", clocks),
    ("two", two_at_once),
    ("rmi", somebodys_rmi),
    ("edited", edited_package),
    ("backup", restored_backup),
    ("copy", copied_checkout),
];

/// Those that are played in every run of CI.
pub const SHORT: &[&str] = &["disk packages", "two", "rmi", "edited"];

/// A small file system over a folder of the project, while this lives.
struct Small(PathBuf);

impl Small {
    fn over(folder: &Path, size: &str) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let options = format!("size={size}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).status();
        assert!(done.expect("run mount").success(), "a small file system");
        Self(folder.to_owned())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _done = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn full(world: &mut World, calm: &Calm, folder: &str, size: &str) -> Row {
    world.reset(false);
    let small = Small::over(&world.folder.join(folder), size);
    let struck = world.run(&["build"]);
    drop(small);
    let mut row = Row::new("disk full", &format!("{folder}/ of {size}"), &struck);
    if struck.code != Some(1) || !struck.said.to_lowercase().contains("no space left") {
        row.wrong(format!("it ended with {:?} and does not say why:\n{}", struck.code, struck.said));
    }
    finish_after_loss(world, calm, &mut row);
    row
}

/// What was under the small file system is gone with it: completed steps may run again.
fn finish_after_loss(world: &mut World, calm: &Calm, row: &mut Row) {
    finish(world, calm, &Run::default(), row);
}

fn full_packages(_: &str, world: &mut World, calm: &Calm) -> Row {
    full(world, calm, "packages", "8k")
}

fn full_wheels(_: &str, world: &mut World, calm: &Calm) -> Row {
    full(world, calm, "wheels", "16k")
}

/// A proxy between builds and the network (`tests/data/proxy.py`).
struct Proxy(Child, String);

impl Proxy {
    fn start(how: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/proxy.py");
        let mut child =
            Command::new("python3").arg(script).args([ADDRESS, how]).stdout(Stdio::piped()).spawn().expect("python3");
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut port).expect("its port");
        Self(child, format!("http://{ADDRESS}:{}", port.trim()))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn through(world: &mut World, calm: &Calm, how: &str, fault: &str, codes: &[i32]) -> Row {
    world.reset(false);
    let proxy = Proxy::start(how);
    let mut command = world.command(&["build"]);
    command.env("https_proxy", &proxy.1).env("http_proxy", &proxy.1);
    let struck = world.watch(command, None);
    drop(proxy);
    let mut row = Row::new(fault, "resolving and downloading wheels", &struck);
    if !struck.code.is_some_and(|code| codes.contains(&code)) {
        row.wrong(format!("it ended with {:?}:\n{}", struck.code, struck.said));
    }
    finish(world, calm, &struck, &mut row);
    row
}

fn network_cut(_: &str, world: &mut World, calm: &Calm) -> Row {
    through(world, calm, "cut", "network cut, then well", &[0])
}

fn network_gone(_: &str, world: &mut World, calm: &Calm) -> Row {
    through(world, calm, "gone", "network gone", &[1])
}

fn network_stalled(_: &str, world: &mut World, calm: &Calm) -> Row {
    through(world, calm, "stall", "network stalled for 20 s", &[0])
}

fn clocks(_: &str, world: &mut World, calm: &Calm) -> Row {
    world.reset(false);
    let first = world.run(&["build"]);
    let mut row = Row::new("clock jumps by 400 days", "both ways, after a build", &first);
    let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|arch| format!("/usr/lib/{arch}/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|path| Path::new(path).exists());
    let Some(library) = library else {
        row.wrong("faketime is not installed".to_owned());
        return row;
    };
    for jump in ["+400d", "-400d"] {
        let mut command = world.command(&["build"]);
        command.env("LD_PRELOAD", &library).env("FAKETIME", jump).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let run = world.watch(command, None);
        if run.code != Some(0) || !run.ran().is_empty() {
            row.wrong(format!("{jump}: it ended with {:?} and ran {:?}:\n{}", run.code, run.ran(), run.said));
        }
        row.next(&run);
    }
    judge(world, calm, &mut row);
    row
}

fn two_at_once(_: &str, world: &mut World, calm: &Calm) -> Row {
    world.reset(false);
    let mut commands = [(); 2].map(|()| world.command(&["build"]));
    let outputs = std::thread::scope(|scope| {
        let started = commands.each_mut().map(|command| scope.spawn(|| command.output().expect("run factory")));
        started.map(|run| run.join().expect("an end"))
    });
    let said = outputs.each_ref().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let mut row =
        Row::new("two factories at once", "one project", &Run { code: outputs[0].status.code(), ..Run::default() });
    if outputs.iter().any(|output| output.status.code() != Some(0)) {
        row.wrong(format!("one failed: {said:?}"));
    }
    let started: usize = said.iter().map(|said| said.matches("\"event\":\"step-started\"").count()).sum();
    if started > calm.steps.len() {
        row.wrong(format!("{started} steps ran where there are {}", calm.steps.len()));
    }
    if !said.iter().any(|said| said.contains("waiting for it to end")) {
        row.wrong("the second does not say for whom it waits".to_owned());
    }
    finish(world, calm, &Run::default(), &mut row);
    row
}

/// A finished build, something done to it, and the run after it.
fn meddled(world: &mut World, calm: &Calm, fault: &str, place: &str, meddle: impl FnOnce(&mut World)) -> Row {
    world.reset(false);
    let first = world.run(&["build"]);
    let mut row = Row::new(fault, place, &first);
    meddle(world);
    finish(world, calm, &Run::default(), &mut row);
    row
}

fn somebodys_rmi(_: &str, world: &mut World, calm: &Calm) -> Row {
    meddled(world, calm, "somebody's `docker rmi`", "parcel/extra", |world| {
        let ids = world.engine.docker(&["images", "--quiet", "parcel/extra"]);
        world.engine.docker(&["rmi", "--force", ids.lines().next().expect("an image")]);
    })
}

fn edited_package(_: &str, world: &mut World, calm: &Calm) -> Row {
    meddled(world, calm, "an edited package", "packages/", |world| {
        let packages = files(&world.folder.join("packages"));
        let (_, path) = packages.into_iter().find(|(name, _)| name.ends_with(".deb")).expect("a package");
        let mut bytes = std::fs::read(&path).expect("a package");
        bytes.push(0);
        std::fs::write(path, bytes).expect("write it");
    })
}

fn restored_backup(_: &str, world: &mut World, calm: &Calm) -> Row {
    meddled(world, calm, "a restored backup", "the project, one build old", |world| {
        let backup = world.folder.with_extension("backup");
        let _absent = std::fs::remove_dir_all(&backup);
        copy(&world.folder, &backup);
        std::fs::write(world.folder.join("etc/parcel.conf"), "weight = 13\n").expect("write a file");
        assert_eq!(world.run(&["build"]).code, Some(0));
        std::fs::remove_dir_all(&world.folder).expect("remove the project");
        copy(&backup, &world.folder);
    })
}

fn copied_checkout(_: &str, world: &mut World, calm: &Calm) -> Row {
    meddled(world, calm, "a copied checkout", "another place", |world| {
        let elsewhere = world.folder.with_extension("copy");
        let _absent = std::fs::remove_dir_all(&elsewhere);
        copy(&world.folder, &elsewhere);
        std::fs::remove_dir_all(&world.folder).expect("remove the project");
        copy(&elsewhere, &world.folder);
    })
}
