//! Owners: accounts of the recipe, of the base image, and numbers.

use serde_json::json;

use crate::{
    play::{Script, file},
    project::{Project, RECIPE},
};

const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nadm:x:4:\nwww-data:x:33:\n";

/// The usual project with one more line in its image, and one more entry in its package, on a base image with accounts of its own.
fn with(image: &str, entry: &str) -> Project {
    let project = Project::new();
    let recipe =
        RECIPE.replacen("user = \"shop\"\ncontents = [{ src = \"etc\", dst = \"/opt/shop/etc\" }]\n", image, 1);
    let recipe = recipe.replacen("  { src = \"/opt/shop\" },\n", &format!("  {{ src = \"/opt/shop\" }},\n{entry}"), 1);
    project.write("factory.toml", &recipe);
    let shop = "shop:x:999:999::/opt/shop:/bin/sh\n";
    let accounts = |passwd: &str, group: &str| json!({ "archive": { "/etc/passwd": [file("", passwd)], "/etc/group": [file("", group)] } });
    let script = Script::new();
    let mut usual = script.clone();
    let base = format!("sha256:{}", "ba5e".repeat(16));
    usual.images[0]["id"] = base.clone().into();
    for path in ["/etc/passwd", "/etc/group"] {
        usual = usual.on(
            "download",
            &format!("path={path}"),
            accounts(
                &format!("{PASSWD}{shop}nginx:x:101:101::/:/bin/sh\n"),
                &format!("{GROUP}shop:x:999:\nnginx:x:101:\n"),
            ),
        );
    }
    project.play(&usual.on("download", &format!("image=\"{base}\""), accounts(PASSWD, GROUP)));
    project
}

fn image(line: &str) -> Project {
    with(&format!("{line}\n"), "")
}

fn package(entry: &str) -> Project {
    with("user = \"shop\"\n", &format!("  {entry},\n"))
}

#[test]
fn accounts_of_the_base_own_files_of_an_image() {
    let project = image(
        "user = \"www-data\"\ncontents = [\n  { src = \"etc\", dst = \"/opt/shop/etc\", file_info = { owner = \"www-data\", group = \"adm\" } },\n  \
         { src = \"etc\", dst = \"/srv/etc\", file_info = { owner = \"1000:1000\" } },\n  { dst = \"/srv/x\", type = \"dir\", file_info = { owner = 1000 } },\n]",
    );
    project.done(&["build", "images"]);
    let dockerfile = project.dockerfile("shop/core:2.5.11");
    let run = r#"["/bin/sh","/dev/factory/scripts/owners.sh","user","www-data","group","adm","own","www-data:adm","/dev/factory/owners/0","own","1000:1000","/dev/factory/owners/1","own","1000:root","/dev/factory/owners/2"]"#;
    assert!(dockerfile.contains(run), "{dockerfile}");
    assert!(dockerfile.contains("\nUSER www-data\n"), "{dockerfile}");
}

#[test]
fn an_account_that_an_image_does_not_have_is_an_error_at_its_line() {
    let project = image(
        "user = \"www-dta\"\ncontents = [{ src = \"etc\", dst = \"/opt/shop/etc\", file_info = { group = \"adn\" } }]",
    );
    let script = Script::new().once(
        "build",
        "shop/core",
        json!({ "lines": ["factory: no user www-dta", "factory: no group adn"], "fail": { "kind": "build", "text": "RUN: exit code: 1" } }),
    );
    project.play(&script);
    let run = project.run(&["build", "images"]);
    run.assert_code(1).says(&[
        "the image `core` has no user `www-dta`",
        "the image `core` has no group `adn`",
        "factory.toml:",
        "declare `adn` as a `[[user]]`",
    ]);
}

#[test]
fn a_dockerfile_of_one_s_own_is_looked_at_when_it_is_built() {
    for (user, fits) in [("www-data", true), ("shop:adm", true), ("1000:1000", true), ("www-dta", false)] {
        let project = image(&format!("user = \"{user}\"\ndockerfile = \"Dockerfile\"\npackages = []"));
        project.write("Dockerfile", "FROM {{from}}\nUSER {{user}}\n");
        project.edit("factory.toml", "python = [\"app\"]\n", "");
        project.edit("factory.toml", "users = [\"shop\"]\nuser", "user");
        let run = project.run(&["build", "images"]);
        if fits {
            run.assert_code(0);
        } else {
            run.assert_code(1).says(&[
                "the image `core` has no user `www-dta`",
                "did you mean `www-data`?",
                "factory.toml:",
            ]);
        }
    }
}

#[test]
fn accounts_of_the_base_own_files_of_a_package() {
    let project = package(
        "{ dst = \"/var/log/shop\", type = \"dir\", file_info = { mode = 0o2750, owner = \"www-data\", group = \"adm\" } }",
    );
    project.done(&["build"]);
    let deb = project.path("packages/debian-12").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let deb = deb.into_iter().find(|path| path.to_string_lossy().contains("/shop_")).unwrap();
    let listed = std::process::Command::new("dpkg-deb").arg("-c").arg(deb).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert!(
        listed.lines().any(|line| line.starts_with("drwxr-s--- www-data/adm") && line.ends_with("./var/log/shop/")),
        "{listed}"
    );
}

