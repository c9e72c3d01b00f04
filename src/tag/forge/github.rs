//! GitHub's interface (docs.github.com/rest/git): references and tag objects, as git has them.

use reqwest::{Method, header::AUTHORIZATION};
use serde_json::{Value, json};

use super::{Desk, commit_at, missing, one_of, parts, same};
use crate::{
    names::{Commit, RefName, Tag},
    recipe::ForgePlace,
    source::{
        git::GitError,
        http::{Http, HttpError},
    },
    tag::{Note, Standing, TagBackend, TagError, token::Token},
};

/// Which answers are asked for.
const ANSWERS: [(&str, &str); 2] = [("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];

/// A tag of a tag of a tag: so many are followed.
const DEEPEST: usize = 5;

/// A repository of a GitHub.
#[derive(Debug)]
pub(super) struct Github(Desk);

impl Github {
    pub(super) fn new(place: &ForgePlace, token: &Token, http: &Http) -> Self {
        let base = format!("{}/repos/{}", place.api, parts(place.project.as_str()));
        Self(Desk::new(base, (AUTHORIZATION, format!("Bearer {}", token.secret())), &ANSWERS, http))
    }

    /// What a reference names, and the commit behind that.
    async fn named(&self, name: &str) -> Result<Option<Standing>, TagError> {
        let Some(mut body) = self.0.get(&format!("/git/ref/{}", parts(name))).await? else { return Ok(None) };
        let (object, mut message) = (commit_at(&body, "/object/sha")?, None);
        for _ in 0..DEEPEST {
            let sha = commit_at(&body, "/object/sha")?;
            if body.pointer("/object/type").and_then(Value::as_str) != Some("tag") {
                return Ok(Some(Standing { commit: sha, object, message }));
            }
            body = self.0.ask(Method::GET, &format!("/git/tags/{sha}"), None).await?.good()?;
            message = message.or_else(|| body.get("message").and_then(Value::as_str).map(str::to_owned));
        }
        Err(TagError::Odd { what: "object.type".to_owned() })
    }

    async fn commit_of(&self, name: &str) -> Result<Option<Commit>, TagError> {
        Ok(self.named(name).await?.map(|standing| standing.commit))
    }

    /// A commit as the server finds it: it says 422 for a hash that it does not have.
    async fn commit(&self, text: &str) -> Result<Option<Commit>, TagError> {
        let answer = self.0.ask(Method::GET, &format!("/commits/{}", parts(text)), None).await?;
        if answer.status == 422 {
            return Ok(None);
        }
        answer.found()?.map(|body| commit_at(&body, "/sha")).transpose()
    }

    /// The hash that the tag's reference will have: the commit, or a new tag object.
    async fn object(&self, tag: &Tag, commit: &Commit, note: Option<&Note>) -> Result<Commit, TagError> {
        let Some(note) = note else { return Ok(commit.clone()) };
        let body = json!({ "tag": tag.as_str(), "message": note.message, "object": commit.as_str(), "type": "commit" });
        commit_at(&self.0.ask(Method::POST, "/git/tags", Some(&body)).await?.good()?, "/sha")
    }
}

#[async_trait::async_trait]
impl TagBackend for Github {
    async fn resolve(&mut self, reference: &RefName) -> Result<Commit, TagError> {
        self.0.project().await?;
        let text = reference.as_str();
        let unknown = || GitError::NoCommit { commit: text.to_owned() };
        if Commit::new(text).is_ok() {
            let commit = self.commit(text).await?.and_then(|commit| same(reference, commit));
            return commit.ok_or_else(|| unknown().into());
        }
        let found = if text == "HEAD" {
            self.commit(text).await?
        } else if let Some(name) = text.strip_prefix("refs/") {
            self.commit_of(name).await?
        } else {
            let (branch, tag) = (format!("heads/{text}"), format!("tags/{text}"));
            one_of(reference, self.commit_of(&branch).await?, self.commit_of(&tag).await?)?
        };
        match found {
            Some(commit) => Ok(commit),
            None if reference.is_abbreviated_commit() => {
                let commit = self.commit(text).await?.and_then(|commit| same(reference, commit));
                commit.ok_or_else(|| unknown().into())
            }
            None => {
                let branches = self.0.get("/branches?per_page=100").await?;
                Err(missing(reference, &branches.unwrap_or_default()).into())
            }
        }
    }

    async fn standing(&mut self, tag: &Tag) -> Result<Option<Standing>, TagError> {
        let found = self.named(&format!("tags/{tag}")).await?;
        if found.is_none() {
            self.0.project().await?;
        }
        Ok(found)
    }

    async fn prepare(&mut self, _tag: &Tag, _commit: &Commit, _note: Option<&Note>) -> Result<(), TagError> {
        Ok(())
    }

    async fn create(&mut self, tag: &Tag, commit: &Commit, note: Option<&Note>) -> Result<(), TagError> {
        let object = self.object(tag, commit, note).await?;
        let body = json!({ "ref": format!("refs/tags/{tag}"), "sha": object.as_str() });
        Ok(self.0.ask(Method::POST, "/git/refs", Some(&body)).await?.good().map(drop)?)
    }

    async fn shift(&mut self, tag: &Tag, old: &Standing, commit: &Commit, note: Option<&Note>) -> Result<(), TagError> {
        let object = self.object(tag, commit, note).await?;
        if self.named(&format!("tags/{tag}")).await?.as_ref() != Some(old) {
            return Err(TagError::Changed { tag: tag.clone() });
        }
        let body = json!({ "sha": object.as_str(), "force": true });
        Ok(self.0.ask(Method::PATCH, &format!("/git/refs/tags/{tag}"), Some(&body)).await?.good().map(drop)?)
    }

    async fn remove(&mut self, tag: &Tag, _old: &Standing) -> Result<(), TagError> {
        let answer = self.0.ask(Method::DELETE, &format!("/git/refs/tags/{tag}"), None).await?;
        match answer.found() {
            // It says 422 for one that is gone already.
            Err(HttpError::Status { status: 422, .. }) if self.named(&format!("tags/{tag}")).await?.is_none() => Ok(()),
            answered => Ok(answered.map(drop)?),
        }
    }
}
