//! What a built wheel depends on beside its source: the interpreter, the C library, the machine, the compilers and headers
//! that the builder image really has, pip's own seed, and what the environment says to compilers.

use std::sync::{Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::{
    pip::{ROOT, SETTINGS},
    pip_runner::PipRunner,
};
use crate::{
    engine::{ContainerSpec, Output, Progress},
    execute::StepError,
    names::Sha256,
    source::{installed::Installed, store::BuildFingerprint},
};

/// Most packages of a builder image: far beyond any.
const MOST: usize = 50_000;

/// Looked at once in a step, when the first wheel must be built.
pub struct Environment<'a> {
    runner: &'a PipRunner<'a>,
    installed: OnceCell<Sha256>,
    given: OnceCell<Option<Sha256>>,
}

impl<'a> Environment<'a> {
    pub fn new(runner: &'a PipRunner<'a>) -> Self {
        Self { runner, installed: OnceCell::new(), given: OnceCell::new() }
    }

    /// What the wheel of a source would be made of.
    pub async fn fingerprint(&self, source: Sha256, options: Vec<String>) -> Result<BuildFingerprint, StepError> {
        let work = self.runner.work;
        let installed = self.installed.get_or_try_init(|| look(self.runner)).await?;
        let given = self.given.get_or_try_init(|| given(self.runner)).await?;
        Ok(BuildFingerprint {
            source,
            python: format!("{} {}", work.python.version, work.python.abi),
            libc: work.python.libc.clone(),
            machine: work.machine.clone(),
            installed: installed.clone(),
            seed: work.seed.clone(),
            settings: SETTINGS.map(|(name, value)| format!("{name}={value}")).to_vec(),
            options,
            given: given.clone(),
        })
    }
}

/// What the project gives to builds, with the content of its own base image.
async fn given(runner: &PipRunner<'_>) -> Result<Option<Sha256>, StepError> {
    let (work, engine) = (runner.work, &runner.session.services.engine);
    let Some(base) = &work.own_base else { return Ok(work.given.clone()) };
    // Where its name is gone, the builder that was made from it is no other project's.
    let image = match engine.image(base).await? {
        Some(image) => Some(image),
        None => engine.image(&work.builder).await?,
    };
    let gone = || StepError::Internal(format!("the engine has neither {base} nor {} any more", work.builder));
    let id = image.ok_or_else(gone)?.id.0;
    Ok(Some(Sha256::of(serde_json::json!([work.given, id]).to_string())))
}

/// What is installed in the builder image, told by its package manager in a container that nothing else runs in.
async fn look(runner: &PipRunner<'_>) -> Result<Sha256, StepError> {
    let (work, session) = (runner.work, runner.session);
    let spec = ContainerSpec {
        image: work.builder.clone(),
        argv: work.listing.clone(),
        user: format!("{}:{}", session.ids.user.0, session.ids.user.1),
        env: [("HOME".to_owned(), ROOT.to_owned())].into(),
        workdir: "/".to_owned(),
        pids: 64,
        ..ContainerSpec::default()
    };
    let container = session.create(&runner.step.id, spec).await?;
    let listed = async {
        session.services.engine.start(&container).await?;
        let list = List::default();
        let code = session.services.engine.wait(&container, &list).await?;
        Ok::<_, StepError>((code, list.lines.into_inner().unwrap_or_else(PoisonError::into_inner)))
    };
    let listed = listed.await;
    session.discard(&container).await;
    let (code, lines) = listed?;
    let installed = Installed::read(lines.iter().map(String::as_str), &work.builder_packages);
    if code != 0 || installed.is_empty() {
        return Err(StepError::Contents {
            message: format!("the wheel builder does not say what is installed in it (exit code {code})"),
            help: format!("`{}` must work in the base image", work.listing.join(" ").escape_debug()),
        });
    }
    Ok(installed.digest())
}

/// The lines of a list, which would only fill a log.
#[derive(Default)]
struct List {
    lines: Mutex<Vec<String>>,
}

impl Output for List {
    fn line(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST {
            lines.push(line.to_owned());
        }
    }

    fn progress(&self, _progress: Progress) {}
}
