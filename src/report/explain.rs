//! What is to be known of one lint. Only its look.

use serde::Serialize;

use super::{
    style::{Paint, Style},
    text::{push_line, wrapped},
    view::View,
};

/// A lint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintView {
    /// Its id, the word of recipes.
    pub id: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What it finds.
    pub what: String,
    /// Why that matters.
    pub why: String,
    /// How it is mended.
    pub mend: String,
    /// The line of a recipe that allows it.
    pub allow: String,
}

/// The columns before the sentences.
const LABELS: usize = 7;

impl View for LintView {
    const EVENT: &'static str = "lint";

    fn human(&self, style: &Style) -> String {
        let mut out = String::new();
        push_line(&mut out, &style.paint(Paint::Bold, &format!("{} ({})", self.id, self.severity)));
        for (label, text) in [("finds", &self.what), ("why", &self.why), ("mend", &self.mend)] {
            let lines = wrapped(text, style.width.saturating_sub(LABELS).max(20));
            for (number, line) in lines.iter().enumerate() {
                let label = if number == 0 { label } else { "" };
                push_line(&mut out, &format!("{label:LABELS$}{line}"));
            }
        }
        // A line for pasting stays in one piece.
        push_line(&mut out, &format!("{:LABELS$}{}", "allow", self.allow));
        out
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        let Self { id, severity, what, why, mend, allow } = self;
        [id, severity, what, why, mend, allow].into_iter().for_each(edit);
    }
}
