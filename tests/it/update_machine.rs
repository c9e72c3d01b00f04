//! End to end: what `factory publish` put into a feed, a web server of its own process that gives it out, and the updater with a program that
//! is a process. Left out where the updater was not built beside the program, or Python is missing.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    project::Project,
    servers::{Server, needs},
    update_feed::{publish, with_feed},
};

/// The updater: `cargo test` builds it beside the program.
fn updater() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_factory")).with_file_name("factory-update");
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: {} is not built (cargo build -p factory-update)", path.display());
    None
}

/// A machine with version 2.8.0 of the program, the server that it follows, and the project that publishes.
struct World {
    project: Project,
    updater: PathBuf,
    address: String,
    _server: Server,
}

/// A program that says its version and runs until it is ended.
fn program(version: &str, more: &str) -> String {
    format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && {{ echo agent {version}; exit 0; }}\n{more}\nwhile :; do sleep 0.1; done\n"
    )
}

impl World {
    fn new() -> Option<Self> {
        let updater = updater()?;
        needs("python3")?;
        let project = with_feed();
        let (server, address) = serve(&project.beside("feed"));
        let world = Self { project, updater, address, _server: server };
        fs::create_dir(world.path("")).unwrap();
        fs::copy(world.project.beside("keys/update_root.json"), world.path("update_root.json")).unwrap();
        fs::copy(&world.updater, world.path("updater")).unwrap();
        fs::write(world.path("agent"), program("2.8.0", "")).unwrap();
        fs::set_permissions(world.path("agent"), fs::Permissions::from_mode(0o755)).unwrap();
        Some(world)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.project.beside("machine").join(name)
    }

    /// A release that machines called `test` take.
    fn release(&self, version: &str, more: &str, options: &[&str]) {
        self.project.write("agent", &program(version, more));
        publish(&self.project, &[&["agent", "--tag", version, "--for", "test"], options].concat()).assert_code(0);
    }

    /// Runs the updater; gives its exit code and answer.
    fn run(&self, options: &[&str]) -> (i32, Value) {
        self.run_as("machine-1", &self.address, options)
    }

    fn run_as(&self, id: &str, feed: &str, options: &[&str]) -> (i32, Value) {
        let own = json!({
            "url": feed, "platform": "test", "version_args": ["--version"], "health_seconds": 1, "stop_seconds": 5,
        });
        let settings = json!({"machine_id": id, "version": "2.8.0", "update": own});
        fs::write(self.path("agent_config.json"), settings.to_string()).unwrap();
        let mut command = Command::new(self.path("updater"));
        command.arg("--program").arg(self.path("agent")).args(options).env_clear();
        let output = command.output().unwrap();
        let said = || panic!("{options:?}: {}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| said()))
    }

    /// What is installed, and how many processes of it there are.
    fn installed(&self) -> (String, usize) {
        let text = fs::read_to_string(self.path("agent")).unwrap();
        let version = text.split("echo agent ").nth(1).unwrap().split(';').next().unwrap().to_owned();
        (version, self.processes().len())
    }

    fn processes(&self) -> Vec<String> {
        let wanted = self.path("agent");
        let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let is_it = |number: &String| {
            let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).nth(1) == Some(wanted.as_os_str().as_encoded_bytes())
        };
        numbers.filter(is_it).collect()
    }

    /// Why the newest release is not taken.
    fn left(&self, version: &str) -> String {
        let (_, done) = self.run(&["--check"]);
        let left = done["left"].as_array().unwrap().iter().find(|left| left["version"] == version);
        left.unwrap_or_else(|| panic!("{done}"))["why"].as_str().unwrap().to_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for number in self.processes() {
            let _gone = Command::new("kill").args(["-9", &number]).output();
        }
    }
}

/// Python's web server over a folder.
fn serve(folder: &Path) -> (Server, String) {
    let mut command = Command::new("python3");
    command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory"]).arg(folder).arg("0");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next());
    let port = port.unwrap_or_else(|| panic!("no port: {line}")).to_owned();
    (Server(child), format!("http://127.0.0.1:{port}"))
}

