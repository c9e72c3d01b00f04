//! For rpm packages: the capabilities that their libraries have of themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{super::Job, Searched, of_files};
use crate::{
    check::Finding,
    depends::{Shipped, python::Names, rpm},
    engine::Output as _,
    execute::{StepError, StepOutput},
    names::{Concern, Relation},
};

/// Searches what the programs, libraries and scripts of a package need, and which libraries it gives to others.
pub(super) fn search(job: &Job, shipped: &Shipped, output: &StepOutput) -> Result<Searched, StepError> {
    let names = job.work.packaging.python_dists.as_ref();
    let names = names.map(|names| Names { needs: names.needs, default: names.default.clone() });
    let found = rpm::resolve(shipped, names.as_ref());
    for what in &found.odd {
        job.session.doubt(&job.step, format!("{}: {what}: left out of what the package needs", job.work.package.name));
    }
    let package = &job.work.package;
    let depends = new(&asked(job, found.requires), &package.depends, ("needs", output))?;
    let provides = new(&found.provides, &package.provides, ("provides", output))?;
    Ok(Searched { depends, provides, ..Searched::default() })
}

/// What is needed without the files that are loaded or run only sometimes, on purpose: the recipe says so of them.
fn asked(job: &Job, found: BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    let is_meant = |path: &String| {
        let finding = |concern| Finding::new(concern, path.trim_start_matches('/'), "");
        let findings = [Concern::Library, Concern::Interpreter].map(finding);
        job.work.package.allow.iter().any(|allowance| findings.iter().any(|finding| finding.is_meant_by(allowance)))
    };
    let without = |(text, mut files): (String, BTreeSet<String>)| {
        files.retain(|path| !is_meant(path));
        (!files.is_empty()).then_some((text, files))
    };
    found.into_iter().filter_map(without).collect()
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
