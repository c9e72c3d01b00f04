//! Builds the image with the compilers.

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::BuilderWork;
use crate::{
    engine::Labels,
    execute::{
        Run, RunImage, RunLookedAt, RunShipped, Session, StepContext, StepError, context::TarFile, run::Product,
        step_cache::with_names, watched,
    },
    plan::{Record, Step, label},
    work::{
        Expected,
        image::run::{build, name, product, trust},
    },
};

impl Run for BuilderWork {
    fn run<'a>(&'a self, at: StepContext<'a>) -> BoxFuture<'a, Result<Product, StepError>> {
        watched(at, run(self, at)).boxed()
    }

    fn asked_anew(&self, _step: &Step, _record: Option<&Record>, _session: &Session) -> Option<&'static str> {
        None
    }

    fn way_in<'a>(&'a self, _at: StepContext<'a>, _said: &'a [String]) -> BoxFuture<'a, Option<String>> {
        ready(None).boxed()
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
        product: Product,
        at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>> {
        with_names(product, at.session).boxed()
    }

    fn is_in_parts<'a>(&'a self, _step: &'a Step, _session: &'a Session) -> BoxFuture<'a, bool> {
        ready(false).boxed()
    }

    fn expected(&self) -> Result<Expected, StepError> {
        Ok(Expected::default())
    }
}

/// Builds the wheel builder.
async fn run(work: &BuilderWork, at: StepContext<'_>) -> Result<Product, StepError> {
    let StepContext { step, session, .. } = at;
    let mut context = TarFile::new(session.options.epoch)?;
    context.bytes("Dockerfile", work.dockerfile.as_bytes(), 0o644, 0)?;
    trust(&mut context, session)?;
    let labels: Labels = [
        (label::PROJECT, session.ids.project.as_str()),
        (label::KIND, "builder"),
        (label::STEP, step.id.as_str()),
        (label::TAGS, work.tag.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let tags = vec![work.tag.clone()];
    let image = build(context, tags.clone(), labels.clone(), at).await?;
    name(&image, &tags, &labels, session).await?;
    let made = product(&image, std::slice::from_ref(&work.tag), Labels::new());
    // Nothing is taken from it; what is built in it is told by what is installed.
    Ok(Product { output: image.id.0, ..made })
}
