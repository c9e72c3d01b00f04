//! What an rpm package needs and gives because of its programs, libraries and scripts: as the generators of rpmbuild(8) answer
//! (`elfdeps`, `script.req` and the `python(abi)` of `python.attr` of rpm 4.18). Rpm's names are those of the libraries themselves, so no
//! system is asked which package has them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Leads, Native, Script, Shipped, linker, merged,
    python::{self, Names},
};

/// The folders of libraries that every program finds, in the form of [`merged`].
const PUBLIC: [&str; 2] = ["/usr/lib64", "/usr/lib"];
/// Alpha's numbers: the one machine of 64 bits of which rpm does not say so.
const ALPHA: [u16; 2] = [41, 0x9026];

/// What was found: relations in rpm's words, each with the files that it is for, absolute.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// `libssl.so.3(OPENSSL_3.0.0)(64bit)`.
    pub requires: BTreeMap<String, BTreeSet<String>>,
    /// `libbeacon.so.1()(64bit)`.
    pub provides: BTreeMap<String, BTreeSet<String>>,
    /// What is odd of its distributions of Python, in words for people.
    pub odd: BTreeSet<String>,
}

impl Found {
    pub(super) fn require(&mut self, what: String, file: &str) {
        self.requires.entry(what).or_default().insert(file.to_owned());
    }

    pub(super) fn provide(&mut self, what: String, file: &str) {
        self.provides.entry(what).or_default().insert(file.to_owned());
    }
}

/// What each file of a package asks for, whether the package itself has it or not, and scripts wherever they lie: what the generators of
/// rpmbuild write.
#[must_use]
pub fn asked(shipped: &Shipped) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = Found::default();
    for native in shipped.natives() {
        needs(native, &|_| false, &mut found);
    }
    for script in shipped.scripts() {
        for program in interpreters(script) {
            found.require(program, &script.path);
        }
    }
    shipped.paths().for_each(|path| python_abi(path, &mut found));
    let all = Names { needs: true, default: String::new() };
    python::add(shipped.distributions(), &all, shipped.machine(), &mut found);
    found.requires
}

/// Finds what a package needs and gives; distributions of Python by their names only where `names` says how.
#[must_use]
pub fn resolve(shipped: &Shipped, names: Option<&Names>) -> Found {
    let mut found = Found::default();
    for native in shipped.natives() {
        needs(native, &|name| is_here(native, name, shipped), &mut found);
        gives(native, &mut found);
    }
    for script in shipped.scripts().iter().filter(|script| is_program(&script.path)) {
        for program in interpreters(script) {
            let place = merged(&program);
            // A link that the package has is there, wherever it leads.
            if shipped.leads(&place) == Leads::Out(&place) {
                found.require(program, &script.path);
            }
        }
    }
    shipped.paths().for_each(|path| python_abi(path, &mut found));
    if let Some(names) = names {
        found.odd = python::add(shipped.distributions(), names, shipped.machine(), &mut found);
    }
    found
}

/// What a program or library needs; `is_here` says which libraries the package has itself.
fn needs(native: &Native, is_here: &dyn Fn(&str) -> bool, found: &mut Found) {
    let elf = &native.elf;
    // A program that is not executable is data, as rpm has it.
    if elf.interpreter.is_some() && !native.is_executable || !elf.is_dynamic {
        return;
    }
    let mut outside = |name: &str, version: &str| {
        if is_named(name) && !is_here(name) {
            found.require(capability(native, name, version), &native.path);
        }
    };
    for name in &elf.needed {
        outside(name, "");
    }
    for version in &elf.versions {
        outside(&version.file, &version.name);
    }
    if elf.has_gnu_hash && !elf.has_hash {
        found.require("rtld(GNU_HASH)".to_owned(), &native.path);
    }
}

/// Whether the package itself has a library that a file of it needs: where the file says, or anywhere, because many are found by ways that
/// only run time shows.
fn is_here(native: &Native, name: &str, shipped: &Shipped) -> bool {
    let folders = linker::own_folders(native).into_iter().chain(PUBLIC.map(str::to_owned));
    let mut places = folders.map(|folder| format!("{folder}/{name}"));
    places.any(|path| shipped.leads(&path) == Leads::Native) || shipped.has_library(name)
}

