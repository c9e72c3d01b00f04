//! [`TestContainer`]: one clean container of a platform's base image, what is run in it, and what goes in and out.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use super::{
    Finding, InstallTestError, TestTarget,
    manager::CaSetup,
    transfer::{Fetched, Member, Rights, TarBuilder, blocking, blocking_reader, first_member},
};
use crate::{
    engine::{ByteStream, ContainerId, ContainerSpec, ExecSpec, Output, Progress},
    event::StepId,
    execute::{Session, StepOutput},
};

/// Where in the container the test keeps what it needs. It is part of no package.
pub const PLACE: &str = "/run/factory-test";
/// The folder above it.
const PLACE_FOLDER: &str = "/run";
/// Its name there.
pub const PLACE_NAME: &str = "factory-test";

/// How many processes it may have: what a package starts may not fill the machine.
const MOST_PROCESSES: i64 = 4096;
/// How many links are followed to a file.
const MOST_LINKS: usize = 8;
/// The most that is kept of a command's answer, in bytes.
const LARGEST_ANSWER: usize = 64 << 20;

/// A clean container in which packages are tried.
#[derive(Debug)]
pub struct TestContainer<'a> {
    /// What is tested in it.
    pub target: &'a TestTarget,
    /// The run.
    pub session: &'a Session,
    id: ContainerId,
}

/// What a command answered.
#[derive(Debug, Default)]
pub struct Answer {
    /// Its exit code.
    pub code: i64,
    /// Its lines, of both streams.
    pub lines: Vec<String>,
}

impl<'a> TestContainer<'a> {
    /// Makes and starts the container, for a step that begins.
    ///
    /// # Errors
    /// When the base image is gone, or the daemon refuses.
    pub async fn open(target: &'a TestTarget, session: &'a Session, step: &StepId) -> Result<Self, InstallTestError> {
        let Some(image) = session.services.engine.image(&target.base).await? else {
            return Err(InstallTestError::NoBase { platform: target.platform.to_string(), image: target.base.clone() });
        };
        let spec = ContainerSpec {
            image: image.id.0,
            argv: ["/bin/sleep", "infinity"].map(str::to_owned).to_vec(),
            user: "0:0".to_owned(),
            network: true,
            package_manager: true,
            pids: MOST_PROCESSES,
            ..ContainerSpec::default()
        };
        let id = session.create(step, spec).await?;
        let container = Self { target, session, id };
        match container.prepare().await {
            Ok(()) => Ok(container),
            Err(error) => {
                container.close().await;
                Err(error)
            }
        }
    }

    async fn prepare(&self) -> Result<(), InstallTestError> {
        self.session.services.engine.start(&self.id).await?;
        let (certificates, ca_setup) = (self.session.network.ca.clone(), &self.target.manager.ca_setup);
        if let (Some(certificates), CaSetup::Anchor { file, command }) = (&certificates, ca_setup) {
            self.write(file, certificates, Rights::PUBLIC).await?;
            let answer = self.ask(argv(command, [] as [&str; 0])).await?;
            if answer.code != 0 {
                let message = format!(
                    "`{}` should take up FACTORY_CA_BUNDLE, but ended with exit code {}",
                    command.join(" "),
                    answer.code
                );
                return Err(Finding::new(message).with_last(&answer.lines).into());
            }
        }
        self.put(move |tar| {
            let Some(certificates) = certificates else { return Ok(()) };
            tar.bytes(&format!("{PLACE_NAME}/ca.pem"), &certificates, Rights::PUBLIC)?;
            let CaSetup::File { file, text, .. } = ca_setup else { return Ok(()) };
            tar.bytes(&format!("{PLACE_NAME}/{file}"), text.as_bytes(), Rights::PUBLIC)
        })
        .await
    }

    /// Removes the container.
    pub async fn close(self) {
        self.session.discard(&self.id).await;
    }

    /// The command that opens a shell in it.
    #[must_use]
    pub fn way_in(&self) -> String {
        format!("docker exec -it {} bash", self.id.0.get(..12).unwrap_or(&self.id.0))
    }

    /// Unpacks files in [`PLACE`].
    ///
    /// # Errors
    /// When a file of the host changed, or the daemon refuses.
    pub async fn put(
        &self,
        fill: impl FnOnce(&mut TarBuilder) -> Result<(), InstallTestError> + Send + 'static,
    ) -> Result<(), InstallTestError> {
        let tar = blocking(move || {
            let mut tar = TarBuilder::new()?;
            tar.folder(PLACE_NAME)?;
            fill(&mut tar)?;
            tar.finish()
        });
        Ok(self.session.services.engine.upload(&self.id, PLACE_FOLDER, tar.await?).await?)
    }

