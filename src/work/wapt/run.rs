//! WAPT packages: files of the project, of a container and of packages of this run are brought together, checked, and
//! signed.

mod draft;
mod seal;

use std::collections::BTreeMap;

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::{
    WaptWork,
    recipe::{WaptContent, WaptSource},
};
use crate::{
    engine::Output as _,
    event::StepId,
    execute::{
        Records, Run, RunImage, RunLookedAt, RunShipped, Session, StepContext, StepError, StepOutput,
        keep::last_container,
        records::{blocking, noted},
        run::Product,
        step_cache::with_names,
    },
    format::wapt::{Generation, ICON, WaptError, name_starts},
    names::PackageName,
    plan::{Record, RecordedFile, Step},
    recipe::{Content, ContentKind, FileInfo},
    stage::{Entry, Kind, Owner, Role, Spool, Tree, TreePath},
    util::files::digest,
    work::{
        Expected,
        package::run::{Wanted, compose, container, take_tree},
    },
};

pub use draft::WaptDraft;
pub use seal::{Sealed, seal};

/// The folder below which a package's files are put together: the top of a tree has no name.
const TOP: &str = "package";

impl From<WaptError> for StepError {
    fn from(error: WaptError) -> Self {
        let help = error.help().map(str::to_owned);
        Self::Own { error: error.into(), help }
    }
}

impl Run for WaptWork {
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
        None
    }

    fn restore<'a>(
        &'a self,
        product: Product,
        at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>> {
        with_names(product, at.session).boxed()
    }

    fn is_in_parts<'a>(&'a self, _step: &'a Step, _session: &'a Session) -> BoxFuture<'a, bool> {
        ready(false).boxed()
    }

    fn expected(&self) -> Result<Expected, StepError> {
        let begin = name_starts(&self.wapt.package).into_iter().map(|start| (start, "wapt"));
        Ok(Expected { begin: begin.collect(), ..Expected::default() })
    }
}

/// Runs the step.
async fn run(work: &WaptWork, at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { step, records, session, output } = at;
    let contents: Vec<Content> = work.wapt.contents.iter().filter_map(as_content).collect();
    let taken = match &work.image {
        Some(image) if contents.iter().any(Content::in_container) => {
            let of = work.wapt.from.as_ref().map_or("", |image| image.as_str());
            let wanted = Wanted { contents: &contents, image: of, files_only: true };
            let container = container(image, at).await?;
            let taken = take_tree(wanted, at, &container).await;
            session.discard(&container).await;
            // Agents know no capabilities.
            taken?.0
        }
        _ => Tree::new(Spool::new()?),
    };
    let made = |(name, id): &(PackageName, StepId)| Ok((name.to_string(), noted(records, id)?.files.clone()));
    let packages = work.packages.iter().map(made).collect::<Result<_, StepError>>()?;
    let job = Job {
        work: work.clone(),
        step: step.id.clone(),
        platform: step.platform.to_string(),
        session: session.clone(),
        contents,
        packages,
    };
    let output = output.clone();
    blocking(move || job.finish(&taken, &output)).await
}

/// An entry that names files of the container or of the project, as packages of other formats have it.
fn as_content(content: &WaptContent) -> Option<Content> {
    let (WaptSource::Container(src) | WaptSource::Project(src)) = &content.src else { return None };
    let dst = format!("/{TOP}/{}", content.dst).trim_end_matches('/').to_owned();
    let (src, at) = (src.clone(), content.at.clone());
    Some(Content { src, dst, kind: ContentKind::Files, info: FileInfo::default(), optional: false, at })
}

/// The part of the work that needs no daemon.
struct Job {
    work: WaptWork,
    step: StepId,
    platform: String,
    session: Session,
    contents: Vec<Content>,
    /// Packages of this run, with the files of their steps.
    packages: BTreeMap<String, Vec<RecordedFile>>,
}

impl Job {
    fn finish(&self, taken: &Tree, output: &StepOutput) -> Result<Product, StepError> {
        let identity = self.session.options.identity.as_deref().ok_or_else(|| StepError::Contents {
            message: "nothing says who signs the WAPT package".to_owned(),
            help: "name the key and its certificate: `factory build --key FILE --certificate FILE`".to_owned(),
        })?;
        let mut draft = self.draft(taken, output)?;
        draft.tree = output.packing(&draft.tree, self.work.wapt.package.as_ref());
        let setup = self.setup_name();
        let of = format!("[[wapt]] `{}`", self.work.wapt.package);
        let warn = |text: &str| self.session.doubt(&self.step, format!("{of}: {text}"));
        self.work.wapt.warnings.iter().for_each(|text| self.session.doubt(&self.step, text.clone()));
        draft.warnings.iter().chain(&draft.lint(&setup)?).for_each(|text| warn(text));
        output.line(&format!(
            "{} {}, signed by {}",
            draft.tree.len(),
            if draft.tree.len() == 1 { "file" } else { "files" },
            identity.certificate().map_or_else(|_| String::new(), crate::sign::Certificate::subject)
        ));
        let folder = self.session.packages_of(&self.platform)?;
        let generation = if self.work.wapt.old_name { Generation::V1 } else { Generation::V2 };
        let sealed = seal(
            &draft,
            identity,
            (&self.work.wapt.allow, Some(&self.session.recipe)),
            self.work.epoch,
            &folder,
            generation,
            &self.session.services.cancel,
        )?;
        sealed.warnings.iter().for_each(|text| warn(text));
        let (sha256, size) = digest(&sealed.path)?;
        let relative = sealed.path.strip_prefix(&self.session.paths.project).unwrap_or(&sealed.path);
        let file = RecordedFile { path: relative.display().to_string(), sha256, size };
        Ok(Product {
            warnings: Vec::new(),
            projects: std::collections::BTreeMap::new(),
            index: None,
            output: format!("sha256:{}", file.sha256),
            images: BTreeMap::new(),
            labels: BTreeMap::new(),
            root: None,
            note: sealed.control.title(),
            size,
            files: vec![file],
        })
    }

