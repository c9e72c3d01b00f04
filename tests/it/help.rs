//! The command line: its help pages, and what it refuses.

use factory::diag::Exit;

use crate::project::Project;

/// Every verb that there is.
const VERBS: [&str; 15] = [
    "init", "plan", "build", "test", "push", "pull", "publish", "tag", "verify", "show", "explain", "keys", "log",
    "clean", "doctor",
];

fn plain() -> Project {
    let mut project = Project::new();
    // The help shows the variables that are set.
    project.without_env("FACTORY_TAG");
    project
}

#[test]
fn the_help_of_the_program() {
    let project = plain();
    let run = project.done(&["--help"]);
    shows!(project, run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn help_pages() {
    let project = plain();
    for verb in VERBS {
        let run = project.done(&[verb, "--help"]);
        let (own, rest) = run.stdout.split_once("Global options:").unwrap();
        let examples = rest.split_once("\nExamples:").unwrap_or_else(|| panic!("{verb} shows no examples")).1;
        let own = format!("{own}Examples:{examples}");
        let mut settings = project.filters();
        settings.set_snapshot_suffix(verb);
        settings.bind(|| insta::assert_snapshot!(own));
    }
}

#[test]
fn every_verb_has_a_help_page() {
    let help = plain().done(&["--help"]).stdout;
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    // A verb is indented by two blanks, what it does deeper.
    let listed: Vec<&str> =
        commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).filter_map(word).collect();
    assert_eq!(listed, [&VERBS[..], &["help"]].concat(), "a verb without a page in this file's VERBS");
}

/// Every line of the examples that is typed begins with the program and a verb that there is.
#[test]
fn every_help_page_ends_with_examples() {
    let project = plain();
    for verb in VERBS {
        let help = project.done(&[verb, "--help"]).stdout;
        let examples = help.split("\nExamples:\n").nth(1).unwrap_or_else(|| panic!("{verb} shows no examples"));
        let (typed, told): (Vec<&str>, Vec<&str>) = examples.lines().partition(|line| line.starts_with("  factory "));
        assert!((2..=4).contains(&typed.len()) && told.len() == typed.len(), "{verb}: {examples}");
        let own = format!("  factory {verb}");
        assert!(
            typed
                .iter()
                .all(|line| line.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
        );
        assert!(told.iter().all(|line| line.starts_with("      ")), "{verb}: {examples}");
    }
}

fn word(line: &str) -> Option<&str> {
    line.split_whitespace().next()
}

#[test]
fn the_help_names_every_exit_code() {
    let help = plain().done(&["--help"]).stdout;
    let codes = help.split("Exit codes:").nth(1).expect("no `Exit codes:` in the help");
    let numbers: Vec<u8> =
        codes.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    assert_eq!(numbers, Exit::ALL.map(Exit::code));
}

#[test]
fn the_version_is_the_package_s() {
    let run = plain().done(&["--version"]);
    assert_eq!(run.stdout, format!("factory {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_command_lines() {
    let project = plain();
    for wrong in [
        &[][..],
        &["frobnicate"],
        &["build", "--frobnicate"],
        &["build", "everything"],
        &["build", "--jobs", "0"],
        &["build", "--jobs", "many"],
        &["build", "--release", "0"],
        &["build", "--release", "one"],
        &["build", "--output", "xml"],
        &["build", "--quiet", "--verbose"],
        &["build", "--dry-run", "--no-cache"],
        &["plan", "--dot", "--output", "json"],
        &["log"],
        &["tag", "--ini", "x"],
        &["tag", "--api", "x"],
        &["tag", "--sign"],
        &["tag", "--delete", "--move"],
        &["tag", "--delete", "--message", "x"],
        &["log", "a", "b"],
        &["--project"],
    ] {
        let run = project.run(wrong);
        assert_eq!(run.code, Some(2), "{wrong:?}\n{run}");
        assert!(run.stdout.is_empty(), "{wrong:?}: stdout is data\n{run}");
        assert!(!run.stderr.is_empty(), "{wrong:?}");
    }
    assert!(project.calls().is_empty(), "a daemon was asked: {:?}", project.calls());
    assert!(project.files(".factory").is_empty(), "something was done");
}

#[test]
fn a_verb_that_is_nearly_right() {
    let project = plain();
    project.run(&["biuld"]).assert_code(2).says(&["'build'"]);
    project.run(&["build", "--platfrom", "debian-12"]).assert_code(2).says(&["--platform"]);
}