/// A library that every program finds is given to others. One in a folder of its own is not: another package that needs one of that name
/// would not find it there.
fn gives(native: &Native, found: &mut Found) {
    let elf = &native.elf;
    let path = merged(&native.path);
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
    if !elf.is_movable || elf.has_debug || !PUBLIC.contains(&folder) {
        return;
    }
    let name = elf.soname.as_deref().unwrap_or(file);
    if is_named(name) {
        for version in elf.defines.iter().map(String::as_str).chain([""]) {
            found.provide(capability(native, name, version), &native.path);
        }
    }
}

/// `libssl.so.3(OPENSSL_3.0.0)(64bit)`.
fn capability(native: &Native, name: &str, version: &str) -> String {
    let bits = native.elf.is_64 && !ALPHA.contains(&native.elf.machine);
    match (version, bits) {
        ("", false) => name.to_owned(),
        (version, false) => format!("{name}({version})"),
        (version, true) => format!("{name}({version})(64bit)"),
    }
}

/// Whether rpm takes a library's name for one: other names are those of plugins.
fn is_named(name: &str) -> bool {
    name.contains(".so") && ["lib", "ld.", "ld-", "ld64."].iter().any(|start| name.starts_with(start))
}

/// Whether a script lies where programs are. Others are data as a rule: modules of Python and examples name interpreters that are nowhere.
fn is_program(path: &str) -> bool {
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    ["bin", "sbin", "libexec", "games"].contains(&folder)
}

/// The programs that a script's first line names by their paths: of `env`'s words only a path.
fn interpreters(script: &Script) -> Vec<String> {
    let mut words = script.line.split_whitespace();
    let Some(first) = words.next().filter(|first| first.starts_with('/') && first.len() > 1) else { return Vec::new() };
    let mut found = vec![first.to_owned()];
    if first.ends_with("/bin/env") {
        found.extend(words.next().filter(|word| word.starts_with('/') && word.len() > 1).map(str::to_owned));
    }
    found
}

/// The version of Python whose folder of modules a file lies in, and the interpreter that gives it.
fn python_abi(path: &str, found: &mut Found) {
    let below = ["/usr/lib/python", "/usr/lib64/python"].iter().find_map(|start| path.strip_prefix(start));
    if let Some((version, module)) = below.and_then(|below| below.split_once('/'))
        && is_python(version)
        && [".py", ".pyc", ".pyo", ".so"].iter().any(|end| module.ends_with(end))
    {
        found.require(format!("python(abi) = {version}"), path);
    }
    if let Some(version) = path.strip_prefix("/usr/bin/python").filter(|version| is_python(version)) {
        found.provide(format!("python(abi) = {version}"), path);
    }
}

