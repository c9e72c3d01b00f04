//! [`TestTarget`]: what is tested on one platform: the packages that were built, where they go, and what must be true
//! then.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    InstallTestError,
    listing::{self, Line},
    manager::{Commands, commands},
    runs::{self, Run, UnitFileLine},
    ties::Ties,
};
use crate::{
    event::StepId,
    execute::Records,
    format::{
        PackageFormat,
        foreign::{self, Foreign, ForeignError},
    },
    names::{PlatformId, Sha256, Tag, Topic},
    plan::{Plan, Record},
    platform::Platform,
    recipe::Recipe,
    stage::Limits,
    unit::UnitName,
    util::{files::digest_of, folder::open_file},
    work::{
        Gives, Locks,
        package::{PackageWork, run::of_items},
    },
};

/// What is tested on one platform.
#[derive(Debug, Clone)]
pub struct TestTarget {
    /// The platform.
    pub platform: PlatformId,
    /// Its package manager.
    pub manager: &'static Commands,
    /// The base image's name in the daemon.
    pub base: String,
    /// The packages of the recipe.
    pub packages: Vec<Built>,
    /// The users that they make.
    pub users: BTreeSet<String>,
    /// The images of the release on this platform: name -> id.
    pub images: BTreeMap<String, String>,
    /// The release's tag.
    pub tag: Tag,
    /// What is done with each unit.
    pub units: Vec<Run>,
    /// The virtualenv's prefix, where the recipe has Python.
    pub prefix: Option<String>,
    /// OS packages that judging units needs.
    pub tools: Vec<String>,
    /// Files (paths or globs) that need not be loadable, as the recipe says.
    pub allowed: Vec<String>,
    /// Which container of the platform it is for: 0 where there is one, else 1, 2, …
    pub number: usize,
}

/// A package that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// Its name.
    pub name: String,
    /// Its file, absolute.
    pub file: PathBuf,
    /// Of its bytes.
    pub sha256: Sha256,
    /// What is in it.
    pub listing: Vec<Line>,
    /// What it says of the other packages.
    pub ties: Ties,
}

impl TestTarget {
    /// Finds what was built for this plan's release, and checks that it is still there.
    ///
    /// # Errors
    /// [`InstallTestError::NotBuilt`], and for platforms that cannot be tested.
    pub fn find(
        platform: &Platform,
        recipe: &Recipe,
        tag: &Tag,
        plan: &Plan,
        project: &Path,
    ) -> Result<Self, InstallTestError> {
        let Some(manager) = commands(platform.manager) else {
            let manager = platform.manager.as_str();
            return Err(InstallTestError::NoManager { platform: platform.id.to_string(), manager });
        };
        let (id, format) = (platform.id.to_string(), platform.package.format);
        if !platform.package.native().is_some_and(|native| native.managers.contains(&platform.manager.as_str())) {
            let (manager, format) = (platform.manager.as_str(), format.as_str());
            return Err(InstallTestError::Foreign { platform: id, manager, format });
        }
        let mut base = String::new();
        let (mut packages, mut images) = (Vec::new(), BTreeMap::new());
        let records = Records::for_project(project);
        for step in plan.steps.iter().filter(|step| step.platform == platform.id) {
            if let Locks::Base(work) = step.work.locks() {
                base.clone_from(&work.local);
            }
            if let Some(work) = step.work.package() {
                packages.extend(built(&step.id, work, format, project)?);
            }
            if let Gives::Image(_) = step.work.gives() {
                let record = records.read(&step.id).map_err(std::io::Error::from)?;
                images.extend(record.into_iter().flat_map(|record| record.images));
            }
        }
        if packages.is_empty() {
            return Err(InstallTestError::NoPackages(platform.id.to_string()));
        }
        let users = recipe.packages.iter().flat_map(|package| &package.users);
        let allowed = recipe.packages.iter().flat_map(|package| &package.allow);
        let mut target = Self {
            platform: platform.id.clone(),
            manager,
            base,
            packages,
            images,
            tag: tag.clone(),
            users: users.map(|user| user.name.to_string()).collect(),
            units: Vec::new(),
            prefix: recipe.python.as_ref().map(|python| python.prefix.clone()),
            tools: platform.test.packages.clone(),
            allowed: allowed.filter(|one| one.check.topic() == Topic::Program).map(|one| one.path.clone()).collect(),
            number: 0,
        };
        target.units = runs::runs(&recipe.test.units, &target.unit_files());
        Ok(target)
    }

