//! Takes the files that `collect` names out of a container, never started.

use std::{cell::RefCell, collections::BTreeSet};

use crate::{
    engine::{ContainerId, Output as _},
    execute::{Session, StepContext, StepError, records::blocking},
    stage::{Accounts, CONTAINER, Kind, Limits, Place, Request, Spool, Tree, TreePath, read_tar},
    util::{files::Guarded, pattern},
    work::package::{
        FromImage, PackageWork,
        run::{
            compose::Pattern,
            take::{blocking_reader, outermost},
        },
    },
};

/// The largest package: 8 GiB.
const LARGEST: u64 = 8 << 30;
/// How many packages one entry may collect.
const MOST: usize = 1000;
/// How many names of other files are kept, for a message.
const MOST_NAMES: usize = 1000;
/// How many of them a message shows.
const SHOWN: usize = 10;

/// Every regular file of the container that a pattern of the entry names, under its own path.
pub async fn files(
    (work, image): (&PackageWork, &FromImage),
    at: StepContext<'_>,
    container: &ContainerId,
) -> Result<Tree, StepError> {
    let StepContext { session, output, .. } = at;
    let mut tree = Tree::new(Spool::new()?);
    let mut names = BTreeSet::new();
    let fixed = work.package.collect.iter().map(|text| pattern::parts(text).0.into_owned());
    for root in outermost(fixed.collect()) {
        output.line(&format!("taking packages out of {root} of the container"));
        (tree, names) = match below(&root, &work.package.collect, (tree, names), session, container).await? {
            (taken, true) => taken,
            (taken, false) => {
                // Where the file is missing, its folder says what is there instead.
                let folder = root.rsplit_once('/').map(|(folder, _)| folder).filter(|folder| !folder.is_empty());
                match folder {
                    Some(folder) => below(folder, &[], taken, session, container).await?.0,
                    None => taken,
                }
            }
        };
    }
    check((work, image), &tree, &names)?;
    // Folders that a pattern names are none of ours.
    tree.retain(|_, entry| entry.kind != Kind::Dir);
    Ok(tree)
}

/// The tree, and the names of everything that was seen.
type Taken = (Tree, BTreeSet<String>);

/// Adds what the patterns name below a path; says whether there is such a path.
async fn below(
    root: &str,
    patterns: &[String],
    (mut tree, names): Taken,
    session: &Session,
    container: &ContainerId,
) -> Result<(Taken, bool), StepError> {
    let Some(stream) = session.services.engine.download(container, root).await? else {
        return Ok(((tree, names), false));
    };
    let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::parse(text)).collect::<Result<_, _>>()?;
    let (reader, cancel) = (blocking_reader(stream), session.services.cancel.clone());
    let root = root.trim_matches('/').to_owned();
    blocking(move || {
        let place = match root.rsplit_once('/') {
            Some((parent, _)) => Place::below(TreePath::new(parent)?),
            None => Place::top(),
        };
        let names = RefCell::new(names);
        let select = |path: &TreePath| {
            let mut names = names.borrow_mut();
            if names.len() < MOST_NAMES && path.as_str() != root {
                names.insert(path.to_string());
            }
            patterns.iter().any(|pattern| pattern.names(path))
        };
        let request = Request {
            place: &place,
            select: &select,
            accounts: &Accounts::indifferent(),
            limits: &Limits { file_bytes: LARGEST, ..Limits::default() },
            origin: CONTAINER,
        };
        read_tar(Guarded::new(reader, cancel), &request, &mut tree)?;
        Ok(((tree, names.into_inner()), true))
    })
    .await
}

/// Every pattern must name a file, and no pattern anything but files.
fn check((work, image): (&PackageWork, &FromImage), tree: &Tree, names: &BTreeSet<String>) -> Result<(), StepError> {
    let refused = |message: String, help: String| Err(StepError::Contents { message, help });
    if let Some((path, _)) = tree.iter().find(|(_, entry)| matches!(entry.kind, Kind::Symlink { .. })) {
        let help = "collect the file that it leads to".to_owned();
        return refused(format!("`/{path}`, which `collect` takes, is a symbolic link"), help);
    }
    let is_file = |kind: &Kind| matches!(kind, Kind::File { .. } | Kind::Hardlink { .. });
    let files: Vec<&TreePath> = tree.iter().filter(|(_, entry)| is_file(&entry.kind)).map(|(path, _)| path).collect();
    if files.len() > MOST {
        let help = "narrow the patterns, or write several [[package]]".to_owned();
        return refused(format!("`collect` takes {} files, {MOST} at most", files.len()), help);
    }
    for text in &work.package.collect {
        let wanted = Pattern::parse(text)?;
        if !files.iter().any(|path| wanted.names(path)) {
            let (fixed, _) = pattern::parts(text);
            let folder =
                if pattern::is_glob(text) { &fixed } else { fixed.rsplit_once('/').map_or("", |(folder, _)| folder) };
            let message = format!("`{text}` names no file in the image `{}`", image.name);
            return refused(message, there(folder, names));
        }
    }
    Ok(())
}

/// What is in a folder of the container instead.
fn there(folder: &str, names: &BTreeSet<String>) -> String {
    let within = format!("{}/", folder.trim_matches('/'));
    let found: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix(&within)).collect();
    if found.is_empty() {
        return format!("nothing is in `{folder}` there: look at how the image builds its packages");
    }
    let shown =
        found.iter().take(SHOWN).map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", ");
    let more = found.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("in `{folder}` there: {shown}{more}")
}
