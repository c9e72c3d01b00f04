//! Packages: files are taken out of a container of the image in one pass, composed as the recipe says, checked and
//! written.

mod accepted;
mod collect;
mod compose;
mod effect;
mod listing;
mod meta;
mod modules;
mod natives;
mod take;
mod units;

use std::{collections::BTreeMap, path::PathBuf};

pub use accepted::Accepted;
pub(super) use collect::forget_others;
pub use listing::{Line, of_items, read as read_listing};
pub use take::blocking_reader;
pub(super) use {
    compose::compose,
    take::{Wanted, accounts_of, container, container_of, tree as take_tree},
};

use tempfile::NamedTempFile;

use super::{
    Lines, Records, Session, StepError, accounts,
    records::{blocking, noted},
    run::Product,
};
use crate::{
    check::{self, Finding, natives::Natives},
    engine::{ContainerId, Output as _},
    event::StepId,
    format::{
        Format, Meta,
        deb::{Codec as DebCodec, Deb},
        rpm::{Codec as RpmCodec, Rpm},
    },
    names::Allowance,
    plan::{PackageWork, Record, RecordedFile, Step},
    platform::{Codec, PackageFormat, Packaging, Relations},
    stage::{Tree, TreePath},
    util::files::{Guarded, digest, persist, temporary_in},
};

/// Runs the step.
pub async fn run(
    work: &PackageWork,
    step: &Step,
    records: &BTreeMap<StepId, Record>,
    session: &Session,
    lines: &Lines,
) -> Result<Product, StepError> {
    if !work.package.collect.is_empty() {
        return collect::run(work, step, records, session, lines).await;
    }
    let image = noted(records, &work.image)?.image();
    let container = take::container_of(image, step, session).await?;
    let contents = work.package.contents.as_slice();
    let wanted = Wanted { contents, image: work.package.from.as_str(), files_only: false };
    let (taken, capable) = match take::tree(wanted, session, lines, &container).await {
        Ok(taken) => taken,
        Err(error) => {
            session.discard(&container).await;
            return Err(error);
        }
    };
    let store = Records::of(&session.project);
    let others: Vec<PathBuf> = work.without.iter().map(|id| store.listing(id)).collect();
    let job = Job {
        work: work.clone(),
        step: step.id.clone(),
        session: session.clone(),
        others,
        listing: store.listing(&step.id),
    };
    let lacks = job.lacks(taken, &container, lines, image).await;
    session.discard(&container).await;
    let (job, tree) = lacks?;
    accounts::hold(work, &tree, step, records, session).await?;
    let lines = lines.clone();
    blocking(move || job.finish(&tree, &capable, &lines)).await
}

/// The part of the work that needs no daemon.
struct Job {
    work: PackageWork,
    step: StepId,
    session: Session,
    others: Vec<PathBuf>,
    listing: PathBuf,
}

impl Job {
    /// The package's tree, in which every program can run and every unit can do what it is for.
    async fn lacks(
        self,
        taken: Tree,
        container: &ContainerId,
        lines: &Lines,
        image: &str,
    ) -> Result<(Self, Tree), StepError> {
        let (job, tree, natives) = blocking(move || {
            let tree = self.compose(&taken)?;
            let natives = Natives::of(&tree, &self.work.host)?;
            Ok((self, tree, natives))
        })
        .await?;
        let mut lacks = natives::lacks(natives, &job.work.host, &job.session, container).await?;
        let (job, tree, modules) = Box::pin(modules::lacks(job, tree, container, image, lines)).await?;
        lacks.extend(modules);
        let PackageWork { package, host, .. } = &job.work;
        check::natives::judge(package.name.as_str(), &lacks, &package.allow, host).map_err(refused)?;
        Box::pin(units::check(job, tree, container)).await
    }

