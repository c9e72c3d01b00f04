//! [`GitUrl`]: where a repository is. Only the transports that are meant to be used, nothing that git or ssh could take
//! for an option, and no password.

use std::{ffi::OsString, fmt, os::unix::ffi::OsStringExt as _, path::PathBuf};

use super::without_login;

/// Where a git repository is: `https://…`, `ssh://…`, `[user@]host:path`, `file:///…`, or a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct GitUrl(String);

/// How a repository is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `https://`.
    Https,
    /// `ssh://`, `host:path`.
    Ssh,
    /// `file://`, a path.
    Local,
}

/// Why a text is not the address of a repository. Never quotes it: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadGitUrl {
    /// What is wrong.
    pub message: &'static str,
    /// What to write instead.
    pub help: &'static str,
}

const SHAPES: &str = "`https://git.example.org/bricks.git`, `ssh://git@host/bricks.git`, `git@host:bricks.git`, \
                      `file:///srv/bricks.git` or a path";
const NO_SHAPE: BadGitUrl = BadGitUrl { message: "this is not the address of a git repository", help: SHAPES };
const PASSWORD: BadGitUrl = BadGitUrl {
    message: "a user name or password in a URL",
    help: "a recipe is no place for passwords: git's credential helpers have them (`git help credentials`), or an ssh agent",
};
const INSECURE: BadGitUrl = BadGitUrl {
    message: "this transport proves nothing: whoever is on the way could change the source",
    help: "use `https://` or `ssh://`",
};
const FOREIGN: BadGitUrl = BadGitUrl { message: "git cannot be asked to fetch from there", help: SHAPES };

/// The longest address.
const LONGEST: usize = 1000;

impl GitUrl {
    /// Checks an address.
    ///
    /// # Errors
    /// [`BadGitUrl`], which does not quote it.
    pub fn new(text: &str) -> Result<Self, BadGitUrl> {
        if text.is_empty() || text.len() > LONGEST || text.starts_with('-') || text.chars().any(char::is_control) {
            return Err(NO_SHAPE);
        }
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The text that git is given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How it is reached.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.0.split_once("://") {
            Some(("https", _)) => Transport::Https,
            Some(("ssh", _)) => Transport::Ssh,
            None if is_scp(&self.0) => Transport::Ssh,
            _ => Transport::Local,
        }
    }

