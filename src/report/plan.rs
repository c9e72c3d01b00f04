//! The plan before anything is done: what is cached, what will run, and why. Only its look; `plan/` makes it.

use std::time::Duration;

use serde::Serialize;

use super::{
    style::{Paint, Style},
    table::{Cell, Column, Table},
    text::{hanging, push_line},
    units,
    view::View,
};

/// All steps, known before any is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanView {
    /// The headline: `canopsis 2.5.11`.
    pub title: String,
    /// The steps in the order in which they will be done, those of a platform together.
    pub rows: Vec<PlanRow>,
    /// Images that are what they were but for the commit in their labels: they get this one, and nothing else is done.
    pub committed: usize,
    /// Packages that will be made, and for which it is searched what their programs and libraries need.
    pub searched: usize,
    /// How long all of it will take.
    pub estimate: PlanEstimate,
}

/// How long a run will take, as far as earlier runs tell. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PlanEstimate {
    /// Steps at once.
    pub jobs: usize,
    /// From the beginning to the end.
    pub run_ms: u64,
    /// The times of all steps together.
    pub work_ms: u64,
    /// Steps of which nothing is known: they are in neither time.
    pub unknown: usize,
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
    /// Its key, SHA-256 in hex; `None` while it waits.
    pub key: Option<String>,
    /// The steps whose outputs its key waits for; empty unless it waits.
    pub waits_for: Vec<String>,
    /// The steps whose outputs are in its key, `<platform>/<step>`.
    pub needs: Vec<String>,
    /// The steps that must have run before it, but change nothing of its result.
    pub uses: Vec<String>,
    /// How long it took the last time, in milliseconds; `None` where it is cached or nothing is known.
    pub estimate_ms: Option<u64>,
}

/// Whether a step will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    /// No: its record is true.
    Cached,
    /// Only names and labels are put on an image that is there.
    Labels,
    /// It will come from the store.
    Store,
    /// Yes.
    Run,
    /// Known when an earlier step has given its output.
    Waits,
}

impl View for PlanView {
    const EVENT: &'static str = "plan";

    fn human(&self, style: &Style) -> String {
        // Reasons beside the steps, or under them where that is too wide.
        let beside = self.table(true);
        let table = if beside.fits(style) { beside } else { self.table(false) };
        let mut out = String::new();
        push_line(&mut out, &style.paint(Paint::Bold, &self.title));
        out.push_str(&table.render(style));
        out.push('\n');
        self.summary().lines().flat_map(|line| hanging(line, style.width)).for_each(|line| push_line(&mut out, &line));
        out
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        edit(&mut self.title);
        for PlanRow { platform, step, title, state: _, why, key: _, waits_for, needs, uses, estimate_ms: _ } in
            &mut self.rows
        {
            [platform, step, title, why].into_iter().for_each(&mut *edit);
            [waits_for, needs, uses].into_iter().flatten().for_each(&mut *edit);
        }
    }
}

impl PlanView {
    /// The rows of each platform.
    pub(super) fn platforms(&self) -> impl Iterator<Item = &[PlanRow]> {
        self.rows.chunk_by(|row, next| row.platform == next.platform)
    }

    fn table(&self, beside: bool) -> Table {
        let (text, number) = (Column::left(""), Column::right(""));
        let columns = if beside { vec![text, text, text, text, number] } else { vec![text, text, Column::flowing("")] };
        let mut table = Table::new(columns).indented(2);
        // Where nothing is known of any, the last line says it.
        let told = self.rows.iter().any(|row| row.estimate_ms.is_some());
        for rows in self.platforms() {
            rows.iter().take(1).for_each(|row| table.section(&row.platform));
            for row in rows {
                row.add_to(&mut table, beside, told);
            }
        }
        table
    }

    /// `4 cached, 5 to run, 2 wait for earlier outputs` and, below it, how long that takes.
    fn summary(&self) -> String {
        let count = |state| self.rows.iter().filter(|row| row.state == state).count();
        let (cached, run, waits) = (count(PlanState::Cached), count(PlanState::Run), count(PlanState::Waits));
        let mut text = format!("{cached} cached, {run} to run");
        match count(PlanState::Store) {
            0 => {}
            stored => text.push_str(&format!(", {stored} from the store")),
        }
        match count(PlanState::Labels) {
            0 => {}
            1 => text.push_str(", 1 gets other labels"),
            more => text.push_str(&format!(", {more} get other labels")),
        }
        match waits {
            0 => {}
            1 => text.push_str(", 1 waits for an earlier output"),
            _ => text.push_str(&format!(", {waits} wait for earlier outputs")),
        }
        match self.committed {
            0 => {}
            1 => text.push_str("\n1 image gets this commit as a label; nothing is made again for it"),
            more => text.push_str(&format!("\n{more} images get this commit as a label; nothing is made again for it")),
        }
        match self.searched {
            0 => {}
            1 => text.push_str("\nwhat its programs and libraries need is searched for when 1 package is made"),
            more => {
                text.push_str(&format!(
                    "\nwhat their programs and libraries need is searched for when {more} packages are made"
                ));
            }
        }
        if run + waits > 0 {
            text.push('\n');
            text.push_str(&self.estimate.sentence(run + waits));
        }
        text
    }
}

