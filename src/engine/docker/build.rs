//! Image builds through `BuildKit`.
//!
//! The context is streamed from a file of ours. Dropping the future closes the connection, and the daemon cancels the
//! build. What stays in the daemon is the image and `BuildKit`'s cache; the uploaded context is part of that cache,
//! packed and unpacked, until `BuildKit`'s own garbage collection takes it. Nothing here prunes.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use bollard::{
    errors::Error,
    models::{BuildInfo, BuildInfoAux},
    query_parameters::{BuildImageOptions, BuilderVersion},
};

use super::{
    Docker,
    body::Outgoing,
    buildlog::{BuildLog, Failure},
    errors::{BUILD, going_away, words},
    images, names, registry,
};
use crate::engine::{BuildSpec, EngineError, ImageId, Output};

pub(super) async fn build(docker: &Docker, spec: BuildSpec, out: &dyn Output) -> Result<ImageId, EngineError> {
    let peer = docker.peer().await?;
    if !peer.buildkit() {
        let reason = format!("{} has no BuildKit; Docker 19.03 or newer on Linux is needed", peer.title());
        return Err(BUILD.refused(None, reason));
    }
    for tag in &spec.tags {
        names::image(tag, BUILD)?;
    }
    let more_tags = spec.tags.get(1..).unwrap_or_default().to_vec();
    let (outgoing, body) = Outgoing::open(spec.context.try_clone().map_err(|e| context_error(&e))?, READ_CONTEXT)?;
    let stream = docker.client().await?.build_image(options(spec), None, Some(bollard::body_try_stream(body)));
    let id = follow(docker, stream, out).await.map_err(|error| outgoing.blame(error))?;
    for tag in more_tags {
        images::tag(docker, &id.0, &tag).await?;
    }
    Ok(id)
}

const READ_CONTEXT: &str = "read the build context";

fn context_error(error: &std::io::Error) -> EngineError {
    super::errors::io_error(READ_CONTEXT, error)
}

/// Only the first tag goes with the request: bollard takes one.
fn options(spec: BuildSpec) -> BuildImageOptions {
    BuildImageOptions {
        dockerfile: spec.dockerfile,
        t: spec.tags.into_iter().next(),
        nocache: spec.no_cache,
        buildargs: Some(spec.args.into_iter().collect()),
        labels: Some(spec.labels.into_iter().collect()),
        target: spec.target,
        version: BuilderVersion::BuilderBuildKit,
        session: Some(session_id()),
        ..BuildImageOptions::default()
    }
}

/// A name for the side channel of one build that no other build has.
fn session_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// Reads the stream to its end. Its last message is the image's id; without one it was cut off.
async fn follow(
    docker: &Docker,
    stream: impl futures::Stream<Item = Result<BuildInfo, Error>> + Send,
    out: &dyn Output,
) -> Result<ImageId, EngineError> {
    let mut stream = Box::pin(stream);
    let mut log = BuildLog::default();
    let mut id = None;
    let ended = loop {
        match docker.next(&mut stream, BUILD).await {
            Ok(Some(Ok(message))) => match message.aux {
                Some(BuildInfoAux::BuildKit(status)) => log.take(status, out),
                Some(BuildInfoAux::Default(image)) => id = image.id.as_deref().and_then(images::image_id).or(id),
                None => {}
            },
            Ok(Some(Err(error))) => break Err(error),
            Ok(None) => break Ok(()),
            Err(error) => {
                log.finish(out);
                return Err(error);
            }
        }
    };
    log.finish(out);
    match (ended, id) {
        (Ok(()), Some(id)) => Ok(id),
        (Ok(()), None) => Err(BUILD.lost("its answer ended before the image was there")),
        (Err(Error::DockerStreamError { error }), _) => Err(docker.or_lost(failed(&error, log.failure()), BUILD).await),
        (Err(error), _) => Err(docker.translate(error, BUILD)),
    }
}

/// What a failed build means: a base image that cannot be had, or an instruction that failed.
fn failed(message: &str, failure: Option<Failure>) -> EngineError {
    let message = without_wrapping(&words(message)).to_owned();
    match failure {
        Some(failure) => {
            let error = words(&failure.error);
            let base = failure.name.strip_prefix("[internal] load metadata for ");
            if let Some(base) = base {
                let judged = registry::pull_error(&error, base, BUILD);
                if !matches!(judged, EngineError::Refused { .. }) {
                    return judged;
                }
            }
            EngineError::Build { reason: format!("{}: {}", brief(&failure.name), outcome(without_wrapping(&error))) }
        }
        None if going_away(&message) => BUILD.lost(message),
        None => EngineError::Build { reason: outcome(&message).to_owned() },
    }
}

/// An instruction for a sentence: its mounts and line breaks left out, and not longer than a line.
fn brief(name: &str) -> String {
    const MOST: usize = 64;
    let words: Vec<&str> = name.split_whitespace().filter(|word| !word.starts_with("--mount=")).collect();
    let text = words.join(" ");
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

/// How a process ended, without its command line, which is in front and in the log.
fn outcome(error: &str) -> &str {
    let after = |start: &str, end: &str| {
        error.strip_prefix(start).and_then(|rest| rest.rfind(end).map(|at| &rest[at + end.len()..]))
    };
    after("executor failed running [", "]: ")
        .or_else(|| after("process \"", "\" did not complete successfully: "))
        .unwrap_or(error)
}

/// The innermost reason: every layer of `BuildKit` puts words of its own in front.
fn without_wrapping(message: &str) -> &str {
    const WRAPPINGS: [&str; 6] = [
        "failed to solve with frontend dockerfile.v0: ",
        "failed to solve: ",
        "failed to build LLB: ",
        "failed to create LLB definition: ",
        "rpc error: code = Unknown desc = ",
        "error from sender: ",
    ];
    let mut rest = message;
    while let Some(inner) = WRAPPINGS.iter().find_map(|wrapping| rest.strip_prefix(wrapping)) {
        rest = inner;
    }
    rest
}

#[cfg(test)]
#[path = "tests/build.rs"]
mod tests;
