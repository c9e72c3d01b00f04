//! Takes a package's files out of a container, never started: the daemon streams them, one pass each.

use std::{cell::RefCell, collections::BTreeSet, io::Read, sync::Arc};

use futures::StreamExt as _;

use super::{
    compose::Rules,
    effect::{self, Tally},
};
use crate::{
    engine::{ByteStream, ContainerId, ContainerSpec, Output as _},
    event::StepId,
    execute::{
        Session, StepContext, StepError,
        records::{blocking, noted},
    },
    recipe::{Content, ContentKind},
    stage::{Accounts, CONTAINER, Limits, Place, Request, Spool, Tree, TreePath, read_tar},
    util::{files::Guarded, pattern},
};

/// The largest `/etc/passwd` or `/etc/group` that is read, in bytes.
const LARGEST_ACCOUNTS: u64 = 4 << 20;

/// What is taken, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// The entries of `contents` that name it.
    pub contents: &'w [Content],
    /// The image, as the recipe calls it.
    pub image: &'w str,
    /// Whether only files count.
    pub files_only: bool,
}

/// A container of the image that a step made, which is never started.
pub async fn container(image: &StepId, at: StepContext<'_>) -> Result<ContainerId, StepError> {
    let StepContext { records, .. } = at;
    container_of(noted(records, image)?.image(), at).await
}

/// A container of an image, which is never started.
pub async fn container_of(image: &str, at: StepContext<'_>) -> Result<ContainerId, StepError> {
    let StepContext { step, session, .. } = at;
    let spec =
        ContainerSpec { image: image.to_owned(), argv: vec!["/bin/true".to_owned()], ..ContainerSpec::default() };
    Ok(session.create(&step.id, spec).await?)
}

/// Everything of the container that contents name, under its own paths; and the files of it that have capabilities.
pub async fn tree(
    wanted: Wanted<'_>,
    at: StepContext<'_>,
    container: &ContainerId,
) -> Result<(Tree, Vec<TreePath>), StepError> {
    let StepContext { session, output, .. } = at;
    // Entries may say whose it is; an owner that is still unknown then is refused before anything is written.
    let accounts = accounts(session, container).await?.with_numbers();
    let rules = Arc::new(Rules::from_contents(wanted.contents)?);
    let (mut tree, mut tally, mut capable) = (Tree::new(Spool::new()?), Tally::default(), Vec::new());
    for root in roots(wanted.contents) {
        output.line(&format!("taking {root} out of the container"));
        let Some(stream) = session.services.engine.download(container, &root).await? else {
            for name in instead_of(&root, session, container).await? {
                tally.name(name);
            }
            continue;
        };
        let (accounts, cancel, rules) = (accounts.clone(), session.services.cancel.clone(), Arc::clone(&rules));
        let reader = blocking_reader(stream);
        let (filled, counted, staged) = blocking(move || {
            let place = match root.trim_matches('/').rsplit_once('/') {
                Some((parent, _)) => Place::below(TreePath::new(parent)?),
                None => Place::top(),
            };
            let counted = RefCell::new(tally);
            let select = |path: &TreePath| counted.borrow_mut().see(path, &rules);
            let request = Request {
                place: &place,
                select: &select,
                accounts: &accounts,
                limits: &Limits::default(),
                origin: CONTAINER,
            };
            let staged = read_tar(Guarded::new(reader, cancel), &request, &mut tree)?;
            Ok((tree, counted.into_inner(), staged))
        })
        .await?;
        (tree, tally) = (filled, counted);
        capable.extend(staged.capabilities);
    }
    let of = effect::Place { image: wanted.image, files_only: wanted.files_only };
    for text in tally.check(&rules, &tree, of, session)? {
        output.line(&format!("{text}, as it may"));
    }
    Ok((tree, capable))
}

/// How much of a folder is streamed to say what is in it: 256 MiB.
const LOOKED_THROUGH: u64 = 256 << 20;
/// And how many names of it are looked at.
const LOOKED_AT: usize = 100_000;

/// What is in the nearest folder above a path that is not in the container: the names in it.
async fn instead_of(root: &str, session: &Session, container: &ContainerId) -> Result<BTreeSet<TreePath>, StepError> {
    for folder in std::iter::successors(effect::parent(root), |path| effect::parent(path)) {
        let Some(stream) = session.services.engine.download(container, folder).await? else { continue };
        let (reader, folder) = (blocking_reader(stream), folder.trim_matches('/').to_owned());
        return blocking(move || {
            let mut archive = tar::Archive::new(reader.take(LOOKED_THROUGH));
            let mut names = BTreeSet::new();
            // What is cut off or strange ends it: it is for a message only.
            for entry in archive.entries()?.take(LOOKED_AT).map_while(Result::ok) {
                let path = entry.path_bytes();
                let Ok(path) = std::str::from_utf8(&path) else { continue };
                // The first part is the folder's own name, which the top of a container has not.
                let inner = if folder.is_empty() { Some(path) } else { path.split_once('/').map(|(_, inner)| inner) };
                let first =
                    inner.and_then(|inner| inner.trim_start_matches(['.', '/']).split('/').next()).unwrap_or_default();
                if let Ok(path) = TreePath::new(&format!("{folder}/{first}")) {
                    names.insert(path);
                }
            }
            Ok(names)
        })
        .await;
    }
    Ok(BTreeSet::new())
}

/// The fixed parts of all container contents, none within another.
fn roots(contents: &[Content]) -> Vec<String> {
    let all: Vec<String> = contents
        .iter()
        .filter(|content| content.in_container() && content.kind != ContentKind::Exclude)
        .filter(|content| content.kind != ContentKind::Symlink)
        .map(|content| pattern::parts(&content.src).0.into_owned())
        .collect();
    outermost(all)
}

/// Those of these paths that are not within another one.
pub fn outermost(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    let mut roots: Vec<String> = Vec::new();
    for path in all {
        if !roots.iter().any(|root| path == *root || path.starts_with(&format!("{root}/"))) {
            roots.push(path);
        }
    }
    roots
}

/// The users and groups of a container.
pub async fn accounts(session: &Session, container: &ContainerId) -> Result<Accounts, StepError> {
    let passwd = small_file(session, container, "/etc/passwd").await?;
    let group = small_file(session, container, "/etc/group").await?;
    Ok(Accounts::parse(&passwd, &group)?)
}

/// The users and groups of an image.
pub async fn accounts_of(image: &str, at: StepContext<'_>) -> Result<Accounts, StepError> {
    let StepContext { session, .. } = at;
    let container = container_of(image, at).await?;
    let found = accounts(session, &container).await;
    session.discard(&container).await;
    found
}

/// The bytes of one small file of the container.
pub async fn small_file(session: &Session, container: &ContainerId, path: &str) -> Result<Vec<u8>, StepError> {
    let Some(stream) = session.services.engine.download(container, path).await? else { return Ok(Vec::new()) };
    let reader = blocking_reader(stream);
    blocking(move || {
        let mut archive = tar::Archive::new(reader.take(LARGEST_ACCOUNTS));
        let mut bytes = Vec::new();
        if let Some(entry) = archive.entries()?.next() {
            entry?.take(LARGEST_ACCOUNTS).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    })
    .await
}

/// A blocking reader of a stream of the daemon, for work on another thread.
#[must_use]
pub fn blocking_reader(stream: ByteStream) -> impl Read + Send + use<> {
    let stream = stream.map(|chunk| chunk.map_err(std::io::Error::other));
    tokio_util::io::SyncIoBridge::new(tokio_util::io::StreamReader::new(stream))
}
