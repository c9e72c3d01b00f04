//! The folder that containers of an image work in: Docker makes one that is not there, empty and without a word, so a name that is
//! mistyped shows only when nothing is found in it.

use std::io::Read as _;

use super::starts::near;
use crate::{
    check::{Finding, Paths, Shipped, judge},
    execute::{
        StepContext, StepError, judged,
        records::{blocking, noted},
    },
    names::{Allowance, Concern, Topic},
    work::{
        image::ImageWork,
        package::run::{self as package, Files, Thing},
    },
};

/// So much of the folder's archive is looked at, in bytes: two entries are enough to know that it holds something.
const LOOKED_AT: u64 = 1 << 20;

/// Says whether nothing but `workdir` has made it.
///
/// # Errors
/// When the daemon does not answer, or when the recipe allows it for nothing.
pub async fn look_up(work: &ImageWork, image: &str, at: StepContext<'_>) -> Result<(), StepError> {
    let mut found = Vec::new();
    if let Some(folder) = work.workdir.as_deref().filter(|folder| !is_made(work, folder)) {
        found.extend(empty(work, folder, image, at).await?);
    }
    let allow: Vec<Allowance> = work.allow.iter().filter(|one| one.check == Concern::Workdir).cloned().collect();
    let (whose, recipe) = (work.name.as_str(), Some(at.session.recipe.as_ref()));
    let of = Shipped { whose, recipe, paths: Paths::Absolute, asked: &[Topic::Start] };
    judged::say(judge(&found, &allow, &of), &at.step.id, at.session)
}

/// Whether the recipe's contents or a line of the Dockerfile make a folder, or something below it.
fn is_made(work: &ImageWork, folder: &str) -> bool {
    let brought = format!("rootfs{folder}");
    let is_within =
        |path: &str| path.strip_prefix(&brought).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut lines = work.dockerfile.lines().filter(|line| {
        let instruction = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        !["WORKDIR", "CMD", "ENTRYPOINT", "ENV", "LABEL"].contains(&instruction.as_str())
    });
    folder == "/" || work.files.iter().any(|file| is_within(&file.path)) || lines.any(|line| names(line, folder))
}

/// Whether a line names a folder, and not one whose name only begins as it does.
fn names(line: &str, folder: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    line.match_indices(folder).any(|(at, _)| !line[at + folder.len()..].starts_with(goes_on))
}

/// That the folder holds nothing, and is not in the image that this one is made from.
async fn empty(work: &ImageWork, folder: &str, image: &str, at: StepContext<'_>) -> Result<Option<Finding>, StepError> {
    let StepContext { records, session, .. } = at;
    let container = package::container_of(image, at).await?;
    let looked = async {
        let Some(stream) = session.services.engine.download(&container, folder).await? else { return Ok(None) };
        let reader = package::blocking_reader(stream);
        let is_empty = blocking(move || {
            let mut archive = tar::Archive::new(reader.take(LOOKED_AT));
            Ok(archive.entries()?.take(2).filter_map(Result::ok).count() < 2)
        });
        Ok(if is_empty.await? { Some(near(folder, &container, session).await?) } else { None })
    };
    let looked: Result<Option<Option<String>>, StepError> = looked.await;
    session.discard(&container).await;
    let Some(near) = looked? else { return Ok(None) };
    let container = package::container_of(noted(records, &work.parent)?.image(), at).await?;
    let before = Files::new(session, &container).look(folder).await.cloned();
    session.discard(&container).await;
    if before? == Thing::Folder {
        return Ok(None);
    }
    let meant = near.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
    let what =
        format!("is made by `workdir` alone, and empty: neither {} nor its Dockerfile has it{meant}", work.parent_name);
    Ok(Some(Finding::new(Concern::Workdir, folder.trim_start_matches('/'), what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_the_whole_folder() {
        assert!(names("RUN mkdir -p /opt/shop && true", "/opt/shop"));
        assert!(names("COPY a /opt/shop/a", "/opt/shop"));
        assert!(!names("RUN mkdir /opt/shop-web /opt/shops", "/opt/shop"));
    }
}
