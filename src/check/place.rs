//! What there is of a path in a tree: links are followed, and a path below `/bin` and the like is looked for below `/usr`, too.

use crate::{
    stage::{Entry, Kind, Tree, TreePath},
    util::toml::nearest,
};

/// The most links that are followed, as the kernel has it (path_resolution(7)).
const MOST_LINKS: u32 = 40;
/// Where programs are that have no folder: systemd's own path, on any of its platforms, and a shell's.
pub const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What there is of a path in the tree.
#[derive(Debug)]
pub enum Place<'t> {
    /// What it leads to, and under which path.
    There(String, &'t Entry),
    /// Not in the tree, but maybe beside it, under this path.
    Beside(String),
}

/// What there is of a program in the tree.
#[derive(Debug, PartialEq, Eq)]
pub enum Program {
    /// It can be started.
    Runs,
    /// It is there, and this is wrong with it.
    Wrong(String),
    /// Not in the tree, but maybe beside it, under one of these paths.
    Beside(Vec<String>),
}

/// Looks for a program in the tree: an absolute path, or a name that is looked for in these folders.
#[must_use]
pub fn program<S: AsRef<str>>(tree: &Tree, name: &str, folders: &[S]) -> Program {
    let paths: Vec<String> = if name.starts_with('/') {
        vec![name.to_owned()]
    } else {
        folders.iter().map(|folder| format!("{}/{name}", folder.as_ref())).collect()
    };
    let mut beside = Vec::new();
    for path in paths.iter().flat_map(|path| names_of(path)) {
        match find(tree, &path) {
            Place::There(_, entry) if !matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. }) => {
                return Program::Wrong("is no file".to_owned());
            }
            Place::There(_, entry) if entry.mode & 0o111 == 0 => {
                return Program::Wrong(format!("is not executable, mode {:04o}", entry.mode));
            }
            Place::There(..) => return Program::Runs,
            Place::Beside(path) => beside.push(path),
        }
    }
    Program::Beside(beside)
}

/// A path, and what it is called where `/bin` and the like lead into `/usr`.
#[must_use]
pub fn names_of(path: &str) -> Vec<String> {
    let mut names = vec![path.to_owned()];
    for folder in ["/bin/", "/sbin/", "/lib/", "/lib64/"] {
        if path.starts_with(folder) {
            names.push(format!("/usr{path}"));
        } else if let Some(rest) = path.strip_prefix("/usr").filter(|rest| rest.starts_with(folder)) {
            names.push(rest.to_owned());
        }
    }
    names
}

/// Whether the tree has a path.
#[must_use]
pub fn has(tree: &Tree, path: &str) -> bool {
    TreePath::new(path).is_ok_and(|path| tree.get(&path).is_some())
}

/// Whether the tree has something below a path: then it is a folder, whoever ships that.
#[must_use]
pub fn has_below(tree: &Tree, path: &str) -> bool {
    let below = format!("{}/", path.trim_matches('/'));
    tree.iter().any(|(path, _)| path.as_str().starts_with(&below))
}

/// What the tree has in the same folder under a name that is near: `, did you mean /opt/shop/bin?`, or nothing.
#[must_use]
pub fn similar(tree: &Tree, path: &str) -> String {
    let Some((folder, name)) = path.trim_start_matches('/').rsplit_once('/') else { return String::new() };
    let below = format!("{folder}/");
    let names =
        tree.iter().filter_map(|(path, _)| path.as_str().strip_prefix(&below)).filter(|rest| !rest.contains('/'));
    nearest(name, names).map(|near| format!(", did you mean /{folder}/{near}?")).unwrap_or_default()
}

/// A program of the tree that has this name, in a folder where programs are looked for by no name: `, did you mean /opt/shop/bin/run?`, or
/// nothing.
#[must_use]
pub fn called(tree: &Tree, name: &str) -> String {
    let end = format!("bin/{name}");
    let found = tree.iter().find(|(path, entry)| {
        path.as_str().strip_suffix(&end).is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
            && entry.kind != Kind::Dir
    });
    found.map(|(path, _)| format!(", did you mean /{path}?")).unwrap_or_default()
}

/// Follows a path through the links of the tree.
#[must_use]
pub fn find<'t>(tree: &'t Tree, path: &str) -> Place<'t> {
    let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut at: Vec<String> = Vec::new();
    let mut links = 0;
    let mut last = None;
    while let Some(part) = rest.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                at.pop();
                continue;
            }
            _ => at.push(part),
        }
        let Some(entry) = TreePath::new(&at.join("/")).ok().and_then(|path| tree.get(&path)) else {
            last = None;
            continue;
        };
        if let Kind::Symlink { target } = &entry.kind {
            links += 1;
            if links > MOST_LINKS {
                break;
            }
            if target.starts_with('/') {
                at.clear();
            } else {
                at.pop();
            }
            rest.extend(target.split('/').rev().map(str::to_owned));
            last = None;
            continue;
        }
        last = Some(entry);
    }
    let path = format!("/{}", at.join("/"));
    match last {
        Some(entry) => Place::There(path, entry),
        None => Place::Beside(path),
    }
}
