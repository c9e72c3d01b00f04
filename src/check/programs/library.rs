//! `library`: a program that needs a library that is not there.

use crate::{check::finding::Finding, names::Concern, platform::Host};

/// That it is not there.
#[must_use]
pub fn missing(path: &str, name: &str, host: &Host) -> Finding {
    let what = format!("needs the library {name:?}, which is not there");
    let mend = format!("{} says which package has it: {}", host.search(name), Concern::Library.mend());
    Finding::new(Concern::Library, path, what).mend(mend)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::host, *};

    #[test]
    fn the_package_manager_says_who_has_it() {
        let lack = missing("usr/bin/x", "libpq.so.5", &host("x86_64", "glibc-2.36"));
        let advice = lack.advice.unwrap();
        assert!(
            advice.starts_with("`apt-file search libpq.so.5` on test-1 says which package has it: add"),
            "{advice}"
        );
    }
}
