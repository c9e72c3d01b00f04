//! The plan as a graph for Graphviz (the DOT language): one cluster a platform, an arrow from a step to what depends on it.
//! A step's state is in its box and in the box's line, never in a colour alone.

use serde::Serialize;

use super::{
    plan::{PlanRow, PlanState, PlanView},
    style::Style,
    view::View,
};

/// The plan as a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PlanDot(pub PlanView);

impl View for PlanDot {
    const EVENT: &'static str = PlanView::EVENT;

    fn human(&self, _look: &Style) -> String {
        let Self(plan) = self;
        let mut out = format!("digraph plan {{\n  label={};\n", quoted(&plan.title));
        out.push_str("  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
        for (number, rows) in plan.platforms().enumerate() {
            out.push_str(&format!("  subgraph cluster_{number} {{\n"));
            if let Some(row) = rows.first() {
                out.push_str(&format!("    label={};\n", quoted(&row.platform)));
            }
            out.extend(rows.iter().map(node));
            out.extend(rows.iter().map(|row| arrows(row, rows)));
            out.push_str("  }\n");
        }
        out + "}\n"
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        self.0.each_text(edit);
    }
}

fn node(row: &PlanRow) -> String {
    let style = match row.state {
        PlanState::Cached => "style=rounded, fontcolor=gray40",
        PlanState::Labels | PlanState::Store => "style=rounded",
        PlanState::Run => "style=bold, penwidth=3",
        PlanState::Waits => "style=dashed",
    };
    let state = [row.state.word().to_owned(), row.estimate()].join(" ");
    let lines = [
        row.step.as_str(),
        state.trim_end(),
        match row.state {
            PlanState::Run | PlanState::Labels | PlanState::Store => &row.why,
            PlanState::Cached | PlanState::Waits => "",
        },
    ];
    let label = lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    format!("    {} [label={}, {style}];\n", quoted(&id(row)), quoted(&label))
}

/// The arrows that end at a step; those from steps that are only used are dotted.
fn arrows(row: &PlanRow, shown: &[PlanRow]) -> String {
    let is_shown = |from: &&String| shown.iter().any(|other| **from == id(other));
    let arrow = |from: &String, style: &str| format!("    {} -> {}{style};\n", quoted(from), quoted(&id(row)));
    let needs = row.needs.iter().filter(is_shown).map(|from| arrow(from, ""));
    needs.chain(row.uses.iter().filter(is_shown).map(|from| arrow(from, " [style=dotted]"))).collect()
}

fn id(row: &PlanRow) -> String {
    format!("{}/{}", row.platform, row.step)
}

/// A string of the DOT language: only the quote is special inside, and the backslash that labels read; `\n` ends a line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plan::tests::plan;

    #[test]
    fn a_cluster_a_platform() {
        insta::assert_snapshot!(PlanDot(plan()).human(&Style::plain(80)));
    }

    #[test]
    fn any_text_is_one_string() {
        assert_eq!(quoted("a \"b\" \\N\nc"), r#""a \"b\" \\N\nc""#);
    }
}
