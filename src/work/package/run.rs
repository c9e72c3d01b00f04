//! Packages: files are taken out of a container of the image in one pass, composed as the recipe says, checked and
//! written. A package without an image has files of the project only, and asks no engine.

mod accepted;
pub(crate) mod accounts;
mod before;
mod blocks;
mod collect;
mod compose;
mod depends;
mod effect;
mod files;
mod links;
mod listing;
mod meta;
mod modules;
mod natives;
mod owned;
mod places;
mod take;
mod times;
mod units;
mod unseen;

use std::{borrow::Cow, path::PathBuf};

use futures::future::{BoxFuture, FutureExt as _, ready};
use tempfile::NamedTempFile;

use super::{Foretold, FromImage, PackageWork};
use crate::{
    check::{
        self, Finding, Paths,
        files::{byte_code, config, empty, passing, usr_merge},
        programs::{Natives, line_ends},
        surprises,
    },
    engine::{ContainerId, Output as _},
    event::StepId,
    execute::{
        Records, Run, RunImage, RunLookedAt, RunShipped, Session, Shipped, StepContext, StepError, StepOutput,
        hold_index, judged,
        keep::last_container,
        records::{blocking, noted},
        run::Product,
        step_cache::with_names,
    },
    format::{Codec, Format, Knows, Meta, PackageFormat, writer},
    names::{Sha256, Topic},
    plan::{Record, RecordedFile, Step},
    platform::Relations,
    stage::{Spool, Tree, TreePath},
    util::files::{Guarded, digest, persist, temporary_in},
    work::Expected,
};

use accepted::Accepted;
use before::Earlier;
use blocks::Blocks;
pub(crate) use collect::forget_others;
use depends::Searched;
pub use listing::{Line, of_items, read as read_listing};
pub use take::blocking_reader;
use unseen::Unseen;
pub(crate) use {
    compose::compose,
    files::{Files, Thing},
    take::{Wanted, accounts_of, container, container_of, tree as take_tree},
};

impl Run for PackageWork {
    fn run<'a>(&'a self, at: StepContext<'a>) -> BoxFuture<'a, Result<Product, StepError>> {
        at.session.until_stopped(run(self, at)).boxed()
    }

    fn asked_anew(&self, _step: &Step, _record: Option<&Record>, _session: &Session) -> Option<&'static str> {
        None
    }

    fn way_in<'a>(&'a self, at: StepContext<'a>, _said: &'a [String]) -> BoxFuture<'a, Option<String>> {
        last_container(at.session).boxed()
    }

    fn as_image(&self) -> Option<&dyn RunImage> {
        None
    }

    fn as_looked_at(&self) -> Option<&dyn RunLookedAt> {
        None
    }

    fn as_shipped(&self) -> Option<&dyn RunShipped> {
        Some(self)
    }

    fn restore<'a>(
        &'a self,
        product: Product,
        at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>> {
        restore(self, product, at).boxed()
    }

    fn is_in_parts<'a>(&'a self, _step: &'a Step, _session: &'a Session) -> BoxFuture<'a, bool> {
        ready(false).boxed()
    }

    fn expected(&self) -> Result<Expected, StepError> {
        Ok(if self.package.collect.is_empty() {
            Expected { names: file_names(self)?.into_iter().collect(), ..Expected::default() }
        } else {
            Expected { extension: Some(self.packaging.format.as_str()), ..Expected::default() }
        })
    }
}

impl RunShipped for PackageWork {
    fn accept(&self, step: &StepId, shipped: Shipped<'_>, session: &Session) -> Result<(), StepError> {
        match shipped {
            Shipped::New(listing) => session.notes.shared::<Accepted>().take(step, self, read_listing(listing)?),
            Shipped::Before(listing) => session.notes.shared::<Accepted>().keep(step, self, listing.to_owned()),
        }
    }
}

