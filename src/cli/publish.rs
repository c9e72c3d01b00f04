//! `factory publish`.

use std::path::{Path, PathBuf};

use super::{artifact::Artifact, context::Context, trust::TrustArgs};
use crate::{
    diag::{Exit, Failure},
    publish::feed::{FeedError, wapt},
    report::{ListColumn, ListKind, ListView},
    util::{
        clock,
        folder::{Folder, Links},
    },
};

/// Put packages into a repository that clients read
///
/// For WAPT packages: a folder that a web server gives to agents, with the index `Packages`, certificates, revocation lists
/// and icons for WAPT 1.8 and 2. Every package is verified first; new files come first, the index last, in one go.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The packages; those that the project's builds have made when neither they nor a revocation list are named
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The repository's folder
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Read every package of the repository again, instead of believing the old index
    #[arg(long)]
    rescan: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let mut files = args.files.clone();
    let crls = args.trust.crls()?;
    if files.is_empty() && !args.rescan && crls.is_empty() {
        files = of_project(context.folder());
        if files.is_empty() {
            let failure = Failure::new(Exit::Usage, "there is nothing to publish");
            return Err(failure.help("build something first, or name the packages: `factory publish FILE… --into DIR`"));
        }
    }
    let trust = if args.trust.is_given() { Some(args.trust.read()?) } else { None };
    publish(&files, &args.into, trust, crls, args.rescan, context)
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
        match Artifact::of(file)? {
            Artifact::Wapt(_) => {}
            Artifact::WaptFolder(path) | Artifact::WaptIndex(path) => {
                let failure = Failure::new(Exit::Usage, format!("`{}` is no package", path.display()));
                return Err(failure.help("name a `.wapt`; a folder is built first: `factory build DIR`"));
            }
        }
    }
    let wish = wapt::Wish { files: files.to_vec(), trust, crls, rescan, now: clock::now() };
    let done = wapt::publish(into, &wish).map_err(|error| failure(&error))?;
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
            "`{file}` is the package of a host and stands in no index: agents look for it in the folder `wapt-host` beside \
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
pub fn of_project(project: &Path) -> Vec<PathBuf> {
    let Ok(open) = Folder::open(project, Links::Refused) else { return Vec::new() };
    let packages = Path::new("packages");
    let platforms = open.entries(packages).unwrap_or_default().into_iter().filter(|(_, kind)| kind.is_dir());
    let files = platforms.flat_map(|(platform, _)| {
        let folder = packages.join(platform);
        let files = open.entries(&folder).unwrap_or_default().into_iter().filter(|(_, kind)| kind.is_file());
        files.map(|(name, _)| folder.join(name)).collect::<Vec<_>>()
    });
    files.filter(|path| path.extension().is_some_and(|end| end == "wapt")).map(|path| project.join(path)).collect()
}