/// Whether a text is `3.11`.
pub(super) fn is_python(version: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    version.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::depends::elf::{Elf, Version};

    fn native(path: &str, needed: &[&str]) -> Native {
        let elf = Elf { needed: needed.iter().map(|name| (*name).to_owned()).collect(), ..Elf::sample() };
        Native { path: path.to_owned(), is_executable: true, elf }
    }

    fn texts(relations: &BTreeMap<String, BTreeSet<String>>) -> Vec<&str> {
        relations.keys().map(String::as_str).collect()
    }

    fn resolved(natives: impl IntoIterator<Item = Native>) -> Found {
        let mut shipped = Shipped::default();
        natives.into_iter().for_each(|native| shipped.native(native));
        resolve(&shipped, None)
    }

    #[test]
    fn libraries_and_their_versions() {
        let mut program = native("/usr/bin/x", &["libssl.so.3", "plugin.so", "ld-linux-x86-64.so.2"]);
        program.elf.interpreter = Some("/lib64/ld-linux-x86-64.so.2".to_owned());
        let version = |name: &str| Version { file: "libssl.so.3".to_owned(), name: name.to_owned(), is_weak: false };
        program.elf.versions = vec![version("OPENSSL_3.0.0"), version("OPENSSL_3.2.0")];
        let all = [
            "ld-linux-x86-64.so.2()(64bit)",
            "libssl.so.3()(64bit)",
            "libssl.so.3(OPENSSL_3.0.0)(64bit)",
            "libssl.so.3(OPENSSL_3.2.0)(64bit)",
            "rtld(GNU_HASH)",
        ];
        assert_eq!(texts(&resolved([program.clone()]).requires), all);
        let mut small = program.clone();
        (small.elf.is_64, small.elf.machine, small.elf.has_hash) = (false, 3, true);
        assert_eq!(
            texts(&resolved([small]).requires),
            ["ld-linux-x86-64.so.2", "libssl.so.3", "libssl.so.3(OPENSSL_3.0.0)", "libssl.so.3(OPENSSL_3.2.0)"]
        );
        program.is_executable = false;
        assert_eq!(resolved([program.clone()]), Found::default(), "nobody may execute it");
        (program.is_executable, program.elf.is_dynamic) = (true, false);
        assert_eq!(resolved([program]), Found::default(), "it is static");
    }

    #[test]
    fn public_libraries_are_given() {
        let mut library = native("/usr/lib64/libown.so.1.2", &[]);
        (library.elf.soname, library.elf.defines) = (Some("libown.so.1".to_owned()), vec!["OWN_1".to_owned()]);
        let program = native("/usr/bin/x", &["libown.so.1"]);
        let found = resolved([library.clone(), program.clone()]);
        assert_eq!(texts(&found.provides), ["libown.so.1()(64bit)", "libown.so.1(OWN_1)(64bit)"]);
        assert_eq!(texts(&found.requires), ["rtld(GNU_HASH)"]);
        library.path = "/opt/x/lib/libown.so.1".to_owned();
        let found = resolved([library.clone(), program]);
        assert_eq!((texts(&found.provides), texts(&found.requires)), (vec![], vec!["rtld(GNU_HASH)"]), "a private one");
        for (path, soname, debug) in [
            ("/lib64/libown.so", None, false),
            ("/usr/lib64/plugin.so", Some("plugin.so"), false),
            ("/usr/lib64/libprogram.so", Some("libprogram.so"), true),
        ] {
            library.path = path.to_owned();
            (library.elf.soname, library.elf.has_debug) = (soname.map(str::to_owned), debug);
            let found = resolved([library.clone()]);
            assert_eq!(found.provides.contains_key("libown.so()(64bit)"), path.ends_with("libown.so"), "{path}");
        }
    }

    #[test]
    fn interpreters_of_scripts() {
        let mut shipped = Shipped::default();
        for (path, line) in [
            ("/usr/bin/a", "/usr/bin/python3 -s"),
            ("/usr/bin/b", " /bin/sh"),
            ("/usr/bin/c", "/usr/bin/env python3"),
            ("/usr/bin/d", "/usr/bin/env /opt/x/bin/python3"),
            ("/usr/bin/e", "/opt/own/bin/sh"),
            ("/usr/bin/f", "python3"),
            ("/usr/bin/g", ""),
            ("/usr/bin/h", "/opt/own/bin/link"),
            ("/opt/x/lib/python3.9/site-packages/y/cli.py", "/usr/local/bin/python"),
        ] {
            shipped.script(Script { path: path.to_owned(), line: line.to_owned() });
        }
        shipped.file("/opt/own/bin/sh");
        shipped.link("/opt/own/bin/link", "/usr/bin/python3");
        assert_eq!(
            texts(&resolve(&shipped, None).requires),
            ["/bin/sh", "/opt/x/bin/python3", "/usr/bin/env", "/usr/bin/python3"]
        );
    }

    #[test]
    fn modules_of_python() {
        let mut shipped = Shipped::default();
        for path in ["/usr/lib64/python3.9/site-packages/a.so", "/usr/lib/python3.11/x/b.pyc", "/usr/bin/python3.12"] {
            shipped.file(path);
        }
        for path in
            ["/opt/x/lib/python3.8/c.py", "/usr/lib/python3/d.py", "/usr/lib/python3.7/e.txt", "/usr/bin/python3"]
        {
            shipped.file(path);
        }
        let found = resolve(&shipped, None);
        assert_eq!(texts(&found.requires), ["python(abi) = 3.11", "python(abi) = 3.9"]);
        assert_eq!(texts(&found.provides), ["python(abi) = 3.12"]);
    }
}
