//! The matrix: a row for each fault.

use std::{path::Path, time::Duration};

use crate::world::{Calm, Run};

/// One fault, and what came of it.
#[derive(Debug)]
pub struct Row {
    fault: String,
    place: String,
    code: String,
    next: String,
    wrong: Vec<String>,
}

impl Row {
    pub fn new(fault: &str, place: &str, struck: &Run) -> Self {
        let code = struck.code.map_or_else(|| "killed".to_owned(), |code| code.to_string());
        Self { fault: fault.to_owned(), place: place.to_owned(), code, next: String::new(), wrong: Vec::new() }
    }

    pub fn next(&mut self, run: &Run) {
        let short = |step: &str| step.rsplit('/').next().unwrap_or_default().to_owned();
        let ran: Vec<String> = run.ran().into_iter().map(short).collect();
        self.next = if ran.is_empty() { "nothing".to_owned() } else { ran.join(", ") };
    }

    pub fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }
}

/// All of them.
pub struct Table {
    steps: String,
    rows: Vec<Row>,
}

impl Table {
    pub fn new(calm: &Calm) -> Self {
        let step = |(step, took): &(String, Duration)| format!("{step} {:.1} s", took.as_secs_f64());
        Self { steps: calm.steps.iter().map(step).collect::<Vec<_>>().join(", "), rows: Vec::new() }
    }

    pub fn row(&mut self, row: Row) {
        let verdict = if row.wrong.is_empty() { "ok" } else { "WRONG" };
        eprintln!("{verdict}  {} | {} | {} | {}", row.fault, row.place, row.code, row.next);
        for wrong in &row.wrong {
            eprintln!("       {wrong}");
        }
        self.rows.push(row);
    }

    /// What went wrong.
    pub fn wrong(&self) -> Vec<String> {
        let wrong = self.rows.iter().filter(|row| !row.wrong.is_empty());
        wrong.map(|row| format!("{} at {}: {}", row.fault, row.place, row.wrong.join("; "))).collect()
    }

    /// Keeps the matrix of a whole run in docs/faults.md.
    pub fn write(&self, all: bool, took: Duration) {
        if !all || !self.wrong().is_empty() {
            return;
        }
        let mut text = format!(
            "# Faults, played on a real engine\n\n\
             The last output of `make faults`: {} faults in {} min. Each was played against `tests/data/parcel` on an engine of\n\
             its own. After each the next `factory build` finished, did no completed step again, and left what an undisturbed run\n\
             leaves: the same packages and wheels byte for byte, images with the same files, no container, no temporary file.\n\n\
             Undisturbed: {}.\n\n\
             | fault | at | exit code | the next run ran |\n| --- | --- | --- | --- |\n",
            self.rows.len(),
            took.as_secs() / 60,
            self.steps
        );
        for row in &self.rows {
            text.push_str(&format!("| {} | {} | {} | {} |\n", row.fault, row.place, row.code, row.next));
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
        std::fs::write(file, text).expect("write docs/faults.md");
    }
}
