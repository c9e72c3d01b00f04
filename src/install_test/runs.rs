//! Which units are run: every service that the packages ship, each as `[[test.unit]]` says or, where it says nothing, just to see
//! that it stays; and which are not, each with its reason.

use std::collections::BTreeMap;

use crate::{
    recipe::{UnitCheck, UnitExpectation},
    unit::UnitName,
};

/// How long a service has to stay of which the recipe says nothing, in seconds.
const ALIVE: u32 = 3;
/// The default of `within`, which nothing waits for here.
const WITHIN: u32 = 30;

/// A unit file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFileLine {
    /// Its path, absolute.
    pub path: String,
    /// What it leads to, where it is a link.
    pub target: Option<String>,
}

/// What is done with one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// It is run, and held against this.
    Checked {
        /// What must be true.
        check: UnitCheck,
        /// Whether the recipe says so.
        named: bool,
    },
    /// It is not run.
    LeftOut {
        /// Its name.
        unit: String,
        /// Why.
        reason: String,
    },
}

impl Run {
    /// The unit's name.
    #[must_use]
    pub fn unit(&self) -> &str {
        match self {
            Self::Checked { check, .. } => &check.unit,
            Self::LeftOut { unit, .. } => unit,
        }
    }
}

/// What is done with the units that the recipe names, in its order, and with the others of the packages, in that of their names.
#[must_use]
pub fn runs(named: &[UnitCheck], shipped: &BTreeMap<UnitName, UnitFileLine>) -> Vec<Run> {
    let mut runs = Vec::new();
    for check in named {
        runs.push(match &check.expectation {
            // That it is there is asked all the same.
            UnitExpectation::Skip { reason } if is_there(&check.unit, shipped) => {
                Run::LeftOut { unit: check.unit.clone(), reason: reason.clone() }
            }
            _ => Run::Checked { check: check.clone(), named: true },
        });
    }
    let is_named = |unit: &UnitName| {
        named.iter().filter_map(|check| UnitName::new(&check.unit).ok()).any(|name| {
            // One instance stands for its template.
            name == *unit || name.template().as_ref() == Some(unit)
        })
    };
    for (unit, line) in shipped.iter().filter(|(unit, _)| !is_named(unit)) {
        runs.push(match reason(unit, line, shipped) {
            Some(reason) => Run::LeftOut { unit: unit.to_string(), reason },
            None => Run::Checked {
                check: UnitCheck {
                    unit: unit.to_string(),
                    expectation: UnitExpectation::Alive { seconds: ALIVE },
                    within_s: WITHIN,
                },
                named: false,
            },
        });
    }
    runs
}

/// Whether a unit or its template is shipped.
#[must_use]
pub fn is_there(unit: &str, shipped: &BTreeMap<UnitName, UnitFileLine>) -> bool {
    let name = UnitName::new(unit).ok();
    name.is_some_and(|name| {
        shipped.contains_key(&name) || name.template().is_some_and(|template| shipped.contains_key(&template))
    })
}

/// Why a unit that the recipe does not name cannot be run here.
fn reason(unit: &UnitName, line: &UnitFileLine, shipped: &BTreeMap<UnitName, UnitFileLine>) -> Option<String> {
    if let Some(target) = &line.target {
        let name = target.rsplit('/').next().unwrap_or_default();
        if target == "/dev/null" {
            return Some("it is masked".to_owned());
        }
        if name != unit.as_str() && UnitName::new(name).is_ok_and(|other| shipped.contains_key(&other)) {
            return Some(format!("another name of {name}"));
        }
    }
    match unit.kind() {
        "service" if unit.is_template() => Some("a template: name an instance of it in `[[test.unit]]`".to_owned()),
        "service" => None,
        kind => Some(format!("{} {kind}: only systemd can start it", if kind == "automount" { "an" } else { "a" })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(names: &[(&str, Option<&str>)]) -> BTreeMap<UnitName, UnitFileLine> {
        let line = |name: &str, target: Option<&str>| UnitFileLine {
            path: format!("/lib/systemd/system/{name}"),
            target: target.map(str::to_owned),
        };
        names.iter().map(|(name, target)| (UnitName::new(name).unwrap(), line(name, *target))).collect()
    }

    fn check(unit: &str, expectation: UnitExpectation) -> UnitCheck {
        UnitCheck { unit: unit.to_owned(), expectation, within_s: 9 }
    }

    #[test]
    fn every_service_is_run_and_everything_else_is_said() {
        let shipped = shipped(&[
            ("web.service", None),
            ("job.service", None),
            ("job.timer", None),
            ("old.service", None),
            ("queue@.service", None),
            ("mail@.service", None),
            ("alias.service", Some("web.service")),
            ("off.service", Some("/dev/null")),
            ("mnt-a\\x2db.automount", None),
        ]);
        let named = [
            check("mail@out.service", UnitExpectation::Alive { seconds: 9 }),
            check("old.service", UnitExpectation::Skip { reason: "needs a modem".to_owned() }),
            check("gone.service", UnitExpectation::Skip { reason: "x".to_owned() }),
        ];
        let said: Vec<String> = runs(&named, &shipped)
            .iter()
            .map(|run| match run {
                Run::Checked { check, named } => format!("{} {:?} {named}", check.unit, check.expectation),
                Run::LeftOut { unit, reason } => format!("{unit} not: {reason}"),
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