impl PlanEstimate {
    /// `about 5m with 2 jobs, 9m of work`; `steps` are those that run or wait.
    fn sentence(&self, steps: usize) -> String {
        let Self { jobs, run_ms, work_ms, unknown } = *self;
        if unknown == steps {
            return "how long it takes is not known yet".to_owned();
        }
        let time = |millis| units::rough(Duration::from_millis(millis));
        let about = if unknown == 0 { "about" } else { "at least" };
        let jobs = if jobs == 1 { "1 job".to_owned() } else { format!("{jobs} jobs") };
        let mut text = format!("{about} {} with {jobs}, {} of work", time(run_ms), time(work_ms));
        match unknown {
            0 => {}
            1 => text.push_str("; how long 1 step takes is not known"),
            _ => text.push_str(&format!("; how long {unknown} steps take is not known")),
        }
        text
    }
}

impl PlanRow {
    fn add_to(&self, table: &mut Table, beside: bool, told: bool) {
        let paint = if self.state == PlanState::Cached { Paint::Dim } else { Paint::Plain };
        let mut cells = vec![self.state.cell(), Cell::new(&self.step, paint), Cell::new(&self.title, paint)];
        let estimate = if told { self.estimate() } else { String::new() };
        if beside {
            cells.extend([Cell::new(&self.why, Paint::Dim), Cell::new(estimate, Paint::Dim)]);
            return table.row(cells);
        }
        table.row(cells);
        let more = [self.why.clone(), estimate].into_iter().filter(|text| !text.is_empty());
        let more = more.collect::<Vec<_>>().join(", ");
        if !more.is_empty() {
            table.row(vec!["".into(), "".into(), Cell::new(format!("- {more}"), Paint::Dim)]);
        }
    }

    /// `~3m`; `~?` where nothing is known.
    pub(super) fn estimate(&self) -> String {
        match self.estimate_ms {
            _ if matches!(self.state, PlanState::Cached | PlanState::Labels | PlanState::Store) => String::new(),
            Some(millis) => format!("~{}", units::rough(Duration::from_millis(millis))),
            None => "~?".to_owned(),
        }
    }
}

impl PlanState {
    /// The state in one word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Labels => "labels",
            Self::Store => "store",
            Self::Run => "run",
            Self::Waits => "waits",
        }
    }

    fn cell(self) -> Cell {
        let paint = match self {
            Self::Cached => Paint::Dim,
            Self::Labels | Self::Store => Paint::Plain,
            Self::Run => Paint::Green,
            Self::Waits => Paint::Yellow,
        };
        Cell::new(self.word(), paint)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn row(platform: &str, step: &str, title: &str, state: PlanState, why: &str, estimate: Option<u64>) -> PlanRow {
        let waits = state == PlanState::Waits;
        let before = [("core", "wheels-core"), ("rpm-canopsis-core", "core")];
        let needs = before.iter().filter(|(name, _)| *name == step).map(|(_, need)| format!("{platform}/{need}"));
        let needs: Vec<String> = needs.collect();
        PlanRow {
            key: (!waits).then(|| "5".repeat(64)),
            waits_for: if waits { needs.clone() } else { Vec::new() },
            needs,
            uses: if step == "wheels-core" { vec![format!("{platform}/builder")] } else { Vec::new() },
            platform: platform.to_owned(),
            step: step.to_owned(),
            title: title.to_owned(),
            state,
            why: why.to_owned(),
            estimate_ms: estimate.filter(|_| state != PlanState::Cached).map(|seconds| seconds * 1000),
        }
    }

    pub(in crate::report) fn plan() -> PlanView {
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
            row(
                "debian-12",
                "core",
                "build canopsis/canopsis-core:debian-12-2.5.11",
                PlanState::Waits,
                "needs wheels",
                None,
            ),
        ];
        let estimate = PlanEstimate { jobs: 2, run_ms: 173_000, work_ms: 346_000, unknown: 2 };
        PlanView { title: "canopsis 2.5.11".to_owned(), rows, committed: 0, searched: 0, estimate }
    }

    #[test]
    fn how_long_it_takes() {
        let sentence =
            |run_ms, unknown, steps, jobs| PlanEstimate { jobs, run_ms, work_ms: 2 * run_ms, unknown }.sentence(steps);
        assert_eq!(sentence(4_000, 0, 3, 1), "about 4 s with 1 job, 8 s of work");
        assert_eq!(
            sentence(400_000, 1, 3, 8),
            "at least 7m with 8 jobs, 13m of work; how long 1 step takes is not known"
        );
        assert_eq!(sentence(0, 3, 3, 2), "how long it takes is not known yet");
    }

    #[test]
    fn reasons_under_the_steps() {
        insta::assert_snapshot!(plan().human(&Style::plain(80)));
    }

    #[test]
    fn reasons_beside_the_steps() {
        insta::assert_snapshot!(plan().human(&Style::plain(usize::MAX)));
        let mut narrow = plan();
        narrow.rows.truncate(1);
        insta::assert_snapshot!(narrow.human(&Style::plain(80)), @r"
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
