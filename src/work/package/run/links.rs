//! Links of a package that lead to nothing, neither in it nor where it is installed: said, because what makes it may come later.

use super::{
    Job,
    files::{Files, Thing},
    unseen::Unseen,
};
use crate::{
    check::links::{Outward, outward},
    engine::ContainerId,
    execute::{StepError, records::blocking},
    stage::Tree,
};

/// So many links are looked after in the image: each costs a call.
const MOST: usize = 500;
/// So many are named.
const SHOWN: usize = 3;

/// Without an image, nobody knows of links that lead out of the tree whether they lead to anything.
pub fn alone(tree: &Tree, unseen: &mut Unseen) {
    for link in outward(tree) {
        unseen.link(&link);
    }
}

/// Says which links of the tree lead to nothing.
///
/// # Errors
/// When the daemon does not answer.
pub async fn say(job: Job, tree: Tree, container: &ContainerId) -> Result<(Job, Tree), StepError> {
    let (job, tree, links) = blocking(move || {
        let links = outward(&tree);
        Ok((job, tree, links))
    })
    .await?;
    let session = job.session.clone();
    let mut image = Files::new(&session, container).without(&job.work.only_here);
    let mut dangling = Vec::new();
    for link in links.iter().take(MOST) {
        if !image.any(&link.beside, |thing| *thing != Thing::Nothing).await? {
            dangling.push(link);
        }
    }
    let name = &job.work.package.name;
    if links.len() > MOST {
        session.doubt(
            &job.step,
            format!("{name}: of {} links that lead out of it only {MOST} were looked after", links.len()),
        );
    }
    if !dangling.is_empty() {
        session.doubt(&job.step, format!("{name}: {}", sentence(&dangling)));
    }
    Ok((job, tree))
}

fn sentence(dangling: &[&Outward]) -> String {
    let one = |link: &&Outward| format!("`/{}` -> `{}`{}", link.path, link.target, link.meant);
    let shown = dangling.iter().take(SHOWN).map(one).collect::<Vec<_>>().join("; ");
    let more = dangling.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let (what, lead) = if dangling.len() == 1 { ("a link", "leads") } else { ("links", "lead") };
    format!("{what} {lead} to what is neither in the package nor where it is installed: {shown}{more}")
}
