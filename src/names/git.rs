//! The words of a `[[source]]` and a `[[repository]]`: their names, a reference, a commit.

use super::{
    InvalidName,
    text::{lower_word, name_type},
};
use std::fmt;

name_type!(
    /// The name of a `[[source]]`: `@<name>/…` are its files, and its checkout's folder begins with it.
    SourceName, "source name", "lower-case letters, digits and dashes, at most 63, a letter or digit at both ends",
    |s| lower_word(s, b"-", 63)
);
name_type!(
    /// The name of a `[[repository]]`, which a release tags.
    RepositoryName, "repository name", "lower-case letters, digits, `.`, `_` and dashes, at most 63, a letter or digit at both ends",
    |s| lower_word(s, b"-._", 63)
);
name_type!(
    /// A branch, a tag, a full reference or a commit, as git takes it (git-check-ref-format(1)) and nothing that a program
    /// could take for an option, a pattern or a revision expression.
    RefName, "git reference", "a branch, a tag or a commit, e.g. develop, v2.5.11, refs/heads/develop", is_reference
);
name_type!(
    /// The full hash of a commit: SHA-1, or SHA-256 in a repository of that kind.
    Commit, "commit", "40 (or 64) lower-case hexadecimal digits",
    |s| matches!(s.len(), 40 | 64) && s.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
);

impl Commit {
    /// The first seven digits, as people quote it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.as_str()[..7]
    }

    /// The first twelve digits: the name of a folder.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.as_str()[..12]
    }
}

impl RefName {
    /// Whether it may be the beginning of a commit's hash, as people quote it.
    #[must_use]
    pub fn is_abbreviated_commit(&self) -> bool {
        let text = self.as_str();
        (7..64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
    }
}

fn is_reference(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && part.rsplit_once('.').is_none_or(|(_, end)| end != "lock")
    };
    text.len() <= 200
        && !text.starts_with('-')
        && !text.ends_with('.')
        && text != "@"
        && !text.contains("..")
        && !text.contains("@{")
        && text.split('/').all(part)
        && text.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"~^:?*[\\\"'`$<>|;&(){}".contains(c))
}

/// The source and the path in it that a recipe's path means: `@bricks/dist` is `dist` of `bricks`. `None` where the path
/// is the project's own.
#[must_use]
pub fn in_source(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('@')?;
    Some(path.split_once('/').unwrap_or((path, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_follow_git() {
        for good in
            ["develop", "feature/a-b", "v2.5.11", "refs/tags/v1", "1a2b3c4", "été", "a@b", "HEAD", "release+1", "#12"]
        {
            assert!(RefName::new(good).is_ok(), "{good:?}");
        }
        for bad in [
            "",
            "-x",
            "--upload-pack=id",
            "a..b",
            "a b",
            "a\nb",
            "a^{}",
            "a:b",
            "*",
            "@",
            "a@{1}",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "$(id)",
            "a;b",
            "a\\b",
            "\u{1b}[31m",
        ] {
            assert!(RefName::new(bad).is_err(), "{bad:?}");
        }
        assert!(RefName::new("1a2b3c4").unwrap().is_abbreviated_commit());
        assert!(!RefName::new("1a2b3c").unwrap().is_abbreviated_commit());
    }

    #[test]
    fn paths_of_sources() {
        assert_eq!(in_source("@bricks/dist/x"), Some(("bricks", "dist/x")));
        assert_eq!(in_source("@bricks"), Some(("bricks", "")));
        assert_eq!(in_source("dist/@bricks"), None);
    }

    #[test]
    fn commits_are_whole() {
        assert!(Commit::new("1a2b3c4").is_err());
        let commit = Commit::new("1a2b3c4d".repeat(5)).unwrap();
        assert_eq!((commit.short(), commit.folder()), ("1a2b3c4", "1a2b3c4d1a2b"));
    }
}
