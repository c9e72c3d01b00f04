//! [`Login`]: how a registry is told who asks (distribution's token specification; OAuth 2 for identity tokens).

use std::fmt;

use reqwest::{Response, Url, header::WWW_AUTHENTICATE};

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// A name and a password, or an access token in its place.
    Password {
        /// The name.
        user: String,
        /// The password.
        secret: String,
    },
    /// An identity token, as `docker login` keeps it for registries that give one: exchanged for a short-lived one each time.
    Identity {
        /// The token.
        token: String,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => write!(f, "Password({user}, ***)"),
            Self::Identity { .. } => f.write_str("Identity(***)"),
        }
    }
}

impl Login {
    /// As whom it lets in, for messages.
    pub(super) fn who(login: Option<&Self>) -> String {
        match login {
            Some(Self::Password { user, .. }) => format!("`{}`", user.escape_debug()),
            Some(Self::Identity { .. }) => "the identity token".to_owned(),
            None => "us".to_owned(),
        }
    }
}

/// How a registry wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token from an address.
    Bearer {
        /// The address.
        realm: Url,
        /// What it is for.
        service: Option<String>,
    },
}

impl Challenge {
    /// What an answer with status 401 wants; `None` where it is nothing known.
    pub(super) fn from_response(response: &Response) -> Option<Self> {
        let texts = response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let all: Vec<Self> = texts.filter_map(Self::parse).collect();
        // A registry that offers both has its rights in tokens.
        all.iter().find(|found| matches!(found, Self::Bearer { .. })).or(all.first()).cloned()
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once([' ', '\t']).unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let words = parameters(rest);
        let word = |name: &str| words.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        Some(Self::Bearer { realm: Url::parse(word("realm")?).ok()?, service: word("service").cloned() })
    }
}

/// `a="b",c=d` (RFC 9110, 11.2): values are tokens or quoted strings.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_matches([' ', '\t', ',']).to_owned();
        let (value, left) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let end = after.find(',').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        found.push((key, value));
        rest = left;
    }
    found
}

/// The text up to the closing quote, and what stands behind it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => value.extend(characters.next().map(|(_, c)| c)),
            '"' => return (value, &text[at + 1..]),
            c => value.push(c),
        }
    }
    (value, "")
}

/// The answer of a token's address.
#[derive(serde::Deserialize)]
pub(super) struct Granted {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl Granted {
    /// The token, under either of its names.
    pub(super) fn token(self) -> Option<String> {
        let found = if self.token.is_empty() { self.access_token } else { self.token };
        (!found.is_empty()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let bearer = Challenge::parse(
            r#"Bearer realm="https://auth.example.org/token",service="a \"registry\", ours",scope="repository:a/b:pull""#,
        );
        let realm = Url::parse("https://auth.example.org/token").unwrap();
        assert_eq!(
            bearer,
            Some(Challenge::Bearer { realm: realm.clone(), service: Some("a \"registry\", ours".into()) })
        );
        assert_eq!(
            Challenge::parse("bearer service=x, realm=https://auth.example.org/token"),
            Some(Challenge::Bearer { realm, service: Some("x".into()) })
        );
        assert_eq!(Challenge::parse("Basic realm=\"Registry\""), Some(Challenge::Basic));
        for bad in ["", "Negotiate", "Bearer", "Bearer realm=\"no address\"", "Bearer realm=\"", "Bearer =\\"] {
            assert_eq!(Challenge::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn secrets_stay_unseen() {
        let login = Login::Password { user: "ci".into(), secret: "hunter2".into() };
        assert_eq!(format!("{login:?}"), "Password(ci, ***)");
        assert_eq!(format!("{:?}", Login::Identity { token: "t".into() }), "Identity(***)");
    }
}
