//! Programs and libraries that cannot run where they are installed: for another machine, for a newer libc, without their
//! interpreter or a library. Pure: what is outside of the tree is asked by the caller.
//!
//! A library of the tree is taken to be found wherever it is: many are found by ways that only run time shows. So what is refused here is
//! what can never work; `factory test` asks the dynamic linker for the rest.

pub mod interpreter;
pub mod libc;
pub mod library;
pub mod line_ends;
mod machine;
mod native;
mod not_executable;
pub mod search_path;
pub mod syntax;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
};

use super::{finding::Finding, shebang::LONGEST_LINE};
use crate::{
    depends::elf::{BadElf, Depth, Elf},
    platform::Host,
    stage::{Entry, Kind, Tree, TreePath},
};
use interpreter::Script;

pub use native::Native;
pub use not_executable::not_executable;

/// What can run of a tree, and what it needs from outside.
#[derive(Debug, Default)]
pub struct Natives {
    /// Programs and libraries for the machine.
    pub natives: Vec<Native>,
    /// Programs of `bin` folders that begin with `#!`, where what is there is not in the tree.
    pub scripts: Vec<Script>,
    /// What was found by looking at the tree alone.
    pub lacks: Vec<Finding>,
    /// All paths of the tree, with a slash.
    paths: BTreeSet<String>,
    /// The names of its files, each with the symbols' versions that it has where it is a library.
    names: BTreeMap<String, Vec<String>>,
}

impl Natives {
    /// Looks at a tree; paths that are `named` are started though they are not executable ([`line_ends::named`]).
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn of(tree: &Tree, host: &Host, named: &BTreeSet<String>) -> std::io::Result<Self> {
        let mut found = Self::default();
        for (path, entry) in tree.iter() {
            found.paths.insert(format!("/{path}"));
            found.names.entry(path.file_name().to_owned()).or_default();
            if matches!(entry.kind, Kind::File { size: 2.., .. }) {
                found.file((tree, path, entry), host, named)?;
            }
        }
        Ok(found)
    }

    fn file(
        &mut self,
        (tree, path, entry): (&Tree, &TreePath, &Entry),
        host: &Host,
        named: &BTreeSet<String>,
    ) -> std::io::Result<()> {
        let mut start = Vec::new();
        tree.open(entry).take(LONGEST_LINE).read_to_end(&mut start)?;
        self.lacks.extend(not_executable(path.as_str(), entry.mode, &start));
        if let Some(lack) = line_ends::windows(path.as_str(), entry.mode, &start, named) {
            self.lacks.push(lack);
        } else if start.starts_with(b"#!")
            && entry.mode & 0o111 != 0
            && (interpreter::is_program(path.as_str()) || named.contains(&format!("/{path}")))
        {
            let (lacks, scripts) = interpreter::of_script(tree, path.as_str(), &start);
            self.lacks.extend(lacks);
            self.scripts.extend(scripts);
        }
        if start.starts_with(b"\x7fELF") {
            match Elf::read(tree.open(entry), Depth::Names) {
                Ok(Some(elf)) => {
                    self.names.entry(path.file_name().to_owned()).or_default().extend(elf.defines.iter().cloned());
                    self.judge(path.as_str(), elf, host);
                }
                // A broken one cannot run, but many a test suite ships one: only what is meant to be run or loaded is judged.
                Err(BadElf(why)) if entry.mode & 0o111 != 0 => self.lacks.push(machine::broken(path.as_str(), &why)),
                Ok(None) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn judge(&mut self, path: &str, elf: Elf, host: &Host) {
        if let Some(lack) = machine::other(path, &elf, host) {
            self.lacks.push(lack);
            return;
        }
        let native = Native { path: path.to_owned(), elf };
        self.lacks.extend(search_path::of_builds(&native));
        self.natives.push(native);
    }

    /// Whether the tree has a path, absolute.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Whether the tree has a folder, absolute, or something below it.
    #[must_use]
    pub fn has_folder(&self, path: &str) -> bool {
        let below = format!("{}/", path.trim_end_matches('/'));
        self.has(path) || self.paths.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below))
    }

    /// The versions of symbols that a library of the tree has; `None` where the tree has no file of that name.
    #[must_use]
    pub fn library(&self, name: &str) -> Option<&[String]> {
        self.names.get(name).map(Vec::as_slice)
    }

    /// The newest glibc that a program of the tree asks for, where that is newer than the platform's and not in the tree.
    pub fn judge_libc(&mut self, host: &Host) {
        let is_ours = |file: &str| self.names.contains_key(file);
        let newer: Vec<Finding> = self.natives.iter().filter_map(|native| libc::newer(native, host, is_ours)).collect();
        self.lacks.extend(newer);
    }
}

/// What is wrong with single files by themselves: their machine, and their libc. Each with its path, without a slash at its
/// beginning.
#[must_use]
pub fn of_files(files: impl IntoIterator<Item = (String, Elf)>, host: &Host) -> Vec<Finding> {
    let mut found = Natives::default();
    for (path, elf) in files {
        found.judge(&path, elf, host);
    }
    found.judge_libc(host);
    found.lacks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::shebang::WINDOWS,
        platform::Manager,
        stage::{Role, Spool},
    };

