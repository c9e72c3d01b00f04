//! `factory clean`.

mod candidates;
mod select;
mod view;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{context::Context, planned::Planned};
use crate::{
    diag::{Exit, Failure},
    engine::{Engine, EngineInfo, ImageInfo, Labels},
    event::{Events, StepId},
    execute::{Records, forget_kept, leftovers, remove_leftovers},
    names::{Bytes, Period, PlatformId},
    pipeline::{Project, SOURCES},
    plan::{Plan, Want, label},
    publish::sums,
    source::{
        git,
        store::{self, Claim},
        wheelhouse,
    },
    util::clock,
    work::Locks,
};
use view::view;

/// Remove what this project has made: its containers, images, records and logs
///
/// Only what carries this project's label under the names that it gave, and was built here (`.factory/images`, where that was written
/// here): an image that somebody made from one of ours, or another checkout built, stays, and so does BuildKit's cache, which is the
/// engine's.
/// Wheels and their store, packages, base images and fetched repositories are kept without `--all`. Of a wheel cache only what has
/// the shape of one is removed, and nothing where its folder has no `CACHEDIR.TAG` of ours and holds other things.
///
/// `--older-than` and `--keep-size` choose among images, builders, wheels, sources, logs and records by when a build last used
/// them, and leave what the current release's records need; with `--all` they leave nothing for that reason, and choose
/// among packages, too.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also wheels and their store, packages, base images and fetched repositories
    #[arg(long)]
    all: bool,
    /// Only what was last used longer ago: `30d`, `12h`, `2w`
    #[arg(long, value_name = "TIME")]
    older_than: Option<Period>,
    /// Only so much that what is left takes less, the least recently used first: `20GB`, `500MiB`
    #[arg(long, value_name = "SIZE")]
    keep_size: Option<Bytes>,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// Most names that are told of images that stay.
const TOLD: usize = 20;

/// Something to remove.
#[derive(Debug, Clone)]
enum Item {
    Image {
        /// `image`, `builder`, `base`.
        kind: &'static str,
        name: String,
        id: String,
        size: u64,
        /// RFC 3339.
        created: String,
        /// The name of the image that it was made from; empty when not told.
        from: String,
    },
    Path {
        path: PathBuf,
        what: &'static str,
        size: u64,
        how: How,
    },
}

/// How something is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// With everything in it: it is the project's own state.
    Whole,
    /// What has the shape of a wheelhouse.
    House,
    /// What has the shape of a store.
    Store,
}

impl Item {
    fn new(kind: &'static str, name: String, image: &ImageInfo) -> Self {
        let from = image.labels.get("org.opencontainers.image.base.name").cloned().unwrap_or_default();
        Self::Image { kind, name, id: image.id.0.clone(), size: image.size, created: image.created.clone(), from }
    }
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let project = context.open_any()?;
    if !project.is_released {
        let text = "no tag says which release this is: of images only those that this checkout has built are removed";
        context.events().info(text);
    }
    let (engine, info, is_met) = engine(&project, context).await?;
    let _lock = context.lock(&project).await?;
    let sources = project.state().make().and_then(|state| state.below(Path::new(SOURCES)));
    let sources = sources.map_err(|error| Failure::new(Exit::StepFailed, "the state cannot be read").because(error))?;
    let _sources = match &sources {
        Some(sources) => Some(context.lock_in(sources, "fetches the sources of this project").await?),
        None => None,
    };
    let mut items = if is_met {
        images(&project, &project.names(&info)?, engine.as_ref(), args.all, &context.events()).await?
    } else {
        Vec::new()
    };
    if args.older_than.is_some() || args.keep_size.is_some() {
        let all = candidates::of(items, &project, &info, args.all)?;
        let chosen = select::chosen(all, args.older_than, args.keep_size, clock::now());
        items = chosen.into_iter().flat_map(|candidate| candidate.thing).collect();
    } else {
        if args.all && is_met {
            items.extend(bases(&project.plan(&info, Want::Bases)?, &items, engine.as_ref()).await?);
        }
        items.extend(paths(&project, args.all)?);
    }
    if args.all {
        strangers(&project, context)?;
    }
    let containers =
        if is_met { leftovers(engine.as_ref(), &project.checkout_id, project.name()).await?.len() } else { 0 };
    if !args.dry_run {
        if is_met {
            remove_leftovers(engine.as_ref(), &project.checkout_id, project.name()).await?;
            forget_kept(engine.as_ref(), &project.folder, &project.checkout_id).await?;
        }
        for item in &items {
            remove(item, engine.as_ref(), context).await?;
        }
    }
    context.reporter.print(view(&items, containers, args.dry_run, &project.folder));
    Ok(())
}

