//! A [`Failure`] as text for people and as JSON for machines. Writes nothing.

use std::{error::Error, fmt, fmt::Write as _};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use serde_json::{Value, json};

use super::{Failure, Part};
use crate::util::{
    terminal::{acts as acts_on_terminals, harmless},
    wrap::wrapped_lines,
};

/// No more diagnostics than these are shown; the first ones are usually the cause of the others.
const MOST_SHOWN: usize = 25;

/// A failure for people: the message, its causes, the places in the text, the help. Without colour it is plain ASCII
/// but for the words themselves, so that logs of every kind keep it readable.
#[must_use]
pub fn render(failure: &Failure, width: usize, colour: bool) -> String {
    let width = width.max(40);
    let mut out = String::new();
    paragraph(&mut out, "error: ", &failure.message, width, colour.then_some(RED));
    for cause in failure.causes() {
        paragraph(&mut out, "  because: ", &cause, width, colour.then_some(RED));
    }
    let diagnostics = failure.diagnostics();
    for diagnostic in diagnostics.iter().take(MOST_SHOWN) {
        out.push('\n');
        out.push_str(&snippet(*diagnostic, width, colour));
    }
    if let Some(more) = diagnostics.len().checked_sub(MOST_SHOWN + 1) {
        let _ = writeln!(out, "\nand {} more", more + 1);
    }
    // One alone is the message itself.
    if failure.parts.len() > 1 {
        for parts in alike(&failure.parts) {
            out.push('\n');
            section(&mut out, &parts, width, colour);
        }
    }
    if failure.also.is_some() || !failure.help.is_empty() {
        out.push('\n');
    }
    for line in failure.also_lines() {
        paragraph(&mut out, "also: ", line, width, colour.then_some(RED));
    }
    for line in &failure.help {
        paragraph(&mut out, "help: ", line, width, colour.then_some(CYAN));
    }
    out
}

/// What failed for the same reason, together.
fn alike(parts: &[Part]) -> Vec<Vec<&Part>> {
    let mut groups: Vec<Vec<&Part>> = Vec::new();
    for part in parts {
        let is_alike = |group: &&mut Vec<&Part>| group[0].message == part.message && group[0].help == part.help;
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(part),
            None => groups.push(vec![part]),
        }
    }
    groups
}

/// Things that failed for one reason: which, the beginning of why, and how to see all of it. The whole text and the last lines of
/// each were shown when it failed.
fn section(out: &mut String, parts: &[&Part], width: usize, colour: bool) {
    let style = |style| colour.then_some(style);
    let Some(first) = parts.first() else { return };
    let mut names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    // The order in which they ended says nothing.
    names.sort_unstable();
    let mut lines = first.message.lines();
    let mut said = lines.next().unwrap_or_default().to_owned();
    if lines.next().is_some() {
        said.push_str(" …");
    }
    if let [name] = names[..] {
        paragraph(out, &format!("{name}: "), &said, width, style(RED));
    } else {
        paragraph(out, "", &format!("{}:", names.join(", ")), width, None);
        paragraph(out, "  ", &said, width, style(RED));
    }
    let logs: Vec<String> = names.iter().map(|name| format!("`factory log {name}`")).collect();
    paragraph(out, "  log: ", &logs.join(", "), width, None);
    for line in &first.help {
        paragraph(out, "  help: ", line, width, style(CYAN));
    }
}

/// A failure for machines. `failures` is there where single steps failed.
#[must_use]
pub fn to_json(failure: &Failure) -> Value {
    let mut json = json!({
        "error": failure.message,
        "exit": failure.exit.code(),
        "causes": failure.causes(),
        "help": failure.help,
        "issues": failure.diagnostics().into_iter().map(issue_json).collect::<Vec<_>>(),
    });
    if failure.also.is_some() {
        json["also"] = json!(failure.also_lines());
    }
    if !failure.parts.is_empty() {
        json["failures"] = json!(failure.parts);
    }
    json
}

/// A place in a text.
pub(super) struct Place {
    pub(super) file: Option<String>,
    pub(super) line: usize,
    column: usize,
    label: Option<String>,
}

