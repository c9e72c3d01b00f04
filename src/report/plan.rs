//! The plan before anything is done: what is cached, what will run, and why. Only its look; `plan/` makes it.

use std::time::Duration;

use serde::Serialize;

use super::{
    look::{Look, Paint},
    table::{Cell, Column, Table},
    text::push_line,
    units,
    view::View,
};

/// All steps, known before any is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanView {
    /// The headline: `canopsis 2.5.11`.
    pub title: String,
    /// The steps in the order in which they will be done.
    pub rows: Vec<PlanRow>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// Its platform's id.
    pub platform: String,
    /// Its name within the platform.
    pub step: String,
    /// What it does: `compile 4 and download 24 wheels`.
    pub title: String,
    /// Whether it will run.
    pub state: PlanState,
    /// Why: `requirements.txt changed`. May be empty where it is cached.
    pub why: String,
    /// How long it took the last time, in milliseconds.
    pub estimate_ms: Option<u64>,
}

/// Whether a step will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    /// No: its record is true.
    Cached,
    /// Yes.
    Run,
    /// Known when an earlier step has given its output.
    Waits,
}

impl View for PlanView {
    const EVENT: &'static str = "plan";

    fn human(&self, look: &Look) -> String {
        // Reasons beside the steps, or under them where that is too wide.
        let beside = self.table(true);
        let table = if beside.fits(look) { beside } else { self.table(false) };
        let mut out = String::new();
        push_line(&mut out, &look.paint(Paint::Bold, &self.title));
        out.push_str(&table.render(look));
        out.push('\n');
        push_line(&mut out, &self.summary());
        out
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        edit(&mut self.title);
        for PlanRow { platform, step, title, state: _, why, estimate_ms: _ } in &mut self.rows {
            [platform, step, title, why].into_iter().for_each(&mut *edit);
        }
    }
}

impl PlanView {
    /// The platforms in the order in which they come first.
    fn platforms(&self) -> Vec<&str> {
        let mut platforms = vec![];
        for row in &self.rows {
            if !platforms.contains(&row.platform.as_str()) {
                platforms.push(row.platform.as_str());
            }
        }
        platforms
    }

    fn table(&self, beside: bool) -> Table {
        let (text, number) = (Column::left(""), Column::right(""));
        let columns = if beside { vec![text, text, text, text, number] } else { vec![text, text, Column::flowing("")] };
        let mut table = Table::new(columns).indented(2);
        for platform in self.platforms() {
            table.section(platform);
            for row in self.rows.iter().filter(|row| row.platform == platform) {
                row.add_to(&mut table, beside);
            }
        }
        table
    }

    /// `4 cached, 5 to run, 2 wait for earlier outputs, about 5m of work`.
    fn summary(&self) -> String {
        let count = |state| self.rows.iter().filter(|row| row.state == state).count();
        let (cached, run, waits) = (count(PlanState::Cached), count(PlanState::Run), count(PlanState::Waits));
        let mut parts = vec![format!("{cached} cached, {run} to run")];
        match waits {
            0 => {}
            1 => parts.push("1 waits for an earlier output".to_owned()),
            _ => parts.push(format!("{waits} wait for earlier outputs")),
        }
        let known: Vec<_> = self.rows.iter().filter(|row| row.state != PlanState::Cached).collect();
        let work = known.iter().filter_map(|row| row.estimate_ms).fold(0, u64::saturating_add);
        if work > 0 {
            let about = if known.iter().all(|row| row.estimate_ms.is_some()) { "about" } else { "at least" };
            parts.push(format!("{about} {} of work", units::rough(Duration::from_millis(work))));
        }
        parts.join(", ")
    }
}

impl PlanRow {
    fn add_to(&self, table: &mut Table, beside: bool) {
        let paint = if self.state == PlanState::Cached { Paint::Dim } else { Paint::Plain };
        let mut cells = vec![self.state.cell(), Cell::new(&self.step, paint), Cell::new(&self.title, paint)];
        if beside {
            cells.extend([Cell::new(&self.why, Paint::Dim), Cell::new(self.estimate(), Paint::Dim)]);
            return table.row(cells);
        }
        table.row(cells);
        let more = [self.why.clone(), self.estimate()].into_iter().filter(|text| !text.is_empty());
        let more = more.collect::<Vec<_>>().join(", ");
        if !more.is_empty() {
            table.row(vec!["".into(), "".into(), Cell::new(format!("- {more}"), Paint::Dim)]);
        }
    }

    fn estimate(&self) -> String {
        let ran = self.estimate_ms.filter(|_| self.state != PlanState::Cached);
        ran.map(|millis| format!("~{}", units::rough(Duration::from_millis(millis)))).unwrap_or_default()
    }
}

impl PlanState {
    fn cell(self) -> Cell {
        match self {
            Self::Cached => Cell::new("cached", Paint::Dim),
            Self::Run => Cell::new("run", Paint::Green),
            Self::Waits => Cell::new("waits", Paint::Yellow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(platform: &str, step: &str, title: &str, state: PlanState, why: &str, estimate: Option<u64>) -> PlanRow {
        let [platform, step, title, why] = [platform, step, title, why].map(str::to_owned);
        PlanRow { platform, step, title, state, why, estimate_ms: estimate.map(|seconds| seconds * 1000) }
    }

    fn plan() -> PlanView {
        let image = "build canopsis/canopsis-core:centos-7-2.5.11";
        let rows = vec![
            row("centos-7", "wheels-core", "28 wheels", PlanState::Cached, "", Some(700)),
            row("centos-7", "core", image, PlanState::Run, "dockerfiles/core.hbs changed", Some(161)),
            row("centos-7", "rpm-canopsis-core", "pack canopsis-core", PlanState::Waits, "needs core", Some(12)),
            row(
                "debian-12",
                "wheels-core",
                "compile 4 and download 24 wheels",
                PlanState::Run,
                "requirements.txt changed: requests 2.31.0 is now 2.32.3, certifi is new, and two more",
                None,
            ),
            row("debian-12", "core", "build canopsis/canopsis-core:debian-12-2.5.11", PlanState::Waits, "", None),
        ];
        PlanView { title: "canopsis 2.5.11".to_owned(), rows }
    }

    #[test]
    fn reasons_under_the_steps() {
        insta::assert_snapshot!(plan().human(&Look::plain(80)));
    }

    #[test]
    fn reasons_beside_the_steps() {
        insta::assert_snapshot!(plan().human(&Look::plain(usize::MAX)));
        let mut narrow = plan();
        narrow.rows.truncate(1);
        insta::assert_snapshot!(narrow.human(&Look::plain(80)), @r"
        canopsis 2.5.11

        centos-7
          cached  wheels-core  28 wheels

        1 cached, 0 to run
        ");
    }

    #[test]
    fn json() {
        let mut plan = plan();
        plan.rows.drain(..2);
        insta::assert_json_snapshot!(plan);
    }

    #[test]
    fn every_text_is_offered_for_masking() {
        let mut plan = plan();
        plan.each_text(&mut |text| *text = "x".to_owned());
        let PlanRow { platform, step, title, why, .. } = &plan.rows[0];
        assert!([&plan.title, platform, step, title, why].iter().all(|text| *text == "x"));
    }
}
