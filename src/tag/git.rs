//! [`Remote`]: a repository that git itself is asked for and pushed to. A push says what it expects to find, so that
//! nothing is overwritten that was not looked at.

use std::path::Path;

use tempfile::TempDir;

use super::{Note, Standing, TagBackend, TagError};
use crate::{
    names::{Commit, GitUrl, RefName, Tag},
    source::git::{self, Answer, Git, GitError, Mirror, RECEIVE},
};

/// Options of every push: nothing of the user's configuration adds to it, and no hook has a say.
const PUSH: [&str; 7] =
    ["push", "--progress", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no", "--atomic"];

/// The most that a small answer has, in bytes.
const SMALL: u64 = 1 << 16;

/// A repository that git is asked for.
#[derive(Debug)]
pub struct Remote<'g> {
    name: String,
    url: GitUrl,
    git: &'g Git<'g>,
    scratch: Option<Scratch>,
}

/// A bare repository for the commit, and a tag object for it; gone with the run.
#[derive(Debug)]
struct Scratch {
    _folder: TempDir,
    mirror: Mirror,
}

impl<'g> Remote<'g> {
    /// The repository at this address; `name` is how it is called in what is told.
    #[must_use]
    pub fn new(name: &str, url: GitUrl, git: &'g Git<'g>) -> Self {
        Self { name: name.to_owned(), url, git, scratch: None }
    }

    /// The scratch repository, for a commit where one is known.
    async fn open(&mut self, commit: Option<&Commit>) -> Result<Mirror, GitError> {
        if let Some(scratch) = &self.scratch {
            return Ok(scratch.mirror.clone());
        }
        let folder = tempfile::Builder::new().prefix("factory-tag-").tempdir()?;
        let mirror = Mirror::open(folder.path(), &self.url, commit, self.git).await?;
        self.scratch = Some(Scratch { _folder: folder, mirror: mirror.clone() });
        Ok(mirror)
    }

    /// The scratch repository with this commit in it: a push can only send what is here.
    async fn fetch(&mut self, commit: &Commit) -> Result<Mirror, GitError> {
        let mirror = self.open(Some(commit)).await?;
        if !mirror.has(commit, self.git).await? {
            mirror.fetch(commit, &self.name, self.git).await?;
        }
        Ok(mirror)
    }

    /// Pushes one reference, which must be as it was: `expected` is its hash, or nothing.
    async fn push(&self, what: &str, tag: &Tag, expected: &str) -> Result<(), GitError> {
        let name = format!("refs/tags/{tag}");
        let (lease, refspec) = (format!("--force-with-lease={name}:{expected}"), format!("{what}:{name}"));
        let receive = format!("--receive-pack={RECEIVE}");
        let place = self.git.host().local.to_push_to(&self.url).await?.map(|place| place.display().to_string());
        let (options, url) = match &place {
            Some(place) => (vec![receive.as_str(), &lease], place.as_str()),
            None => (vec![lease.as_str()], self.url.as_str()),
        };
        let words = [&PUSH[..], &options, &["--", url, &refspec]].concat();
        let folder = self.scratch.as_ref().map_or(Path::new("/nonexistent"), |scratch| scratch.mirror.folder());
        self.git.transfer(folder, &words, &|_| {}).await
    }
}

/// What is pushed: the commit, or the tag object that was made for it.
fn pushed(tag: &Tag, commit: &Commit, note: Option<&Note>) -> String {
    if note.is_some() { made(tag) } else { commit.to_string() }
}

/// Where the tag object is in the scratch repository.
fn made(tag: &Tag) -> String {
    format!("refs/tags/{tag}")
}

#[async_trait::async_trait]
impl TagBackend for Remote<'_> {
    async fn resolve(&mut self, reference: &RefName) -> Result<Commit, TagError> {
        match git::resolve(&self.url, reference, self.git).await? {
            // A whole hash proves nothing: only the repository knows whether it has the commit.
            Answer::Known(commit, _) if reference.as_str() == commit.as_str() => {
                self.fetch(&commit).await?;
                Ok(commit)
            }
            Answer::Known(commit, _) => Ok(commit),
            Answer::Abbreviated => {
                let mirror = self.open(None).await?;
                Ok(mirror.complete(reference, &self.name, self.git).await?)
            }
        }
    }

    async fn standing(&mut self, tag: &Tag) -> Result<Option<Standing>, TagError> {
        let (name, peeled) = (format!("refs/tags/{tag}"), format!("refs/tags/{tag}^{{}}"));
        let found = git::advertised(&self.url, &[&name, &peeled], self.git).await?;
        let hash = |name: &str| found.get(name).map(Commit::new).transpose();
        let unsound = |error: crate::names::InvalidName| GitError::Failed { reason: error.to_string() };
        let Some(object) = hash(&name).map_err(unsound)? else { return Ok(None) };
        let commit = hash(&peeled).map_err(unsound)?.unwrap_or_else(|| object.clone());
        Ok(Some(Standing { commit, object, message: None }))
    }

    async fn prepare(&mut self, tag: &Tag, commit: &Commit, note: Option<&Note>) -> Result<(), TagError> {
        let mirror = self.fetch(commit).await?;
        let Some(note) = note else { return Ok(()) };
        let message = format!("--message={}", note.message);
        let sign = if note.sign { "--sign" } else { "--no-sign" };
        // In the scratch repository an older tag of this name may have come with the commit.
        let words = [
            "tag",
            "--annotate",
            sign,
            "--force",
            "--cleanup=whitespace",
            &message,
            "--",
            tag.as_str(),
            commit.as_str(),
        ];
        match self.git.output(mirror.folder(), &words, SMALL).await {
            Ok(_) => Ok(()),
            Err(GitError::Failed { reason }) => Err(TagError::Object { reason, sign: note.sign }),
            Err(error) => Err(error.into()),
        }
    }

    async fn create(&mut self, tag: &Tag, commit: &Commit, note: Option<&Note>) -> Result<(), TagError> {
        Ok(self.push(&pushed(tag, commit, note), tag, "").await?)
    }

    async fn shift(&mut self, tag: &Tag, old: &Standing, commit: &Commit, note: Option<&Note>) -> Result<(), TagError> {
        Ok(self.push(&pushed(tag, commit, note), tag, old.object.as_str()).await?)
    }

    async fn remove(&mut self, tag: &Tag, old: &Standing) -> Result<(), TagError> {
        // A push comes out of a repository, even one that sends nothing.
        self.open(Some(&old.object)).await?;
        Ok(self.push("", tag, old.object.as_str()).await?)
    }
}
