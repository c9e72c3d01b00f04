//! Which steps of a run are done, with which records, and which begin next. Why a step is made again is decided in `plan/assess.rs`.

use std::{collections::BTreeMap, time::Duration};

use super::{
    ended::{BuildError, Done, Failed, Tally, engine_is_gone},
    execute::{Ended, Start},
    queue::{Limits, Phase, Queue, Task, Verdict},
};
use crate::{
    event::{Event, Made, MadeKind, Outcome, StepId},
    execute::{
        Records, Session, Shipped, StepError, disk,
        records::RECORD_VERSION,
        run::{AssessedPlan, Product},
    },
    plan::{Judged, Plan, Record, State, Step, judge},
    util::clock,
    work::Gives,
};

/// A run under way.
pub struct RunState<'a> {
    plan: &'a Plan,
    session: &'a Session,
    store: Records,
    queue: Queue,
    results: Results<'a>,
    failed: Vec<Failed>,
}

/// What the steps that are done gave.
struct Results<'a> {
    assessed: &'a AssessedPlan,
    session: &'a Session,
    records: BTreeMap<StepId, Record>,
    outputs: BTreeMap<StepId, String>,
    /// Why a step must run.
    whys: BTreeMap<StepId, String>,
    /// The records of those whose images only get other names and labels.
    relabelled: BTreeMap<StepId, Record>,
    /// How long those took that ran, in milliseconds.
    ran: BTreeMap<StepId, u64>,
}

impl<'a> RunState<'a> {
    pub fn new(plan: &'a Plan, assessed: &'a AssessedPlan, session: &'a Session) -> Self {
        let limits = Limits { jobs: session.options.jobs, cpus: session.services.cpus };
        let results = Results {
            assessed,
            session,
            records: BTreeMap::new(),
            outputs: BTreeMap::new(),
            whys: BTreeMap::new(),
            relabelled: BTreeMap::new(),
            ran: BTreeMap::new(),
        };
        Self {
            plan,
            session,
            store: Records::for_project(&session.paths.project),
            queue: Queue::new(tasks(plan, assessed), limits, session.options.keep_going),
            results,
            failed: Vec::new(),
        }
    }

