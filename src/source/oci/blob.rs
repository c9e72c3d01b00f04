//! Manifests and blobs of a repository: looked up, sent, fetched. Files are streamed; memory does not grow with them.

use std::{
    io::{Seek as _, Write as _},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use reqwest::{
    Body, Method, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE},
};
use sha2::Digest as _;
use tokio_util::io::ReaderStream;

use super::{Client, Descriptor, Found, Manifest, OciError, client::About, manifest::media};
use crate::{
    names::{Repository, Sha256},
    util::{folder::open_file, retry::Policy},
};

/// Told how many bytes of a blob have gone so far. Begins anew where a connection was cut.
pub type Counter = Arc<dyn Fn(u64) + Send + Sync>;

/// Something to send.
#[derive(Debug, Clone)]
pub struct Blob {
    /// Its digest.
    pub sha256: Sha256,
    /// Bytes.
    pub size: u64,
    /// Where it is.
    pub content: Content,
}

/// Where a blob's bytes are.
#[derive(Debug, Clone)]
pub enum Content {
    /// In a file.
    File(PathBuf),
    /// Here.
    Bytes(Bytes),
}

impl Blob {
    /// A few bytes.
    #[must_use]
    pub fn from_static(bytes: &'static [u8]) -> Self {
        let content = Content::Bytes(Bytes::from_static(bytes));
        Self { sha256: Sha256::of(bytes), size: bytes.len() as u64, content }
    }

    /// Its digest as registries write it.
    #[must_use]
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.sha256)
    }

    fn body(&self, counter: &Counter) -> Result<Body, OciError> {
        match &self.content {
            Content::Bytes(bytes) => Ok(bytes.clone().into()),
            Content::File(path) => {
                let file = tokio::fs::File::from_std(open_file(path)?.into_parts().0);
                let (counter, mut sent) = (Arc::clone(counter), 0);
                counter(0);
                let stream = ReaderStream::with_capacity(file, 256 << 10).inspect_ok(move |piece| {
                    sent += piece.len() as u64;
                    counter(sent);
                });
                Ok(Body::wrap_stream(stream.boxed()))
            }
        }
    }
}

