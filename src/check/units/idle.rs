//! `unit-idle`: units that were to be enabled unless the recipe says otherwise, that have no `[Install]` and that no unit of the package
//! starts: they will never run by themselves.

use std::collections::BTreeSet;

use super::install::with_template;
use crate::{
    check::finding::Finding,
    names::Concern,
    unit::{UnitFile, UnitName, judge::Needs},
};

/// What is known of that while units are read.
#[derive(Debug, Default)]
pub(super) struct Idle {
    started: BTreeSet<String>,
    without_install: Vec<(UnitName, String)>,
}

impl Idle {
    /// Notes what a unit starts.
    pub(super) fn starts(&mut self, file: &UnitFile, needs: &Needs) {
        self.started.extend(pulled(file));
        self.started.extend(needs.starts.iter().chain(&needs.also).map(|named| named.value.clone()));
    }

    /// Notes one without `[Install]`.
    pub(super) fn alone(&mut self, unit: UnitName, path: &str) {
        self.without_install.push((unit, path.to_owned()));
    }

    /// Those that nothing starts.
    pub(super) fn findings(self) -> impl Iterator<Item = Finding> {
        let started = self.started;
        let idle = self.without_install.into_iter();
        let idle = idle.filter(move |(unit, _)| !with_template(unit).iter().any(|name| started.contains(name)));
        let what = "has no [Install] and no unit here starts it: nothing will";
        idle.map(move |(_, path)| Finding::new(Concern::UnitIdle, &path, what))
    }
}

/// The units that come with a unit when that is started (systemd.unit(5)).
fn pulled(file: &UnitFile) -> Vec<String> {
    let keys = ["Wants", "Requires", "Requisite", "BindsTo", "Upholds", "OnFailure", "OnSuccess"];
    let lines = keys.iter().flat_map(|key| file.all("Unit", key));
    lines.flat_map(|line| line.value.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}