    /// The next step that must run and may; steps on the way whose record is valid are finished at once.
    pub fn next(&mut self) -> Option<Start<'a>> {
        if self.session.services.cancel.is_cancelled() {
            self.queue.stop();
        }
        let (steps, results) = (&self.plan.steps, &mut self.results);
        self.queue.settle(&mut |at| results.judge(&steps[at]));
        let step = &self.plan.steps[self.queue.start()?];
        let why = self.results.whys.remove(&step.id).unwrap_or_default();
        let content = step.content_key(&self.results.outputs);
        let labels = self.results.relabelled.get(&step.id).cloned();
        Some(Start { step, why, content, labels, records: self.results.records.clone() })
    }

    /// Takes what a step gave: its record is written before anything else may build on it.
    pub fn take(&mut self, ended: Ended<'_>) {
        let Ended { step, result, took, made_in, tail, way_in } = ended;
        let result = result.and_then(|product| {
            let record = self.results.record(step, product, made_in.unwrap_or(took));
            let saved = self.store.save(&step.id, &record);
            saved.map_err(|error| disk::explain_ours(error.into(), self.session))?;
            Ok(record)
        });
        let (outcome, note) = match &result {
            Ok(record) => (Outcome::Done, record.note.clone()),
            Err(StepError::Interrupted) => (Outcome::Interrupted, String::new()),
            Err(error) => (Outcome::Failed, error.to_string()),
        };
        self.session.services.events.emit(Event::StepFinished { step: step.id.clone(), outcome, took, note });
        if let Some(at) = self.plan.steps.iter().position(|other| other.id == step.id) {
            self.queue.end(at, result.is_ok());
        }
        match result {
            Ok(record) => {
                self.results.ran.insert(step.id.clone(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
                self.results.keep(step, record);
            }
            Err(error) => {
                if engine_is_gone(&error) {
                    self.queue.stop();
                }
                self.failed.push(Failed { step: step.id.clone(), error, tail, way_in });
            }
        }
    }

    /// Says what did not run, and gives the whole result.
    ///
    /// # Errors
    /// When a step failed, or the run was interrupted.
    pub fn finish(mut self, took: Duration) -> Result<Done, Box<BuildError>> {
        let interrupted = self.session.services.cancel.is_cancelled();
        let unfinished = self.unfinished();
        let of = |phase: Phase| self.queue.phases().iter().filter(|other| **other == phase).count();
        let tally = Tally { done: of(Phase::Done), failed: of(Phase::Failed), not_run: unfinished.len() };
        if interrupted
            && self.failed.is_empty()
            && let Some(step) = unfinished.first()
        {
            let error = StepError::Interrupted;
            self.failed.push(Failed { step: step.clone(), error, tail: Vec::new(), way_in: None });
        }
        let made = self.results.made(self.plan);
        if self.failed.is_empty() {
            return Ok(Done { made, records: self.results.records, took });
        }
        for step in unfinished.iter().filter(|_| !interrupted) {
            let (took, note) = (Duration::ZERO, String::new());
            self.session.services.events.emit(Event::StepFinished {
                step: step.clone(),
                outcome: Outcome::Skipped,
                took,
                note,
            });
        }
        let lost: Vec<&StepId> = self.queue.dependants().into_iter().map(|at| &self.plan.steps[at].id).collect();
        let (skipped, left) = unfinished.into_iter().partition(|step| lost.contains(&step));
        let done = Done { made, records: self.results.records, took };
        let mut error = BuildError { failed: self.failed, skipped, left, done, tally };
        error.order();
        Err(Box::new(error))
    }

    /// The steps that did not come to their turn.
    fn unfinished(&self) -> Vec<StepId> {
        let open = |phase: Phase| matches!(phase, Phase::Waiting | Phase::Ready | Phase::Skipped);
        let steps = self.plan.steps.iter().zip(self.queue.phases());
        steps.filter(|(_, phase)| open(**phase)).map(|(step, _)| step.id.clone()).collect()
    }
}

impl Results<'_> {
    /// Whether the record of a step is valid, now that its inputs are known.
    fn judge(&mut self, step: &Step) -> Verdict {
        match judge(step, self.assessed.truth.record(step), &self.outputs) {
            Judged::Cached(record) => {
                if let Err(error) = self.accept(step) {
                    self.whys.insert(step.id.clone(), error.to_string());
                    return Verdict::Run;
                }
                self.session.services.events.emit(Event::StepFinished {
                    step: step.id.clone(),
                    outcome: Outcome::Cached,
                    took: Duration::ZERO,
                    note: record.note.clone(),
                });
                self.keep(step, record);
                Verdict::Cached
            }
            Judged::Labels(record, why) => {
                let why = if why.is_empty() {
                    "only its label of the commit".to_owned()
                } else {
                    format!("only labels: {why}")
                };
                self.whys.insert(step.id.clone(), why);
                self.relabelled.insert(step.id.clone(), record);
                Verdict::Run
            }
            Judged::Run(why) => {
                self.whys.insert(step.id.clone(), why);
                Verdict::Run
            }
        }
    }

    /// Accepts a package that is there, or refuses it because of one that this run has made.
    fn accept(&self, step: &Step) -> Result<(), StepError> {
        let listing = Records::for_project(&self.session.paths.project).listing(&step.id);
        step.work.accept(&step.id, Shipped::Before(&listing), self.session)
    }

    fn keep(&mut self, step: &Step, record: Record) {
        self.outputs.insert(step.id.clone(), record.output.clone());
        self.records.insert(step.id.clone(), record);
    }

    fn record(&self, step: &Step, product: Product, took: Duration) -> Record {
        let needs = step.needs.iter().filter_map(|id| Some((id.clone(), self.outputs.get(id)?.clone()))).collect();
        let old = self.relabelled.get(&step.id).filter(|old| old.output == product.output);
        Record {
            version: RECORD_VERSION,
            key: step.key(&self.outputs),
            content: (!step.labels.is_empty()).then(|| step.content_key(&self.outputs)),
            inputs: step.inputs.clone(),
            labels: step.labels.clone(),
            before: old.map(|old| before(old, product.images.values().next())).unwrap_or_default(),
            origins: step.origins.clone(),
            specifiers: step.specifiers.clone(),
            holdings: step.holdings.clone(),
            needs,
            output: product.output,
            images: product.images,
            root: product.root,
            files: product.files,
            note: product.note,
            size: product.size,
            warnings: product.warnings,
            projects: product.projects,
            index: product.index,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            finished: clock::rfc3339(clock::now()),
        }
    }

    /// The rows of the closing table.
    fn made(&self, plan: &Plan) -> Vec<Made> {
        let mut rows = Vec::new();
        for step in plan.steps.iter().filter(|step| step.wanted) {
            let Some(record) = self.records.get(&step.id) else { continue };
            let row = |kind, name: String, digest: String| Made {
                kind,
                platform: step.platform.to_string(),
                name,
                size: record.size,
                digest,
                took_ms: self.ran.get(&step.id).copied(),
            };
            match step.work.gives() {
                Gives::Wheels { requirements: Some(requirements), .. } => {
                    let name = format!("{requirements} ({})", record.note);
                    rows.push(row(MadeKind::Wheels, name, format!("sha256:{}", record.output)));
                }
                Gives::Image(tags) => {
                    rows.extend(tags.iter().map(|tag| row(MadeKind::Image, tag.clone(), record.image().to_owned())));
                }
                Gives::Files => {
                    let files = record.files.iter().filter(|file| file.is_artifact());
                    rows.extend(files.map(|file| Made {
                        size: file.size,
                        ..row(MadeKind::Package, file.path.clone(), format!("sha256:{}", file.sha256))
                    }));
                }
                Gives::Nothing | Gives::Wheels { requirements: None, .. } => {}
            }
        }
        rows
    }
}

