//! What packages need of a system that is written out here.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::depends::{
    Native, Shipped,
    elf::{Elf, Symbol},
};

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n\n\
                      Package: libfoo1\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n\n\
                      Package: libfoo1\nStatus: install ok installed\nArchitecture: i386\nMulti-Arch: same\n\n\
                      Package: libbar2\nStatus: install ok installed\nArchitecture: amd64\n\n\
                      Package: libsecret-private\nStatus: install ok installed\nArchitecture: amd64\n\n\
                      Package: diverter\nStatus: install ok installed\nArchitecture: amd64\n\n\
                      Package: old\nStatus: deinstall ok config-files\nArchitecture: amd64\n";

const FILES: [(&str, &str); 10] = [
    ("libc6:amd64.list", "/.\n/lib/x86_64-linux-gnu/libc.so.6\n/lib64/ld-linux-x86-64.so.2\n/usr/share/doc/libc6\n"),
    (
        "libc6:amd64.symbols",
        "libc.so.6 libc6 #MINVER#\n exit@GLIBC_2.2.5 2.2.5\n new@GLIBC_2.34 2.34\n stdout@GLIBC_2.2.5 2.2.5\n",
    ),
    ("libfoo1:amd64.list", "/usr/lib/x86_64-linux-gnu/libfoo.so.1\n/usr/lib/x86_64-linux-gnu/libfoo.so.1.4\n"),
    (
        "libfoo1:amd64.symbols",
        "libfoo.so.1 libfoo1 #MINVER#\n| libfoo1-abi (= 4)\n old@Base 1.0\n new@Base 1.4\n private@Base 1.2 1\n",
    ),
    ("libfoo1:i386.list", "/usr/lib/i386-linux-gnu/libfoo.so.1\n"),
    ("libbar2.list", "/usr/lib/libbar.so.2\n/usr/lib/other/libalt.so.3\n/usr/lib/libdiverted.so.1\n"),
    (
        "libbar2.shlibs",
        "libbar 2 libbar2 (>= 2.1), libbar-data\nlibalt 3 libbar2 (>= 2.0)\nlibdiverted 1 libbar2 (>= 9)\n",
    ),
    ("libsecret-private.list", "/usr/lib/libsecret-7.so\n"),
    ("diverter.list", "/usr/lib/libdiverted.so.1\n"),
    ("diverter.shlibs", "libdiverted 1 diverter\n"),
];

fn index() -> Index {
    let mut maker =
        Maker::new("amd64", STATUS, "/usr/lib/libdiverted.so.1\n/usr/lib/libdiverted.so.1.orig\ndiverter\n");
    for (name, text) in FILES {
        maker.add(name, text);
    }
    maker.finish(&["/usr/local/lib".to_owned(), "/lib/x86_64-linux-gnu".to_owned()], "x86_64-linux-gnu")
}

fn native(path: &str, needed: &[&str], symbols: &[&str]) -> Native {
    let symbol = |text: &&str| match text.split_once('@') {
        Some((name, version)) => Symbol { name: name.to_owned(), version: Some(version.to_owned()) },
        None => Symbol { name: (*text).to_owned(), version: None },
    };
    let elf = Elf {
        machine: 62,
        is_64: true,
        is_little: true,
        is_movable: true,
        interpreter: None,
        is_dynamic: true,
        soname: None,
        needed: needed.iter().map(|name| (*name).to_owned()).collect(),
        search: Vec::new(),
        versions: Vec::new(),
        defines: Vec::new(),
        has_hash: true,
        has_gnu_hash: false,
        has_debug: false,
        symbols: symbols.iter().map(symbol).collect(),
    };
    Native { path: path.to_owned(), is_executable: true, elf }
}

struct World {
    shipped: Shipped,
    beside: BTreeSet<String>,
    links: BTreeMap<String, String>,
}

impl World {
    fn of(natives: impl IntoIterator<Item = Native>) -> Self {
        let mut shipped = Shipped::default();
        natives.into_iter().for_each(|native| shipped.native(native));
        Self { shipped, beside: BTreeSet::new(), links: BTreeMap::new() }
    }

    fn found(&self) -> Found {
        let Self { shipped, beside, links } = self;
        resolve(Question { shipped, beside, index: &index(), links, own: "shop" })
    }

    fn needs(&self) -> Vec<String> {
        self.found().needed.into_iter().map(|needed| needed.text).collect()
    }
}

#[test]
fn the_version_is_that_of_the_symbols() {
    let needs = |symbols: &[&str]| World::of([native("/usr/bin/x", &["libc.so.6"], symbols)]).needs();
    assert_eq!(needs(&[]), ["libc6 (>= 2.2.5)"], "the least that there is");
    assert_eq!(needs(&["exit@GLIBC_2.2.5"]), ["libc6 (>= 2.2.5)"]);
    assert_eq!(needs(&["exit@GLIBC_2.2.5", "new@GLIBC_2.34"]), ["libc6 (>= 2.34)"]);
    assert_eq!(needs(&["new"]), ["libc6 (>= 2.2.5)"], "`new@Base` is another symbol");
}

