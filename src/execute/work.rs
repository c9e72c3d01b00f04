//! [`Run`]: what is asked of every kind of work while a plan runs, and [`StepContext`], what a step has then.

use std::{collections::BTreeMap, path::Path};

use futures::future::BoxFuture;

use super::{Session, StepError, StepOutput, run::Product, told::Told};
use crate::{
    engine::ImageInfo,
    event::StepId,
    plan::{Record, Step},
    work::{Expected, Work, each},
};

/// What a step has while it runs.
#[derive(Debug, Clone, Copy)]
pub struct StepContext<'a> {
    /// The step.
    pub step: &'a Step,
    /// The records of what is done.
    pub records: &'a BTreeMap<StepId, Record>,
    /// What all steps of the run share.
    pub session: &'a Session,
    /// Where its output goes.
    pub output: &'a StepOutput,
}

/// How a kind of work is run, and what becomes of what it gave. As with [`Kind`](crate::work::Kind), no question has an answer of
/// its own.
pub trait Run: Sync {
    /// Does the work.
    fn run<'a>(&'a self, at: StepContext<'a>) -> BoxFuture<'a, Result<Product, StepError>>;

    /// Why it is done again although its record is true: what the user asked for.
    fn asked_anew(&self, step: &Step, record: Option<&Record>, session: &Session) -> Option<&'static str>;

    /// Keeps the containers of a step that failed, and gives the command that leads into the last one. `said` are the last lines of
    /// its output.
    fn way_in<'a>(&'a self, at: StepContext<'a>, said: &'a [String]) -> BoxFuture<'a, Option<String>>;

    /// The same as a kind that builds images of the recipe, where it does.
    fn as_image(&self) -> Option<&dyn RunImage>;

    /// The same as a kind that keeps a list of the files that it ships, where it does.
    fn as_shipped(&self) -> Option<&dyn RunShipped>;

    /// The same as a kind whose product is looked at by `factory test` without an engine, where it is.
    fn as_looked_at(&self) -> Option<&dyn RunLookedAt>;

    /// Puts a product of the store in its place, whose files are written; `None` where it is to be made again.
    fn restore<'a>(
        &'a self,
        product: Product,
        at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>>;

    /// Whether the store has all that it would be made of again.
    fn is_in_parts<'a>(&'a self, step: &'a Step, session: &'a Session) -> BoxFuture<'a, bool>;

    /// What its files are called, before it has run: what a registry may have under its name.
    fn expected(&self) -> Result<Expected, StepError>;
}

/// What is asked beside of a kind of work that builds images of the recipe: their names and labels are put on last.
pub trait RunImage: Sync {
    /// How paths of its containers are shown.
    fn told(&self, session: &Session) -> Told;

    /// Puts other names and labels on what a record names, where nothing else changed; `None` where that cannot be done.
    fn relabel<'a>(
        &'a self,
        record: &'a Record,
        at: StepContext<'a>,
    ) -> BoxFuture<'a, Result<Option<Product>, StepError>>;

    /// What stands for the content of an image that it made: whatever is built on it takes that.
    fn output_of(&self, image: &ImageInfo) -> String;
}

/// What is asked beside of a kind of work that keeps a list of the files that it ships.
pub trait RunShipped: Sync {
    /// Holds the list of the files that it ships against those of other steps of its platform.
    fn accept(&self, step: &StepId, shipped: Shipped<'_>, session: &Session) -> Result<(), StepError>;
}

/// What is asked beside of a kind of work whose product can be judged without starting anything of it.
pub trait RunLookedAt: Sync {
    /// What is right with what a record names, in words; else everything that is wrong with it.
    fn look(&self, record: &Record, session: &Session) -> Result<String, Vec<String>>;
}

/// The list of what a step ships.
#[derive(Debug, Clone, Copy)]
pub enum Shipped<'a> {
    /// A file with the list of what this run made.
    New(&'a Path),
    /// That of what was there before.
    Before(&'a Path),
}

impl Work {
    /// How it is run.
    #[must_use]
    pub fn runner(&self) -> &dyn Run {
        each!(self, one => &**one)
    }

    /// How paths of its containers are shown: as they are, where they are no image's.
    #[must_use]
    pub fn told(&self, session: &Session) -> Told {
        self.runner().as_image().map_or_else(Told::default, |image| image.told(session))
    }

    /// What stands for the content of an image that it made: its id, where it gets no names and labels of the recipe.
    #[must_use]
    pub fn output_of(&self, image: &ImageInfo) -> String {
        self.runner().as_image().map_or_else(|| image.id.0.clone(), |own| own.output_of(image))
    }

    /// Holds the list of the files that it ships, where it keeps one, against those of other steps of its platform.
    ///
    /// # Errors
    /// Where two packages ship one file.
    pub fn accept(&self, step: &StepId, shipped: Shipped<'_>, session: &Session) -> Result<(), StepError> {
        self.runner().as_shipped().map_or(Ok(()), |own| own.accept(step, shipped, session))
    }
}

/// Work of a container or of the daemon's builder: given up on Ctrl-C, and when it says nothing for too long although the
/// daemon lives.
///
/// # Errors
/// [`StepError::Interrupted`] and [`StepError::Stalled`], or those of the work.
pub async fn watched<T>(
    at: StepContext<'_>,
    work: impl Future<Output = Result<T, StepError>> + Send,
) -> Result<T, StepError> {
    let idle_timeout = at.session.options.idle_timeout;
    at.session
        .until_stopped(async {
            tokio::select! {
                done = work => done,
                () = at.output.silent_for(idle_timeout) => Err(StepError::Stalled { idle_timeout }),
            }
        })
        .await
}
