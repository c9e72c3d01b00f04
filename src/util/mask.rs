//! Takes secrets out of text before it is shown, logged or recorded: the secrets it was told, their percent-encoded
//! forms, and the userinfo of every URL. It never finds secrets by guessing at their look, and it never prints.

use std::{
    borrow::Cow,
    fmt,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

/// What is in the place of a secret.
const STARS: &str = "***";
/// Shorter secrets are not looked for: they would blot out half of every log.
const SHORTEST: usize = 4;
/// A multi-line secret (a PEM key) is also looked for line by line, where a line has at least this many characters.
const SHORTEST_LINE: usize = 8;

/// The secrets of this run. A clone shares them, so a secret that is learnt late (from a credential helper) is masked
/// everywhere from then on.
#[derive(Clone, Default)]
pub struct Mask {
    secrets: Arc<RwLock<Vec<String>>>,
}

impl Mask {
    /// A mask for these secrets. Those with fewer than four characters are left out.
    #[must_use]
    pub fn new(secrets: Vec<String>) -> Self {
        let mask = Self::default();
        for secret in secrets {
            mask.hide(&secret);
        }
        mask
    }

    /// Masks one more secret from now on.
    pub fn hide(&self, secret: &str) {
        let mut forms = vec![secret.trim().to_owned()];
        if let Some(decoded) = percent_decoded(secret.trim()) {
            forms.push(decoded);
        }
        for line in secret.lines().map(str::trim).filter(|line| line.chars().count() >= SHORTEST_LINE) {
            forms.push(line.to_owned());
        }
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms {
            if form.chars().count() >= SHORTEST && !secrets.contains(&form) {
                secrets.push(form);
            }
        }
    }

    /// The text without secrets.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let masked = without_secrets(&secrets, Cow::Borrowed(text));
        let masked = without_userinfo(masked);
        // Once more: what is left of a URL and its stars may spell a secret again.
        without_secrets(&secrets, masked)
    }

    /// Masks a text in place.
    pub fn apply(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.secrets.read().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "Mask({count} secrets)")
    }
}

/// Replaces every occurrence of a secret, until none is left: each round makes the text shorter.
fn without_secrets<'a>(secrets: &[String], mut text: Cow<'a, str>) -> Cow<'a, str> {
    loop {
        let mut spans: Vec<_> = secrets.iter().flat_map(|secret| spans_of(secret.as_bytes(), &text)).collect();
        if spans.is_empty() {
            return text;
        }
        spans.sort_by_key(|span| span.start);
        text = Cow::Owned(starred(&text, &spans));
    }
}

/// `text` with each run of overlapping or touching `spans` replaced; they are sorted by their start.
fn starred(text: &str, spans: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        if at == 0 || span.start > at {
            out.push_str(text.get(at..span.start).unwrap_or_default());
            out.push_str(STARS);
        }
        at = at.max(span.end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn spans_of<'a>(secret: &'a [u8], text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let bytes = text.as_bytes();
    (0..bytes.len()).filter_map(move |start| match_at(secret, bytes, start).map(|end| start..end))
}

/// Where the secret ends if it is at `start`, each byte as it is or percent-encoded (a space also as `+`).
fn match_at(secret: &[u8], text: &[u8], start: usize) -> Option<usize> {
    let first = *text.get(start)?;
    if first != *secret.first()? && first != b'%' && first != b'+' {
        return None;
    }
    // All the places where the text read so far may end: two at most, where the secret itself contains a `%`.
    let mut ends = vec![start];
    for &wanted in secret {
        let mut next = Vec::with_capacity(2);
        for end in ends {
            let found = text.get(end).copied();
            if found == Some(wanted) || (found == Some(b'+') && wanted == b' ') {
                next.push(end + 1);
            }
            if encoded_byte(text, end) == Some(wanted) {
                next.push(end + 3);
            }
        }
        if next.is_empty() {
            return None;
        }
        next.dedup();
        ends = next;
    }
    ends.into_iter().max()
}

/// The byte that `%XX` at `at` stands for.
fn encoded_byte(text: &[u8], at: usize) -> Option<u8> {
    if text.get(at) != Some(&b'%') {
        return None;
    }
    let digit = |offset: usize| text.get(at + offset).and_then(|&b| char::from(b).to_digit(16));
    u8::try_from(digit(1)? * 16 + digit(2)?).ok()
}

/// The text decoded, if it holds a percent-encoded byte and is UTF-8 afterwards.
fn percent_decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let encoded = encoded_byte(bytes, at);
        out.push(encoded.unwrap_or(byte));
        at += if encoded.is_some() { 3 } else { 1 };
    }
    if out.len() == bytes.len() { None } else { String::from_utf8(out).ok() }
}

