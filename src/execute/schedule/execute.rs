//! One step, from its beginning to its end: it is tried again where that helps, and its containers go with it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    event::{Event, StepId},
    execute::{
        Session, StepContext, StepError, StepOutput, build_failure, disk,
        run::Product,
        step_cache::{put, restore},
        transient::{Tries, of_step},
    },
    names::Sha256,
    plan::{Record, Step},
};

/// A step that may begin.
pub struct Start<'a> {
    pub step: &'a Step,
    /// Why it must run.
    pub why: String,
    /// Its key, but for names and labels.
    pub content: Sha256,
    /// Its record, where its image only gets other names and labels.
    pub labels: Option<Record>,
    /// The records of what is done.
    pub records: BTreeMap<StepId, Record>,
}

/// A step that ended.
pub struct Ended<'a> {
    pub step: &'a Step,
    pub result: Result<Product, StepError>,
    pub took: Duration,
    /// How long it took when it was made, where it came from the store.
    pub made_in: Option<Duration>,
    /// The last lines of its output.
    pub tail: Vec<String>,
    /// How to look around where it failed, when that was asked for.
    pub way_in: Option<String>,
}

/// Runs a step, more than once where its failure may pass.
pub async fn execute<'a>(start: Start<'a>, session: &'a Session) -> Ended<'a> {
    let Start { step, why, content, labels, records } = start;
    let started = Instant::now();
    session.services.events.emit(Event::StepStarted { step: step.id.clone(), title: step.title.clone(), why });
    let session = session.for_step();
    match session.until_stopped(there_already(step, &content, labels.as_ref(), &records, &session)).await {
        Ok(None) => {}
        Ok(Some((product, made_in))) => {
            let made_in = Some(Duration::from_millis(made_in));
            return Ended {
                step,
                result: Ok(product),
                took: started.elapsed(),
                made_in,
                tail: Vec::new(),
                way_in: None,
            };
        }
        Err(error) => {
            let error = disk::explain(error, &step.work, &[], &session).await;
            let took = started.elapsed();
            return Ended { step, result: Err(error), took, made_in: None, tail: Vec::new(), way_in: None };
        }
    }
    let mut tries = Tries::default();
    let (result, tail) = loop {
        // A try's complaint is looked for in its own output only; the log has those of all.
        let output = StepOutput::new(&session.services.events, &step.id).telling(step.work.told(&session));
        let _of_another_try = session.doubts_of(&step.id);
        let at = StepContext { step, records: &records, session: &session, output: &output };
        let result = step.work.runner().run(at).await;
        let error = match result {
            Ok(product) => {
                let warnings = session.doubts_of(&step.id).into_iter().chain(output.warnings()).collect();
                let product = Product { warnings, ..product };
                say_versions(step, &product, &session);
                let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                put(step, &content, &product, took_ms, &session).await;
                break (Ok(product), output.tail());
            }
            Err(error) => error,
        };
        let tail = output.tail();
        let again = match of_step(&error, &step.work, &tail) {
            Some(cause) => tries.again(&cause, &step.id, &session, &output).await,
            None => Ok(false),
        };
        match again {
            Ok(true) => session.release().await,
            Ok(false) => break (Err(told(error, &tries, step, &tail, &session).await), tail),
            Err(stopped) => break (Err(stopped), tail),
        }
    };
    let way_in = match &result {
        Ok(_) | Err(StepError::Interrupted) => None,
        Err(_) if session.options.keep_failed => {
            let output = StepOutput::new(&session.services.events, &step.id);
            let at = StepContext { step, records: &records, session: &session, output: &output };
            step.work.runner().way_in(at, &tail).await
        }
        Err(_) => None,
    };
    if way_in.is_none() && !matches!(result, Err(StepError::Interrupted)) {
        session.release().await;
    }
    Ended { step, result, took: started.elapsed(), made_in: None, tail, way_in }
}

/// Says which Python projects were built as another version than the release. That depends on the release: it is no warning to be kept.
fn say_versions(step: &Step, product: &Product, session: &Session) {
    for text in step.unread.iter().flat_map(|unread| unread.doubts(&product.projects)) {
        session.say(&step.id, text);
    }
}

/// What needs not be made: an image that only gets other names and labels, and what the store knows; with how long it took to
/// make.
async fn there_already(
    step: &Step,
    content: &Sha256,
    labels: Option<&Record>,
    records: &BTreeMap<StepId, Record>,
    session: &Session,
) -> Result<Option<(Product, u64)>, StepError> {
    let output = StepOutput::new(&session.services.events, &step.id);
    let at = StepContext { step, records, session, output: &output };
    if let Some(record) = labels
        && let Some(image) = step.work.runner().as_image()
        && let Some(product) = image.relabel(record, at).await?
    {
        put(step, content, &product, record.took_ms, session).await;
        return Ok(Some((product, record.took_ms)));
    }
    let found = restore(content, at).await?;
    Ok(found.map(|(product, made_in)| {
        product.warnings.iter().for_each(|text| session.warn_once(text.clone()));
        say_versions(step, &product, session);
        let note = format!("{}, from the store", product.note);
        (Product { note, ..product }, made_in)
    }))
}

/// The error as it is told in the end.
async fn told(error: StepError, tries: &Tries, step: &Step, tail: &[String], session: &Session) -> StepError {
    let error = build_failure::explain(disk::explain(error, &step.work, tail, session).await, &step.work, tail);
    match tries.cause() {
        None => error,
        Some(cause) => StepError::Again { error: Box::new(error), tries: tries.made(), cause: cause.to_owned() },
    }
}
