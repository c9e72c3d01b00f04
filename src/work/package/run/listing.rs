//! A package's list of files, kept beside its record: so that another package of the recipe can leave them out, and an
//! install test knows what must be there.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::Path,
};

use crate::{
    event::StepId,
    execute::{Records, StepError},
    format::foreign::{Item, ItemKind},
    names::{Apart, UpstreamVersion},
    recipe::Package,
    stage::{Entry, Kind, Role, Tree, TreePath},
    util::{folder::open_file, state::LARGEST},
};

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Line {
    /// Path without a leading slash.
    pub path: String,
    /// `dir`, `file <sha256>`, `link <target>`.
    pub what: String,
    /// Permission bits in octal.
    pub mode: String,
    /// `user:group`.
    pub owner: String,
    /// `config` and `state` where it is one; empty otherwise.
    pub role: String,
    /// The relations that were written into the package because of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

impl Line {
    /// Whether it is a folder.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.what == "dir"
    }

    /// Whether it is a configuration file that a removal keeps.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.role == "config"
    }

    /// Whether it is a folder of state.
    #[must_use]
    pub fn is_state(&self) -> bool {
        self.role == "state" && self.is_dir()
    }
}

fn line(tree: &Tree, path: &TreePath, entry: &Entry) -> Line {
    let what = match &entry.kind {
        Kind::Dir => "dir".to_owned(),
        Kind::File { sha256, .. } => format!("file {}", hex::encode(sha256)),
        Kind::Symlink { target } => format!("link {target}"),
        Kind::Hardlink { target } => match tree.get(target).map(|first| &first.kind) {
            Some(Kind::File { sha256, .. }) => format!("file {}", hex::encode(sha256)),
            _ => format!("hardlink {target}"),
        },
    };
    let role = match entry.role {
        Role::Config { .. } => "config",
        Role::State => "state",
        _ => "",
    };
    Line {
        path: path.to_string(),
        what,
        mode: format!("{:o}", entry.mode),
        owner: format!("{}:{}", entry.owner.user, entry.owner.group),
        role: role.to_owned(),
        needs: Vec::new(),
    }
}

/// The lines of a tree.
#[must_use]
pub fn of_tree(tree: &Tree) -> Vec<Line> {
    tree.iter().map(|(path, entry)| line(tree, path, entry)).collect()
}

/// The lines of a package that somebody else built.
#[must_use]
pub fn of_items(items: &[Item]) -> Vec<Line> {
    let line = |item: &Item| Line {
        path: item.path.to_string(),
        what: match &item.kind {
            ItemKind::Dir => "dir".to_owned(),
            ItemKind::File { sha256, .. } => format!("file {}", hex::encode(sha256)),
            ItemKind::Symlink { target } => format!("link {target}"),
        },
        mode: format!("{:o}", item.mode),
        owner: format!("{}:{}", item.owner.user, item.owner.group),
        role: if item.config { "config".to_owned() } else { String::new() },
        needs: Vec::new(),
    };
    items.iter().map(line).collect()
}

/// Notes in each line which relations its file needs; `needs` has files by their absolute paths.
pub fn note_needs(lines: &mut [Line], needs: &BTreeMap<String, BTreeSet<String>>) {
    for line in lines {
        if let Some(found) = needs.get(&format!("/{}", line.path)) {
            line.needs = found.iter().cloned().collect();
        }
    }
}

/// Writes lines as a listing: JSON, one line each.
pub fn write_lines<'a>(
    records: &Records,
    step: &StepId,
    lines: impl Iterator<Item = &'a Line>,
) -> Result<(), StepError> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line).map_err(std::io::Error::from)?);
        text.push('\n');
    }
    Ok(records.keep_listing(step, text.as_bytes())?)
}

/// Reads a listing.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read(file: &Path) -> std::io::Result<Vec<Line>> {
    let text = text(file)?;
    let lines = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    lines.map_err(|error| std::io::Error::other(format!("{}: {error}", file.display())))
}

