//! Images from and to registries. The daemon does the work; this follows its stream to the last message, because an
//! answer of status 200 may still end in an error, or end early when the daemon goes away.

use std::{collections::BTreeMap, time::Duration};

use bollard::{
    auth::DockerCredentials,
    errors::Error,
    models::ProgressDetail,
    query_parameters::{CreateImageOptionsBuilder, PushImageOptionsBuilder},
};

use super::{
    Docker,
    auth::IDENTITY_TOKEN_USER,
    errors::{Doing, PULL, PUSH},
    images,
    lines::tidy,
    names, registry,
};
use crate::{
    engine::{Credentials, EngineError, ImageInfo, Output, Progress, Pulled, Pushed},
    names::ImageReference,
};

/// Says what the daemon's words about a registry mean.
type Judge = fn(&str, &str, Doing) -> EngineError;

pub(super) async fn pull(
    docker: &Docker,
    reference: &str,
    credentials: Option<Credentials>,
    out: &dyn Output,
) -> Result<Pulled, EngineError> {
    let name = ImageReference::new(names::image(reference, PULL)?);
    let podman = docker.peer().await?.podman;
    let options = CreateImageOptionsBuilder::default().from_image(name.repository()).tag(name.which()).build();
    let credentials = credentials.map(|credentials| for_daemon(credentials, reference));
    let mut stream = Box::pin(docker.client().await?.create_image(Some(options), None, credentials));
    let mut layers = Layers::new("pulling layers");
    let (mut complete, mut digest) = (podman, None);
    while let Some(message) = docker.next(&mut stream, PULL).await? {
        let message = match message {
            Ok(message) => message,
            Err(error) => return Err(failure(docker, error, reference, PULL, registry::pull_error).await),
        };
        let status = message.status.unwrap_or_default();
        // `Status: Downloaded newer image for …` or `Status: Image is up to date for …`.
        complete |= status.starts_with("Status: ");
        digest = status.strip_prefix("Digest: ").and_then(images::image_id).map(|id| id.0).or(digest);
        layers.follow(message.id.as_deref(), &status, message.progress_detail.as_ref(), out);
    }
    if !complete {
        return Err(PULL.lost("its answer ended before the image was complete"));
    }
    let image = images::inspect(docker, reference).await.map_err(|error| PULL.midway(error))?;
    let image =
        image.ok_or_else(|| PULL.refused(None, format!("it says `{reference}` is pulled, but has no such image")))?;
    // Podman does not say it: what it has just pulled has the registry's, though.
    let told = || if podman { digests_of(&image, &name).into_iter().next() } else { None };
    let digest = digest.or_else(told);
    Ok(Pulled { image, digest })
}

/// How long a registry may take to say whether it has an image.
const ASKING: Duration = Duration::from_secs(15);

/// See [`crate::engine::Engine::known_digest`].
pub(super) async fn known_digest(
    docker: &Docker,
    image: &ImageInfo,
    reference: &str,
    credentials: Option<Credentials>,
) -> Result<Option<String>, EngineError> {
    let name = ImageReference::new(names::image(reference, PULL)?);
    let found = digests_of(image, &name);
    if found.is_empty() || !docker.gives_every_image_a_digest().await? {
        return Ok(found.into_iter().next());
    }
    if docker.peer().await?.podman {
        // It cannot ask on our behalf.
        return Ok(None);
    }
    for digest in found {
        let exact = format!("{}@{digest}", name.repository());
        let login = credentials.clone().map(|credentials| for_daemon(credentials, reference));
        let asked = docker.client().await?.inspect_registry_image(names::image(&exact, PULL)?, login);
        // No answer, no network, no such image: it is not known.
        if let Ok(Ok(answer)) = tokio::time::timeout(ASKING, asked).await
            && answer.descriptor.digest.as_deref() == Some(&digest)
        {
            return Ok(Some(digest));
        }
    }
    Ok(None)
}

/// The digests that an image has in the repository of a name, sorted.
fn digests_of(image: &ImageInfo, of: &ImageReference<'_>) -> Vec<String> {
    let named = image.repo_digests.iter().map(|name| ImageReference::new(name));
    named.filter(|name| name.is_beside(of)).filter_map(|name| name.digest().map(str::to_owned)).collect()
}

