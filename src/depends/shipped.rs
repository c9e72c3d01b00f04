//! [`Shipped`]: the files of a package, as far as they say what it needs and gives.

use std::collections::{BTreeMap, BTreeSet};

use super::{elf::Elf, python::Metadata};

/// The most links that are followed one after the other, as the kernel has it (path_resolution(7)).
const MOST_LINKS: usize = 40;
/// The most that is kept of what distributions of Python say of themselves, in bytes: of a thousand of them it is a tenth.
const MOST_SAID: usize = 128 << 20;

/// The files of a package.
#[derive(Debug, Default)]
pub struct Shipped {
    /// By the path that names it once `/lib` is `/usr/lib`.
    nodes: BTreeMap<String, Node>,
    /// The files and links of a name, wherever they are.
    names: BTreeMap<String, BTreeSet<String>>,
    /// Its programs and libraries for the machine.
    natives: Vec<Native>,
    /// What it begins with `#!`, and may be executed.
    scripts: Vec<Script>,
    /// What distributions of the system's Python say of themselves.
    metadata: Vec<Metadata>,
    /// Bytes of it.
    said: usize,
    /// The machine that it is for, in the kernel's words (uname(2)).
    machine: String,
}

/// A program or library.
#[derive(Debug, Clone)]
pub struct Native {
    /// Where, absolute.
    pub path: String,
    /// Whether somebody may execute it.
    pub is_executable: bool,
    /// What it says.
    pub elf: Elf,
}

/// A script that somebody may execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Where, absolute.
    pub path: String,
    /// Its first line without `#!`.
    pub line: String,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    /// A program or library for the machine.
    Native,
    /// Another file.
    Other,
    Link(String),
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads<'s> {
    /// To a program or library of the package.
    Native,
    /// To another file of it.
    Other,
    /// Out of it: to this path, which is the one that was asked for where nothing is there.
    Out(&'s str),
}

impl Shipped {
    /// No file yet, of a package for this machine, in the kernel's words.
    #[must_use]
    pub fn on(machine: &str) -> Self {
        Self { machine: machine.to_owned(), ..Self::default() }
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// Adds what a distribution of the system's Python says of itself.
    pub fn metadata(&mut self, metadata: Metadata) {
        self.node(&metadata.path, Node::Other);
        let room = MOST_SAID - self.said;
        // What is beyond says nothing that is understood, and that is said.
        let text = if metadata.text.len() > room { String::new() } else { metadata.text };
        self.said += text.len();
        self.metadata.push(Metadata { text, ..metadata });
    }

    /// What its distributions of Python say of themselves.
    #[must_use]
    pub fn distributions(&self) -> &[Metadata] {
        &self.metadata
    }

    /// Adds a program or library for the machine.
    pub fn native(&mut self, native: Native) {
        self.node(&native.path, Node::Native);
        self.natives.push(native);
    }

    /// Adds a script that somebody may execute.
    pub fn script(&mut self, script: Script) {
        self.node(&script.path, Node::Other);
        self.scripts.push(script);
    }

    /// Adds any other file.
    pub fn file(&mut self, path: &str) {
        self.node(path, Node::Other);
    }

    /// Adds a symbolic link, with its target as written.
    pub fn link(&mut self, path: &str, target: &str) {
        self.node(path, Node::Link(behind(path, target)));
    }

    fn node(&mut self, path: &str, node: Node) {
        let path = merged(path);
        let name = path.rsplit('/').next().unwrap_or_default();
        self.names.entry(name.to_owned()).or_default().insert(path.clone());
        self.nodes.insert(path, node);
    }

    /// Its programs and libraries for the machine.
    #[must_use]
    pub fn natives(&self) -> &[Native] {
        &self.natives
    }

    /// Its scripts.
    #[must_use]
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// All paths of files and links, in the form of [`merged`].
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.nodes.keys().map(String::as_str)
    }

    /// Where a path in the form of [`merged`] leads, links followed. Links of folders are not.
    #[must_use]
    pub fn leads<'s>(&'s self, path: &'s str) -> Leads<'s> {
        let mut path = path;
        for _ in 0..MOST_LINKS {
            match self.nodes.get(path) {
                Some(Node::Native) => return Leads::Native,
                Some(Node::Other) => return Leads::Other,
                Some(Node::Link(target)) => path = target,
                None => return Leads::Out(path),
            }
        }
        Leads::Other
    }

    /// Whether a library of that name is anywhere in it: by its file's name, or by what it calls itself.
    #[must_use]
    pub fn has_library(&self, name: &str) -> bool {
        let by_name = self.names.get(name).into_iter().flatten().any(|path| self.leads(path) == Leads::Native);
        by_name || self.natives.iter().any(|native| native.elf.soname.as_deref() == Some(name))
    }
}

/// The path that a link leads to, in the form of [`merged`].
#[must_use]
pub fn behind(path: &str, target: &str) -> String {
    if target.starts_with('/') {
        return merged(target);
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    merged(&format!("{folder}/{target}"))
}

/// A path without `.` and `..`, and below `/usr` where `/bin`, `/sbin` and the folders of libraries are links since the merge of `/usr`
/// (the file system hierarchy of Debian 12 and of every rpm family): so that one file has one name, on older systems, too.
#[must_use]
pub fn merged(path: &str) -> String {
    const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let usr = if parts.first().is_some_and(|first| MERGED.contains(first)) { "/usr/" } else { "/" };
    format!("{usr}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_name() {
        for (path, name) in [
            ("/lib/x/libz.so.1", "/usr/lib/x/libz.so.1"),
            ("lib64/ld.so", "/usr/lib64/ld.so"),
            ("/usr/lib/../lib/./a", "/usr/lib/a"),
            ("/usr/../lib/a", "/usr/lib/a"),
            ("/library/a", "/library/a"),
            ("/../a", "/a"),
        ] {
            assert_eq!(merged(path), name);
        }
        assert_eq!(behind("/opt/x/lib/a.so", "../b.so.1"), "/opt/x/b.so.1");
        assert_eq!(behind("/opt/x/a.so", "/lib/b.so.1"), "/usr/lib/b.so.1");
    }

    #[test]
    fn links_are_followed_and_circles_end() {
        let mut shipped = Shipped::default();
        shipped.link("/opt/a", "b");
        shipped.link("/opt/b", "a");
        shipped.link("/opt/c", "/lib/libz.so.1");
        shipped.link("/opt/d", "e");
        shipped.file("/opt/e");
        assert_eq!(shipped.leads("/opt/a"), Leads::Other);
        assert_eq!(shipped.leads("/opt/c"), Leads::Out("/usr/lib/libz.so.1"));
        assert_eq!(shipped.leads("/opt/d"), Leads::Other);
        assert_eq!(shipped.leads("/opt/none"), Leads::Out("/opt/none"));
    }
}
