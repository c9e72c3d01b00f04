//! `--keep-failed`: the containers of a step that failed stay until the next run, and how to look around in them.

use std::{io, path::Path};

use super::Session;
use crate::{
    engine::{ContainerId, Engine, EngineError, Labels},
    names::CheckoutId,
    plan::label,
    util::state::{State, Unread},
};

/// The file in the state folder that says that something was kept.
const MARK: &str = "kept";

/// Keeps the containers of a step that failed and gives the command that leads into the last one.
pub async fn last_container(session: &Session) -> Option<String> {
    let container = session.keep()?;
    Some(into(&container, session).await)
}

/// Says for the next run that an image was made to look into.
///
/// # Errors
/// When the disk is full.
pub fn mark_image(id: &str, session: &Session) -> io::Result<()> {
    State::for_project(&session.paths.project).write(MARK, format!("{id}\n").as_bytes())
}

/// Says for the next run that something was kept.
///
/// # Errors
/// When the disk is full.
pub fn mark_kept(session: &Session) -> io::Result<()> {
    let kept = session.kept.ids();
    if kept.is_empty() {
        Ok(())
    } else {
        State::for_project(&session.paths.project).write(MARK, (kept.join("\n") + "\n").as_bytes())
    }
}

/// Removes the nameless images that somebody made of kept containers to look into them: they carry the container's labels. One
/// that is still in use stays for the run after this one.
///
/// # Errors
/// When the daemon does not answer.
pub async fn forget_kept(engine: &dyn Engine, project: &Path, checkout: &CheckoutId) -> Result<(), EngineError> {
    let state = State::for_project(project);
    let unread = |error: Unread| EngineError::Io { doing: "see what was kept".to_owned(), reason: error.to_string() };
    if !state.names("").map_err(unread)?.iter().any(|name| name == MARK) {
        return Ok(());
    }
    let labels: Labels = [(label::CHECKOUT, checkout.as_str()), (label::KIND, "container")]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    let mut in_use = false;
    for image in engine.images(&labels).await?.into_iter().filter(|image| image.tags.is_empty()) {
        in_use |= engine.remove_image(&image.id.0).await.is_err();
    }
    if !in_use {
        // One that cannot be removed is looked at again by the next run.
        let _ = state.make().and_then(|folder| folder.remove(Path::new(MARK)));
    }
    Ok(())
}

async fn into(container: &ContainerId, session: &Session) -> String {
    let id = container.0.get(..12).unwrap_or(&container.0);
    match session.services.engine.state(container).await {
        Ok(None) => format!("its container runs, until the next run of factory here: `docker exec -it {id} sh`"),
        // An ended container would only run its command again: an image of it runs anything.
        _ => format!(
            "its container is kept until the next run of factory here: `docker run --rm -it --entrypoint sh $(docker \
             commit {id})`"
        ),
    }
}
