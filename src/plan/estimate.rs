//! How long a run will take, from how long its steps took before: the run played through without doing anything.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use super::{Plan, State};
use crate::event::StepId;

/// How long a run will take. Times are in milliseconds; a step that nothing is known of is taken to need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Of all steps, one after the other.
    pub work_ms: u64,
    /// From the first to the last, with so many jobs.
    pub run_ms: u64,
    /// Steps of which nothing is known.
    pub unknown: usize,
}

/// Plays a run through: every step that is not cached begins in the plan's order as soon as what it needs and uses is done,
/// `jobs` at once. Steps that wait are counted as if they ran: that their key comes out as it was cannot be known before.
#[must_use]
pub fn estimate(
    plan: &Plan,
    states: &BTreeMap<StepId, State>,
    took_ms: &dyn Fn(&StepId) -> Option<u64>,
    jobs: usize,
) -> Estimate {
    let runs = |state: &State| matches!(state, State::Run(_) | State::Waits(_));
    let steps: Vec<_> = plan.steps.iter().filter(|step| states.get(&step.id).is_some_and(runs)).collect();
    let places: BTreeMap<&StepId, usize> = steps.iter().zip(0..).map(|(step, at)| (&step.id, at)).collect();
    let mut waiting = vec![0_usize; steps.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (at, step) in steps.iter().enumerate() {
        let before: BTreeSet<usize> =
            step.needs.iter().chain(&step.uses).chain(&step.after).filter_map(|id| places.get(id).copied()).collect();
        waiting[at] = before.len();
        for need in before {
            followers[need].push(at);
        }
    }
    let mut ready: BTreeSet<usize> = (0..steps.len()).filter(|at| waiting[*at] == 0).collect();
    let mut running = BinaryHeap::new();
    let (mut now, mut sum) = (0, Estimate::default());
    loop {
        while running.len() < jobs.max(1)
            && let Some(at) = ready.pop_first()
        {
            let took = took_ms(&steps[at].id);
            sum.unknown += usize::from(took.is_none());
            sum.work_ms = sum.work_ms.saturating_add(took.unwrap_or_default());
            running.push(Reverse((took.unwrap_or_default().saturating_add(now), at)));
        }
        let Some(Reverse((ended, at))) = running.pop() else { break };
        now = ended;
        for follower in &followers[at] {
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                ready.insert(*follower);
            }
        }
    }
    Estimate { run_ms: now, ..sum }
}
