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
    };
    items.iter().map(line).collect()
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
    let mut text = String::new();
    open_file(file)?.take(LARGEST).read_to_string(&mut text)?;
    let lines = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    lines.map_err(|error| std::io::Error::other(format!("{}: {error}", file.display())))
}

/// Most files that two packages share and that are named.
const NAMED: usize = 5;

/// Whether two packages of a recipe can be installed beside each other: no file of both, unless one says that it conflicts with
/// the other or replaces it. Rpm takes files that are the same in both (`equal`).
///
/// # Errors
/// [`StepError::Contents`] with the files.
pub fn beside(of: (&Package, &[Line]), other: (&Package, &[Line]), equal: bool) -> Result<(), StepError> {
    let ((package, lines), (their, others)) = (of, other);
    let apart = |one: &Package, two: &Package| {
        let names: BTreeSet<&str> =
            std::iter::once(two.name.as_str()).chain(two.provides.iter().map(|text| first_word(text))).collect();
        let relations = [&one.conflicts, &one.breaks, &one.replaces];
        relations.into_iter().flatten().any(|text| names.contains(first_word(text)))
    };
    if apart(package, their) || apart(their, package) {
        return Ok(());
    }
    let shipped: BTreeMap<&str, &Line> = others.iter().map(|line| (line.path.as_str(), line)).collect();
    let clashes = lines.iter().filter(|line| {
        shipped.get(line.path.as_str()).is_some_and(|theirs| {
            let is_same = line.what == theirs.what && line.mode == theirs.mode && line.owner == theirs.owner;
            !(line.is_dir() && theirs.is_dir() || equal && is_same)
        })
    });
    let clashes: Vec<String> = clashes.map(|line| format!("`/{}`", line.path)).collect();
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

/// The name in a relation.
fn first_word(relation: &str) -> &str {
    relation.split([' ', '(', '=', '<', '>', ',', '|']).next().unwrap_or_default()
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
