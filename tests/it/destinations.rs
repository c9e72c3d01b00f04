//! Where `contents` put things: the table of docs/recipe.md, row by row, for images, packages and WAPT packages.

use serde_json::json;

use crate::{
    play::{Script, file},
    project::{Project, RECIPE},
    wapt::{names, with_recipe},
};

/// The rows of the table in docs/recipe.md: `src`, `dst`, and what comes of `etc/a.conf` and `etc/sub/b.conf`.
fn rows() -> Vec<(String, String, Vec<String>)> {
    let page = include_str!("../../docs/recipe.md");
    let table = page.split_once("| `src` | `dst` | what comes of it |\n| --- | --- | --- |\n").expect("the table").1;
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let made = cells[2].split(", ").map(cell).collect();
        (cell(cells[0]), cell(cells[1]), made)
    })
    .collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

fn project(recipe: &str) -> Project {
    let project = Project::new();
    project.write("factory.toml", recipe);
    project.write("etc/a.conf", "a\n");
    project.write("etc/sub/b.conf", "b\n");
    std::fs::remove_file(project.path("etc/shop.conf")).unwrap();
    project
}

#[test]
fn the_table_is_true_of_images() {
    for (src, dst, made) in rows() {
        let entry = format!("contents = [{{ src = '{src}', dst = '{dst}' }}]");
        let recipe = RECIPE.replacen("contents = [{ src = \"etc\", dst = \"/opt/shop/etc\" }]", &entry, 1);
        let project = project(&recipe);
        project.done(&["build", "images"]);
        let build = project.calls_of("build").into_iter().find(|call| call.contains("shop/core")).unwrap();
        let files: Vec<String> = serde_json::from_str(build.split_once(" files=").unwrap().1).unwrap();
        let files = files.iter().filter_map(|name| name.strip_prefix("rootfs")).filter(|name| name.ends_with(".conf"));
        assert_eq!(sorted(files.map(str::to_owned).collect()), sorted(made), "{src} {dst}");
    }
}

#[test]
fn the_table_is_true_of_packages() {
    for in_container in [false, true] {
        for (src, dst, made) in rows() {
            let from = if in_container { format!("/srv/{src}") } else { src.clone() };
            let begin = RECIPE.find("contents = [\n").unwrap();
            let end = begin + RECIPE[begin..].find("]\nusers").unwrap() + 1;
            let entry = format!("contents = [{{ src = '{from}', dst = '{dst}' }}]");
            let recipe = format!("{}{entry}{}", &RECIPE[..begin], &RECIPE[end..]);
            let project = project(&recipe.replacen("contents = [{ src = \"etc\", dst = \"/opt/shop/etc\" }]\n", "", 1));
            let etc = [file("etc/a.conf", "a\n"), file("etc/sub/b.conf", "b\n")];
            let one = |name: &str| json!([file("", name)]);
            let archive = json!({
                "/srv": etc, "/srv/etc": [file("a.conf", "a\n"), file("sub/b.conf", "b\n")], "/srv/etc/a.conf": one("a\n"),
            });
            project.play(&Script::new().on("download", "path=/srv", json!({ "archive": archive })));
            project.done(&["build"]);
            let name = project.files("packages/debian-12").into_iter().find(|name| name.contains("shop_")).unwrap();
            let path = project.path("packages/debian-12").join(name.rsplit('/').next().unwrap());
            let listed = std::process::Command::new("dpkg-deb").arg("-c").arg(path).output().unwrap();
            let listed = String::from_utf8(listed.stdout).unwrap();
            let files =
                listed.lines().filter_map(|line| line.split(" .").nth(1)).filter(|name| name.ends_with(".conf"));
            assert_eq!(sorted(files.map(str::to_owned).collect()), sorted(made), "{from} {dst}");
        }
    }
}

#[test]
fn the_table_is_true_of_wapt_packages() {
    for (src, dst, made) in rows() {
        // Paths of WAPT packages are relative.
        let dst = dst.trim_start_matches('/');
        let project = with_recipe(&format!(
            "\n[[wapt]]\npackage = \"tis-shop\"\nsetup = \"wapt/setup.py\"\ncontents = [{{ src = '{src}', dst = '{dst}' }}]\n"
        ));
        project.write("etc/a.conf", "a\n");
        project.write("etc/sub/b.conf", "b\n");
        std::fs::remove_file(project.path("etc/shop.conf")).unwrap();
        project.done(&["build", "wapt"]);
        let wapt = project.files("packages").into_iter().find(|name| name.ends_with(".wapt")).unwrap();
        let packed = names(&project.path("packages").join(wapt));
        let files = packed.into_iter().filter(|name| name.ends_with(".conf")).map(|name| format!("/{name}"));
        assert_eq!(sorted(files.collect()), sorted(made), "{src} {dst}");
    }
}
