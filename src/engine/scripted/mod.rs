//! A daemon played from a script, so that tests can drive the whole program without one. Only in builds with the cargo
//! feature `scripted`. It runs nothing: no process, no network.
//!
//! # The script
//!
//! A JSON file. Everything in it is optional; unknown names are errors. A path in it is relative to the script.
//!
//! ```json
//! {
//!   "engine": { "version": "20.10.24", "api": "1.41", "arch": "x86_64", "buildkit": true, "cpus": 4,
//!               "root": "/var/lib/docker", "insecure": [], "address": "unix:///var/run/docker.sock" },
//!   "images": [ { "tags": ["debian:12"], "labels": { "a": "b" }, "size": 1000, "arch": "amd64" } ],
//!   "rules":  [ { "on": "build", "contains": "debian-9", "times": 1,
//!                 "then": { "lines": ["E: no such package"], "fail": { "kind": "build", "text": "exit 100" } } },
//!               { "on": "download", "contains": "path=/packages",
//!                 "then": { "archive": { "/packages": "rpms" } } } ]
//! }
//! ```
//!
//! `images` are there in the beginning. A rule applies to calls of the method `on` (the names of [`Engine`]'s methods)
//! whose line in the call log contains `contains`, at most `times` times over all processes. The first rule that
//! applies decides. `then` may hold, in the order of their effect:
//!
//! - `lines`: lines of output, for methods that have some;
//! - `delay_ms`: milliseconds to wait;
//! - `hang`: `true` to never return; a call that is dropped while it waits adds `cancelled …` to the call log;
//! - `fail`: `{kind, text, status}`, a failure of the kind `unreachable`, `denied`, `lost`, `registry`, `busy`, `not-found`,
//!   `build`, `refused` (the one with a status) or `io`;
//! - `exit`: the exit code of `wait`, `exec` or `state`;
//! - `archive`: for `download`, path in the container -> what is there. A file or folder beside the script, or a list
//!   of `{name, text, base64, mode, uid, gid, link, folder}`: `name` relative to the path and empty for the path itself, `mode`
//!   in octal digits, `link` a symbolic link's target, `folder` `true` for a folder. Paths below are found too;
//! - `breaks_after`: for `download`, the bytes of the archive after which the daemon is lost.
//!
//! Without a rule everything succeeds the way a daemon's would: images get ids by their content and labels, names move
//! from older images, containers `c1`, `c2`, … run until they are waited for (exit code 0) or stopped, and `download`
//! finds nothing. What is not there is refused with status 404.
//!
//! # Beside the script
//!
//! `<script>.pushed/manifests/<repository>/<tag>` is the manifest of what was pushed.
//! `<script>.state` holds images (with the Dockerfile of a built one), containers and the uses of rules from one process to the next; deleting it begins
//! anew. `<script>.calls` gets a line for every call, values as JSON:
//!
//! ```text
//! build tags=["app:1"] dockerfile="Dockerfile" target="" no_cache=false args={} labels={} files=["Dockerfile"]
//! create c1 image="app:1" argv=["true"] user="" network=false package_manager=false labels={"step":"x"}
//! remove c1
//! ```

mod archive;
mod play;
mod script;
mod state;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

#[cfg(doc)]
use super::Engine;
use super::{ContainerId, EngineError, Output};
use script::{Script, Then};
use state::{Container, Keeper};

/// A daemon played from a script: see the module's documentation for its form.
#[derive(Debug, Clone)]
pub struct Scripted {
    script: Arc<Script>,
    keeper: Arc<Keeper>,
}

/// Text as it is in the call log: JSON, so it stays on one line.
fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Scripted {
    /// Reads a script. Its state and call log stay beside it.
    ///
    /// # Errors
    /// [`EngineError::Io`] when it cannot be read or is not a script; the reason names the line.
    pub fn load(path: &Path) -> Result<Self, EngineError> {
        let script = Script::load(path)?;
        let keeper = Keeper::new(path, &script);
        Ok(Self { script: Arc::new(script), keeper: Arc::new(keeper) })
    }

    /// Notes a call, and does what the first rule for it says.
    async fn call(&self, on: &str, detail: &str, out: &dyn Output) -> Result<Then, EngineError> {
        let line = if detail.is_empty() { on.to_owned() } else { format!("{on} {detail}") };
        let then = self.keeper.with(|state, log| {
            log.push(line.clone());
            self.script.rule_for(on, &line, &mut state.uses).cloned().unwrap_or_default()
        })?;
        for line in &then.lines {
            out.line(line);
        }
        for line in &then.warnings {
            out.warn(line);
        }
        let pending = Pending { keeper: &self.keeper, line: Some(line) };
        if then.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(then.delay_ms)).await;
        }
        if then.hang {
            let () = std::future::pending().await;
        }
        pending.over();
        match &then.fail {
            Some(fail) => Err(fail.error(on, detail)),
            None => Ok(then),
        }
    }

    fn container(&self, id: &ContainerId) -> Result<Container, EngineError> {
        self.keeper.with(|state, _| state.container(id).map(|container| container.clone()))?
    }

    /// The container of a call, for its line in the log.
    fn of(&self, id: &ContainerId) -> String {
        match self.container(id) {
            Ok(container) => format!("{id} image={} argv={}", json(&container.image), json(&container.argv)),
            Err(_unknown) => id.to_string(),
        }
    }
}

/// A call that waits; dropped before it is over, it was cancelled.
struct Pending<'a> {
    keeper: &'a Keeper,
    line: Option<String>,
}

impl Pending<'_> {
    fn over(mut self) {
        self.line = None;
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            // A log that cannot be written was an error before.
            let _ = self.keeper.with(|_, log| log.push(format!("cancelled {line}")));
        }
    }
}

/// Rules' uses by their place in the script.
type Uses = BTreeMap<usize, u64>;