/// Forgets what the image does not build any more, where its packages are collected.
async fn restore(work: &PackageWork, product: Product, at: StepContext<'_>) -> Result<Option<Product>, StepError> {
    if let (Some(image), Some(index)) = (&work.image, &product.index) {
        hold_index(&image.name, index, at.step.platform.as_str(), at.session)?;
    }
    if !work.package.collect.is_empty() {
        let (step, session, files) = (at.step.clone(), at.session.clone(), product.files.clone());
        blocking(move || {
            forget_others(
                &step,
                Records::for_project(&session.paths.project).load(&step.id).as_ref(),
                &files,
                &session,
            );
            Ok(())
        })
        .await?;
    }
    with_names(product, at.session).await
}

/// Runs the step.
async fn run(work: &PackageWork, at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { output, .. } = at;
    let judged = match &work.image {
        Some(image) if !work.package.collect.is_empty() => {
            return collect::run((work, image), at).await;
        }
        Some(image) => Box::pin(out_of(image, Job::new(work, at), at)).await,
        None => Job::new(work, at).judged((Tree::new(Spool::new()?), Vec::new()), None, output).await,
    };
    let (job, tree, searched) = judged?;
    accounts::hold(work, &tree, at).await?;
    let output = output.clone();
    blocking(move || job.finish(&tree, &searched, &output)).await
}

/// The package's tree, with what it takes out of a container of its image.
async fn out_of(image: &FromImage, job: Job, at: StepContext<'_>) -> Result<(Job, Tree, Searched), StepError> {
    let StepContext { records, session, output, .. } = at;
    let id = noted(records, &image.step)?.image();
    let container = take::container_of(id, at).await?;
    let judged = async {
        let contents = job.work.package.contents.as_slice();
        let wanted = Wanted { contents, image: image.name.as_str(), files_only: false };
        let taken = take::tree(wanted, at, &container).await?;
        job.judged(taken, Some(Inside { image: id, container: &container }), output).await
    };
    let judged = judged.await;
    session.discard(&container).await;
    judged
}

