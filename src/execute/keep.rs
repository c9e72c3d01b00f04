//! `--keep-failed`: the containers of a step that failed stay until the next run, and how to look around in them.

use std::{collections::BTreeMap, io, path::Path};

use super::Session;
use crate::{
    engine::{ContainerId, Engine, EngineError, Labels},
    event::StepId,
    plan::{Record, Step, label},
    util::state::{State, Unread},
    work::{
        Work,
        image::{
            ImageWork,
            run::{self as image, layer},
        },
    },
};

/// The file in the state folder that says that something was kept.
const MARK: &str = "kept";

/// Keeps the containers of a failed step and gives the command that leads into the last one. BuildKit keeps neither container
/// nor image of a build that failed: there it is an image of all that came before the instruction that failed, or else the one
/// that the failed one is made from.
pub async fn way_in(
    step: &Step,
    records: &BTreeMap<StepId, Record>,
    said: &[String],
    session: &Session,
) -> Option<String> {
    match &step.work {
        Work::Image(work) => Some(match last_layer(work, step, records, said, session).await {
            Some(id) => format!(
                "an image of what came before the instruction that failed is kept until the next run of factory here: `docker \
                 run --rm -it --entrypoint sh {id}`"
            ),
            None => from_parent(work, records),
        }),
        Work::Base(_) | Work::Builder(_) => None,
        Work::Seed(_) | Work::Wheels(_) | Work::Package(_) | Work::Wapt(_) => {
            let container = session.keep()?;
            Some(into(&container, session).await)
        }
    }
}

/// Says for the next run that something was kept.
///
/// # Errors
/// When the disk is full.
pub fn mark_kept(session: &Session) -> io::Result<()> {
    let kept = session.kept.ids();
    if kept.is_empty() { Ok(()) } else { State::of(&session.project).write(MARK, (kept.join("\n") + "\n").as_bytes()) }
}

/// Removes the nameless images that somebody made of kept containers to look into them: they carry the container's labels. One
/// that is still in use stays for the run after this one.
///
/// # Errors
/// When the daemon does not answer.
pub async fn forget_kept(engine: &dyn Engine, project: &Path, home: &str) -> Result<(), EngineError> {
    let state = State::of(project);
    let unread = |error: Unread| EngineError::Io { doing: "see what was kept".to_owned(), reason: error.to_string() };
    if !state.names("").map_err(unread)?.iter().any(|name| name == MARK) {
        return Ok(());
    }
    let labels: Labels =
        [(label::HOME, home), (label::KIND, "container")].map(|(name, value)| (name.into(), value.into())).into();
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
    match session.engine.state(container).await {
        Ok(None) => format!("its container runs, until the next run of factory here: `docker exec -it {id} sh`"),
        // An ended container would only run its command again: an image of it runs anything.
        _ => format!(
            "its container is kept until the next run of factory here: `docker run --rm -it --entrypoint sh $(docker \
             commit {id})`"
        ),
    }
}

/// An image of the last good layer of a build that failed: its short id. `None` where the instruction that failed is not known
/// for sure, or the builder does not have the layers before it any more.
async fn last_layer(
    work: &ImageWork,
    step: &Step,
    records: &BTreeMap<StepId, Record>,
    said: &[String],
    session: &Session,
) -> Option<String> {
    let (stage, number) = layer::failed_instruction(said)?;
    let dockerfile = layer::before(&work.dockerfile, &stage, number)?;
    let built = session.until_stopped(image::build_until(dockerfile, work, step, records, session)).await;
    let id = built.ok()?.0;
    // Without the mark the next run does not look for it.
    State::of(&session.project).write(MARK, format!("{id}\n").as_bytes()).ok()?;
    let digits = id.strip_prefix("sha256:").unwrap_or(&id);
    Some(digits.get(..12).unwrap_or(digits).to_owned())
}

fn from_parent(work: &ImageWork, records: &BTreeMap<StepId, Record>) -> String {
    let id = records.get(&work.parent).map_or(work.parent_name.as_str(), Record::image);
    let id = id.strip_prefix("sha256:").and_then(|digits| digits.get(..12)).unwrap_or(id);
    format!(
        "BuildKit keeps nothing of a failed build to look into; what it is made from: `docker run --rm -it --entrypoint sh \
         {id}`"
    )
}
