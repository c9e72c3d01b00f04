//! `factory explain`: every lint can be asked for.

use factory::names::Concern;

use crate::project::Project;

#[test]
fn all_lints_in_one_table() {
    let project = Project::new();
    let run = project.done(&["explain"]);
    shows!(project, run.stdout);
    for (word, _) in Concern::WORDS {
        assert!(run.stdout.lines().any(|line| line.split_whitespace().next() == Some(word)), "{word}: {run}");
    }
}

#[test]
fn one_lint_says_what_to_do() {
    let project = Project::new();
    shows!(project, project.done(&["explain", "unit-file"]).stdout);
    // As it stands behind what it has found.
    assert_eq!(project.done(&["explain", "[unit-file]"]).stdout, project.done(&["explain", "unit-file"]).stdout);
    for (word, concern) in Concern::WORDS {
        let run = project.done(&["--output", "json", "explain", word]);
        let said: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(said["id"], *word, "{run}");
        assert_eq!(said["severity"], concern.severity().as_str(), "{run}");
    }
}

#[test]
fn a_lint_that_there_is_not() {
    let project = Project::new();
    project
        .run(&["explain", "unit-fiel"])
        .ended(2)
        .says(&["no lint `unit-fiel`", "did you mean `factory explain unit-file`?"]);
    project.run(&["explain", "everything"]).ended(2).says(&["there are `private-key`, `setuid`"]);
}
