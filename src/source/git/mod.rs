//! Sources from git: what their references are, asked of all servers at once before anything is fetched; then each as a
//! checkout in `.factory/sources/`, named by its commit and checked before it is used again.

mod advice;
mod checkout;
mod command;
mod credential;
mod error;
mod home;
mod local;
mod manifest;
mod mirror;
mod remote;
mod tree;
mod worktree;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::StreamExt as _;

pub use command::{Git, Host};
pub use credential::credential;
pub use error::GitError;
pub use local::{Local, RECEIVE};
pub use mirror::Mirror;
pub use remote::{Answer, advertised, near, resolve};
pub use worktree::{Caller, Change, Changed, Elsewhere, History, Parts, Standing, Worktree, WorktreeError};

use self::{
    checkout::What,
    manifest::{FILES, Manifest},
};
use crate::{
    names::{Commit, GitUrl, RefName, SourceName},
    recipe::{Checkout, Checkouts},
    util::{
        files::sweep,
        folder::{Folder, Links},
    },
};

/// A source with everything that the command line says filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: SourceName,
    /// Where it is: never relative.
    pub url: GitUrl,
    /// What of it.
    pub reference: RefName,
    /// Whether its submodules are wanted.
    pub submodules: bool,
}

/// A source that could not be had.
#[derive(Debug)]
pub struct Trouble {
    /// Which.
    pub source: SourceName,
    /// Why.
    pub error: GitError,
}

/// Servers that are asked at once, and sources that are fetched at once.
const ASKED_AT_ONCE: usize = 8;
const FETCHED_AT_ONCE: usize = 4;

/// A source whose commit is known.
struct Resolved<'w> {
    wanted: &'w Wanted,
    commit: Commit,
    what: String,
}

/// How long a run that is stopped from outside (a CI runner stops everything at once) takes to hear of it: git may hear of
/// it first, and fail.
const HEARSAY: Duration = Duration::from_millis(200);

/// Has every source checked out in `store`: what its reference is, is asked first, of all of them, and only when all of
/// them are known is something fetched. No other process may work in `store`.
///
/// # Errors
/// Every source that could not be had.
pub async fn take(wanted: &[Wanted], store: &Path, host: &Host) -> Result<Checkouts, Vec<Trouble>> {
    let had = take_all(wanted, store, host).await;
    if had.is_err() && tokio::time::timeout(HEARSAY, host.cancel.cancelled()).await.is_ok() {
        let stopped = |wanted: &Wanted| Trouble { source: wanted.name.clone(), error: GitError::Interrupted };
        return Err(wanted.iter().map(stopped).collect());
    }
    had
}

