//! For Debian packages: which packages of the image have the libraries, and in which version.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Files, Inside, Job, listing},
    Searched, of_files, system,
};
use crate::{
    check::{Finding, Paths},
    depends::{
        Shipped,
        deb::{Found, Index, Lost, Needed, Question, implies, names_of, resolve, usual_package},
        merged,
    },
    engine::Output as _,
    execute::{StepError, StepOutput, hold_index},
    names::{Concern, Relation},
};

/// Searches what the programs and libraries of a package need.
pub(super) async fn search(
    job: &Job,
    shipped: &Shipped,
    inside: Option<Inside<'_>>,
    output: &StepOutput,
) -> Result<Searched, StepError> {
    if shipped.natives().is_empty() {
        return Ok(Searched::default());
    }
    let index = match inside {
        Some(Inside { container, .. }) => system::index(job, container).await?,
        None => None,
    };
    let Some((index, digest)) = index else {
        say_unknown(job, shipped, inside.is_some())?;
        return Ok(Searched::default());
    };
    if let Some(image) = &job.work.image {
        hold_index(&image.name, &digest, job.step.platform(), &job.session)?;
    }
    let mut question = Asked { job, shipped, index, beside: beside(job)?, links: BTreeMap::new() };
    let mut found = question.ask();
    if let Some(Inside { container, .. }) = inside
        && !found.lost.is_empty()
    {
        let files = Files::new(&job.session, container);
        question.links = links(&found, &files).await?;
        found = question.ask();
    }
    say_lost(job, &found.lost);
    say_silent(job, &found.silent);
    Ok(Searched { index: Some(digest), ..written(job, &found.needed, output)? })
}

/// What is asked, as often as something more is known.
struct Asked<'a> {
    job: &'a Job,
    shipped: &'a Shipped,
    index: Index,
    beside: BTreeSet<String>,
    links: BTreeMap<String, String>,
}

impl Asked<'_> {
    fn ask(&self) -> Found {
        resolve(Question {
            shipped: self.shipped,
            beside: &self.beside,
            index: &self.index,
            links: &self.links,
            own: self.job.work.package.name.as_str(),
        })
    }
}

/// The files of the packages whose files this one leaves out: it needs them beside it.
fn beside(job: &Job) -> Result<BTreeSet<String>, StepError> {
    let mut found = BTreeSet::new();
    for other in &job.others {
        found.extend(listing::read(other)?.iter().map(|line| merged(&format!("/{}", line.path))));
    }
    Ok(found)
}

/// Links of the image that no package has, as update-alternatives(1) and ldconfig(8) make them.
async fn links(found: &Found, files: &Files<'_>) -> Result<BTreeMap<String, String>, StepError> {
    let mut links = BTreeMap::new();
    for path in found.lost.values().flat_map(|lost| &lost.places) {
        if !links.contains_key(path)
            && let Some(end) = files.end(path).await?
        {
            links.insert(path.clone(), merged(&end));
        }
    }
    Ok(links)
}

/// The relations that are written, said in the step's log.
fn written(job: &Job, needed: &[Needed], output: &StepOutput) -> Result<Searched, StepError> {
    let package = &job.work.package;
    let given = &package.depends;
    // What is there before it is unpacked is there.
    let all = || package.pre_depends.iter().chain(given);
    let mut searched = Searched::default();
    for one in needed {
        // What a list of symbols says is an image's word.
        Relation::parse(&one.text, true).map_err(|why| StepError::Contents {
            message: format!("the image says that a library needs {:?}, which is no relation: {why}", one.text),
            help: "mend the package's `symbols` or `shlibs` in the image, or say `auto_depends = false`".to_owned(),
        })?;
        let stronger = all().find(|relation| implies(relation, &one.text));
        for file in &one.files {
            searched.because.entry(file.clone()).or_default().insert(stronger.unwrap_or(&one.text).clone());
        }
        if stronger.is_some() {
            continue;
        }
        searched.weaker.extend(given.iter().filter(|relation| implies(&one.text, relation)).cloned());
        searched.depends.push(one.text.clone());
        output.line(&format!("needs {} for {}", one.text, of_files(one.files.iter())));
    }
    Ok(searched)
}

