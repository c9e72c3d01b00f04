//! The seed: pip and what it needs, fetched by digest where the release's own are too old. It is a wheelhouse like any
//! other; the script that fetches it asks for nothing but the interpreter.

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::SeedWork;
use crate::{
    engine::ContainerId,
    execute::{
        Run, RunImage, RunLookedAt, RunShipped, Session, StepContext, StepError, keep::last_container,
        records::blocking, run::Product, watched,
    },
    names::{Sha256, WheelFile},
    plan::{Record, Step},
    source::wheelhouse::{ANYTHING, Dist, Received, Wheel, Wheelhouse, WheelhouseError, receive},
    util::files::Guarded,
    work::{
        Expected,
        wheels::run::{
            complete,
            pip::{self, ROOT},
        },
    },
};

impl Run for SeedWork {
    fn run<'a>(&'a self, at: StepContext<'a>) -> BoxFuture<'a, Result<Product, StepError>> {
        watched(at, run(self, at)).boxed()
    }

    fn asked_anew(&self, _step: &Step, _record: Option<&Record>, _session: &Session) -> Option<&'static str> {
        None
    }

    fn way_in<'a>(&'a self, at: StepContext<'a>, _said: &'a [String]) -> BoxFuture<'a, Option<String>> {
        last_container(at.session).boxed()
    }

    fn as_image(&self) -> Option<&dyn RunImage> {
        None
    }

    fn as_looked_at(&self) -> Option<&dyn RunLookedAt> {
        None
    }

    fn as_shipped(&self) -> Option<&dyn RunShipped> {
        None
    }

    fn restore<'a>(
        &'a self,
        _product: Product,
        _at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>> {
        ready(Ok(None)).boxed()
    }

    fn is_in_parts<'a>(&'a self, _step: &'a Step, _session: &'a Session) -> BoxFuture<'a, bool> {
        ready(false).boxed()
    }

    fn expected(&self) -> Result<Expected, StepError> {
        Ok(Expected::default())
    }
}

/// Runs the step.
async fn run(work: &SeedWork, at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { step, session, .. } = at;
    let container = session.create(&step.id, pip::spec(&work.builder, command(work), session)).await?;
    let made = fetch(work, at, &container).await;
    session.discard(&container).await;
    Ok(complete(step, &made?))
}

fn command(work: &SeedWork) -> Vec<String> {
    let fixed = [&work.python.interpreter, &format!("{ROOT}/seed.py"), &format!("{ROOT}/wheels")];
    let pins = work.seed.wheels.iter().map(|(name, sha256)| format!("{name}={sha256}"));
    fixed.into_iter().cloned().chain(pins).collect()
}

async fn fetch(work: &SeedWork, at: StepContext<'_>, container: &ContainerId) -> Result<Wheelhouse, StepError> {
    let StepContext { session, output, .. } = at;
    let mut tar = pip::inputs(&work.index, session)?;
    tar.bytes(&format!("{}/seed.py", ROOT.trim_start_matches('/')), work.script.as_bytes(), 0o644, 0)?;
    session.services.engine.upload(container, "/", tar.finish()?).await?;
    session.services.engine.start(container).await?;
    let code = session.services.engine.wait(container, output).await?;
    if code != 0 {
        let said = output.tail().iter().rev().find_map(|line| line.strip_prefix("seed: ").map(str::to_owned));
        let reason = said.unwrap_or_else(|| format!("the script ended with exit code {code}"));
        let help = help(&reason, session).to_owned();
        return Err(StepError::Contents { message: format!("pip could not be fetched: {reason}"), help });
    }
    output.settled();
    let pins = work.seed.wheels.clone();
    // Judged before it gets its name: a wheelhouse is its own record, and a wrong one would count from then on.
    let judge = move |wheel: &Received| match pins.iter().find(|(name, _)| name.as_str() == wheel.file.as_str()) {
        Some((_, sha256)) if *sha256 == wheel.sha256 => Ok(()),
        Some(_) => Err("whose SHA-256 is not the one that the platform pins"),
        None => Err("which was not asked for"),
    };
    let refused = |message: String| StepError::Contents {
        message,
        help: "the script that fetched it was changed, or its container: run the same command again".to_owned(),
    };
    let house = match take(&work.key, at, container, judge).await {
        Err(StepError::Wheelhouse(error @ WheelhouseError::Foreign { .. })) => return Err(refused(error.to_string())),
        received => received?,
    };
    let has = |name: &WheelFile| house.manifest.wheels.iter().any(|wheel| wheel.file.as_str() == name.as_str());
    if let Some(name) = work.seed.wheels.keys().find(|name| !has(name)) {
        fs_err::remove_dir_all(&house.folder)?;
        return Err(refused(format!("the wheel builder did not give `{name}`, which the platform pins")));
    }
    Ok(house)
}

/// Takes the wheels out of the container and gives them their name.
async fn take(
    key: &Sha256,
    at: StepContext<'_>,
    container: &ContainerId,
    judge: impl Fn(&Received) -> Result<(), &'static str> + Send + 'static,
) -> Result<Wheelhouse, StepError> {
    let StepContext { step, session, .. } = at;
    let stream = session
        .services
        .engine
        .download(container, &format!("{ROOT}/wheels"))
        .await?
        .ok_or_else(|| StepError::Internal(format!("{ROOT}/wheels is missing in the builder's container")))?;
    let (wheel_dir, platform) = (session.paths.wheel_dir.clone(), step.platform.to_string());
    let (key, inputs, cancel) = (key.clone(), step.inputs.clone(), session.services.cancel.clone());
    let reader = crate::work::package::run::blocking_reader(stream);
    blocking(move || {
        let shop = Wheelhouse::workshop(&wheel_dir, &platform)?;
        let fresh = shop.path().join("wheels");
        fs_err::create_dir(&fresh)?;
        let received = receive(&mut Guarded::new(reader, cancel), &fresh, ANYTHING, &judge)?;
        let wheels = received.into_iter().filter_map(|Received { file, sha256, size }| match file {
            Dist::Wheel(file) => Some(Wheel::fetched(file, sha256, size, false)),
            Dist::Sdist(_) => None,
        });
        Ok(Wheelhouse::finish(&fresh, &wheel_dir, &platform, &key, &inputs, wheels.collect())?)
    })
    .await
}

/// The way out of what the script complains of.
fn help(reason: &str, session: &Session) -> &'static str {
    if reason.contains("certificate") && session.network.ca.is_none() {
        "behind a proxy that inspects TLS, name its CA: `FACTORY_CA_BUNDLE=/path/to/ca.pem`"
    } else if reason.contains("no such file") || reason.contains("sha256 is") {
        "an index of your own (`PIP_INDEX_URL`, `[python] index_url`) must have these very wheels, too"
    } else if reason.contains("exit code") {
        "does `[python]` of the platform name an interpreter that its `packages` bring?"
    } else {
        "check the network, the proxy variables and the index's address and login, then run the same command: finished \
         steps are kept"
    }
}
