//! What a container prints while it runs, and how it ended. Lines are put together again from whatever pieces arrive,
//! each of the two streams for itself.

use std::time::Duration;

use bollard::{
    container::LogOutput,
    errors::Error,
    exec::StartExecResults,
    models::ExecConfig,
    query_parameters::{LogsOptionsBuilder, WaitContainerOptionsBuilder},
};
use futures::{Stream, StreamExt as _};
use tokio::time::sleep;

use super::{
    Docker,
    errors::{Doing, EXEC, WAIT},
    names,
    streams::Streams,
};
use crate::engine::{ContainerId, EngineError, ExecSpec, Output};

/// SIGINT, SIGKILL and SIGTERM as exit codes: how containers end when their daemon is stopped.
const ENDED_FROM_OUTSIDE: [i64; 3] = [130, 137, 143];

/// Reads the container's log from its beginning, so nothing is lost of one that has ended already.
///
/// Engine 20.10 may end the log of a container that just ended before its last line. So what follows the last entry
/// seen is read once more when the container is known to have ended.
pub(super) async fn wait(docker: &Docker, container: &ContainerId, out: &dyn Output) -> Result<i64, EngineError> {
    let id = names::container(&container.0, WAIT)?;
    let mut streams = Streams::default();
    let ended = follow_to_the_end(docker, id, &mut streams, out).await;
    // What was said before a failure is part of the story.
    streams.finish(out);
    ended
}

async fn follow_to_the_end(
    docker: &Docker,
    id: &str,
    streams: &mut Streams,
    out: &dyn Output,
) -> Result<i64, EngineError> {
    let log = LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).tail("all");
    let mut live = docker.client().await?.logs(id, Some(log.clone().follow(true).build()));
    while let Some(frame) = docker.next(&mut live, WAIT).await? {
        streams.take_stamped(&frame.map_err(|error| docker.translate(error, WAIT))?, out);
    }
    let code = exit_code(docker, id).await.map_err(|error| WAIT.midway(error))?;
    if let Some(since) = streams.rewind() {
        let mut rest = docker.client().await?.logs(id, Some(log.since(since).build()));
        while let Some(frame) = docker.next(&mut rest, WAIT).await.map_err(|error| WAIT.midway(error))? {
            let frame = frame.map_err(|error| WAIT.midway(docker.translate(error, WAIT)))?;
            streams.take_stamped(&frame, out);
        }
    }
    if ENDED_FROM_OUTSIDE.contains(&code) {
        still_there(docker, WAIT).await?;
    }
    Ok(code)
}

pub(super) async fn exec(
    docker: &Docker,
    container: &ContainerId,
    spec: ExecSpec,
    out: &dyn Output,
) -> Result<i64, EngineError> {
    let id = names::container(&container.0, EXEC)?;
    let text = |text: String| (!text.is_empty()).then_some(text);
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(spec.argv),
        user: text(spec.user),
        env: Some(spec.env.into_iter().map(|(name, value)| format!("{name}={value}")).collect()),
        working_dir: text(spec.workdir),
        ..ExecConfig::default()
    };
    let made = docker.call(EXEC, |client| client.create_exec(id, config)).await?;
    let started = docker.call(EXEC, |client| client.start_exec(&made.id, None)).await;
    if let StartExecResults::Attached { mut output, input } = started.map_err(|error| EXEC.midway(error))? {
        pass_on(docker, &mut output, EXEC, out).await?;
        drop(input);
    }
    let code = exec_code(docker, &made.id).await.map_err(|error| EXEC.midway(error))?;
    if ENDED_FROM_OUTSIDE.contains(&code) {
        still_there(docker, EXEC).await?;
    }
    Ok(code)
}

/// Hands on all lines of both streams until they end.
async fn pass_on(
    docker: &Docker,
    output: &mut (impl Stream<Item = Result<LogOutput, Error>> + Unpin),
    doing: Doing,
    out: &dyn Output,
) -> Result<(), EngineError> {
    let mut streams = Streams::default();
    let ended = loop {
        match docker.next(output, doing).await {
            Ok(Some(Ok(frame))) => streams.of(&frame).lines.push(frame.as_ref(), &mut |line| out.line(line)),
            Ok(Some(Err(error))) => break Err(docker.translate(error, doing)),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    streams.finish(out);
    ended
}

/// Waits for the end and gives the exit code.
async fn exit_code(docker: &Docker, id: &str) -> Result<i64, EngineError> {
    let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
    let mut answer = docker.client().await?.wait_container(id, Some(options)).boxed();
    match docker.next(&mut answer, WAIT).await? {
        Some(Ok(ended)) => Ok(ended.status_code),
        // bollard's word for an exit code that is not 0; with a text the container could not be waited for.
        Some(Err(Error::DockerContainerWaitError { error, code })) if error.is_empty() => Ok(code),
        Some(Err(error)) => Err(docker.translate(error, WAIT)),
        None => Err(WAIT.lost("its answer ended before the container did")),
    }
}

/// The exit code of a command whose output has ended; the daemon may notice its end a moment later.
async fn exec_code(docker: &Docker, exec: &str) -> Result<i64, EngineError> {
    let mut pause = Duration::from_millis(10);
    loop {
        let found = docker.find(EXEC, |client| client.inspect_exec(exec)).await?;
        // A daemon that was started again does not know commands of its earlier life.
        let found = found.ok_or_else(|| EXEC.lost("it does not know the command any more"))?;
        match (found.running, found.exit_code) {
            (Some(true), _) | (_, None) => sleep(pause).await,
            (_, Some(code)) => return Ok(code),
        }
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// A stopping daemon ends its containers first; then their exit codes say nothing about them.
async fn still_there(docker: &Docker, doing: Doing) -> Result<(), EngineError> {
    sleep(Duration::from_millis(300)).await;
    docker.ping(Duration::from_secs(10)).await.map_err(|error| doing.midway(error))
}
