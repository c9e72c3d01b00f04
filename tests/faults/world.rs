//! The project, the engine, and runs of the program.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{engine::Private, state::State};

/// The release.
pub const TAG: &str = "1.2.3";
/// How long a run may take.
const TIMEOUT: Duration = Duration::from_mins(8);

/// The project, and the engine it is built on.
pub struct World {
    pub engine: Private,
    pub folder: PathBuf,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Run {
    /// `None` when it was killed.
    pub code: Option<i32>,
    /// Steps that were begun, with how long each took, where it ended.
    pub steps: Vec<(String, Option<Duration>)>,
    /// Steps that ended well.
    pub done: Vec<String>,
    /// Everything it wrote.
    pub said: String,
}

/// An undisturbed run.
pub struct Calm {
    /// Its steps in order, and how long each took.
    pub steps: Vec<(String, Duration)>,
    /// What it made.
    pub state: State,
}

/// What is done with a running program.
pub enum Blow<'b> {
    /// A signal.
    Signal(&'b str),
    /// The engine is killed, and comes back.
    KillEngine,
    /// The engine is restarted.
    RestartEngine,
}

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As the step begins.
    Start,
    /// In the middle of its usual time.
    Inside,
    /// As it has ended.
    End,
}

impl World {
    /// Starts it; `cold` on an engine that has no image.
    pub fn new(cold: bool) -> Option<Self> {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
        let folder = root.join("parcel");
        let _absent = std::fs::remove_dir_all(&folder);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parcel"), &folder);
        let _absent = std::fs::remove_dir_all(folder.with_extension("tmp"));
        std::fs::create_dir_all(folder.with_extension("tmp")).expect("a folder");
        let mut world = Self { engine: Private::start(&root.join("engine"))?, folder };
        world.reset(cold);
        Some(world)
    }

    /// A project that was never built; with `bases`, on an engine that has no image.
    pub fn reset(&mut self, bases: bool) {
        for folder in [".factory", "wheels", "packages"] {
            let _absent = std::fs::remove_dir_all(self.folder.join(folder));
        }
        let kinds: &[&str] = if bases { &[""] } else { &["factory.kind=image"] };
        for kind in kinds {
            let filter = format!("label={kind}");
            let mut arguments = vec!["images", "--quiet", "--no-trunc"];
            if !kind.is_empty() {
                arguments.extend(["--filter", &filter]);
            }
            let mut ids: Vec<String> = self.engine.docker(&arguments).lines().map(str::to_owned).collect();
            ids.dedup();
            for id in ids {
                let _gone_already = Command::new("docker")
                    .args(["--host", &self.engine.host(), "rmi", "--force", &id])
                    .output()
                    .expect("docker rmi");
            }
        }
    }

    /// Where runs put what is temporary and not in the project.
    pub fn temporary(&self) -> PathBuf {
        self.folder.with_extension("tmp")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_factory"));
        command
            .args(arguments)
            .args(["--tag", TAG, "--output", "json"])
            .current_dir(&self.folder)
            .env("DOCKER_HOST", self.engine.host())
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env_remove("SYSBASE")
            .env("TMPDIR", self.temporary())
            // The project lies in this repository's own folder: its commits are not the project's.
            .env("GIT_CEILING_DIRECTORIES", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// A whole run that nobody disturbs.
    pub fn run(&mut self, arguments: &[&str]) -> Run {
        let command = self.command(arguments);
        self.watch(command, None)
    }

    /// The undisturbed run: cold, nothing cached.
    pub fn undisturbed(&mut self) -> Calm {
        let run = self.run(&["build", "--no-cache"]);
        assert_eq!(run.code, Some(0), "the undisturbed run fails:\n{}", run.said);
        let steps = run.steps.into_iter().map(|(step, took)| (step, took.expect("its time"))).collect();
        Calm { steps, state: State::of(self) }
    }

    /// A run that is struck at a moment of a step.
    pub fn struck(&mut self, step: &str, moment: Moment, usual: Duration, blow: &Blow<'_>) -> Run {
        let command = self.command(&["build", "--no-cache"]);
        self.watch(command, Some((step, moment, usual, blow)))
    }

    /// Follows a run to its end.
    pub fn watch(&mut self, mut command: Command, strike: Option<(&str, Moment, Duration, &Blow<'_>)>) -> Run {
        let mut child = command.spawn().expect("run factory");
        let (lines, arrived) = mpsc::channel();
        let errors = child.stderr.take().expect("stderr");
        let errors = std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default());
        let output = BufReader::new(child.stdout.take().expect("stdout"));
        let reader = std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)).ok();
        });
        let (mut run, mut due, deadline) = (Run::default(), None, Instant::now() + TIMEOUT);
        let mut strike = strike;
        loop {
            let wait = due.unwrap_or(deadline).saturating_duration_since(Instant::now());
            match arrived.recv_timeout(wait) {
                Ok(line) => {
                    let event = run.note(&line);
                    if let Some((step, moment, usual, _)) = strike
                        && event["step"] == step
                    {
                        match (event["event"].as_str(), moment) {
                            (Some("step-started"), Moment::Start) => due = Some(Instant::now()),
                            (Some("step-started"), Moment::Inside) => due = Some(Instant::now() + usual / 2),
                            // Where it was quicker than usual, its end is late enough.
                            (Some("step-finished"), _) if due.is_none_or(|due| due > Instant::now()) => {
                                due = Some(Instant::now());
                            }
                            _ => {}
                        }
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) if due.is_some() => {
                    due = None;
                    let Some((_, _, _, blow)) = strike.take() else { continue };
                    match blow {
                        Blow::Signal(signal) => {
                            let id = child.id().to_string();
                            let _sent = Command::new("kill").args([&format!("-{signal}"), &id]).status();
                        }
                        Blow::KillEngine => {
                            self.engine.kill();
                            self.engine.again();
                        }
                        Blow::RestartEngine => {
                            self.engine.stop();
                            self.engine.again();
                        }
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let _ = child.kill();
                    panic!("the run does not end:\n{}", run.said);
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        run.code = child.wait().expect("its end").code();
        let _ended = reader.join();
        run.said.push_str(&errors.join().unwrap_or_default());
        run
    }
}

impl Run {
    fn note(&mut self, line: &str) -> Value {
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        let step = event["step"].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str() {
            Some("step-started") => self.steps.push((step, None)),
            Some("step-finished") => {
                let took = event["took"].as_f64().map(Duration::from_secs_f64);
                if let Some(begun) = self.steps.iter_mut().find(|(name, _)| *name == step) {
                    begun.1 = took;
                    if event["outcome"] == "done" {
                        self.done.push(step);
                    }
                }
            }
            Some("step-progress" | "step-log") => return event,
            _ => {}
        }
        self.said.push_str(line);
        self.said.push('\n');
        event
    }

    /// The steps that ran.
    pub fn ran(&self) -> Vec<&str> {
        self.steps.iter().map(|(step, _)| step.as_str()).collect()
    }
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
    let done = Command::new("cp").args(["-a", "--"]).args([from, to]).status().expect("run cp");
    std::fs::metadata(to).expect("a copy");
    assert!(done.success());
}

/// Files below a folder, relative to it.
pub fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
                found.insert(name, path);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}
