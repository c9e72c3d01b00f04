//! Repositories behind a server's own interface: what GitLab and GitHub have in common.

mod github;
mod gitlab;

use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

use super::{TagBackend, TagError, token::Token};
use crate::{
    names::{Commit, ForgeKind, RefName},
    recipe::ForgePlace,
    source::{
        git::{GitError, near},
        http::{Answer, Http, HttpError},
    },
};

/// Whoever has the tags of a project on a server.
#[must_use]
pub fn backend(place: &ForgePlace, token: &Token, http: &Http) -> Box<dyn TagBackend> {
    match place.kind {
        ForgeKind::Gitlab => Box::new(gitlab::Gitlab::new(place, token, http)),
        ForgeKind::Github => Box::new(github::Github::new(place, token, http)),
    }
}

/// One project's part of an interface.
#[derive(Debug, Clone)]
struct Desk {
    http: Http,
    /// Everything that is asked for begins so.
    base: String,
    headers: HeaderMap,
}

impl Desk {
    fn new(base: String, token: (HeaderName, String), more: &[(&'static str, &'static str)], http: &Http) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in more {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        // A token is visible ASCII, which is what a header takes.
        if let Ok(mut value) = HeaderValue::from_str(&token.1) {
            value.set_sensitive(true);
            headers.insert(token.0, value);
        }
        Self { http: http.clone(), base, headers }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, HttpError> {
        self.http.ask(method, &format!("{}{path}", self.base), &self.headers, body).await
    }

    async fn get(&self, path: &str) -> Result<Option<Value>, HttpError> {
        self.ask(Method::GET, path, None).await?.found()
    }

    /// That the project is there, which a missing reference does not say.
    async fn project(&self) -> Result<(), TagError> {
        match self.get("").await? {
            Some(_) => Ok(()),
            None => Err(TagError::NoProject),
        }
    }

    /// The same for what must not be left half done.
    fn to_the_end(&self) -> Self {
        Self { http: self.http.to_the_end(), ..self.clone() }
    }
}

/// The commit at a place of an answer.
fn commit_at(body: &Value, pointer: &str) -> Result<Commit, TagError> {
    let text = body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    Commit::new(text).map_err(|_| TagError::Odd { what: pointer.trim_start_matches('/').replace('/', ".") })
}

/// One of a branch and a tag of the same name.
fn one_of(reference: &RefName, branch: Option<Commit>, tag: Option<Commit>) -> Result<Option<Commit>, GitError> {
    match (branch, tag) {
        (Some(_), Some(_)) => Err(GitError::Ambiguous { reference: reference.clone() }),
        (branch, tag) => Ok(branch.or(tag)),
    }
}

/// That a reference is not there, with the names of a list that are near.
fn missing(reference: &RefName, listed: &Value) -> GitError {
    let name = |item: &Value| item.get("name").and_then(Value::as_str).map(str::to_owned);
    let names: Vec<String> = listed.as_array().into_iter().flatten().filter_map(name).collect();
    GitError::NoReference { reference: reference.clone(), near: near(reference, &names) }
}

/// A whole commit that an answer must be about.
fn same(reference: &RefName, commit: Commit) -> Option<Commit> {
    commit.as_str().starts_with(reference.as_str()).then_some(commit)
}

/// A text as one part of a path: everything but letters, digits, `-`, `.`, `_` and `~` is encoded (RFC 3986, 2.3).
fn part(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The same for a text of several parts.
fn parts(text: &str) -> String {
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded_once() {
        assert_eq!(part("cat/canopsis-cat"), "cat%2Fcanopsis-cat");
        assert_eq!(parts("feature/é#1"), "feature/%C3%A9%231");
        assert_eq!(part("a%2Fb"), "a%252Fb");
    }

    #[test]
    fn a_branch_and_a_tag() {
        let commit = Commit::new("1a2b3c4d".repeat(5)).unwrap();
        let reference = RefName::new("x").unwrap();
        assert_eq!(one_of(&reference, None, Some(commit.clone())).unwrap(), Some(commit.clone()));
        assert!(one_of(&reference, Some(commit.clone()), Some(commit)).is_err());
        let listed = serde_json::json!([{ "name": "develop" }, { "name": "main" }]);
        let GitError::NoReference { near, .. } = missing(&RefName::new("develpo").unwrap(), &listed) else { panic!() };
        assert_eq!(near, ["`develop`", "`main`"]);
    }
}
