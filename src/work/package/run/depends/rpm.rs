//! For rpm packages: the capabilities that their libraries have of themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{super::Job, Searched, of_files};
use crate::{
    depends::{Shipped, rpm},
    engine::Output as _,
    execute::{StepError, StepOutput},
    names::Relation,
};

/// Searches what the programs, libraries and scripts of a package need, and which libraries it gives to others.
pub(super) fn search(job: &Job, shipped: &Shipped, output: &StepOutput) -> Result<Searched, StepError> {
    let found = rpm::resolve(shipped);
    let package = &job.work.package;
    let depends = new(&found.requires, &package.depends, ("needs", output))?;
    let provides = new(&found.provides, &package.provides, ("provides", output))?;
    Ok(Searched { depends, provides, weaker: Vec::new() })
}

/// The relations that the recipe does not have itself, said in the step's log.
fn new(
    found: &BTreeMap<String, BTreeSet<String>>,
    given: &[String],
    (verb, output): (&str, &StepOutput),
) -> Result<Vec<String>, StepError> {
    let mut all = Vec::new();
    for (text, files) in found.iter().filter(|(text, _)| !given.contains(text)) {
        let files = of_files(files.iter());
        // Names of libraries and versions are the files' own words.
        Relation::parse(text, false).map_err(|why| StepError::Contents {
            message: format!("{files} {verb} {text:?}, which rpm does not take: {why}"),
            help: "say `auto_depends = false`, and in `depends` what it needs".to_owned(),
        })?;
        output.line(&format!("{verb} {text} for {files}"));
        all.push(text.clone());
    }
    Ok(all)
}
