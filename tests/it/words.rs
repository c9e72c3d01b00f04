//! Words of a recipe that other tools do not know, and what of it excludes itself.

use crate::project::Project;

/// The usual project with one text of its recipe replaced by another.
fn with(from: &str, to: &str) -> Project {
    let project = Project::new();
    project.edit("factory.toml", from, to);
    project
}

/// What a plan refuses.
fn refused(from: &str, to: &str, says: &[&str]) {
    with(from, to).run(&["plan"]).assert_code(2).says(says);
}

#[test]
fn licences() {
    let license = |text: &str| format!("license = \"{text}\"");
    refused(
        &license("Apache-2.0"),
        &license("MTI"),
        &["SPDX has no licence `MTI`", "did you mean `MIT`?", "LicenseRef-"],
    );
    refused(&license("Apache-2.0"), &license("Secret"), &["`LicenseRef-Secret`, if it is your own"]);
    refused(&license("Apache-2.0"), &license("Apache 2.0"), &["did you mean `Apache-2.0`?"]);
    for fine in ["LicenseRef-Secret", "MIT OR GPL-2.0-or-later WITH Classpath-exception-2.0"] {
        let run = with(&license("Apache-2.0"), &license(fine)).done(&["plan"]);
        assert!(!run.stderr.contains("license"), "{run}");
    }
    with(&license("Apache-2.0"), &license("GPLv2+"))
        .done(&["plan"])
        .says(&["factory.toml:4: `license`: `GPLv2+` is no SPDX licence", "write `GPL-2.0-or-later`"]);
}

#[test]
fn sections() {
    let summary = "summary = \"sells things\"\n";
    let run = with(summary, &format!("{summary}section = \"contrib/netz\"\n")).done(&["plan"]);
    run.says(&["Debian has no section `netz` (policy 2.4); did you mean `contrib/net`?"]);
}

#[test]
fn relations_that_exclude_each_other() {
    let depends = "depends = [\"shop (= {{version}})\"]";
    refused(
        depends,
        "depends = [\"libc6 (>= 2.36)\", \"libc6 (<< 2.30)\"]",
        &["no version is `libc6 (>= 2.36)` and `libc6 (<< 2.30)`", "nothing would install the package"],
    );
    refused(
        depends,
        "depends = [\"shop (= {{version}})\"]\nconflicts = [\"shop\"]",
        &["`depends` asks for `shop (= {{version}})`, and `conflicts` refuses `shop`"],
    );
    refused(depends, "depends = [\"shop-web\"]", &["the package `shop-web` names itself in `depends`"]);
    for fine in [
        "depends = [\"shop\", \"shop (>= 2)\"]\nbreaks = [\"shop (<< 2)\"]",
        "depends = [\"aa (= 1) | bb\", \"aa (= 2)\"]",
    ] {
        with(depends, fine).done(&["plan"]);
    }
}

#[test]
fn tests_of_one_unit() {
    let end = "without = [\"shop\"]\n";
    let tests = |one: &str, two: &str| {
        let test = |what: &str| format!("[[test.unit]]\nname = \"shop.service\"\n{what}\n");
        let project = Project::new();
        let recipe = project.read("factory.toml");
        project.write("factory.toml", &format!("{recipe}\n{}{}", test(one), test(two)));
        project
    };
    assert!(crate::project::RECIPE.contains(end));
    let run = tests("alive = 3", "alive = 5").run(&["plan"]);
    run.assert_code(2).says(&["the unit `shop.service` has two [[test.unit]] that ask the same", "first here"]);
    let run = tests("alive = 3", "skip = \"later\"").run(&["plan"]);
    run.assert_code(2).says(&["the unit `shop.service` is run by one [[test.unit]] and left out by another"]);
    tests("alive = 3", "http = \"http://127.0.0.1/\"").done(&["plan"]);
}

