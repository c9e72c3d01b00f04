//! Programs and libraries that cannot run where they are installed: for another machine, for a newer libc, without their
//! interpreter or a library. Pure: what is outside of the tree is asked by the caller.
//!
//! A library of the tree counts wherever it is: many are found by ways that only run time shows. So what is refused here is
//! what can never work; `factory test` asks the dynamic linker for the rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
};

use super::{
    Finding, Paths,
    place::{self, PATH, Program},
    shebang::{LONGEST_LINE, Shebang, WINDOWS},
};
use crate::{
    names::Concern,
    platform::Host,
    stage::{
        Kind, Tree,
        elf::{BadElf, Elf},
    },
};

/// `e_machine`, whether it has 64 bits, whether it is little-endian. `None` for a machine that is not known here.
fn elf_of(host: &Host) -> Option<(u16, bool, bool)> {
    Some(match host.machine.as_str() {
        "x86_64" => (62, true, true),
        "aarch64" => (183, true, true),
        "i386" | "i686" => (3, false, true),
        "armv6l" | "armv7l" => (40, false, true),
        "ppc64le" => (21, true, true),
        "riscv64" => (243, true, true),
        "s390x" => (22, true, false),
        _ => return None,
    })
}

/// `2.36` as numbers.
fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// A program or library of a tree.
#[derive(Debug, Clone)]
pub struct Native {
    /// Where, without a slash at its beginning.
    pub path: String,
    /// What it says.
    pub elf: Elf,
}

impl Native {
    /// The folders where its libraries are looked for, absolute; those of the linker not among them.
    #[must_use]
    pub fn search(&self) -> Vec<String> {
        let own = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let origin = format!("/{own}");
        let given = self.elf.search.iter();
        let given = given.map(|folder| folder.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin));
        given.filter(|folder| folder.starts_with('/')).map(|folder| plain(&folder)).collect()
    }
}

/// A path without `.` and `..`.
fn plain(path: &str) -> String {
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
    format!("/{}", parts.join("/"))
}