#[test]
fn libraries_in_every_way() {
    let world = World::of([
        native("/usr/bin/a", &["libfoo.so.1", "libbar.so.2", "libc.so.6"], &["old", "exit@GLIBC_2.2.5"]),
        native("/usr/bin/b", &["libfoo.so.1"], &["new", "private"]),
    ]);
    assert_eq!(
        world.needs(),
        ["libbar-data", "libbar2 (>= 2.1)", "libc6 (>= 2.2.5)", "libfoo1 (>= 1.4)", "libfoo1-abi (= 4)"]
    );
    let found = world.found();
    let foo = found.needed.iter().find(|needed| needed.text.starts_with("libfoo1 ")).unwrap();
    assert_eq!(foo.files.iter().map(String::as_str).collect::<Vec<_>>(), ["/usr/bin/a", "/usr/bin/b"]);
    assert!(found.lost.is_empty() && found.silent.is_empty());
}

#[test]
fn what_the_package_has_itself_is_not_needed() {
    let mut own = native("/opt/shop/lib/libfoo.so.1", &["libc.so.6"], &[]);
    own.elf.soname = Some("libfoo.so.1".to_owned());
    let mut program = native("/opt/shop/bin/x", &["libfoo.so.1"], &["new"]);
    // The linker is not told to look there: the system's is found.
    assert_eq!(World::of([own.clone(), program.clone()]).needs(), ["libc6 (>= 2.2.5)", "libfoo1 (>= 1.4)"]);
    for search in ["$ORIGIN/../lib", "${ORIGIN}/../lib", "/opt/shop/lib"] {
        program.elf.search = vec!["relative".to_owned(), search.to_owned()];
        assert_eq!(World::of([own.clone(), program.clone()]).needs(), ["libc6 (>= 2.2.5)"], "{search}");
    }
    // Where no other package has it, it is the one that is meant.
    let mut own = native("/opt/shop/lib/libown.so.1", &[], &[]);
    let program = native("/opt/shop/bin/x", &["libown.so.1"], &[]);
    let found = World::of([own.clone(), program.clone()]).found();
    assert!(found.needed.is_empty() && found.lost.is_empty());
    own.elf.soname = Some("libown.so.1".to_owned());
    own.path = "/opt/shop/lib/libown-5f3c.so".to_owned();
    assert!(World::of([own, program]).found().lost.is_empty(), "it calls itself so");
}

#[test]
fn links_lead_to_the_system() {
    let program = || native("/opt/shop/bin/x", &["libalt.so.3"], &[]);
    assert_eq!(World::of([program()]).found().lost.keys().collect::<Vec<_>>(), ["libalt.so.3"]);
    // As update-alternatives makes it.
    let mut world = World::of([program()]);
    world.links.insert("/usr/lib/libalt.so.3".to_owned(), "/usr/lib/other/libalt.so.3".to_owned());
    assert_eq!(world.needs(), ["libbar2 (>= 2.0)"]);
    // A link of the package's own.
    let mut program = program();
    program.elf.search = vec!["$ORIGIN".to_owned()];
    let mut world = World::of([program]);
    world.shipped.link("/opt/shop/bin/libalt.so.3", "../../../lib/other/libalt.so.3");
    assert_eq!(world.needs(), ["libbar2 (>= 2.0)"]);
}

#[test]
fn what_nobody_has_is_lost() {
    let mut world = World::of([native("/usr/bin/x", &["libnone.so.1", "libold.so.1"], &[])]);
    let found = world.found();
    assert_eq!(found.lost.keys().collect::<Vec<_>>(), ["libnone.so.1", "libold.so.1"]);
    let lost = &found.lost["libnone.so.1"];
    assert_eq!(
        lost.places,
        ["/usr/lib/libnone.so.1", "/usr/local/lib/libnone.so.1", "/usr/lib/x86_64-linux-gnu/libnone.so.1"]
    );
    world.beside.insert("/opt/core/lib/libnone.so.1".to_owned());
    assert_eq!(world.found().lost.keys().collect::<Vec<_>>(), ["libold.so.1"], "a package beside it has it");
}

#[test]
fn a_package_that_says_nothing_is_needed_in_any_version() {
    let found = World::of([native("/usr/bin/x", &["libsecret-7.so"], &[])]).found();
    assert_eq!(found.needed[0].text, "libsecret-private");
    assert_eq!(found.silent["libsecret-private"], "libsecret-7.so");
}

#[test]
fn a_file_that_was_diverted_is_the_other_package_s() {
    assert_eq!(World::of([native("/usr/bin/x", &["libdiverted.so.1"], &[])]).needs(), ["diverter"]);
}

#[test]
fn other_architectures_and_removed_packages_have_nothing() {
    let maker = Maker::new("amd64", STATUS, "");
    assert!(maker.wants("libfoo1:amd64.list") && maker.wants("libbar2.shlibs"));
    for name in ["libfoo1:i386.list", "old.list", "none.list", "libbar2.md5sums", "libbar2", "libfoo1.list"] {
        assert!(!maker.wants(name), "{name}");
    }
}

#[test]
fn an_index_is_the_same_after_it_was_kept() {
    let index = index();
    let text = serde_json::to_string(&index).unwrap();
    assert_eq!(serde_json::from_str::<Index>(&text).unwrap(), index);
    assert_eq!(index.owners("/usr/lib/x86_64-linux-gnu/libc.so.6"), ["libc6:amd64"]);
    assert!(!index.is_empty() && index.len() >= 8);
}

#[test]
fn hostile_lists_end() {
    for text in ["\0", "/", "a\n\n\n", &"/lib.so\n".repeat(1000), &"x".repeat(1 << 20)] {
        let mut maker = Maker::new("amd64", text, text);
        for name in ["a.list", "a.symbols", "a.shlibs", ".", "libc6:amd64.list"] {
            maker.add(name, text);
        }
        assert!(maker.finish(&[text.to_owned()], "x").is_empty());
    }
}
