//! The packages of a run that can be installed beside each other: a package is held against them before its file gets its name.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use super::listing::{Line, beside, read};
use crate::{event::StepId, execute::StepError, recipe::Package, work::package::PackageWork};

/// What was accepted in a run, by step.
#[derive(Debug, Default)]
pub struct Accepted(Mutex<BTreeMap<StepId, (Package, Files)>>);

/// What a package ships.
#[derive(Debug)]
enum Files {
    /// Of one that this run makes.
    Made(Vec<Line>),
    /// The list of one that was there before, read when it is needed.
    Before(PathBuf),
}

impl Accepted {
    /// Accepts a package that this run makes. Finished packages that the recipe collects are not
    /// held against others, nor is what no package manager installs.
    ///
    /// # Errors
    /// [`StepError::Contents`] where it ships a file of one that was accepted before.
    pub fn take(&self, step: &StepId, work: &PackageWork, lines: Vec<Line>) -> Result<(), StepError> {
        self.add(step, work, Files::Made(lines))
    }

    /// Accepts a package that was there before, with its list.
    ///
    /// # Errors
    /// As [`Accepted::take`].
    pub fn keep(&self, step: &StepId, work: &PackageWork, listing: PathBuf) -> Result<(), StepError> {
        self.add(step, work, Files::Before(listing))
    }

    fn add(&self, step: &StepId, work: &PackageWork, files: Files) -> Result<(), StepError> {
        if !work.package.collect.is_empty() || !work.is_installed() {
            return Ok(());
        }
        let mut accepted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files = files;
        let others = accepted.iter_mut().filter(|(other, _)| **other != *step && other.platform() == step.platform());
        for (_, (their, others)) in others {
            // Both were accepted by the run that made them.
            if matches!((&files, &others), (Files::Before(_), Files::Before(_))) {
                continue;
            }
            let equal = work.packaging.native().is_some_and(|native| native.shares_equal_files);
            let version = &work.release.version;
            beside((&work.package, files.lines()?), (their, others.lines()?), version, equal)?;
        }
        accepted.insert(step.clone(), (work.package.clone(), files));
        Ok(())
    }
}

impl Files {
    fn lines(&mut self) -> Result<&[Line], StepError> {
        if let Self::Before(listing) = self {
            *self = Self::Made(read(listing)?);
        }
        match self {
            Self::Made(lines) => Ok(lines),
            Self::Before(_) => Ok(&[]),
        }
    }
}
