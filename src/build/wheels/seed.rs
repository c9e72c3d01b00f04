//! The seed: pip and what it needs, fetched by digest where the release's own are too old. It is a wheelhouse like any
//! other; the script that fetches it asks for nothing but the interpreter.

use super::{
    super::{Lines, Session, StepError, run::Product},
    complete, pip,
    pip::ROOT,
    receive,
};
use crate::{
    engine::ContainerId,
    plan::{SeedWork, Step},
    source::wheelhouse::{WheelName, Wheelhouse},
};

/// Runs the step.
pub async fn run(work: &SeedWork, step: &Step, session: &Session, lines: &Lines) -> Result<Product, StepError> {
    let container = session.create(&step.id, pip::spec(&work.builder, command(work), session)).await?;
    let made = fetch(work, step, session, lines, &container).await;
    session.discard(&container).await;
    Ok(complete(step, &made?))
}

fn command(work: &SeedWork) -> Vec<String> {
    let fixed = [&work.python.interpreter, &format!("{ROOT}/seed.py"), &format!("{ROOT}/wheels")];
    let pins = work.seed.wheels.iter().map(|(name, sha256)| format!("{name}={sha256}"));
    fixed.into_iter().cloned().chain(pins).collect()
}

async fn fetch(
    work: &SeedWork,
    step: &Step,
    session: &Session,
    lines: &Lines,
    container: &ContainerId,
) -> Result<Wheelhouse, StepError> {
    let mut tar = pip::inputs(&work.index, session)?;
    tar.bytes(&format!("{}/seed.py", ROOT.trim_start_matches('/')), work.script.as_bytes(), 0o644, 0)?;
    session.engine.upload(container, "/", tar.finish()?).await?;
    session.engine.start(container).await?;
    let code = session.engine.wait(container, lines).await?;
    if code != 0 {
        let said = lines.tail().iter().rev().find_map(|line| line.strip_prefix("seed: ").map(str::to_owned));
        return Err(StepError::Contents {
            message: format!(
                "pip could not be fetched: {}",
                said.unwrap_or_else(|| format!("the script ended with exit code {code}"))
            ),
            help: "an index of your own (`PIP_INDEX_URL`, `[python] index_url`) must have these wheels, too".to_owned(),
        });
    }
    let pins = work.seed.wheels.clone();
    let judge = move |wheel: &WheelName| {
        if pins.keys().any(|name| name.as_str() == wheel.as_str()) { Ok(false) } else { Err("which nobody asked for") }
    };
    let house = receive(&work.key, step, session, container, judge).await?;
    for (name, sha256) in &work.seed.wheels {
        let wheel = house.manifest.wheels.iter().find(|wheel| wheel.file.as_str() == name.as_str());
        if wheel.is_none_or(|wheel| wheel.sha256 != *sha256) {
            let message = format!("`{name}` is not the one that the platform names");
            let help = "the script that fetches it was changed, or the container: run the build again".to_owned();
            return Err(StepError::Contents { message, help });
        }
    }
    Ok(house)
}