impl Client {
    /// What the registry has under a tag or digest; `None` where it has nothing.
    ///
    /// # Errors
    /// [`OciError`]; also when other bytes come than those of the digest.
    pub async fn manifest(&self, repository: &Repository, reference: &str) -> Result<Option<Found>, OciError> {
        let about = About::reading(repository, format!("show {repository}:{reference}"));
        let url = self.at(repository.as_str(), &format!("manifests/{reference}"))?;
        let accept = media::ANY_MANIFEST.join(", ");
        let response = self.ask(&about, Method::GET, url, |request| Ok(request.header(ACCEPT, &accept))).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(self.refusal(&about, response).await),
        }
        let bytes = self.read(response, &about).await?;
        let digest = format!("sha256:{}", Sha256::of(&bytes));
        if reference.starts_with("sha256:") && reference != digest {
            let (registry, wanted) = (self.host().to_owned(), reference.to_owned());
            return Err(OciError::Digest { registry, wanted, found: digest });
        }
        let manifest = serde_json::from_slice(&bytes).map_err(|error| self.unreadable(&about, &error.to_string()))?;
        Ok(Some(Found { digest, bytes, manifest }))
    }

    /// Whether a repository has a blob.
    ///
    /// # Errors
    /// [`OciError`].
    pub async fn has(&self, repository: &Repository, digest: &str) -> Result<bool, OciError> {
        let about = About { writes: true, ..About::reading(repository, format!("show a blob of {repository}")) };
        let url = self.at(repository.as_str(), &format!("blobs/{digest}"))?;
        let response = self.ask(&about, Method::HEAD, url, Ok).await?;
        match response.status() {
            StatusCode::OK => Ok(true),
            // One that leads elsewhere has it there.
            status if status.is_redirection() => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.refusal(&about, response).await),
        }
    }

    /// Sends a blob in one piece, where the repository does not have it; gives whether it was sent.
    ///
    /// # Errors
    /// [`OciError`]; a file that changed meanwhile is refused by the registry.
    pub async fn put(&self, repository: &Repository, blob: &Blob, counter: &Counter) -> Result<bool, OciError> {
        let digest = blob.digest();
        if self.has(repository, &digest).await? {
            return Ok(false);
        }
        let about = About::writing(repository);
        let start = self.at(repository.as_str(), "blobs/uploads/")?;
        let mut cut = false;
        loop {
            let session = self.ask(&about, Method::POST, start.clone(), |r| Ok(r.header(CONTENT_LENGTH, 0))).await?;
            if session.status() != StatusCode::ACCEPTED {
                return Err(self.refusal(&about, session).await);
            }
            let mut url = self.led(&session, &about)?;
            url.query_pairs_mut().append_pair("digest", &digest);
            let sent = self
                .ask(&about, Method::PUT, url, |request| {
                    let request = request.header(CONTENT_TYPE, "application/octet-stream");
                    Ok(request.header(CONTENT_LENGTH, blob.size).body(blob.body(counter)?))
                })
                .await?;
            match sent.status() {
                StatusCode::CREATED => return Ok(true),
                // A session that was cut may be gone, or hold a part of the bytes: a new one begins anew.
                StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::BAD_REQUEST if !cut => {
                    cut = true;
                }
                _ => return Err(self.refusal(&about, sent).await),
            }
        }
    }

    /// Gives a tag to a manifest, once its blobs are there; gives its digest.
    ///
    /// # Errors
    /// [`OciError`]; also where the registry says that it got other bytes.
    pub async fn name(&self, repository: &Repository, tag: &str, manifest: &Manifest) -> Result<String, OciError> {
        let about = About::writing(repository);
        let bytes = serde_json::to_vec(manifest).map_err(std::io::Error::from)?;
        let digest = format!("sha256:{}", Sha256::of(&bytes));
        let url = self.at(repository.as_str(), &format!("manifests/{tag}"))?;
        let response = self
            .ask(&about, Method::PUT, url, |r| Ok(r.header(CONTENT_TYPE, media::MANIFEST).body(bytes.clone())))
            .await?;
        if response.status() != StatusCode::CREATED {
            return Err(self.refusal(&about, response).await);
        }
        let said = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        match said {
            Some(found) if found != digest => {
                let (registry, found) = (self.host().to_owned(), found.chars().take(80).collect());
                Err(OciError::Digest { registry, wanted: digest, found })
            }
            _ => Ok(digest),
        }
    }

    /// Fetches a blob into a file, whose content it replaces. What is in it after an error must not be used. One that is cut begins
    /// anew.
    ///
    /// # Errors
    /// [`OciError`]; also when more or other bytes come than the descriptor says.
    pub async fn get(
        &self,
        repository: &Repository,
        what: &Descriptor,
        into: &mut std::fs::File,
        counter: &Counter,
    ) -> Result<(), OciError> {
        let about = About::reading(repository, format!("give a file of {repository}"));
        let mut retry = Policy::REGISTRY.begin();
        loop {
            into.set_len(0)?;
            into.rewind()?;
            match self.fetch(&about, repository, what, into, counter).await {
                Err(error @ OciError::Unreachable { .. }) => self.pause(&error, &mut retry).await.ok_or(error)??,
                other => return other,
            }
        }
    }

    async fn fetch(
        &self,
        about: &About,
        repository: &Repository,
        what: &Descriptor,
        into: &mut std::fs::File,
        counter: &Counter,
    ) -> Result<(), OciError> {
        let url = self.at(repository.as_str(), &format!("blobs/{}", what.digest))?;
        let mut response = self.ask(about, Method::GET, url, Ok).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(about, response).await);
        }
        let (mut hash, mut got) = (sha2::Sha256::new(), 0);
        while let Some(piece) = self.piece(&mut response).await? {
            got += piece.len() as u64;
            if got > what.size {
                return Err(self.unreadable(about, "more bytes come than its manifest says"));
            }
            hash.update(&piece);
            into.write_all(&piece)?;
            counter(got);
        }
        let found = format!("sha256:{}", Sha256::from_digest(hash.finalize().into()));
        if found == what.digest && got == what.size {
            return Ok(());
        }
        Err(OciError::Digest { registry: self.host().to_owned(), wanted: what.digest.clone(), found })
    }
}
