//! Links of a package that lead to nothing, neither in it nor where it is installed.

use super::{
    Inside, Job,
    files::{Files, Thing},
    unseen::Unseen,
};
use crate::{
    check::{
        Finding,
        files::links::{Outward, outward},
    },
    execute::{StepError, records::blocking},
    stage::Tree,
};

/// So many links are looked after in the image: each costs a call.
const MOST: usize = 500;

/// The links of the tree that lead to nothing. Without an image, it is not known of those that lead out of the tree: they are `unseen`.
///
/// # Errors
/// When the daemon does not answer.
pub async fn dangling(
    job: Job,
    tree: Tree,
    inside: Option<Inside<'_>>,
    unseen: &mut Unseen,
) -> Result<(Job, Tree, Vec<Finding>), StepError> {
    let (job, tree, links) = blocking(move || {
        let links = outward(&tree);
        Ok((job, tree, links))
    })
    .await?;
    let Some(Inside { container, .. }) = inside else {
        for link in &links {
            unseen.link(link);
        }
        return Ok((job, tree, Vec::new()));
    };
    let session = job.session.clone();
    let mut image = Files::new(&session, container).without(&job.work.only_here);
    let mut found = Vec::new();
    for link in links.iter().take(MOST) {
        if !image.any(&link.beside, |thing| *thing != Thing::Nothing).await? {
            found.push(link.dangling());
        }
    }
    if links.len() > MOST {
        let name = &job.work.package.name;
        let said = format!("{name}: of {} links that lead out of it only {MOST} were looked after", links.len());
        session.doubt(&job.step, format!("{said} [dangling-link]"));
        // What is allowed of the others is not held against the recipe.
        let is_meant = |finding: &Finding| job.work.package.allow.iter().any(|one| finding.is_meant_by(one));
        found.extend(links.iter().skip(MOST).map(Outward::dangling).filter(is_meant));
    }
    Ok((job, tree, found))
}
