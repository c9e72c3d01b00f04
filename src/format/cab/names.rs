//! Names of files in a cabinet, as Windows takes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::zip::{folded, is_device};

/// UTF-16 units of the longest path that every program of Windows takes: `MAX_PATH` is 260 with the NUL at its end.
pub(super) const LONGEST: usize = 259;

/// What Windows takes in no name, beside control characters.
const FORBIDDEN: [char; 7] = ['<', '>', ':', '"', '|', '?', '*'];

/// Whether a path, its parts between `/` or `\`, is one of a file below the folder that a cabinet is unpacked into, and means the same
/// to every version of Windows. A separator at its beginning is none of a path here: that is how such cabinets are written.
///
/// # Errors
/// The reason.
pub(super) fn below(path: &str) -> Result<(), &'static str> {
    let path = path.strip_prefix(['\\', '/']).unwrap_or(path);
    if path.is_empty() {
        return Err("it is empty");
    }
    if path.get(1..2) == Some(":") {
        return Err("it names a drive");
    }
    if path.starts_with(['\\', '/']) {
        return Err("it names another machine");
    }
    path.split(['\\', '/']).try_for_each(part)
}

/// One part of a path.
pub(super) fn part(part: &str) -> Result<(), &'static str> {
    if part.is_empty() {
        return Err("it has an empty part");
    }
    if part == "." || part == ".." {
        return Err("it has a part that is another folder");
    }
    if part.chars().any(char::is_control) {
        return Err("it has a control character");
    }
    if part.contains(FORBIDDEN) {
        return Err("it has one of the characters < > : \" | ? *, which Windows takes in no name");
    }
    if part.ends_with(['.', ' ']) {
        return Err("a part of it ends with a dot or a blank, which Windows drops");
    }
    if is_device(part) {
        return Err("a part of it is the name of a device");
    }
    Ok(())
}

/// A name for a message: escaped, but for the backslashes between its parts, and cut.
pub(super) fn shown(name: &str) -> String {
    let escaped = |letter: char| if letter == '\\' { String::from(letter) } else { letter.escape_debug().to_string() };
    name.chars().take(100).map(escaped).collect()
}

/// UTF-16 units of a path.
pub(super) fn units(path: &str) -> usize {
    path.encode_utf16().count()
}

/// The files of a cabinet by their names without case, to find those that Windows cannot tell apart.
#[derive(Debug, Default)]
pub(super) struct Known<T> {
    files: BTreeMap<String, T>,
    folders: BTreeMap<String, T>,
}

impl<T: Clone> Known<T> {
    pub(super) fn new() -> Self {
        Self { files: BTreeMap::new(), folders: BTreeMap::new() }
    }

    /// Takes a path with `/` or `\` between its parts; gives another file that is the same one, or is a folder of this one, or has this
    /// one for a folder. Folders may be written in several ways: Windows makes one of them.
    pub(super) fn add(&mut self, path: &str, file: &T) -> Option<T> {
        let name = folded(path).replace('/', "\\");
        let name = name.trim_start_matches('\\').to_owned();
        let folders: BTreeSet<&str> = name.match_indices('\\').map(|(at, _)| &name[..at]).collect();
        let of_folder = folders.iter().find_map(|folder| self.files.get(*folder));
        let other = self.files.get(&name).or(of_folder).or_else(|| self.folders.get(&name));
        if let Some(other) = other {
            return Some(other.clone());
        }
        for folder in folders {
            if !self.folders.contains_key(folder) {
                self.folders.insert(folder.to_owned(), file.clone());
            }
        }
        self.files.insert(name, file.clone());
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_windows_takes() {
        for good in
            ["a", "\\a\\b.txt", "/a/b", "données\\é à.txt", " a", "a;b", "..a", "console", "com", "com10", "$(x)"]
        {
            assert_eq!(below(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn names_that_lead_astray() {
        for bad in [
            "",
            "\\",
            "..\\x",
            "a\\..\\b",
            "a/../b",
            "\\..\\x",
            "C:\\x",
            "c:x",
            "\\\\host\\share\\x",
            "//host/x",
            "\\C:\\x",
            "a\\\\b",
            "a\\",
            ".",
            "a\\.\\b",
            "a\nb",
            "a\0b",
            "a\u{85}b",
            "a:b",
            "a*",
            "a?",
            "a|b",
            "a<b",
            "a\"b",
            "a.",
            "a \\b",
            "nul",
            "NUL.txt",
            "a\\COM1",
            "lpt9.log",
            "aux",
            "con .txt",
            "CONIN$",
            "com¹",
        ] {
            assert!(below(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_that_are_one() {
        let mut known = Known::new();
        for (path, other) in [
            ("Lib/a.py", None),
            ("lib/b.py", None),
            ("\\LIB\\A.PY", Some(0)),
            ("lib", Some(0)),
            ("lib/a.py/x", Some(0)),
            ("x/y", None),
            ("x/y.z", None),
            ("É", None),
            ("é", Some(7)),
        ]
        .into_iter()
        .enumerate()
        .map(|(number, (path, other))| ((number, path), other))
        {
            assert_eq!(known.add(path.1, &path.0), other, "{path:?}");
        }
    }
}
