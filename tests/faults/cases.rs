//! A fault at a moment of a step.

use std::time::Duration;

use crate::{
    state::State,
    table::Row,
    world::{Blow, Calm, Moment, Run, World, files},
};

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of the program.
    Killed,
    /// Ctrl-C.
    Interrupted,
    /// `kill -9` of the engine, which is started again.
    EngineKilled,
    /// The engine is restarted.
    EngineRestarted,
}

/// A fault at a moment of a step.
#[derive(Debug, Clone)]
pub struct Case {
    fault: Fault,
    step: String,
    moment: Moment,
    usual: Duration,
}

/// Every fault at every moment of every step. An engine that ends as a step has ended is one that ends as the next begins.
pub fn every(calm: &Calm) -> Vec<Case> {
    let mut cases = Vec::new();
    for (step, usual) in &calm.steps {
        for fault in [Fault::Killed, Fault::Interrupted, Fault::EngineKilled, Fault::EngineRestarted] {
            let engine = matches!(fault, Fault::EngineKilled | Fault::EngineRestarted);
            let moments: &[Moment] =
                if engine { &[Moment::Start, Moment::Inside] } else { &[Moment::Start, Moment::Inside, Moment::End] };
            for moment in moments {
                cases.push(Case { fault, step: step.clone(), moment: *moment, usual: *usual });
            }
        }
    }
    cases
}

impl Case {
    /// Whether it is played in every run of CI: one of each kind, and the program killed in each kind of step.
    pub fn in_short(&self) -> bool {
        let kind = self.step.rsplit('/').next().unwrap_or_default();
        let quick = kind != "base" && kind != "builder";
        match self.fault {
            Fault::Killed => {
                quick && self.moment == Moment::Inside && kind != "extra" && kind != "package-parcel-extra"
            }
            Fault::EngineKilled => kind == "core" && self.moment == Moment::Inside,
            Fault::Interrupted | Fault::EngineRestarted => false,
        }
    }

    /// As it is in the matrix: `engine killed (-9) debian-12/core (inside)`.
    pub fn name(&self) -> String {
        format!("{} {} ({})", self.fault.word(), self.step, self.moment.word())
    }

    /// Plays it.
    pub fn play(&self, world: &mut World, calm: &Calm) -> Row {
        let first = self.step.ends_with("/base");
        world.reset(first);
        let blow = match self.fault {
            Fault::Killed => Blow::Signal("KILL"),
            Fault::Interrupted => Blow::Signal("INT"),
            Fault::EngineKilled => Blow::KillEngine,
            Fault::EngineRestarted => Blow::RestartEngine,
        };
        let struck = world.struck(&self.step, self.moment, self.usual, &blow);
        let mut row = Row::new(self.fault.word(), &format!("{} ({})", self.step, self.moment.word()), &struck);
        if !self.fault.may_end_with(struck.code) {
            row.wrong(format!("it ended with {:?}:\n{}", struck.code, struck.said));
        }
        finish(world, calm, &struck, &mut row);
        row
    }
}

/// The next run, and what there is after it.
pub fn finish(world: &mut World, calm: &Calm, struck: &Run, row: &mut Row) {
    let next = world.run(&["build"]);
    row.next(&next);
    if next.code != Some(0) {
        row.wrong(format!("the next run ended with {:?}:\n{}", next.code, next.said));
        return;
    }
    let twice: Vec<&str> = next.ran().into_iter().filter(|step| struck.done.iter().any(|done| done == step)).collect();
    if !twice.is_empty() {
        row.wrong(format!("done twice: {twice:?}\n{}", next.said));
    }
    judge(world, calm, row);
}

/// Whether everything is as after an undisturbed run, and nothing else is there.
pub fn judge(world: &mut World, calm: &Calm, row: &mut Row) {
    let different = State::of(world).difference(&calm.state);
    if !different.is_empty() {
        row.wrong(format!("not as undisturbed: {different:?}"));
    }
    let containers = world.engine.docker(&["ps", "--all", "--quiet", "--filter", "label=factory.project=parcel"]);
    if !containers.is_empty() {
        row.wrong(format!("containers are left: {containers}"));
    }
    let names = files(&world.folder);
    let temporary: Vec<&String> = names.keys().filter(|name| name.contains(".tmp")).collect();
    if !temporary.is_empty() {
        row.wrong(format!("files are left: {temporary:?}"));
    }
    let left = files(&world.temporary());
    if !left.is_empty() {
        row.wrong(format!("temporary files are left: {:?}", left.keys().take(5).collect::<Vec<_>>()));
    }
    let after = world.run(&["build"]);
    if !after.ran().is_empty() {
        row.wrong(format!("a further run still finds something to do: {:?}", after.ran()));
    }
}

impl Fault {
    fn word(self) -> &'static str {
        match self {
            Self::Killed => "factory killed (-9)",
            Self::Interrupted => "Ctrl-C",
            Self::EngineKilled => "engine killed (-9)",
            Self::EngineRestarted => "engine restarted",
        }
    }

    /// The exit codes that it may lead to. The last step may be through before the fault is felt; a program of the host that makes a
    /// base image needs no engine.
    fn may_end_with(self, code: Option<i32>) -> bool {
        match self {
            Self::Killed => code.is_none() || code == Some(0),
            Self::Interrupted => matches!(code, Some(0 | 130)),
            Self::EngineKilled | Self::EngineRestarted => matches!(code, Some(0 | 3)),
        }
    }
}

impl Moment {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Inside => "inside",
            Self::End => "end",
        }
    }
}