#[test]
fn one_port_in_two_words() {
    let repository = "repository = \"shop/web\"\n";
    for ports in ["[8080, \"8080/tcp\"]", "[8080, 8080]", "[\"53/udp\", \"53/UDP\"]"] {
        refused(repository, &format!("{repository}expose = {ports}\n"), &["is twice in this list", "first here"]);
    }
    with(repository, &format!("{repository}expose = [53, \"53/udp\"]\n")).done(&["plan"]);
}

#[test]
fn placeholders_that_nothing_fills_in() {
    let repository = "repository = \"shop/web\"\n";
    refused(
        repository,
        &format!("{repository}cmd = [\"{{{{prefix}}}}/bin/shop\"]\n"),
        &["`{{prefix}}` in the program of `cmd` is not filled in"],
    );
    let run = with(repository, &format!("{repository}cmd = [\"shop\", \"--home={{{{prefix}}}}\"]\n")).done(&["plan"]);
    run.says(&["`{{prefix}}` in `cmd` stays as it is"]);
    // In a text of several lines it is marked at its place.
    let summary = "summary = \"sells things\"\n";
    let text = format!("{summary}description = \"\"\"\nSells\nthings\nof {{{{version}}}}.\n\"\"\"\n");
    let project = with(summary, &text);
    let line = project.read("factory.toml").lines().position(|line| line.starts_with("of {{")).unwrap() + 1;
    project.run(&["plan"]).assert_code(2).says(&[&format!("factory.toml:{line}:4"), "is not filled in here"]);
}

#[test]
fn words_of_other_packagers() {
    let summary = "summary = \"sells things\"\n";
    refused(summary, &format!("{summary}scripts = {{ postinst = \"x.sh\" }}\n"), &["did you mean `postinstall`?"]);
    refused(summary, &format!("{summary}postrm = \"x.sh\"\n"), &["did you mean `scripts`?"]);
    refused(summary, &format!("{summary}obsoletes = [\"x\"]\n"), &["did you mean `replaces`?"]);
}

#[test]
fn pins_that_exclude_each_other() {
    let project = Project::new();
    project.write("requirements.txt", "six==1.16.0\npsutil==5.9.8\nsix==1.15.0\n");
    project.run(&["plan"]).assert_code(2).says(&[
        "no version of `six` is both `six==1.16.0` (requirements.txt:1) and `six==1.15.0` (requirements.txt:3)",
        "requirements.txt:3",
    ]);
    project.write("requirements.txt", "six==1.16.0\npsutil==5.9.8\n-c constraints.txt\n");
    project.write("constraints.txt", "# none\nsix<1.16\n");
    project.run(&["plan"]).assert_code(2).says(&["and `six<1.16` (constraints.txt:2)"]);
    project.write("constraints.txt", "six<1.17\n");
    project.done(&["plan"]);
}

#[test]
fn names_with_capitals_and_addresses_without_a_scheme() {
    refused("repository = \"shop/web\"", "repository = \"Shop/Web\"", &["did you mean `shop/web`?"]);
    refused(
        "official = \"debian-12\"\n",
        "official = \"debian-12\"\nregistry = \"registry.example.org/Team\"\n",
        &["the path of a registry has no capitals", "did you mean `registry.example.org/team`?"],
    );
    let end = "depends = [\"shop (= {{version}})\"]\n";
    let test = |url: &str| format!("{end}\n[[test.unit]]\nname = \"shop.service\"\nhttp = \"{url}\"\n");
    refused(end, &test("127.0.0.1:8080/"), &["this is not a URL", "write `http://` before it"]);
    refused(end, &test(":8080"), &["for example `http://127.0.0.1:8080/`"]);
}

#[test]
fn a_target_that_systemd_does_not_have() {
    let project = Project::new();
    let unit =
        project.read("units/shop.service").replace("Description=Shop\n", "Description=Shop\nAfter=netwrok.target\n");
    project.write("units/shop.service", &unit);
    project.done(&["plan"]).says(&[
        "units/shop.service:3: After=netwrok.target is no unit of systemd, of a well-known package or of this recipe, did you mean `network.target`?",
    ]);
}
