//! How a run ended: what was done, and every failure.

use std::{collections::BTreeMap, time::Duration};

use super::super::StepError;
use crate::{
    engine::EngineError,
    event::{Made, StepId},
    plan::Record,
};

/// What a finished run gives.
#[derive(Debug, Default)]
pub struct Done {
    /// The closing table's rows.
    pub made: Vec<Made>,
    /// The record of every step that was valid or was written.
    pub records: BTreeMap<StepId, Record>,
    /// Wall time.
    pub took: Duration,
}

/// Why a run failed.
#[derive(Debug)]
pub struct BuildError {
    /// Every step that failed, in the order of their ends; the one that decides how the program ends is the first.
    pub failed: Vec<Failed>,
    /// Steps that cannot run because of them.
    pub skipped: Vec<StepId>,
    /// Steps that could have run, and were not begun any more.
    pub left: Vec<StepId>,
    /// What was done all the same.
    pub done: Done,
    /// How many steps the run had, and what became of them.
    pub tally: Tally,
}

/// What became of the steps of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Those that are done, in this run or in one before.
    pub done: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that did not come to their turn.
    pub not_run: usize,
}

impl Tally {
    /// In words: `4 of 8 steps are done, 1 failed, 3 did not run`. Together these are all of them.
    #[must_use]
    pub fn sentence(self) -> String {
        let Self { done, failed, not_run } = self;
        let is = if done == 1 { "is" } else { "are" };
        let rest = if not_run == 0 { String::new() } else { format!(", {not_run} did not run") };
        format!("{done} of {} steps {is} done, {failed} failed{rest}", done + failed + not_run)
    }
}

/// A step that failed.
#[derive(Debug)]
pub struct Failed {
    /// Which.
    pub step: StepId,
    /// Why.
    pub error: StepError,
    /// The last lines of its output.
    pub tail: Vec<String>,
    /// How to look around where it failed, when that was asked for.
    pub way_in: Option<String>,
}

impl BuildError {
    /// Puts the failure first that says most of the run: an interruption is the news whatever else broke because of it, and
    /// so is a daemon that is gone.
    pub(crate) fn order(&mut self) {
        self.failed.sort_by_key(|failed| match &failed.error {
            StepError::Interrupted => 0,
            error if engine_is_gone(error) => 1,
            _ => 2,
        });
    }
}

/// Whether no other step can do anything either.
pub(crate) fn engine_is_gone(error: &StepError) -> bool {
    matches!(error, StepError::Engine(EngineError::Lost { .. } | EngineError::Unreachable { .. }))
}