    /// Writes one file anywhere in the container.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub async fn write(&self, path: &str, bytes: &[u8], rights: Rights) -> Result<(), InstallTestError> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut tar = TarBuilder::new()?;
        tar.bytes(name, bytes, rights)?;
        let folder = if folder.is_empty() { "/" } else { folder };
        Ok(self.session.services.engine.upload(&self.id, folder, tar.finish()?).await?)
    }

    /// Runs a command as root with the package manager's variables, the proxies and the trusted certificates.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub async fn run(&self, mut argv: Vec<String>, out: &dyn Output) -> Result<i64, InstallTestError> {
        let manager = self.target.manager;
        let mut env = self.session.network.proxies.clone();
        env.extend(manager.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if self.session.network.ca.is_some() {
            match manager.ca_setup {
                CaSetup::File { file, variable, .. } => {
                    env.insert(variable.to_owned(), format!("{PLACE}/{file}"));
                }
                CaSetup::Option(option) if argv.first().is_some_and(|program| program == manager.name) => {
                    argv.insert(1, option.to_owned());
                }
                CaSetup::Option(_) | CaSetup::Anchor { .. } | CaSetup::Nothing => {}
            }
        }
        let spec = ExecSpec { argv, user: "0:0".to_owned(), env, workdir: "/".to_owned() };
        self.exec(spec, out).await
    }

    /// The same; a command that fails is a finding with its last lines.
    ///
    /// # Errors
    /// The finding.
    pub async fn succeed(
        &self,
        argv: Vec<String>,
        expected: &str,
        output: &StepOutput,
    ) -> Result<(), InstallTestError> {
        let shown = argv.join(" ");
        output.line(&format!("$ {shown}"));
        match self.run(argv, output).await? {
            0 => Ok(()),
            code => Err(Finding::new(format!("{expected}, but `{shown}` ended with exit code {code}"))
                .with_last(&output.tail())
                .into()),
        }
    }

    /// Runs a command as root and keeps what it says.
    ///
    /// # Errors
    /// When the daemon refuses, or the answer is endless.
    pub async fn ask(&self, argv: Vec<String>) -> Result<Answer, InstallTestError> {
        let captured = Captured::default();
        let code = self.run(argv, &captured).await?;
        let (lines, size) = captured.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if size > LARGEST_ANSWER {
            return Err(InstallTestError::Internal("a command in the container said more than 64 MiB".to_owned()));
        }
        Ok(Answer { code, lines })
    }

    /// Runs any command.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub async fn exec(&self, spec: ExecSpec, out: &dyn Output) -> Result<i64, InstallTestError> {
        Ok(self.session.services.engine.exec(&self.id, spec, out).await?)
    }

    /// The archive of a path; `None` where there is nothing.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub async fn download(&self, path: &str) -> Result<Option<ByteStream>, InstallTestError> {
        Ok(self.session.services.engine.download(&self.id, path).await?)
    }

    /// The bytes of a small file, through links; `None` where there is no such file.
    ///
    /// # Errors
    /// When it is too large, or the daemon refuses.
    pub async fn fetch(&self, path: &str) -> Result<Option<Fetched>, InstallTestError> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let Some(stream) = self.download(&path).await? else { return Ok(None) };
            let at = path.clone();
            let reader = blocking_reader(stream);
            match blocking(move || first_member(reader, at)).await? {
                Member::File(fetched) => return Ok(Some(fetched)),
                Member::Link(target) if target.starts_with('/') => path = target,
                Member::Link(target) => {
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    path = format!("{folder}/{target}");
                }
                Member::Other => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Every path of the container's own file system, with a leading slash.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn paths(&self) -> Result<BTreeSet<String>, InstallTestError> {
        let answer = self.ask(["find", "/", "-xdev"].map(str::to_owned).to_vec()).await?;
        if answer.code != 0 {
            let why = answer.lines.last().cloned().unwrap_or_default();
            return Err(InstallTestError::Internal(format!("the container's files cannot be listed: {why}")));
        }
        Ok(answer.lines.into_iter().collect())
    }
}

/// Keeps the lines of an answer, up to a bound.
#[derive(Debug, Default)]
struct Captured(Mutex<(Vec<String>, usize)>);

impl Output for Captured {
    fn line(&self, line: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1 += line.len() + 1;
        if kept.1 <= LARGEST_ANSWER {
            kept.0.push(line.to_owned());
        }
    }

    fn progress(&self, _progress: Progress) {}
}

/// Words as the engine wants them, and what follows them.
pub fn argv(words: &[&str], more: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).chain(more.into_iter().map(Into::into)).collect()
}