/// Most ids of an image that are known.
const KNOWN: usize = 64;

/// The ids that an image had before it got this one.
fn before(old: &Record, now: Option<&String>) -> Vec<String> {
    let mut ids = old.before.clone();
    ids.push(old.image().to_owned());
    ids.retain(|id| Some(id) != now);
    ids.drain(..ids.len().saturating_sub(KNOWN));
    ids
}

/// The plan as the queue sees it. A step whose record is expected to be valid takes no time; one that never ran takes as long as
/// its kind usually does.
fn tasks(plan: &Plan, assessed: &AssessedPlan) -> Vec<Task> {
    let places: BTreeMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
    let mut platforms: Vec<&str> = Vec::new();
    plan.steps
        .iter()
        .map(|step| {
            let name = step.platform.as_str();
            let platform = platforms.iter().position(|known| *known == name).unwrap_or_else(|| {
                platforms.push(name);
                platforms.len() - 1
            });
            let known = |ids: &[StepId]| ids.iter().filter_map(|id| places.get(id).copied()).collect();
            let state = assessed.states.get(&step.id);
            let usual = || u64::try_from(step.work.usual().as_millis()).unwrap_or(u64::MAX);
            Task {
                platform,
                load: step.work.load(),
                needs: known(&step.needs),
                uses: known(&step.uses),
                after: known(&step.after),
                expected: match state {
                    Some(State::Cached | State::Labels(_)) => 0,
                    _ => assessed.took_ms(&step.id).unwrap_or_else(usual),
                },
                idle: state == Some(&State::Idle),
            }
        })
        .collect()
}
