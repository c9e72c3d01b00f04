//! Runs a plan: every step as soon as what it needs is done, up to `jobs` at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

use super::{
    Records, Session, StepError, base, image, package,
    records::{RECORD_VERSION, Truth},
    wapt, wheels,
};
use crate::{
    event::{Event, Made, MadeKind, Outcome, StepId},
    names::Sha256,
    plan::{Assessment, Estimate, Plan, Record, RecordedFile, State, Step, Work, assess, estimate, judge},
    util::clock,
};

/// What a step gives when it succeeds.
#[derive(Debug, Default)]
pub struct Product {
    /// The digest that stands for its result.
    pub output: String,
    /// Images it made or found: name -> id.
    pub images: BTreeMap<String, String>,
    /// Files it wrote.
    pub files: Vec<RecordedFile>,
    /// For people.
    pub note: String,
    /// Bytes of what it made.
    pub size: u64,
}

/// What a finished run gives.
#[derive(Debug)]
pub struct Done {
    /// The closing table's rows.
    pub made: Vec<Made>,
    /// The record of every step that counted.
    pub records: BTreeMap<StepId, Record>,
    /// Wall time.
    pub took: Duration,
}

/// Why a run failed.
#[derive(Debug)]
pub struct BuildError {
    /// The step that failed first.
    pub step: StepId,
    /// Why.
    pub error: StepError,
    /// Other steps that failed, with their reasons.
    pub others: Vec<(StepId, StepError)>,
    /// Steps that did not run because of it.
    pub skipped: Vec<StepId>,
    /// The last lines of the failed step's output.
    pub tail: Vec<String>,
}

/// A plan held against the world: what is cached, what will run and why.
#[derive(Debug)]
pub struct Survey {
    /// The state of every step.
    pub states: BTreeMap<StepId, State>,
    /// The keys that are known before anything runs.
    pub keys: BTreeMap<StepId, Sha256>,
    truth: Truth,
}

impl Survey {
    /// How long a step took when it last ran, in milliseconds.
    #[must_use]
    pub fn took_ms(&self, step: &StepId) -> Option<u64> {
        self.truth.took_ms(step)
    }

    /// How long a run will take with so many jobs.
    #[must_use]
    pub fn estimate(&self, plan: &Plan, jobs: usize) -> Estimate {
        estimate(plan, &self.states, &|step| self.took_ms(step), jobs)
    }

    /// Base images that were last fetched or made longer ago than their recipe wants, in words. `now` is in seconds since
    /// 1970 UTC.
    #[must_use]
    pub fn stale(&self, plan: &Plan, now: i64) -> Vec<String> {
        let bases = plan.steps.iter().filter_map(|step| match &step.work {
            Work::Base(work) if work.refresh_days > 0 => Some((step, work)),
            _ => None,
        });
        bases
            .filter_map(|(step, work)| {
                let days = clock::days_since(&self.record(step)?.finished, now)?;
                let old = days > i64::from(work.refresh_days);
                old.then(|| {
                    let platform = &step.platform;
                    format!("the base image of {platform} is {days} days old; `factory build --refresh` renews it")
                })
            })
            .collect()
    }

    /// The record of a cached step.
    #[must_use]
    pub fn record(&self, step: &Step) -> Option<Record> {
        self.truth.record(step).ok()
    }
}

/// Holds a plan against the world.
///
/// # Errors
/// When the daemon does not answer.
pub async fn survey(plan: &Plan, session: &Session) -> Result<Survey, StepError> {
    let truth = Truth::of(plan, session).await?;
    let Assessment { states, keys } = assess(plan, &|step| truth.record(step));
    Ok(Survey { states, keys, truth })
}

/// Runs what the survey says must run. A failure stops new steps from starting; those that run are let finish, so that
/// their work is not lost. Ctrl-C stops all.
///
/// # Errors
/// The first failure, with the others behind it.
pub async fn run(plan: &Plan, survey: &Survey, session: &Session) -> Result<Done, Box<BuildError>> {
    let started = Instant::now();
    let mut progress = Progress::new(plan, survey, session);
    let mut running: FuturesUnordered<BoxFuture<'_, Ended<'_>>> = FuturesUnordered::new();
    loop {
        while running.len() < session.jobs.max(1) {
            let Some(start) = progress.next() else { break };
            running.push(execute(start.step, start.why, start.records, session).boxed());
        }
        let Some(ended) = running.next().await else { break };
        progress.take(ended);
    }
    progress.finish(started.elapsed())
}