    pub(super) fn host(machine: &str, libc: &str) -> Host {
        Host {
            platform: "test-1".to_owned(),
            machine: machine.to_owned(),
            libc: libc.to_owned(),
            manager: Manager::Apt,
        }
    }

    #[test]
    fn what_a_tree_has() {
        let mut tree = Tree::new(Spool::new().unwrap());
        let mut add = |path: &str, bytes: &[u8], mode| {
            tree.add_bytes(TreePath::new(path).unwrap(), bytes, mode, 0, Role::Plain, "a test").unwrap();
        };
        add("usr/bin/run", b"#!/usr/bin/env -S python3 -u\nx", 0o755);
        add("usr/bin/dos", b"#! /bin/sh\r\nx", 0o755);
        add("usr/share/x/template", b"#!/no/where\n", 0o755);
        add("usr/share/x/bin/data", b"#!/no/where\n", 0o644);
        let mut other = [0; 64];
        other[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\xb7\0");
        other[52] = 64;
        other[54] = 56;
        add("usr/lib/other.so", &other, 0o644);
        let found = Natives::of(&tree, &host("x86_64", "glibc-2.36"), &BTreeSet::new()).unwrap();
        let scripts: Vec<_> =
            found.scripts.iter().map(|one| (one.lack.path.as_str(), one.lack.what.as_str())).collect();
        let line = "begins with `#!/usr/bin/env -S python3 -u`";
        assert_eq!(
            scripts,
            [
                ("usr/bin/run", format!("{line}, which is not there").as_str()),
                ("usr/bin/run", format!("{line}, and no python3 is there").as_str())
            ]
        );
        assert!(found.scripts[1].wanted.contains(&"/usr/bin/python3".to_owned()), "{:?}", found.scripts);
        let dos = found.lacks.iter().find(|lack| lack.path == "usr/bin/dos").unwrap();
        assert_eq!(dos.what, format!("begins with `#!/bin/sh`, and {WINDOWS}"));
        let lacks: Vec<Finding> = found.lacks.iter().filter(|lack| lack.path != "usr/bin/dos").cloned().collect();
        assert_eq!(lacks[0].what, "is for aarch64, and test-1 is x86_64");
        assert_eq!(lacks.len(), 1);
    }

    #[test]
    fn interpreters_of_the_tree() {
        let mut tree = Tree::new(Spool::new().unwrap());
        let mut add = |path: &str, bytes: &[u8], mode| {
            tree.add_bytes(TreePath::new(path).unwrap(), bytes, mode, 0, Role::Plain, "a test").unwrap();
        };
        add("usr/bin/shopsh", b"#!/bin/sh\n", 0o755);
        add("opt/n/rel/1/interp", b"x", 0o755);
        add("opt/n/notexec", b"x", 0o644);
        for (name, line) in [
            ("usr", "/bin/shopsh"),
            ("link", "/opt/n/cur/interp"),
            ("env", "/usr/bin/env shopsh"),
            ("not", "/opt/n/notexec"),
            ("folder", "/opt/n/rel"),
            ("relative", "shopsh"),
        ] {
            add(&format!("opt/n/bin/{name}"), format!("#!{line}\n").as_bytes(), 0o755);
        }
        tree.add_parents(0).unwrap();
        let folder = tree.get(&TreePath::new("opt/n/rel").unwrap()).unwrap().clone();
        let link = Entry { kind: Kind::Symlink { target: "rel/1".to_owned() }, ..folder };
        tree.add(TreePath::new("opt/n/cur").unwrap(), link).unwrap();
        let found = Natives::of(&tree, &host("x86_64", "glibc-2.36"), &BTreeSet::new()).unwrap();
        let wrong: Vec<String> = found.lacks.iter().map(|lack| format!("{} {}", lack.path, lack.what)).collect();
        assert_eq!(
            wrong,
            [
                "opt/n/bin/folder begins with `#!/opt/n/rel`, and /opt/n/rel is no file",
                "opt/n/bin/not begins with `#!/opt/n/notexec`, and /opt/n/notexec is not executable, mode 0644",
                "opt/n/bin/relative begins with `#!shopsh`, which is not absolute: the kernel looks for it in whatever folder it is started in",
            ]
        );
        let asked: Vec<&str> = found.scripts.iter().map(|one| one.lack.path.as_str()).collect();
        assert_eq!(asked, ["opt/n/bin/env"], "env itself is asked of the image: {:?}", found.scripts);
    }
}
