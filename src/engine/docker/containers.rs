//! The life of a container, but for what it prints (`run.rs`) and its files (`archive.rs`).
//!
//! Containers get no new privileges, and of the kernel's capabilities none, or those of a package manager.

use std::{collections::HashMap, time::Duration};

use bollard::{
    models::{ContainerCreateBody, ContainerSummaryStateEnum, HostConfig, HostConfigLogConfig},
    query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, StopContainerOptionsBuilder},
};
use tokio::time::{Instant, sleep};

use super::{
    Docker,
    errors::{CREATE, INSPECT, LIST, REMOVE, START, STOP, status},
    images::label_filters,
    names,
};
use crate::engine::{ContainerId, ContainerInfo, ContainerSpec, EngineError, Labels};

/// What installing packages needs, of the fourteen that Docker gives by default:
/// - owners and modes of files and set-id bits: `CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `FSETID`; files with capabilities
///   of their own (`ping`): `SETFCAP`; device nodes of old base packages: `MKNOD`;
/// - becoming another user, as apt does with `_apt` and scripts do with `su` and `runuser`: `SETUID`, `SETGID`, and
///   `AUDIT_WRITE`, without which PAM fails for root;
/// - `rpm --root` and postfix-like jails: `SYS_CHROOT`; stopping what was started as another user: `KILL`.
///
/// Left out: `NET_RAW`, `NET_BIND_SERVICE` (low ports are open to all in containers since 20.10), `SETPCAP`.
const PACKAGE_MANAGER: [&str; 11] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "SETFCAP",
    "MKNOD",
    "SETUID",
    "SETGID",
    "AUDIT_WRITE",
    "SYS_CHROOT",
    "KILL",
];

/// How long a removal that somebody else began may take.
const REMOVAL: Duration = Duration::from_mins(2);

pub(super) async fn create(docker: &Docker, spec: ContainerSpec) -> Result<ContainerId, EngineError> {
    names::image(&spec.image, CREATE)?;
    let init = !needs_pid_1(&spec) && docker.has_init().await?;
    let body = body(spec, init);
    let made = docker.call(CREATE, |client| client.create_container(None, body)).await?;
    Ok(ContainerId(made.id))
}

pub(super) async fn start(docker: &Docker, container: &ContainerId) -> Result<(), EngineError> {
    let id = names::container(&container.0, START)?;
    docker.call(START, |client| client.start_container(id, None)).await
}

/// `None` while it runs, else its exit code (0 for one that was never started).
pub(super) async fn state(docker: &Docker, container: &ContainerId) -> Result<Option<i64>, EngineError> {
    let id = names::container(&container.0, INSPECT)?;
    let found = docker.call(INSPECT, |client| client.inspect_container(id, None)).await?;
    let state = found.state.unwrap_or_default();
    Ok(if state.running == Some(true) { None } else { Some(state.exit_code.unwrap_or_default()) })
}

pub(super) async fn stop(docker: &Docker, container: &ContainerId, grace: Duration) -> Result<(), EngineError> {
    let id = names::container(&container.0, STOP)?;
    let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
    let options = StopContainerOptionsBuilder::default().t(seconds).build();
    docker.call(STOP, |client| client.stop_container(id, Some(options))).await
}

pub(super) async fn remove(docker: &Docker, container: &ContainerId) -> Result<bool, EngineError> {
    let id = names::container(&container.0, REMOVE)?;
    let options = || Some(RemoveContainerOptionsBuilder::default().force(true).v(true).build());
    match docker.client().await?.remove_container(id, options()).await {
        Ok(()) => Ok(true),
        Err(error) => match status(&error) {
            Some(404) => Ok(false),
            Some(409) if error.to_string().contains("already in progress") => gone(docker, id).await,
            _ => Err(docker.translate(error, REMOVE)),
        },
    }
}

pub(super) async fn list(docker: &Docker, labels: &Labels) -> Result<Vec<ContainerInfo>, EngineError> {
    let filters = HashMap::from([("label".to_owned(), label_filters(labels))]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let containers = docker.call(LIST, |client| client.list_containers(Some(options))).await?;
    Ok(containers
        .into_iter()
        .filter_map(|container| {
            Some(ContainerInfo {
                id: ContainerId(container.id?),
                labels: container.labels.unwrap_or_default().into_iter().collect(),
                running: container.state == Some(ContainerSummaryStateEnum::RUNNING),
            })
        })
        .collect())
}

/// Waits until a container that is being removed is gone.
async fn gone(docker: &Docker, id: &str) -> Result<bool, EngineError> {
    let end = Instant::now() + REMOVAL;
    while docker.find(REMOVE, |client| client.inspect_container(id, None)).await?.is_some() {
        if Instant::now() > end {
            return Err(REMOVE.refused(Some(409), "its removal began elsewhere and does not end"));
        }
        sleep(Duration::from_millis(100)).await;
    }
    Ok(true)
}

/// Whether the command must be PID 1 itself: the image's own entrypoint may, and systemd does.
fn needs_pid_1(spec: &ContainerSpec) -> bool {
    let name = spec.argv.first().map(|command| command.rsplit('/').next().unwrap_or_default());
    spec.keep_entrypoint || matches!(name, Some("init" | "systemd"))
}

fn body(spec: ContainerSpec, init: bool) -> ContainerCreateBody {
    let host = host_config(&spec, init);
    // In place of the image's entrypoint the whole command is one; an image's own arguments are not used then.
    let (entrypoint, cmd) = if spec.keep_entrypoint { (None, Some(spec.argv)) } else { (Some(spec.argv), None) };
    ContainerCreateBody {
        image: Some(spec.image),
        entrypoint,
        cmd,
        user: some_text(spec.user),
        env: Some(spec.env.into_iter().map(|(name, value)| format!("{name}={value}")).collect()),
        working_dir: some_text(spec.workdir),
        labels: Some(spec.labels.into_iter().collect()),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}

fn host_config(spec: &ContainerSpec, init: bool) -> HostConfig {
    let memory = i64::try_from(spec.memory).unwrap_or(i64::MAX);
    HostConfig {
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: spec.package_manager.then(|| PACKAGE_MANAGER.map(str::to_owned).to_vec()),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        init: init.then_some(true),
        // The same limit with swap: else it would be twice as much.
        memory: (memory > 0).then_some(memory),
        memory_swap: (memory > 0).then_some(memory),
        pids_limit: (spec.pids > 0).then_some(spec.pids),
        tmpfs: (!spec.tmpfs.is_empty()).then(|| spec.tmpfs.clone().into_iter().collect()),
        network_mode: (!spec.network).then(|| "none".to_owned()),
        // Output is read back through the daemon: not every log driver that it may be set to lets it.
        log_config: Some(HostConfigLogConfig { typ: Some("json-file".to_owned()), config: None }),
        ..HostConfig::default()
    }
}

/// Empty text means the image's own.
fn some_text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
#[path = "tests/containers.rs"]
mod tests;