    /// The files that the package will have.
    fn compose(&self, taken: &Tree) -> Result<Tree, StepError> {
        let mut tree = compose::compose(&self.work.package.contents, taken, &self.session, self.work.epoch)?;
        for (other, name) in self.others.iter().zip(&self.work.package.without) {
            if listing::leave_out(&mut tree, &listing::read(other)?, &self.work.package)? == 0 {
                self.session.events.warn(format!(
                    "{} has nothing in common with {name}, which its `without` names: nothing is left out",
                    self.work.package.name
                ));
            }
        }
        settle_times(&mut tree, self.work.epoch);
        Ok(tree)
    }

    fn finish(&self, tree: &Tree, capable: &[TreePath], lines: &Lines) -> Result<Product, StepError> {
        let meta = meta::of(&self.work, tree, &self.session)?;
        check::package(tree, &meta).map_err(refused)?;
        self.no_surprise(tree, capable)?;
        self.say_unmarked(tree);
        lines.line(&match tree.len() {
            1 => "1 file".to_owned(),
            more => format!("{more} files and folders"),
        });
        let weak = meta.recommends.len() + meta.suggests.len();
        if weak > 0 && !self.work.packaging.relations.weak {
            let (name, platform) = (&meta.name, self.platform());
            self.session.events.warn(format!(
                "{name}: recommends and suggests are left out, which the tools of {platform} do not know"
            ));
        }
        let shipped = listing::of_tree(tree);
        let written = self.write(tree, &meta)?;
        // Nothing has the name of a package before it is accepted.
        self.session.accepted.take(&self.step, &self.work, shipped.clone())?;
        let file = self.named(written, &meta)?;
        listing::write_lines(&Records::of(&self.session.project), &self.step, shipped.iter())?;
        self.product(&file)
    }

    /// Nothing that is seldom meant, unless the recipe says so.
    fn no_surprise(&self, tree: &Tree, capable: &[TreePath]) -> Result<(), StepError> {
        let mut found = check::in_tree(tree, None)?;
        let rules = compose::Rules::of(&self.work.package.contents)?;
        let moved = capable.iter().map(|path| rules.moved(path)).collect::<Result<Vec<_>, _>>()?;
        found.extend(check::lost_capabilities(moved.iter().filter(|path| tree.get(path).is_some())));
        // Those of units are held elsewhere.
        let allowed: Vec<Allowance> =
            self.work.package.allow.iter().filter(|one| !one.check.is_unit()).cloned().collect();
        check::judge(self.work.package.name.as_str(), &found, &allowed).map_err(refused)
    }

    /// Says once which files below `/etc` an upgrade will overwrite.
    fn say_unmarked(&self, tree: &Tree) {
        const SHOWN: usize = 3;
        let found = check::unmarked(tree);
        let Some(first) = found.first() else { return };
        let shown = found.iter().take(SHOWN).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let more = found.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let contents = &self.work.package.contents;
        // Where an entry brings it from the project, that one has the type.
        let ours = contents.iter().rfind(|one| {
            one.is_of_project()
                && first
                    .strip_prefix(&one.dst)
                    .is_some_and(|rest| rest.is_empty() || one.dst.ends_with('/') || rest.starts_with('/'))
        });
        let write = match ours {
            Some(entry) => format!("`type = \"config\"` in the entry of `{}`", entry.src),
            None => format!("`{{ src = \"{first}\", type = \"config\" }}` in `contents`"),
        };
        let (name, is) = (&self.work.package.name, if found.len() == 1 { "is" } else { "are" });
        self.session.warn_once(format!(
            "{name}: {shown}{more} {is} no configuration to the package manager: an upgrade overwrites what an administrator \
             changed (Debian policy 10.7); write {write}"
        ));
    }

    fn platform(&self) -> &str {
        self.step.as_str().split('/').next().unwrap_or_default()
    }

    /// Writes the package to a file without a name of its own yet.
    fn write(&self, tree: &Tree, meta: &Meta) -> Result<NamedTempFile, StepError> {
        let format = format_of(&self.work.packaging)?;
        let folder = self.session.packages_of(self.platform())?;
        let mut out = Guarded::new(temporary_in(&folder)?, self.session.cancel.clone());
        match format.write(tree, meta, &mut out) {
            Err(_) if self.session.cancel.is_cancelled() => return Err(StepError::Interrupted),
            written => written?,
        }
        Ok(out.into_inner())
    }