    /// The host, with its port where one is named; empty for a local repository.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = match self.0.split_once("://") {
            Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
            None if is_scp(&self.0) => scp(&self.0).0,
            None => "",
        };
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }

    /// Where a repository of this machine is, with `%20` and its like of `file://` read; any other address has no such path, and
    /// gives an empty one.
    #[must_use]
    pub fn local_path(&self) -> PathBuf {
        let text = match (self.transport(), self.0.strip_prefix("file://")) {
            (Transport::Local, Some(encoded)) => decoded(encoded),
            (Transport::Local, None) => self.0.clone().into_bytes(),
            _ => Vec::new(),
        };
        PathBuf::from(OsString::from_vec(text))
    }

    /// The same address without a login: what two names of one repository have in common.
    #[must_use]
    pub fn without_userinfo(&self) -> String {
        if !matches!(self.transport(), Transport::Https | Transport::Ssh) {
            return self.0.clone();
        }
        if self.0.contains("://") {
            return without_login(&self.0);
        }
        // The host of `host:path` ends at the colon; what follows may hold an `@` of its own.
        let host = &self.0[..self.0.find(['/', ':']).unwrap_or(self.0.len())];
        host.rfind('@').map_or_else(|| self.0.clone(), |at| self.0[at + 1..].to_owned())
    }

    /// Whether both name one repository, as far as addresses show it: host and path alike, whatever the transport, the login, the
    /// port and `.git` at the end.
    #[must_use]
    pub fn is_same_repository(&self, other: &Self) -> bool {
        let place = |url: &Self| {
            let whole = url.without_userinfo();
            let path = match (whole.split_once("://"), url.transport()) {
                (_, Transport::Local) => url.local_path().to_string_lossy().into_owned(),
                (Some((_, rest)), _) => rest.split_once('/').map_or_else(String::new, |(_, path)| path.to_owned()),
                (None, _) => whole.split_once(':').map_or_else(String::new, |(_, path)| path.to_owned()),
            };
            let path = path.trim_end_matches('/').trim_end_matches(".git").trim_end_matches('/');
            let host = url.host().split(':').next().unwrap_or_default().to_ascii_lowercase();
            let path = if host.is_empty() { path } else { path.trim_start_matches('/') };
            (host, path.to_owned())
        };
        place(self) == place(other)
    }

    /// A path seen from `folder`, which is absolute and holds no link; other addresses stay as they are.
    #[must_use]
    pub fn seen_from(&self, folder: &str) -> Self {
        let relative = self.transport() == Transport::Local && !self.0.starts_with('/') && !self.0.starts_with("file:");
        if !relative {
            return self.clone();
        }
        let (mut folder, mut rest) = (folder.trim_end_matches('/'), self.0.as_str());
        loop {
            if let Some(next) = rest.strip_prefix("../") {
                (folder, rest) = (folder.rfind('/').map_or("", |at| &folder[..at]), next);
            } else if let Some(next) = rest.strip_prefix("./") {
                rest = next;
            } else {
                return Self(format!("{folder}/{rest}"));
            }
        }
    }

    /// The address of a submodule of this repository, whose own `url` may be relative (git-submodule(1), "add").
    ///
    /// # Errors
    /// As [`GitUrl::new`]; also a local repository that one from elsewhere names: it must not reach into this machine.
    pub fn submodule(&self, url: &str) -> Result<Self, BadGitUrl> {
        let found = if url.starts_with("./") || url.starts_with("../") { self.relative(url)? } else { Self::new(url)? };
        let intrudes = found.transport() == Transport::Local && self.transport() != Transport::Local;
        let loose = found.transport() == Transport::Local && !found.0.starts_with('/') && !found.0.starts_with("file:");
        if intrudes || loose { Err(FOREIGN) } else { Ok(found) }
    }

    fn relative(&self, url: &str) -> Result<Self, BadGitUrl> {
        let (mut base, mut rest) = (self.0.trim_end_matches('/'), url);
        // What a `../` must leave standing: the scheme and the host, or the first slash.
        let fixed = match self.0.find("://") {
            Some(at) => self.0[at + 3..].find('/').map_or(self.0.len(), |slash| at + 3 + slash),
            None if is_scp(&self.0) => scp(&self.0).0.len(),
            None => 0,
        };
        loop {
            if let Some(next) = rest.strip_prefix("../") {
                let cut = base.rfind(['/', ':']).filter(|cut| *cut >= fixed).ok_or(NO_SHAPE)?;
                (base, rest) = (&base[..cut], next);
            } else if let Some(next) = rest.strip_prefix("./") {
                rest = next;
            } else {
                break;
            }
        }
        let glue = if is_scp(&self.0) && base.len() == fixed { ':' } else { '/' };
        Self::new(&format!("{base}{glue}{}", rest.trim_end_matches('/')))
    }
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(text: &str) -> Result<(), BadGitUrl> {
    // `ext::sh -c …` and every other remote helper (gitremote-helpers(7)).
    let helper = text.split('/').next().unwrap_or_default();
    if helper.contains("::") && !helper.contains('[') {
        return Err(FOREIGN);
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        return match scheme {
            "https" if authority.contains('@') || path.is_empty() && rest.contains('@') => Err(PASSWORD),
            "https" => place(authority, path),
            "ssh" => login(authority).and_then(|host| place(host, path)),
            "file" if authority.is_empty() => local(path),
            "http" | "git" | "ftp" | "ftps" => Err(INSECURE),
            "file" => Err(NO_SHAPE),
            _ => Err(FOREIGN),
        };
    }
    if is_scp(text) {
        let (authority, path) = scp(text);
        let host = login(authority)?;
        let fits = is_host(host) && !path.is_empty() && !path.starts_with('-') && path.chars().all(is_plain);
        return if fits { Ok(()) } else { Err(NO_SHAPE) };
    }
    local(text)
}

/// `[user@]host:path`: a colon before the first slash, as git decides it.
fn is_scp(text: &str) -> bool {
    !text.contains("://") && text.find(':').is_some_and(|colon| text.find('/').is_none_or(|slash| colon < slash))
}

/// What is before the colon of [`is_scp`], and what is behind it. A bracket may hold colons.
fn scp(text: &str) -> (&str, &str) {
    let from = text.find(']').unwrap_or(0);
    let colon = text[from..].find(':').map_or(text.len(), |at| from + at);
    (&text[..colon], text.get(colon + 1..).unwrap_or_default())
}

/// The host behind a login without password.
fn login(authority: &str) -> Result<&str, BadGitUrl> {
    let Some((user, host)) = authority.rsplit_once('@') else { return Ok(authority) };
    if user.contains([':', '@']) {
        return Err(PASSWORD);
    }
    let fits = !user.is_empty()
        && !user.starts_with('-')
        && user.len() <= 100
        && user.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c));
    if fits { Ok(host) } else { Err(NO_SHAPE) }
}

