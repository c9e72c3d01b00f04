//! Words and texts with a grammar of their own: lines, paragraphs, URLs, image references, OS packages. Reads strings
//! only; asks nothing of the world.

use super::{Issue, Issues, Value, quoted, source::is_unsafe, string};
use crate::names::Repository;

/// One line of text; may be empty.
pub(crate) fn line(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = string(value, issues)?;
    if let Some(bad) = text.chars().find(|c| is_unsafe(*c)) {
        let message = format!("a control character ({}) in one line of text", bad.escape_default());
        issues.add(
            Issue::new(&value.span(), message)
                .label("expected one line")
                .help("it would end up in a Dockerfile or a control file: take it out"),
        );
        return None;
    }
    Some(text.to_owned())
}

/// One line of text that says something, without space around it.
pub(crate) fn one_line(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = line(value, issues)?;
    if text.trim().is_empty() {
        issues.add(
            Issue::new(&value.span(), "an empty text")
                .label("expected some words")
                .help("write something, or leave the key out"),
        );
        return None;
    }
    Some(text.trim().to_owned())
}

/// Paragraphs: lines without control characters and without space at their ends.
pub(crate) fn paragraphs(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = string(value, issues)?;
    if let Some(bad) = text.chars().find(|c| is_unsafe(*c) && *c != '\n' && *c != '\r') {
        let message = format!("a control character ({}) in the text", bad.escape_default());
        issues
            .add(Issue::new(&value.span(), message).label("expected plain text").help("use spaces and newlines only"));
        return None;
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Some(lines.join("\n").trim_matches('\n').to_owned())
}

/// A word that `fits`, else the issue says what a valid one is.
pub(crate) fn word(
    what: &'static str,
    expected: &'static str,
    fits: impl Fn(&str) -> bool,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<String> {
    move |value, issues| {
        let text = string(value, issues)?;
        if fits(text) {
            return Some(text.to_owned());
        }
        let message = format!("{} is not a valid {what}", quoted(text));
        issues.add(Issue::new(&value.span(), message).label(what).help(format!("expected {expected}")));
        None
    }
}

/// The name of an OS package, any distro's: safe as an argument of apt, yum, zypper and apk.
pub(crate) fn os_package(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let expected = "a name of the distro: letters, digits, `+`, `.`, `_` and `-`, no dash or dot at its ends";
    word("OS package", expected, |text| {
        let b = text.as_bytes();
        (1..=128).contains(&b.len())
            && b[0].is_ascii_alphanumeric()
            && !b".-".contains(&b[b.len() - 1])
            && b.iter().all(|&c| c.is_ascii_alphanumeric() || b"+._-".contains(&c))
    })(value, issues)
}

/// An image in a daemon or a registry: `[host[:port]/]repository[:tag][@sha256:…]`.
pub(crate) fn image_reference(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let expected = "`[host[:port]/]repository[:tag][@sha256:…]`, e.g. debian:bookworm-slim";
    word("image", expected, is_image_reference)(value, issues)
}

fn is_image_reference(text: &str) -> bool {
    let (text, digest) = text.split_once("@sha256:").map_or((text, None), |(text, hex)| (text, Some(hex)));
    let (path, tag) = match text.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (text, None),
    };
    digest.is_none_or(|hex| hex.parse::<crate::names::Sha256>().is_ok()) && tag.is_none_or(is_tag) && is_place(path)
}

/// The tag grammar of the OCI distribution specification.
fn is_tag(tag: &str) -> bool {
    let b = tag.as_bytes();
    (1..=128).contains(&b.len())
        && (b[0].is_ascii_alphanumeric() || b[0] == b'_')
        && b.iter().all(|&c| c.is_ascii_alphanumeric() || b"_.-".contains(&c))
}

/// A repository, with or without a registry in front.
fn is_place(path: &str) -> bool {
    let is_repository = |path: &str| Repository::new(path).is_ok();
    match path.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => is_host(host) && is_repository(rest),
        _ => is_repository(path),
    }
}

/// `host[:port]`.
pub(crate) fn is_host(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.len() <= 253
        && host.split('.').all(is_label)
        && port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0))
}

/// A URL that people read: `http` or `https`.
pub(crate) fn web_url(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    url(&["http", "https"], "programs that need a password ask for it elsewhere")(value, issues)
}