#[test]
fn owners_that_may_be_missing_where_a_package_is_installed() {
    for (owner, says) in [
        (
            "owner = \"nginx\"",
            &[
                "the user `nginx`, whom the base image `debian:bookworm-slim` does not have, only the image that the files come from",
            ][..],
        ),
        ("owner = \"www-dta\"", &["the user `www-dta`", "did you mean `www-data`?"]),
        ("group = \"admn\"", &["the group `admn`", "did you mean `adm`?", "declare `admn` as a `[[user]]`"]),
    ] {
        let project = package(&format!("{{ dst = \"/var/log/shop\", type = \"dir\", file_info = {{ {owner} }} }}"));
        let run = project.run(&["build"]);
        run.assert_code(1).says(says).says(&["factory.toml:", "files can belong to root"]);
        assert!(project.files("packages/debian-12").iter().all(|file| !file.contains("shop_")), "nothing is written");
    }
    // Numbers mean nothing elsewhere.
    for owner in ["owner = \"1000\"", "owner = 1000", "owner = \"shop:1000\"", "group = 4"] {
        let project = package(&format!("{{ dst = \"/var/log/shop\", type = \"dir\", file_info = {{ {owner} }} }}"));
        let run = project.run(&["plan"]);
        run.assert_code(2)
            .says(&["a package names the owners of its files", "a number is somebody else on each machine"]);
    }
    let project =
        package("{ dst = \"/var/log/shop\", type = \"dir\", file_info = { owner = \"shop:adm\", group = \"adm\" } }");
    project.run(&["plan"]).assert_code(2).says(&["the group is named twice"]);
}

#[test]
fn many_owned_files_are_no_long_line() {
    for own in [false, true] {
        let mut line =
            "contents = [{ src = \"many\", dst = \"/srv/many\", file_info = { owner = \"shop\" } }]".to_owned();
        if own {
            line.push_str("\ndockerfile = \"Dockerfile\"");
        }
        let project = image(&line);
        project.write("Dockerfile", "FROM {{from}}\nCOPY rootfs/ /\n{{#each owned}}RUN {{json this}}\n{{/each}}");
        if own {
            project.edit("factory.toml", "python = [\"app\"]\n", "");
            project.edit("factory.toml", "users = [\"shop\"]\n", "");
        }
        for number in 0..2500 {
            project.write(&format!("many/{}/{number}", "long-name".repeat(8)), "");
        }
        project.done(&["build", "images"]);
        let dockerfile = project.dockerfile("shop/core:2.5.11");
        let longest = dockerfile.lines().map(str::len).max();
        assert!(longest < Some(65_000), "{longest:?}");
        let named = dockerfile.matches("\"/srv/many/").count();
        assert_eq!(named, if own { 2501 } else { 1 }, "every path, once");
    }
}

#[test]
fn a_user_that_the_base_has_is_not_made_again() {
    let project = image("user = \"shop\"");
    let then = json!({ "lines": ["#4 groupadd: group 'shop' already exists"], "fail": { "kind": "build", "text": "exit code: 9" } });
    project.play(&Script::new().once("build", "shop/core", then));
    let run = project.run(&["build", "images"]);
    run.assert_code(1)
        .says(&["the image `core` has the group `shop` before `users` makes it", "leave the `[[user]]` out"]);
}

#[test]
fn a_number_of_the_container_needs_a_name_in_a_package() {
    let archive = |mode: &str| json!({ "archive": { "/srv/app": [{ "name": "x", "text": "x", "mode": mode, "uid": 1000, "gid": 1000 }] } });
    for (info, fits) in [("", false), (", file_info = { owner = \"www-data\", group = \"adm\" }", true)] {
        let project = package(&format!("{{ src = \"/srv/app\"{info} }}"));
        let script = fs_err::read_to_string(project.beside("engine/script.json")).unwrap();
        let mut script: serde_json::Value = serde_json::from_str(&script).unwrap();
        let rule = json!({ "on": "download", "contains": "path=/srv/app", "then": archive("644") });
        script["rules"].as_array_mut().unwrap().insert(0, rule);
        fs_err::write(project.beside("engine/script.json"), script.to_string()).unwrap();
        let run = project.run(&["build"]);
        if fits {
            run.assert_code(0);
        } else {
            run.assert_code(1)
                .says(&["belongs to the user number 1000, which has no name", "say whose it is with `file_info`"]);
        }
    }
}

#[test]
fn a_new_owner_takes_no_bits_of_the_mode() {
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
        process::Command,
    };
    let room = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(room.path(), Some(12), Some(34)).is_err() {
        eprintln!("skipped: only root gives files to others");
        return;
    }
    let path = |name: &str| room.path().join(name);
    let modes = [("plain file", 0o644), ("su", 0o4755), ("sg", 0o2755), ("both", 0o6711), ("sticky", 0o1755)];
    for (name, mode) in modes {
        fs::write(path(name), "x").unwrap();
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::create_dir(path("folder")).unwrap();
    fs::set_permissions(path("folder"), fs::Permissions::from_mode(0o2775)).unwrap();
    fs::write(path("outside"), "x").unwrap();
    fs::set_permissions(path("outside"), fs::Permissions::from_mode(0o4755)).unwrap();
    symlink("outside", path("link")).unwrap();
    let names = modes.iter().map(|(name, _)| *name).chain(["folder", "link"]);
    let list: Vec<String> = names.map(|name| path(name).display().to_string()).collect();
    fs::write(path("list"), list.join("\n") + "\n").unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/dockerfiles/owners.sh");
    let run = Command::new("/bin/sh").args([script, "own", "12:34"]).arg(path("list")).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for (name, mode) in modes.into_iter().chain([("folder", 0o2775)]) {
        let now = fs::metadata(path(name)).unwrap();
        assert_eq!((now.mode() & 0o7777, now.uid(), now.gid()), (mode, 12, 34), "{name}");
    }
    let link = fs::symlink_metadata(path("link")).unwrap();
    assert_eq!((link.uid(), link.gid()), (12, 34), "the link itself");
    assert_ne!(fs::metadata(path("outside")).unwrap().uid(), 12);
}