/// A step that ended.
struct Ended<'a> {
    step: &'a Step,
    result: Result<Product, StepError>,
    took: Duration,
    tail: Vec<String>,
}

/// A step that may begin.
struct Start<'a> {
    step: &'a Step,
    why: String,
    records: BTreeMap<StepId, Record>,
}

/// Which steps are done, and which may begin.
struct Progress<'a> {
    plan: &'a Plan,
    survey: &'a Survey,
    session: &'a Session,
    store: Records,
    records: BTreeMap<StepId, Record>,
    outputs: BTreeMap<StepId, String>,
    begun: BTreeSet<StepId>,
    ran: BTreeMap<StepId, u64>,
    failed: Vec<(StepId, StepError, Vec<String>)>,
}

impl<'a> Progress<'a> {
    fn new(plan: &'a Plan, survey: &'a Survey, session: &'a Session) -> Self {
        Self {
            plan,
            survey,
            session,
            store: Records::of(&session.project),
            records: BTreeMap::new(),
            outputs: BTreeMap::new(),
            begun: BTreeSet::new(),
            ran: BTreeMap::new(),
            failed: Vec::new(),
        }
    }

    /// The next step that must run and can; steps on the way whose record counts are finished at once.
    fn next(&mut self) -> Option<Start<'a>> {
        if !self.failed.is_empty() || self.session.cancel.is_cancelled() {
            return None;
        }
        for step in &self.plan.steps {
            let idle = self.survey.states.get(&step.id) == Some(&State::Idle);
            if idle || self.begun.contains(&step.id) || !step.needs.iter().all(|need| self.outputs.contains_key(need)) {
                continue;
            }
            match judge(step, self.survey.truth.record(step), &self.outputs) {
                Ok(record) => {
                    self.begun.insert(step.id.clone());
                    self.cached(step, record);
                    // What it made may let an earlier step of the list begin.
                    return self.next();
                }
                Err(why) => {
                    if !step.uses.iter().all(|tool| self.outputs.contains_key(tool)) {
                        continue;
                    }
                    self.begun.insert(step.id.clone());
                    return Some(Start { step, why, records: self.records.clone() });
                }
            }
        }
        None
    }

    fn cached(&mut self, step: &Step, record: Record) {
        self.session.events.emit(Event::StepFinished {
            step: step.id.clone(),
            outcome: Outcome::Cached,
            took: Duration::ZERO,
            note: record.note.clone(),
        });
        self.outputs.insert(step.id.clone(), record.output.clone());
        self.records.insert(step.id.clone(), record);
    }

    fn take(&mut self, ended: Ended<'_>) {
        let Ended { step, result, took, tail } = ended;
        let result = result.and_then(|product| {
            let record = self.record(step, product, took);
            self.store.save(&step.id, &record)?;
            Ok(record)
        });
        let (outcome, note) = match &result {
            Ok(record) => (Outcome::Done, record.note.clone()),
            Err(StepError::Interrupted) => (Outcome::Interrupted, String::new()),
            Err(error) => (Outcome::Failed, error.to_string()),
        };
        self.session.events.emit(Event::StepFinished { step: step.id.clone(), outcome, took, note });
        match result {
            Ok(record) => {
                self.ran.insert(step.id.clone(), record.took_ms);
                self.outputs.insert(step.id.clone(), record.output.clone());
                self.records.insert(step.id.clone(), record);
            }
            Err(error) => self.failed.push((step.id.clone(), error, tail)),
        }
    }

    fn record(&self, step: &Step, product: Product, took: Duration) -> Record {
        let needs = step.needs.iter().filter_map(|id| Some((id.clone(), self.outputs.get(id)?.clone()))).collect();
        Record {
            version: RECORD_VERSION,
            key: step.key(&self.outputs),
            inputs: step.inputs.clone(),
            origins: step.origins.clone(),
            wishes: step.wishes.clone(),
            needs,
            output: product.output,
            images: product.images,
            files: product.files,
            note: product.note,
            size: product.size,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            finished: clock::rfc3339(clock::now()),
        }
    }

    fn finish(mut self, took: Duration) -> Result<Done, Box<BuildError>> {
        let interrupted = self.session.cancel.is_cancelled();
        if interrupted && self.failed.is_empty() {
            let id = self.plan.steps.iter().find(|step| !self.begun.contains(&step.id));
            if let Some(step) = id {
                self.failed.push((step.id.clone(), StepError::Interrupted, Vec::new()));
            }
        }
        if self.failed.is_empty() {
            return Ok(Done { made: self.made(), records: self.records, took });
        }
        let skipped: Vec<StepId> = self
            .plan
            .steps
            .iter()
            .filter(|step| step.wanted && !self.begun.contains(&step.id))
            .map(|step| step.id.clone())
            .collect();
        for step in skipped.iter().filter(|_| !interrupted) {
            let took = Duration::ZERO;
            let note = String::new();
            self.session.events.emit(Event::StepFinished { step: step.clone(), outcome: Outcome::Skipped, took, note });
        }
        // An interruption is the news, whatever else broke because of it.
        let first = self.failed.iter().position(|(_, error, _)| matches!(error, StepError::Interrupted)).unwrap_or(0);
        let (step, error, tail) = self.failed.swap_remove(first);
        let others = self.failed.into_iter().map(|(step, error, _)| (step, error)).collect();
        Err(Box::new(BuildError { step, error, others, skipped, tail }))
    }

    fn made(&self) -> Vec<Made> {
        let mut rows = Vec::new();
        for step in self.plan.steps.iter().filter(|step| step.wanted) {
            let Some(record) = self.records.get(&step.id) else { continue };
            let row = |kind, name: String, digest: String| Made {
                kind,
                platform: step.platform.to_string(),
                name,
                size: record.size,
                digest,
                took_ms: self.ran.get(&step.id).copied(),
            };
            match &step.work {
                Work::Wheels(work) => {
                    let name = format!("{} ({})", work.requirements_name, record.note);
                    rows.push(row(MadeKind::Wheels, name, format!("sha256:{}", record.output)));
                }
                Work::Image(work) => {
                    rows.extend(work.tags.iter().map(|tag| row(MadeKind::Image, tag.clone(), record.output.clone())));
                }
                Work::Package(_) | Work::Wapt(_) => {
                    let files = record.files.iter().filter(|file| !file.path.starts_with(".factory/"));
                    rows.extend(files.map(|file| Made {
                        size: file.size,
                        ..row(MadeKind::Package, file.path.clone(), format!("sha256:{}", file.sha256))
                    }));
                }
                Work::Base(_) | Work::Builder(_) | Work::Seed(_) => {}
            }
        }
        rows
    }
}

async fn execute<'a>(
    step: &'a Step,
    why: String,
    records: BTreeMap<StepId, Record>,
    session: &'a Session,
) -> Ended<'a> {
    let started = Instant::now();
    session.events.emit(Event::StepStarted { step: step.id.clone(), title: step.title.clone(), why });
    let lines = super::Lines::of(&session.events, &step.id);
    let result = match &step.work {
        // Stops by itself: a program of the host is told to, and waited for.
        Work::Base(work) => base::run(work, step, session, &lines).await,
        Work::Builder(work) => session.until_stopped(image::run_builder(work, step, session, &lines)).await,
        Work::Seed(work) => session.until_stopped(wheels::seed::run(work, step, session, &lines)).await,
        Work::Wheels(work) => session.until_stopped(wheels::run(work, step, &records, session, &lines)).await,
        Work::Image(work) => session.until_stopped(image::run(work, step, &records, session, &lines)).await,
        Work::Package(work) => session.until_stopped(package::run(work, step, &records, session, &lines)).await,
        Work::Wapt(work) => session.until_stopped(wapt::run(work, step, &records, session, &lines)).await,
    };
    Ended { step, result, took: started.elapsed(), tail: lines.tail() }
}