/// Replaces the userinfo of every URL: `https://user:pass@host` becomes `https://***@host`.
fn without_userinfo(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text.as_ref();
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        let userinfo = userinfo_length(head, tail);
        out.push_str(head);
        if userinfo > 0 {
            out.push_str(STARS);
        }
        rest = tail.get(userinfo..).unwrap_or_default();
    }
    if out.is_empty() {
        return text;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// How many bytes of `tail`, which follows `head` = `…scheme://`, are userinfo that has to go.
fn userinfo_length(head: &str, tail: &str) -> usize {
    let word = tail.split(|c: char| c.is_whitespace() || "\"<>`".contains(c)).next().unwrap_or_default();
    let authority = word.split(['/', '?', '#']).next().unwrap_or_default();
    let before_port = authority.split_once(':').map(|(_, port)| port);
    // `user:pa/ss@host` is no valid URL, but people write it: what follows the colon is not a port.
    let broken = !authority.contains('@')
        && !authority.starts_with('[')
        && before_port.is_some_and(|port| !port.is_empty() && !port.bytes().all(|b| b.is_ascii_digit()));
    let Some(length) = (if broken { word.rfind('@') } else { authority.rfind('@') }) else { return 0 };
    let userinfo = word.get(..length).unwrap_or_default();
    // The login of `ssh://git@host` is no secret and says much.
    let login = head.ends_with("ssh://") && !userinfo.contains(':');
    if login || userinfo == STARS { 0 } else { length }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(secrets: &[&str], text: &str) -> String {
        Mask::new(secrets.iter().map(ToString::to_string).collect()).text(text).into_owned()
    }

    #[test]
    fn secrets_go_in_all_their_forms() {
        assert_eq!(masked(&["hunter2!"], "login with hunter2! done"), "login with *** done");
        assert_eq!(masked(&["p@ss w%rd"], "a p%40ss%20w%25rd b p@ss+w%rd c"), "a *** b *** c");
        assert_eq!(masked(&["p%40ssword"], "a p@ssword b"), "a *** b", "a secret told in its encoded form");
        assert_eq!(masked(&["abcd", "cdef"], "abcdef abcdabcd x"), "*** *** x");
        assert_eq!(masked(&["été1"], "%C3%a9t%C3%A91 été1"), "*** ***");
        assert_eq!(masked(&["abc", "  abcd\n"], "abc abcd"), "abc ***", "three characters are too few");
    }

    #[test]
    fn a_key_of_several_lines_goes_line_by_line() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nabc\n-----END KEY-----\n";
        assert_eq!(masked(&[key], "  MIIEvQIBADANBgkq"), "  ***");
        assert_eq!(masked(&[key], "abc"), "abc");
    }

    #[test]
    fn userinfo_goes() {
        for (text, expected) in [
            ("https://user:pass@host/path", "https://***@host/path"),
            ("from https://token@host:8443/a, then x@y", "from https://***@host:8443/a, then x@y"),
            ("https://a:b@c@host/x@y http://u@h", "https://***@host/x@y http://***@h"),
            ("https://user:pa/ss#w@host/x", "https://***@host/x"),
            ("http://host:8080/@scope/pkg http://[::1]:80/x@y", "http://host:8080/@scope/pkg http://[::1]:80/x@y"),
            ("ssh://git@host/x ssh://git:pw@host", "ssh://git@host/x ssh://***@host"),
            ("git+ssh://git@host", "git+ssh://git@host"),
            ("https://host/a?b=c@d", "https://host/a?b=c@d"),
            ("://", "://"),
        ] {
            assert_eq!(masked(&[], text), expected);
            assert_eq!(masked(&[], expected), expected, "masking twice changes nothing");
        }
    }

    #[test]
    fn a_clone_learns_late_secrets() {
        let mask = Mask::new(vec![]);
        let elsewhere = mask.clone();
        elsewhere.hide("late-secret");
        assert_eq!(mask.text("a late-secret"), "a ***");
        assert_eq!(format!("{mask:?}"), "Mask(1 secrets)");
    }

    fn encoded(secret: &str, every: bool) -> String {
        let keep = |b: u8| !every && (b.is_ascii_alphanumeric() || b"-._~".contains(&b));
        secret.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    }

    proptest! {
        #[test]
        fn no_secret_survives(
            secrets in proptest::collection::vec("[*ab%@:/ é+]{4,7}", 1..4),
            parts in proptest::collection::vec("[*ab%@:/ é+]{0,5}", 4),
            pick in 0usize..4,
        ) {
            let secret = secrets[pick % secrets.len()].trim();
            let text = format!(
                "{}{secret}{}{}{}https://{}{}@host",
                parts[0], parts[1], encoded(secret, false), parts[2], encoded(secret, true), parts[3]
            );
            let out = masked(&secrets.iter().map(String::as_str).collect::<Vec<_>>(), &text);
            for secret in secrets.iter().map(|secret| secret.trim()).filter(|secret| secret.chars().count() >= 4) {
                prop_assert!(!out.contains(secret), "{secret:?} is in {out:?}");
                prop_assert!(!out.contains(&encoded(secret, true)));
                prop_assert!(!out.contains(&encoded(secret, false)));
            }
        }
    }
}