    /// Where its `setup.py` is, for messages.
    fn setup_name(&self) -> String {
        let wapt = &self.work.wapt;
        let of_dir = || wapt.dir.as_ref().map(|dir| dir.join("setup.py"));
        wapt.setup.clone().or_else(of_dir).map_or_else(|| "setup.py".to_owned(), |path| path.display().to_string())
    }

    /// Everything that goes into the package.
    fn draft(&self, taken: &Tree, output: &StepOutput) -> Result<WaptDraft, StepError> {
        let composed = compose(&self.contents, taken, &self.session, self.work.epoch)?;
        let mut draft = match &self.work.wapt.dir {
            Some(dir) => {
                let folder = self.session.paths.roots.folder(dir)?;
                let files = self.session.paths.roots.whole(dir)?.files;
                WaptDraft::of_folder(&folder, &files, composed.spool().clone(), &self.work.attributes)?
            }
            None => WaptDraft::empty(composed.spool().clone()),
        };
        for (name, value) in &self.work.attributes {
            let before = draft.control.get(name).to_owned();
            draft.set(name, value)?;
            if !before.is_empty() && before != draft.control.get(name) {
                output.line(&format!("{name}: {value}, in place of {before} of WAPT/control"));
            }
        }
        draft.settle(&self.work.wapt.defaults)?;
        draft.warnings.extend(draft::of_empty(&empty_folders(&composed)));
        let tree = &mut draft.tree;
        for (path, entry) in composed.iter() {
            let Some(inner) = path.as_str().strip_prefix(TOP).and_then(|rest| rest.strip_prefix('/')) else { continue };
            let content = match &entry.kind {
                Kind::Hardlink { target } => composed.get(target).unwrap_or(entry),
                _ => entry,
            };
            match &content.kind {
                Kind::File { .. } => add(tree, inner, content.kind.clone(), &entry.origin)?,
                Kind::Dir => {}
                Kind::Symlink { .. } | Kind::Hardlink { .. } => {
                    let message = format!("`{inner}` (from {}) is a link, and agents know none", entry.origin);
                    let help = "name what it leads to in `contents`, with a `dst`".to_owned();
                    return Err(StepError::Contents { message, help });
                }
            }
        }
        for (path, file) in [("setup.py", &self.work.wapt.setup), (ICON, &self.work.wapt.icon)] {
            if let Some(file) = file {
                let place = TreePath::new(path)?;
                if tree.get(&place).is_some() {
                    output.line(&format!("{path}: {}, in place of what was there", file.display()));
                }
                tree.remove(&place);
                self.put(tree, path, &mut self.session.paths.roots.open(file)?)?;
            }
        }
        for content in &self.work.wapt.contents {
            let WaptSource::Package(name) = &content.src else { continue };
            // Lists of a step's files are its own.
            let files = self.packages.get(name.as_str()).into_iter().flatten();
            for file in files.filter(|file| file.is_artifact()) {
                let own = file.path.rsplit('/').next().unwrap_or_default().to_owned();
                let target = if content.dst.is_empty() { own } else { format!("{}/{own}", content.dst) };
                self.put(tree, &target, &mut Records::for_project(&self.session.paths.project).open(file)?)?;
            }
        }
        Ok(draft)
    }

    fn put(&self, tree: &mut Tree, path: &str, file: &mut fs_err::File) -> Result<(), StepError> {
        let kind = tree.spool().append(file)?;
        let from = file.path();
        let origin = from.strip_prefix(&self.session.paths.project).unwrap_or(from).display().to_string();
        add(tree, path, kind, &origin.into())
    }
}

/// The folders of the package with nothing in them: agents of 1.8 would refuse them.
fn empty_folders(composed: &Tree) -> Vec<String> {
    // What is in a folder comes right behind it.
    let next = composed.iter().skip(1).map(|(path, _)| Some(path)).chain([None]);
    let empty = composed
        .iter()
        .zip(next)
        .filter(|((path, entry), next)| entry.kind == Kind::Dir && !next.is_some_and(|next| next.is_within(path)));
    let inner = empty.filter_map(|((path, _), _)| path.as_str().strip_prefix(TOP)?.strip_prefix('/'));
    inner.map(str::to_owned).collect()
}

fn add(tree: &mut Tree, path: &str, kind: Kind, origin: &std::sync::Arc<str>) -> Result<(), StepError> {
    let origin = std::sync::Arc::clone(origin);
    let entry = Entry { kind, mode: 0o644, owner: Owner::root(), mtime: 0, role: Role::Plain, origin };
    Ok(tree.add(TreePath::new(path)?, entry)?)
}
