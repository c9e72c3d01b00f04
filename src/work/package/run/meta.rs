//! What a package says of itself, from the recipe, the release and what is in its tree.

use std::io::Read as _;

use crate::{
    depends::elf::{Depth, Elf},
    execute::{Session, StepError},
    format::{ChangelogEntry, Meta, Unit},
    names::ArchName,
    recipe::{Content, ContentKind},
    stage::{Kind, Tree},
    work::package::{PackageWork, recipe::Architecture},
};

/// No licence and no list of changes is larger: 4 MiB.
const LARGEST: u64 = 4 << 20;

/// The meta of a package whose files are known.
pub fn of(work: &PackageWork, tree: &Tree, session: &Session) -> Result<Meta, StepError> {
    let package = &work.package;
    let mut depends = package.depends.clone();
    if ships_virtualenv(work, tree) {
        depends.extend(work.python_depends.iter().filter(|relation| !package.depends.contains(relation)).cloned());
    }
    let read = |file: &std::path::Path| -> Result<_, StepError> { Ok(session.paths.roots.text(file, LARGEST)?) };
    let license_text = package.copyright.license_file.as_deref().map(read).transpose()?.unwrap_or_default();
    let holder = &package.copyright.holder;
    let named = named(work, &arch(work, tree)?);
    let changes = changelog(work, session, named.evr())?;
    Ok(Meta {
        maintainer: work.maintainer.clone(),
        summary: package.summary.clone(),
        description: package.description.clone(),
        homepage: work.homepage.clone(),
        license: work.license.clone(),
        copyright: if holder.is_empty() { work.maintainer.clone() } else { holder.clone() },
        license_text,
        section: package.section.clone(),
        priority: package.priority.clone(),
        suite: work.packaging.suite.clone(),
        depends,
        pre_depends: package.pre_depends.clone(),
        recommends: package.recommends.clone(),
        enhances: package.enhances.clone(),
        suggests: package.suggests.clone(),
        conflicts: package.conflicts.clone(),
        breaks: package.breaks.clone(),
        replaces: package.replaces.clone(),
        provides: package.provides.clone(),
        users: package.users.clone(),
        units: package.contents.iter().filter_map(unit).collect(),
        scripts: package.scripts.clone(),
        changelog: vec![changes],
        overrides: package.overrides.clone(),
        ..named
    })
}

/// A meta of which only what names the file is right.
pub fn named(work: &PackageWork, arch: &ArchName) -> Meta {
    Meta {
        name: work.package.name.clone(),
        version_epoch: work.package.epoch,
        version: work.release.version.to_string(),
        revision: format!("{}{}", work.release.release, work.packaging.suffix),
        platform: work.host.platform.clone(),
        arch: arch.clone(),
        maintainer: String::new(),
        summary: String::new(),
        description: String::new(),
        homepage: String::new(),
        license: String::new(),
        copyright: String::new(),
        license_text: String::new(),
        section: String::new(),
        priority: String::new(),
        suite: String::new(),
        depends: Vec::new(),
        pre_depends: Vec::new(),
        recommends: Vec::new(),
        enhances: Vec::new(),
        suggests: Vec::new(),
        conflicts: Vec::new(),
        breaks: Vec::new(),
        replaces: Vec::new(),
        provides: Vec::new(),
        users: Vec::new(),
        units: Vec::new(),
        scripts: crate::names::Scripts::default(),
        changelog: Vec::new(),
        overrides: Vec::new(),
        epoch: work.epoch,
    }
}

/// One entry, for the release: the lines of the project's `changelog` file, or that it is a release.
fn changelog(work: &PackageWork, session: &Session, version: String) -> Result<ChangelogEntry, StepError> {
    let changes = match &work.package.changelog {
        Some(file) => {
            let text = session.paths.roots.text(file, LARGEST)?;
            let lines = text.lines().map(|line| line.trim().trim_start_matches(['*', '-']).trim().to_owned());
            lines.filter(|line| !line.is_empty()).collect()
        }
        None => vec![format!("Release {}.", work.release.tag)],
    };
    Ok(ChangelogEntry { version, date: work.epoch, changes })
}

/// The name that a unit gets: its file's.
pub fn name_of(content: &Content) -> String {
    content.dst.rsplit('/').next().unwrap_or(&content.dst).to_owned()
}

fn unit(content: &Content) -> Option<Unit> {
    let ContentKind::Service(service) = &content.kind else { return None };
    let name = name_of(content);
    Some(Unit { name, enable: service.enable, start: service.start })
}

/// Whether something of the virtualenv's libraries is in the package: then only this interpreter can use it.
fn ships_virtualenv(work: &PackageWork, tree: &Tree) -> bool {
    work.prefix.as_ref().is_some_and(|prefix| {
        let libraries = format!("{}/lib/python", prefix.trim_matches('/'));
        tree.iter().any(|(path, _)| path.as_str().starts_with(&libraries))
    })
}

/// What the recipe says; else the machine's architecture when something in the tree is native code (an ELF file), else the format's word
/// for any.
fn arch(work: &PackageWork, tree: &Tree) -> Result<ArchName, StepError> {
    match work.package.architecture {
        Some(Architecture::Any) => return Ok(work.arch.clone()),
        Some(Architecture::All) => {
            no_native(work, tree)?;
            return Ok(work.packaging.any.clone());
        }
        None => {}
    }
    for (_, entry) in tree.iter() {
        let mut magic = [0; 4];
        if let Kind::File { size: 4.., .. } = entry.kind {
            tree.open(entry).read_exact(&mut magic)?;
            if magic == *b"\x7fELF" {
                return Ok(work.arch.clone());
            }
        }
    }
    Ok(work.packaging.any.clone())
}

/// A package for every architecture has no program for one; for another machine they are data.
fn no_native(work: &PackageWork, tree: &Tree) -> Result<(), StepError> {
    for (path, entry) in tree.iter().filter(|(_, entry)| matches!(entry.kind, Kind::File { size: 4.., .. })) {
        if let Ok(Some(elf)) = Elf::read(tree.open(entry), Depth::Names)
            && elf.runs_on(&work.host.machine)
        {
            return Err(StepError::Contents {
                message: format!(
                    "{}: `/{path}` is for {}, and `architecture` says \"all\"",
                    work.package.name, work.host.machine
                ),
                help: "leave `architecture` out: what is in the package tells it; or leave the file out".to_owned(),
            });
        }
    }
    Ok(())
}
