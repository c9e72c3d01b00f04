//! The root file system of a base image, made from the distro's own packages.

mod keyring;

use std::{io::Seek as _, process::Stdio};

use crate::{
    engine::Output as _,
    execute::{StepContext, StepError, room::Room},
    platform::{Bootstrap, BootstrapTool},
    util::exec,
    work::base::BaseWork,
};

/// Makes the root file system of the base image from packages.
pub async fn make(work: &BaseWork, at: StepContext<'_>) -> Result<std::fs::File, StepError> {
    let StepContext { step, .. } = at;
    let Some(bootstrap) = &work.bootstrap else {
        return Err(StepError::Contents {
            message: format!("the base image of {} cannot be made from packages", step.platform),
            help: "its platform file has no `[base.bootstrap]`: add one, or set `[base] bootstrap = \"never\"` in the \
                   recipe to pull the image"
                .to_owned(),
        });
    };
    match bootstrap.tool {
        BootstrapTool::Mmdebstrap => mmdebstrap(bootstrap, work, at).await,
    }
}

/// No file is newer: 1980, the oldest time that a zip can hold. A base is every project's on the daemon, and carries the time of none.
const EPOCH: &str = "315532800";

/// What a slim image for containers leaves out: as Debian's own slim images do.
const SLIM: [&str; 5] = [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
];

async fn mmdebstrap(bootstrap: &Bootstrap, work: &BaseWork, at: StepContext<'_>) -> Result<std::fs::File, StepError> {
    let mut arguments = vec![format!("--variant={}", bootstrap.variant.as_str()), "--format=tar".to_owned()];
    if !bootstrap.components.is_empty() {
        arguments.push(format!("--components={}", bootstrap.components.join(",")));
    }
    arguments.extend(bootstrap.options.iter().map(|option| format!("--aptopt={}", option.as_str())));
    // Held until the end: the file goes with it.
    let keys = match &bootstrap.keyring {
        Some(keyring) => Some(keyring::keys(keyring, work, at).await?),
        None => None,
    };
    if let Some(keys) = &keys {
        arguments.push(format!("--keyring={}", keys.path().display()));
    }
    if !bootstrap.include.is_empty() {
        arguments.push(format!("--include={}", bootstrap.include.join(",")));
    }
    arguments.extend(SLIM.map(|option| format!("--dpkgopt={option}")));
    // The lists of the archive are stale within hours: whoever installs something gets fresh ones.
    arguments.push("--customize-hook=rm -rf \"$1\"/var/lib/apt/lists/* \"$1\"/var/cache/ldconfig/aux-cache".to_owned());
    arguments.extend([bootstrap.suite.clone(), "-".to_owned()]);
    arguments.extend(work.mirror.as_ref().or(bootstrap.mirror.as_ref()).cloned());
    run(&arguments, at).await.map_err(|error| failed(error, &work.image))
}

/// Runs mmdebstrap in a folder of its own; the tar that it writes.
async fn run(arguments: &[String], at: StepContext<'_>) -> Result<std::fs::File, exec::ExecError> {
    let StepContext { session, output, .. } = at;
    let io_error = |error| exec::ExecError::Io { program: "mmdebstrap".to_owned(), error };
    let mut tar = tempfile::tempfile().map_err(io_error)?;
    let stdout = Stdio::from(tar.try_clone().map_err(io_error)?);
    // Held until the end: it goes with the run.
    let room = Room::new(&session.ids.checkout).map_err(io_error)?;
    let env = [("SOURCE_DATE_EPOCH", EPOCH.to_owned()), ("TMPDIR", room.path().display().to_string())]
        .map(|(name, value)| (name.to_owned(), value));
    // It does not pass a signal on: told alone, it would wait for what it has started.
    let call = exec::Call { env: &env, group: true, ..exec::Call::new("mmdebstrap", arguments) };
    call.run(stdout, &|line| output.line(line), &session.services.cancel).await?;
    tar.rewind().map_err(io_error)?;
    Ok(tar)
}

/// A program of the host that failed, with the way out.
fn failed(error: exec::ExecError, image: &str) -> StepError {
    match error {
        exec::ExecError::Interrupted => StepError::Interrupted,
        exec::ExecError::Missing { .. } => StepError::Bootstrap {
            error,
            help: format!("`apt-get install mmdebstrap`, or load the image `{image}` into the daemon"),
        },
        error => StepError::Bootstrap {
            error,
            help: "the whole output is in the step's log; `[base] mirror` names another archive".to_owned(),
        },
    }
}