/// The places that a diagnostic points at.
pub(super) fn places(diagnostic: &dyn Diagnostic) -> impl Iterator<Item = Place> {
    diagnostic.labels().into_iter().flatten().filter_map(|label| {
        let contents = diagnostic.source_code()?.read_span(label.inner(), 0, 0).ok()?;
        Some(Place {
            file: contents.name().map(str::to_owned),
            line: contents.line() + 1,
            column: contents.column() + 1,
            label: label.label().map(str::to_owned),
        })
    })
}

fn issue_json(diagnostic: &dyn Diagnostic) -> Value {
    let place =
        |place: Place| json!({ "file": place.file, "line": place.line, "column": place.column, "label": place.label });
    let places: Vec<Value> = places(diagnostic).map(place).collect();
    json!({
        "message": diagnostic.to_string(),
        "help": diagnostic.help().map(|help| help.to_string()),
        "places": places,
    })
}

fn snippet(diagnostic: &dyn Diagnostic, width: usize, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width)
        .with_links(false)
        .with_context_lines(1)
        .with_wrap_lines(false)
        .without_syntax_highlighting();
    let mut out = String::new();
    let fitted = Fitted::new(diagnostic, width);
    if handler.render_report(&mut out, &fitted).is_err() {
        out = format!("  {fitted}\n");
    }
    // Lines that show no text end in the space of their gutter.
    out.lines().fold(String::new(), |all, line| all + harmless(line, colour).trim_end() + "\n")
}

/// A diagnostic with its texts wrapped here: miette breaks words at dashes and slashes, which tears commands and paths.
#[derive(Debug)]
struct Fitted<'d> {
    inner: &'d dyn Diagnostic,
    message: String,
    help: Option<String>,
}

impl<'d> Fitted<'d> {
    fn new(inner: &'d dyn Diagnostic, width: usize) -> Self {
        let fit = |text: String, indent: usize| wrapped_lines(&escaped(&text), width - indent).join("\n");
        let help = inner.help().map(|help| fit(help.to_string(), "  help: ".len()));
        Self { inner, message: fit(inner.to_string(), "  x ".len()), help }
    }
}

impl fmt::Display for Fitted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Fitted<'_> {}

impl Diagnostic for Fitted<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| -> Box<dyn fmt::Display> { Box::new(help) })
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.inner.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        self.inner.labels()
    }
}

const RED: &str = "\u{1b}[31;1m";
const CYAN: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// Writes `text` behind `prefix`, wrapped at `width` and indented below itself.
fn paragraph(out: &mut String, prefix: &str, text: &str, width: usize, style: Option<&str>) {
    let indent = prefix.len().min(width / 2);
    match style {
        Some(style) => {
            let _ = write!(out, "{style}{prefix}{RESET}");
        }
        None => out.push_str(prefix),
    }
    for (number, line) in wrapped_lines(&escaped(text), width - indent).iter().enumerate() {
        if number > 0 && !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push_str(line);
        out.push('\n');
    }
}