    /// The names of the packages.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|package| package.name.as_str())
    }

    /// Every line of every listing.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.packages.iter().flat_map(|package| &package.listing)
    }

    /// The unit files of the packages.
    #[must_use]
    pub fn unit_files(&self) -> BTreeMap<UnitName, UnitFileLine> {
        let lines = self.lines().filter(|line| !line.is_dir());
        lines
            .filter_map(|line| {
                let (folder, name) = line.path.rsplit_once('/')?;
                let known = UNIT_FOLDERS.iter().any(|known| known.trim_start_matches('/') == folder);
                let target = line.what.strip_prefix("link ").map(str::to_owned);
                let file = UnitFileLine { path: format!("/{}", line.path), target };
                Some((UnitName::new(name).ok().filter(|_| known)?, file))
            })
            .collect()
    }
}

/// Where units are looked for, the first one wins (systemd.unit(5), "Unit File Load Path").
pub const UNIT_FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The packages that a step made, as its record has them: one of ours, or those that it collected, whose names are in
/// their files.
fn built(
    step: &StepId,
    work: &PackageWork,
    format: PackageFormat,
    project: &Path,
) -> Result<Vec<Built>, InstallTestError> {
    let missing = |why: String| InstallTestError::NotBuilt { step: step.clone(), why };
    let records = Records::for_project(project);
    let record = records.load(step).ok_or_else(|| missing("there is no record of it".to_owned()))?;
    of_this_release(&record, work).map_err(missing)?;
    let mut files = Vec::new();
    for file in &record.files {
        let path = project.join(&file.path);
        match records.open(file).and_then(|mut open| digest_of(&mut open)) {
            Ok((sha256, _)) if sha256 == file.sha256 => {}
            Ok(_) => return Err(missing(format!("{} was changed", file.path))),
            Err(_) => return Err(missing(format!("{} is gone", file.path))),
        }
        // What no package manager takes is not installed.
        let is_own = path.file_name().and_then(|name| PackageFormat::of_file(name.to_str()?));
        if is_own.is_some_and(|(of, _)| of == format) {
            files.push((path, file.sha256.clone()));
        }
    }
    if files.is_empty() {
        return Err(missing("its record names no file".to_owned()));
    }
    if !work.package.collect.is_empty() {
        return files.into_iter().map(|(file, sha256)| collected(file, sha256).map_err(missing)).collect();
    }
    let (name, listing) = (work.package.name.to_string(), listing::read(&records.listing(step))?);
    let ties = Ties::for_package(&work.package, &work.release.version, format);
    Ok(files
        .into_iter()
        .map(|(file, sha256)| Built { name: name.clone(), file, sha256, listing: listing.clone(), ties: ties.clone() })
        .collect())
}

/// A package that was collected, as its own file describes it.
fn collected(file: PathBuf, sha256: Sha256) -> Result<Built, String> {
    let read = || -> Result<Foreign, ForeignError> {
        let open = open_file(&file)?;
        let size = open.metadata()?.len();
        foreign::read(std::io::BufReader::new(open), size, &Limits::default())
    };
    let package = read().map_err(|error| format!("{}: {error}", file.display()))?;
    let ties = Ties::named(&package.name);
    Ok(Built { name: package.name, listing: of_items(&package.files), file, sha256, ties })
}

fn of_this_release(record: &Record, work: &PackageWork) -> Result<(), String> {
    for (input, wanted) in
        [("version", work.release.version.to_string()), ("release", work.release.release.to_string())]
    {
        match record.inputs.get(input) {
            Some(found) if *found == wanted => {}
            Some(found) => return Err(format!("the last one built has the {input} {found}, not {wanted}")),
            None => return Err(format!("its record names no {input}")),
        }
    }
    Ok(())
}
