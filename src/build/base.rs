//! The base image: taken from the daemon, else pulled, else made from the distro's own packages.

use std::{collections::BTreeMap, io::Seek as _, process::Stdio};

use super::{Lines, Session, StepError, run::Product};
use crate::{
    engine::{EngineError, ImageInfo, ImportSpec, Output as _},
    plan::{BaseWork, Step, label},
    platform::{Bootstrap, BootstrapTool},
    recipe::BootstrapMode,
    util::exec,
};

/// Runs the step.
pub async fn run(work: &BaseWork, step: &Step, session: &Session, lines: &Lines) -> Result<Product, StepError> {
    let image = if let Some(image) = session.until_stopped(obtain(work, session, lines)).await? {
        image
    } else {
        // Not given up on Ctrl-C, but told to stop: it has a whole root file system to remove.
        let tar = make(work, step, session, lines).await?;
        session.until_stopped(import(tar, work, step, session, lines)).await?
    };
    if !image.tags.contains(&work.local) {
        session.until_stopped(async { Ok(session.engine.tag(&image.id.0, &work.local).await?) }).await?;
    }
    let mut images: BTreeMap<String, String> = [(work.local.clone(), image.id.0.clone())].into();
    if image.tags.contains(&work.image) {
        // Pulled again by somebody, it is another image: the record must not count then.
        images.insert(work.image.clone(), image.id.0.clone());
    }
    Ok(Product {
        output: image.id.0.clone(),
        images,
        files: Vec::new(),
        note: format!("{} ({})", work.image, if image.repo_digests.is_empty() { "local" } else { "from its registry" }),
        size: image.size,
    })
}

/// The image of the daemon or of its registry; `None` when it must be made from packages.
async fn obtain(work: &BaseWork, session: &Session, lines: &Lines) -> Result<Option<ImageInfo>, StepError> {
    if work.mode != BootstrapMode::Always
        && let Some(image) = session.engine.image(&work.image).await?
    {
        lines.line(&format!("{} is in the daemon", work.image));
        return Ok(Some(image));
    }
    // One that was made before, by this project or another one on the daemon: its name holds how it was made.
    if work.mode != BootstrapMode::Never
        && let Some(image) = session.engine.image(&work.local).await?
    {
        lines.line(&format!("{} was made before", work.local));
        return Ok(Some(image));
    }
    if work.mode == BootstrapMode::Always {
        return Ok(None);
    }
    let refused = match session.engine.pull(&work.image, None, lines).await {
        Ok(image) => return Ok(Some(image)),
        Err(error @ (EngineError::RegistryUnreachable { .. } | EngineError::ImageNotFound { .. })) => error,
        Err(error) => return Err(error.into()),
    };
    if work.mode == BootstrapMode::Never || work.bootstrap.is_none() {
        let help = if work.bootstrap.is_some() {
            "`docker load` or `docker tag` the image, mend the way to the registry, or set `[base] bootstrap = \
             \"fallback\"` to make it from the distro's own packages"
        } else {
            "`docker load` or `docker tag` the image, or mend the way to the registry"
        };
        return Err(StepError::NoBase {
            image: work.image.clone(),
            reason: refused.to_string(),
            help: help.to_owned(),
        });
    }
    session.events.info(format!(
        "{refused}; making {} from the distro's own packages instead (`[base] bootstrap = \"never\"` forbids that)",
        work.image
    ));
    Ok(None)
}

/// Makes the root file system of the base image from packages.
async fn make(work: &BaseWork, step: &Step, session: &Session, lines: &Lines) -> Result<std::fs::File, StepError> {
    let Some(bootstrap) = &work.bootstrap else {
        return Err(StepError::NoBase {
            image: work.image.clone(),
            reason: format!("nothing is known about making {} from packages", step.platform),
            help: "set `[base] bootstrap = \"fallback\"` to pull it".to_owned(),
        });
    };
    match bootstrap.tool {
        BootstrapTool::Mmdebstrap => mmdebstrap(bootstrap, work, session, lines).await,
    }
}

/// Makes an image of a root file system.
async fn import(
    tar: std::fs::File,
    work: &BaseWork,
    step: &Step,
    session: &Session,
    lines: &Lines,
) -> Result<ImageInfo, StepError> {
    let changes = [
        (label::PROJECT, session.name.as_str()),
        (label::KIND, "base"),
        (label::STEP, step.id.as_str()),
        (label::HOME, session.home.as_str()),
        (label::TAGS, work.local.as_str()),
    ]
    .map(|(name, value)| format!("LABEL {name}=\"{value}\""));
    let changes = changes.into_iter().chain(["CMD [\"/bin/bash\"]".to_owned()]).collect();
    session.engine.import(ImportSpec { tar, reference: work.local.clone(), changes }, lines).await?;
    session
        .engine
        .image(&work.local)
        .await?
        .ok_or_else(|| StepError::Internal(format!("the daemon took {} and then did not know it", work.local)))
}

/// What a slim image for containers leaves out: as Debian's own slim images do.
const SLIM: [&str; 5] = [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
];

async fn mmdebstrap(
    bootstrap: &Bootstrap,
    work: &BaseWork,
    session: &Session,
    lines: &Lines,
) -> Result<std::fs::File, StepError> {
    let fail = |error: exec::ExecError| match error {
        exec::ExecError::Interrupted => StepError::Interrupted,
        exec::ExecError::Missing { .. } => StepError::Bootstrap {
            error,
            help: format!("`apt-get install mmdebstrap`, or load the image `{}` into the daemon", work.image),
        },
        error => StepError::Bootstrap {
            error,
            help: "the whole output is in the step's log; `[base] mirror` names another archive".to_owned(),
        },
    };
    let tar = tempfile::tempfile()?;
    let mut arguments = vec![format!("--variant={}", bootstrap.variant), "--format=tar".to_owned()];
    if !bootstrap.include.is_empty() {
        arguments.push(format!("--include={}", bootstrap.include.join(",")));
    }
    arguments.extend(SLIM.map(|option| format!("--dpkgopt={option}")));
    // The lists of the archive are stale within hours: whoever installs something gets fresh ones.
    arguments.push("--customize-hook=rm -rf \"$1\"/var/lib/apt/lists/* \"$1\"/var/cache/ldconfig/aux-cache".to_owned());
    arguments.extend([bootstrap.suite.clone(), "-".to_owned()]);
    arguments.extend(work.mirror.clone());
    let env = [("SOURCE_DATE_EPOCH".to_owned(), session.epoch.to_string())];
    let stdout = Stdio::from(tar.try_clone()?);
    exec::run("mmdebstrap", &arguments, &env, stdout, &|line| lines.line(line), &session.cancel).await.map_err(fail)?;
    let mut tar = tar;
    tar.rewind()?;
    Ok(tar)
}
