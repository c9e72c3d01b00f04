//! `usr/share/lintian/overrides/<package>`: findings that are meant, each behind its reason (lintian manual 2.4): those of the recipe,
//! and those that every package below `/opt` has.

use std::{collections::BTreeSet, fmt::Write as _, io::Read as _};

use super::{
    super::{FormatError, Meta},
    text,
};
use crate::stage::{Entry, Kind, Role, Tree};

/// What lintian says of any add-on package below `/opt` (FHS 3.13), with why it is meant.
const BELOW_OPT: [(&str, &str); 11] = [
    ("dir-or-file-in-opt", "Add-on software belongs into /opt (FHS 3.13)."),
    ("executable-not-elf-or-script", "Libraries are shipped as they were published."),
    ("non-etc-file-marked-as-conffile", "The program reads its configuration from its own folder."),
    ("non-standard-dir-perm", "These folders hold what only the program may read."),
    ("non-standard-executable-perm", "The rights of these files are meant."),
    ("non-standard-file-perm", "These files hold what only the program may read."),
    ("package-contains-timestamped-gzip", "Libraries are shipped as they were published."),
    (
        "package-installs-python-pycache-dir",
        "The program may not write byte code beside its modules, so it is shipped.",
    ),
    ("script-not-executable", "Modules are shipped as they were published."),
    ("unstripped-binary-or-object", "Libraries are shipped as they were published."),
    ("unusual-interpreter", "The scripts run the interpreter of their own folder."),
];

/// The text of the overrides file; empty where nothing is overridden.
///
/// # Errors
/// A finding without a reason, or either with a line end.
pub(super) fn overrides(tree: &Tree, meta: &Meta) -> Result<String, FormatError> {
    let mut out = String::new();
    let mut add = |tag: &str, reason: &str| {
        for line in text::wrap(reason, "# ", "# ") {
            let _ = writeln!(out, "{line}");
        }
        let _ = writeln!(out, "{tag}");
    };
    for item in &meta.overrides {
        let tag = text::line("overrides.tag", &item.tag)?;
        if tag.starts_with('#') {
            return Err(FormatError::field("overrides.tag", tag, "lintian takes it for a comment"));
        }
        add(tag, text::line("overrides.reason", &item.reason)?);
    }
    let found = below_opt(tree)?;
    for (tag, reason) in BELOW_OPT.iter().filter(|(tag, _)| found.contains(tag)) {
        // The recipe's own word is more exact.
        if !meta.overrides.iter().any(|item| item.tag.split_whitespace().any(|word| word == *tag)) {
            add(tag, reason);
        }
    }
    Ok(out)
}

/// The tags of [`BELOW_OPT`] that there is a reason for.
fn below_opt(tree: &Tree) -> Result<BTreeSet<&'static str>, FormatError> {
    let mut found = BTreeSet::new();
    for (path, entry) in tree.iter().filter(|(path, _)| path.as_str().starts_with("opt/")) {
        found.insert("dir-or-file-in-opt");
        if path.as_str().split('/').any(|part| part == "__pycache__") {
            found.insert("package-installs-python-pycache-dir");
        }
        if matches!(entry.role, Role::Config { .. }) {
            found.insert("non-etc-file-marked-as-conffile");
        }
        let is_file = matches!(entry.kind, Kind::File { .. });
        match entry.mode & 0o7777 {
            _ if !is_file && entry.kind != Kind::Dir => {}
            0o755 => {}
            0o644 if is_file => {}
            mode if is_file && mode & 0o111 != 0 => _ = found.insert("non-standard-executable-perm"),
            _ if is_file => _ = found.insert("non-standard-file-perm"),
            _ => _ = found.insert("non-standard-dir-perm"),
        }
        if is_file {
            found.extend(of_start(tree, entry)?);
        }
    }
    Ok(found)
}

/// What the beginning of a file gives reason for.
fn of_start(tree: &Tree, entry: &Entry) -> Result<impl Iterator<Item = &'static str> + use<>, FormatError> {
    let mut start = Vec::new();
    tree.open(entry).take(8).read_to_end(&mut start)?;
    let (is_script, is_elf) = (start.starts_with(b"#!"), start.starts_with(b"\x7fELF"));
    let is_dated = start.starts_with(&[0x1f, 0x8b]) && start.get(4..8).is_some_and(|time| time != [0; 4]);
    let executable = entry.mode & 0o111 != 0;
    let tags = [
        (is_script, "unusual-interpreter"),
        (is_script && !executable, "script-not-executable"),
        (executable && !is_script && !is_elf, "executable-not-elf-or-script"),
        (is_elf, "unstripped-binary-or-object"),
        (is_dated, "package-contains-timestamped-gzip"),
    ];
    Ok(tags.into_iter().filter(|(is_so, _)| *is_so).map(|(_, tag)| tag))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::Override, sample},
        *,
    };
    use crate::stage::{Spool, TreePath};

    fn meta(overrides: &[(&str, &str)]) -> Meta {
        let item = |(tag, reason): &(&str, &str)| Override { tag: (*tag).to_owned(), reason: (*reason).to_owned() };
        Meta { overrides: overrides.iter().map(item).collect(), ..sample::meta() }
    }

    #[test]
    fn each_finding_has_its_reason() {
        let empty = Tree::new(Spool::new().unwrap());
        let text = overrides(&empty, &meta(&[("dir-or-file-in-opt *", "It is an add-on package.")])).unwrap();
        assert_eq!(text, "# It is an add-on package.\ndir-or-file-in-opt *\n");
        for (tag, reason) in [("", "x"), ("x", " "), ("x\ny", "z"), ("x", "y\nz"), ("# x", "y")] {
            assert!(overrides(&empty, &meta(&[(tag, reason)])).is_err(), "{tag:?} {reason:?}");
        }
    }

    #[test]
    fn a_package_below_opt_needs_none_of_its_own() {
        let mut tree = Tree::new(Spool::new().unwrap());
        let mut add = |path: &str, bytes: &[u8], mode, role| {
            tree.add_bytes(TreePath::new(path).unwrap(), bytes, mode, 0, role, "a test").unwrap();
        };
        add("opt/x/bin/x", b"#!/opt/x/bin/python\n", 0o755, Role::Plain);
        add("opt/x/lib/__pycache__/a.pyc", b"1", 0o644, Role::Plain);
        add("opt/x/lib/a.py", b"#!/usr/bin/python\n", 0o644, Role::Plain);
        add("opt/x/lib/a.so", b"\x7fELF", 0o755, Role::Plain);
        add("opt/x/etc/secret", b"", 0o640, Role::Config { noreplace: true, missingok: false });
        let tags = |meta: &Meta| -> Vec<String> {
            let text = overrides(&tree, meta).unwrap();
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        let all = tags(&meta(&[]));
        assert_eq!(
            all,
            [
                "dir-or-file-in-opt",
                "non-etc-file-marked-as-conffile",
                "non-standard-file-perm",
                "package-installs-python-pycache-dir",
                "script-not-executable",
                "unstripped-binary-or-object",
                "unusual-interpreter"
            ]
        );
        let own = tags(&meta(&[("dir-or-file-in-opt opt/*", "mine")]));
        assert_eq!((own.len(), own[0].as_str()), (all.len(), "dir-or-file-in-opt opt/*"), "not said twice");
        let mut tree = Tree::new(Spool::new().unwrap());
        tree.add_bytes(TreePath::new("usr/x").unwrap(), b"#!/bin/sh", 0o600, 0, Role::Plain, "a test").unwrap();
        assert_eq!(overrides(&tree, &meta(&[])).unwrap(), "");
    }
}
