//! `--keep-failed`: the containers of a step that failed stay until the next run, and how to look around in them.

use std::collections::BTreeMap;

use super::Session;
use crate::{
    engine::ContainerId,
    event::StepId,
    plan::{ImageWork, Record, Step, Work},
};

/// Keeps the containers of a failed step and gives the command that leads into the last one. BuildKit keeps neither container
/// nor image of a build that failed: there it is the image that the failed one is made from.
pub async fn way_in(step: &Step, records: &BTreeMap<StepId, Record>, session: &Session) -> Option<String> {
    match &step.work {
        Work::Image(work) => Some(from_parent(work, records)),
        Work::Base(_) | Work::Builder(_) => None,
        Work::Seed(_) | Work::Wheels(_) | Work::Package(_) | Work::Wapt(_) => {
            let container = session.keep()?;
            Some(into(&container, session).await)
        }
    }
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

fn from_parent(work: &ImageWork, records: &BTreeMap<StepId, Record>) -> String {
    let id = records.get(&work.parent).map_or(work.parent_name.as_str(), |record| &record.output);
    let id = id.strip_prefix("sha256:").and_then(|digits| digits.get(..12)).unwrap_or(id);
    format!(
        "BuildKit keeps nothing of a failed build to look into; what it is made from: `docker run --rm -it --entrypoint sh \
         {id}`"
    )
}
