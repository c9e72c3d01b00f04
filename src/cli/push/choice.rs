//! What is pushed: the records' images, packages and wheelhouses.

use std::collections::BTreeMap;

use crate::{
    diag::{Exit, Failure},
    event::StepId,
    execute::{Records, Session},
    names::PlatformId,
    pipeline::Project,
    plan::{Plan, Record, Step},
    publish::{
        Registry,
        artifact::{Artifact, File, Kind, Place},
        image::Push,
    },
    source::wheelhouse::{Found, MANIFEST, Wheelhouse},
    util::files::{digest, digest_of},
    work::Gives,
};

/// Something to push.
#[derive(Debug)]
pub(super) enum Item {
    /// An image.
    Image(Push),
    /// Packages or wheels.
    Artifact(Box<Artifact>),
}

impl Item {
    pub(super) fn platform(&self) -> String {
        match self {
            Self::Image(push) => push.platform.clone(),
            Self::Artifact(artifact) => artifact.place.platform.to_string(),
        }
    }

    pub(super) fn name(&self, registry: &Registry) -> String {
        match self {
            Self::Image(push) => registry.name(&push.local),
            Self::Artifact(artifact) => artifact.place.name.clone(),
        }
    }
}

/// The chosen platforms, or the official one of them.
pub(super) fn platforms(all: bool, project: &Project) -> Result<Vec<PlatformId>, Failure> {
    let chosen = project.targets.iter();
    let found: Vec<PlatformId> = chosen
        .filter(|target| all || target.recipe.project.official.as_ref() == Some(&target.platform.id))
        .map(|target| target.platform.id.clone())
        .collect();
    if found.is_empty() {
        let failure =
            Failure::new(Exit::Usage, "none of the chosen platforms is the official one, whose images are pushed");
        return Err(failure.help(
            "`--all-platforms` pushes those of every chosen platform; or set `[project] official`, or choose it with \
             `--platform`",
        ));
    }
    Ok(found)
}

/// The plan with those who signed its packages: a push has no key, and asks only whether the rest is the same.
pub(super) fn as_signed(mut plan: Plan, project: &Project) -> Plan {
    let records = Records::for_project(&project.folder);
    for step in plan.steps.iter_mut().filter(|step| step.work.is_signed()) {
        let signer = records.load(&step.id).and_then(|record| record.inputs.get("signer").cloned());
        step.inputs.extend(signer.map(|signer| ("signer".to_owned(), signer)));
    }
    plan
}

/// The images of the platforms with all their tags, parents first.
pub(super) fn images(plan: &Plan, platforms: &[PlatformId], project: &Project) -> Result<Vec<Item>, Failure> {
    let records = Records::for_project(&project.folder);
    let mut images = Vec::new();
    for step in plan.steps.iter().filter(|step| platforms.contains(&step.platform)) {
        let Gives::Image(tags) = step.work.gives() else { continue };
        let record = records.load(&step.id);
        for tag in tags {
            let Some(id) = record.as_ref().and_then(|record| record.images.get(tag)) else {
                return Err(Failure::new(Exit::StepFailed, format!("{tag} was not built yet"))
                    .help(format!("`factory build images --tag {}`", project.release.tag)));
            };
            let name = tag.replace(['/', ':'], "-");
            images.push(Item::Image(Push {
                step: StepId::new(&step.platform, &format!("push-{name}")),
                platform: step.platform.to_string(),
                local: tag.clone(),
                id: id.clone(),
            }));
        }
    }
    Ok(images)
}

/// Refuses to push an image that is no longer the one that was built.
pub(super) async fn still_ours(items: &[Item], session: &Session) -> Result<(), Failure> {
    for item in items {
        let Item::Image(image) = item else { continue };
        match session.services.engine.image(&image.local).await? {
            Some(found) if found.id.0 == image.id => {}
            Some(_) => {
                let message = format!("{} is not the image that was built", image.local);
                return Err(Failure::new(Exit::StepFailed, message).help("`factory build images` makes it again"));
            }
            None => {
                let message = format!("{} is gone from the daemon", image.local);
                return Err(Failure::new(Exit::StepFailed, message).help("`factory build images` makes it again"));
            }
        }
    }
    Ok(())
}

