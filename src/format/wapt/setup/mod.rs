//! What can be said of a `setup.py` without running it: whether agents will find in it what they look for.

mod scan;

use scan::{Statement, parts, statements};

use crate::util::toml::{Issue, Report, Source, Span};

/// No `setup.py` is larger: 4 MiB.
pub const LARGEST: usize = 4 << 20;

/// What agents look for at the top of the file; they call each without arguments.
const HOOKS: [&str; 5] = ["install", "uninstall", "session_setup", "audit", "update_package"];

/// One thing that is not as agents want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the package cannot be right with it.
    pub is_error: bool,
    /// Where.
    pub span: Span,
    /// What.
    pub message: String,
    /// What to write.
    pub help: &'static str,
}

fn finding(is_error: bool, span: &Span, message: impl Into<String>, help: &'static str) -> Finding {
    Finding { is_error, span: span.clone(), message: message.into(), help }
}

/// Looks through a `setup.py`. `get` gives attributes of the control file.
#[must_use]
pub fn check(text: &str, get: &dyn Fn(&str) -> String) -> Vec<Finding> {
    let first = 0..text.find('\n').unwrap_or(text.len());
    if text.len() > LARGEST {
        return vec![finding(true, &first, "the file is larger than 4 MiB", "ship data in files of its own")];
    }
    let scanned = statements(text);
    let mut found = Vec::new();
    if let Some((span, message)) = &scanned.broken {
        found.push(finding(true, span, *message, "nothing behind this is read"));
    }
    let all = &scanned.statements;
    let top = || all.iter().filter(|statement| statement.indent == 0);
    if !all.iter().any(imports_helpers) {
        let help = "write `from setuphelpers import *` at the top";
        found.push(finding(true, &first, "`setuphelpers` is not imported", help));
    }
    let uninstall_key = top().find(|statement| statement.assigns("uninstallkey"));
    if uninstall_key.is_none() {
        let help = "write `uninstallkey = []` at the top, with the keys of what is installed in it";
        found.push(finding(true, &first, "`uninstallkey` is not declared", help));
    }
    for hook in HOOKS {
        found.extend(check_hook(hook, all));
    }
    let has = |hook: &str| top().any(|statement| statement.defines(hook).is_some());
    if !has("install") {
        let help = "write `def install():`; agents call it to install the package";
        found.push(finding(true, &first, "there is no `def install():`", help));
    }
    if !get("audit_schedule").is_empty() && !has("audit") {
        let help = "write `def audit():` that returns \"OK\", \"WARNING\" or \"ERROR\", or leave `audit_schedule` out";
        found.push(finding(true, &first, "`audit_schedule` is set, and there is no `def audit():`", help));
    }
    let removes_nothing = uninstall_key.is_some_and(|key| {
        matches!(key.text.split_once('=').map(|(_, value)| value.trim()), Some("[]" | "()" | "''" | "\"\"" | "None"))
    });
    if removes_nothing && !has("uninstall") {
        let span = uninstall_key.map_or(&first, |key| &key.span);
        let help = "name the keys of what is installed, or write `def uninstall():`";
        found.push(finding(false, span, "nothing says how it is removed", help));
    }
    found.sort_by_key(|one| one.span.start);
    found
}

fn imports_helpers(statement: &Statement) -> bool {
    let text = &statement.text;
    let module = |rest: &str| rest.split([' ', ',', '.']).next() == Some("setuphelpers");
    text.strip_prefix("from ").is_some_and(|rest| module(rest.trim_start()))
        || text.strip_prefix("import ").is_some_and(|rest| rest.split(',').any(|one| module(one.trim())))
}

