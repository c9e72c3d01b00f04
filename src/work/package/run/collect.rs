//! `collect`: packages that the image has built are taken out of a container, read, checked and listed. All of them are
//! found good before one is written.

mod take;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::PathBuf,
};

use super::listing::{self, Line};
use crate::{
    check::{self, Expected, Paths, surprises::in_package},
    engine::Output as _,
    event::StepId,
    execute::{Records, Session, StepContext, StepError, StepOutput, judged, records::blocking, run::Product},
    format::{
        PackageFormat,
        foreign::{self, Foreign, ForeignError},
    },
    names::{Sha256, Topic},
    plan::{Record, RecordedFile, Step},
    stage::{Kind, Limits, Tree, TreePath},
    util::files::{Guarded, digest, digest_of, persist, temporary_in},
    work::package::{FromImage, PackageWork},
};

/// Runs the step.
pub async fn run((work, image): (&PackageWork, &FromImage), at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { step, session, output, .. } = at;
    let container = super::take::container(&image.step, at).await?;
    let taken = take::files((work, image), at, &container).await;
    session.discard(&container).await;
    let taken = taken?;
    let job = Job { work: work.clone(), step: step.clone(), session: session.clone() };
    let output = output.clone();
    blocking(move || job.finish(&taken, &output)).await
}

/// The part of the work that needs no daemon.
struct Job {
    work: PackageWork,
    step: Step,
    session: Session,
}

/// A file that is a package.
struct Collected {
    /// Where it is in the container.
    path: TreePath,
    package: Foreign,
}

impl Collected {
    fn file(&self) -> &str {
        self.path.file_name()
    }
}

impl Job {
    fn finish(&self, taken: &Tree, output: &StepOutput) -> Result<Product, StepError> {
        let mut all: Vec<Collected> = Vec::new();
        let mut surprises = Vec::new();
        for (path, _) in taken.iter() {
            let collected = Collected { package: self.read(taken, path)?, path: path.clone() };
            self.is_alone(&collected, &all)?;
            let of = |one: check::Finding| check::Finding {
                path: one.path,
                what: format!("{}, in {}", one.what, collected.file()),
                ..one
            };
            surprises.extend(in_package(&collected.package).into_iter().map(of));
            output.line(&format!(
                "/{path}: {} with {} paths",
                collected.package.file_name(),
                collected.package.files.len()
            ));
            all.push(collected);
        }
        let shipped = check::Shipped {
            whose: self.work.package.name.as_str(),
            recipe: Some(&self.session.recipe),
            paths: Paths::Absolute,
            asked: &[Topic::Surprise, Topic::Unit, Topic::Start, Topic::File],
        };
        judged::say(check::judge(&surprises, &self.work.package.allow, &shipped), &self.step.id, &self.session)?;
        let listing = self.listing(&all);
        let written = all.iter().map(|one| self.write(taken, one)).collect::<Result<Vec<_>, _>>()?;
        let store = Records::for_project(&self.session.paths.project);
        listing::write_lines(&store, &self.step.id, listing.values())?;
        let mut files = written.iter().map(|path| self.recorded(path)).collect::<Result<Vec<_>, _>>()?;
        forget_others(&self.step, store.load(&self.step.id).as_ref(), &files, &self.session);
        let sums = files.iter().fold(String::new(), |sums, file| sums + &format!("{}  {}\n", file.sha256, file.path));
        let note = match &all[..] {
            [one] => one.file().to_owned(),
            all => format!("{} packages", all.len()),
        };
        let size = files.iter().map(|file| file.size).sum();
        files.push(self.recorded(&store.listing(&self.step.id))?);
        Ok(Product {
            warnings: Vec::new(),
            projects: std::collections::BTreeMap::new(),
            index: None,
            output: format!("sha256:{}", Sha256::of(sums)),
            images: BTreeMap::new(),
            labels: BTreeMap::new(),
            root: None,
            note,
            size,
            files,
        })
    }