    /// Gives a package that was written its name.
    fn named(&self, written: NamedTempFile, meta: &Meta) -> Result<PathBuf, StepError> {
        let folder = self.session.packages_of(self.platform())?;
        let path = folder.join(format_of(&self.work.packaging)?.file_name(meta));
        persist(written, &path)?;
        Ok(path)
    }

    fn product(&self, path: &std::path::Path) -> Result<Product, StepError> {
        let recorded = |path: &std::path::Path| -> Result<RecordedFile, StepError> {
            let (sha256, size) = digest(path)?;
            let relative = path.strip_prefix(&self.session.project).unwrap_or(path);
            Ok(RecordedFile { path: relative.display().to_string(), sha256, size })
        };
        let file = recorded(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Product {
            output: format!("sha256:{}", file.sha256),
            images: BTreeMap::new(),
            labels: BTreeMap::new(),
            root: None,
            note: name,
            size: file.size,
            files: vec![file, recorded(&self.listing)?],
        })
    }
}

/// The names that the file of a package may have, before it is known whether there is native code in it.
///
/// # Errors
/// When the platform's packages are not written here.
pub fn file_names(work: &PackageWork) -> Result<Vec<String>, StepError> {
    let format = format_of(&work.packaging)?;
    Ok([&work.arch, &work.packaging.any].map(|arch| format.file_name(&meta::named(work, arch))).into())
}

fn refused(finding: Finding) -> StepError {
    StepError::Contents { message: finding.message, help: finding.help }
}

/// The writer of a platform's packages.
fn format_of(packaging: &Packaging) -> Result<Box<dyn Format>, StepError> {
    let rpm = |codec| -> Box<dyn Format> {
        let Relations { weak, rich } = packaging.relations;
        Box::new(Rpm { weak, rich, ..Rpm::new(codec) })
    };
    match (packaging.format, packaging.codec) {
        (PackageFormat::Deb, Codec::Gzip) => Ok(Box::new(Deb::new(DebCodec::Gzip))),
        (PackageFormat::Deb, Codec::Xz) => Ok(Box::new(Deb::new(DebCodec::Xz))),
        (PackageFormat::Rpm, Codec::Gzip) => Ok(rpm(RpmCodec::Gzip)),
        (PackageFormat::Rpm, Codec::Xz) => Ok(rpm(RpmCodec::Xz)),
        (PackageFormat::Rpm, Codec::Zstd) => Ok(rpm(RpmCodec::Zstd)),
        // Platform files and the plan let neither come so far.
        (PackageFormat::Deb, Codec::Zstd) | (PackageFormat::Apk, _) => {
            Err(StepError::Internal(format!("{} packages are not written so", packaging.format.as_str())))
        }
    }
}
/// What `dockerfiles/virtualenv.py` gives the modules that it installs, in seconds since 1970 UTC: 1980-01-01. Python 2 finds the byte
/// code of a module by its time.
const TIME_OF_MODULES: i64 = 315_532_800;

/// Gives every file the package's time. What the container says depends on when its layers were made: the builder's cache may have
/// one from another commit, with the same files.
fn settle_times(tree: &mut Tree, epoch: i64) {
    for (_, entry) in tree.iter_mut().filter(|(_, entry)| entry.mtime != TIME_OF_MODULES) {
        entry.mtime = epoch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Role, Spool, TreePath};

    #[test]
    fn times_are_the_package_s() {
        let mut tree = Tree::new(Spool::new().unwrap());
        for (path, time) in [("a", 5), ("b", 2_000_000_000), ("m.py", TIME_OF_MODULES)] {
            tree.add_bytes(TreePath::new(path).unwrap(), b"", 0o644, time, Role::Plain, "test").unwrap();
        }
        settle_times(&mut tree, 1_700_000_000);
        let times: Vec<i64> = tree.iter().map(|(_, entry)| entry.mtime).collect();
        assert_eq!(times, [1_700_000_000, 1_700_000_000, TIME_OF_MODULES]);
    }
}
