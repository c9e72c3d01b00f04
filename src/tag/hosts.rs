//! [`TokenHosts`]: which servers get which token. A recipe names a server and a variable; the user says whether they belong together.

use std::collections::BTreeSet;

/// Names and servers that need no word of the user: the tools of these servers read the same variables.
const USUAL: [(&str, &str); 3] =
    [("GITLAB_TOKEN", "gitlab.com"), ("GITHUB_TOKEN", "api.github.com"), ("GITHUB_TOKEN", "github.com")];

/// What a server without a name before it is allowed: these variables and the file, but no variable that only a recipe knows.
const UNNAMED: [&str; 3] = ["GITLAB_TOKEN", "GITHUB_TOKEN", "FACTORY_TOKEN_FILE"];

/// Which servers get which token, as the user says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenHosts(BTreeSet<(Option<String>, String)>);

/// A word that is neither a server nor a variable and its server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no server: a host is expected, with its port where that is not 443", word.escape_debug())]
pub struct BadHost {
    word: String,
}

impl TokenHosts {
    /// Reads `FACTORY_TOKEN_HOSTS`: `git.example.org`, `TEAM_TOKEN=git.example.org:8443`, separated by commas or blanks.
    ///
    /// # Errors
    /// The first word of another form.
    pub fn read(text: &str) -> Result<Self, BadHost> {
        let mut found = Self::default();
        for word in text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty()) {
            let (name, host) = word.split_once('=').map_or((None, word), |(name, host)| (Some(name.to_owned()), host));
            let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
            if host.is_empty() || !host.bytes().all(good) || name.as_ref().is_some_and(String::is_empty) {
                return Err(BadHost { word: word.to_owned() });
            }
            found.0.insert((name, plain(host)));
        }
        Ok(found)
    }

    /// Takes a server that the command line names.
    pub fn allow(&mut self, host: &str) {
        self.0.insert((None, plain(host)));
    }

    /// Whether the token of this variable, or of the file, goes to this server.
    #[must_use]
    pub fn allows(&self, source: &str, host: &str) -> bool {
        let host = plain(host);
        USUAL.contains(&(source, &host))
            || self.0.contains(&(Some(source.to_owned()), host.clone()))
            || (UNNAMED.contains(&source) && self.0.contains(&(None, host)))
    }

    /// What to set so that it goes there.
    #[must_use]
    pub fn word(source: &str, host: &str) -> String {
        if UNNAMED.contains(&source) { plain(host) } else { format!("{source}={}", plain(host)) }
    }
}

/// A host as it is compared: in lower case, and without the port of https.
fn plain(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    host.strip_suffix(":443").map_or(host.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_where_the_user_says() {
        let none = TokenHosts::default();
        assert!(none.allows("GITLAB_TOKEN", "gitlab.com") && none.allows("GITHUB_TOKEN", "api.github.com:443"));
        for (source, host) in [
            ("GITLAB_TOKEN", "git.example.org"),
            ("GITLAB_TOKEN", "gitlab.com:8443"),
            ("GITLAB_TOKEN", "gitlab.com.example.org"),
            ("GITLAB_TOKEN", "api.github.com"),
            ("GITHUB_TOKEN", "gitlab.com"),
            ("VAULT_TOKEN", "gitlab.com"),
            ("FACTORY_TOKEN_FILE", "gitlab.com"),
        ] {
            assert!(!none.allows(source, host), "{source} {host}");
        }
        let some = TokenHosts::read("Git.example.org:443, TEAM_TOKEN=one.example.org:8443\n").unwrap();
        assert!(some.allows("GITLAB_TOKEN", "git.example.org") && some.allows("FACTORY_TOKEN_FILE", "git.example.org"));
        assert!(some.allows("TEAM_TOKEN", "one.example.org:8443"));
        for (source, host) in [
            ("VAULT_TOKEN", "git.example.org"),
            ("TEAM_TOKEN", "git.example.org"),
            ("TEAM_TOKEN", "one.example.org"),
            ("GITLAB_TOKEN", "one.example.org:8443"),
        ] {
            assert!(!some.allows(source, host), "{source} {host}");
        }
        for bad in ["https://git.example.org", "=git.example.org", "TEAM_TOKEN=", "*", "a=b=c"] {
            assert!(TokenHosts::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_said_to_be_set_allows_it() {
        for (source, host) in
            [("GITLAB_TOKEN", "Git.example.org:8443"), ("VAULT_TOKEN", "h"), ("FACTORY_TOKEN_FILE", "h")]
        {
            let hosts = TokenHosts::read(&TokenHosts::word(source, host)).unwrap();
            assert!(hosts.allows(source, host), "{source} {host}");
        }
    }
}
