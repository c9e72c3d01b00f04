//! [`Subject`]: what is tested on one platform: the packages that were built, where they go, and what must be true
//! then.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    TrialError,
    listing::{self, Line},
    manager::{Commands, commands},
    unit::UnitName,
};
use crate::{
    build::Records,
    event::StepId,
    names::{PlatformId, Sha256},
    plan::{PackageWork, Plan, Record, Work},
    platform::Platform,
    recipe::{Recipe, UnitTrial},
    util::files::digest,
};

/// What is tested on one platform.
#[derive(Debug, Clone)]
pub struct Subject {
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
    /// `[[test.unit]]`.
    pub units: Vec<UnitTrial>,
    /// The virtualenv's prefix, where the recipe has Python.
    pub prefix: Option<String>,
    /// OS packages that judging units needs.
    pub tools: Vec<String>,
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
}

impl Subject {
    /// Finds what was built for this plan's release, and checks that it is still there.
    ///
    /// # Errors
    /// [`TrialError::NotBuilt`], and for platforms that cannot be tested.
    pub fn of(platform: &Platform, recipe: &Recipe, plan: &Plan, project: &Path) -> Result<Self, TrialError> {
        let Some(manager) = commands(platform.manager) else {
            let manager = platform.manager.as_str();
            return Err(TrialError::NoManager { platform: platform.id.to_string(), manager });
        };
        let mut base = String::new();
        let mut packages = Vec::new();
        for step in plan.steps.iter().filter(|step| step.platform == platform.id) {
            match &step.work {
                Work::Base(work) => base.clone_from(&work.local),
                Work::Package(work) => packages.push(built(&step.id, work, project)?),
                _ => {}
            }
        }
        if packages.is_empty() {
            return Err(TrialError::NoPackages(platform.id.to_string()));
        }
        let users = recipe.packages.iter().flat_map(|package| &package.users);
        Ok(Self {
            platform: platform.id.clone(),
            manager,
            base,
            packages,
            users: users.map(|user| user.name.to_string()).collect(),
            units: recipe.trial.units.clone(),
            prefix: recipe.python.as_ref().map(|python| python.prefix.clone()),
            tools: platform.trial.packages.clone(),
        })
    }

    /// The names of the packages.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|package| package.name.as_str())
    }

    /// Every line of every listing.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.packages.iter().flat_map(|package| &package.listing)
    }

    /// The unit files of the packages: name -> path with a leading slash.
    #[must_use]
    pub fn unit_files(&self) -> BTreeMap<UnitName, String> {
        let lines = self.lines().filter(|line| !line.is_dir());
        lines
            .filter_map(|line| {
                let (folder, name) = line.path.rsplit_once('/')?;
                let known = UNIT_FOLDERS.iter().any(|known| known.trim_start_matches('/') == folder);
                Some((UnitName::new(name).ok().filter(|_| known)?, format!("/{}", line.path)))
            })
            .collect()
    }

    /// How many checks there are.
    #[must_use]
    pub fn checks(&self) -> usize {
        // Install, files, units, remove and purge.
        5 + self.units.len()
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

/// The package that a step made, as its record has it.
fn built(step: &StepId, work: &PackageWork, project: &Path) -> Result<Built, TrialError> {
    let missing = |why: String| TrialError::NotBuilt { step: step.clone(), why };
    let records = Records::of(project);
    let record = records.load(step).ok_or_else(|| missing("there is no record of it".to_owned()))?;
    of_this_release(&record, work).map_err(missing)?;
    let mut package = None;
    for file in &record.files {
        let path = project.join(&file.path);
        match digest(&path) {
            Ok((sha256, _)) if sha256 == file.sha256 => {}
            Ok(_) => return Err(missing(format!("{} was changed", file.path))),
            Err(_) => return Err(missing(format!("{} is gone", file.path))),
        }
        if path != records.listing(step) {
            package = Some((path, file.sha256.clone()));
        }
    }
    let (file, sha256) = package.ok_or_else(|| missing("its record names no file".to_owned()))?;
    Ok(Built { name: work.package.name.to_string(), file, sha256, listing: listing::read(&records.listing(step))? })
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
