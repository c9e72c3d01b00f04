//! dpkg's database: which packages are there (`/var/lib/dpkg/status`), and which files of theirs lie elsewhere
//! (`/var/lib/dpkg/diversions`, dpkg-divert(1)).

use std::collections::HashMap;

/// What `status` says of a package that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    /// `amd64`, `all`.
    pub(super) arch: String,
}

/// The packages that are there: `libssl3` and, where several architectures may be, `libssl3:amd64`, as files in `info` are called.
pub(super) fn installed(text: &str) -> HashMap<String, Installed> {
    let mut found = HashMap::new();
    for paragraph in text.split("\n\n") {
        let field = |name: &str| {
            let mut lines = paragraph.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let (Some(name), Some(status), Some(arch)) = (field("Package"), field("Status"), field("Architecture")) else {
            continue;
        };
        // `install ok installed`: what was removed and has left its configuration behind has no libraries.
        let state = status.rsplit(' ').next().unwrap_or_default();
        if ["config-files", "not-installed"].contains(&state) {
            continue;
        }
        let own = Installed { arch: arch.to_owned() };
        if field("Multi-Arch") == Some("same") {
            found.insert(format!("{name}:{arch}"), own);
        } else {
            found.insert(name.to_owned(), own);
        }
    }
    found
}

/// The files that lie elsewhere: from where to where, and whose files do not; none where an administrator did it.
pub(super) fn diversions(text: &str) -> Vec<[String; 3]> {
    let lines: Vec<&str> = text.lines().collect();
    lines.chunks_exact(3).map(|three| [0, 1, 2].map(|at| three[at].to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_are_there() {
        let text = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 3\n\n\
                    Package: old\nStatus: deinstall ok config-files\nArchitecture: amd64\n\n\
                    Package: bash\nEssential: yes\nStatus: install ok unpacked\nDescription: a\n Package: evil\n\
                    Architecture: amd64\n\nPackage: no-status\n";
        let found = installed(text);
        let mut names: Vec<&str> = found.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["bash", "libssl3:amd64"]);
        assert_eq!(found["bash"].arch, "amd64");
    }

    #[test]
    fn diversions_are_threes() {
        let found = diversions("/usr/lib/a.so.1\n/usr/lib/a.so.1.orig\nother\n/cut\n");
        assert_eq!(found, [["/usr/lib/a.so.1", "/usr/lib/a.so.1.orig", "other"].map(str::to_owned)]);
    }
}
