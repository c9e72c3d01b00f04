//! What a recipe says and nobody uses is warned of at its line; what tools warn of is heard on the terminal.

use serde_json::json;

use crate::{
    play::Script,
    project::Project,
    push::{built, push},
};

/// The child image gets a Dockerfile of its own, with this text behind `FROM`.
pub fn with_dockerfile(text: &str, keys: &str) -> Project {
    let project = Project::new();
    project.write("web.hbs", &format!("FROM {{{{from}}}}\n{text}\n"));
    let from = "repository = \"shop/web\"\n";
    project.edit("factory.toml", from, &format!("{from}dockerfile = \"web.hbs\"\n{keys}"));
    project
}

/// What such a Dockerfile may print.
pub const KEYS: &str = r#"entrypoint = ["/bin/shop"]
cmd = ["--serve"]
env = { LANG = "C.UTF-8" }
expose = [8080]
user = "shop"
workdir = "/opt/shop"
packages = ["curl"]
contents = [{ src = "etc", dst = "/etc/shop" }]
labels = { a = "b" }
description = "x"
"#;

/// The lines of warnings.
fn warnings(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.contains("is not used") || line.contains("are not used")).collect()
}

#[test]
fn values_that_an_own_dockerfile_never_prints() {
    let project = with_dockerfile("RUN true", KEYS);
    let run = project.done(&["plan"]);
    let keys = ["entrypoint", "cmd", "env", "expose", "user", "workdir", "packages", "contents"];
    for key in keys {
        let says = format!("`{key}` of the image `web` is not used: web.hbs never prints it");
        assert!(run.stderr.contains(&says), "{key}: {}", run.stderr);
    }
    assert_eq!(warnings(&run.stderr).len(), keys.len(), "{}", run.stderr);
    run.says(&["factory.toml:33: `entrypoint`", "write `ENTRYPOINT {{json entrypoint}}` there"]);
    assert!(project.done(&["build"]).stderr.contains("`entrypoint` of the image `web` is not used"));
}

#[test]
fn values_that_it_prints() {
    let text = "{{> install packages=packages}}\nCOPY rootfs/ /\n{{#each env}}\nENV {{@key}}={{quoted this}}\n{{/each}}\n{{#if expose}}\nEXPOSE \
                8080\n{{/if}}\nWORKDIR {{workdir}}\nUSER {{user}}\nENTRYPOINT {{json entrypoint}}\nCMD [\"{{cmd.[0]}}\"]";
    let run = with_dockerfile(text, KEYS).done(&["plan"]);
    assert!(warnings(&run.stderr).is_empty(), "{}", run.stderr);
    // What is not said cannot be missing.
    let run = with_dockerfile("RUN true", "").done(&["plan"]);
    assert!(warnings(&run.stderr).is_empty(), "{}", run.stderr);
}

#[test]
fn one_value_of_many() {
    let all: Vec<String> = (0..150).map(|number| format!("A{number} = \"x\"")).collect();
    let keys = format!("env = {{ {} }}\n", all.join(", "));
    for text in [
        "ENV A={{env.A77}}",
        // Each alone changes nothing where the other one is as it is.
        "{{#if (eq env.A3 \"xx\")}}{{#if (eq env.A149 \"x\")}}RUN true{{/if}}{{/if}}",
    ] {
        let run = with_dockerfile(text, &keys).done(&["plan"]);
        assert!(warnings(&run.stderr).is_empty(), "{text}: {}", run.stderr);
    }
    let run = with_dockerfile("{{#each env}}{{#if (eq @key \"B\")}}{{this}}{{/if}}{{/each}}", &keys).done(&["plan"]);
    run.says(&["`env` of the image `web` is not used"]);
}

#[test]
fn what_fits_no_platform() {
    let project = Project::new();
    let recipe = project.read("factory.toml");
    project.write(
        "factory.toml",
        &format!(
            "{recipe}\n[package.overrides.rpm]\ndepends = [\"x\"]\n[package.overrides.debian-11]\ndepends = [\"x\"]\n[[user]]\nname = \
             \"nobody-else\"\nhome = \"/x\"\n"
        ),
    );
    project.edit(
        "factory.toml",
        "bootstrap = \"never\"",
        "bootstrap = \"never\"\nmirror = \"https://deb.example.org/debian\"",
    );
    let run = project.done(&["plan"]);
    run.says(&[
        "the overrides of [[package]] for `rpm` are not used: no platform of the recipe is that",
        "for `debian-11` are not used",
        "the user `nobody-else` is made nowhere",
        "`mirror` is not used",
    ]);
    assert!(!Project::new().done(&["plan"]).stderr.contains("not used"));
}

#[test]
fn what_only_debian_packages_have() {
    let project = Project::new();
    project.edit("factory.toml", "platforms = [\"debian-12\"]\nofficial = \"debian-12\"", "platforms = [\"rocky-9\"]");
    project.edit("factory.toml", "summary = \"sells things\"", "summary = \"sells things\"\npriority = \"optional\"");
    let run = project.done(&["plan"]);
    run.says(&["`priority` is not used: only Debian packages have it"]);
    assert!(!project.done(&["plan"]).stderr.contains("`lintian` is not used"));
}

