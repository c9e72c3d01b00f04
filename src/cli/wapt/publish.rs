//! `factory publish` for repositories of WAPT packages.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::trust::TrustArgs;
use crate::{
    cli::{artifact::Artifact, context::Context, env, tagged::is_of_its_tag},
    diag::{Exit, Failure},
    format::PackageFormat,
    publish::feed::{FeedError, wapt},
    report::{ListColumn, ListKind, ListView},
    source::git::Worktree,
    util::{
        clock,
        folder::{Folder, Links},
    },
};

/// What `factory publish` has for repositories.
#[derive(Debug, clap::Args)]
#[group(id = "repository")]
pub struct Args {
    /// Read every package of the repository again, instead of believing the old index
    #[arg(long)]
    rescan: bool,
    /// Publish what the project's builds have made although the checkout is not at the commit of the git tag that `--tag` names
    #[arg(long)]
    allow_dirty: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// An option that was given.
    #[must_use]
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--rescan", self.rescan),
            ("--allow-dirty", self.allow_dirty),
            ("--trust", self.trust.is_given()),
            ("--crl", self.trust.has_crls()),
        ];
        given.into_iter().find_map(|(option, is)| is.then_some(option))
    }
}

/// Publishes packages.
pub fn run(files: &[PathBuf], into: &Path, args: &Args, context: &Context) -> Result<(), Failure> {
    let mut files = files.to_vec();
    let crls = args.trust.crls()?;
    if files.is_empty() && !args.rescan && crls.is_empty() {
        files = of_project(context.folder())
            .map_err(|error| Failure::new(Exit::StepFailed, format!("cannot list the packages: {error}")))?;
        if files.is_empty() {
            let failure = Failure::new(Exit::Usage, "there is nothing to publish");
            return Err(failure.help("build something first, or name the packages: `factory publish FILE… --into DIR`"));
        }
        if let (Some(tag), false) = (context.tag(), args.allow_dirty) {
            let worktree = Worktree::find(context.folder(), &env::caller())?;
            is_of_its_tag(worktree.map(|worktree| worktree.elsewhere(tag)).transpose()?.flatten())?;
        }
    }
    let trust = if args.trust.is_given() { Some(args.trust.read()?) } else { None };
    publish(&files, into, trust, crls, args.rescan, context)
}

/// Publishes WAPT packages, and says what was done.
pub fn publish(
    files: &[PathBuf],
    into: &Path,
    trust: Option<crate::sign::Trust>,
    crls: Vec<crate::sign::Crl>,
    rescan: bool,
    context: &Context,
) -> Result<(), Failure> {
    for file in files {
        match Artifact::from_path(file)? {
            Artifact::Package(PackageFormat::Wapt, _) => {}
            Artifact::Package(_, path)
            | Artifact::Folder(_, path)
            | Artifact::Index(_, path)
            | Artifact::Feed(path)
            | Artifact::Sums(path) => {
                let failure = Failure::new(Exit::Usage, format!("`{}` is no WAPT package", path.display()));
                return Err(failure.help("name a `.wapt`; a folder is built first: `factory build DIR`"));
            }
        }
    }
    let request = wapt::PublishRequest { files: files.to_vec(), trust, crls, rescan, now: clock::now() };
    let done = wapt::publish(into, &request).map_err(|error| failure(&error))?;
    for file in &done.gone {
        context.events().warn(format!("`{file}` is gone from the repository, and from its index now"));
    }
    for file in &done.unlisted {
        context
            .events()
            .warn(format!("`{file}` is in the repository's folder, but not in its index: name it, or `--rescan`"));
    }
    for file in &done.hosts {
        context.events().warn(format!(
            "`{file}` is the package of a host and is in no index: agents look for it in the folder `wapt-host` beside \
             the repository"
        ));
    }
    let index = if done.changed { "new" } else { "as it was" };
    context.reporter.print(ListView {
        title: String::new(),
        columns: vec![ListColumn { name: "file", kind: ListKind::Text }],
        rows: done.added.iter().map(|file| vec![into.join(file).display().to_string()]).collect(),
        summary: format!(
            "{} published, {} read, {} in the index, which is {index}",
            done.added.len(),
            done.read,
            done.total
        ),
    });
    Ok(())
}

fn failure(error: &FeedError) -> Failure {
    let exit = if error.is_refusal() { Exit::CheckFailed } else { Exit::StepFailed };
    let failure = Failure::new(exit, error.to_string());
    match error.help() {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// The packages that builds have made, of all platforms.
///
/// # Errors
/// When `packages/`, or a platform's folder in it, is there and cannot be read.
fn of_project(project: &Path) -> io::Result<Vec<PathBuf>> {
    let open = Folder::open(project, Links::Refused)?;
    let Some(packages) = open.below(Path::new("packages"))? else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for (platform, kind) in packages.entries(Path::new(""))? {
        if kind.is_dir() {
            let folder = Path::new(&platform);
            let found = packages.entries(folder)?.into_iter().filter(|(_, kind)| kind.is_file());
            files.extend(found.map(|(name, _)| packages.path().join(folder).join(name)));
        }
    }
    files.retain(|path| path.extension().is_some_and(|end| end == "wapt"));
    Ok(files)
}
