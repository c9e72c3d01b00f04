//! The base image: taken from the daemon, else pulled, else made from the distro's own packages.

use std::collections::BTreeMap;

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::{BaseWork, QuirksWork};
use crate::{
    engine::{Credentials, EngineError, ImageInfo, ImportSpec, Labels, Output as _, Pulled},
    execute::{
        Records, Run, RunImage, RunLookedAt, RunShipped, Session, StepContext, StepError,
        context::TarFile,
        lock, owner,
        run::Product,
        transient::{Tries, of_engine},
    },
    names::ImageReference,
    plan::{Record, Root, Step, label},
    recipe::BootstrapMode,
    util::clock,
    work::{Expected, image::run as image},
};

mod bootstrap;
mod locked;

/// A root image: what a base is before it is changed.
struct Found {
    image: ImageInfo,
    /// A name of it in the daemon.
    name: String,
    /// The digest that its registry has it under, where that is known.
    digest: Option<String>,
}

impl Run for BaseWork {
    fn run<'a>(&'a self, at: StepContext<'a>) -> BoxFuture<'a, Result<Product, StepError>> {
        run(self, at).boxed()
    }

    fn asked_anew(&self, step: &Step, record: Option<&Record>, session: &Session) -> Option<&'static str> {
        if session.options.refresh {
            return Some("asked for with --refresh");
        }
        let is_other = |record: &Record| session.options.locked && !lock::is_locked(self, record, step, session);
        record.is_some_and(is_other).then_some("factory.lock has another one")
    }

    fn way_in<'a>(&'a self, _at: StepContext<'a>, _said: &'a [String]) -> BoxFuture<'a, Option<String>> {
        ready(None).boxed()
    }

    fn as_image(&self) -> Option<&dyn RunImage> {
        None
    }

    fn as_looked_at(&self) -> Option<&dyn RunLookedAt> {
        None
    }

    fn as_shipped(&self) -> Option<&dyn RunShipped> {
        None
    }

    fn restore<'a>(
        &'a self,
        _product: Product,
        _at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>> {
        ready(Ok(None)).boxed()
    }

    fn is_in_parts<'a>(&'a self, _step: &'a Step, _session: &'a Session) -> BoxFuture<'a, bool> {
        ready(false).boxed()
    }

    fn expected(&self) -> Result<Expected, StepError> {
        Ok(Expected::default())
    }
}

/// Runs the step.
async fn run(work: &BaseWork, at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { step, session, .. } = at;
    let obtained = match lock::wanted(work, step, session)? {
        Some(locked) => Some(session.until_stopped(locked::obtain(locked, work, at)).await?),
        None => session.until_stopped(obtain(work, at)).await?,
    };
    let root = if let Some(found) = obtained {
        found
    } else {
        // Not given up on Ctrl-C, but told to stop: it has a whole root file system to remove.
        let before = session.until_stopped(made(work, session)).await?;
        let tar = bootstrap::make(work, at).await?;
        let image = session.until_stopped(import(tar, before, work, at)).await?;
        Found { image, name: made_name(work), digest: None }
    };
    owner::base(&root.image, &root.name, root.digest.is_some())?;
    let mut images = BTreeMap::new();
    if root.name == work.image {
        // Pulled again by somebody, it is another image: the record must not count then.
        images.insert(work.image.clone(), root.image.id.0.clone());
    }
    let origin = if root.digest.is_some() { "from its registry" } else { "local" };
    let had = Root { id: root.image.id.0.clone(), digest: root.digest };
    let (image, changed) = match &work.quirks {
        None => (root.image, ""),
        Some(quirks) => (session.until_stopped(mend(&root.name, quirks, work, at)).await?, ", changed"),
    };
    if !image.tags.contains(&work.local) {
        session.until_stopped(async { Ok(session.services.engine.tag(&image.id.0, &work.local).await?) }).await?;
    }
    images.insert(work.local.clone(), image.id.0.clone());
    Ok(Product {
        warnings: Vec::new(),
        projects: std::collections::BTreeMap::new(),
        index: None,
        labels: BTreeMap::new(),
        output: image.id.0.clone(),
        images,
        root: Some(had),
        files: Vec::new(),
        note: format!("{} ({origin}{changed})", work.image),
        size: image.size,
    })
}

/// An image of the daemon, with what is known of where it is from.
async fn there(image: ImageInfo, name: String, work: &BaseWork, session: &Session) -> Result<Found, StepError> {
    let login = login(&work.image, session).await;
    let digest = session.services.engine.known_digest(&image, &work.image, login).await?;
    Ok(Found { image, name, digest })
}

