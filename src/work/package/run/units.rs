//! What units of a package find where they run: in the tree, else in the image. Nothing is started: single files are asked for in a
//! container of the image, and its accounts are read.

use std::{
    collections::{BTreeSet, HashMap},
    io::Read as _,
};

use super::{
    Job, meta, refused,
    take::{blocking_reader, small_file},
};
use crate::{
    check::{
        natives::Lack,
        units::{Units, Wanted, judge_units, unit_paths},
    },
    engine::ContainerId,
    execute::{Session, StepError, records::blocking},
    recipe::ContentKind,
    stage::Tree,
};

/// The most files that are asked for: each costs a call.
const MOST_ASKED: usize = 1024;
/// The most links that are followed one after the other, as the kernel has it (path_resolution(7)).
const MOST_LINKS: u32 = 40;

/// Refuses units that cannot do what they are for.
pub async fn check(job: Job, tree: Tree, container: &ContainerId) -> Result<(Job, Tree), StepError> {
    let (job, tree, units) = blocking(move || {
        let meta = meta::of(&job.work, &tree, &job.session)?;
        let services = job.work.package.contents.iter().filter(|content| match &content.kind {
            ContentKind::Service(service) => service.asked,
            _ => false,
        });
        let enabled: BTreeSet<String> = services.map(meta::name_of).collect();
        let near: BTreeSet<String> = job.work.near_units.iter().cloned().collect();
        let units = Units::of(&tree, &meta, &enabled, &near)?;
        Ok((job, tree, units))
    })
    .await?;
    let mut image = Image { session: &job.session, container, asked: HashMap::new(), accounts: None };
    let mut lacks = units.lacks;
    for question in units.questions {
        if !image.has(&question.wanted, &job).await? {
            lacks.push(question.lack);
        }
    }
    lacks.sort_by(|a: &Lack, b: &Lack| a.path.cmp(&b.path));
    judge_units(job.work.package.name.as_str(), &lacks, &job.work.package.allow).map_err(refused)?;
    Ok((job, tree))
}

/// What a path of the image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Nothing,
    Folder,
    File { executable: bool },
}

/// What is asked of the image, and what it has said.
struct Image<'s> {
    session: &'s Session,
    container: &'s ContainerId,
    asked: HashMap<String, Thing>,
    /// The texts of `/etc/passwd` and `/etc/group`.
    accounts: Option<[String; 2]>,
}

impl Image<'_> {
    async fn has(&mut self, wanted: &Wanted, job: &Job) -> Result<bool, StepError> {
        match wanted {
            Wanted::Program(paths) => self.any(paths, |thing| thing == Thing::File { executable: true }).await,
            Wanted::File(paths) => self.any(paths, |thing| matches!(thing, Thing::File { .. })).await,
            Wanted::Folder(paths) => self.any(paths, |thing| thing == Thing::Folder).await,
            Wanted::Path(paths) => self.any(paths, |thing| thing != Thing::Nothing).await,
            Wanted::Unit(name) => {
                let paths: Vec<String> = unit_paths(name).collect();
                self.any(&paths, |thing| thing != Thing::Nothing).await
            }
            Wanted::User(name) => self.account(name, 0, job).await,
            Wanted::Group(name) => self.account(name, 1, job).await,
        }
    }

    /// Whether the image has an account that the recipe did not make for others.
    async fn account(&mut self, name: &str, which: usize, job: &Job) -> Result<bool, StepError> {
        if self.accounts.is_none() {
            let mut texts = [String::new(), String::new()];
            for (text, file) in texts.iter_mut().zip(["/etc/passwd", "/etc/group"]) {
                let bytes = small_file(self.session, self.container, file).await?;
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

    async fn any(&mut self, paths: &[String], fits: impl Fn(Thing) -> bool) -> Result<bool, StepError> {
        for path in paths {
            if fits(self.look(path).await?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is there, links followed.
    async fn look(&mut self, path: &str) -> Result<Thing, StepError> {
        if let Some(known) = self.asked.get(path) {
            return Ok(*known);
        }
        if self.asked.len() >= MOST_ASKED {
            return Err(StepError::Contents {
                message: format!("the package's units ask for more than {MOST_ASKED} files that are not in it"),
                help: "ship fewer units in one package".to_owned(),
            });
        }
        let thing = self.walk(path).await?;
        self.asked.insert(path.to_owned(), thing);
        Ok(thing)
    }

    async fn walk(&self, path: &str) -> Result<Thing, StepError> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let Some(stream) = self.session.engine.download(self.container, &path).await? else {
                return Ok(Thing::Nothing);
            };
            let reader = blocking_reader(stream);
            let found = blocking(move || {
                let mut archive = tar::Archive::new(reader.take(1 << 20));
                let Some(entry) = archive.entries()?.next() else { return Ok(Ok(Thing::Nothing)) };
                let entry = entry?;
                let kind = entry.header().entry_type();
                if let Some(target) = entry.link_name()?.filter(|_| kind.is_symlink()) {
                    return Ok(Err(target.to_string_lossy().into_owned()));
                }
                let executable = entry.header().mode()? & 0o111 != 0;
                Ok(Ok(match kind {
                    kind if kind.is_dir() => Thing::Folder,
                    kind if kind.is_file() => Thing::File { executable },
                    _ => Thing::Nothing,
                }))
            })
            .await?;
            match found {
                Ok(thing) => return Ok(thing),
                Err(target) if target.starts_with('/') => path = target,
                Err(target) => {
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    path = format!("{folder}/{target}");
                }
            }
        }
        Ok(Thing::Nothing)
    }
}
