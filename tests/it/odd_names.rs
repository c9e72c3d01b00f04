//! Names that mean something to Dockerfiles, patterns, shells and lists, and other words of a recipe that were refused though they
//! were right.

use serde_json::json;

use crate::{
    play::{Script, file},
    project::{Project, RECIPE},
};

const CONTENTS: &str = "contents = [{ src = \"etc\", dst = \"/opt/shop/etc\" }]";

/// The usual project with something else instead of its image's contents.
fn image(lines: &str) -> Project {
    let project = Project::new();
    project.write("factory.toml", &RECIPE.replacen(CONTENTS, lines, 1));
    project
}

/// The usual project with more entries in its package.
fn package(entries: &str) -> Project {
    let project = Project::new();
    let recipe =
        RECIPE.replacen("  { src = \"/opt/shop\" },\n", &format!("  {{ src = \"/opt/shop\" }},\n{entries}"), 1);
    project.write("factory.toml", &recipe);
    project
}

fn listed(project: &Project) -> String {
    let name = project.files("packages/debian-12").into_iter().find(|name| name.contains("shop_")).unwrap();
    let path = project.path("packages/debian-12").join(name.rsplit('/').next().unwrap());
    let output = std::process::Command::new("dpkg-deb").arg("-c").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn names_are_taken_as_they_are() {
    let project = image(
        r#"contents = [
  { src = 'web/a$HOME', dst = '/srv/a$HOME' },
  { src = 'web/q"uote', dst = '/srv/q"uote' },
  { src = 'web/\[id\].js', dst = '/srv/[id].js' },
  { src = '-dash#!', dst = '/srv/-dash#!' },
  { src = 'web', dst = '/srv/{web} *' },
  { src = 'web/\[id\].js', dst = '/srv/in/' },
]"#,
    );
    for name in ["web/a$HOME", "web/q\"uote", "web/[id].js", "-dash#!"] {
        project.write(name, "text\n");
    }
    project.done(&["build", "images"]);
    let dockerfile = project.dockerfile("shop/core:2.5.11");
    for line in [
        r#"COPY ["rootfs/srv/a\\$HOME","/srv/a\\$HOME"]"#,
        r#"COPY ["rootfs/srv/q\\\"uote","/srv/q\\\"uote"]"#,
        r#"COPY ["rootfs/srv/[[]id].js","/srv/[id].js"]"#,
        r#"COPY ["rootfs/srv/-dash#!","/srv/-dash#!"]"#,
        r#"COPY ["rootfs/srv/{web} [*]/","/srv/{web} */"]"#,
        r#"COPY ["rootfs/srv/in/[[]id].js","/srv/in/[id].js"]"#,
    ] {
        assert!(dockerfile.contains(line), "{line}\n{dockerfile}");
    }
}

#[test]
fn a_pattern_that_is_a_name_is_said() {
    let project = image("contents = [{ src = '[id].js', dst = '/srv/[id].js' }]");
    project.write("[id].js", "text\n");
    project.run(&["plan"]).assert_code(2).says(&["`[id].js` matches no file", r"src = '\[id\].js'", "factory.toml:"]);
    let project = image("contents = [{ src = 'etc/*', dst = '/srv/*' }]");
    project.run(&["plan"]).assert_code(2).says(&["`dst` is the folder for what it finds"]);
    let project = image("contents = [{ src = \"etc\", dst = \"/srv/a\\nb\" }]");
    project.run(&["plan"]).assert_code(2).says(&["a control character (\\n)"]);
    let project = image("contents = [{ src = \"etc\", dst = \"/srv\" }]");
    std::fs::write(project.path("etc/a\nb"), "").unwrap();
    project.run(&["plan"]).assert_code(2).says(&["its name has a control character"]);
}

