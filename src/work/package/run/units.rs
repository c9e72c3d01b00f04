//! What units of a package find where they run: in the tree, else in the image. Nothing is started: single files are asked for in a
//! container of the image, and its accounts are read.

use super::{
    Inside, Job,
    files::{Files, Thing},
    meta,
    take::small_file,
    unseen::Unseen,
};
use crate::{
    check::{
        Finding,
        place::has_below,
        units::{Known, Question, Units, Wanted},
    },
    engine::ContainerId,
    execute::{StepError, records::blocking},
    recipe::{ContentKind, is_of_system},
    stage::Tree,
};

/// What is wrong with units: what they cannot do. Without an image, what somebody else may have is `unseen`.
pub async fn lacks(
    job: Job,
    tree: Tree,
    inside: Option<Inside<'_>>,
    unseen: &mut Unseen,
) -> Result<(Job, Tree, Vec<Finding>), StepError> {
    let (job, tree, units) = blocking(move || {
        let meta = meta::of(&job.work, &tree, &job.session)?;
        let units = Units::of(&tree, &meta, &known(&job))?;
        Ok((job, tree, units))
    })
    .await?;
    let session = job.session.clone();
    let mut lacks = units.lacks;
    match inside {
        Some(Inside { container, .. }) => {
            let files = Files::new(&session, container).without(&job.work.only_here);
            let mut image = Image { files, container, accounts: None };
            for question in units.questions {
                if !image.has(&question.wanted, &job).await? {
                    lacks.push(question.lack);
                }
            }
        }
        None => lacks.extend(units.questions.into_iter().filter_map(|question| alone(question, &job, &tree, unseen))),
    }
    // A drop-in of a whole type says it for each unit.
    lacks.sort_by(|a: &Finding, b: &Finding| order_of(a).cmp(&order_of(b)));
    lacks.dedup();
    Ok((job, tree, lacks))
}

/// Units in the order of their paths, and what is wrong with one in that of its lines.
fn order_of(lack: &Finding) -> (&str, usize, &str) {
    let line = lack.what.strip_prefix("line ").and_then(|rest| rest.split(':').next()?.parse().ok());
    (&lack.path, line.unwrap_or_default(), &lack.what)
}

/// What is wrong where there is no image: users whom the recipe makes elsewhere are not there, and nobody else puts files into a folder of
/// the package's own.
fn alone(question: Question, job: &Job, tree: &Tree, unseen: &mut Unseen) -> Option<Finding> {
    let is_stranger = |name: &str| job.work.strangers.iter().any(|stranger| stranger.as_str() == name);
    match &question.wanted {
        Wanted::Program(paths) | Wanted::File(paths) | Wanted::Path(paths)
            if !job.work.has_relatives() && paths.iter().any(|path| is_in_own_folder(tree, path)) =>
        {
            Some(question.lack)
        }
        Wanted::User(name) | Wanted::Group(name) if is_stranger(name) => Some(question.lack),
        _ => {
            unseen.question(question);
            None
        }
    }
}

/// Whether a path is in a folder that is no folder of a system, and that the package has files in.
fn is_in_own_folder(tree: &Tree, path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_systems = folder.matches('/').count() < 2 || is_of_system(folder) || folder.contains("/systemd/");
    !is_systems && has_below(tree, folder)
}

/// What the recipe says of units.
fn known(job: &Job) -> Known {
    let mut known = Known { near: job.work.near_units.iter().cloned().collect(), ..Known::default() };
    for content in &job.work.package.contents {
        match &content.kind {
            ContentKind::Service(service) if service.asked => known.enabled.insert(meta::name_of(content)),
            ContentKind::Service(service) if service.enable => known.guessed.insert(meta::name_of(content)),
            _ => false,
        };
    }
    known
}

/// What is asked of the image, and what it has said.
struct Image<'s> {
    files: Files<'s>,
    container: &'s ContainerId,
    /// The texts of `/etc/passwd` and `/etc/group`.
    accounts: Option<[String; 2]>,
}

impl Image<'_> {
    async fn has(&mut self, wanted: &Wanted, job: &Job) -> Result<bool, StepError> {
        match wanted {
            Wanted::Program(paths) => self.files.any(paths, Thing::is_program).await,
            Wanted::File(paths) => self.files.any(paths, Thing::is_file).await,
            Wanted::Folder(paths) => self.files.any(paths, |thing| *thing == Thing::Folder).await,
            Wanted::Path(paths) => self.files.any(paths, |thing| *thing != Thing::Nothing).await,
            Wanted::User(name) => self.account(name, 0, job).await,
            Wanted::Group(name) => self.account(name, 1, job).await,
        }
    }

    /// Whether the image has an account that the recipe did not make for others.
    async fn account(&mut self, name: &str, which: usize, job: &Job) -> Result<bool, StepError> {
        if self.accounts.is_none() {
            let mut texts = [String::new(), String::new()];
            for (text, file) in texts.iter_mut().zip(["/etc/passwd", "/etc/group"]) {
                let bytes = small_file(&job.session, self.container, file).await?;
                *text = String::from_utf8_lossy(&bytes).into_owned();
            }
            self.accounts = Some(texts);
        }
        let text = self.accounts.as_ref().map_or("", |texts| texts[which].as_str());
        let found = text.lines().find_map(|line| {
            let mut fields = line.split(':');
            let (known, number) = (fields.next()?, fields.nth(1)?);
            (known == name || number == name).then_some(known)
        });
        Ok(found.is_some_and(|known| !job.work.strangers.iter().any(|stranger| stranger.as_str() == known)))
    }
}
