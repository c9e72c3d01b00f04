//! Patterns of paths as text: which letters are wildcards, and what a path means that has none.
//!
//! `*`, `?`, `[…]` and `{a,b}` are wildcards. A backslash before one of them, or before a backslash, means that very letter;
//! before any other letter it is a letter itself, as file names may have it.

use std::borrow::Cow;

/// The letters that a backslash takes the meaning from.
const SPECIAL: [char; 8] = ['*', '?', '[', ']', '{', '}', ',', '\\'];
/// Those of them that make a path a pattern.
const WILD: [char; 4] = ['*', '?', '[', '{'];

/// Where the first wildcard is.
fn first(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next_if(|(_, next)| SPECIAL.contains(next));
        } else if WILD.contains(&letter) {
            return Some(at);
        }
    }
    None
}

/// Whether a path is a pattern.
#[must_use]
pub fn is_glob(text: &str) -> bool {
    first(text).is_some()
}

/// The path that a text means which is no pattern.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut path = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = if letter == '\\' { letters.next_if(|next| SPECIAL.contains(next)) } else { None };
        path.push(escaped.unwrap_or(letter));
    }
    Cow::Owned(path)
}

/// The text that means exactly this path: what [`plain`] turns back.
#[must_use]
pub fn escaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for letter in path.chars() {
        if SPECIAL.contains(&letter) && letter != ',' {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

/// A pattern cut behind the folders before its first wildcard: the path of these, and what is left. All of a path that is no
/// pattern, and nothing.
#[must_use]
pub fn parts(pattern: &str) -> (Cow<'_, str>, &str) {
    match first(pattern) {
        None => (plain(pattern.trim_end_matches('/')), ""),
        Some(wild) => match pattern[..wild].rfind('/') {
            None => (Cow::Borrowed(""), pattern),
            Some(slash) => (plain(&pattern[..slash]), &pattern[slash + 1..]),
        },
    }
}

/// A matcher in which `*` and `?` stop at `/`, and `dir/**` matches everything below `dir`.
///
/// # Errors
/// When the pattern is not one.
pub fn glob(pattern: &str) -> Result<globset::GlobMatcher, globset::Error> {
    // What is no escape here is none there either.
    let mut text = String::with_capacity(pattern.len());
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        text.push(letter);
        if letter == '\\' {
            text.push(letters.next_if(|next| SPECIAL.contains(next)).unwrap_or('\\'));
        }
    }
    Ok(globset::GlobBuilder::new(&text).literal_separator(true).backslash_escape(true).build()?.compile_matcher())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_backslash_takes_the_meaning_away() {
        for (text, path) in [
            (r"\[id\].js", "[id].js"),
            (r"a\*b", "a*b"),
            (r"dev-disk\x2dby.mount", r"dev-disk\x2dby.mount"),
            (r"a\\b", r"a\b"),
            ("a$HOME 'b' \"c\"#!", "a$HOME 'b' \"c\"#!"),
            (r"ends\", r"ends\"),
        ] {
            assert!(!is_glob(text), "{text}");
            assert_eq!(plain(text), path);
            assert!(glob(text).unwrap().is_match(path), "{text}");
        }
        assert!(is_glob("[id].js") && is_glob(r"\[id\]/*.js") && is_glob(r"\\[ab]"));
        assert!(glob(r"\[id\]/*.js").unwrap().is_match("[id]/a.js"));
        assert!(glob(r"a\x*").unwrap().is_match(r"a\xyz"));
        assert_eq!(parts(r"pages/\[id\]/*.js"), ("pages/[id]".into(), "*.js"));
        assert_eq!(parts("*.conf"), ("".into(), "*.conf"));
        assert_eq!(parts("/opt/{a,b}"), ("/opt".into(), "{a,b}"));
    }

    proptest! {
        #[test]
        fn any_path_can_be_named(path in r"[-a.*?\[\]{},\\ $é]{1,12}") {
            let text = escaped(&path);
            prop_assert!(!is_glob(&text));
            prop_assert_eq!(plain(&text), path.as_str());
            prop_assert!(glob(&text).unwrap().is_match(&path));
        }
    }
}