/// The engine, and whether there is one: none is needed where this checkout has built no image and its recipe asks for none.
async fn engine(project: &Project, context: &Context) -> Result<(Arc<dyn Engine>, EngineInfo, bool), Failure> {
    match context.engine().await {
        Ok((engine, info)) => Ok((engine, info, true)),
        Err(failure) if failure.exit() == Exit::NoEngine => {
            let has_built = !Records::for_project(&project.folder).made_images()?.is_empty();
            let Some(Planned { engine, info, .. }) = Planned::without_engine(project).filter(|_| !has_built) else {
                return Err(failure);
            };
            let text = "no engine answers: images and containers are not looked at, and the recipe has neither";
            context.events().info(text);
            Ok((engine, info, false))
        }
        Err(failure) => Err(failure),
    }
}

/// The label of every image that a project of this name has made.
fn made_by(project: &Project) -> Labels {
    [(label::PROJECT.to_owned(), project.name().to_owned())].into()
}

/// The images that are ours, under the names we gave: those that our ledger knows. What another checkout has made, or another project
/// of our name, is not, whatever it is called: what has a name of this release is said. Children first, as the daemon wants it.
async fn images(
    project: &Project,
    release: &BTreeSet<String>,
    engine: &dyn Engine,
    all: bool,
    events: &Events,
) -> Result<Vec<Item>, Failure> {
    let ledger: BTreeSet<String> = Records::for_project(&project.folder).made_images()?;
    let chosen = chosen(project);
    let is_chosen = |image: &ImageInfo| {
        let step = image.labels.get(label::STEP).and_then(|step| StepId::read(step));
        chosen.as_ref().is_none_or(|ids| step.is_some_and(|step| ids.contains(&step.platform())))
    };
    let kinds: &[&'static str] = if all { &["image", "builder", "base"] } else { &["image", "builder"] };
    let mut found = engine.images(&made_by(project)).await?;
    found.retain(is_chosen);
    found.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.tags.cmp(&b.tags)));
    let mut items = Vec::new();
    let of_others = found.iter().filter(|image| !ledger.contains(&image.id.0)).flat_map(given);
    let staying: BTreeSet<&str> = of_others.filter(|name| release.contains(*name)).collect();
    if !staying.is_empty() {
        let staying: Vec<&str> = staying.into_iter().take(TOLD).collect();
        events.info(format!(
            "images of this release that were not built in this folder stay; if they are yours, `docker rmi {}`",
            staying.join(" ")
        ));
    }
    for kind in kinds {
        for image in found.iter().filter(|image| image.labels.get(label::KIND).is_some_and(|found| found == kind)) {
            let names = names(image, &ledger).into_iter();
            items.extend(names.map(|name| Item::new(kind, name, image)));
        }
    }
    Ok(items)
}

/// Our names of base images that were there before or were pulled: they carry no label of ours. The image itself is
/// somebody's and stays under its own name.
async fn bases(plan: &Plan, found: &[Item], engine: &dyn Engine) -> Result<Vec<Item>, Failure> {
    let known = |local: &str| found.iter().any(|item| matches!(item, Item::Image { name, .. } if name == local));
    let mut items = Vec::new();
    for step in &plan.steps {
        let Locks::Base(work) = step.work.locks() else { continue };
        let Some(image) = engine.image(&work.local).await? else { continue };
        // One that was made under this name was made by us (and found already) or by another project.
        let made = image.labels.get(label::TAGS).is_some_and(|tags| tags.split(' ').any(|name| name == work.local));
        if !known(&work.local) && !made {
            items.push(Item::new("base", work.local.clone(), &image));
        }
    }
    Ok(items)
}

/// The platforms that are cleaned; `None` when all of the recipe are, and what is left of former ones with them.
fn chosen(project: &Project) -> Option<Vec<&str>> {
    let all = project.targets.first().map_or(0, |target| target.recipe.project.platforms.len());
    let ids: Vec<&str> = project.targets.iter().map(|target| target.platform.id.as_str()).collect();
    (ids.len() < all).then_some(ids)
}

fn names(image: &ImageInfo, ledger: &BTreeSet<String>) -> Vec<String> {
    if !ledger.contains(&image.id.0) {
        return Vec::new();
    }
    if image.tags.is_empty() {
        return vec![image.id.0.clone()];
    }
    given(image).map(str::to_owned).collect()
}

/// The names that an image has and was given when it was made.
fn given(image: &ImageInfo) -> impl Iterator<Item = &str> {
    let given: Vec<&str> = image.labels.get(label::TAGS).map(|tags| tags.split(' ').collect()).unwrap_or_default();
    image.tags.iter().map(String::as_str).filter(move |name| given.contains(name))
}

