//! Looks at a feed as a client does, without a network: from the root to each file.

use std::{collections::BTreeSet, error::Error, io::Read as _, path::Path};

use factory_tuf::{Check, Client, Limits, Remembered, Says, TargetFile, TargetPath, Targets};
use tokio_util::sync::CancellationToken;

use super::{SOON, files::Files, open::first_root};
use crate::{
    format::reader::Verdict,
    util::{
        clock,
        folder::{Folder, Links},
    },
};

/// So many faults are said; the others are counted.
const SHOWN: usize = 20;

/// What is wrong with the feed in a folder. `root` is what its clients are installed with; its own first root where nothing is said. Every
/// file is read whole; that ends soon after `cancel`.
#[must_use]
pub fn verify(folder: &Path, root: Option<Vec<u8>>, now: i64, cancel: &CancellationToken) -> Verdict {
    let mut verdict = Verdict::default();
    if root.is_none() {
        let text = "whether its first root is the one that updaters are installed with: `--root FILE` names that";
        verdict.unchecked.push(text.to_owned());
    }
    let mut faults = match followed(folder, root, now) {
        Ok((opened, client)) => {
            let targets = client.targets();
            verdict.package = targets.map(described).unwrap_or_default();
            verdict.warnings.extend(ends_soon(&opened, &client, now));
            targets.map(|targets| all_faults(&opened, &client, targets, cancel)).unwrap_or_default()
        }
        Err(why) => vec![why],
    };
    let more = faults.len().saturating_sub(SHOWN);
    faults.truncate(SHOWN);
    faults.extend((more > 0).then(|| format!("{more} other files or releases")));
    verdict.faults = faults.into_iter().map(Into::into).collect();
    verdict
}

/// What the feed in a folder has, by its own first root: each file with its bytes, and what is said of it where it is a release.
///
/// # Errors
/// Why no client could follow it.
pub fn listed(folder: &Path, now: i64) -> Result<Vec<(TargetPath, u64, Option<Says>)>, String> {
    let (_, client) = followed(folder, None, now)?;
    let targets = client.targets().into_iter().flat_map(|targets| &targets.targets);
    let one = |(path, file): (&TargetPath, &TargetFile)| (path.clone(), file.length, super::change::said(file));
    Ok(targets.map(one).collect())
}

/// From the root to the targets, as a client that comes for the first time.
fn followed(folder: &Path, root: Option<Vec<u8>>, now: i64) -> Result<(Folder, Client), String> {
    let opened = Folder::open(folder, Links::Refused).map_err(|error| error.to_string())?;
    let root = match root {
        Some(root) => root,
        None => first_root(&opened).map_err(|error| error.to_string())?.ok_or("it has no `metadata/1.root.json`")?,
    };
    let mut client = Client::new(Remembered::installed(root), Limits::default()).map_err(|error| whole(&error))?;
    client.refresh(&mut Files::new(&opened), now).map_err(|error| whole(&error))?;
    Ok((opened, client))
}

/// What is wrong with releases, and with the files themselves.
fn all_faults(folder: &Folder, client: &Client, targets: &Targets, cancel: &CancellationToken) -> Vec<String> {
    let mut faults = releases(targets);
    for (path, file) in &targets.targets {
        // A verdict that was broken off is none, and nobody sees it.
        if cancel.is_cancelled() {
            break;
        }
        let place = client.place(path, file);
        faults.extend(held(folder, &place, file, cancel).err().map(|why| format!("`{place}`: {why}")));
    }
    faults
}

/// A file against what is said of it.
fn held(folder: &Folder, place: &str, file: &TargetFile, cancel: &CancellationToken) -> Result<(), String> {
    let mut from = folder.file(Path::new(place)).map_err(|error| error.to_string())?;
    let mut check = Check::new(file);
    let mut buffer = vec![0; 128 << 10];
    while !cancel.is_cancelled() {
        match from.read(&mut buffer) {
            Ok(0) => return check.finish().map_err(|error| error.to_string()),
            Ok(read) => check.update(&buffer[..read]).map_err(|error| error.to_string())?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}

/// Releases that machines leave out.
fn releases(targets: &Targets) -> Vec<String> {
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    for (path, file) in &targets.targets {
        match Says::of(file) {
            None => {}
            Some(Err(why)) => faults.push(format!("`{path}` is a release that no machine takes: {why}")),
            Some(Ok(Says { product, platform, version, .. })) => {
                let named = format!("{product} {version} for {platform}");
                let plain = (version.major, version.minor, version.patch, version.pre);
                if !seen.insert((product, platform, plain)) {
                    faults.push(format!("`{path}`: the feed has {named} twice, and no machine takes either"));
                }
            }
        }
    }
    faults
}

/// What ends within 14 days.
fn ends_soon(folder: &Folder, client: &Client, now: i64) -> Vec<String> {
    let remembered = client.remembered().clone();
    let content = remembered.targets.zip(remembered.snapshot).zip(remembered.timestamp);
    let content = content.map(|((targets, snapshot), timestamp)| [targets, snapshot, timestamp]);
    let Ok(repository) = factory_tuf::Repository::open(remembered.root, content) else { return Vec::new() };
    let soon = repository.expiries().into_iter().filter(|(_, ends)| ends.seconds() - now < SOON);
    let shown = folder.path().display().to_string();
    soon.map(|(role, ends)| format!("its {role} ends on {}: {}", clock::day(ends.seconds()), remedy(role, &shown)))
        .collect()
}

/// What is typed where a role's metadata ends soon.
#[must_use]
pub fn remedy(role: &str, feed: &str) -> String {
    match role {
        "root" => format!("`factory keys update --feed {feed} --renew` with the root keys"),
        "targets" => format!("`factory publish --refresh --into {feed}` with the targets keys"),
        _ => format!("`factory publish --refresh --into {feed}` with the online key, from cron"),
    }
}

fn described(targets: &Targets) -> String {
    let releases = targets.targets.values().filter(|file| Says::of(file).is_some()).count();
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!("{}, {}", count(releases, "release"), count(targets.targets.len(), "file"))
}

/// An error and its reasons.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}
