//! Places that an entry of `contents` cannot mean: a file in the place of a folder that every system has, and a folder whose name is nearly
//! that of one.

use crate::{
    names::{Allowance, Concern},
    recipe::{Content, ContentKind, hierarchy::odd, is_of_system},
    source::{listing::Files, project::SourceKind},
    util::{
        allowance::{covers, line},
        toml::{Issue, quoted},
    },
};

/// Entries that bring one file, or a link, to the place of a folder that every system has.
pub(crate) fn over_folders(contents: &[Content], taken: &[Files]) -> Vec<Issue> {
    let is_one = |content: &Content, files: &Files| match &content.kind {
        ContentKind::Symlink => true,
        ContentKind::Dir | ContentKind::State | ContentKind::Exclude | ContentKind::Tree => false,
        _ => files.is_single && !files.files.iter().any(|file| matches!(file.kind, SourceKind::Folder)),
    };
    let all =
        contents.iter().zip(taken).filter(|(content, files)| is_one(content, files) && is_of_system(&content.dst));
    all.map(|(content, _)| issue(content)).collect()
}

fn issue(content: &Content) -> Issue {
    let folder = content.dst.trim_end_matches('/');
    let shown = if folder.is_empty() { "/" } else { folder };
    let what = if content.kind == ContentKind::Symlink { "a link" } else { "a file" };
    let name = content.src.rsplit('/').next().unwrap_or_default();
    let message = format!("{what} would be {}, which is a folder on every system", quoted(shown));
    let issue = Issue::new(&content.at, message).label("it would take the folder's place");
    issue.help(format!("name where it goes in there: `dst = {:?}`", format!("{folder}/{name}")))
}

/// A place that is nearly one in a folder of a system.
#[derive(Debug)]
pub(crate) struct Slip {
    /// What is said of it.
    pub(crate) issue: Issue,
    /// The folder, without a slash at its beginning.
    pub(crate) path: String,
}

/// Those of entries that are not allowed, each folder once.
pub(crate) fn slips(contents: &[Content], taken: &[Files], allow: &[Allowance]) -> Vec<Slip> {
    let mut found: Vec<Slip> = Vec::new();
    for (content, files) in contents.iter().zip(taken) {
        for place in places(content, files) {
            let Some((folder, near)) = odd(&place).and_then(|odd| Some((odd.folder, odd.near?))) else { continue };
            let path = folder.trim_start_matches('/').to_owned();
            let is_meant = allow.iter().any(|one| covers(one, Concern::OddPlace, &path));
            if !is_meant && found.iter().all(|slip| slip.path != path) {
                found.push(Slip { issue: slip(content, &place, (&folder, &near)), path });
            }
        }
    }
    found
}

/// The absolute paths that an entry makes; none of what stays where the container has it.
fn places(content: &Content, files: &Files) -> Vec<String> {
    match &content.kind {
        ContentKind::Exclude => Vec::new(),
        _ if content.in_container() && content.dst == content.src && content.kind != ContentKind::Symlink => Vec::new(),
        _ if content.dst != "/" => vec![content.dst.clone()],
        _ => files.files.iter().map(|file| format!("/{}", file.relative)).collect(),
    }
}

fn slip(content: &Content, place: &str, (folder, near): (&str, &str)) -> Issue {
    let of = if place == folder { String::new() } else { format!(" of {}", quoted(place)) };
    let message = format!("{}{of} is no folder of a system, did you mean {}?", quoted(folder), quoted(near));
    let help = format!("where it is meant: {} [{}]", line(Concern::OddPlace, folder), Concern::OddPlace.as_str());
    Issue::new(&content.at, message).help(help)
}