fn paths(project: &Project, all: bool) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    let mut add = |path: PathBuf, what, how| {
        // A link is one, whatever it leads to.
        if path.symlink_metadata().is_ok() {
            let size = size_of(&path);
            items.push(Item::Path { path, what, size, how });
        }
    };
    for kind in ["records", "tests", "logs"] {
        let folder = project.state().path().join(kind);
        match chosen(project) {
            None => add(folder, kind, How::Whole),
            Some(ids) => ids.into_iter().for_each(|id| add(folder.join(id), kind, How::Whole)),
        }
    }
    // Sources and the store of wheels are of all platforms.
    match (chosen(project), all) {
        (None, true) => {
            add(project.store(), "sources", How::Whole);
            if let Some(store) = store_of(project) {
                add(store, "wheel store", How::Store);
            }
        }
        (None, false) => {
            for folder in git::checkouts_in(&project.store()) {
                add(folder, "source", How::Whole);
            }
        }
        (Some(_), _) => {}
    }
    if all {
        for target in &project.targets {
            let platform = target.platform.id.as_str();
            for house in wheelhouse::all(&project.wheel_dir, platform) {
                add(house, "wheels", How::House);
            }
            for file in packages_of(project, &target.platform.id)? {
                add(file, "package", How::Whole);
            }
        }
    }
    Ok(items)
}

/// The packages of a platform, and their checksums.
fn packages_of(project: &Project, platform: &PlatformId) -> Result<Vec<PathBuf>, Failure> {
    let listed = project.packages_of(platform).and_then(|folder| folder.as_ref().map(sums::listed).transpose());
    let failed = |error| Failure::new(Exit::StepFailed, format!("cannot list the packages: {error}"));
    Ok(listed.map_err(failed)?.unwrap_or_default())
}

/// The store of the wheel cache, where it is one of ours.
fn store_of(project: &Project) -> Option<PathBuf> {
    let root = wheelhouse::store(&project.wheel_dir);
    matches!(store::claim(&root), Ok(Claim::Ours)).then_some(root)
}

/// Says what is named as a wheel cache or lies where a store would, and is not ours.
fn strangers(project: &Project, context: &Context) -> Result<(), Failure> {
    let root = wheelhouse::store(&project.wheel_dir);
    let failed = |error| Failure::new(Exit::StepFailed, "the wheel cache cannot be read").because(error);
    let cache = wheelhouse::claim(&project.wheel_dir).map_err(failed)?;
    let store = store::claim(&root).map_err(failed)?;
    for (folder, claim) in [(&project.wheel_dir, cache), (&root, store)] {
        if let Claim::Foreign(why) = claim {
            context.events().warn(format!(
                "`{0}` is left as it is: {why}; what is yours to remove there goes with `rm -r {0}/…`",
                folder.display()
            ));
        }
    }
    Ok(())
}

fn size_of(path: &Path) -> u64 {
    let Ok(meta) = fs_err::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    let entries = fs_err::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size_of(&entry.path())).sum()
}

async fn remove(item: &Item, engine: &dyn Engine, context: &Context) -> Result<(), Failure> {
    match item {
        Item::Image { name, .. } => {
            // One that a container of somebody else still uses stays; that is no reason to stop.
            if let Err(error) = engine.remove_image(name).await {
                context.events().warn(format!("{name} stays: {error}"));
            }
            Ok(())
        }
        Item::Path { path, how, .. } => {
            let removed = match how {
                How::Whole => remove_whole(path),
                How::Store => store::remove(path),
                How::House => remove_house(path),
            };
            // A folder goes with its last file; one that holds something of somebody else stays.
            let _ = path.parent().map(fs_err::remove_dir);
            if *how != How::Whole {
                let _ = cache_of(path, *how).map(wheelhouse::forget);
            }
            removed.map_err(|error| Failure::new(Exit::StepFailed, "not everything could be removed").because(error))
        }
    }
}

/// Removes a file, a link, or a folder with everything in it.
fn remove_whole(path: &Path) -> std::io::Result<()> {
    if fs_err::symlink_metadata(path)?.is_dir() { fs_err::remove_dir_all(path) } else { fs_err::remove_file(path) }
}

/// The wheel cache that something is in.
fn cache_of(path: &Path, how: How) -> Option<&Path> {
    path.ancestors().nth(if how == How::Store { 1 } else { 2 })
}

fn remove_house(path: &Path) -> std::io::Result<()> {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    match (cache_of(path, How::House), path.parent().and_then(name), name(path)) {
        (Some(cache), Some(platform), Some(name)) => wheelhouse::remove(cache, &platform, &name),
        _ => Ok(()),
    }
}
