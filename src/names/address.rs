//! [`Address`]: an address of an index, a file or a repository as somebody wrote it. It reaches keys and records, so it is taken apart
//! without changing a byte of what is kept; the crate `url` would write it anew. A login is dropped at once, and cannot be shown.

use std::fmt;

/// An address with a scheme, without its login. Its text is that of the original without `user:password@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    scheme: &'a str,
    /// The host and everything behind it.
    place: &'a str,
}

impl<'a> Address<'a> {
    /// The address in a text; `None` where it has no `://`. Everything between that and the last `@` before the next slash is a login.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        Some(Self { scheme, place: apart(rest).1 })
    }

    /// The same without what may be secret behind `?`.
    #[must_use]
    pub fn without_query(self) -> Self {
        Self { place: self.place.split('?').next().unwrap_or_default(), ..self }
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.place)
    }
}

/// What is behind a scheme as the login before its host, without the `@`, and the host with all that follows. This alone decides where a
/// login ends.
fn apart(rest: &str) -> (Option<&str>, &str) {
    let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
    authority.rfind('@').map_or((None, rest), |at| (Some(&rest[..at]), &rest[at + 1..]))
}

/// A text without the login of the address that it is; one that is none stays as it is.
#[must_use]
pub fn without_login(text: &str) -> String {
    Address::read(text).map_or_else(|| text.to_owned(), |address| address.to_string())
}

/// What may be shown of an address: no login, and nothing behind `?`.
#[must_use]
pub fn shown(text: &str) -> String {
    let text = text.trim();
    let plain = || text.split('?').next().unwrap_or_default().to_owned();
    Address::read(text).map_or_else(plain, |address| address.without_query().to_string())
}

/// The login of an address, to be masked: `user:password`. A proxy may be written without a scheme.
#[must_use]
pub fn login(text: &str) -> Option<&str> {
    apart(text.split_once("://").map_or(text, |(_, rest)| rest)).0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn logins_are_dropped() {
        for (text, expected) in [
            ("https://u:p@h.example/simple", "https://h.example/simple"),
            ("https://u:p?w@h.example/x?token=a", "https://h.example/x?token=a"),
            ("https://u:p#w@h.example", "https://h.example"),
            ("https://u:a@b@h.example/", "https://h.example/"),
            ("https://h.example/a@b", "https://h.example/a@b"),
            ("https://h.example:8443", "https://h.example:8443"),
            ("file:///srv", "file:///srv"),
            ("../wheels", "../wheels"),
            ("", ""),
        ] {
            assert_eq!(without_login(text), expected);
        }
    }

    #[test]
    fn what_may_be_shown_and_what_is_masked() {
        assert_eq!(shown(" https://anna:s3cr3t@h.example/simple?t=1 "), "https://h.example/simple");
        assert_eq!(shown("https://****@h.example:8080"), "https://h.example:8080");
        assert_eq!(shown("../wheels?x"), "../wheels");
        assert_eq!(login("https://u:p@ss@h.example/a@b"), Some("u:p@ss"));
        assert_eq!(login("u:p@proxy:3128"), Some("u:p"));
        assert_eq!(login("https://h.example/a@b"), None);
    }

    #[test]
    fn what_is_behind_a_question_mark_goes_after_the_login() {
        let bare = |text| Address::read(text).unwrap().without_query().to_string();
        assert_eq!(bare("https://h.example/x?token=a"), "https://h.example/x");
        assert_eq!(bare("https://u:p?w@h.example/x?token=a"), "https://h.example/x");
        assert_eq!(bare("https://h.example"), "https://h.example");
    }

    proptest! {
        #[test]
        fn a_login_is_shown_by_nothing(login in "[a-z:?#@%]{1,20}", host in "[a-z.]{1,10}", path in "(/[a-z@?]{0,9}){0,2}") {
            let text = format!("https://{login}@{host}{path}");
            prop_assert_eq!(without_login(&text), format!("https://{host}{path}"));
        }
    }
}