fn check_hook(hook: &str, all: &[Statement]) -> Vec<Finding> {
    let mut found = Vec::new();
    let defined: Vec<(&Statement, &str)> =
        all.iter().filter_map(|statement| Some((statement, statement.defines(hook)?))).collect();
    let top: Vec<&(&Statement, &str)> = defined.iter().filter(|(statement, _)| statement.indent == 0).collect();
    if let (Some((nested, _)), true) = (defined.first(), top.is_empty()) {
        let message = format!("`def {hook}` is inside of something else, where agents do not find it");
        found.push(finding(true, &nested.span, message, "take its indentation away"));
    }
    if let Some((again, _)) = top.get(1) {
        let message = format!("`def {hook}` stands there twice: the last one counts");
        found.push(finding(true, &again.span, message, "keep one of them"));
    }
    // Nobody reads more of them.
    for (statement, arguments) in top.iter().take(10) {
        let needs = parts(arguments)
            .map(str::trim)
            .find(|one| !one.is_empty() && !one.contains('=') && !one.starts_with('*') && *one != "/");
        if let Some(argument) = needs {
            let message = format!("`def {hook}` wants the argument `{argument}`, and agents give none");
            found.push(finding(true, &statement.span, message, "take it out, or give it a default"));
        }
    }
    found
}

/// The errors among findings, as a report of the file; the others in words.
///
/// # Errors
/// The report.
pub fn sorted(name: &str, text: &str, findings: Vec<Finding>) -> Result<Vec<String>, Report> {
    let line = |span: &Span| text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1);
    let (errors, others): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.is_error);
    if errors.is_empty() {
        return Ok(others
            .iter()
            .map(|one| format!("{name}:{}: {} ({})", line(&one.span), one.message, one.help))
            .collect());
    }
    let issue = |one: &Finding| Issue::new(&one.span, one.message.clone()).help(one.help);
    Err(Report::new(Source::new(name, text), errors.iter().map(issue).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str, audited: bool) -> Vec<String> {
        let get = |name: &str| if audited && name == "audit_schedule" { "1d".to_owned() } else { String::new() };
        check(text, &get).into_iter().map(|one| one.message).collect()
    }

    const GOOD: &str = "# -*- coding: utf-8 -*-\nfrom setuphelpers import *\n\nuninstallkey = ['x']\n\n\
                        def install():\n    print('''a\ndef audit(x):\n''')\n    # def install(y):\n";

    #[test]
    fn a_good_one() {
        assert_eq!(messages(GOOD, false), Vec::<String>::new());
        assert_eq!(
            messages("import os, setuphelpers\nuninstallkey=[1]\nasync_ = 1\ndef install ( a=1, *b ) :\n pass", false),
            Vec::<String>::new()
        );
        assert_eq!(messages(&GOOD.replace('\n', "\r\n"), false), Vec::<String>::new());
    }

    #[test]
    fn arguments_end_with_their_bracket() {
        let with = |hook: &str| messages(&format!("import setuphelpers\nuninstallkey = ['x']\n{hook}\n"), false);
        for good in [
            "def install(): print('x')",
            "def install(): return run(1, 2)",
            "def install(a=(1, 2), b=[3, 4]): pass",
            "def install(a=f(1, 2), *, b={1: 2, 3: 4}) -> Dict(int, str): pass",
            "def install(a=1, /): pass",
        ] {
            assert_eq!(with(good), Vec::<String>::new(), "{good}");
        }
        for (bad, argument) in [("def install(a): print(1)", "a"), ("def install(a=(1, 2), b: int): pass", "b: int")] {
            assert_eq!(with(bad), [format!("`def install` wants the argument `{argument}`, and agents give none")]);
        }
    }

    #[test]
    fn what_agents_do_not_find() {
        assert_eq!(
            messages("", false),
            ["`setuphelpers` is not imported", "`uninstallkey` is not declared", "there is no `def install():`"]
        );
        assert_eq!(messages(GOOD, true), ["`audit_schedule` is set, and there is no `def audit():`"]);
        let text =
            "from setuphelpers import *\nuninstallkey = []\ndef install(path):\n    def audit():\n        pass\n";
        assert_eq!(
            messages(text, false),
            [
                "nothing says how it is removed",
                "`def install` wants the argument `path`, and agents give none",
                "`def audit` is inside of something else, where agents do not find it"
            ]
        );
        let comment = "# from setuphelpers import *\n\"uninstallkey = []\"\nif x == 'def install():': pass\n";
        assert_eq!(messages(comment, false).len(), 3);
        let twice = format!("{GOOD}\ndef install():\n    pass\n");
        assert_eq!(messages(&twice, false), ["`def install` stands there twice: the last one counts"]);
        assert!(messages("x = '''abc", false).contains(&"a string is not closed".to_owned()));
        assert!(messages("x = (1,\n2", false).contains(&"a bracket is not closed".to_owned()));
    }
}