async fn take_all(wanted: &[Wanted], store: &Path, host: &Host) -> Result<Checkouts, Vec<Trouble>> {
    let first = |error| match wanted.first() {
        Some(wanted) => vec![Trouble { source: wanted.name.clone(), error }],
        None => Vec::new(),
    };
    if home::settle(store).map_err(|error| first(error.into()))? {
        let text = "sources in `.factory` were not fetched here: they came with the project, or were copied, and are fetched again";
        host.events.warn(text.to_owned());
    }
    // With whole hashes and checkouts that are there, git is not even called.
    if let Some(there) = all_there(wanted, store, host) {
        return Ok(there);
    }
    if let Ok(store) = Folder::open(store, Links::Refused) {
        sweep(&store);
    }
    let git = Git::for_host(host).await.map_err(first)?;
    let ask = async |wanted: &Wanted| remote::resolve(&wanted.url, &wanted.reference, &git).await;
    let answers = futures::stream::iter(wanted).map(ask).buffered(ASKED_AT_ONCE).collect::<Vec<_>>().await;
    let (mut known, mut short, mut troubles) = (Vec::new(), Vec::new(), Vec::new());
    for (wanted, answer) in wanted.iter().zip(answers) {
        match answer {
            Ok(Answer::Known(commit, what)) => known.push(Resolved { wanted, commit, what }),
            Ok(Answer::Abbreviated) => short.push(wanted),
            Err(error) => troubles.push(Trouble { source: wanted.name.clone(), error }),
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    for wanted in short {
        match complete(wanted, store, &git).await {
            Ok(commit) => known.push(Resolved { wanted, commit, what: "commit".to_owned() }),
            Err(error) => troubles.push(Trouble { source: wanted.name.clone(), error }),
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    let had = async |resolved: Resolved<'_>| {
        let had = check_out(&resolved, store, &git).await;
        (resolved.wanted.name.clone(), had)
    };
    let all = futures::stream::iter(known).map(had).buffered(FETCHED_AT_ONCE).collect::<Vec<_>>().await;
    let mut checkouts = Checkouts::new();
    for (source, had) in all {
        match had {
            Ok(checkout) => {
                checkouts.insert(source, checkout);
            }
            Err(error) => troubles.push(Trouble { source, error }),
        }
    }
    if troubles.is_empty() { Ok(checkouts) } else { Err(troubles) }
}

/// Everything, where every reference is a whole hash whose checkout is there and whole.
fn all_there(wanted: &[Wanted], store: &Path, host: &Host) -> Option<Checkouts> {
    let mut found = Checkouts::new();
    let mut said = Vec::new();
    for wanted in wanted {
        let commit = Commit::new(wanted.reference.as_str()).ok()?;
        let what = what(wanted, &commit);
        let manifest = what.find(store, &host.digests)?;
        said.push((wanted.name.clone(), manifest, commit.clone()));
        found.insert(wanted.name.clone(), Checkout { folder: what.folder(store).join(FILES), commit });
    }
    for (name, manifest, commit) in said {
        host.events.info(format!("source {name}: commit {}", commit.short()));
        warn_of_lfs(&name, &manifest, host);
    }
    Some(found)
}

fn what<'w>(wanted: &'w Wanted, commit: &'w Commit) -> What<'w> {
    What { name: &wanted.name, url: &wanted.url, commit, submodules: wanted.submodules }
}

/// A short hash, completed by the repository itself, which has to be fetched for it.
async fn complete(wanted: &Wanted, store: &Path, git: &Git<'_>) -> Result<Commit, GitError> {
    let mirror = Mirror::open(store, &wanted.url, None, git).await?;
    mirror.complete(&wanted.reference, wanted.name.as_str(), git).await
}

async fn check_out(resolved: &Resolved<'_>, store: &Path, git: &Git<'_>) -> Result<Checkout, GitError> {
    let Resolved { wanted, commit, what: called } = resolved;
    let what = what(wanted, commit);
    let (name, short) = (&wanted.name, commit.short());
    let is = if called == "commit" { format!("commit {short}") } else { format!("{called} is {short}") };
    let mut manifest = what.find(store, &git.host().digests);
    if manifest.is_some() {
        git.events().info(format!("source {name}: {is}"));
    } else {
        if what.folder(store).exists() {
            git.events().warn(format!("source {name}: its checkout is not what it was, and is made again"));
        }
        let bytes = checkout::make(&what, store, git).await?;
        let fetched = if bytes == 0 { String::new() } else { format!(" (fetched {})", size(bytes)) };
        git.events().info(format!("source {name}: {is}{fetched}"));
        manifest = what.find(store, &git.host().digests);
    }
    match manifest {
        Some(manifest) => warn_of_lfs(name, &manifest, git.host()),
        None => return Err(GitError::Failed { reason: "the checkout changed while it was made".to_owned() }),
    }
    Ok(Checkout { folder: what.folder(store).join(FILES), commit: commit.clone() })
}

/// `12.3 MB`, `812 kB`.
fn size(bytes: u64) -> String {
    match bytes.div_ceil(1000) {
        kilo @ 0..1000 => format!("{kilo} kB"),
        kilo => format!("{}.{} MB", kilo / 1000, kilo % 1000 / 100),
    }
}

fn warn_of_lfs(name: &SourceName, manifest: &Manifest, host: &Host) {
    if let Some((count, first)) = &manifest.elsewhere {
        let first = first.escape_debug();
        let are = if *count == 1 { "file is" } else { "files are" };
        host.events.warn(format!("source {name}: {count} {are} in Git LFS, which is not fetched: `{first}`"));
    }
}

/// The folders of the checkouts that are in `store`.
#[must_use]
pub fn checkouts_in(store: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(store).into_iter().flatten().flatten();
    let found: BTreeSet<_> = entries.map(|entry| entry.path()).filter(|path| path.join(FILES).is_dir()).collect();
    found.into_iter().collect()
}