/// A script, and a program of its `#!` line that the tree does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Where, without a slash at its beginning.
    pub path: String,
    /// The program is under one of these paths.
    pub wanted: Vec<String>,
    /// What is wrong where it is not.
    pub what: String,
}

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
    /// Looks at a tree.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn of(tree: &Tree, host: &Host) -> std::io::Result<Self> {
        let mut found = Self::default();
        for (path, entry) in tree.iter() {
            found.paths.insert(format!("/{path}"));
            found.names.entry(path.file_name().to_owned()).or_default();
            let Kind::File { size: 2.., .. } = entry.kind else { continue };
            let mut start = Vec::new();
            tree.open(entry).take(LONGEST_LINE).read_to_end(&mut start)?;
            found.lacks.extend(not_executable(path.as_str(), entry.mode, &start));
            if start.starts_with(b"#!") && entry.mode & 0o111 != 0 && is_program(path.as_str()) {
                found.script(tree, path.as_str(), &start);
            }
            if !start.starts_with(b"\x7fELF") {
                continue;
            }
            match Elf::read(tree.open(entry)) {
                Ok(Some(elf)) => {
                    found.names.entry(path.file_name().to_owned()).or_default().extend(elf.defines.iter().cloned());
                    found.judge(path.as_str(), elf, host);
                }
                // A broken one cannot run, but many a test suite ships one: only what is meant to be run or loaded counts.
                Err(BadElf(why)) if entry.mode & 0o111 != 0 => {
                    found.lack(Concern::Machine, path.as_str(), format!("begins as an ELF file, but {why}"));
                }
                Ok(None) | Err(_) => {}
            }
        }
        Ok(found)
    }

    fn judge(&mut self, path: &str, elf: Elf, host: &Host) {
        if elf_of(host) != Some((elf.machine, elf.is_64, elf.is_little)) {
            let what = format!("is for {}, and {} is {}", machine(&elf), host.platform, host.machine);
            self.lack(Concern::Machine, path, what);
            return;
        }
        self.natives.push(Native { path: path.to_owned(), elf });
    }

    /// Looks for what a script begins with.
    fn script(&mut self, tree: &Tree, path: &str, start: &[u8]) {
        let shebang = match Shebang::of(start) {
            None => return,
            Some(Err(what)) => return self.lack(Concern::Interpreter, path, what),
            Some(Ok(shebang)) => shebang,
        };
        for (program, what) in shebang.programs() {
            match place::program(tree, program, &PATH) {
                Program::Runs => {}
                Program::Wrong(how) => {
                    let what = shebang.without(&format!("and {program} {how}"));
                    self.lack(Concern::Interpreter, path, what);
                }
                Program::Beside(wanted) => self.scripts.push(Script { path: path.to_owned(), wanted, what }),
            }
        }
    }

    /// Notes something that cannot run.
    pub fn lack(&mut self, concern: Concern, path: &str, what: String) {
        self.lacks.push(Finding::new(concern, path, what));
    }

    /// Whether the tree has a path, absolute.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// The versions of symbols that a library of the tree has; `None` where the tree has no file of that name.
    #[must_use]
    pub fn library(&self, name: &str) -> Option<&[String]> {
        self.names.get(name).map(Vec::as_slice)
    }

    /// The newest glibc that a program of the tree asks for, where that is newer than the platform's and not in the tree.
    pub fn judge_libc(&mut self, host: &Host) {
        let Some(there) = host.libc.strip_prefix("glibc-").and_then(numbers) else { return };
        let mut lacks = Vec::new();
        for native in &self.natives {
            let asked = native.elf.versions.iter().filter(|(file, _)| !self.names.contains_key(file));
            let asked = asked.filter_map(|(_, version)| Some((numbers(version.strip_prefix("GLIBC_")?)?, version)));
            if let Some((newest, version)) = asked.max()
                && newest > there
            {
                lacks.push((native.path.clone(), format!("needs {version}, and {} has {}", host.platform, host.libc)));
            }
        }
        for (path, what) in lacks {
            self.lack(Concern::Libc, &path, what);
        }
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

/// What is wrong with a program that nobody may execute, in a folder where only programs are. `start` is how the file begins, four bytes
/// of it at least.
#[must_use]
pub fn not_executable(path: &str, mode: u32, start: &[u8]) -> Option<Finding> {
    let folder: Vec<&str> = path.split('/').rev().skip(1).collect();
    let is_there = matches!(
        folder.as_slice(),
        ["bin" | "sbin"] | ["bin" | "sbin", "usr"] | ["bin" | "sbin", "local", "usr"] | ["bin" | "sbin", _, "opt"]
    );
    let is_program = start.starts_with(b"#!") || start.starts_with(b"\x7fELF");
    (is_there && is_program && mode & 0o111 == 0).then(|| {
        let what = format!("is a program, but is not executable, mode {mode:04o}");
        Finding::new(Concern::NotExecutable, path, what)
    })
}

/// Whether a path is one where programs are, not data that is executable.
fn is_program(path: &str) -> bool {
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    ["bin", "sbin", "libexec", "games"].contains(&folder)
}

/// A machine for people.
fn machine(elf: &Elf) -> String {
    let bits = if elf.is_64 { 64 } else { 32 };
    match elf.machine {
        3 => "i386".to_owned(),
        8 => "mips".to_owned(),
        21 => "ppc64".to_owned(),
        22 => "s390x".to_owned(),
        40 => "arm".to_owned(),
        62 if elf.is_64 => "x86_64".to_owned(),
        62 => "x32".to_owned(),
        183 => "aarch64".to_owned(),
        243 => format!("riscv{bits}"),
        247 => "the kernel (BPF)".to_owned(),
        other => format!("the machine {other}"),
    }
}

/// What to do about the first of them.
pub(super) fn help(first: &Finding, host: &Host) -> String {
    let Some(concern) = first.concern else { return String::new() };
    let add = "add the OS package that has the library to the image's `packages` (and to the package's `depends`)";
    // What is missing is between quotes.
    let advice = match (concern, first.what.split('"').nth(1)) {
        (Concern::Library, Some(name)) => &format!("{} says which package has it: {add}", host.search(name)),
        (Concern::Library, None) => add,
        (Concern::Libc, _) => "build it on the platform itself, or on an older one",
        (Concern::Interpreter, _) if first.what.contains(WINDOWS) => {
            "end its lines with LF alone: `dos2unix` does, and `* text=auto eol=lf` in `.gitattributes` keeps git from turning them back"
        }
        (Concern::NotExecutable, _) => "say `file_info = { mode = 0o755 }` in its entry of `contents`",
        (Concern::Interpreter, _) => {
            "add what has the interpreter to the image's `packages` (and to the package's `depends`)"
        }
        (Concern::Syntax, _) => "mend it, or leave it out",
        _ => "build it for this machine, or leave it out",
    };
    let meant = match concern {
        Concern::NotExecutable => "where it is meant",
        _ => "where it is loaded only sometimes, on purpose",
    };
    format!("{advice}; {meant}: {}", Paths::Absolute.allow(concern, &first.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        platform::Manager,
        stage::{Entry, Role, Spool, TreePath},
    };

    fn host(machine: &str, libc: &str) -> Host {
        Host {
            platform: "test-1".to_owned(),
            machine: machine.to_owned(),
            libc: libc.to_owned(),
            manager: Manager::Apt,
        }
    }

    fn native(path: &str, search: &[&str], versions: &[(&str, &str)]) -> Native {
        let elf = Elf {
            machine: 62,
            is_64: true,
            is_little: true,
            interpreter: None,
            needed: Vec::new(),
            search: search.iter().map(|folder| (*folder).to_owned()).collect(),
            versions: versions.iter().map(|(file, version)| ((*file).to_owned(), (*version).to_owned())).collect(),
            defines: Vec::new(),
        };
        Native { path: path.to_owned(), elf }
    }

    #[test]
    fn libraries_are_looked_for_beside_their_program() {
        let own = native("opt/x/lib/a/b.so", &["$ORIGIN/../../x.libs", "${ORIGIN}", "relative", "/usr/lib/own"], &[]);
        assert_eq!(own.search(), ["/opt/x/x.libs", "/opt/x/lib/a", "/usr/lib/own"]);
    }

    #[test]
    fn a_newer_libc_is_refused() {
        let lacks = |libc: &str, version: &str| {
            let mut natives = Natives::default();
            natives.natives.push(native("usr/bin/x", &[], &[("libc.so.6", version), ("libc.so.6", "GLIBC_2.2.5")]));
            natives.judge_libc(&host("x86_64", libc));
            natives.lacks.into_iter().map(|lack| lack.what).collect::<Vec<_>>()
        };
        assert_eq!(lacks("glibc-2.17", "GLIBC_2.34"), ["needs GLIBC_2.34, and test-1 has glibc-2.17"]);
        assert!(lacks("glibc-2.36", "GLIBC_2.34").is_empty());
        assert!(lacks("glibc-2.36", "GLIBC_2.4").is_empty(), "numbers, not letters");
        assert!(lacks("glibc-2.17", "GLIBC_PRIVATE").is_empty());
        assert!(lacks("musl-1.2", "GLIBC_2.34").is_empty(), "its interpreter is missed instead");
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
        let found = Natives::of(&tree, &host("x86_64", "glibc-2.36")).unwrap();
        let scripts: Vec<_> = found.scripts.iter().map(|one| (one.path.as_str(), one.what.as_str())).collect();
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
        let help = help(&lacks[0], &host("x86_64", "glibc-2.36"));
        assert!(help.ends_with("`allow = [{ check = \"machine\", path = \"/usr/lib/other.so\", reason = \"…\" }]`"));
        let lack = Finding::new(Concern::Library, "usr/bin/x", "needs the library \"libpq.so.5\", which is not there");
        let help = super::help(&lack, &host("x86_64", "glibc-2.36"));
        assert!(help.starts_with("`apt-file search libpq.so.5` on test-1 says which package has it: add"), "{help}");
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
        let found = Natives::of(&tree, &host("x86_64", "glibc-2.36")).unwrap();
        let wrong: Vec<String> = found.lacks.iter().map(|lack| format!("{} {}", lack.path, lack.what)).collect();
        assert_eq!(
            wrong,
            [
                "opt/n/bin/folder begins with `#!/opt/n/rel`, and /opt/n/rel is no file",
                "opt/n/bin/not begins with `#!/opt/n/notexec`, and /opt/n/notexec is not executable, mode 0644",
                "opt/n/bin/relative begins with `#!shopsh`, which is not absolute: the kernel looks for it in whatever folder it is started in",
            ]
        );
        let asked: Vec<&str> = found.scripts.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(asked, ["opt/n/bin/env"], "env itself is asked of the image: {:?}", found.scripts);
    }

    #[test]
    fn a_program_that_nobody_may_execute_is_found() {
        let is_one = |path: &str, mode, start: &[u8]| not_executable(path, mode, start).is_some();
        for path in ["usr/bin/x", "bin/x", "usr/sbin/x", "sbin/x", "usr/local/bin/x", "opt/shop/bin/x"] {
            assert!(is_one(path, 0o644, b"#!/bin/sh\n"), "{path}");
            assert!(is_one(path, 0o644, b"\x7fELF"), "{path}");
            assert!(!is_one(path, 0o755, b"#!/bin/sh\n") && !is_one(path, 0o700, b"\x7fELF"), "{path}");
            assert!(!is_one(path, 0o644, b"lib = 1"), "{path}");
        }
        // Modules of others keep theirs as they like.
        for path in
            ["opt/a/node_modules/b/bin/x", "usr/bin/a/x", "usr/share/x/bin/x", "opt/x", "opt/shop/binary/x", "x"]
        {
            assert!(!is_one(path, 0o644, b"#!/bin/sh\n"), "{path}");
        }
        let lack = not_executable("usr/bin/x", 0o644, b"#!/bin/sh\n").unwrap();
        assert_eq!(lack.what, "is a program, but is not executable, mode 0644");
        assert_eq!(
            help(&lack, &host("x86_64", "glibc-2.36")),
            "say `file_info = { mode = 0o755 }` in its entry of `contents`; where it is meant: `allow = [{ check = \"not-executable\", \
             path = \"/usr/bin/x\", reason = \"…\" }]`"
        );
    }
}
