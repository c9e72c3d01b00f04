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
        let help = "write `from setuphelpers import *` at the top, unless nothing of it is used";
        found.push(finding(false, &first, "`setuphelpers` is not imported", help));
    }
    let in_module = in_module(all);
    let of_module = || all.iter().zip(&in_module).filter(|(_, is_of)| **is_of).map(|(statement, _)| statement);
    let sets = |name: &str| of_module().any(|statement| statement.assigns(name) || statement.imports(name));
    let uninstall_key = top().find(|statement| statement.assigns("uninstallkey"));
    if uninstall_key.is_none() && !sets("uninstallkey") {
        let help = "agents take what is new in the registry after the installation for it; write `uninstallkey = []` at \
                    the top, with the keys of what is installed in it";
        found.push(finding(false, &first, "`uninstallkey` is not declared", help));
    }
    for hook in HOOKS {
        found.extend(check_hook(hook, all, &in_module));
    }
    let has = |hook: &str| sets(hook) || of_module().any(|statement| statement.defines(hook).is_some());
    if !has("install") && !brings_all(&of_module().collect::<Vec<_>>()) {
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

/// Whether another module of the package may bring names that are not seen here.
fn brings_all(of_module: &[&Statement]) -> bool {
    const OF_WAPT: [&str; 3] = ["setuphelpers", "setupdevhelpers", "waptutils"];
    of_module.iter().any(|statement| {
        let from = statement.text.strip_prefix("from ").and_then(|rest| rest.split_once(" import "));
        from.is_some_and(|(module, names)| names.trim() == "*" && !OF_WAPT.contains(&module.trim()))
    })
}

/// Of each statement, whether the names that it sets are those of the module: it is in no function and no class.
fn in_module(all: &[Statement]) -> Vec<bool> {
    // The functions and classes that are open, by their columns.
    let mut open: Vec<usize> = Vec::new();
    all.iter()
        .map(|statement| {
            open.retain(|indent| *indent < statement.indent);
            let is_of_module = open.is_empty();
            if statement.opens_a_scope() {
                open.push(statement.indent);
            }
            is_of_module
        })
        .collect()
}

fn check_hook(hook: &str, all: &[Statement], in_module: &[bool]) -> Vec<Finding> {
    let mut found = Vec::new();
    let defined: Vec<(&Statement, &str, bool)> = all
        .iter()
        .zip(in_module)
        .filter_map(|(statement, of_module)| Some((statement, statement.defines(hook)?, *of_module)))
        .collect();
    let top: Vec<(&Statement, &str)> = defined
        .iter()
        .filter(|(statement, ..)| statement.indent == 0)
        .map(|(statement, text, _)| (*statement, *text))
        .collect();
    let is_set = || {
        let mut others = all.iter().zip(in_module);
        others.any(|(statement, of_module)| *of_module && (statement.assigns(hook) || statement.imports(hook)))
    };
    match defined.iter().find(|(_, _, of_module)| *of_module).or(defined.first()) {
        Some((nested, _, true)) if top.is_empty() => {
            let message = format!("`def {hook}` is under a condition: agents find it only where that holds");
            found.push(finding(
                false,
                &nested.span,
                message,
                "take its indentation away, and ask for the condition inside",
            ));
        }
        Some((nested, ..)) if top.is_empty() && !is_set() => {
            let message = format!("`def {hook}` is inside of something else, where agents do not find it");
            found.push(finding(true, &nested.span, message, "take its indentation away"));
        }
        _ => {}
    }
    if let Some((again, _)) = top.get(1) {
        let message = format!("`def {hook}` is there twice: the last one is used");
        found.push(finding(true, &again.span, message, "keep one of them"));
    }
    // More of them are not read.
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
    fn hooks_that_agents_find_all_the_same() {
        let found = |text: &str| {
            let all = check(&format!("from setuphelpers import *\n{text}\n"), &|_| String::new());
            assert!(all.iter().all(|one| !one.is_error), "{text}: {all:?}");
            all.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; ")
        };
        let key = "uninstallkey = ['x']\n";
        let conditional = "`def install` is under a condition: agents find it only where that holds";
        for text in [
            "if iswin64():\n    def install():\n        pass\nelse:\n    def install():\n        pass",
            "try:\n    import x\nexcept ImportError:\n    def install():\n        pass",
        ] {
            assert_eq!(found(&format!("{key}{text}")), conditional, "{text}");
        }
        for text in [
            "def _install():\n    pass\ninstall = _install",
            "install = audit = make()",
            "install, audit = make()",
            "install: Callable = lambda: 1",
            "from common import install",
            "from common import (run, main as install)",
            "from common import *",
            "if x:\n    install = a\nelse:\n    install = b",
        ] {
            assert_eq!(found(&format!("{key}{text}")), "", "{text}");
        }
        assert_eq!(found("if x:\n    uninstallkey = ['a']\nelse:\n    uninstallkey = ['b']\ndef install(): pass"), "");
        assert_eq!(found("def install(): pass"), "`uninstallkey` is not declared");
        let no_value = "uninstallkey = ['x']\nif install == 1: pass\nx[install] = 1\ninstalled = 2\nf(install=3)\n";
        assert_eq!(messages(&format!("import setuphelpers\n{no_value}"), false), ["there is no `def install():`"]);
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
        let errors: Vec<bool> = check("", &|_| String::new()).iter().map(|one| one.is_error).collect();
        assert_eq!(errors, [false, false, true], "agents do without the first two");
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
        let inner =
            "from setuphelpers import *\nuninstallkey = ['x']\nclass A:\n    def install(self):\n        pass\n";
        assert_eq!(
            messages(inner, false),
            ["there is no `def install():`", "`def install` is inside of something else, where agents do not find it"]
        );
        let comment = "# from setuphelpers import *\n\"uninstallkey = []\"\nif x == 'def install():': pass\n";
        assert_eq!(messages(comment, false).len(), 3);
        let twice = format!("{GOOD}\ndef install():\n    pass\n");
        assert_eq!(messages(&twice, false), ["`def install` is there twice: the last one is used"]);
        assert!(messages("x = '''abc", false).contains(&"a string is not closed".to_owned()));
        assert!(messages("x = (1,\n2", false).contains(&"a bracket is not closed".to_owned()));
    }
}
