//! [`Registry`]: where images and artifacts go.

use crate::names::{InvalidName, Repository};

/// A registry, with an optional path below it: `registry.example.org:5000/team`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry(String);

impl Registry {
    /// Checks an address: a host name or address with a dot, a port or `localhost` (distribution reference grammar), and
    /// path components of a repository behind it. No scheme, no credentials.
    ///
    /// # Errors
    /// [`InvalidName`] with the grammar.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        // Somebody may have written credentials where none belong: they are not repeated.
        let shown = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("***@{rest}"));
        let refuse = || InvalidName {
            kind: "registry",
            value: shown.escape_debug().to_string(),
            expected: "host[:port][/path] without scheme and credentials, the path in lower case, e.g. \
                       registry.example.org:5000/team",
        };
        let (host, path) = text.split_once('/').map_or((text, None), |(host, path)| (host, Some(path)));
        let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
        };
        let named = name.split('.').all(label) && (name.contains('.') || port.is_some() || name == "localhost");
        let port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let path = path.is_none_or(|path| Repository::new(path).is_ok());
        if named && port && path && text.len() <= 200 { Ok(Self(text.to_owned())) } else { Err(refuse()) }
    }

    /// Host and port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }

    /// A local name with its tag as this registry calls it.
    #[must_use]
    pub fn name(&self, local: &str) -> String {
        format!("{}/{local}", self.0)
    }

    /// A local repository as it is below the registry's host.
    ///
    /// # Errors
    /// [`InvalidName`] when both together are no repository.
    pub fn repository(&self, local: &str) -> Result<Repository, InvalidName> {
        Repository::new(match self.0.split_once('/') {
            Some((_, path)) => format!("{path}/{local}"),
            None => local.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_have_a_host() {
        for good in ["127.0.0.1:5000", "localhost", "registry.example.org", "r.example.org:5000/team/x"] {
            assert!(Registry::new(good).is_ok(), "{good}");
        }
        for bad in [
            "https://r.example.org",
            "user:pw@r.example.org",
            "canopsis",
            "r.example.org:0",
            "r.example.org/A",
            "-a.b",
            "",
        ] {
            assert!(Registry::new(bad).is_err(), "{bad}");
        }
        assert!(!Registry::new("user:pw@r.example.org").unwrap_err().to_string().contains("pw"));
        assert_eq!(Registry::new("127.0.0.1:5000").unwrap().name("a/b:1"), "127.0.0.1:5000/a/b:1");
        let team = Registry::new("r.example.org:5000/team").unwrap();
        assert_eq!(team.repository("a/b").unwrap().as_str(), "team/a/b");
    }
}
