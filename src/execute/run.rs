//! What a run begins with, a plan held against the world, and what each of its steps gives.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::FutureExt as _;

use super::{Session, StepError, records::Truth, step_cache::stored};
use crate::{
    engine::Labels,
    event::StepId,
    names::Sha256,
    plan::{self, Assessment, Estimate, Plan, Record, RecordedFile, Root, State, Step, estimate},
    util::clock,
    work::Locks,
};

/// What a step gives when it succeeds.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// The digest that stands for its result.
    pub output: String,
    /// Images it made or found: name -> id.
    pub images: BTreeMap<String, String>,
    /// The labels that were put on its image.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Of a base image: what it is before it is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// Files it wrote.
    pub files: Vec<RecordedFile>,
    /// For people.
    pub note: String,
    /// Bytes of what it made.
    pub size: u64,
    /// What is doubtful of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The versions that Python projects were built as.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<String, String>,
    /// Of a package: the digest of the index of libraries that its relations were found with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Sha256>,
}

/// A plan held against the world: what is cached, what will run and why.
#[derive(Debug)]
pub struct AssessedPlan {
    /// The state of every step.
    pub states: BTreeMap<StepId, State>,
    /// The keys that are known before anything runs.
    pub keys: BTreeMap<StepId, Sha256>,
    pub(crate) truth: Truth,
}

impl AssessedPlan {
    /// What is doubtful of what is made already and stays, each once.
    #[must_use]
    pub fn doubts(&self, plan: &Plan) -> BTreeSet<String> {
        let stays = |step: &&Step| matches!(self.states.get(&step.id), Some(State::Cached | State::Labels(_)));
        plan.steps
            .iter()
            .filter(stays)
            .filter_map(|step| Some((step, self.record(step)?)))
            .flat_map(|(step, record)| {
                let versions =
                    step.unread.iter().flat_map(|unread| unread.doubts(&record.projects)).collect::<Vec<_>>();
                record.warnings.into_iter().chain(versions)
            })
            .collect()
    }

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
        let bases = plan.steps.iter().filter_map(|step| match step.work.locks() {
            Locks::Base(work) => (work.refresh_days > 0).then_some((step, work)),
            Locks::Set(_) | Locks::Index(_) | Locks::Nothing => None,
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

    /// Whether what a step gives is not known before it has run.
    #[must_use]
    pub fn is_open(&self, step: &StepId) -> bool {
        matches!(self.states.get(step), Some(State::Run(_) | State::Waits(_) | State::Idle) | None)
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
pub async fn assess(plan: &Plan, session: &Session) -> Result<AssessedPlan, StepError> {
    let truth = Truth::for_plan(plan, session).await?;
    let Assessment { states, keys } = plan::assess(plan, &|step| truth.record(step), &|step, key| {
        async move { stored(step, &key, session).await }.boxed()
    })
    .await;
    let mut states = states;
    for step in &plan.steps {
        if let Some(State::Run(why)) = states.get_mut(&step.id)
            && step.work.runner().is_in_parts(step, session).await
        {
            why.push_str(", from the store");
        }
    }
    Ok(AssessedPlan { states, keys, truth })
}
