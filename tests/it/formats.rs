//! `formats`: what is made of a package, beside or instead of what the platform's package manager takes.

use crate::project::Project;

/// The usual project with a line in the table of its first package.
fn with(line: &str) -> Project {
    let project = Project::new();
    project.edit("factory.toml", "summary = \"sells things\"\n", &format!("summary = \"sells things\"\n{line}\n"));
    project
}

#[test]
fn a_format_of_another_platform_is_passed_over() {
    let project = with(r#"formats = ["deb", "rpm"]"#);
    let run = project.done(&["build", "packages"]);
    assert!(!run.stderr.contains("no package is made"), "{run}");
    let files = project.files("packages/debian-12");
    assert!(files.iter().any(|file| file.starts_with("shop_2.5.11")), "{files:?}");
    assert!(files.iter().all(|file| !file.contains(".rpm")), "{files:?}");
}

#[test]
fn a_package_that_no_format_makes_is_said() {
    let project = with(r#"formats = ["rpm"]"#);
    project.edit("factory.toml", "without = [\"shop\"]\n", "");
    let run = project.done(&["build", "packages"]);
    let said = "no package is made of shop on debian-12: it takes deb packages, and its `formats` name none";
    assert!(run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{run}");
    assert!(project.files("packages/debian-12").iter().all(|file| !file.starts_with("shop_")));
}

#[test]
fn what_is_without_a_package_that_is_not_made_is_refused() {
    let project = with(r#"formats = ["rpm"]"#);
    project.run(&["plan"]).assert_code(2).says(&["[[package]] `shop-web` takes package shop", "`formats`"]);
}

#[test]
fn formats_are_known_words_each_once() {
    let refused = |line: &str, parts: &[&str]| {
        with(line).run(&["plan"]).assert_code(2).says(parts);
    };
    refused(r#"formats = ["dep"]"#, &["unknown package format `dep`", "did you mean `deb`?"]);
    refused(r#"formats = ["deb", "deb"]"#, &["the format is named twice"]);
    refused("formats = []", &["nothing would be made of it", "leave `formats` out"]);
}
