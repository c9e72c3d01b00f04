//! `not-executable`: a program that is not executable, in a folder where only programs are.

use crate::{check::finding::Finding, names::Concern};

/// What is wrong with it. `start` is how the file begins, four bytes of it at least.
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

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
