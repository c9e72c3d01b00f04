//! The program that an image starts with is in it: a container of an image without it ends at once, wherever it runs.

use std::io::Read;

use crate::{
    engine::ContainerId,
    execute::{Session, StepError, records::blocking},
    names::{Allowance, Concern},
    plan::Step,
    util::{
        pattern::glob,
        toml::{Issue, Issues, Report, nearest, quoted},
    },
    work::{image::ImageWork, package::run as package},
};

/// How much of a folder is looked through for a name that is meant, in bytes of its archive.
const LOOKED_THROUGH: u64 = 64 * 1024 * 1024;

/// Looks for the program in the image. A word without a slash is left to the container's `PATH`.
///
/// # Errors
/// That it is not there, at its line; or when the daemon does not answer.
pub async fn look_up(work: &ImageWork, image: &str, step: &Step, session: &Session) -> Result<(), StepError> {
    // A Dockerfile of the project's own need not print it.
    let Some(start) = work.start.as_ref().filter(|start| work.dockerfile.contains(&start.program)) else {
        return idle(work, "");
    };
    let container = package::container_of(image, step, session).await?;
    let found = missing(&start.program, &container, session).await;
    session.discard(&container).await;
    let Some(near) = found? else { return idle(work, "") };
    if allowances(work).any(|one| is_of(one, &start.program)) {
        return idle(work, &start.program);
    }
    let message = format!("the image `{}` has no `{}`", work.name, start.program);
    let label = match &near {
        Some(near) => format!("did you mean {}?", quoted(near)),
        None => "no such file in the image".to_owned(),
    };
    let help = format!(
        "a container of it would end at once: name a program that `contents`, `python`, `packages` or the base image brings; where a volume \
         brings it, or it is an argument: `allow = [{{ check = \"start\", path = \"{}\", reason = \"…\" }}]`",
        start.program
    );
    let mut issues = Issues::default();
    issues.add(Issue::new(&start.at, message.clone()).label(label).help(help));
    let report = Report::new(session.recipe.as_ref().clone(), issues.into_sorted());
    Err(StepError::Reported {
        message: format!("the image `{}` lacks the program that it starts with", work.name),
        report: Box::new(report),
    })
}

/// What the recipe allows of it.
fn allowances(work: &ImageWork) -> impl Iterator<Item = &Allowance> {
    work.allow.iter().filter(|one| one.check == Concern::Start)
}

fn is_of(one: &Allowance, program: &str) -> bool {
    glob(one.path.trim_start_matches('/')).is_ok_and(|pattern| pattern.is_match(program.trim_start_matches('/')))
}

/// Refuses what is allowed for nothing; `missing` is the program that is not there, empty where none is.
fn idle(work: &ImageWork, missing: &str) -> Result<(), StepError> {
    match allowances(work).find(|one| missing.is_empty() || !is_of(one, missing)) {
        None => Ok(()),
        Some(one) => Err(StepError::Contents {
            message: format!("`allow` of {} names what is not so: start at `{}`", work.name, one.path),
            help: "take the entry out, or mend its `check` or `path`".to_owned(),
        }),
    }
}

/// `None` where it is there; else what is there and has nearly its name, if anything.
async fn missing(
    program: &str,
    container: &ContainerId,
    session: &Session,
) -> Result<Option<Option<String>>, StepError> {
    if session.engine.download(container, program).await?.is_some() {
        return Ok(None);
    }
    let Some((folder, name)) = program.rsplit_once('/') else { return Ok(Some(None)) };
    let top = if folder.is_empty() { "/" } else { folder };
    let Some(stream) = session.engine.download(container, top).await? else { return Ok(Some(None)) };
    let (reader, folder, name) = (package::blocking_reader(stream), folder.to_owned(), name.to_owned());
    // An archive that is cut off names what comes before that.
    blocking(move || {
        let mut archive = tar::Archive::new(reader.take(LOOKED_THROUGH));
        let entries = archive.entries()?.map_while(Result::ok);
        let names: Vec<String> = entries
            .filter_map(|entry| {
                let path = entry.path().ok()?.into_owned();
                let depth = path.components().filter(|part| matches!(part, std::path::Component::Normal(_))).count();
                (depth == if folder.is_empty() { 1 } else { 2 })
                    .then(|| path.file_name()?.to_str().map(str::to_owned))?
            })
            .collect();
        Ok(Some(nearest(&name, names.iter().map(String::as_str)).map(|near| format!("{folder}/{near}"))))
    })
    .await
}
