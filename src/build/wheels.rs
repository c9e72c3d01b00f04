//! Wheels: pip in a container of the builder image, as the caller's user; what it made becomes a wheelhouse.

mod complaint;
mod pip;
pub mod seed;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Lines, Session, StepError, image,
    records::{blocking, wheels_record},
    run::Product,
};
use crate::{
    engine::ContainerId,
    event::StepId,
    names::Sha256,
    plan::{Record, Step, WheelsWork},
    source::{
        requirements,
        wheelhouse::{Wheel, Wheelhouse, normalise},
    },
    util::files::Guarded,
};
use pip::ROOT;

/// Runs the step.
pub async fn run(
    work: &WheelsWork,
    step: &Step,
    records: &BTreeMap<StepId, Record>,
    session: &Session,
    lines: &Lines,
) -> Result<Product, StepError> {
    let toolbox = match &work.toolbox {
        Some((seed, script)) => {
            let record = records.get(seed).ok_or_else(|| StepError::Internal(format!("{seed} did not run")))?;
            Some(Toolbox { seed: image::wheelhouse(seed, record, step, session).await?, script })
        }
        None => None,
    };
    let container = session.create(&step.id, pip::spec(&work.builder, command(work), session)).await?;
    let made = build(work, toolbox, step, session, lines, &container).await;
    session.discard(&container).await;
    Ok(complete(step, &made?))
}

/// What a wheelhouse step gives.
fn complete(step: &Step, made: &Wheelhouse) -> Product {
    let record = wheels_record(step, made, 0);
    Product { output: record.output, note: record.note, size: record.size, ..Product::default() }
}

/// pip for a platform that has none of use: its wheels, and the script that makes it run.
struct Toolbox<'a> {
    seed: Wheelhouse,
    script: &'a str,
}

/// Makes a virtualenv of the seed and becomes pip in it. `$1` is the interpreter.
const WITH_TOOLBOX: &str =
    "python=$1 && shift && \"$python\" virtualenv.py --seed seed seed env && exec env/bin/python -m pip \"$@\"";

/// pip's command line. Arguments come from checked names and stay arguments: no shell reads them.
fn command(work: &WheelsWork) -> Vec<String> {
    let start: &[&str] = match work.toolbox {
        None => &["", "-m", "pip"],
        Some(_) => &["/bin/sh", "-c", WITH_TOOLBOX, "pip", ""],
    };
    let mut argv: Vec<String> =
        start.iter().map(|word| if word.is_empty() { &work.python.interpreter } else { *word }.to_owned()).collect();
    let pip = [
        "--disable-pip-version-check",
        "--no-cache-dir",
        "--no-input",
        "wheel",
        "--progress-bar",
        "off",
        "--wheel-dir",
        &format!("{ROOT}/wheels"),
        "--requirement",
        &format!("{ROOT}/in/{}", work.requirements_name),
    ];
    argv.extend(pip.map(str::to_owned));
    for constraint in &work.constraints {
        argv.extend(["--constraint".to_owned(), format!("{ROOT}/in/{}", constraint.display())]);
    }
    if !work.no_binary.is_empty() {
        argv.extend(["--no-binary".to_owned(), work.no_binary.join(",")]);
    }
    argv
}

async fn build(
    work: &WheelsWork,
    toolbox: Option<Toolbox<'_>>,
    step: &Step,
    session: &Session,
    lines: &Lines,
    container: &ContainerId,
) -> Result<Wheelhouse, StepError> {
    session.engine.upload(container, "/", inputs(work, toolbox, session)?).await?;
    session.engine.start(container).await?;
    let code = session.engine.wait(container, lines).await?;
    if code != 0 {
        return Err(complaint::explain(work, session, code, &lines.tail()));
    }
    let compiled: BTreeSet<String> = lines.tail().iter().filter_map(|line| created(line)).collect();
    let wanted: BTreeSet<String> = work.no_binary.iter().map(|name| normalise(name)).collect();
    let python = work.python.clone();
    let judge = move |wheel: &Wheel| {
        if wheel.file.fits(&python.version, &python.abi) {
            let name = wheel.file.distribution();
            Ok(compiled.contains(&name) || wanted.contains(&name))
        } else {
            Err("which the platform's interpreter does not take: does `[python]` of the platform say its version?")
        }
    };
    receive(&work.key, step, session, container, judge).await
}

/// What goes into the container: what every pip has, the requirements, and the toolbox where there is one.
fn inputs(work: &WheelsWork, toolbox: Option<Toolbox<'_>>, session: &Session) -> Result<std::fs::File, StepError> {
    let root = ROOT.trim_start_matches('/');
    let mut tar = pip::inputs(&work.index, session)?;
    let first: Vec<_> = std::iter::once(&work.requirements).chain(&work.constraints).cloned().collect();
    for (path, text) in requirements::closure(&session.roots, &first)? {
        tar.bytes(&format!("{root}/in/{}", path.display()), text.as_bytes(), 0o644, 0)?;
    }
    if let Some(Toolbox { seed, script }) = toolbox {
        tar.bytes(&format!("{root}/home/virtualenv.py"), script.as_bytes(), 0o644, 0)?;
        for wheel in &seed.manifest.wheels {
            let name = wheel.file.as_str();
            tar.file(&format!("{root}/home/seed/{name}"), &seed.folder.join(name), &wheel.sha256, 0o644)?;
        }
    }
    tar.finish()
}

/// Takes a wheelhouse out of a container that has made it.
async fn receive(
    key: &Sha256,
    step: &Step,
    session: &Session,
    container: &ContainerId,
    judge: impl Fn(&Wheel) -> Result<bool, &'static str> + Send + 'static,
) -> Result<Wheelhouse, StepError> {
    let stream = session
        .engine
        .download(container, &format!("{ROOT}/wheels"))
        .await?
        .ok_or_else(|| StepError::Internal(format!("{ROOT}/wheels is missing in the builder's container")))?;
    let (wheel_dir, platform) = (session.wheel_dir.clone(), step.platform.to_string());
    let (key, inputs, cancel) = (key.clone(), step.inputs.clone(), session.cancel.clone());
    let reader = crate::build::package::blocking_reader(stream);
    blocking(move || {
        Ok(Wheelhouse::receive(&wheel_dir, &platform, &key, &inputs, &mut Guarded::new(reader, cancel), &judge)?)
    })
    .await
}

/// The distribution that pip says it built a wheel of: `Created wheel for psutil: filename=…`.
fn created(line: &str) -> Option<String> {
    let name = line.trim().strip_prefix("Created wheel for ")?.split(':').next()?;
    Some(normalise(name))
}