/// Where a service answers, seen from its own machine.
pub(crate) fn service_url(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = string(value, issues)?;
    if text.contains("://") {
        return web_url(value, issues);
    }
    let example = if text.starts_with([':', '/']) || text.bytes().all(|b| b.is_ascii_digit()) {
        "for example `http://127.0.0.1:8080/`: the program is asked in its own container"
    } else {
        "write `http://` before it, for example `http://127.0.0.1:8080/`"
    };
    issues.add(Issue::new(&value.span(), "this is not a URL").label("expected `http://…`").help(example));
    None
}

/// A URL with one of `schemes` and without userinfo; `instead` says where a password goes. Never quotes the URL: it
/// may hold one.
pub(crate) fn url(
    schemes: &'static [&'static str],
    instead: &'static str,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<String> {
    move |value, issues| {
        let text = string(value, issues)?;
        let issue = check_url(text, schemes, instead);
        let ok = issue.is_none();
        if let Some((message, help)) = issue {
            issues.add(Issue::new(&value.span(), message).label("bad URL").help(help));
        }
        ok.then(|| text.to_owned())
    }
}

fn check_url(text: &str, schemes: &[&str], instead: &str) -> Option<(String, String)> {
    let shape = || format!("for example `{}://packages.example.org/simple`", schemes.last().unwrap_or(&"https"));
    let Some((scheme, rest)) = text.split_once("://") else {
        return Some(("this is not a URL".to_owned(), shape()));
    };
    if !schemes.contains(&scheme) {
        return Some((
            format!("a URL of this kind cannot be used: {}", quoted(scheme)),
            format!("expected {}", super::listed(schemes)),
        ));
    }
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |end| rest.split_at(end));
    if authority.contains('@') {
        return Some(("a user name or password in a URL".to_owned(), instead.to_owned()));
    }
    let local = scheme == "file" && authority.is_empty() && path.starts_with('/');
    if text.len() > 500 || !(local || is_host(authority)) || !is_path_of_url(path) {
        return Some(("this is not a valid URL".to_owned(), shape()));
    }
    None
}

/// What follows the host: the characters of RFC 3986 that no shell and no list of sources reads as anything else, nor what any
/// reader makes of it that takes the percent signs away (apt does): no spaces, brackets, quotes.
fn is_path_of_url(path: &str) -> bool {
    let safe = |b: u8| b.is_ascii_graphic() && !b"\"'`<>\\^{}|$[]".contains(&b);
    let mut parts = path.split('%');
    let first = parts.next().unwrap_or_default();
    first.bytes().all(safe)
        && parts.all(|part| {
            let byte = part.get(..2).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
            byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()).is_some_and(|byte| safe(byte) || byte >= 0x80)
                && part.bytes().all(safe)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_references() {
        for good in ["debian", "debian:bookworm-slim", "host:5000/a/b:1", "registry.example.org/x", "localhost/x:y"] {
            assert!(is_image_reference(good), "{good}");
        }
        assert!(is_image_reference(&format!("debian:12@sha256:{}", "a".repeat(64))));
        for bad in ["", "Debian", "debian:", "debian: x", "a\nRUN x", "a@sha256:00", "u:p@host/x", "host:0/x", "-x/y"] {
            assert!(!is_image_reference(bad), "{bad}");
        }
    }

    #[test]
    fn urls_hold_no_password_and_no_shell() {
        let bad = |text| check_url(text, &["http", "https", "file"], "elsewhere").map(|(message, _)| message);
        assert_eq!(bad("https://pypi.example.org:8443/simple/"), None);
        assert_eq!(bad("file:///srv/mirror"), None);
        assert_eq!(bad("https://a/caf%C3%A9/x%2By?a=%40&b=~"), None);
        assert_eq!(bad("https://me:secret@host/").as_deref(), Some("a user name or password in a URL"));
        for text in
            ["host/x", "https://", "https://a b/", "https://a/$(id)", "https://a/\nx", "ftp://a/", "file://../x"]
                .into_iter()
                .chain([
                    "http://a/[trusted=yes]",
                    "http://a/%20%5btrusted=yes%5d",
                    "http://a/%0adeb",
                    "http://a/%",
                    "http://a/%2",
                ])
        {
            assert!(bad(text).is_some(), "{text}");
        }
    }
}
