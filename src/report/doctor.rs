//! What `factory doctor` found. Only its look; the checks are made elsewhere.

use serde::Serialize;

use super::{
    style::{Paint, Style},
    table::{Cell, Column, Table},
    units,
    view::View,
};

/// All checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoctorView {
    /// In the order in which they were made.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at: `docker engine`.
    pub name: String,
    /// How it is.
    pub state: CheckState,
    /// What was found: `27.3.1 at unix:///var/run/docker.sock`.
    pub found: String,
    /// What to do about it.
    pub fix: Option<String>,
}

impl Check {
    /// One check.
    #[must_use]
    pub fn new(name: &str, state: CheckState, found: impl Into<String>, fix: Option<&str>) -> Self {
        Self { name: name.to_owned(), state, found: found.into(), fix: fix.map(str::to_owned) }
    }
}

/// How a checked thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// Good.
    Ok,
    /// It works, but not for long or not for all.
    Warn,
    /// It does not work.
    Fail,
}

impl View for DoctorView {
    const EVENT: &'static str = "doctor";

    fn human(&self, style: &Style) -> String {
        let mut table = Table::new(vec![Column::left(""), Column::left(""), Column::flowing("")]);
        for Check { name, state, found, fix } in &self.checks {
            table.row(vec![state.cell(), name.as_str().into(), found.as_str().into()]);
            if let Some(fix) = fix {
                table.row(vec!["".into(), "".into(), Cell::new(format!("hint: {fix}"), Paint::Cyan)]);
            }
        }
        format!("{}\n{}\n", table.render(style), self.summary())
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        for Check { name, state: _, found, fix } in &mut self.checks {
            [name, found].into_iter().chain(fix).for_each(&mut *edit);
        }
    }
}

impl DoctorView {
    /// The worst state, [`CheckState::Ok`] where there is no check.
    #[must_use]
    pub fn worst(&self) -> CheckState {
        let has = |state| self.checks.iter().any(|check| check.state == state);
        [CheckState::Fail, CheckState::Warn].into_iter().find(|&state| has(state)).unwrap_or(CheckState::Ok)
    }

    /// `5 ok, 1 warning, 1 failed`.
    fn summary(&self) -> String {
        let count = |state| self.checks.iter().filter(|check| check.state == state).count();
        let mut parts = vec![format!("{} ok", count(CheckState::Ok))];
        match count(CheckState::Warn) {
            0 => {}
            warnings => parts.push(units::count(warnings, "warning", "warnings")),
        }
        match count(CheckState::Fail) {
            0 => {}
            failed => parts.push(format!("{failed} failed")),
        }
        parts.join(", ")
    }
}

impl CheckState {
    fn cell(self) -> Cell {
        match self {
            Self::Ok => Cell::new("ok", Paint::Green),
            Self::Warn => Cell::new("warn", Paint::Yellow),
            Self::Fail => Cell::new("FAIL", Paint::Red),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doctor() -> DoctorView {
        DoctorView {
            checks: vec![
                Check::new("docker engine", CheckState::Ok, "27.3.1 at unix:///var/run/docker.sock", None),
                Check::new(
                    "disk space",
                    CheckState::Warn,
                    "3.1 GB free in /var/lib/docker; the last build of four platforms took 9.4 GB",
                    Some("free some: `docker system prune`, then `factory clean --older-than 30d` in each project"),
                ),
                Check::new("registry", CheckState::Fail, "hub.example.org refuses the login", Some("`docker login`")),
            ],
        }
    }

    #[test]
    fn human() {
        insta::assert_snapshot!(doctor().human(&Style::plain(80)));
    }

    #[test]
    fn json() {
        insta::assert_json_snapshot!(doctor());
    }

    #[test]
    fn the_worst_decides() {
        let mut doctor = doctor();
        assert_eq!(doctor.worst(), CheckState::Fail);
        doctor.checks.truncate(2);
        assert_eq!(doctor.worst(), CheckState::Warn);
        doctor.checks.clear();
        assert_eq!(doctor.worst(), CheckState::Ok);
        assert_eq!(doctor.summary(), "0 ok");
    }
}
