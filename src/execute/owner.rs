//! Whose an image of the daemon is. A daemon is shared, and a name is all that others see of an image: no build takes the name of
//! somebody else's, and none begins from what another project gave a base image's name.

use super::{Session, StepError};
use crate::{engine::ImageInfo, names::ImageReference, plan::label};

/// The kinds of images that are no base.
const MADE: [&str; 2] = ["image", "builder"];

/// Refuses names that images have which this project did not make.
///
/// # Errors
/// [`StepError::Taken`], or when the daemon does not answer.
pub async fn names(names: &[String], session: &Session) -> Result<(), StepError> {
    for name in names {
        let Some(image) = session.services.engine.image(name).await? else { continue };
        if !is_ours(&image, name, session) {
            return Err(StepError::Taken { name: name.clone(), whose: whose(&image, name) });
        }
    }
    Ok(())
}

/// Refuses an image as a base that some project made as something else: with `registry_has` it is what a registry has under its name.
///
/// # Errors
/// [`StepError::NotABase`].
pub fn base(image: &ImageInfo, name: &str, registry_has: bool) -> Result<(), StepError> {
    let kind = image.labels.get(label::KIND).filter(|kind| MADE.contains(&kind.as_str()));
    match kind {
        Some(kind) if !registry_has && is_named(image, name) => {
            let project = image.labels.get(label::PROJECT).cloned().unwrap_or_default();
            Err(StepError::NotABase { name: name.to_owned(), kind: kind.clone(), project })
        }
        _ => Ok(()),
    }
}

/// Whether an image was made as the base image of this name.
pub fn is_made_base(image: &ImageInfo, name: &str) -> bool {
    image.labels.get(label::KIND).is_some_and(|kind| kind == "base") && is_named(image, name)
}

/// Whether the name is one that an image was given when it was made, however it is spelt: whoever built on it has its labels, and another name.
fn is_named(image: &ImageInfo, name: &str) -> bool {
    image.labels.get(label::TAGS).is_some_and(|tags| tags.split(' ').any(|tag| ImageReference::new(name).is_named(tag)))
}

fn is_ours(image: &ImageInfo, name: &str, session: &Session) -> bool {
    let is = |label: &str, value: &str| image.labels.get(label).is_some_and(|found| found == value);
    is(label::PROJECT, &session.ids.project) && is_named(image, name) && MADE.iter().any(|kind| is(label::KIND, kind))
}

fn whose(image: &ImageInfo, name: &str) -> String {
    match image.labels.get(label::PROJECT).filter(|_| is_named(image, name)) {
        Some(project) => format!("the project `{}`", project.escape_debug()),
        None => "somebody else".to_owned(),
    }
}
