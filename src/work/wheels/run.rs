//! Wheels: what the index and the store have is taken, what is missing is built; together it becomes a wheelhouse.
//!
//! 1. What needs no index is in the requirements as the wheel that it is (`ready`): folders of the checkout
//!    (`own`), and pins that are what they were (`known`).
//! 2. pip says which files belong to the requirements (`resolve`); those that the store has are not fetched again.
//!    Code of source distributions runs there, so that all of it is held against the requirements and the indexes (`held`), by a
//!    process that no such code can reach (`told`), before anything of it is kept.
//! 3. Source distributions become wheels (`compile`): out of the store where the very same was built before, else each in a
//!    container of its own, so that none of them can change the wheel of another one, now or in the store.
//! 4. All wheels get their name together.
//!
//! Everything is done by pip in containers of the builder image, as the caller's user.

mod compile;
pub(crate) mod complaint;
pub(crate) mod environment;
mod foretold;
mod found;
mod heed;
mod held;
mod inside;
mod known;
mod locked;
mod offer;
mod own;
pub(crate) mod pip;
pub(crate) mod pip_runner;
mod places;
mod ready;
mod resolve;
mod told;

use futures::{
    StreamExt as _, TryStreamExt as _,
    future::{BoxFuture, FutureExt as _, ready},
};

use super::WheelsWork;
use crate::{
    execute::{
        Run, RunImage, RunLookedAt, RunShipped, Session, StepContext, StepError,
        keep::last_container,
        records::{blocking, noted, wheels_record},
        run::Product,
        watched,
    },
    plan::{Record, Step},
    source::{
        store::key_of_file,
        wheelhouse::{Dist, Wheel, Wheelhouse},
    },
    work::{Expected, image::run as image},
};
use environment::Environment;
use found::Found;
use pip_runner::{PipRunner, Toolbox};
use ready::Ready;

pub use foretold::are_stored;

/// Builds of one step at once, where `--jobs` allows as many.
const AT_ONCE: usize = 4;

impl Run for WheelsWork {
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

    fn is_in_parts<'a>(&'a self, step: &'a Step, session: &'a Session) -> BoxFuture<'a, bool> {
        are_stored(self, step, session).boxed()
    }

    fn expected(&self) -> Result<Expected, StepError> {
        Ok(Expected::default())
    }
}

/// Runs the step.
async fn run(work: &WheelsWork, at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { step, records, session, output } = at;
    let toolbox = match &work.toolbox {
        Some((seed, script)) => {
            let seed = image::wheelhouse(seed, noted(records, seed)?, at).await?;
            Some(Toolbox { seed, script: script.clone() })
        }
        None => None,
    };
    let runner = PipRunner::new(work, step, session, output, toolbox)?;
    Ok(complete(step, &make(&runner).await?))
}

/// What a wheelhouse step gives.
pub(crate) fn complete(step: &Step, made: &Wheelhouse) -> Product {
    let record = wheels_record(step, made, 0);
    let Record { output, note, size, projects, .. } = record;
    Product { output, note, size, projects, ..Product::default() }
}

async fn make(runner: &PipRunner<'_>) -> Result<Wheelhouse, StepError> {
    let environment = Environment::new(runner);
    let mut ready = own::wheels(runner, &environment).await?;
    ready.extend(known::wheels(runner, &environment).await?);
    let found = resolve::run(runner, &ready).await?;
    // What is judged now is not what pip did.
    runner.output.settled();
    locked::hold(runner, &found, &ready)?;
    let found = held::hold(runner, found, &ready).await?;
    let house = runner.folder("wheels")?;
    let at_once = runner.session.options.jobs.clamp(1, AT_ONCE);
    let made = futures::stream::iter(found).map(|found| wheel(runner, &environment, &ready, found)).buffered(at_once);
    let mut wheels = Vec::new();
    for (wheel, path) in made.try_collect::<Vec<_>>().await? {
        fs_err::rename(path, house.join(wheel.file.as_str()))?;
        wheels.push(wheel);
    }
    let (work, step, session) = (runner.work, runner.step, runner.session);
    let (wheel_dir, platform) = (session.paths.wheel_dir.clone(), step.platform.to_string());
    let (key, inputs, shop) = (work.key.clone(), step.inputs.clone(), runner.shop());
    blocking(move || {
        let made = Wheelhouse::finish(&house, &wheel_dir, &platform, &key, &inputs, wheels);
        // The folder around it goes when no work goes on in it any more.
        drop(shop);
        Ok(made?)
    })
    .await
}

/// The wheel of a file that pip chose, and where it is.
async fn wheel(
    runner: &PipRunner<'_>,
    environment: &Environment<'_>,
    ready: &[Ready],
    found: Found,
) -> Result<(Wheel, std::path::PathBuf), StepError> {
    if let Some(ready) = ready.iter().find(|ready| ready.wheel.sha256 == found.received.sha256) {
        return Ok((ready.wheel.clone(), found.path));
    }
    let received = &found.received;
    runner.put(key_of_file(&received.sha256), received.label(), found.path.clone()).await?;
    match &received.file {
        Dist::Wheel(file) => {
            let wheel = Wheel::fetched(file.clone(), received.sha256.clone(), received.size, found.offered);
            Ok((wheel, found.path.clone()))
        }
        Dist::Sdist(_) => compile::sdist(runner, environment, &found).await,
    }
}