fn place(authority: &str, path: &str) -> Result<(), BadGitUrl> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = port.is_none_or(|port| port.len() <= 5 && port.parse::<u16>().is_ok_and(|port| port > 0));
    // An encoded control character ends a line of a credential helper's protocol (CVE-2020-5260).
    let encoded = ["%0", "%1", "%7f", "%7F"].iter().any(|bad| path.contains(bad));
    let named = !path.trim_matches('/').is_empty() && !path.trim_start_matches('/').starts_with('-');
    let fits = is_host(host) && port && named && path.chars().all(is_plain) && !encoded;
    if fits { Ok(()) } else { Err(NO_SHAPE) }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return !address.is_empty()
            && address.len() <= 45
            && address.chars().all(|c| c.is_ascii_hexdigit() || ".:".contains(c));
    }
    !host.is_empty()
        && host.len() <= 253
        && host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && !host.contains("..")
}

fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() && !"\"'`<>\\^{}|$;&()*?#!".contains(c)
}

/// A text with what `%XX` stands for; anything else behind a `%` is left as it is.
fn decoded(text: &str) -> Vec<u8> {
    let (bytes, mut found, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let encoded = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let encoded = encoded.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = encoded.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        found.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    found
}

fn local(path: &str) -> Result<(), BadGitUrl> {
    let fits = !path.is_empty() && !path.starts_with('-') && !path.contains("::") && path.trim() == path;
    if fits { Ok(()) } else { Err(NO_SHAPE) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> GitUrl {
        GitUrl::new(text).unwrap_or_else(|bad| panic!("{text}: {bad}"))
    }

    #[test]
    fn addresses_that_are_taken() {
        for (text, transport, host) in [
            ("https://git.example.org/bricks.git", Transport::Https, "git.example.org"),
            ("https://git.example.org:8443/a/b%20c", Transport::Https, "git.example.org:8443"),
            ("ssh://git@host:2222/~user/x.git", Transport::Ssh, "host:2222"),
            ("ssh://host/x", Transport::Ssh, "host"),
            ("git@host:group/bricks.git", Transport::Ssh, "host"),
            ("my_alias:bricks", Transport::Ssh, "my_alias"),
            ("ssh://git@[::1]:22/x", Transport::Ssh, "[::1]:22"),
            ("git@[::1]:x", Transport::Ssh, "[::1]"),
            ("file:///srv/git/x y.git", Transport::Local, ""),
            ("/srv/x:y.git", Transport::Local, ""),
            ("../bricks", Transport::Local, ""),
            ("./a:b", Transport::Local, ""),
        ] {
            let url = url(text);
            assert_eq!((url.transport(), url.host()), (transport, host), "{text}");
        }
    }

    #[test]
    fn addresses_that_are_refused() {
        for (text, message) in [
            ("https://me:pw@host/x", PASSWORD),
            ("https://token@host/x", PASSWORD),
            ("ssh://me:pw@host/x", PASSWORD),
            ("http://host/x", INSECURE),
            ("git://host/x", INSECURE),
            ("ext::sh -c id", FOREIGN),
            ("ext::sh% -c% id/x", FOREIGN),
            ("fd::3", FOREIGN),
            ("gopher://host/x", FOREIGN),
            ("-x", NO_SHAPE),
            ("--upload-pack=id", NO_SHAPE),
            ("ssh://-oProxyCommand=id/x", NO_SHAPE),
            ("ssh://-oProxyCommand=id@host/x", NO_SHAPE),
            ("-oProxyCommand=id:x", NO_SHAPE),
            ("git@-oProxyCommand=id:x", NO_SHAPE),
            ("host:-x", NO_SHAPE),
            ("ssh://host/-x", NO_SHAPE),
            ("https://host/%0ahost=evil", NO_SHAPE),
            ("https://host", NO_SHAPE),
            ("https://host/a b", NO_SHAPE),
            ("https:///x", NO_SHAPE),
            ("file://host/x", NO_SHAPE),
            ("a\nb", NO_SHAPE),
            ("", NO_SHAPE),
        ] {
            assert_eq!(GitUrl::new(text), Err(message), "{text}");
        }
    }

    #[test]
    fn submodules_are_seen_from_their_parent() {
        for (parent, given, expected) in [
            ("https://h/g/a.git", "../b.git", Some("https://h/g/b.git")),
            ("https://h/g/a.git", "../../x/b", Some("https://h/x/b")),
            ("https://h/g/a.git", "../../../b", None),
            ("https://h/g/a.git", "../../../../b", None),
            ("https://h/g/a.git", "./b", Some("https://h/g/a.git/b")),
            ("git@h:g/a.git", "../b.git", Some("git@h:g/b.git")),
            ("git@h:a.git", "../b.git", Some("git@h:b.git")),
            ("git@h:a.git", "../../b.git", None),
            ("ssh://git@h/g/a.git", "../b.git", Some("ssh://git@h/g/b.git")),
            ("/srv/a.git", "../b.git", Some("/srv/b.git")),
            ("file:///srv/a.git", "../b.git", Some("file:///srv/b.git")),
            ("/srv/a.git", "/srv/b.git", Some("/srv/b.git")),
            ("/srv/a.git", "b.git", None),
            ("https://h/a.git", "/etc", None),
            ("https://h/a.git", "file:///etc", None),
            ("https://h/a.git", "ext::sh -c id", None),
            ("https://h/a.git", "-x", None),
            ("https://h/a.git", "../-x", Some("https://h/-x")),
        ] {
            let found = url(parent).submodule(given).ok().map(|url| url.to_string());
            let expected = expected.filter(|expected| GitUrl::new(expected).is_ok());
            assert_eq!(found.as_deref(), expected, "{given} of {parent}");
        }
    }

    #[test]
    fn places_of_this_machine() {
        for (text, path) in [
            ("/srv/a%20b", "/srv/a%20b"),
            ("file:///srv/a%20b", "/srv/a b"),
            ("file:///srv/%2e%2E/x%2", "/srv/../x%2"),
            ("file:///srv/%+1é", "/srv/%+1é"),
            ("git@h:a", ""),
            ("https://h/a", ""),
        ] {
            assert_eq!(url(text).local_path(), PathBuf::from(path), "{text}");
        }
    }

    #[test]
    fn logins_and_folders() {
        assert_eq!(url("git@h:a").without_userinfo(), "h:a");
        assert_eq!(url("ssh://git@h:22/a@b").without_userinfo(), "ssh://h:22/a@b");
        assert_eq!(url("/a@b/c").without_userinfo(), "/a@b/c");
        assert_eq!(url("../x").seen_from("/p/q/").as_str(), "/p/x");
        assert_eq!(url("./../../../x").seen_from("/p").as_str(), "/x");
        assert_eq!(url("a/../x").seen_from("/p").as_str(), "/p/a/../x");
        assert_eq!(url("https://h/x").seen_from("/p").as_str(), "https://h/x");
    }

    #[test]
    fn an_at_sign_of_a_path_is_no_user() {
        let without = |text: &str| GitUrl::new(text).unwrap().without_userinfo();
        assert_eq!(without("a:git@"), "a:git@");
        assert_eq!(without("git@host:team@home/x"), "host:team@home/x");
        assert_eq!(without("ssh://git@host:22/x@y"), "ssh://host:22/x@y");
    }

    #[test]
    fn one_repository_has_several_addresses() {
        let same = |one: &str, other: &str| GitUrl::new(one).unwrap().is_same_repository(&GitUrl::new(other).unwrap());
        let https = "https://git.example.org/team/shop.git";
        for other in [
            "https://Git.example.org:8443/team/shop",
            "git@git.example.org:team/shop.git",
            "ssh://git@git.example.org:2222/team/shop/",
        ] {
            assert!(same(https, other), "{other}");
        }
        assert!(same("/srv/shop.git", "file:///srv/shop"));
        for other in ["https://git.example.org/team/shop2", "https://example.org/team/shop", "/team/shop"] {
            assert!(!same(https, other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_an_option_or_another_transport(
            text in "(-|--|ext::|https?://|ssh://|file://|git@|@|:|/|[a-z]){0,4}[ -~\n\u{1}é]{0,12}"
        ) {
            if let Ok(url) = GitUrl::new(&text) {
                prop_assert!(!text.starts_with('-') && !text.chars().any(char::is_control));
                let host = url.host();
                prop_assert!(!host.starts_with('-'));
                match url.transport() {
                    Transport::Https => prop_assert!(text.starts_with("https://") && !host.is_empty()),
                    Transport::Ssh => prop_assert!(!host.is_empty()),
                    Transport::Local => {
                        prop_assert!(!text.contains("::"));
                        prop_assert!(!text.contains("://") || text.starts_with("file:///"));
                    }
                }
                let authority = text.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
                prop_assert!(authority.split_once('@').is_none_or(|(user, _)| !user.contains(':')), "a password");
                prop_assert!(GitUrl::new(&url.without_userinfo()).is_ok());
            }
        }

        #[test]
        fn submodules_stay_in_their_world(
            parent in "(https://h/|git@h:|ssh://h/)[a-z]{1,3}(/[a-z]{1,3}){0,2}",
            given in "(\\.\\./|\\./|/|-|[a-z]|:|@|ext::|file:///){0,5}[a-z]{0,3}"
        ) {
            if let Ok(found) = url(&parent).submodule(&given) {
                prop_assert!(found.transport() != Transport::Local, "{parent} {given} -> {found}");
                prop_assert!(!found.host().is_empty());
            }
        }
    }
}
