//! `shlibs` files (deb-shlibs(5)): which package has a library of a name and version. Used where a package has no `symbols`.

use serde::{Deserialize, Serialize};

/// The most lines that are read: the largest have some hundred.
const MOST: usize = 10_000;

/// A file of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shlibs(Vec<Line>);

/// `[type:] library version dependencies`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    is_for_debs: bool,
    library: String,
    version: String,
    depends: String,
}

impl Shlibs {
    /// Reads a file; lines that say nothing are left out, as dpkg-shlibdeps does with a warning.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#')).take(MOST);
        Self(lines.filter_map(line).collect())
    }

    /// What is said of a library: relations with commas between them, which may be none at all. `None` where nothing is said.
    #[must_use]
    pub fn of(&self, soname: &str) -> Option<&str> {
        let (library, version) = split(soname)?;
        let fits = || self.0.iter().filter(|line| line.library == library && line.version == version);
        fits().find(|line| line.is_for_debs).or_else(|| fits().next()).map(|line| line.depends.as_str())
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn line(text: &str) -> Option<Line> {
    let mut rest = text.trim();
    let mut word = || {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        rest = after.trim_start();
        (!word.is_empty()).then_some(word)
    };
    let first = word()?;
    let (kind, library) = match first.strip_suffix(':') {
        Some(kind) if !kind.is_empty() => (Some(kind), word()?),
        _ => (None, first),
    };
    let version = word()?;
    // A line for another kind of package (`udeb:`) says nothing of ours.
    let is_for_debs = kind == Some("deb");
    (kind.is_none() || is_for_debs).then(|| Line {
        is_for_debs,
        library: library.to_owned(),
        version: version.to_owned(),
        depends: rest.to_owned(),
    })
}

/// The name and version that a library's name has: `libfoo.so.1` and `libfoo-1.so` (Debian policy 8.6.1).
#[must_use]
pub fn split(soname: &str) -> Option<(&str, &str)> {
    if let Some(at) = soname.rfind(".so.").filter(|at| *at > 0 && at + 4 < soname.len()) {
        return Some((&soname[..at], &soname[at + 4..]));
    }
    let stem = soname.strip_suffix(".so")?;
    let mut dashes = stem.rmatch_indices('-').map(|(at, _)| at);
    let at = dashes.find(|at| *at > 0 && stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
    Some((&stem[..at], &stem[at + 1..]))
}

/// The names that a package with a library usually has (Debian policy 8.1), and `libc6` for what is glibc's. Empty for a library without
/// a version.
#[must_use]
pub fn names_of(soname: &str) -> Vec<String> {
    const OF_GLIBC: [&str; 11] = [
        "libc.so.6",
        "libm.so.6",
        "libmvec.so.1",
        "libdl.so.2",
        "libpthread.so.0",
        "librt.so.1",
        "libutil.so.1",
        "libresolv.so.2",
        "libanl.so.1",
        "libnsl.so.1",
        "libthread_db.so.1",
    ];
    if OF_GLIBC.contains(&soname) || soname.starts_with("ld-linux") || soname.starts_with("ld64.so.") {
        return vec!["libc6".to_owned()];
    }
    let Some((library, version)) = split(soname) else { return Vec::new() };
    let dash = if library.ends_with(|c: char| c.is_ascii_digit()) { "-" } else { "" };
    let name = format!("{library}{dash}{version}").to_ascii_lowercase().replace('_', "-");
    // Since 2024, where times got 64 bits on machines with 32.
    vec![name.clone(), format!("{name}t64")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_versions() {
        assert_eq!(split("libssl.so.3"), Some(("libssl", "3")));
        assert_eq!(split("libstdc++.so.6"), Some(("libstdc++", "6")));
        assert_eq!(split("libdb-5.3.so"), Some(("libdb", "5.3")));
        assert_eq!(split("libfoo.so.1.2"), Some(("libfoo", "1.2")));
        for name in ["libfoo.so", "libfoo", ".so.1", "libfoo.so.", "a-b.so"] {
            assert_eq!(split(name), None, "{name}");
        }
    }

    #[test]
    fn packages_are_named_after_libraries() {
        for (library, package) in [
            ("libssl.so.3", "libssl3"),
            ("libgcc_s.so.1", "libgcc-s1"),
            ("libdb-5.3.so", "libdb5.3"),
            ("libX11.so.6", "libx11-6"),
            ("libm.so.6", "libc6"),
            ("ld-linux-x86-64.so.2", "libc6"),
        ] {
            assert_eq!(names_of(library)[0], package);
        }
        assert_eq!(names_of("libssl.so.3")[1], "libssl3t64");
        assert!(names_of("plugin.so").is_empty());
    }

    #[test]
    fn lines_are_read() {
        let file = "# a comment\nlibfoo 1 libfoo1 (>= 1.2), libbar2\nudeb: libfoo 1 libfoo1-udeb\nlibbaz 2\n\
                    libq 1 libq1\ndeb: libq 1 libq1a\nbad\n";
        let file = Shlibs::parse(file);
        assert_eq!(file.of("libfoo.so.1"), Some("libfoo1 (>= 1.2), libbar2"));
        assert_eq!(file.of("libbaz.so.2"), Some(""), "nothing is needed");
        assert_eq!(file.of("libq.so.1"), Some("libq1a"), "a line for debs comes before one for all");
        assert_eq!(file.of("libfoo.so.2"), None);
        assert_eq!(file.of("libfoo.so"), None);
    }
}