/// An image that a package's files come from.
#[derive(Debug, Clone, Copy)]
struct Inside<'a> {
    /// Its id.
    image: &'a str,
    /// A container of it that is never started.
    container: &'a ContainerId,
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
    fn new(work: &PackageWork, at: StepContext<'_>) -> Self {
        let store = Records::for_project(&at.session.paths.project);
        Self {
            work: work.clone(),
            step: at.step.id.clone(),
            session: at.session.clone(),
            others: work.without.iter().map(|id| store.listing(id)).collect(),
            listing: store.listing(&at.step.id),
        }
    }

    /// The package's tree, in which every program can run, every unit can do what it is for, and nothing is that is seldom meant, unless
    /// the recipe says so. Without an image, what only one could tell is said not to be looked at.
    async fn judged(
        self,
        (taken, capable): (Tree, Vec<TreePath>),
        inside: Option<Inside<'_>>,
        output: &StepOutput,
    ) -> Result<(Self, Tree, Searched), StepError> {
        let (job, tree, natives, mut found) = blocking(move || {
            let tree = self.compose(&taken)?;
            let scripts = &self.work.package.scripts;
            let scripts = [&scripts.preinstall, &scripts.postinstall, &scripts.preremove, &scripts.postremove];
            let named = line_ends::named(&tree, &scripts.map(String::as_str))?;
            let natives = Natives::of(&tree, &self.work.host, &named)?;
            let mut found = self.surprises(&tree, &capable)?;
            found.extend(empty::empty(&tree, &self.work.package.contents, &self.work.package.depends));
            found.extend(passing::passing(&tree));
            found.extend(usr_merge::clashes(&tree));
            found.extend(byte_code::stale(&tree)?);
            found.extend(config::unmarked(&tree, &self.work.package.contents));
            let earlier = Earlier::of(&self.records(), &self.step, &self.work.release);
            found.extend(earlier.gone(&listing::of_tree(&tree), &self.work));
            Ok((self, tree, natives, found))
        })
        .await?;
        let mut unseen = Unseen::default();
        found.extend(match inside {
            Some(Inside { container, .. }) => {
                natives::lacks(natives, &job.work.host, &job.session, container, &job.work.only_here).await?
            }
            None => natives::alone(natives, &job.work.host, &mut unseen),
        });
        let (job, tree, modules) = Box::pin(modules::lacks(job, tree, inside, output)).await?;
        let (job, tree, units) = Box::pin(units::lacks(job, tree, inside, &mut unseen)).await?;
        let (job, tree, links) = Box::pin(links::dangling(job, tree, inside, &mut unseen)).await?;
        let (job, tree, owned) = Box::pin(owned::owned(job, tree, inside, output)).await?;
        if job.work.is_searched() && job.work.packaging.format == PackageFormat::Deb {
            unseen.leave_libraries();
        }
        found.extend(places::odd_ones(&job, &tree, inside).await?);
        found.extend(unseen.say(&job.work.package, &job.step, &job.session));
        let package = &job.work.package;
        let found = found.into_iter().chain(modules).chain(units).chain(links).chain(owned);
        let is_news = |one: &Finding| !job.work.foretold.iter().any(|said| is_of(said, one));
        let found: Vec<_> = found.filter(is_news).map(|one| one.out_of(&tree)).collect();
        let (whose, recipe) = (package.name.as_str(), Some(job.session.recipe.as_ref()));
        let shipped = check::Shipped { whose, recipe, paths: Paths::Absolute, asked: &Topic::ALL };
        judged::say(check::judge(&found, &package.allow, &shipped), &job.step, &job.session)?;
        let (job, tree, searched) = Box::pin(depends::search(job, tree, inside, output)).await?;
        Ok((job, tree, searched))
    }

    /// The files that the package will have.
    fn compose(&self, taken: &Tree) -> Result<Tree, StepError> {
        let mut tree = compose::compose(&self.work.package.contents, taken, &self.session, self.work.epoch)?;
        for (other, name) in self.others.iter().zip(&self.work.package.without) {
            if listing::leave_out(&mut tree, &listing::read(other)?, &self.work.package)? == 0 {
                self.session.doubt(
                    &self.step,
                    format!(
                        "{} has nothing in common with {name}, which its `without` names: nothing is left out",
                        self.work.package.name
                    ),
                );
            }
        }
        times::settle(&mut tree, self.work.epoch);
        Ok(tree)
    }

    fn finish(&self, tree: &Tree, searched: &Searched, output: &StepOutput) -> Result<Product, StepError> {
        let mut meta = meta::of(&self.work, tree, &self.session)?;
        searched.onto(&mut meta);
        check::package(tree, &meta)?;
        output.line(&match tree.len() {
            1 => "1 file".to_owned(),
            more => format!("{more} files and folders"),
        });
        let weak = meta.recommends.len() + meta.suggests.len() + meta.enhances.len();
        if weak > 0 && !self.work.packaging.relations.weak {
            let (name, platform) = (&meta.name, self.platform());
            self.session.doubt(
                &self.step,
                format!(
                    "{name}: recommends, suggests and enhances are left out, which the tools of {platform} do not know"
                ),
            );
        }
        let mut shipped = listing::of_tree(tree);
        listing::note_needs(&mut shipped, &searched.because);
        let (written, reused) = self.write(tree, &meta, output)?;
        // Nothing has the name of a package before it is accepted.
        self.session.notes.shared::<Accepted>().take(&self.step, &self.work, shipped.clone())?;
        let files = self.named(written, &meta)?;
        let records = self.records();
        for text in before::renamed(&self.work, &self.step, &shipped, &records) {
            self.session.doubt(&self.step, text);
        }
        Earlier::of(&records, &self.step, &self.work.release).keep(
            &shipped,
            &records,
            &self.step,
            &self.work.release,
        )?;
        listing::write_lines(&records, &self.step, shipped.iter())?;
        if let Some(reused) = &reused {
            output.line(reused);
        }
        Ok(Product { index: searched.index.clone(), ..self.product(&files, reused)? })
    }

    /// What is seldom meant.
    fn surprises(&self, tree: &Tree, capable: &[TreePath]) -> Result<Vec<Finding>, StepError> {
        let mut found = surprises::in_tree(tree, None)?;
        let rules = compose::Rules::from_contents(&self.work.package.contents)?;
        let moved = capable.iter().map(|path| rules.moved(path)).collect::<Result<Vec<_>, _>>()?;
        found.extend(surprises::lost_capabilities(moved.iter().filter(|path| tree.get(path).is_some())));
        Ok(found)
    }

    fn records(&self) -> Records {
        Records::for_project(&self.session.paths.project)
    }

    fn platform(&self) -> &str {
        self.step.platform()
    }

    /// Writes the package in each of its formats, to files without a name of their own yet; says what of it the store had.
    fn write(
        &self,
        tree: &Tree,
        meta: &Meta,
        output: &StepOutput,
    ) -> Result<(Vec<NamedTempFile>, Option<String>), StepError> {
        let folder = self.session.packages_of(self.platform())?;
        let blocks = Blocks::new(&self.session, folder.clone());
        let mut files = Vec::new();
        for format in formats_of(&self.work)? {
            let mut out = Guarded::new(temporary_in(&folder)?, self.session.services.cancel.clone());
            let tree = output.packing(tree, &format.file_name(meta));
            match format.write(&tree, meta, Some(&blocks), &mut out) {
                Err(_) if self.session.services.cancel.is_cancelled() => return Err(StepError::Interrupted),
                written => written?,
            }
            files.push(out.into_inner());
        }
        Ok((files, blocks.reused()))
    }

    /// Gives what was written its names.
    fn named(&self, written: Vec<NamedTempFile>, meta: &Meta) -> Result<Vec<PathBuf>, StepError> {
        let folder = self.session.packages_of(self.platform())?;
        let mut paths = Vec::new();
        for (written, format) in written.into_iter().zip(formats_of(&self.work)?) {
            let path = folder.join(format.file_name(meta));
            persist(written, &path)?;
            paths.push(path);
        }
        Ok(paths)
    }

    fn product(&self, paths: &[PathBuf], reused: Option<String>) -> Result<Product, StepError> {
        let recorded = |path: &PathBuf| -> Result<RecordedFile, StepError> {
            let (sha256, size) = digest(path)?;
            let relative = path.strip_prefix(&self.session.paths.project).unwrap_or(path);
            Ok(RecordedFile { path: relative.display().to_string(), sha256, size })
        };
        let mut files = paths.iter().map(recorded).collect::<Result<Vec<_>, _>>()?;
        let digests: Vec<&str> = files.iter().map(|file| file.sha256.as_str()).collect();
        let digest = match digests.as_slice() {
            [one] => (*one).to_owned(),
            several => Sha256::of(several.join("\n")).to_string(),
        };
        let names = paths.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy()));
        let names = names.chain(reused.map(Cow::Owned));
        let (note, size) = (names.collect::<Vec<_>>().join(", "), files.iter().map(|file| file.size).sum());
        files.push(recorded(&self.listing)?);
        let output = format!("sha256:{digest}");
        Ok(Product { output, files, note, size, ..Product::default() })
    }
}

/// Whether the plan has said what was found.
fn is_of(said: &Foretold, found: &Finding) -> bool {
    found.concern == Some(said.concern) && found.path == said.path && found.what.contains(&said.said)
}

/// The names that the file of a package may have, before it is known whether there is native code in it.
///
/// # Errors
/// When the platform's packages are not written here.
pub fn file_names(work: &PackageWork) -> Result<Vec<String>, StepError> {
    let archs = [&work.arch, &work.packaging.any].map(|arch| meta::named(work, arch));
    let formats = formats_of(work)?;
    Ok(formats.iter().flat_map(|format| archs.iter().map(|meta| format.file_name(meta))).collect())
}

/// The writers of a package's formats.
fn formats_of(work: &PackageWork) -> Result<Vec<Box<dyn Format>>, StepError> {
    let Relations { weak, rich } = work.packaging.relations;
    let writer = |(format, codec): &(PackageFormat, Codec)| {
        // The plan lets none come so far.
        let none = || StepError::Internal(format!("{} packages are not written here", format.as_str()));
        Ok(writer(*format).ok_or_else(none)?(*codec, Knows { weak, rich }))
    };
    work.formats.iter().map(writer).collect()
}