pub(super) async fn push(
    docker: &Docker,
    reference: &str,
    credentials: Option<Credentials>,
    out: &dyn Output,
) -> Result<Pushed, EngineError> {
    let name = ImageReference::new(names::image(reference, PUSH)?);
    let options = PushImageOptionsBuilder::default().tag(name.tag()).build();
    let credentials = credentials.map(|credentials| for_daemon(credentials, reference));
    let mut stream = Box::pin(docker.client().await?.push_image(name.repository(), Some(options), credentials));
    let mut layers = Layers::new("pushing layers");
    let (mut digest, mut sent, mut there) = (None, 0, 0);
    while let Some(message) = docker.next(&mut stream, PUSH).await? {
        let message = match message {
            Ok(message) => message,
            Err(error) => return Err(failure(docker, error, reference, PUSH, registry::push_error).await),
        };
        let status = message.status.unwrap_or_default();
        digest = pushed_digest(&status).or(digest);
        sent += usize::from(status == "Pushed");
        there += usize::from(status == "Layer already exists" || status.starts_with("Mounted from"));
        layers.follow(None, &status, message.progress_detail.as_ref(), out);
    }
    let digest = digest.ok_or_else(|| PUSH.lost("its answer ended before the image was complete"))?;
    Ok(Pushed { digest, sent, there })
}

/// What a transfer failed with: the registry, or the connection to the daemon.
async fn failure(docker: &Docker, error: Error, reference: &str, doing: Doing, judge: Judge) -> EngineError {
    let judged = match &error {
        Error::DockerStreamError { error } => judge(error, reference, doing),
        Error::DockerResponseServerError { status_code, message } => match judge(message, reference, doing) {
            EngineError::Refused { doing, reason, .. } => {
                EngineError::Refused { doing, status: Some(*status_code), reason }
            }
            other => other,
        },
        _ => return docker.translate(error, doing),
    };
    // A daemon that goes away breaks its own transfers and reports them as failed.
    docker.or_lost(judged, doing).await
}

/// `1.0: digest: sha256:… size: 1234`, the last message of a push.
fn pushed_digest(status: &str) -> Option<String> {
    let digest = status.split_once("digest: ")?.1.split_whitespace().next()?;
    images::image_id(digest).map(|id| id.0)
}

/// Credentials in the form of the API.
fn for_daemon(credentials: Credentials, reference: &str) -> DockerCredentials {
    let serveraddress = Some(ImageReference::new(reference).registry().to_owned());
    if credentials.user == IDENTITY_TOKEN_USER {
        DockerCredentials { identitytoken: Some(credentials.secret), serveraddress, ..DockerCredentials::default() }
    } else {
        DockerCredentials {
            username: Some(credentials.user),
            password: Some(credentials.secret),
            serveraddress,
            ..DockerCredentials::default()
        }
    }
}

/// How far the layers of one image are.
#[derive(Debug)]
struct Layers {
    what: &'static str,
    /// Layer -> (bytes done, bytes in all).
    sizes: BTreeMap<String, (u64, u64)>,
}

impl Layers {
    fn new(what: &'static str) -> Self {
        Self { what, sizes: BTreeMap::new() }
    }

    /// Passes on one message: as progress where it counts bytes, else as a line.
    fn follow(&mut self, id: Option<&str>, status: &str, detail: Option<&ProgressDetail>, out: &dyn Output) {
        let bytes = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default();
        let (current, total) = detail.map_or((0, 0), |detail| (bytes(detail.current), bytes(detail.total)));
        if total == 0 {
            if !status.is_empty() && !is_noise(status) {
                out.line(&tidy(&id.map_or_else(|| status.to_owned(), |id| format!("{id}: {status}"))));
            }
            return;
        }
        // Unpacking tells of the same bytes a second time.
        if status == "Extracting" {
            return;
        }
        let key = id.map_or_else(|| format!("{total}"), str::to_owned);
        let layer = self.sizes.entry(key).or_default();
        *layer = (current.min(total).max(layer.0), total.max(layer.1));
        let (done, total) = self.sizes.values().fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
        out.progress(Progress { what: self.what.to_owned(), done, total: Some(total), bytes: true });
    }
}

/// Steps of one layer that say nothing in a log.
fn is_noise(status: &str) -> bool {
    matches!(status, "Preparing" | "Waiting" | "Pulling fs layer" | "Verifying Checksum" | "Download complete")
        || status == "Downloading"
        || status == "Extracting"
        || status == "Pushing"
}

#[cfg(test)]
#[path = "tests/transfer.rs"]
mod tests;
