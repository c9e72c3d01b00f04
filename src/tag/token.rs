//! [`TokenSource`]: where tokens come from. One is never sent to two servers, never an argument, and masked before it is used.

use std::{collections::BTreeMap, fmt, io::Read as _, path::PathBuf};

use super::TokenHosts;
use crate::{
    names::ForgeKind,
    recipe::ForgePlace,
    source::git::{Git, GitError, credential},
    util::mask::Mask,
};

/// A token: at least eight visible ASCII characters. Never shown.
#[derive(Clone)]
pub struct Token(String);

/// Lengths of a token, in characters. What is shorter could not be masked well.
const SHORTEST: usize = 8;
const LONGEST: usize = 4096;

impl Token {
    fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (SHORTEST..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// The text, for a header.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Nothing gives one.
    #[error("there is no token for {host}")]
    Missing {
        /// The server.
        host: String,
        /// The variable that was looked at.
        variable: String,
    },
    /// What gives one gives something else.
    #[error("what {source_name} gives is no token: 8 visible characters or more, without blanks")]
    Malformed {
        /// The variable or the file.
        source_name: String,
    },
    /// The file cannot be read.
    #[error("the file that FACTORY_TOKEN_FILE names cannot be read: {reason}")]
    File {
        /// The system's words.
        reason: String,
    },
    /// One token for two servers.
    #[error("{source_name} holds the token of {first}, and is not sent to {second}")]
    Shared {
        /// The variable or the file.
        source_name: String,
        /// The server that gets it.
        first: String,
        /// The server that does not.
        second: String,
    },
    /// A server that the user did not name.
    #[error("the recipe wants {source_name} sent to {host}, which you did not name")]
    NotBound {
        /// The variable or the file.
        source_name: String,
        /// The server.
        host: String,
    },
    /// Stopped.
    #[error("interrupted")]
    Interrupted,
}

/// Where tokens come from.
pub struct TokenSource<'p> {
    /// The environment.
    pub variable: &'p (dyn Fn(&str) -> Option<String> + Sync),
    /// `FACTORY_TOKEN_FILE`.
    pub file: Option<PathBuf>,
    /// Where each may go.
    pub hosts: TokenHosts,
    /// Told every token.
    pub mask: Mask,
    /// Which server each source's token belongs to.
    pub owners: BTreeMap<String, String>,
}

impl fmt::Debug for TokenSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSource({} used)", self.owners.len())
    }
}

impl TokenSource<'_> {
    /// The token for a server: of its variable, else of the file, else of git's credential helper.
    ///
    /// # Errors
    /// [`TokenError`], which never quotes one.
    pub async fn token(&mut self, place: &ForgePlace, git: &Git<'_>) -> Result<Token, TokenError> {
        let host = place.api.host();
        let variable = variable(place);
        if let Some(text) = (self.variable)(&variable) {
            self.mask.hide(&text);
            self.bound(&variable, host)?;
            return self.owned(&variable, host, &text);
        }
        if let Some(file) = &self.file {
            self.bound("FACTORY_TOKEN_FILE", host)?;
            let text = read(file)?;
            return self.owned("FACTORY_TOKEN_FILE", host, &text);
        }
        // What everybody has stored is the login of the site, not that of its interface.
        let site = if host == "api.github.com" { "github.com" } else { host };
        match credential(site, git).await {
            Ok(Some(text)) => self.owned(&format!("git's credential helper ({site})"), host, &text),
            Err(GitError::Interrupted) => Err(TokenError::Interrupted),
            Ok(None) | Err(_) => Err(TokenError::Missing { host: host.to_owned(), variable }),
        }
    }

    /// Holds a server to be one that the user named for this token.
    fn bound(&self, source: &str, host: &str) -> Result<(), TokenError> {
        if self.hosts.allows(source, host) {
            return Ok(());
        }
        Err(TokenError::NotBound { source_name: source.to_owned(), host: host.to_owned() })
    }

    fn owned(&mut self, source: &str, host: &str, text: &str) -> Result<Token, TokenError> {
        self.mask.hide(text);
        let owner = self.owners.entry(source.to_owned()).or_insert_with(|| host.to_owned());
        if owner != host {
            let (first, second) = (owner.clone(), host.to_owned());
            return Err(TokenError::Shared { source_name: source.to_owned(), first, second });
        }
        Token::new(text).ok_or_else(|| TokenError::Malformed { source_name: source.to_owned() })
    }
}

/// The variable that holds the token: `token_env`, or the one that the tools of these servers read.
fn variable(place: &ForgePlace) -> String {
    let usual = match place.kind {
        ForgeKind::Gitlab => "GITLAB_TOKEN",
        ForgeKind::Github => "GITHUB_TOKEN",
    };
    place.token_env.clone().unwrap_or_else(|| usual.to_owned())
}

fn read(file: &std::path::Path) -> Result<String, TokenError> {
    let refuse = |error: std::io::Error| TokenError::File { reason: error.to_string() };
    let mut text = String::new();
    let opened = fs_err::File::open(file).map_err(refuse)?;
    opened.take(LONGEST as u64 + 16).read_to_string(&mut text).map_err(refuse)?;
    Ok(text)
}

impl TokenError {
    /// What to type next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Missing { host, variable } => {
                let site = if host == "api.github.com" { "github.com" } else { host };
                format!(
                    "three ways: `{variable}=…` in the environment (`token_env` names another variable), \
                     `FACTORY_TOKEN_FILE=/path/to/file`, or a credential helper of git that knows https://{site}"
                )
            }
            Self::NotBound { source_name, host } => {
                let word = TokenHosts::word(source_name, host);
                format!("nothing was sent; where that is its server: `FACTORY_TOKEN_HOSTS={word}`")
            }
            Self::Shared { .. } => "give each server a variable of its own: `token_env = \"…_TOKEN\"`".to_owned(),
            _ => "nothing was sent".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_and_stay_unseen() {
        let token = Token::new(" glpat-0123456789\n").unwrap();
        assert_eq!(token.secret(), "glpat-0123456789");
        assert_eq!(format!("{token:?}"), "Token(***)");
        for bad in ["", "short", "two words 0123", "line\r\nX-Header: 1", "é0123456789"] {
            assert!(Token::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn one_token_goes_to_one_server() {
        let mut tokens = TokenSource {
            variable: &|_| None,
            file: None,
            hosts: TokenHosts::default(),
            mask: Mask::default(),
            owners: BTreeMap::new(),
        };
        assert!(tokens.owned("GITLAB_TOKEN", "one.example.org", "0123456789").is_ok());
        assert!(tokens.owned("GITLAB_TOKEN", "one.example.org", "0123456789").is_ok());
        let error = tokens.owned("GITLAB_TOKEN", "two.example.org", "0123456789").unwrap_err();
        assert_eq!(
            error.to_string(),
            "GITLAB_TOKEN holds the token of one.example.org, and is not sent to two.example.org"
        );
        assert_eq!(tokens.mask.text("a 0123456789"), "a ***");
    }
}