    /// Reads a package and holds it against the platform.
    fn read(&self, taken: &Tree, path: &TreePath) -> Result<Foreign, StepError> {
        let file = path.file_name();
        let refused = |message: String, help: &str| StepError::Contents { message, help: help.to_owned() };
        if !is_file_name(file) {
            let help = "letters, digits and `.+-~^_%:`, a letter or digit first: rename it in the image";
            return Err(refused(format!("`/{path}` cannot be the name of a package's file"), help));
        }
        if PackageFormat::of_file(file).is_none_or(|(format, _)| format.facts().native.is_none()) {
            let help = "let the pattern end in `.deb` or `.rpm`";
            return Err(refused(format!("`collect` takes `/{path}`, which is no .deb or .rpm file"), help));
        }
        let (content, size) = open(taken, path);
        let content = Guarded::new(content, self.session.services.cancel.clone());
        let package = foreign::read(content, size, &Limits::for_package()).map_err(|error| {
            if self.session.services.cancel.is_cancelled() {
                return StepError::Interrupted;
            }
            refused(format!("/{path}: {error}"), help(&error))
        })?;
        let platform = self.step.platform.as_str();
        let expected = Expected {
            platform,
            format: self.work.packaging.format,
            arch: &self.work.arch,
            any: &self.work.packaging.any,
            version: self.work.release.version.as_str(),
        };
        let warnings = check::collected(&package, file, &expected)?;
        for text in warnings {
            self.session.doubt(&self.step.id, text);
        }
        Ok(package)
    }

    /// No second file of its name or of its package: here, or made by another step.
    fn is_alone(&self, one: &Collected, before: &[Collected]) -> Result<(), StepError> {
        let refused = |message: String, help: &str| Err(StepError::Contents { message, help: help.to_owned() });
        if let Some(other) = before.iter().find(|other| other.file() == one.file()) {
            let message = format!("two files are called {}: /{} and /{}", one.file(), other.path, one.path);
            return refused(message, "narrow the patterns of `collect`: the packages of a platform lie in one folder");
        }
        if let Some(other) = before.iter().find(|other| other.package.name == one.package.name) {
            let name = &one.package.name;
            let message = format!("/{} and /{} are both the package `{name}`", other.path, one.path);
            return refused(message, "only one of them can be installed: narrow the patterns of `collect`");
        }
        if let Some(ours) = self.work.ours.iter().find(|ours| ours.as_str() == one.package.name) {
            let message = format!("/{} is the package `{ours}`, which the recipe makes itself, too", one.path);
            return refused(message, "give one of them another name, or leave it out of `collect`");
        }
        let path = self.target(one.file());
        let records = Records::for_project(&self.session.paths.project);
        let makes_it = |step: &&StepId| {
            let record = records.load(step);
            record.is_some_and(|record| {
                record.files.iter().any(|file| self.session.paths.project.join(&file.path) == path)
            })
        };
        match self.work.beside.iter().find(makes_it) {
            None => Ok(()),
            Some(step) => refused(
                format!("{} is made by {step}, too", one.file()),
                "give one of them another name, or leave it out of `collect`",
            ),
        }
    }

    /// What all of them install, by path. What two of them do is said.
    fn listing(&self, all: &[Collected]) -> BTreeMap<TreePath, Line> {
        let mut lines: BTreeMap<TreePath, Line> = BTreeMap::new();
        let mut twice = BTreeSet::new();
        for one in all {
            let items = &one.package.files;
            for (item, line) in items.iter().zip(listing::of_items(items)) {
                if lines.get(&item.path).is_some_and(|other| !(other.is_dir() && line.is_dir())) {
                    twice.insert((one.file(), &item.path));
                }
                lines.entry(item.path.clone()).or_insert(line);
            }
        }
        if let Some((file, path)) = twice.first() {
            let more = if twice.len() > 1 { format!(" and {} more", twice.len() - 1) } else { String::new() };
            self.session
                .doubt(&self.step.id, format!("{file} has what another package of the entry has: /{path}{more}"));
        }
        lines
    }

    fn folder(&self) -> PathBuf {
        self.session.paths.packages.join(self.step.platform.as_str())
    }