/// The packages and wheelhouses of the platforms.
pub(super) async fn artifacts(
    plan: &Plan,
    platforms: &[PlatformId],
    project: &Project,
    registry: &Registry,
) -> Result<Vec<Item>, Failure> {
    let (plan, platforms) = (plan.clone(), platforms.to_vec());
    let (folder, wheel_dir) = (project.folder.clone(), project.wheel_dir.clone());
    let (name, registry, release) = (project.name().to_owned(), registry.clone(), project.release.clone());
    let revision = project.stamp()?.revision.clone();
    let work = tokio::task::spawn_blocking(move || {
        let records = Records::for_project(&folder);
        let mut items = Vec::new();
        for platform in &platforms {
            let mut files = Vec::new();
            for step in plan.steps.iter().filter(|step| step.platform == *platform) {
                match (step.work.gives(), records.load(&step.id)) {
                    (Gives::Files, Some(record)) => files.extend(packages(step, &record, &folder)?),
                    (Gives::Files, None) => return Err(not_built(&step.id)),
                    (Gives::Wheels { key, requirements, .. }, _) => match wheels(step, key, &wheel_dir) {
                        Ok(found) => {
                            let place = wheel_place(&name, platform, key, &registry)?;
                            items.push(artifact(place, found, &release.tag.to_string(), &revision));
                        }
                        // Only where its wheels were needed is there a seed.
                        Err(_) if requirements.is_none() => {}
                        Err(failure) => return Err(failure),
                    },
                    // Images are pushed by the engine, and what only they are made of is not wanted.
                    (Gives::Image(_) | Gives::Nothing, _) => {}
                }
            }
            if !files.is_empty() {
                let place = package_place(&name, platform, &release, &registry)?;
                items.push(artifact(place, files, &release.tag.to_string(), &revision));
            }
        }
        Ok(items)
    });
    work.await.map_err(|error| Failure::new(Exit::StepFailed, format!("a worker ended early: {error}")))?
}

/// Where the packages of a release are in a registry.
pub(in crate::cli) fn package_place(
    project: &str,
    platform: &PlatformId,
    release: &crate::recipe::Release,
    registry: &Registry,
) -> Result<Place, Failure> {
    let tag = format!("{platform}-{}-{}", release.tag, release.release);
    Ok(Place::new(Kind::Packages, project, platform, tag, registry)?)
}

/// Where a wheelhouse is in a registry: by its key, whatever the release.
pub(in crate::cli) fn wheel_place(
    project: &str,
    platform: &PlatformId,
    key: &crate::names::Sha256,
    registry: &Registry,
) -> Result<Place, Failure> {
    let tag = format!("{platform}-{}", key.short());
    Ok(Place::new(Kind::Wheels, project, platform, tag, registry)?)
}

fn artifact(place: Place, files: Vec<File>, version: &str, revision: &str) -> Item {
    let mut annotations = BTreeMap::new();
    // A wheelhouse does not depend on the release: the same wheels are the same artifact.
    if place.kind == Kind::Packages {
        annotations.insert("org.opencontainers.image.version".to_owned(), version.to_owned());
        if !revision.is_empty() {
            annotations.insert("org.opencontainers.image.revision".to_owned(), revision.to_owned());
        }
    }
    Item::Artifact(Box::new(Artifact { place, files, annotations }))
}

/// A package step's files, still as they were written.
fn packages(step: &Step, record: &Record, folder: &std::path::Path) -> Result<Vec<File>, Failure> {
    let mut files = Vec::new();
    for file in record.files.iter().filter(|file| file.is_artifact()) {
        let path = folder.join(&file.path);
        let found = Records::for_project(folder).open(file).and_then(|mut open| digest_of(&mut open));
        if !found.is_ok_and(|(sha256, _)| sha256 == file.sha256) {
            let message = format!("{} is not the package that was built", file.path);
            return Err(Failure::new(Exit::StepFailed, message).help("`factory build packages` makes it again"));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| not_built(&step.id))?;
        files.push(File { name, path, sha256: file.sha256.clone(), size: file.size });
    }
    Ok(files)
}

fn wheels(step: &Step, key: &crate::names::Sha256, wheel_dir: &std::path::Path) -> Result<Vec<File>, Failure> {
    let found = Wheelhouse::find(wheel_dir, step.platform.as_str(), key).map_err(crate::publish::PushError::from)?;
    let Found::Whole(house) = found else { return Err(not_built(&step.id)) };
    let manifest = house.folder.join(MANIFEST);
    let (sha256, size) = digest(&manifest).map_err(crate::publish::PushError::from)?;
    let mut files = vec![File { name: MANIFEST.to_owned(), path: manifest, sha256, size }];
    files.extend(house.manifest.wheels.iter().map(|wheel| File {
        name: wheel.file.as_str().to_owned(),
        path: house.folder.join(wheel.file.as_str()),
        sha256: wheel.sha256.clone(),
        size: wheel.size,
    }));
    Ok(files)
}

fn not_built(step: &StepId) -> Failure {
    Failure::new(Exit::StepFailed, format!("{step} was not built yet")).help("`factory build`")
}
