//! [`Bench`]: one clean container of a platform's base image, what is run in it, and what goes in and out.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use super::{
    Finding, Subject, TrialError,
    manager::Trust,
    transfer::{Fetched, Member, Parcel, Rights, blocking, blocking_reader, first_member},
};
use crate::{
    engine::{ByteStream, ContainerId, ContainerSpec, ExecSpec, Output, Progress},
    event::StepId,
    execute::{Lines, Session},
};

/// Where in the container the test keeps what it needs. It is part of no package.
pub const PLACE: &str = "/run/factory-test";
/// The folder above it.
const PLACE_FOLDER: &str = "/run";
/// Its name there.
pub const PLACE_NAME: &str = "factory-test";

/// How many links are followed to a file.
const MOST_LINKS: usize = 8;
/// The most that is kept of a command's answer, in bytes.
const LARGEST_ANSWER: usize = 64 << 20;

/// A clean container in which packages are tried.
#[derive(Debug)]
pub struct Bench<'a> {
    /// What is tested in it.
    pub subject: &'a Subject,
    /// The run.
    pub session: &'a Session,
    container: ContainerId,
}

/// What a command answered.
#[derive(Debug, Default)]
pub struct Answer {
    /// Its exit code.
    pub code: i64,
    /// Its lines, of both streams.
    pub lines: Vec<String>,
}

impl<'a> Bench<'a> {
    /// Makes and starts the container, for a step that begins.
    ///
    /// # Errors
    /// When the base image is gone, or the daemon refuses.
    pub async fn open(subject: &'a Subject, session: &'a Session, step: &StepId) -> Result<Self, TrialError> {
        let Some(image) = session.engine.image(&subject.base).await? else {
            return Err(TrialError::NoBase { platform: subject.platform.to_string(), image: subject.base.clone() });
        };
        let spec = ContainerSpec {
            image: image.id.0,
            argv: ["/bin/sleep", "infinity"].map(str::to_owned).to_vec(),
            user: "0:0".to_owned(),
            network: true,
            package_manager: true,
            ..ContainerSpec::default()
        };
        let container = session.create(step, spec).await?;
        let bench = Self { subject, session, container };
        match bench.prepare().await {
            Ok(()) => Ok(bench),
            Err(error) => {
                bench.close().await;
                Err(error)
            }
        }
    }

    async fn prepare(&self) -> Result<(), TrialError> {
        self.session.engine.start(&self.container).await?;
        let (certificates, trust) = (self.session.ca.clone(), &self.subject.manager.trust);
        if let (Some(certificates), Trust::Anchor { file, command }) = (&certificates, trust) {
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
        self.put(move |parcel| {
            let Some(certificates) = certificates else { return Ok(()) };
            parcel.bytes(&format!("{PLACE_NAME}/ca.pem"), &certificates, Rights::PUBLIC)?;
            let Trust::File { file, text, .. } = trust else { return Ok(()) };
            parcel.bytes(&format!("{PLACE_NAME}/{file}"), text.as_bytes(), Rights::PUBLIC)
        })
        .await
    }

    /// Removes the container.
    pub async fn close(self) {
        self.session.discard(&self.container).await;
    }

    /// The command that opens a shell in it.
    #[must_use]
    pub fn way_in(&self) -> String {
        format!("docker exec -it {} bash", self.container.0.get(..12).unwrap_or(&self.container.0))
    }

    /// Unpacks a parcel of files in [`PLACE`].
    ///
    /// # Errors
    /// When a file of the host changed, or the daemon refuses.
    pub async fn put(
        &self,
        fill: impl FnOnce(&mut Parcel) -> Result<(), TrialError> + Send + 'static,
    ) -> Result<(), TrialError> {
        let tar = blocking(move || {
            let mut parcel = Parcel::new()?;
            parcel.folder(PLACE_NAME)?;
            fill(&mut parcel)?;
            parcel.finish()
        });
        Ok(self.session.engine.upload(&self.container, PLACE_FOLDER, tar.await?).await?)
    }

    /// Writes one file anywhere in the container.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub async fn write(&self, path: &str, bytes: &[u8], rights: Rights) -> Result<(), TrialError> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut parcel = Parcel::new()?;
        parcel.bytes(name, bytes, rights)?;
        let folder = if folder.is_empty() { "/" } else { folder };
        Ok(self.session.engine.upload(&self.container, folder, parcel.finish()?).await?)
    }

    /// Runs a command as root with the package manager's variables, the proxies and the trusted certificates.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub async fn run(&self, mut argv: Vec<String>, out: &dyn Output) -> Result<i64, TrialError> {
        let manager = self.subject.manager;
        let mut env = self.session.proxies.clone();
        env.extend(manager.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if self.session.ca.is_some() {
            match manager.trust {
                Trust::File { file, variable, .. } => {
                    env.insert(variable.to_owned(), format!("{PLACE}/{file}"));
                }
                Trust::Option(option) if argv.first().is_some_and(|program| program == manager.name) => {
                    argv.insert(1, option.to_owned());
                }
                Trust::Option(_) | Trust::Anchor { .. } | Trust::Nothing => {}
            }
        }
        let spec = ExecSpec { argv, user: "0:0".to_owned(), env, workdir: "/".to_owned() };
        self.exec(spec, out).await
    }

    /// The same; a command that fails is a finding with its last lines.
    ///
    /// # Errors
    /// The finding.
    pub async fn succeed(&self, argv: Vec<String>, expected: &str, lines: &Lines) -> Result<(), TrialError> {
        let shown = argv.join(" ");
        lines.line(&format!("$ {shown}"));
        match self.run(argv, lines).await? {
            0 => Ok(()),
            code => Err(Finding::new(format!("{expected}, but `{shown}` ended with exit code {code}"))
                .with_last(&lines.tail())
                .into()),
        }
    }

    /// Runs a command as root and keeps what it says.
    ///
    /// # Errors
    /// When the daemon refuses, or the answer is endless.
    pub async fn ask(&self, argv: Vec<String>) -> Result<Answer, TrialError> {
        let captured = Captured::default();
        let code = self.run(argv, &captured).await?;
        let (lines, size) = captured.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if size > LARGEST_ANSWER {
            return Err(TrialError::Internal("a command in the container said more than 64 MiB".to_owned()));
        }
        Ok(Answer { code, lines })
    }

    /// Runs any command.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub async fn exec(&self, spec: ExecSpec, out: &dyn Output) -> Result<i64, TrialError> {
        Ok(self.session.engine.exec(&self.container, spec, out).await?)
    }

    /// The archive of a path; `None` where there is nothing.
    ///
    /// # Errors
    /// When the daemon refuses.
    pub async fn download(&self, path: &str) -> Result<Option<ByteStream>, TrialError> {
        Ok(self.session.engine.download(&self.container, path).await?)
    }

    /// The bytes of a small file, through links; `None` where there is no such file.
    ///
    /// # Errors
    /// When it is too large, or the daemon refuses.
    pub async fn fetch(&self, path: &str) -> Result<Option<Fetched>, TrialError> {
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
    pub async fn paths(&self) -> Result<BTreeSet<String>, TrialError> {
        let answer = self.ask(["find", "/", "-xdev"].map(str::to_owned).to_vec()).await?;
        if answer.code != 0 {
            let why = answer.lines.last().cloned().unwrap_or_default();
            return Err(TrialError::Internal(format!("the container's files cannot be listed: {why}")));
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