/// The image of the daemon or of its registry; `None` when it must be made from packages.
async fn obtain(work: &BaseWork, at: StepContext<'_>) -> Result<Option<Found>, StepError> {
    let StepContext { session, output, .. } = at;
    if work.mode != BootstrapMode::Always
        && !session.options.refresh
        && let Some(image) = session.services.engine.image(&work.image).await?
    {
        output.line(&format!("{} is in the daemon", work.image));
        return Ok(Some(there(image, work.image.clone(), work, session).await?));
    }
    // One that was made before, by this project or another one on the daemon: its name holds how it was made. The name may have been
    // lent to another image since, by the lock of a project.
    let made = made_name(work);
    if work.mode != BootstrapMode::Never
        && !session.options.refresh
        && let Some(image) =
            session.services.engine.image(&made).await?.filter(|image| owner::is_made_base(image, &made))
    {
        output.line(&format!("{made} was made before"));
        return Ok(Some(there(image, made, work, session).await?));
    }
    if work.mode == BootstrapMode::Always {
        return Ok(None);
    }
    let refused = match pull(&work.image, at).await? {
        Ok(Pulled { image, digest }) => return Ok(Some(Found { image, name: work.image.clone(), digest })),
        Err(refused) => refused,
    };
    if work.mode == BootstrapMode::Never || work.bootstrap.is_none() {
        let help = if work.bootstrap.is_some() {
            "`docker load` or `docker tag` the image, mend the way to the registry, or set `[base] bootstrap = \
             \"fallback\"` to make it from the distro's own packages"
        } else {
            "`docker load` or `docker tag` the image, or mend the way to the registry"
        };
        let help = match &refused {
            EngineError::ImageNotFound { .. } => {
                format!(
                    "`docker login {}` where it is not for everybody; else {help}",
                    ImageReference::new(&work.image).registry()
                )
            }
            _ => help.to_owned(),
        };
        let (image, reason) = (work.image.clone(), refused.to_string());
        if session.options.refresh && session.services.engine.image(&image).await?.is_some() {
            return Err(StepError::NotRenewed { image, reason });
        }
        return Err(StepError::NoBase { image, reason, help });
    }
    session.services.events.info(format!(
        "{refused}; making {} from the distro's own packages instead (`[base] bootstrap = \"never\"` forbids that)",
        work.image
    ));
    Ok(None)
}

/// The login for the registry of an image. One that cannot be had is said, and does not keep anybody from an image that is for all.
async fn login(reference: &str, session: &Session) -> Option<Credentials> {
    match session.network.logins.find(reference).await {
        Ok(login) => login,
        Err(error) => {
            session.services.events.warn(format!("{reference} is asked for without a login: {error}"));
            None
        }
    }
}

/// Pulls the image, again where the registry may do better the next time. The inner error is the registry's last word, which
/// other ways may be found around.
async fn pull(reference: &str, at: StepContext<'_>) -> Result<Result<Pulled, EngineError>, StepError> {
    let StepContext { step, session, output, .. } = at;
    let mut tries = Tries::default();
    let login = session.until_stopped(async { Ok(login(reference, session).await) }).await?;
    loop {
        let pulled = tokio::select! {
            pulled = session.services.engine.pull(reference, login.clone(), output) => pulled,
            error = output.registry_silent(reference, session.options.idle_timeout) => Err(error),
        };
        let error = match pulled {
            Ok(image) => return Ok(Ok(image)),
            Err(error) => error,
        };
        if let Some(cause) = of_engine(&error)
            && tries.again(&cause, &step.id, session, output).await?
        {
            continue;
        }
        return match error {
            EngineError::RegistryUnreachable { .. }
            | EngineError::RegistryBusy { .. }
            | EngineError::RegistrySilent { .. }
            | EngineError::ImageNotFound { .. } => Ok(Err(error)),
            error => Err(error.into()),
        };
    }
}

/// The image of a root file system that was made before.
async fn made(work: &BaseWork, session: &Session) -> Result<Option<ImageInfo>, StepError> {
    Ok(session.services.engine.image(&made_name(work)).await?)
}

/// Makes an image of a root file system, unless another project has made it in the meantime: both would have one name, and each
/// one's records would count only until the other one's import.
async fn import(
    tar: std::fs::File,
    before: Option<ImageInfo>,
    work: &BaseWork,
    at: StepContext<'_>,
) -> Result<ImageInfo, StepError> {
    let StepContext { step, session, output, .. } = at;
    let made = made_name(work);
    let changes = [
        (label::PROJECT, session.ids.project.as_str()),
        (label::KIND, "base"),
        (label::STEP, step.id.as_str()),
        (label::TAGS, &made),
    ]
    .map(|(name, value)| format!("LABEL {name}=\"{value}\""));
    let changes = changes.into_iter().chain(["CMD [\"/bin/bash\"]".to_owned()]).collect();
    let before = before.map(|image| image.id);
    if let Some(theirs) = super::run::made(work, session).await?.filter(|image| Some(&image.id) != before.as_ref()) {
        output.line(&format!("{made} was made by another project in the meantime"));
        return Ok(theirs);
    }
    let id = session.services.engine.import(ImportSpec { tar, reference: made.clone(), changes }, output).await?;
    Records::for_project(&session.paths.project).note_image(&id.0)?;
    owner::superseded(before.into_iter().filter(|old| *old != id).collect(), session).await?;
    let unknown = || StepError::Internal(format!("the daemon took {made} and then did not know it"));
    session.services.engine.image(&made).await?.ok_or_else(unknown)
}

/// The name of a root file system made from packages: the one that Dockerfiles use, unless it is changed before.
fn made_name(work: &BaseWork) -> String {
    if work.quirks.is_some() { BaseWork::plain(&work.local) } else { work.local.clone() }
}

/// Changes the image where its package manager would not work otherwise, and names it for Dockerfiles.
async fn mend(from: &str, quirks: &QuirksWork, work: &BaseWork, at: StepContext<'_>) -> Result<ImageInfo, StepError> {
    let StepContext { step, session, .. } = at;
    // Not the release's time: a base is the same for all of them, and for every project on the daemon.
    let mut context = TarFile::new(clock::FLOOR)?;
    context.bytes("Dockerfile", quirks.dockerfile.replace(QuirksWork::FROM, from).as_bytes(), 0o644, 0)?;
    for entry in &quirks.files {
        context.entry(entry)?;
    }
    let labels: Labels = [
        (label::PROJECT, session.ids.project.as_str()),
        (label::KIND, "base"),
        (label::STEP, step.id.as_str()),
        (label::TAGS, work.local.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let tags = vec![work.local.clone()];
    let image = image::build(context, tags.clone(), labels.clone(), at).await?;
    image::name(&image, &tags, &labels, session).await?;
    Ok(image)
}
