//! Files into and out of containers, as tar streams. It neither reads nor checks what is in them: `stage/` does.

use bollard::{
    errors::Error,
    query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder},
};
use futures::StreamExt as _;

use super::{
    Docker,
    body::Outgoing,
    errors::{DOWNLOAD, UPLOAD},
    names,
};
use crate::engine::{ByteStream, ContainerId, EngineError};

pub(super) async fn upload(
    docker: &Docker,
    container: &ContainerId,
    directory: &str,
    tar: std::fs::File,
) -> Result<(), EngineError> {
    let id = names::container(&container.0, UPLOAD)?;
    let options = UploadToContainerOptionsBuilder::default().path(directory).build();
    let (outgoing, body) = Outgoing::open(tar, "read the files to copy")?;
    let body = bollard::body_try_stream(body);
    let sent = docker.call(UPLOAD, |client| client.upload_to_container(id, Some(options), body)).await;
    sent.map_err(|error| outgoing.blame(error))
}

pub(super) async fn download(
    docker: &Docker,
    container: &ContainerId,
    path: &str,
) -> Result<Option<ByteStream>, EngineError> {
    let id = names::container(&container.0, DOWNLOAD)?;
    let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
    let mut stream = docker.client().await?.download_from_container(id, Some(options)).boxed();
    // The status comes with the first piece.
    let first = match docker.next(&mut stream, DOWNLOAD).await? {
        Some(Ok(first)) => first,
        Some(Err(error)) if is_missing_path(&error) => return Ok(None),
        Some(Err(error)) => return Err(docker.translate(error, DOWNLOAD)),
        None => return Err(DOWNLOAD.lost("its answer was empty")),
    };
    let docker = docker.clone();
    let rest = futures::stream::unfold(Some((docker, stream)), |state| async {
        let (docker, mut stream) = state?;
        match docker.next(&mut stream, DOWNLOAD).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some((docker, stream)))),
            Ok(Some(Err(error))) => Some((Err(docker.translate(error, DOWNLOAD)), None)),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(Some(futures::stream::once(async { Ok(first) }).chain(rest).boxed()))
}

/// A missing path and a missing container have the same status. Docker names the container in the second case, and
/// says `Could not find the file …` or, before 20.10 and in Podman, other things about the path in the first.
fn is_missing_path(error: &Error) -> bool {
    match error {
        Error::DockerResponseServerError { status_code: 404, message } => {
            !message.to_ascii_lowercase().contains("no such container")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status_code: u16, message: &str) -> Error {
        Error::DockerResponseServerError { status_code, message: message.to_owned() }
    }

    #[test]
    fn a_missing_path_is_not_a_missing_container() {
        assert!(is_missing_path(&answer(404, "Could not find the file /nothing in container 0af3")));
        assert!(is_missing_path(&answer(404, "\"/nothing\" could not be found on container c: no such file")));
        assert!(!is_missing_path(&answer(404, "No such container: 0af3")));
        assert!(!is_missing_path(&answer(404, "no container with name or ID \"c\" found: no such container")));
        assert!(!is_missing_path(&answer(500, "Could not find the file")));
    }
}