/// Warns of the libraries that no package has: nothing brings them where the package is installed.
fn say_lost(job: &Job, lost: &BTreeMap<String, Lost>) {
    let name = &job.work.package.name;
    let unmet = all_unmet(job, lost);
    let Some(allow) = allow(&unmet) else { return };
    let (has, brings) = if unmet.len() == 1 { ("this library", "it") } else { ("these libraries", "them") };
    let listed = unmet.iter().map(|(library, files)| named(library, files, None)).collect::<Vec<_>>().join(", ");
    job.session.doubt(&job.step, format!(
        "{name}: no package of the image has {has}, so nothing brings {brings} where {name} is installed: {listed}; ship {brings}, or name \
         the package that has {brings} in `depends`; where it is meant: {allow} [{}]",
        Concern::Library.as_str(),
    ));
}

/// The libraries that the recipe says nothing of, each with the files that need it.
fn all_unmet<'f>(job: &Job, lost: &'f BTreeMap<String, Lost>) -> Vec<(&'f str, BTreeSet<&'f String>)> {
    let of =
        |(library, Lost { files, .. }): (&'f String, &'f Lost)| Some((library.as_str(), unmet(job, library, files)?));
    lost.iter().filter_map(of).collect()
}

/// `libpq.so.5` (usually of `libpq5`) for /usr/bin/a.
fn named(library: &str, files: &BTreeSet<&String>, usual: Option<&str>) -> String {
    let usual = usual.map(|name| format!(" (usually of `{name}`)")).unwrap_or_default();
    format!("`{}`{usual} for {}", library.escape_debug(), of_files(files.iter().copied()))
}

/// What allows it for the first file; `None` where there is none.
fn allow(unmet: &[(&str, BTreeSet<&String>)]) -> Option<String> {
    let first = unmet.first()?.1.first().map_or("", |path| path.trim_start_matches('/'));
    Some(Paths::Absolute.allow(Concern::Library, &[first]))
}

/// The files that need a library of which the recipe says nothing; `None` where it says something of all.
fn unmet<'f>(job: &Job, library: &str, files: &'f BTreeSet<String>) -> Option<BTreeSet<&'f String>> {
    let package = &job.work.package;
    let is_meant = |path: &str| {
        let finding = Finding::new(Concern::Library, path.trim_start_matches('/'), "");
        package.allow.iter().any(|allowance| finding.is_meant_by(allowance))
    };
    let mut usual = names_of(library);
    usual.extend(usual_package(library).into_iter().flat_map(|name| [name.to_owned(), format!("{name}t64")]));
    if package.depends.iter().any(|given| usual.iter().any(|name| implies(given, name))) {
        return None;
    }
    let files: BTreeSet<&String> = files.iter().filter(|path| !is_meant(path)).collect();
    (!files.is_empty()).then_some(files)
}

/// Says of which packages any version is taken, because they do not say which has what.
fn say_silent(job: &Job, silent: &BTreeMap<String, String>) {
    for (package, library) in silent {
        job.session.doubt(&job.step, format!(
            "{}: the package {} keeps `{}` to itself: it says neither with `symbols` nor with `shlibs` which version has what, so any is \
             taken, and an upgrade of it may take the library away",
            job.work.package.name,
            package.escape_debug(),
            library.escape_debug(),
        ));
    }
}

/// Warns of the libraries that no package is known of, because there is no system to look into.
fn say_unknown(job: &Job, shipped: &Shipped, has_image: bool) -> Result<(), StepError> {
    let (index, links, beside) = (Index::default(), BTreeMap::new(), beside(job)?);
    let own = job.work.package.name.as_str();
    let found = resolve(Question { shipped, beside: &beside, index: &index, links: &links, own });
    let unmet = all_unmet(job, &found.lost);
    let Some(allow) = allow(&unmet) else { return Ok(()) };
    let why = if has_image { "the image has no /var/lib/dpkg/status" } else { "there is no image to look into" };
    let (have, name) =
        if unmet.len() == 1 { ("package has this library", "it") } else { ("packages have these libraries", "them") };
    let listed = unmet.iter().map(|(library, files)| named(library, files, usual_package(library)));
    let listed = listed.collect::<Vec<_>>().join(", ");
    job.session.doubt(&job.step, format!(
        "{own}: {why}, so which {have} is not known: {listed}; name {name} in `depends`, or take the files out of an image with `from`; \
         where it is meant: {allow} [{}]",
        Concern::Library.as_str(),
    ));
    Ok(())
}
