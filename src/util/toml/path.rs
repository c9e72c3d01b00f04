//! Paths as text: those of the project are relative and stay inside, those of a container are absolute. Decides by
//! the letters alone; whether something is there is asked elsewhere.

use std::path::PathBuf;

use super::{Issue, Issues, Span, Value, quoted, source::is_unsafe, string};
use crate::util::pattern::{self, is_glob};

/// Why a text is not the path that was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadPath {
    message: String,
    help: &'static str,
}

impl BadPath {
    /// A text that is not a path because `why`.
    pub(crate) fn new(text: &str, why: &str, help: &'static str) -> Self {
        Self { message: format!("{} {why}", quoted(text)), help }
    }

    /// The issue at a place.
    pub(crate) fn at(self, span: &Span) -> Issue {
        Issue::new(span, self.message).label("not a valid path here").help(self.help)
    }
}

const LONGEST: usize = 1024;

fn check(text: &str) -> Result<(), BadPath> {
    if text.is_empty() {
        return Err(BadPath::new(text, "is empty", "write a path, or leave the key out"));
    }
    if text.len() > LONGEST {
        return Err(BadPath::new(text, "is too long", "a path has at most 1024 bytes"));
    }
    if text.chars().any(is_unsafe) {
        return Err(BadPath::new(text, "holds control characters", "a path is printable text"));
    }
    if text.split('/').any(|component| component == "..") {
        return Err(BadPath::new(text, "holds `..`", "write the path without `..`"));
    }
    Ok(())
}

/// A path inside the project that programs may get, without needless dots and slashes. May be a glob.
pub(crate) fn in_project(text: &str) -> Result<String, BadPath> {
    if text.starts_with('-') {
        return Err(BadPath::new(text, "begins with a dash", "programs would take it for an option: rename it"));
    }
    inside(text)
}

/// A path inside the project whose name no program gets, without needless dots and slashes. May be a glob.
pub(crate) fn inside(text: &str) -> Result<String, BadPath> {
    check(text)?;
    if text.starts_with('/') {
        return Err(BadPath::new(
            text,
            "is an absolute path",
            "write it relative to the folder of `factory.toml`: files outside of the project do not get in",
        ));
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// An absolute path, without needless dots and slashes; a slash at its end stays. May be a glob.
pub(crate) fn in_container(text: &str) -> Result<String, BadPath> {
    check(text)?;
    if !text.starts_with('/') {
        return Err(BadPath::new(text, "is not an absolute path", "write the whole path, from `/` on"));
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let end = if text.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    Ok(format!("/{}{end}", parts.join("/")))
}

/// Checks the pattern that a path may be.
pub(crate) fn check_glob(text: &str) -> Result<(), BadPath> {
    if !is_glob(text) {
        return Ok(());
    }
    pattern::glob(text).map(drop).map_err(|error| {
        BadPath::new(
            text,
            &format!("is not a valid pattern: {}", error.kind()),
            "`*` and `?` stay within a folder, `**` does not; `[…]` and `{a,b}` must be closed, and `\\[` and `\\{` mean the letters",
        )
    })
}

/// Reads a path inside the project.
pub(crate) fn project(value: Value<'_>, issues: &mut Issues) -> Option<PathBuf> {
    let text = string(value, issues)?;
    in_project(text).map(PathBuf::from).map_err(|bad| issues.add(bad.at(&value.span()))).ok()
}

/// Reads an absolute path that goes into scripts, unit files and `#!` lines: letters, digits, `.`, `_`, `+`, `-` only.
pub(crate) fn plain_absolute(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = string(value, issues)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._+-".contains(c);
    let path = in_container(text).and_then(|path| {
        if path.chars().all(plain) && path.len() <= 200 {
            Ok(path.trim_end_matches('/').to_owned())
        } else {
            let help = "letters, digits, `.`, `_`, `+` and `-` only, at most 200 bytes: scripts hold this path";
            Err(BadPath::new(text, "does not fit here", help))
        }
    });
    let path = path.map_err(|bad| issues.add(bad.at(&value.span()))).ok()?;
    Some(if path.is_empty() { "/".to_owned() } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_paths_stay_inside() {
        assert_eq!(in_project("./a//b/."), Ok("a/b".to_owned()));
        assert_eq!(in_project("."), Ok(".".to_owned()));
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a\0b", "-r", "a\nb"] {
            assert!(in_project(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn container_paths_are_whole() {
        assert_eq!(in_container("/opt//x/./y/"), Ok("/opt/x/y/".to_owned()));
        assert_eq!(in_container("/"), Ok("/".to_owned()));
        for bad in ["opt", "/a/../b", "/a\u{1b}b"] {
            assert!(in_container(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn patterns_are_compiled() {
        assert!(check_glob("/opt/{a,b/**}/*.py").is_ok());
        assert!(check_glob("/opt/{a").is_err());
        assert!(check_glob("/opt/[a").is_err());
    }
}
