//! The base image: taken from the daemon, else pulled, else made from the distro's own packages.

use std::collections::BTreeMap;

mod bootstrap;
pub mod room;

use super::{
    Lines, Records, Session, StepError,
    context::TarFile,
    image, lock,
    run::Product,
    transient::{Tries, of_engine},
};
use crate::{
    engine::{EngineError, ImageInfo, ImportSpec, Labels, Output as _},
    plan::{BaseWork, QuirksWork, Step, label},
    recipe::BootstrapMode,
    util::clock,
};

/// Runs the step.
pub async fn run(work: &BaseWork, step: &Step, session: &Session, lines: &Lines) -> Result<Product, StepError> {
    let (root, from) = if let Some(found) = session.until_stopped(obtain(work, step, session, lines)).await? {
        found
    } else {
        // Not given up on Ctrl-C, but told to stop: it has a whole root file system to remove.
        let before = session.until_stopped(made(work, session)).await?;
        let tar = bootstrap::make(work, step, session, lines).await?;
        (session.until_stopped(import(tar, before, work, step, session, lines)).await?, made_name(work))
    };
    let mut images = BTreeMap::new();
    if from == work.image {
        // Pulled again by somebody, it is another image: the record must not count then.
        images.insert(work.image.clone(), root.id.0.clone());
    }
    lock::hold_base(work, Some(&root).filter(|_| from == work.image), step, session)?;
    let origin = if root.repo_digests.is_empty() { "local" } else { "from its registry" };
    let (image, changed) = match &work.quirks {
        None => (root, ""),
        Some(quirks) => (session.until_stopped(mend(&from, quirks, work, step, session, lines)).await?, ", changed"),
    };
    if !image.tags.contains(&work.local) {
        session.until_stopped(async { Ok(session.engine.tag(&image.id.0, &work.local).await?) }).await?;
    }
    images.insert(work.local.clone(), image.id.0.clone());
    Ok(Product {
        output: image.id.0.clone(),
        images,
        files: Vec::new(),
        note: format!("{} ({origin}{changed})", work.image),
        size: image.size,
    })
}

/// The image of the daemon or of its registry and a name of it; `None` when it must be made from packages.
async fn obtain(
    work: &BaseWork,
    step: &Step,
    session: &Session,
    lines: &Lines,
) -> Result<Option<(ImageInfo, String)>, StepError> {
    if work.mode != BootstrapMode::Always
        && !session.refresh
        && let Some(image) = session.engine.image(&work.image).await?
    {
        lines.line(&format!("{} is in the daemon", work.image));
        return Ok(Some((image, work.image.clone())));
    }
    // One that was made before, by this project or another one on the daemon: its name holds how it was made.
    let made = made_name(work);
    if work.mode != BootstrapMode::Never
        && !session.refresh
        && let Some(image) = session.engine.image(&made).await?
    {
        lines.line(&format!("{made} was made before"));
        return Ok(Some((image, made)));
    }
    if work.mode == BootstrapMode::Always {
        return Ok(None);
    }
    let refused = match pull(work, step, session, lines).await? {
        Ok(image) => return Ok(Some((image, work.image.clone()))),
        Err(refused) => refused,
    };
    if work.mode == BootstrapMode::Never || work.bootstrap.is_none() {
        let help = if work.bootstrap.is_some() {
            "`docker load` or `docker tag` the image, mend the way to the registry, or set `[base] bootstrap = \
             \"fallback\"` to make it from the distro's own packages"
        } else {
            "`docker load` or `docker tag` the image, or mend the way to the registry"
        };
        let (image, reason, help) = (work.image.clone(), refused.to_string(), help.to_owned());
        if session.refresh && session.engine.image(&image).await?.is_some() {
            return Err(StepError::NotRenewed { image, reason });
        }
        return Err(StepError::NoBase { image, reason, help });
    }
    session.events.info(format!(
        "{refused}; making {} from the distro's own packages instead (`[base] bootstrap = \"never\"` forbids that)",
        work.image
    ));
    Ok(None)
}

/// Pulls the image, again where the registry may do better the next time. The inner error is the registry's last word, which
/// other ways may be found around.
async fn pull(
    work: &BaseWork,
    step: &Step,
    session: &Session,
    lines: &Lines,
) -> Result<Result<ImageInfo, EngineError>, StepError> {
    let mut tries = Tries::default();
    loop {
        let pulled = tokio::select! {
            pulled = session.engine.pull(&work.image, None, lines) => pulled,
            error = lines.registry_silent(&work.image, session.patience) => Err(error),
        };
        let error = match pulled {
            Ok(image) => return Ok(Ok(image)),
            Err(error) => error,
        };
        if let Some(cause) = of_engine(&error)
            && tries.again(&cause, &step.id, session, lines).await?
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
    Ok(session.engine.image(&made_name(work)).await?)
}

/// Makes an image of a root file system, unless another project has made it in the meantime: both would have one name, and each
/// one's records would count only until the other one's import.
async fn import(
    tar: std::fs::File,
    before: Option<ImageInfo>,
    work: &BaseWork,
    step: &Step,
    session: &Session,
    lines: &Lines,
) -> Result<ImageInfo, StepError> {
    let made = made_name(work);
    let changes = [
        (label::PROJECT, session.name.as_str()),
        (label::KIND, "base"),
        (label::STEP, step.id.as_str()),
        (label::TAGS, &made),
    ]
    .map(|(name, value)| format!("LABEL {name}=\"{value}\""));
    let changes = changes.into_iter().chain(["CMD [\"/bin/bash\"]".to_owned()]).collect();
    let before = before.map(|image| image.id);
    if let Some(theirs) = self::made(work, session).await?.filter(|image| Some(&image.id) != before.as_ref()) {
        lines.line(&format!("{made} was made by another project in the meantime"));
        return Ok(theirs);
    }
    let id = session.engine.import(ImportSpec { tar, reference: made.clone(), changes }, lines).await?;
    Records::of(&session.project).note_image(&id.0)?;
    image::superseded(before.into_iter().filter(|old| *old != id).collect(), session).await?;
    let unknown = || StepError::Internal(format!("the daemon took {made} and then did not know it"));
    session.engine.image(&made).await?.ok_or_else(unknown)
}

/// The name of a root file system made from packages: the one that Dockerfiles use, unless it is changed before.
fn made_name(work: &BaseWork) -> String {
    if work.quirks.is_some() { BaseWork::plain(&work.local) } else { work.local.clone() }
}

/// Changes the image where its package manager would not work otherwise, and names it for Dockerfiles.
async fn mend(
    from: &str,
    quirks: &QuirksWork,
    work: &BaseWork,
    step: &Step,
    session: &Session,
    lines: &Lines,
) -> Result<ImageInfo, StepError> {
    // Not the release's time: a base is the same for all of them, and for every project on the daemon.
    let mut context = TarFile::new(clock::FLOOR)?;
    context.bytes("Dockerfile", quirks.dockerfile.replace(QuirksWork::FROM, from).as_bytes(), 0o644, 0)?;
    for entry in &quirks.files {
        context.entry(entry)?;
    }
    let labels: Labels = [
        (label::PROJECT, session.name.as_str()),
        (label::KIND, "base"),
        (label::STEP, step.id.as_str()),
        (label::TAGS, work.local.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    image::build(context, vec![work.local.clone()], labels, session, lines).await
}