#[test]
fn placeholders_where_nothing_is_filled_in() {
    let project = Project::new();
    let keys = "env = { A = \"{{vresion}}\" }\nlabels = { b = \"{{tag}}\", c = \"{{.Id}}\" }\ncmd = [\"/bin/shop\", \"{{ version }}\"]\n";
    project.edit("factory.toml", "repository = \"shop/web\"\n", &format!("repository = \"shop/web\"\n{keys}"));
    project.edit("factory.toml", "{ src = \"/opt/web\" }", "{ src = \"/opt/web\", dst = \"/opt/web-{{version}}\" }");
    let run = project.done(&["plan"]);
    run.says(&[
        "factory.toml:52: `{{version}}` in `dst` stays as it is",
        "factory.toml:32: `{{vresion}}` in `env` stays as it is: nothing is filled in there",
        "factory.toml:33: `{{tag}}` in `labels` stays as it is",
        "factory.toml:34: `{{ version }}` in `cmd` stays as it is",
    ]);
    assert_eq!(run.stderr.matches("stays as it is").count(), 4, "{run}");
}

#[test]
fn what_is_dated_by_nothing() {
    let mut project = Project::new();
    let says = "there is no commit to date by: everything that is made is dated 1980-01-01";
    assert!(!project.done(&["plan"]).stderr.contains(says), "the variable says it");
    project.without_env("SOURCE_DATE_EPOCH");
    for verb in ["plan", "build"] {
        assert_eq!(project.done(&[verb]).stderr.matches(says).count(), 1, "{verb}");
    }
}

#[test]
fn what_pip_and_buildkit_warn_of_is_heard() {
    let project = Project::new();
    let lines = [
        "WARNING: The candidate selected for download or install is a yanked version: 'six' candidate (version 1.16.0 at \
         https://files.example.org/six-1.16.0-py2.py3-none-any.whl (from https://example.org/simple/six/))",
        "Reason for being yanked: it breaks",
        "Successfully downloaded six psutil",
    ];
    project.play(&Script::new().on("wait", "\"download\"", json!({ "lines": lines })));
    let run = project.done(&["build"]);
    run.says(&["debian-12/wheels-core: six 1.16.0 was yanked by those who published it: it breaks"]);
}

#[test]
fn labels_that_the_program_says_itself() {
    let title = "org.opencontainers.image.title";
    let labels = format!(
        "labels = {{ \"{title}\" = \"Shop\", \"org.opencontainers.image.base.name\" = \"x\", \"org.example\" = \"y\" }}\n"
    );
    let run = with_dockerfile("RUN true", &labels).done(&["plan"]);
    let says = |name: &str| format!("factory.toml:33: the label `{name}` of the image `web` is not used");
    run.says(&[&says(title), &says("org.opencontainers.image.base.name")]);
    assert_eq!(warnings(&run.stderr).len(), 2, "{run}");
}

#[test]
fn what_buildkit_says_of_a_dockerfile_of_ones_own() {
    let project = with_dockerfile("CMD serve", "");
    let warning = "WARNING: JSONArgsRecommended: JSON arguments recommended for CMD (https://docs.docker.com/go/dockerfile/rule/)";
    project.play(&Script::new().on("build", "shop/web", json!({ "warnings": [warning] })));
    let run = project.done(&["build"]);
    run.says(&["debian-12/web: JSONArgsRecommended: JSON arguments recommended for CMD"]);
    assert_eq!(run.stderr.matches("JSONArgsRecommended").count(), 1, "{run}");
    assert!(project.read(".factory/logs/debian-12/web.log").contains(warning));
}

#[test]
fn names_that_no_requirements_need() {
    let project = Project::new();
    assert!(!project.done(&["build"]).stderr.contains("no_binary"));
    // One is needed by another image's requirements, one by nobody.
    project.edit("factory.toml", "no_binary = [\"psutil\"]", "no_binary = [\"psutil\", \"Six\", \"ps_util\"]");
    let says = "factory.toml:14: no requirements need `ps-util`, which `no_binary` names";
    assert!(!project.done(&["plan"]).stderr.contains(says), "what is needed is not known before");
    let run = project.done(&["build"]);
    assert_eq!(run.stderr.matches("which `no_binary` names").count(), 1, "{run}");
    run.says(&[says]);
    project.done(&["plan"]).says(&[says]);
}

#[test]
fn a_push_after_a_test_that_failed() {
    let Some((project, registry)) = built() else { return };
    project.done(&["build"]);
    let failed = json!({
        "tag": "2.5.11", "packages": {}, "checks": ["test-files: /opt/shop/bin/shop is not there"], "finished": "2026-01-01T00:00:00Z",
    });
    project.write(".factory/tests/debian-12/failed.json", &failed.to_string());
    let run = push(&project, &registry, &["--packages"]).ended(0);
    run.says(&[
        "shop 2.5.11 failed its test on debian-12 at 2026-01-01T00:00:00Z (test-files: /opt/shop/bin/shop is not there)",
        "`factory test` tests what is there now",
    ]);
    assert!(!run.stderr.contains("was not tested"), "{run}");
}
