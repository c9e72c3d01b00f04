//! `libc`: a program that needs a newer glibc than the platform's, or symbols that a library there does not have.

use super::native::Native;
use crate::{check::finding::Finding, names::Concern, platform::Host};

/// `2.36` as numbers.
fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// Whether a version of symbols is glibc's: the platform says which one that is.
#[must_use]
pub fn is_libc(version: &str) -> bool {
    version.starts_with("GLIBC_")
}

/// That a program asks for a newer glibc than the platform's. Libraries of the tree (`is_ours`) bring their own versions.
pub(super) fn newer(native: &Native, host: &Host, is_ours: impl Fn(&str) -> bool) -> Option<Finding> {
    let there = host.libc.strip_prefix("glibc-").and_then(numbers)?;
    let asked = native.elf.hard().filter(|(file, _)| !is_ours(file));
    let asked = asked.filter_map(|(_, version)| Some((numbers(version.strip_prefix("GLIBC_")?)?, version)));
    let (newest, version) = asked.max()?;
    let what = || format!("needs {version}, and {} has {}", host.platform, host.libc);
    (newest > there).then(|| Finding::new(Concern::Libc, &native.path, what()))
}

/// The versions of symbols that a program wants of a library, and that this does not have. One without versions takes any.
#[must_use]
pub fn older(native: &Native, name: &str, known: &[String]) -> Vec<Finding> {
    let asked = native.elf.hard().filter(|(file, version)| *file == name && !is_libc(version));
    let missing = asked.filter(|(_, version)| !known.is_empty() && known.iter().all(|one| one != *version));
    let what = |version: &str| format!("needs {version} of {name:?}, which is older there");
    missing.map(|(_, version)| Finding::new(Concern::Libc, &native.path, what(version))).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{native::sample, tests::host},
        *,
    };

    #[test]
    fn a_newer_libc_is_refused() {
        let lacks = |libc: &str, version: &str| {
            let native = sample("usr/bin/x", &[], &[("libc.so.6", version), ("libc.so.6", "GLIBC_2.2.5")]);
            newer(&native, &host("x86_64", libc), |_| false).map(|lack| lack.what)
        };
        assert_eq!(lacks("glibc-2.17", "GLIBC_2.34").as_deref(), Some("needs GLIBC_2.34, and test-1 has glibc-2.17"));
        assert_eq!(lacks("glibc-2.36", "GLIBC_2.34"), None);
        assert_eq!(lacks("glibc-2.36", "GLIBC_2.4"), None, "numbers, not letters");
        assert_eq!(lacks("glibc-2.17", "GLIBC_PRIVATE"), None);
        assert_eq!(lacks("musl-1.2", "GLIBC_2.34"), None, "its interpreter is missed instead");
        let native = sample("usr/bin/x", &[], &[("libc.so.6", "GLIBC_2.34")]);
        assert_eq!(newer(&native, &host("x86_64", "glibc-2.17"), |_| true), None, "the package brings its own");
    }

    #[test]
    fn symbols_that_a_library_does_not_have() {
        let native = sample("usr/bin/x", &[], &[("libssl.so.3", "OPENSSL_3.2.0"), ("libc.so.6", "GLIBC_2.34")]);
        let lacks = |known: &[&str]| {
            let known: Vec<String> = known.iter().map(|version| (*version).to_owned()).collect();
            older(&native, "libssl.so.3", &known).len()
        };
        assert_eq!((lacks(&["OPENSSL_3.0.0"]), lacks(&["OPENSSL_3.2.0"]), lacks(&[])), (1, 0, 0));
        assert_eq!(older(&native, "libc.so.6", &["GLIBC_2.2.5".to_owned()]), []);
    }
}
