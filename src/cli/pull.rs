//! `factory pull`.

use std::time::{Duration, Instant};

use super::{
    context::{Context, DigestArgs},
    env, lock,
    planned::{Planned, planned_for_registry},
    push::{package_place, wheel_place},
    registry::{RegistryConnection, registry},
};
use crate::{
    diag::Failure,
    event::{Event, Events, Made, MadeKind, Outcome},
    pipeline::Project,
    plan::{Plan, Want},
    publish::{
        PushError,
        artifact::{Place, fetch},
        sums,
    },
    source::{
        lockfile::{LockedHouse, Lockfile},
        oci::OciError,
        wheelhouse::{Found, Manifest, Wheelhouse},
    },
    util::folder::{Folder, Links},
    work::{Expected, Locks, wheels::WheelsWork},
};

/// Fetch the packages and wheelhouses of a release from a registry, as `push --packages` put them there
///
/// Packages go to `packages/<platform>/`, wheelhouses into the wheel cache, where the next build finds them. Every file is held
/// against its digest, and wheels against the hashes of the requirements and of `factory.lock`. Images are the engine's affair: `docker pull`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::PULL)]
pub struct Args {
    /// Where from: host[:port][/path]; `[project] registry` of the recipe when not given
    #[arg(long, value_name = "REGISTRY", env = env::FACTORY_REGISTRY)]
    registry: Option<String>,
    /// Replace packages that are here already and different
    #[arg(long)]
    force: bool,
}

/// Something to fetch.
enum Wanted {
    Packages(Place, Expected),
    Wheels(Place, Box<WheelsWork>),
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let project = context.open_with_sources(DigestArgs::default()).await?;
    let registry = registry(args.registry.as_deref(), &project)?;
    let locked = lock::load(&project, false)?;
    let Planned { plan, info, .. } = planned_for_registry(&project, Want::All, context).await?;
    let _lock = context.lock(&project).await?;
    let way = RegistryConnection::to(registry, &info.insecure, context).await?;
    let wanted = wanted(&plan, &project, &way)?;
    let to_run = wanted.len();
    context.events().emit(Event::Started { verb: "pull", title: project.title(), cached: 0, to_run });
    let started = Instant::now();
    let mut items = Vec::new();
    for wanted in &wanted {
        let (Wanted::Packages(place, _) | Wanted::Wheels(place, _)) = wanted;
        let begun = Instant::now();
        let (step, title) = (place.step.clone(), format!("fetch {}", place.name));
        context.events().emit(Event::StepStarted { step: step.clone(), title, why: "asked for".to_owned() });
        let fetched = match wanted {
            Wanted::Packages(place, expected) => {
                packages(place, expected, args.force, &project, &way, &context.events()).await
            }
            Wanted::Wheels(place, work) => wheels(place, work, &locked, &project, &way, &context.events()).await,
        };
        let (outcome, note) = match &fetched {
            Ok(rows) => (Outcome::Done, format!("{} fetched", rows.iter().filter(|row| row.took_ms.is_some()).count())),
            Err(PushError::Registry(OciError::Interrupted)) => (Outcome::Interrupted, String::new()),
            Err(error) => (Outcome::Failed, error.to_string()),
        };
        context.events().emit(Event::StepFinished { step, outcome, took: begun.elapsed(), note });
        items.extend(fetched?);
    }
    context.events().emit(Event::Made { items, took: started.elapsed() });
    Ok(())
}

fn wanted(plan: &Plan, project: &Project, way: &RegistryConnection) -> Result<Vec<Wanted>, Failure> {
    let mut wanted = Vec::new();
    for target in &project.targets {
        let platform = &target.platform.id;
        let mut expected = Expected::default();
        for step in plan.steps.iter().filter(|step| step.platform == *platform) {
            expected.add(step.work.runner().expected()?);
            // A seed is fetched by whoever has no wheels.
            if let Locks::Set(work) = step.work.locks() {
                let place = wheel_place(project.name(), platform, &work.key, &way.registry)?;
                wanted.push(Wanted::Wheels(place, Box::new(work.clone())));
            }
        }
        if !expected.is_empty() {
            let place = package_place(project.name(), platform, &project.release, &way.registry)?;
            wanted.push(Wanted::Packages(place, expected));
        }
    }
    Ok(wanted)
}