#[test]
fn names_of_the_container_are_taken_as_they_are() {
    let project = package("  { src = '/srv/\\[id\\].js' },\n  { src = '/srv/\\[id\\].js', type = \"config\" },\n");
    project.play(&Script::new().on(
        "download",
        "path=/srv/[id].js",
        json!({ "archive": { "/srv/[id].js": [file("", "x\n")] } }),
    ));
    project.done(&["build"]);
    assert!(listed(&project).contains(" ./srv/[id].js\n"), "{}", listed(&project));
    // A pattern of the container matches a class as before.
    let project = package("  { src = '/srv/[id].js' },\n");
    project.play(&Script::new().on(
        "download",
        "path=/srv",
        json!({ "archive": { "/srv": [file("i.js", "i\n"), file("[id].js", "x\n")] } }),
    ));
    project.done(&["build"]);
    let listed = listed(&project);
    assert!(listed.contains(" ./srv/i.js\n") && !listed.contains("[id]"), "{listed}");
}

#[test]
fn a_folder_of_state_that_the_package_makes() {
    let project = package(
        "  { dst = \"/var/lib/shop/\", type = \"state\", file_info = { owner = \"shop\", group = \"shop\", mode = 0o750 } },\n  \
         { dst = \"/opt/shop/etc\", type = \"state\" },\n",
    );
    project.edit("factory.toml", "  { src = \"/opt/shop/etc/**\", type = \"config|noreplace\" },\n", "");
    project.done(&["build"]);
    let listed = listed(&project);
    assert!(
        listed.lines().any(|line| line.starts_with("drwxr-x--- shop/shop") && line.ends_with(" ./var/lib/shop/")),
        "{listed}"
    );
    // It is shipped empty, whatever the image has there.
    assert!(listed.contains(" ./opt/shop/etc/\n") && !listed.contains("shop.conf"), "{listed}");
    let project = package("  { src = \"/opt/shop/etc\", dst = \"/x\", type = \"state\" },\n");
    project.run(&["plan"]).assert_code(2).says(&["`dst` alone one that the package makes"]);
}

#[test]
fn ports_have_protocols() {
    let project = image("expose = [80, \"53/udp\", \"8000-8010/TCP\", \"132/sctp\"]\nuser = \"1000:1000\"");
    project.edit("factory.toml", "user = \"shop\"\n", "");
    project.done(&["build", "images"]);
    let dockerfile = project.dockerfile("shop/core:2.5.11");
    let lines: Vec<&str> =
        dockerfile.lines().filter(|line| line.starts_with("EXPOSE") || line.starts_with("USER")).collect();
    let all = ["EXPOSE 80/tcp", "EXPOSE 53/udp", "EXPOSE 8000-8010/tcp", "EXPOSE 132/sctp", "USER 1000:1000"];
    assert_eq!(lines, all);
    for bad in ["\"53/icmp\"", "0", "\"80-\"", "\"90-80\"", "\"http\"", "70000", "\"+80\""] {
        let run = image(&format!("expose = [{bad}]")).run(&["plan"]);
        run.assert_code(2).says(&["is no port", "\"53/udp\""]);
    }
}

#[test]
fn braces_of_another_program_are_written_with_a_backslash() {
    for (text, fits) in [
        ("{{.Id}}", false),
        ("{{range .Names}}x{{end}}", false),
        (r"\{{.Id}}", true),
        (r"\{{range .Names}}x\{{end}}", true),
    ] {
        let project = image("dockerfile = \"Dockerfile\"");
        project.edit("factory.toml", "python = [\"app\"]\nusers = [\"shop\"]\nuser = \"shop\"\n", "");
        project.write("Dockerfile", &format!("FROM {{{{from}}}}\nRUN echo '{text}' > /format\n"));
        let run = project.run(&["build", "images"]);
        if fits {
            run.assert_code(0);
            assert!(project.dockerfile("shop/core:2.5.11").contains(&text.replace('\\', "")));
        } else {
            run.assert_code(2).says(&[r"`\{{.Id}}`"]);
        }
    }
}
