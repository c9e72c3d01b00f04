//! Tests against a real daemon. They run when one is there, or must when `FACTORY_TEST_ENGINE=1`; a base image with a
//! Debian system is needed, `debian:base-test` or what `FACTORY_TEST_IMAGE` names. Each removes what it made.
#![expect(clippy::disallowed_methods, reason = "a test may look at its surroundings")]

mod builds;
mod files;
mod images;
mod running;

use std::{
    collections::BTreeMap,
    fs::File,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use super::Docker;
use crate::engine::{
    BuildSpec, ContainerId, ContainerSpec, Engine as _, EngineError, Labels, Output, Progress, Silent,
};

/// What a test says to a daemon that is there; it is skipped with a line where there is none.
pub(super) struct LiveEngine {
    pub docker: Docker,
    pub base: String,
}

/// A command that runs until it is asked to stop, also where it is PID 1.
const IDLE: [&str; 3] = ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"];

impl LiveEngine {
    pub(super) async fn open() -> Option<Self> {
        let must = std::env::var("FACTORY_TEST_ENGINE").is_ok_and(|value| value == "1");
        let base = std::env::var("FACTORY_TEST_IMAGE").unwrap_or_else(|_| "debian:base-test".to_owned());
        let reason = match Docker::connect(&|name| std::env::var(name).ok()) {
            Ok(docker) => match docker.image(&base).await {
                Ok(Some(_)) => return Some(Self { docker, base }),
                Ok(None) => format!("it has no image {base}"),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        assert!(!must, "FACTORY_TEST_ENGINE=1, but {reason}");
        eprintln!("skipped: no engine to test with ({reason})");
        None
    }

    /// The same for tests that build.
    pub(super) async fn with_buildkit() -> Option<Self> {
        let live = Self::open().await?;
        if live.docker.info().await.unwrap().buildkit {
            return Some(live);
        }
        eprintln!("skipped: this engine has no BuildKit");
        None
    }

    pub(super) fn spec(&self, argv: &[&str]) -> ContainerSpec {
        ContainerSpec { image: self.base.clone(), argv: words(argv), labels: labels(), ..ContainerSpec::default() }
    }

    /// A started container that waits for commands.
    pub(super) async fn idle(&self) -> ContainerId {
        let id = self.docker.create(self.spec(&IDLE)).await.unwrap();
        self.docker.start(&id).await.unwrap();
        id
    }

    /// Builds a Dockerfile whose `BASE` is the base image.
    pub(super) async fn build(&self, dockerfile: &str, tags: &[&str], out: &dyn Output) -> Result<String, EngineError> {
        self.docker.build(self.build_spec(dockerfile, tags), out).await.map(|id| id.0)
    }

    pub(super) fn build_spec(&self, dockerfile: &str, tags: &[&str]) -> BuildSpec {
        BuildSpec {
            context: tar(&[("Dockerfile", dockerfile), ("file.txt", "from the context\n")]),
            dockerfile: "Dockerfile".into(),
            tags: words(tags),
            labels: labels(),
            args: BTreeMap::from([("BASE".to_owned(), self.base.clone())]),
            target: String::new(),
            no_cache: true,
        }
    }
}

/// Lines and progress, kept for looking at.
#[derive(Default)]
pub(super) struct Kept {
    lines: Mutex<Vec<String>>,
    progress: Mutex<Vec<Progress>>,
}

impl Kept {
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }
}

impl Output for Kept {
    fn line(&self, line: &str) {
        self.lines.lock().unwrap().push(line.to_owned());
    }
    fn progress(&self, progress: Progress) {
        self.progress.lock().unwrap().push(progress);
    }
}

pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

pub(super) fn labels() -> Labels {
    Labels::from([("factory.test".into(), "1".into())])
}

/// A name that no other test has.
pub(super) fn unique(prefix: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A tar of text files, positioned at its end as a writer leaves it.
pub(super) fn tar(files: &[(&str, &str)]) -> File {
    let mut archive = tar::Builder::new(tempfile::tempfile().unwrap());
    for (name, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_uid(1234);
        header.set_gid(1234);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

#[tokio::test]
async fn the_daemon_says_what_it_is() {
    let Some(live) = LiveEngine::open().await else { return };
    let info = live.docker.info().await.unwrap();
    assert!(info.cpus > 0, "{info:?}");
    assert!(info.api.starts_with("1.") && !info.version.is_empty() && info.root.starts_with('/'), "{info:?}");
    assert!(!info.arch.is_empty());
}

#[tokio::test]
async fn a_container_that_is_not_there() {
    let Some(live) = LiveEngine::open().await else { return };
    let nobody = ContainerId("factory-test-nobody".into());
    assert!(!live.docker.remove(&nobody).await.unwrap());
    assert!(matches!(live.docker.state(&nobody).await, Err(EngineError::Refused { status: Some(404), .. })));
    assert!(matches!(live.docker.wait(&nobody, &Silent).await, Err(EngineError::Refused { status: Some(404), .. })));
}
