//! Images in a registry: looked at, pushed through the daemon, looked at again.

use std::time::{Duration, Instant};

use super::{PushError, Registry, Taken};
use crate::{
    engine::{Credentials, EngineError, ImageInfo, Pushed},
    event::{Event, Made, MadeKind, Outcome, StepId},
    execute::{Session, StepOutput, settle},
    names::Repository,
    plan::label,
    source::oci,
    util::retry::Policy,
};

/// How long a name is waited for after Ctrl-C; one that stays is taken away by the next push.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An image to be pushed.
#[derive(Debug, Clone)]
pub struct Push {
    /// The step in events.
    pub step: StepId,
    /// The platform, for the closing table.
    pub platform: String,
    /// Its local name with a tag.
    pub local: String,
    /// Its id, so that a tag that moved meanwhile is not pushed.
    pub id: String,
}

/// What the registry has under an image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Missing,
    /// This image: the manifest's digest.
    Same(String),
    /// Something else.
    Other(Taken),
}

impl Push {
    fn place(&self, registry: &Registry) -> Result<(Repository, String), PushError> {
        let (repository, tag) = self.local.rsplit_once(':').unwrap_or((&self.local, "latest"));
        Ok((registry.repository(repository)?, tag.to_owned()))
    }
}

/// Looks an image up in the registry.
///
/// # Errors
/// [`PushError::Registry`].
pub async fn look(push: &Push, registry: &Registry, client: &oci::Client) -> Result<Standing, PushError> {
    let (repository, tag) = push.place(registry)?;
    Ok(match client.manifest(&repository, &tag).await? {
        None => Standing::Missing,
        Some(found) if found.is_image(&push.id) => Standing::Same(found.digest),
        Some(found) => Standing::Other(Taken { name: registry.name(&push.local), digest: found.digest }),
    })
}

/// Says that the registry has an image already; gives its row of the closing table.
///
/// # Errors
/// When the daemon is gone.
pub async fn there(push: &Push, digest: &str, registry: &Registry, session: &Session) -> Result<Made, PushError> {
    let (step, outcome, note) = (push.step.clone(), Outcome::Cached, format!("in the registry already, {digest}"));
    session.services.events.emit(Event::StepFinished { step, outcome, took: Duration::ZERO, note });
    made(push, digest, None, registry, session).await
}

/// Pushes one image: gives it the registry's name, pushes it, and takes the name away again. Where the registry is busy or the
/// connection cut it is pushed again; layers that arrived are not sent twice. `client` then looks whether the tag stands for it.
///
/// # Errors
/// [`PushError`]; the name is taken away all the same.
pub async fn push(
    push: &Push,
    registry: &Registry,
    credentials: Option<&Credentials>,
    client: &oci::Client,
    session: &Session,
) -> Result<Made, PushError> {
    let started = Instant::now();
    let (step, name) = (push.step.clone(), registry.name(&push.local));
    let (title, why) = (format!("push {name}"), "asked for".to_owned());
    session.services.events.emit(Event::StepStarted { step: step.clone(), title, why });
    // One of ours has it from a push that was killed.
    let is_ours =
        |image: &ImageInfo| image.labels.get(label::PROJECT).is_some_and(|project| *project == session.ids.project);
    let before = session.services.engine.image(&name).await?.filter(|image| !is_ours(image)).map(|image| image.id.0);
    let pushed = tokio::select! {
        pushed = lent(push, &name, credentials, session) => pushed,
        () = session.services.cancel.cancelled() => Err(PushError::Interrupted),
    };
    let returned = give_back(&name, before.as_deref(), session).await;
    let pushed = match pushed {
        Ok(pushed) => verify(push, &name, pushed, registry, client).await,
        Err(error) => Err(error),
    };
    let (outcome, note) = match &pushed {
        Ok(Pushed { digest, sent, there }) => {
            (Outcome::Done, format!("{digest}, layers: {sent} sent, {there} there already"))
        }
        Err(PushError::Interrupted) => (Outcome::Interrupted, String::new()),
        Err(error) => (Outcome::Failed, error.to_string()),
    };
    session.services.events.emit(Event::StepFinished { step, outcome, took: started.elapsed(), note });
    let pushed = pushed?;
    returned?;
    made(push, &pushed.digest, Some(started.elapsed()), registry, session).await
}

/// Takes the registry's name away, which was only lent, or gives it back to the image that had it; on Ctrl-C, too, but then not for
/// long.
async fn give_back(name: &str, before: Option<&str>, session: &Session) -> Result<(), EngineError> {
    let back = || async {
        match before {
            Some(id) => session.services.engine.tag(id, name).await,
            None => session.services.engine.remove_image(name).await.map(|_| ()),
        }
    };
    tokio::select! {
        done = back() => done,
        () = session.services.cancel.cancelled() => tokio::time::timeout(TIMEOUT, back()).await.unwrap_or(Ok(())),
    }
}

async fn lent(
    push: &Push,
    name: &str,
    credentials: Option<&Credentials>,
    session: &Session,
) -> Result<Pushed, PushError> {
    session.services.engine.tag(&push.id, name).await?;
    let mut retry = Policy::REGISTRY.begin();
    let mut was_silent = false;
    loop {
        let output = StepOutput::new(&session.services.events, &push.step);
        let pushed = tokio::select! {
            pushed = session.services.engine.push(name, credentials.cloned(), &output) => pushed,
            error = output.registry_silent(name, session.options.idle_timeout) => Err(error),
        };
        let error = match pushed {
            Ok(pushed) => return Ok(pushed),
            Err(error @ EngineError::RegistryBusy { .. }) => error,
            Err(error @ EngineError::RegistrySilent { .. }) if !std::mem::replace(&mut was_silent, true) => error,
            Err(error) if error.is_lost_layer() => {
                let known = "a known fault of the engine; the disks are synchronised";
                session.services.events.warn(format!("{error}: {known}"));
                settle().await;
                error
            }
            Err(error) => return Err(error.into()),
        };
        let Some(wait) = retry.next(None) else { return Err(error.into()) };
        session.services.events.info(format!("{error}; {name} is pushed again in {wait}"));
        if !wait.over(&session.services.cancel).await {
            return Err(PushError::Interrupted);
        }
    }
}

/// Whether the tag stands for what was pushed.
async fn verify(
    push: &Push,
    name: &str,
    pushed: Pushed,
    registry: &Registry,
    client: &oci::Client,
) -> Result<Pushed, PushError> {
    let (repository, tag) = push.place(registry)?;
    match client.manifest(&repository, &tag).await? {
        Some(found) if found.digest == pushed.digest => Ok(pushed),
        found => {
            let theirs = found.map_or_else(|| "nothing".to_owned(), |found| found.digest);
            Err(PushError::Overtaken { name: name.to_owned(), ours: pushed.digest, theirs })
        }
    }
}

async fn made(
    push: &Push,
    digest: &str,
    took: Option<Duration>,
    registry: &Registry,
    session: &Session,
) -> Result<Made, PushError> {
    Ok(Made {
        kind: MadeKind::Pushed,
        platform: push.platform.clone(),
        name: registry.name(&push.local),
        size: session.services.engine.image(&push.id).await?.map_or(0, |image| image.size),
        digest: digest.to_owned(),
        took_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    })
}
