//! A page of an index as HTML (PEP 503): its links, and nothing else of it.

use reqwest::Url;

use super::Offered;
use crate::names::Sha256;

/// The longest opening tag that is read, in bytes: a link may say a lot of itself.
const LONGEST: usize = 64 << 10;

/// The longest address that links are joined to, in bytes: it is in each of them.
const LONGEST_BASE: usize = 2048;

/// Its files, up to one more than a page may have. What is no link to one is passed over, and so is a base that is longer than any in use.
pub(super) fn read(text: &str, at: &Url) -> Vec<Offered> {
    let (mut base, mut files) = (at.clone(), Vec::new());
    let mut rest = text;
    while let Some(start) = rest.find('<').filter(|_| files.len() <= super::MOST) {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
            continue;
        }
        let (tag, behind) = tag(rest);
        rest = behind;
        let name = tag.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "base" => base = based(at, tag).unwrap_or(base),
            "a" => files.extend(link(tag, &base)),
            _ => {}
        }
    }
    files
}

fn based(at: &Url, tag: &str) -> Option<Url> {
    at.join(&attribute(tag, "href")?).ok().filter(|base| base.as_str().len() <= LONGEST_BASE)
}

/// What is before the `>` that ends a tag, and what is behind it; a `>` in quotes ends none. What does not end in time is passed over.
fn tag(text: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, c) in text.char_indices().take_while(|(at, _)| *at < LONGEST) {
        match (quote, c) {
            (None, '>') => return (&text[..at], &text[at + 1..]),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    ("", &text[text.ceil_char_boundary(LONGEST.min(text.len()))..])
}

fn link(tag: &str, base: &Url) -> Option<Offered> {
    let mut url = base.join(&attribute(tag, "href")?).ok()?;
    let fragment = url.fragment().unwrap_or_default().to_owned();
    url.set_fragment(None);
    let digest = fragment.split('&').find_map(|part| part.strip_prefix("sha256="));
    let name = url.path_segments()?.next_back()?.to_owned();
    let yanked = attribute(tag, "data-yanked");
    Some(Offered {
        name: plain(&name),
        address: url.into(),
        sha256: digest.and_then(|it| Sha256::new(it).ok()),
        yanked,
    })
}

/// A name in a path as it is meant: `%2B` is what `+` is written as there.
fn plain(name: &str) -> String {
    [("%2B", "+"), ("%2b", "+"), ("%21", "!")]
        .iter()
        .fold(name.to_owned(), |name, (code, sign)| name.replace(code, sign))
}

/// The value of an attribute; empty where it has none.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag.split_once(|c: char| c.is_ascii_whitespace()).map_or("", |(_, rest)| rest).trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=').unwrap_or(rest.len());
        let (found, after) = rest.split_at(end);
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('=') {
            Some(value) => value_of(value.trim_start()),
            None => ("", after),
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(unescaped(value));
        }
        // What begins with what no name begins with is passed over.
        rest = if end == 0 && after.len() == rest.len() { &rest[rest.len().min(1)..] } else { after }.trim_start();
    }
    None
}

fn value_of(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    text.split_at(text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len()))
}

/// The signs that pages of indexes have for others.
fn unescaped(text: &str) -> String {
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    signs.iter().fold(text.to_owned(), |text, (code, sign)| text.replace(code, sign))
}
