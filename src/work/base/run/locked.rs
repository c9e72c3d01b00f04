//! The base image that a lock names: by the digest of its registry wherever that is had from, and never another one.

use super::{Found, made_name, pull};
use crate::{
    engine::{Output as _, Pulled},
    execute::{Records, Session, StepContext, StepError},
    names::ImageReference,
    source::lockfile::LockedBase,
    work::base::BaseWork,
};

/// The image of the daemon that is the locked one, else that of the registry. What has no digest of a registry is on the machine that
/// wrote the lock, or nowhere.
///
/// # Errors
/// [`StepError::Drift`] when it cannot be had.
pub(crate) async fn obtain(locked: &LockedBase, work: &BaseWork, at: StepContext<'_>) -> Result<Found, StepError> {
    let StepContext { step, session, output, .. } = at;
    let drift =
        |why: String| StepError::Drift { differences: vec![format!("the base image of {}: {why}", step.platform)] };
    let Some(digest) = &locked.digest else {
        let Some(id) = &locked.id else {
            return Err(drift(format!("the lock does not say which {} it is, only its name", work.image)));
        };
        return match own(id, work, session).await? {
            Some(found) => Ok(found),
            None => Err(drift(format!(
                "the lock has {id}, which came out of no registry, and is not in this engine: only a base image of a registry can be had \
                 again"
            ))),
        };
    };
    let exact = format!("{}@{digest}", ImageReference::new(&work.image).repository());
    for name in [work.image.clone(), made_name(work), exact.clone()] {
        let Some(image) = session.services.engine.image(&name).await? else { continue };
        if image.repo_digests.iter().any(|own| ImageReference::new(own).digest() == Some(digest)) {
            output.line(&format!("{exact} is in the daemon"));
            let name = if name == exact { named(&image.id.0, work, session).await? } else { name };
            return Ok(Found { image, name, digest: Some(digest.clone()) });
        }
    }
    match pull(&exact, at).await? {
        Ok(Pulled { image, .. }) => {
            let name = named(&image.id.0, work, session).await?;
            Ok(Found { image, name, digest: Some(digest.clone()) })
        }
        Err(refused) => Err(drift(format!("the lock has {exact}, which could not be pulled: {refused}"))),
    }
}

/// An image that came out of no registry, by its id.
async fn own(id: &str, work: &BaseWork, session: &Session) -> Result<Option<Found>, StepError> {
    for name in [work.image.clone(), made_name(work)] {
        if let Some(image) = session.services.engine.image(&name).await?.filter(|image| image.id.0 == *id) {
            return Ok(Some(Found { image, name, digest: None }));
        }
    }
    // By its id alone only where it was made here: the name that it gets is every project's on the daemon.
    if !Records::for_project(&session.paths.project).made_images().map_err(std::io::Error::from)?.contains(id) {
        return Ok(None);
    }
    let Some(image) = session.services.engine.image(id).await? else { return Ok(None) };
    let name = named(id, work, session).await?;
    Ok(Some(Found { image, name, digest: None }))
}

/// Gives an image the name that Dockerfiles can start from.
async fn named(id: &str, work: &BaseWork, session: &Session) -> Result<String, StepError> {
    let name = made_name(work);
    session.services.engine.tag(id, &name).await?;
    Ok(name)
}
