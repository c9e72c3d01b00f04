//! Which package a library usually is in, where no system can be asked. Nothing is derived from the library's name here: Debian policy 8.1
//! has a rule for it, and of the libraries in the list two in five are in a package that is called otherwise (`libglib-2.0.so.0` is in
//! `libglib2.0-0`, `libz.so.1` in `zlib1g`).

/// `SONAME package` line by line, in the order of bytes; `#` begins a comment.
const LIST: &str = include_str!("usual.txt");

/// The package of Debian 12 that has a library of this name (its `DT_SONAME`); `None` where it is in none of those that are listed.
#[must_use]
pub fn usual_package(soname: &str) -> Option<&'static str> {
    known().find(|(library, _)| *library == soname).map(|(_, package)| package)
}

fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    LIST.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::names::PackageName;

    #[test]
    fn libraries_that_people_link() {
        for (library, package) in [
            ("libc.so.6", "libc6"),
            ("ld-linux-x86-64.so.2", "libc6"),
            ("libz.so.1", "zlib1g"),
            ("libglib-2.0.so.0", "libglib2.0-0"),
            ("libgobject-2.0.so.0", "libglib2.0-0"),
            ("libssl.so.3", "libssl3"),
            ("libcrypto.so.3", "libssl3"),
            ("libstdc++.so.6", "libstdc++6"),
            ("libgcc_s.so.1", "libgcc-s1"),
            ("libX11.so.6", "libx11-6"),
            ("libxml2.so.2", "libxml2"),
            ("libdb-5.3.so", "libdb5.3"),
            ("libpython3.11.so.1.0", "libpython3.11"),
            ("libgtk-x11-2.0.so.0", "libgtk2.0-0"),
            ("libpq.so.5", "libpq5"),
        ] {
            assert_eq!(usual_package(library), Some(package), "{library}");
        }
        assert_eq!(usual_package("libnone.so.1"), None, "no name is made up");
    }

    #[test]
    fn the_list_is_in_order_and_holds_names() {
        let all: Vec<_> = known().collect();
        assert!(all.len() > 300 && all.is_sorted(), "{}", all.len());
        assert!(all.iter().all(|(library, package)| library.contains(".so") && PackageName::new(*package).is_ok()));
    }

    /// What the packages of this machine say of themselves, where it runs the Debian that the list is of.
    #[test]
    fn debian_says_the_same() {
        let release = fs_err::read_to_string("/etc/os-release").unwrap_or_default();
        if !release.contains("ID=debian") || !release.contains("VERSION_ID=\"12\"") {
            return eprintln!("skipped: this is no Debian 12");
        }
        let Ok(folder) = fs_err::read_dir("/var/lib/dpkg/info") else {
            return eprintln!("skipped: there is no dpkg here");
        };
        let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in
            folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "shlibs"))
        {
            for line in fs_err::read_to_string(file).unwrap().lines() {
                let mut words = line.split_whitespace();
                if let (Some(library), Some(version), Some(package)) = (words.next(), words.next(), words.next()) {
                    let package = package.trim_end_matches(',');
                    for soname in [format!("{library}.so.{version}"), format!("{library}-{version}.so")] {
                        said.entry(soname).or_default().push(package.to_owned());
                    }
                }
            }
        }
        let is_other = |(library, package): &(&str, &str)| {
            said.get(*library).is_some_and(|packages| !packages.iter().any(|one| one == package))
        };
        assert_eq!(known().filter(is_other).collect::<Vec<_>>(), []);
        assert!(known().any(|(library, _)| said.contains_key(library)), "dpkg knows some of them");
    }
}