async fn packages(
    place: &Place,
    expected: &Expected,
    replace: bool,
    project: &Project,
    way: &RegistryConnection,
    events: &Events,
) -> Result<Vec<Made>, PushError> {
    let begun = Instant::now();
    let below =
        project.packages.strip_prefix(&project.folder).unwrap_or(&project.packages).join(place.platform.as_str());
    let open = Folder::open(&project.folder, Links::Refused)?.make(&below)?;
    let folder = open.path().to_owned();
    let files = fetch(place, &folder, replace, expected, &way.client, events).await?;
    sums::write(&open)?;
    let mut rows = Vec::new();
    for (name, same) in files {
        let path = folder.join(&name);
        let (sha256, size) = crate::util::files::digest(&path)?;
        let shown = path.strip_prefix(&project.folder).unwrap_or(&path).display().to_string();
        rows.push(row(place, shown, format!("sha256:{sha256}"), size, (!same).then(|| begun.elapsed())));
    }
    Ok(rows)
}

async fn wheels(
    place: &Place,
    work: &WheelsWork,
    locked: &Lockfile,
    project: &Project,
    way: &RegistryConnection,
    events: &Events,
) -> Result<Vec<Made>, PushError> {
    let begun = Instant::now();
    let platform = place.platform.as_str();
    let shown = |house: &Wheelhouse, took| {
        let digest = format!("sha256:{}", house.digest());
        row(place, format!("{} ({})", place.name, house.describe()), digest, house.size(), took)
    };
    let key = &work.key;
    if let Found::Whole(house) =
        Wheelhouse::find(&project.wheel_dir, platform, key)?.held(|wheels| work.wanted.judge_all(wheels, &|_| true))
    {
        return Ok(vec![shown(&house, None)]);
    }
    let fresh = Wheelhouse::workshop(&project.wheel_dir, platform)?;
    let expected = Expected { wheels: true, ..Expected::default() };
    fetch(place, fresh.path(), false, &expected, &way.client, events).await?;
    let judge = |manifest: &Manifest| {
        let set = (place.platform.clone(), work.image.clone());
        let house = locked.houses.get(&set);
        // It was not built here.
        work.wanted.judge_all(&manifest.wheels, &|wheel| house.is_some_and(|house| house.has_built(wheel)))?;
        let Some(house) = house else { return Ok(()) };
        let own = manifest.wheels.iter().filter(|wheel| work.wanted.is_own(wheel));
        if let Some(wheel) = own.into_iter().find(|wheel| house.has(&wheel.file.distribution())) {
            return Err(format!(
                "{} is said to be the project's own, and `factory.lock` has it of an index",
                wheel.file.as_str()
            ));
        }
        house.hold(&LockedHouse::new("", &manifest.wheels, &work.wanted))
    };
    match Wheelhouse::adopt(fresh.path(), &project.wheel_dir, platform, key, &judge)? {
        Found::Whole(house) => Ok(vec![shown(&house, Some(begun.elapsed()))]),
        Found::Damaged(reason) => Err(PushError::Foreign { name: place.name.clone(), reason }),
        Found::Absent => Err(PushError::Foreign { name: place.name.clone(), reason: "it has no manifest".to_owned() }),
    }
}

fn row(place: &Place, name: String, digest: String, size: u64, took: Option<Duration>) -> Made {
    let took_ms = took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    Made { kind: MadeKind::Fetched, platform: place.platform.to_string(), name, size, digest, took_ms }
}
