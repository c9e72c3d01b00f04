//! GitLab's interface, version 4 (docs.gitlab.com/api/tags, …/branches, …/commits). It cannot move a tag: the old one is
//! removed, and put back when the new one cannot be created.

use reqwest::{Method, header::HeaderName};
use serde_json::{Value, json};

use super::{Desk, commit_at, missing, one_of, part, same};
use crate::{
    names::{Commit, RefName, Tag},
    recipe::ForgePlace,
    source::{
        git::GitError,
        http::{Http, HttpError},
    },
    tag::{Note, Standing, TagBackend, TagError, token::Token},
};

/// A project of a GitLab.
#[derive(Debug)]
pub(super) struct Gitlab(Desk);

impl Gitlab {
    pub(super) fn new(place: &ForgePlace, token: &Token, http: &Http) -> Self {
        let base = format!("{}/projects/{}", place.api, part(place.project.as_str()));
        let token = (HeaderName::from_static("private-token"), token.secret().to_owned());
        Self(Desk::new(base, token, &[], http))
    }

    /// The commit of a branch or a tag, where there is one.
    async fn named(&self, kind: &str, name: &str) -> Result<Option<Commit>, TagError> {
        let found = self.0.get(&format!("/repository/{kind}/{}", part(name))).await?;
        found.map(|body| commit_at(&body, "/commit/id")).transpose()
    }

    /// A commit by its hash or the beginning of it. The server would take names, too.
    async fn commit(&self, reference: &RefName) -> Result<Option<Commit>, TagError> {
        let found = self.0.get(&format!("/repository/commits/{}", part(reference.as_str()))).await?;
        Ok(found.map(|body| commit_at(&body, "/id")).transpose()?.and_then(|commit| same(reference, commit)))
    }
}

/// Creates a tag; the answer must be about the same commit.
async fn post(desk: &Desk, tag: &Tag, commit: &Commit, message: Option<&str>) -> Result<(), TagError> {
    let mut body = json!({ "tag_name": tag.as_str(), "ref": commit.as_str() });
    if let Some(message) = message {
        body["message"] = Value::from(message);
    }
    let answer = desk.ask(Method::POST, "/repository/tags", Some(&body)).await?.good()?;
    if commit_at(&answer, "/commit/id")? == *commit {
        Ok(())
    } else {
        Err(TagError::Odd { what: "commit.id".to_owned() })
    }
}

async fn delete(desk: &Desk, tag: &Tag) -> Result<(), HttpError> {
    desk.ask(Method::DELETE, &format!("/repository/tags/{}", part(tag.as_str())), None).await?.found().map(drop)
}

async fn standing(desk: &Desk, tag: &Tag) -> Result<Option<Standing>, TagError> {
    let Some(body) = desk.get(&format!("/repository/tags/{}", part(tag.as_str()))).await? else { return Ok(None) };
    let commit = commit_at(&body, "/commit/id")?;
    let object = commit_at(&body, "/target").unwrap_or_else(|_| commit.clone());
    let message = body.get("message").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Some(Standing { commit, object, message }))
}

#[async_trait::async_trait]
impl TagBackend for Gitlab {
    async fn resolve(&mut self, reference: &RefName) -> Result<Commit, TagError> {
        self.0.project().await?;
        let text = reference.as_str();
        if Commit::new(text).is_ok() {
            let commit = self.commit(reference).await?;
            return commit.ok_or_else(|| GitError::NoCommit { commit: text.to_owned() }.into());
        }
        let found = if text == "HEAD" {
            self.0.get("/repository/commits/HEAD").await?.map(|body| commit_at(&body, "/id")).transpose()?
        } else if let Some(branch) = text.strip_prefix("refs/heads/") {
            self.named("branches", branch).await?
        } else if let Some(tag) = text.strip_prefix("refs/tags/") {
            self.named("tags", tag).await?
        } else {
            one_of(reference, self.named("branches", text).await?, self.named("tags", text).await?)?
        };
        match found {
            Some(commit) => Ok(commit),
            None if reference.is_abbreviated_commit() => {
                let commit = self.commit(reference).await?;
                commit.ok_or_else(|| GitError::NoCommit { commit: text.to_owned() }.into())
            }
            None => {
                let branches = self.0.get("/repository/branches?per_page=100").await?;
                Err(missing(reference, &branches.unwrap_or_default()).into())
            }
        }
    }

    async fn standing(&mut self, tag: &Tag) -> Result<Option<Standing>, TagError> {
        let found = standing(&self.0, tag).await?;
        if found.is_none() {
            self.0.project().await?;
        }
        Ok(found)
    }

    async fn prepare(&mut self, _tag: &Tag, _commit: &Commit, _note: Option<&Note>) -> Result<(), TagError> {
        Ok(())
    }

    async fn create(&mut self, tag: &Tag, commit: &Commit, note: Option<&Note>) -> Result<(), TagError> {
        post(&self.0, tag, commit, note.map(|note| note.message.as_str())).await
    }

    async fn shift(&mut self, tag: &Tag, old: &Standing, commit: &Commit, note: Option<&Note>) -> Result<(), TagError> {
        if standing(&self.0, tag).await?.as_ref() != Some(old) {
            return Err(TagError::Changed { tag: tag.clone() });
        }
        // From here on the tag may be missing: nothing stops this before it is there again.
        let desk = self.0.to_the_end();
        let moved = async {
            delete(&desk, tag).await?;
            post(&desk, tag, commit, note.map(|note| note.message.as_str())).await
        };
        let Err(error) = moved.await else { return Ok(()) };
        let now = standing(&desk, tag).await;
        match now {
            Ok(Some(now)) if now.commit == *commit => return Ok(()),
            Ok(Some(_)) => return Err(error),
            Ok(None) | Err(_) => {}
        }
        let error = Box::new(error);
        match post(&desk, tag, &old.commit, old.message.as_deref()).await {
            Ok(()) => Err(TagError::PutBack { error, commit: old.commit.clone() }),
            Err(second) => {
                Err(TagError::Lost { error, second: Box::new(second), tag: tag.clone(), commit: old.commit.clone() })
            }
        }
    }

    async fn remove(&mut self, tag: &Tag, _old: &Standing) -> Result<(), TagError> {
        Ok(delete(&self.0, tag).await?)
    }
}
