//! `section`: where a package is in an archive (Debian policy 2.4, and the archive's list of them).

use crate::util::toml::{At, Issue, nearest, quoted};

/// Debian's sections (packages.debian.org, "Sections").
const SECTIONS: [&str; 61] = [
    "admin",
    "cli-mono",
    "comm",
    "database",
    "debian-installer",
    "debug",
    "devel",
    "doc",
    "editors",
    "education",
    "electronics",
    "embedded",
    "fonts",
    "games",
    "gnome",
    "gnu-r",
    "gnustep",
    "golang",
    "graphics",
    "hamradio",
    "haskell",
    "httpd",
    "interpreters",
    "introspection",
    "java",
    "javascript",
    "kde",
    "kernel",
    "libdevel",
    "libs",
    "lisp",
    "localization",
    "mail",
    "math",
    "metapackages",
    "misc",
    "net",
    "news",
    "ocaml",
    "oldlibs",
    "otherosfs",
    "perl",
    "php",
    "python",
    "raku",
    "ruby",
    "rust",
    "science",
    "shells",
    "sound",
    "tasks",
    "tex",
    "text",
    "utils",
    "vcs",
    "video",
    "virtual",
    "web",
    "x11",
    "xfce",
    "zope",
];

/// The archive areas that are before a section (policy 2.2).
const AREAS: [&str; 4] = ["main", "contrib", "non-free", "non-free-firmware"];

/// What is said of a section that Debian does not have, with that section. An archive of one's own may have it.
pub(crate) fn doubt(section: &At<String>) -> Option<(String, Issue)> {
    let (area, name) =
        section.value.split_once('/').map_or((None, section.value.as_str()), |(area, name)| (Some(area), name));
    let known = || SECTIONS.iter().copied();
    let (word, near) = match area.filter(|area| !AREAS.contains(area)) {
        Some(area) => (area, nearest(area, AREAS).map(|near| format!("{near}/{name}"))),
        None if known().any(|section| section == name) => return None,
        None => {
            (name, nearest(name, known()).map(|near| area.map_or(near.to_owned(), |area| format!("{area}/{near}"))))
        }
    };
    let message = format!("Debian has no section {} (policy 2.4)", quoted(word));
    let help = near.map_or_else(
        || "for example `misc`, `net`, `admin`, `python`; `contrib/`, `non-free/` or `non-free-firmware/` may stand before it".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Some((section.value.clone(), Issue::new(&section.span, message).help(help)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections() {
        let said = |text: &str| {
            doubt(&At { value: text.to_owned(), span: 0..1 })
                .map(|(_, issue)| (issue.message, issue.help.unwrap_or_default()))
        };
        for good in ["web", "misc", "contrib/net", "non-free-firmware/kernel"] {
            assert_eq!(said(good), None, "{good}");
        }
        for (bad, word, help) in [
            ("netz", "netz", "did you mean `net`?"),
            ("contrib/pyhton", "pyhton", "did you mean `contrib/python`?"),
            ("nonfree/net", "nonfree", "did you mean `non-free/net`?"),
            ("applications", "applications", "for example `misc`"),
        ] {
            let (message, said) = said(bad).unwrap();
            assert_eq!(message, format!("Debian has no section `{word}` (policy 2.4)"));
            assert!(said.starts_with(help), "{said}");
        }
    }
}
