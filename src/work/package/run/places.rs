//! `odd-place`: folders of a package, and homes of its users, that neither the Filesystem Hierarchy Standard nor the image has.

use std::collections::BTreeMap;

use super::{
    Inside, Job,
    files::{Files, Thing},
};
use crate::{
    check::Finding,
    execute::StepError,
    names::Concern,
    recipe::hierarchy::{Odd, odd},
    stage::Tree,
};

/// Those of a tree, each folder once. What the recipe itself puts into the image is not looked for there.
///
/// # Errors
/// When the daemon does not answer.
pub async fn odd_ones(job: &Job, tree: &Tree, inside: Option<Inside<'_>>) -> Result<Vec<Finding>, StepError> {
    let mut files = inside.map(|inside| Files::new(&job.session, inside.container));
    let mut found = Vec::new();
    for (path, (odd, whose)) in all(job, tree) {
        let is_known = match &mut files {
            Some(files) if !job.work.own_folders.contains(&odd.folder) => {
                *files.look(&odd.folder).await? == Thing::Folder
            }
            _ => false,
        };
        if !is_known {
            found.push(finding(&path, &odd, &whose));
        }
    }
    Ok(found)
}

/// The odd folders by the paths that findings have, without a slash; of a home, whose it is.
fn all(job: &Job, tree: &Tree) -> BTreeMap<String, (Odd, String)> {
    let mut found = BTreeMap::new();
    let bare = |path: &str| path.trim_matches('/').to_owned();
    for (path, _) in tree.iter() {
        if let Some(odd) = odd(&format!("/{path}")) {
            found.entry(bare(&odd.folder)).or_insert((odd, String::new()));
        }
    }
    for user in &job.work.package.users {
        if let Some(odd) = odd(&user.home) {
            found.entry(bare(&user.home)).or_insert((odd, user.name.to_string()));
        }
    }
    found
}

fn finding(path: &str, odd: &Odd, whose: &str) -> Finding {
    let near = odd.near.as_ref().map(|near| format!(", did you mean {near}?")).unwrap_or_default();
    let folder = &odd.folder;
    let what = if whose.is_empty() {
        format!("is no folder of a system (Filesystem Hierarchy Standard 3.0){near}")
    } else {
        format!(
            "is the home of `{whose}`, and {folder} is no folder of a system (Filesystem Hierarchy Standard 3.0){near}"
        )
    };
    Finding::new(Concern::OddPlace, path, what)
}
