//! What a test that passed leaves: which packages it was, in `.factory/records/<platform>/test.json`.

use std::{collections::BTreeMap, path::Path};

use super::{Subject, TrialError};
use crate::{
    names::Sha256,
    util::{clock, files::write_whole},
};

/// The record.
#[derive(Debug, serde::Serialize)]
struct Record<'a> {
    /// The packages that passed, by name.
    packages: BTreeMap<&'a str, &'a Sha256>,
    /// When, RFC 3339.
    finished: String,
}

/// Writes the record.
///
/// # Errors
/// When the disk is full.
pub fn write(subject: &Subject, project: &Path) -> Result<(), TrialError> {
    let packages = subject.packages.iter().map(|package| (package.name.as_str(), &package.sha256)).collect();
    let record = Record { packages, finished: clock::rfc3339(clock::now()) };
    let path = project.join(".factory/records").join(subject.platform.as_str()).join("test.json");
    let text = serde_json::to_vec_pretty(&record).map_err(std::io::Error::from)?;
    Ok(write_whole(&path, &text)?)
}