    fn target(&self, file: &str) -> PathBuf {
        self.folder().join(file)
    }

    fn write(&self, taken: &Tree, one: &Collected) -> Result<PathBuf, StepError> {
        let folder = self.session.packages_of(self.step.platform.as_str())?;
        let mut out = Guarded::new(temporary_in(&folder)?, self.session.services.cancel.clone());
        let (mut content, _) = open(taken, &one.path);
        match std::io::copy(&mut content, &mut out) {
            Err(_) if self.session.services.cancel.is_cancelled() => return Err(StepError::Interrupted),
            written => written?,
        };
        let path = self.target(one.file());
        persist(out.into_inner(), &path)?;
        Ok(path)
    }

    fn recorded(&self, path: &std::path::Path) -> Result<RecordedFile, StepError> {
        let (sha256, size) = digest(path)?;
        let relative = path.strip_prefix(&self.session.paths.project).unwrap_or(path);
        Ok(RecordedFile { path: relative.display().to_string(), sha256, size })
    }
}

/// Removes what the same release had the last time and has no more, where it is as it was written: it would be listed and
/// published beside the others.
pub(crate) fn forget_others(step: &Step, last: Option<&Record>, files: &[RecordedFile], session: &Session) {
    let same_release =
        |last: &&Record| ["version", "release"].iter().all(|input| last.inputs.get(*input) == step.inputs.get(*input));
    let Some(last) = last.filter(same_release) else { return };
    let ours = session.paths.packages.join(step.platform.as_str());
    let gone = last.files.iter().filter(|old| !files.iter().any(|file| file.path == old.path));
    for old in gone {
        let path = session.paths.project.join(&old.path);
        let is_ours = path.parent().is_some_and(|folder| folder == ours);
        let found = || Records::for_project(&session.paths.project).open(old).and_then(|mut open| digest_of(&mut open));
        if is_ours && found().is_ok_and(|(sha256, _)| sha256 == old.sha256) {
            // One that cannot be removed stays listed, as any other file in the folder.
            let _ = fs_err::remove_file(&path);
        }
    }
}

/// The bytes of a file, and how many.
fn open(taken: &Tree, path: &TreePath) -> (impl std::io::Read + use<>, u64) {
    let first = taken.get(path).and_then(|entry| match &entry.kind {
        Kind::Hardlink { target } => taken.get(target),
        _ => Some(entry),
    });
    let (offset, size) = match first.map(|entry| &entry.kind) {
        Some(Kind::File { offset, size, .. }) => (*offset, *size),
        _ => (0, 0),
    };
    (taken.spool().reader(offset, size).take(size), size)
}

/// Whether a file may be called so: names of packages become arguments, lines of lists and parts of URLs.
fn is_file_name(name: &str) -> bool {
    name.len() <= 255
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-~^_%:".contains(&b))
}

fn help(error: &ForeignError) -> &'static str {
    match error {
        ForeignError::Source => "leave source packages out of `collect`: `/root/rpmbuild/RPMS/**/*.rpm` has none",
        ForeignError::NotAPackage => "`collect` takes finished packages: look at how the image makes this file",
        ForeignError::Truncated | ForeignError::Digest { .. } => "build the image again: `factory build --no-cache`",
        _ => {
            "hold it against its own tools in the image: `dpkg-deb --contents FILE`, `rpm --query --list --package FILE`"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_file_name;

    #[test]
    fn names_of_files_are_plain() {
        for good in ["a.deb", "canopsis-core_2.5.11-1~deb12_amd64.deb", "x-1^git2.el9.x86_64.rpm", "x_1%3a2_all.deb"] {
            assert!(is_file_name(good), "{good}");
        }
        for bad in ["", "-a.deb", ".a.deb", "a b.deb", "a\n.deb", "ä.deb", "a;b.deb", "a/b.deb"] {
            assert!(!is_file_name(bad), "{bad:?}");
        }
        assert!(!is_file_name(&"a".repeat(256)));
    }
}
