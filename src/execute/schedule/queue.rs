//! Which step begins next: pure code, without clock, daemon or disk.
//!
//! A step is judged once all that it *needs* is done: its record is valid, or it must run. One that must run begins once
//! the tools that it *uses* are there too and those that it comes *after* have ended, and `--jobs` and the limit of its load leave room. Of those that may begin the
//! one goes first on which the longest way to the end hangs (the critical path), unless a platform was passed over too
//! often.

use std::collections::{BTreeMap, BTreeSet};

use super::load::most;
use crate::work::Load;

/// A step as the queue sees it. Others are named by their places in the plan, which come before its own.
#[derive(Debug, Clone)]
pub struct Task {
    /// The number of its platform.
    pub platform: usize,
    /// What it takes most of.
    pub load: Load,
    /// Those whose output it needs.
    pub needs: Vec<usize>,
    /// Those that must have run before it runs, but not before it is found cached.
    pub uses: Vec<usize>,
    /// Those that must have ended before it runs, whatever became of them.
    pub after: Vec<usize>,
    /// How long it is expected to take, in milliseconds; 0 when its record is expected to be valid.
    pub expected: u64,
    /// Nothing wants it: it never runs.
    pub idle: bool,
}

/// How much runs at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Steps in all (`--jobs`).
    pub jobs: usize,
    /// Processors of the daemon, which the limits of kinds depend on.
    pub cpus: usize,
}

/// What a step turns out to be once its inputs are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its record is valid.
    Cached,
    /// It must run.
    Run,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing wants it.
    Idle,
    /// What it needs is not done yet.
    Waiting,
    /// It must run, and waits for its tools or its turn.
    Ready,
    /// It runs.
    Running,
    /// It is done, or its record is valid.
    Done,
    /// It ran and failed.
    Failed,
    /// It cannot run: something that it needs or uses failed.
    Skipped,
}

/// A platform that could have begun a step and was passed over so often goes next.
pub const PASSED: u32 = 4;

/// All steps of a run, and how far they are.
#[derive(Debug)]
pub struct Queue {
    tasks: Vec<Task>,
    limits: Limits,
    keep_going: bool,
    stopped: bool,
    phases: Vec<Phase>,
    /// The longest expected way from the beginning of a step to the end of the run.
    ranks: Vec<u64>,
    /// How often a platform was passed over since it last began a step.
    passed: BTreeMap<usize, u32>,
}

impl Queue {
    /// A queue of these steps, each behind those it needs, uses or comes after. Without `keep_going` nothing begins after a failure.
    #[must_use]
    pub fn new(tasks: Vec<Task>, limits: Limits, keep_going: bool) -> Self {
        let phases = tasks.iter().map(|task| if task.idle { Phase::Idle } else { Phase::Waiting }).collect();
        let ranks = ranks(&tasks);
        Self { tasks, limits, keep_going, stopped: false, phases, ranks, passed: BTreeMap::new() }
    }

    /// How far each step is.
    #[must_use]
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Nothing begins any more.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Has every step judged whose needs are done, and skips those whose needs or tools are lost, until nothing changes.
    pub fn settle(&mut self, judge: &mut dyn FnMut(usize) -> Verdict) {
        let mut moved = !self.stopped;
        while moved {
            moved = false;
            for at in 0..self.tasks.len() {
                moved |= self.settle_one(at, judge);
            }
        }
    }

    fn settle_one(&mut self, at: usize, judge: &mut dyn FnMut(usize) -> Verdict) -> bool {
        let task = &self.tasks[at];
        let next = match self.phases[at] {
            Phase::Waiting if self.lost(&task.needs) => Phase::Skipped,
            Phase::Waiting if self.done(&task.needs) => match judge(at) {
                Verdict::Cached => Phase::Done,
                Verdict::Run => Phase::Ready,
            },
            Phase::Ready if self.lost(&task.uses) => Phase::Skipped,
            _ => return false,
        };
        self.phases[at] = next;
        true
    }

    /// Whether something begins now, and what. It runs from then on.
    pub fn start(&mut self) -> Option<usize> {
        let may: Vec<usize> = (0..self.tasks.len()).filter(|at| self.may_start(*at)).collect();
        let waited = |at: &usize| self.passed.get(&self.tasks[*at].platform).copied().unwrap_or_default();
        let overdue = may.iter().map(waited).max().filter(|times| *times >= PASSED);
        let eligible = may.iter().filter(|at| overdue.is_none_or(|times| waited(at) == times));
        // The first of equals: `max_by_key` would take the last one.
        let chosen = *eligible.rev().max_by_key(|at| self.ranks[**at])?;
        for platform in may.iter().map(|at| self.tasks[*at].platform).collect::<BTreeSet<_>>() {
            *self.passed.entry(platform).or_default() += 1;
        }
        self.passed.insert(self.tasks[chosen].platform, 0);
        self.phases[chosen] = Phase::Running;
        Some(chosen)
    }

    /// A step that ran has ended.
    pub fn end(&mut self, at: usize, succeeded: bool) {
        self.phases[at] = if succeeded { Phase::Done } else { Phase::Failed };
        self.stopped |= !succeeded && !self.keep_going;
    }

    /// Those that cannot run, or could not, because of the steps that failed; in the plan's order.
    #[must_use]
    pub fn dependants(&self) -> Vec<usize> {
        let mut lost: Vec<bool> = self.phases.iter().map(|phase| *phase == Phase::Failed).collect();
        let mut found = Vec::new();
        for (at, task) in self.tasks.iter().enumerate() {
            let open = matches!(self.phases[at], Phase::Waiting | Phase::Ready | Phase::Skipped);
            if open && task.needs.iter().chain(&task.uses).any(|other| lost[*other]) {
                lost[at] = true;
                found.push(at);
            }
        }
        found
    }

    fn may_start(&self, at: usize) -> bool {
        let running = |load: Option<Load>| {
            let is_one = |at: &usize| load.is_none_or(|load| self.tasks[*at].load == load);
            (0..self.tasks.len()).filter(|at| self.phases[*at] == Phase::Running).filter(is_one).count()
        };
        let task = &self.tasks[at];
        !self.stopped
            && self.phases[at] == Phase::Ready
            && self.done(&task.uses)
            && self.ended(&task.after)
            && running(None) < self.limits.jobs.max(1)
            && running(Some(task.load)) < most(task.load, self.limits.cpus)
    }

    fn done(&self, steps: &[usize]) -> bool {
        steps.iter().all(|at| self.phases[*at] == Phase::Done)
    }

    fn ended(&self, steps: &[usize]) -> bool {
        let open = |at: &usize| matches!(self.phases[*at], Phase::Waiting | Phase::Ready | Phase::Running);
        !steps.iter().any(open)
    }

    fn lost(&self, steps: &[usize]) -> bool {
        steps.iter().any(|at| matches!(self.phases[*at], Phase::Failed | Phase::Skipped))
    }
}

/// The longest expected way from each step to the end, in milliseconds.
fn ranks(tasks: &[Task]) -> Vec<u64> {
    let mut ranks = vec![0_u64; tasks.len()];
    for (at, task) in tasks.iter().enumerate().rev() {
        // So far the longest way behind it; those behind it were seen before.
        ranks[at] = ranks[at].saturating_add(task.expected);
        for before in task.needs.iter().chain(&task.uses).chain(&task.after) {
            ranks[*before] = ranks[*before].max(ranks[at]);
        }
    }
    ranks
}

#[cfg(test)]
mod tests;
