//! What is refused before anything is done: exit code 2, at the user's text, and no daemon is asked.

use std::fs;

use crate::project::{Project, Run};

/// Fails when anything was done.
fn assert_nothing_happened(project: &Project, run: &Run) {
    assert!(project.calls().is_empty(), "a daemon was asked: {:?}\n{run}", project.calls());
    assert!(project.files(".factory").is_empty(), "{run}");
    assert_eq!(run.stdout, "", "{run}");
}

#[test]
fn hostile_tags() {
    let long = "a".repeat(200);
    for tag in [
        "2.5; rm -rf /",
        "../x",
        "",
        "-x",
        &long,
        "2.5.11 ",
        "2.5:11",
        "2.5/11",
        "$(id)",
        "`id`",
        "2.5\n11",
        "2.5\t",
        "ü",
        "..",
        ".",
        "%2e",
        "{{x}}",
        "latest",
    ] {
        for verb in [&["build"][..], &["plan"], &["push", "--registry", "r.example.org"], &["test"]] {
            let project = Project::new();
            let option = format!("--tag={tag}");
            let run = project.run(&[verb, &[&option]].concat());
            assert_eq!(run.code, Some(2), "{verb:?} {tag:?}\n{run}");
            assert_nothing_happened(&project, &run);
        }
        let mut project = Project::new();
        project.env("FACTORY_TAG", tag);
        let run = project.run(&["build"]);
        assert_eq!(run.code, Some(2), "FACTORY_TAG={tag:?}\n{run}");
        assert_nothing_happened(&project, &run);
    }
}

#[test]
fn what_a_hostile_tag_is_told() {
    let project = Project::new();
    shows!(project, project.run(&["build", "--tag", "2.5; rm -rf /"]).stderr);
    let run = project.run(&["build", "--tag", "2.5\u{1b}[31m"]);
    run.assert_code(2);
    assert!(!run.stderr.contains('\u{1b}'), "nothing that a terminal obeys is repeated: {run}");
}

#[test]
fn tags_that_are_fine() {
    let project = Project::new();
    for tag in ["2.5.11", "v2.5.11", "2.5.11-rc1", "2.5.11_1", "20261120", &"1".repeat(60)] {
        project.done(&["plan", "--tag", tag]);
    }
}

