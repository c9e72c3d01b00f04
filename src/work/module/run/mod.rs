//! Making a module: the archives are fetched, each held against its digest; a tree is made of them (the interpreter and its library, a
//! virtual environment that works from one folder of Windows, and what is left out of both), and written into a cabinet.

mod base;
mod choose;
mod error;
mod job;
mod needs;
mod programs;
mod strip;
mod supply;
#[cfg(test)]
mod tests;
mod trial;
mod venv;
mod whole;

pub use error::ModuleError;
pub use programs::Unmet;
pub use whole::{Assembled, Parts, assemble};

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::ModuleWork;
use crate::{
    execute::{
        Records, Run, RunImage, RunLookedAt, RunShipped, Session, StepContext, StepError, keep::last_container,
        records::blocking, run::Product, step_cache::with_names,
    },
    format::cab::CabError,
    plan::{Record, Step},
    util::files::digest_of,
    work::Expected,
};
use job::Job;
use supply::Supply;

impl From<ModuleError> for StepError {
    fn from(error: ModuleError) -> Self {
        let help = error.help().map(str::to_owned);
        Self::Own { error: error.into(), help }
    }
}

impl From<CabError> for StepError {
    fn from(error: CabError) -> Self {
        Self::Own { error: error.into(), help: None }
    }
}

impl Run for ModuleWork {
    fn run<'a>(&'a self, at: StepContext<'a>) -> BoxFuture<'a, Result<Product, StepError>> {
        at.session.until_stopped(run(self, at)).boxed()
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
        Some(self)
    }

    fn as_shipped(&self) -> Option<&dyn RunShipped> {
        None
    }

    fn restore<'a>(
        &'a self,
        product: Product,
        at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>> {
        with_names(product, at.session).boxed()
    }

    fn is_in_parts<'a>(&'a self, _step: &'a Step, _session: &'a Session) -> BoxFuture<'a, bool> {
        ready(false).boxed()
    }

    fn expected(&self) -> Result<Expected, StepError> {
        Ok(Expected { names: [self.file_name()].into(), ..Expected::default() })
    }
}

impl RunLookedAt for ModuleWork {
    fn look(&self, record: &Record, session: &Session) -> Result<String, Vec<String>> {
        let file = record.files.first().ok_or_else(|| vec!["its record names no file".to_owned()])?;
        let path = session.paths.project.join(&file.path);
        match Records::for_project(&session.paths.project).open(file).and_then(|mut open| digest_of(&mut open)) {
            Ok((sha256, _)) if sha256 == file.sha256 => trial::look(self, &path, &session.services.cancel),
            Ok(_) => Err(vec![format!("`{}` was changed", file.path)]),
            Err(error) => Err(vec![format!("`{}` cannot be read: {error}", file.path)]),
        }
    }
}

/// Runs the step.
async fn run(work: &ModuleWork, at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { step, session, output, .. } = at;
    let supply = Supply::new(work, at)?;
    let base = supply.runtime().await?;
    let wheels = supply.wheels().await?;
    let job = Job {
        work: work.clone(),
        step: step.id.clone(),
        platform: step.platform.to_string(),
        session: session.clone(),
        base,
        wheels,
    };
    let output = output.clone();
    let made = blocking(move || job.finish(&output)).await;
    // The archives are read until then.
    drop(supply);
    made
}