#[test]
fn a_machine_follows_what_was_published() {
    let Some(world) = World::new() else { return };
    world.release("2.8.1", "", &[]);
    assert_eq!(world.run(&["--apply"]), (0, json!({"result": "updated", "from": "2.8.0", "to": "2.8.1"})));
    assert_eq!(world.installed(), ("2.8.1".to_owned(), 1));
    // A version that ends at once: the one before runs again, and it is not tried a second time.
    world.release("2.8.2", "exit 1", &[]);
    let (code, done) = world.run(&["--apply"]);
    assert_eq!((code, &done["result"], &done["to"]), (3, &json!("rolled_back"), &json!("2.8.1")), "{done}");
    assert_eq!(world.installed(), ("2.8.1".to_owned(), 1));
    assert_eq!(world.run(&["--apply"]).1["result"], "current");
    assert!(world.left("2.8.2").contains("failed on this machine before"));
    // Another major version waits until somebody allows it.
    world.release("3.0.0", "", &[]);
    assert!(world.left("3.0.0").contains("another major version"));
    assert_eq!(world.run(&["--check", "--allow-major"]).1["newer"], "3.0.0");
    // A channel sees what is published for it.
    world.release("2.9.0-beta.1", "", &["--channel", "beta"]);
    assert_eq!(world.run(&["--check"]).1["result"], "current");
    assert_eq!(world.run(&["--check", "--channel", "beta"]).1["newer"], "2.9.0-beta.1");
    // What was taken back is taken by nobody.
    world.release("2.8.3", "", &[]);
    assert_eq!(world.run(&["--check"]).1["newer"], "2.8.3");
    publish(&world.project, &["--withdraw", "2.8.3"]).assert_code(0);
    assert!(world.left("2.8.3").contains("withdrawn"));
    assert_eq!(world.run(&["--apply"]).1["result"], "current");
    assert_eq!(world.installed(), ("2.8.1".to_owned(), 1));
}

#[test]
fn a_machine_that_is_two_roots_behind_follows() {
    let Some(world) = World::new() else { return };
    world.release("2.8.1", "", &[]);
    let change = ["keys", "update", "--feed", "../feed", "--root", "../keys/update_root.json"];
    for (old, new) in [("../keys", "../second"), ("../second", "../third")] {
        let more = ["--keys", old, "--into", new, "--replace", "root,targets,online"];
        world.project.done(&[&change[..], &more].concat());
    }
    let (code, done) = world.run(&["--apply"]);
    assert_eq!((code, &done["to"]), (0, &json!("2.8.1")), "{done}");
    let kept: Value = serde_json::from_slice(&fs::read(world.path(".update/root.json")).unwrap()).unwrap();
    assert_eq!(kept["signed"]["version"], 3);
}

#[test]
fn the_updater_takes_its_own_release() {
    let Some(world) = World::new() else { return };
    let original = fs::read(world.path("updater")).unwrap();
    world.project.write("factory-update", "#!/bin/sh\necho factory-update 0.9.10\n");
    publish(&world.project, &["factory-update", "--tag", "0.9.10", "--for", "test"]).assert_code(0);
    assert_eq!(world.run(&["--apply"]).1["result"], "current");
    assert_eq!(fs::read(world.path("updater")).unwrap(), b"#!/bin/sh\necho factory-update 0.9.10\n");
    assert_eq!(fs::read(world.path("updater_Backup")).unwrap(), original);
}

#[test]
fn a_fifth_of_a_thousand_machines_is_a_fifth_and_stays_so() {
    let Some(world) = World::new() else { return };
    world.release("2.8.1", "", &["--percent", "20"]);
    let feed = world.project.beside("feed").display().to_string();
    let takes = |number: &usize| {
        let (_, done) = world.run_as(&format!("machine-{number}"), &feed, &["--check"]);
        done["result"] == "available"
    };
    let some: Vec<usize> = (0..1000).filter(takes).collect();
    assert!((160..=240).contains(&some.len()), "{}", some.len());
    publish(&world.project, &["--change", "2.8.1", "--percent", "50"]).assert_code(0);
    assert!(some.iter().step_by(10).all(takes), "those of 20 % are among those of 50 %");
}