#[test]
fn no_tag_at_all() {
    let mut project = Project::new();
    project.without_env("FACTORY_TAG");
    let run = project.run(&["build"]);
    run.assert_code(2);
    assert_nothing_happened(&project, &run);
    shows!(project, run.stderr, @r"
    error: nothing says which release this is

    help: name it: `--tag 2.5.11` or `FACTORY_TAG=2.5.11`; a git tag on this commit
          would do as well
    ");
}

#[test]
fn unknown_platforms() {
    let mut project = Project::with_two_platforms();
    project.env("SYSBASE", "debain-12");
    let run = project.run(&["build"]);
    run.assert_code(2);
    assert_nothing_happened(&project, &run);
    shows!(project, run.stderr, @r"
    error: unknown platform `debain-12`

    help: did you mean `debian-12`? known: `alma-10`, `alma-8`, `alma-9`,
          `alpine-3.22`, `alpine-3.23`, `alpine-3.24`, `amzn-2023`, `centos-7`,
          `debian-10`, `debian-11`, `debian-12`, `debian-13`, `debian-8`,
          `debian-9`, `debian-99`, `fedora-43`, `fedora-44`, `fedora-45`,
          `opensuse-leap-15.6`, `opensuse-leap-16.0`, `opensuse-tumbleweed`,
          `rocky-10`, `rocky-8`, `rocky-9`, `ubuntu-18.04`, `ubuntu-20.04`,
          `ubuntu-22.04`, `ubuntu-24.04`, `ubuntu-25.10`, `ubuntu-26.04`,
          `windows-amd64`, `windows-arm64`, `windows-x86`
    ");
    for wrong in ["debian-12,x", "../debian-12", "debian-12/..", "DEBIAN-12;ls"] {
        let run = project.run(&["build", "--platform", wrong]);
        assert_eq!(run.code, Some(2), "{wrong:?}\n{run}");
        assert_nothing_happened(&project, &run);
    }
}

#[test]
fn a_platform_that_is_not_the_recipe_s() {
    let project = Project::with_two_platforms();
    project.edit("factory.toml", r#", "debian-99"]"#, "]");
    let run = project.run(&["build", "--platform", "debian-99"]);
    run.assert_code(2);
    assert_nothing_happened(&project, &run);
    shows!(project, run.stderr, @r#"
    error: `debian-99` is not one of the recipe's platforms: debian-12

    help: add `"debian-99"` to `[project] platforms` in factory.toml
    "#);
}

#[test]
fn no_recipe() {
    let project = Project::new();
    fs::remove_file(project.path("factory.toml")).unwrap();
    for verb in [&["build"][..], &["plan"], &["push", "--registry", "r.example.org"], &["clean"]] {
        let run = project.run(verb);
        assert_eq!(run.code, Some(2), "{verb:?}\n{run}");
        assert_nothing_happened(&project, &run);
    }
    shows!(project, project.run(&["build"]).stderr, @r"
    error: there is no `factory.toml` in `.`

    help: go to the project's folder, or name it: `factory --project DIR …`
    ");
    let run = project.run(&["build", "--project", "nowhere"]);
    run.assert_code(2).says(&["nowhere"]);
}

#[test]
fn a_recipe_in_a_folder_above() {
    let project = Project::new();
    project.write("docs/images/README", "");
    let below = |folder: &str| {
        let script = format!("cd {folder} && exec {} plan", env!("CARGO_BIN_EXE_factory"));
        project.start_shell(&script).end()
    };
    shows!(project, below("docs/images").stderr, @r"
    error: there is no `factory.toml` in `.`

    help: the nearest one is in `../..`: go there, or name it:
          `factory --project ../.. …`
    ");
    below("docs").assert_code(2).says(&["`factory --project .. …`"]);
    let run = project.run(&["plan", "--project", "docs/images"]);
    run.assert_code(2).says(&["there is no `factory.toml` in `docs/images`", "`factory --project . …`"]);
    project.run(&["plan", "--project", "nowhere"]).assert_code(2).says(&["`factory --project DIR …`"]);
}

#[test]
fn unknown_words_of_the_recipe() {
    let project = Project::new();
    project.edit("factory.toml", "repository = \"shop/core\"", "repositroy = \"shop/core\"");
    project.edit("factory.toml", "[base]", "[bsae]");
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"nevre\"");
    let run = project.run(&["build"]);
    run.assert_code(2);
    assert_nothing_happened(&project, &run);
    shows!(project, run.stderr);
}

#[test]
fn every_error_of_the_recipe_at_once() {
    let project = Project::new();
    project.edit("factory.toml", "from = \"core\"\nrepository", "from = \"croe\"\nrepository");
    project.edit("factory.toml", "requirements = \"web/requirements.txt\"", "requirements = \"web/missing.txt\"");
    project.edit("factory.toml", "units/shop.service", "../shop.service");
    project.edit("factory.toml", "prefix = \"/opt/shop\"", "prefix = \"opt/shop\"");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    assert_nothing_happened(&project, &run);
    shows!(project, run.stderr);
}

#[test]
fn what_is_no_toml() {
    let project = Project::new();
    project.write("factory.toml", "[project\nname = 1\n");
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&["factory.toml:1:"]);
    assert_nothing_happened(&project, &run);
    fs::write(project.path("factory.toml"), [0xff, 0xfe, 0]).unwrap();
    project.run(&["plan"]).assert_code(2);
    fs::remove_file(project.path("factory.toml")).unwrap();
    fs::create_dir(project.path("factory.toml")).unwrap();
    project.run(&["plan"]).assert_code(2);
}

#[test]
fn a_bad_ca_bundle() {
    let mut project = Project::new();
    project.write("empty.pem", "");
    project.write("key.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n");
    fs::File::create(project.path("huge.pem")).unwrap().set_len(17 << 20).unwrap();
    for (bundle, says) in [
        ("missing.pem", "missing.pem"),
        ("empty.pem", "no certificate in PEM form"),
        ("key.pem", "no certificate in PEM form"),
        ("huge.pem", "larger than 16 MiB"),
        ("app", "app"),
        ("/dev/null", "no certificate in PEM form"),
    ] {
        project.env("FACTORY_CA_BUNDLE", bundle);
        let run = project.run(&["build"]);
        assert_eq!(run.code, Some(2), "{bundle}\n{run}");
        run.says(&["FACTORY_CA_BUNDLE:", says, "/etc/ssl/certs/ca-certificates.crt"]);
        let changed: Vec<String> = crate::build::changes(&project);
        assert!(changed.is_empty(), "{bundle}: {changed:?}");
    }
}

#[test]
fn a_ca_bundle_that_never_ends() {
    let mut project = Project::new();
    project.env("FACTORY_CA_BUNDLE", "/dev/zero");
    project.run(&["build"]).assert_code(2).says(&["FACTORY_CA_BUNDLE:"]);
}

#[test]
fn a_bad_source_date_epoch() {
    let mut project = Project::new();
    for wrong in ["yesterday", "12", "-1", "1.7e9", "99999999999999999999", "1700000000 "] {
        project.env("SOURCE_DATE_EPOCH", wrong);
        let run = project.run(&["build"]);
        assert_eq!(run.code, Some(2), "{wrong:?}\n{run}");
        run.says(&["SOURCE_DATE_EPOCH", "git log -1 --format=%ct"]);
        assert_nothing_happened(&project, &run);
    }
}

#[test]
fn a_time_beyond_every_archive() {
    let mut project = Project::new();
    project.env("SOURCE_DATE_EPOCH", "9999999999999");
    let run = project.run(&["build"]);
    assert_eq!(run.code, Some(2), "{run}");
}

#[test]
fn a_bad_platform_file() {
    let project = Project::with_two_platforms();
    project.edit("platforms/debian-99.toml", "codec = \"xz\"", "codec = \"zx\"");
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&["platforms/debian-99.toml:", "zx"]);
    assert_nothing_happened(&project, &run);
}

#[test]
fn a_platform_without_packages_for_the_machine() {
    let project = Project::new();
    let mut script = crate::play::Script::new();
    script.engine = serde_json::json!({ "arch": "s390x" });
    project.play(&script);
    project.run(&["plan"]).assert_code(2).says(&["debian-12", "s390x", "aarch64, x86_64"]);
}

#[test]
fn project_files_that_cannot_go_into_an_archive() {
    let project = Project::new();
    let fifo = project.path("app/pipe");
    project.start_shell("mkfifo app/pipe").end().assert_code(0);
    project.run(&["plan"]).assert_code(2).says(&["app/pipe", "neither a file, a folder nor a symbolic link"]);
    fs::remove_file(fifo).unwrap();
    project.write("app/evil\nname.py", "x");
    project.run(&["plan"]).assert_code(2).says(&["evil\\nname.py", "control character"]);
}

#[test]
fn a_word_that_stands_twice_in_a_list() {
    let project = Project::new();
    project.edit(
        "factory.toml",
        "summary = \"sells things\"\n",
        "summary = \"sells things\"\ndepends = [\"tar\", \"sed\", \"tar\"]\n",
    );
    project.run(&["plan"]).assert_code(2).says(&["`tar` is twice in this list", "first here", "again here"]);
}

#[test]
fn a_reason_that_is_none_and_words_without_their_list() {
    let project = Project::new();
    project.edit(
        "factory.toml",
        "summary = \"sells things\"\n",
        "summary = \"sells things\"\nallow = [{ check = \"setuid\", path = \"/bin/x\", reason = \"…\" }]\n",
    );
    project
        .run(&["plan"])
        .assert_code(2)
        .says(&["`…` is no reason", "one sentence for whoever reads the recipe later"]);
    let project = Project::new();
    project.edit(
        "factory.toml",
        "repository = \"shop/web\"\n",
        "repository = \"shop/web\"\ncmd = \"/bin/shop -c 'a b'\"\n",
    );
    project.run(&["plan"]).assert_code(2).says(&["put it in brackets: `[\"/bin/shop\", \"-c\", \"a b\"]`"]);
    let project = Project::new();
    project.edit(
        "factory.toml",
        "repository = \"shop/web\"\n",
        "repository = \"shop/web\"\npackages = [\"curl\", \"curl\"]\n",
    );
    project.run(&["plan"]).assert_code(2).says(&["is twice in this list"]);
}

#[test]
fn the_same_entry_twice() {
    let project = Project::new();
    let text = project.read("factory.toml");
    let entry = "{ src = \"units/shop.service\"";
    let line = text.lines().find(|line| line.contains(entry)).unwrap().to_owned();
    let again = line.split('}').next().unwrap().to_owned() + "},";
    project.edit("factory.toml", &line, &format!("{again}\n{line}"));
    project.run(&["plan"]).assert_code(2).says(&["the same entry twice", "first here", "leave one of them out"]);
}