/// A text without anything that a terminal would act on, and not endless: what a daemon or a program answered may
/// hold everything.
fn escaped(text: &str) -> String {
    const LONGEST: usize = 8000;
    let mut clean = String::new();
    for (number, c) in text.chars().enumerate() {
        if number == LONGEST {
            clean.push_str(" … (cut)");
            break;
        }
        match c {
            '\n' => clean.push('\n'),
            '\t' => clean.push(' '),
            '\r' => {}
            c if acts_on_terminals(c) => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Exit;

    fn failure() -> Failure {
        let answer = format!("the registry answered \u{1b}[31m403\u{1b}[0m: denied, {}", "because it can, ".repeat(12));
        Failure::new(Exit::StepFailed, "cannot push `canopsis/canopsis-core:debian-12-2.5.11`")
            .because(std::io::Error::other(answer + &"x".repeat(100)))
            .help("log in with `docker login registry.example.org`, then `factory push` again")
    }

    #[test]
    fn a_line_for_a_recipe_stays_in_one_piece() {
        let line = r#"`allow = [{ check = "unit", path = "/lib/systemd/system/shop.service", reason = "…" }]`"#;
        let failure =
            Failure::new(Exit::Usage, "no").help(format!("mend it; where it is meant: {line}, or not at all"));
        assert_eq!(
            render(&failure, 60, false),
            format!("error: no\n\nhelp: mend it; where it is meant:\n      {line},\n      or not at all\n")
        );
    }

    #[test]
    fn long_causes_are_wrapped_and_escaped() {
        let text = render(&failure(), 80, false);
        // A word that is longer stays in one piece.
        assert!(text.lines().all(|line| line.chars().count() <= 80 || line.trim_start() == "x".repeat(100)));
        insta::assert_snapshot!("long_cause", text);
    }

    #[test]
    fn colour_is_only_at_the_prefix() {
        let text = render(&Failure::new(Exit::Usage, "no tag").help("give one: `factory --tag 1.0 build`"), 80, true);
        assert_eq!(
            text,
            "\u{1b}[31;1merror: \u{1b}[0mno tag\n\n\u{1b}[36mhelp: \u{1b}[0mgive one: `factory --tag 1.0 build`\n"
        );
    }

    #[test]
    fn a_hostile_source_is_shown_without_acting() {
        let source = miette::NamedSource::new("requirements.txt", "flask\u{1b}]0;title\u{7}\u{1b}[2J\n");
        let error =
            miette::miette!(labels = vec![miette::LabeledSpan::at(0..5, "here")], "cannot").with_source_code(source);
        let failure = Failure::new(Exit::StepFailed, "no wheel").showing(Boxed(error));
        assert!(!render(&failure, 80, false).contains(['\u{1b}', '\u{7}']));
        let coloured = render(&failure, 80, true);
        assert!(!coloured.contains("\u{1b}]") && !coloured.contains("\u{1b}[2J"), "{coloured:?}");
    }

    /// miette's report as a diagnostic of its own.
    #[derive(Debug)]
    struct Boxed(miette::Report);

    impl fmt::Display for Boxed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl Error for Boxed {}

    impl Diagnostic for Boxed {
        fn source_code(&self) -> Option<&dyn miette::SourceCode> {
            self.0.source_code()
        }
        fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
            self.0.labels()
        }
    }

    #[test]
    fn several_are_told_one_by_one() {
        let part = |name: &str, help: &[&str]| Part {
            name: name.to_owned(),
            message: "pip could not build the wheels (exit code 1): ERROR: the index is out of its mind".to_owned(),
            tail: vec!["Collecting six".to_owned(), format!("\u{1b}[31mERROR: {}", "very ".repeat(20))],
            log: format!(".factory/logs/{name}.log"),
            help: help.iter().map(|help| (*help).to_owned()).collect(),
        };
        let failure = Failure::new(Exit::StepFailed, "2 steps failed")
            .part(part("debian-12/wheels-core", &["ask the index"]))
            .part(part("debian-13/wheels-core", &[]))
            .help("not run because of them: debian-12/core");
        insta::assert_snapshot!(render(&failure, 80, false));
        assert_eq!(to_json(&failure)["failures"][1]["log"], ".factory/logs/debian-13/wheels-core.log");
        let twice = Failure::new(Exit::StepFailed, "2 steps failed")
            .part(part("debian-12/wheels-core", &["ask the index"]))
            .part(part("debian-13/wheels-core", &["ask the index"]));
        assert_eq!(render(&twice, 80, false).matches("(exit code 1)").count(), 1);
    }

    #[test]
    fn what_went_wrong_besides_is_no_help() {
        let failure =
            Failure::new(Exit::StepFailed, "core failed").also("the checksums could not be written").help("look");
        assert_eq!(
            render(&failure, 80, false),
            "error: core failed\n\nalso: the checksums could not be written\nhelp: look\n"
        );
        assert_eq!(to_json(&failure)["also"][0], "the checksums could not be written");
    }

    #[test]
    fn machines_get_the_same() {
        let json = to_json(&Failure::new(Exit::NoEngine, "no daemon").help("start it"));
        assert_eq!(json, json!({ "error": "no daemon", "exit": 3, "causes": [], "help": ["start it"], "issues": [] }));
    }
}
