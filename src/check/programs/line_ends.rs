//! `line-ends`: scripts whose `#!` line ends as those of Windows do (CR LF), wherever they are: the kernel takes the carriage return for a
//! part of the interpreter's name.

use std::{collections::BTreeSet, io::Read as _};

use crate::{
    check::{
        finding::Finding,
        shebang::{Shebang, WINDOWS},
    },
    names::Concern,
    stage::{Kind, Tree},
    unit::UnitName,
};

/// So much of a unit is looked through for the scripts that it names, in bytes: 1 MiB.
const LARGEST: u64 = 1 << 20;

/// What is wrong with a file that begins so. One that is not executable is judged where something starts it all the same
/// (`sh /opt/x/run.sh`): then its path is among those that are `named`, with a slash at its beginning.
#[must_use]
pub fn windows(path: &str, mode: u32, start: &[u8], named: &BTreeSet<String>) -> Option<Finding> {
    let is_started = mode & 0o111 != 0 || named.contains(&format!("/{path}"));
    let what = Shebang::of(start).filter(|_| is_started)?.err().filter(|what| what.contains(WINDOWS))?;
    Some(Finding::new(Concern::LineEnds, path, what))
}

/// The absolute paths that a text names: what a shell, a unit or a Dockerfile starts is among them.
pub fn paths_in(text: &str) -> impl Iterator<Item = String> + '_ {
    let ends = |c: char| c.is_whitespace() || "\"'`=;,()[]{}&|<>".contains(c);
    text.split(ends).filter(|word| word.starts_with('/') && word.len() > 1).map(str::to_owned)
}

/// The paths that scripts of a package and the units of its tree name.
///
/// # Errors
/// When the spool cannot be read.
pub fn named(tree: &Tree, scripts: &[&str]) -> std::io::Result<BTreeSet<String>> {
    let mut named: BTreeSet<String> = scripts.iter().flat_map(|text| paths_in(text)).collect();
    for (path, entry) in tree.iter() {
        let is_unit = path.as_str().contains("systemd/system/") && UnitName::new(path.file_name()).is_ok();
        if is_unit && matches!(entry.kind, Kind::File { .. }) {
            let mut bytes = Vec::new();
            tree.open(entry).take(LARGEST).read_to_end(&mut bytes)?;
            named.extend(paths_in(&String::from_utf8_lossy(&bytes)));
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_started_and_ends_as_on_windows() {
        let named: BTreeSet<String> = paths_in("[Service]\nExecStart=/bin/sh '/opt/x/run.sh' --all\n").collect();
        let is_found = |path: &str, mode, start: &[u8]| windows(path, mode, start, &named).is_some();
        assert!(is_found("opt/x/any.sh", 0o755, b"#!/bin/sh\r\necho\r\n"));
        assert!(is_found("opt/x/run.sh", 0o644, b"#!/bin/sh\r\n"), "a unit names it");
        assert!(!is_found("opt/x/data.sh", 0o644, b"#!/bin/sh\r\n"), "nobody starts it");
        assert!(!is_found("opt/x/any.sh", 0o755, b"#!/bin/sh\necho\r\n"));
        assert!(!is_found("opt/x/any.sh", 0o755, b"no script\r\n"));
    }
}
