//! [`Seen`]: what reading a package has brought to light so far.

use super::{Foreign, ForeignError, PackageFormat, programs::Programs};
use crate::format::reader::Description;

/// So many things that are wrong are kept; the rest is counted.
const MOST_FAULTS: usize = 20;

/// What reading a package has brought to light so far: also of one that turns out to be cut off in the middle.
#[derive(Debug)]
pub struct Seen {
    /// For whoever ships it.
    pub(in crate::format) foreign: Option<Foreign>,
    /// For people.
    pub(in crate::format) description: Description,
    /// Whether somebody wants the description.
    pub(in crate::format) is_describing: bool,
    /// Whether somebody wants the files in it, too; they take several times the memory.
    pub(in crate::format) lists_files: bool,
    /// Its programs, libraries and scripts, where somebody asks for them.
    pub(in crate::format) programs: Option<Programs>,
    faults: Vec<ForeignError>,
    more: u64,
}

impl Seen {
    /// Nothing yet, and no description is wanted.
    #[must_use]
    pub fn new(format: PackageFormat) -> Self {
        let description = Description::new(format);
        Self {
            foreign: None,
            description,
            is_describing: false,
            lists_files: false,
            programs: None,
            faults: Vec::new(),
            more: 0,
        }
    }

    /// Nothing yet of the package in the file of this name, which is to be described, with its files or without.
    #[must_use]
    pub fn describing(format: PackageFormat, file: &str, lists_files: bool) -> Self {
        let mut seen = Self { is_describing: true, lists_files, ..Self::new(format) };
        file.clone_into(&mut seen.description.title);
        seen
    }

    /// Notes something that is wrong, behind which reading goes on.
    pub(in crate::format) fn fault(&mut self, error: ForeignError) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(error);
        } else {
            self.more += 1;
        }
    }

    /// Says that a package has a device, a pipe or a socket: its package manager makes it. Of many only the first ones are said.
    pub(in crate::format) fn special(&mut self, path: &str, what: &str) {
        if self.description.remarks.len() < MOST_FAULTS {
            self.description.remarks.push(format!("it has `{path}`, which is {what}"));
        }
    }

    /// The value, or a note of what is wrong.
    pub(in crate::format) fn take<T>(&mut self, found: Result<T, ForeignError>) -> Option<T> {
        found.map_err(|error| self.fault(error)).ok()
    }

    /// The first thing that is wrong.
    pub(in crate::format) fn first_fault(&mut self) -> Option<ForeignError> {
        std::mem::take(&mut self.faults).into_iter().next()
    }

    /// Everything that is wrong, each in words for people; of more than twenty things only how many there are.
    pub fn faults(&mut self) -> Vec<String> {
        let mut said: Vec<String> = std::mem::take(&mut self.faults).iter().map(ToString::to_string).collect();
        // A file that was cut off ends early for every part of it.
        said.dedup();
        if self.more > 0 {
            said.push(format!("and {} more", std::mem::take(&mut self.more)));
        }
        said
    }

    /// The description as far as it goes.
    #[must_use]
    pub fn into_description(self) -> Description {
        self.description
    }

    /// The package, which nothing may be wrong with; `ended` is how reading ended.
    pub(super) fn package(mut self, ended: Result<(), ForeignError>) -> Result<Foreign, ForeignError> {
        if let Some(first) = self.first_fault() {
            return Err(first);
        }
        ended?;
        self.foreign.ok_or(ForeignError::NotAPackage)
    }
}
