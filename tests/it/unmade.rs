//! Platforms whose packages are not written yet: what can be made is made, and what is not is said.

use serde_json::json;

use crate::{
    play::{Script, downloads},
    project::Project,
};

/// The usual project for Debian and Alpine.
fn with_alpine() -> Project {
    let project = Project::new();
    project.edit("factory.toml", r#"platforms = ["debian-12"]"#, r#"platforms = ["debian-12", "alpine-3.22"]"#);
    // A wheel for every platform.
    project.write("requirements.txt", "six==1.16.0\n");
    project.edit("factory.toml", "no_binary = [\"psutil\"]\n", "");
    let mut script = Script::new().pip_downloads(&downloads()[..1]).pip_chooses("six");
    let base = json!({ "tags": ["alpine:3.22"], "size": 8_000_000, "repo_digests": [
        format!("alpine@sha256:{}", "a1fa".repeat(16))
    ] });
    script.images.push(base);
    project.play(&script.on("wait", "apk", json!({ "lines": ["gcc-14.2.0-r6", "python3-3.12.11-r0"] })));
    project
}

const SAID: &str = "no package is made of shop and shop-web on alpine-3.22: it takes apk packages";

#[test]
fn images_and_wheels_are_planned_beside_packages_that_are_not_made() {
    let project = with_alpine();
    let run = project.done(&["plan"]);
    let words = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words.matches(SAID).count(), 1, "{run}");
    let plan: serde_json::Value =
        serde_json::from_str(project.done(&["plan", "--output", "json"]).stdout.lines().last().unwrap()).unwrap();
    let steps = |platform: &str| {
        let rows = plan["rows"].as_array().unwrap().iter().filter(|row| row["platform"] == platform);
        rows.map(|row| row["step"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert!(steps("debian-12").contains(&"package-shop"));
    assert!(steps("alpine-3.22").contains(&"core"), "{plan}");
    assert!(!steps("alpine-3.22").contains(&"package-shop"));
    // Who asks for no package is told of none.
    let run = project.done(&["build", "images", "--dry-run"]);
    assert!(!run.stderr.contains("no package is made"), "{run}");
}

#[test]
fn images_and_wheels_are_built_beside_packages_that_are_not_made() {
    let project = with_alpine();
    let run = project.done(&["build"]);
    let words = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words.matches(SAID).count(), 1, "{run}");
    assert!(run.stdout.contains("shop/core:alpine-3.22-2.5.11"), "{run}");
    assert!(run.stdout.contains("packages/debian-12/shop_2.5.11-1~deb12"), "{run}");
}

#[test]
fn packages_that_are_asked_for_and_cannot_be_made_are_an_error() {
    let project = with_alpine();
    for arguments in [&["plan"][..], &["build"], &["build", "images"]] {
        project.done(&[arguments, &["--platform", "alpine-3.22"]].concat());
    }
    for arguments in [&["build", "packages"][..], &["build", "packages", "--dry-run"], &["test"]] {
        let run = project.run(&[arguments, &["--platform", "alpine-3.22"]].concat());
        run.assert_code(2).says(&["there is nothing to make", SAID, "`--platform`"]);
    }
    project.done(&["build", "packages"]);
}