/// The text of a list that is kept beside a record.
///
/// # Errors
/// When it cannot be read.
pub fn text(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    open_file(file)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Most files that two packages share and that are named.
const NAMED: usize = 5;

/// Whether two packages of a recipe, of one version, can be installed beside each other: no file of both, unless one says that it conflicts
/// with the other or replaces it, in that version. Rpm takes files that are the same in both (`equal`).
///
/// # Errors
/// [`StepError::Contents`] with the files.
pub fn beside(
    of: (&Package, &[Line]),
    other: (&Package, &[Line]),
    version: &UpstreamVersion,
    equal: bool,
) -> Result<(), StepError> {
    let ((package, lines), (their, others)) = (of, other);
    if are_apart(package, their, version) || are_apart(their, package, version) {
        return Ok(());
    }
    let shipped: BTreeMap<String, &Line> = others.iter().map(|line| (settled(&line.path), line)).collect();
    let clashes = lines.iter().filter_map(|line| {
        let theirs = shipped.get(&settled(&line.path))?;
        let is_same = line.path == theirs.path
            && line.what == theirs.what
            && line.mode == theirs.mode
            && line.owner == theirs.owner;
        let is_fine = line.is_dir() && theirs.is_dir() || equal && is_same;
        (!is_fine).then_some((line, theirs))
    });
    let clashes: Vec<String> = clashes
        .map(|(line, theirs)| {
            let also =
                if line.path == theirs.path { String::new() } else { format!(" (the other as `/{}`)", theirs.path) };
            format!("`/{}`{also}", line.path)
        })
        .collect();
    if clashes.is_empty() {
        return Ok(());
    }
    let more = clashes.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (name, other) = (&package.name, &their.name);
    Err(StepError::Contents {
        message: format!("{name} and {other} both ship {}{more}", clashes[..clashes.len().min(NAMED)].join(", ")),
        help: format!(
            "leave them out of one: `without = [\"{other}\"]` in {name}, or an entry of type `exclude`; packages that are never \
             installed together say so with `conflicts`"
        ),
    })
}

/// Whether a package says that it is not installed beside another one of this version, or takes its files.
fn are_apart(one: &Package, two: &Package, version: &UpstreamVersion) -> bool {
    let provided = two.provides.iter().flat_map(|text| Apart::all(text)).map(|one| one.name);
    let names: BTreeSet<String> = provided.chain([two.name.to_string()]).collect();
    let version = format!("{}:{version}", two.epoch);
    let relations = [&one.conflicts, &one.breaks, &one.replaces].into_iter().flatten();
    relations.flat_map(|text| Apart::all(text)).any(|apart| names.contains(&apart.name) && apart.holds(&version))
}

/// A path as it is where `/bin` and the like lead into `/usr`.
fn settled(path: &str) -> String {
    let is_moved = ["bin/", "sbin/", "lib/", "lib64/"].iter().any(|folder| path.starts_with(folder));
    if is_moved { format!("usr/{path}") } else { path.to_owned() }
}

/// Takes out of a tree what another package ships the same way; gives how much. What both have, but differently, cannot be in
/// both.
pub fn leave_out(tree: &mut Tree, other: &[Line], package: &Package) -> Result<usize, StepError> {
    let shipped: BTreeMap<&str, &Line> = other.iter().map(|line| (line.path.as_str(), line)).collect();
    let mut clashes = Vec::new();
    let mut same = Vec::new();
    for (path, entry) in tree.iter() {
        if let Some(theirs) = shipped.get(path.as_str()) {
            let ours = line(tree, path, entry);
            if ours.what == theirs.what && ours.mode == theirs.mode && ours.owner == theirs.owner {
                same.push(path.clone());
            } else {
                clashes.push(format!("/{path}"));
            }
        }
    }
    if !clashes.is_empty() {
        let shown = clashes.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let more = clashes.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return Err(StepError::Contents {
            message: format!("{} would change files of a package in its `without`: {shown}{more}", package.name),
            help: "leave them as they are in this image, or take them out with `type = \"exclude\"`".to_owned(),
        });
    }
    // A folder stays while something of ours is in it only in the other package's hands: it ships the folder.
    for path in &same {
        tree.remove(path);
    }
    Ok(same.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_under_two_names() {
        for (path, settled_path) in [
            ("bin/x", "usr/bin/x"),
            ("usr/bin/x", "usr/bin/x"),
            ("lib/systemd/system/x.service", "usr/lib/systemd/system/x.service"),
            ("bin", "bin"),
            ("binary/x", "binary/x"),
            ("opt/bin/x", "opt/bin/x"),
        ] {
            assert_eq!(settled(path), settled_path);
        }
    }
}
