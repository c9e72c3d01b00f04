//! What `--older-than` and `--keep-size` choose among: everything that is ours, when it was last used, and whether the current
//! release's records need it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::{How, Item, chosen, packages_of, select::Candidate, size_of, store_of};
use crate::{
    diag::Failure,
    engine::EngineInfo,
    event::StepId,
    execute::{Records, Used},
    pipeline::Project,
    plan::{Record, Want},
    source::{
        git,
        wheelhouse::{self, MANIFEST, Wheelhouse},
    },
    util::{clock, state::Unread},
    work::Work,
};

/// One thing and all its names: an image may have several, which go together.
pub type Thing = Vec<Item>;

/// What the records of the current release name.
#[derive(Debug, Default)]
pub struct Needs {
    steps: BTreeSet<StepId>,
    images: BTreeSet<String>,
    wheels: BTreeSet<PathBuf>,
    /// Beginnings of names of checkouts: the source and its commit.
    sources: Vec<String>,
}

impl Needs {
    /// What the records need of the steps that the recipe has now; of all of them where that is not known, as with sources that
    /// are not fetched.
    ///
    /// # Errors
    /// When a record cannot be read: what it needs is not known then.
    pub fn for_project(project: &Project, engine: &EngineInfo) -> Result<Self, Unread> {
        let plan = project.plan(engine, Want::All).ok();
        let store = Records::for_project(&project.folder);
        let mut needs = Self::default();
        for platform in store.platforms()? {
            for (step, record) in store.all(&platform)? {
                let known = plan.as_ref().map(|plan| plan.steps.iter().find(|known| known.id == step));
                let work = match known {
                    Some(None) => continue,
                    Some(Some(step)) => Some(&step.work),
                    None => None,
                };
                let is_wheels = work.is_none_or(|work: &Work| work.wheelhouse().is_some());
                if is_wheels {
                    needs.wheels.insert(Wheelhouse::folder(&project.wheel_dir, platform.as_str(), &record.key));
                }
                needs.add(step, &record);
            }
        }
        Ok(needs)
    }

    fn add(&mut self, step: StepId, record: &Record) {
        self.images.extend(record.images.values().cloned());
        self.sources.extend(record.origins.values().map(|(source, commit)| format!("{source}-{commit}")));
        self.steps.insert(step);
    }
}

/// Everything that could go: images by their ids, and files. With `all` nothing is needed.
///
/// # Errors
/// When what is needed, or was used lately, cannot be read.
pub fn of(
    images: Vec<Item>,
    project: &Project,
    engine: &EngineInfo,
    all: bool,
) -> Result<Vec<Candidate<Thing>>, Failure> {
    let needs = if all { Needs::default() } else { Needs::for_project(project, engine)? };
    let mut found = of_images(images, &needs, &Used::for_project(&project.folder)?);
    found.extend(of_files(project, &needs, all)?);
    Ok(found)
}

/// Images, each once. One that is made from another of ours takes what it has beside it.
fn of_images(items: Vec<Item>, needs: &Needs, used: &Used) -> Vec<Candidate<Thing>> {
    let sizes: Vec<(String, u64)> = items
        .iter()
        .filter_map(|item| match item {
            Item::Image { name, size, .. } => Some((name.clone(), *size)),
            Item::Path { .. } => None,
        })
        .collect();
    let size_of = |name: &str| sizes.iter().find(|(known, _)| known == name).map_or(0, |(_, size)| *size);
    let mut found: Vec<(String, Candidate<Thing>)> = Vec::new();
    for item in items {
        let Item::Image { id, size, created, from, .. } = &item else { continue };
        if let Some((_, known)) = found.iter_mut().find(|(known, _)| known == id) {
            known.thing.push(item);
            continue;
        }
        let candidate = Candidate {
            size: size.saturating_sub(size_of(from)),
            used: used.image(id).unwrap_or_default().max(clock::seconds(created).unwrap_or_default()),
            needed: needs.images.contains(id),
            thing: Vec::new(),
        };
        let id = id.clone();
        found.push((id, Candidate { thing: vec![item], ..candidate }));
    }
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Wheelhouses, checkouts, logs and records; with `all` packages, too.
fn of_files(project: &Project, needs: &Needs, all: bool) -> Result<Vec<Candidate<Thing>>, Failure> {
    let mut found = Vec::new();
    let mut add = |path: PathBuf, what: &'static str, used: i64, needed: bool| {
        let size = size_of(&path);
        let how = match what {
            "wheels" => How::House,
            "wheel store" => How::Store,
            _ => How::Whole,
        };
        let thing = vec![Item::Path { path, what, size, how }];
        found.push(Candidate { thing, size, used, needed });
    };
    let ids = chosen(project);
    for platform in platforms(project) {
        for house in wheelhouse::all(&project.wheel_dir, &platform) {
            let needed = needs.wheels.contains(&house);
            let used = modified(&house.join(MANIFEST));
            add(house, "wheels", used, needed);
        }
        if let (true, Ok(platform)) = (all, platform.parse()) {
            for file in packages_of(project, &platform)? {
                let used = modified(&file);
                add(file, "package", used, false);
            }
        }
    }
    // The store of wheels keeps its own size (`WHEEL_STORE_LIMIT`), by when each wheel was used: it goes whole, or not.
    if let (true, Some(store)) = (ids.is_none() && all, store_of(project)) {
        let used = modified(&store);
        add(store, "wheel store", used, false);
    }
    if ids.is_none() {
        for checkout in git::checkouts_in(&project.store()) {
            let name = checkout.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let needed = needs.sources.iter().any(|source| name.starts_with(source.as_str()));
            let used = modified(&checkout);
            add(checkout, "source", used, needed);
        }
    }
    for (kind, what) in [("logs", "log"), ("records", "record")] {
        for (platform, file) in files_below(&project.state().path().join(kind)) {
            if ids.as_ref().is_some_and(|ids| !ids.contains(&platform.as_str())) {
                continue;
            }
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let needed =
                kind == "records" && needs.steps.iter().any(|step| step.platform() == platform && step.name() == name);
            let used = modified(&file);
            add(file, what, used, needed);
        }
    }
    Ok(found)
}

/// The platforms whose wheels and packages are looked at: the chosen ones, and those that the recipe had before where its wheel
/// cache is its own.
fn platforms(project: &Project) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = project.targets.iter().map(|target| target.platform.id.to_string()).collect();
    if chosen(project).is_none() && project.wheel_dir.starts_with(&project.folder) {
        let entries = fs_err::read_dir(&project.wheel_dir).into_iter().flatten().flatten();
        found.extend(entries.filter_map(|entry| entry.file_name().into_string().ok()));
    }
    found
}

/// The files in the folders of a folder, with the names of those folders.
fn files_below(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = |path: &Path| fs_err::read_dir(path).into_iter().flatten().flatten();
    let folders = entries(folder).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut found: Vec<(String, PathBuf)> = folders
        .flat_map(|platform| {
            let name = platform.file_name().to_string_lossy().into_owned();
            entries(&platform.path()).map(move |entry| (name.clone(), entry.path())).collect::<Vec<_>>()
        })
        .filter(|(_, path)| path.symlink_metadata().is_ok_and(|meta| meta.is_file()))
        .collect();
    found.sort();
    found
}

/// When a file was last written, in seconds since 1970 UTC; 0 where that is not told.
fn modified(path: &Path) -> i64 {
    let time = fs_err::metadata(path).and_then(|meta| meta.modified());
    let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
}
