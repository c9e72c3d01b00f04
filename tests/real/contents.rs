//! An image's `contents` on a real engine: all of what is named is put in, hidden files and empty folders, too; it has the mode that
//! the recipe says, and what was there keeps its own.

use std::path::Path;

use crate::house::{House, TAG, docker};

const RECIPE: &str = r#"[project]
name = "contents"
maintainer = "A <a@example.org>"
license = "MIT"
platforms = ["debian-12"]

[[user]]
name = "shop"

[[image]]
name = "tiny"
repository = "factory-test/contents"
users = ["shop"]
contents = [
  { src = "files/one", dst = "/root/one", file_info = { mode = 0o600 } },
  { src = "files/one", dst = "/tmp/deep/one" },
  { src = "files", dst = "/opt/shop/files", file_info = { group = "shop" } },
  { dst = "/var/log/shop", type = "dir", file_info = { mode = 0o2750, owner = "shop", group = "shop" } },
  { src = "/opt/shop/files/one", dst = "/opt/links/one", type = "symlink" },
  { src = "linked", dst = "/opt/shop/linked" },
  { src = "files/one", dst = "/opt/shop/su", file_info = { mode = 0o6755, owner = "shop" } },
  { src = "files/one", dst = "/opt/shop/sg", file_info = { mode = 0o2755, group = "shop" } },
]
allow = [
  { check = "setuid", path = "/opt/shop/su", reason = "an owner takes no bits" },
  { check = "setgid", path = "/opt/shop/s*", reason = "an owner takes no bits" },
]
"#;

#[test]
#[ignore = "needs a real engine: make real"]
fn what_was_there_keeps_its_mode() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real/contents");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("remove the last run's project");
    }
    for inner in ["files/below", "files/empty"] {
        std::fs::create_dir_all(folder.join(inner)).expect("make a project");
    }
    let files = [("factory.toml", RECIPE), (".gitignore", "*\n"), ("files/one", "1\n"), ("files/.hidden", "h\n")];
    for (file, text) in files.into_iter().chain([("files/below/two", "2\n")]) {
        std::fs::write(folder.join(file), text).expect("write a file");
    }
    std::os::unix::fs::symlink("files", folder.join("linked")).expect("make a link");
    let house = House { wheels: folder.join("wheels"), folder, platforms: "" };
    house.done(&["build", "images"]);
    let image = format!("factory-test/contents:debian-12-{TAG}");
    let paths = "/root /root/one /tmp /tmp/deep /tmp/deep/one /opt /opt/shop/files/one /opt/shop/files/below/two \
                 /var/log /var/log/shop /opt/links/one /opt/shop/files/.hidden /opt/shop/files/empty /opt/shop/linked \
                 /opt/shop/su /opt/shop/sg";
    let script = format!("stat -c '%a %U:%G %N' {paths}");
    assert_eq!(
        docker(&["run", "--rm", &image, "sh", "-c", &script]).replace('\'', ""),
        "700 root:root /root
600 root:root /root/one
1777 root:root /tmp
755 root:root /tmp/deep
644 root:root /tmp/deep/one
755 root:root /opt
644 root:shop /opt/shop/files/one
644 root:shop /opt/shop/files/below/two
755 root:root /var/log
2750 shop:shop /var/log/shop
777 root:root /opt/links/one -> /opt/shop/files/one
644 root:shop /opt/shop/files/.hidden
755 root:shop /opt/shop/files/empty
777 root:root /opt/shop/linked -> files
6755 shop:root /opt/shop/su
2755 root:shop /opt/shop/sg"
    );
    other_labels(&house, &image);
}

/// Labels are put on what is there, and give the very image that a build from the engine's cache gives.
fn other_labels(house: &House, image: &str) {
    let ask = |what: &str| docker(&["inspect", "--format", what, image]);
    let (id, layers) = (ask("{{.Id}}"), ask("{{json .RootFS.Layers}}"));
    house.edit("factory.toml", "users = [\"shop\"]", "users = [\"shop\"]\ndescription = \"tiny\"");
    let plan = house.done(&["plan"]);
    assert!(plan.contains("0 to run, 1 gets other labels"), "{plan}");
    house.done(&["build", "images"]);
    let put_on = ask("{{.Id}}");
    assert_ne!(put_on, id);
    assert_eq!(ask("{{json .RootFS.Layers}}"), layers);
    assert_eq!(ask("{{index .Config.Labels \"org.opencontainers.image.description\"}}"), "tiny");
    // Without records and a store, everything is built: out of the cache.
    for folder in [".factory", "wheels"] {
        let _absent = std::fs::remove_dir_all(house.folder.join(folder));
    }
    house.done(&["build", "images"]);
    assert_eq!((ask("{{.Id}}"), ask("{{json .RootFS.Layers}}")), (put_on, layers));
}

/// Names that mean something to a Dockerfile, a pattern, a shell or a list, and owners of the base image's own.
const NAMES: [&str; 8] = ["a$HOME", "q\"uo'te", "back\\slash", "[id]", "a*b?", "{x} y", "-dash#!", "Grüße"];

#[test]
#[ignore = "needs a real engine: make real"]
fn names_and_owners_are_taken_as_they_are() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real/names");
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("all/many")).expect("make a project");
    let (mut image, mut package) = (String::new(), String::new());
    for name in NAMES {
        std::fs::create_dir_all(folder.join("all").join(name)).expect("make a folder");
        for file in [folder.join(name), folder.join("all").join(name).join(name)] {
            std::fs::write(file, "text\n").expect("write a file");
        }
        let src: String =
            name.chars().flat_map(|c| "*?[]{}\\".contains(c).then_some('\\').into_iter().chain([c])).collect();
        // A TOML string as JSON has it.
        let (src, dst) = (format!("{src:?}"), format!("{:?}", format!("/srv/one/{name}")));
        image.push_str(&format!(
            "  {{ src = {src}, dst = {dst}, file_info = {{ owner = \"www-data\", group = \"adm\" }} }},\n"
        ));
        let config = format!("{:?}", format!("/etc/names/{name}"));
        package.push_str(&format!("  {{ src = {src}, dst = {config}, type = \"config\" }},\n"));
    }
    for number in 0..2500 {
        std::fs::write(folder.join(format!("all/many/{}{number}", "long-".repeat(6))), "").expect("write a file");
    }
    let recipe = format!(
        r#"[project]
name = "names"
maintainer = "A <a@example.org>"
license = "MIT"
platforms = ["debian-12"]

[[image]]
name = "tiny"
repository = "factory-test/names"
user = "1000:1000"
expose = ["53/udp", "8000-8001/tcp", 80]
contents = [
{image}  {{ src = "all", dst = "/srv/all", file_info = {{ owner = "1000:1000" }} }},
  {{ dst = "/run/odd", type = "dir", file_info = {{ owner = "www-data" }} }},
]

[[package]]
name = "odd-names"
from = "tiny"
summary = "odd names"
contents = [
  {{ src = "/srv/one" }},
{package}  {{ dst = "/var/log/odd", type = "dir", file_info = {{ mode = 0o2750, owner = "www-data", group = "adm" }} }},
  {{ dst = "/var/lib/odd", type = "state", file_info = {{ owner = "www-data" }} }},
]
"#
    );
    std::fs::write(folder.join("factory.toml"), recipe).expect("write the recipe");
    let house = House { wheels: folder.join("wheels"), folder, platforms: "" };
    house.done(&["build"]);
    let image = format!("factory-test/names:debian-12-{TAG}");
    let list = |of: &str| docker(&["run", "--rm", &image, "sh", "-c", &format!("cd {of} && LC_ALL=C ls -1 -N")]);
    let mut names = NAMES;
    names.sort_unstable();
    assert_eq!(list("/srv/one"), names.join("\n"));
    let foreign = "find /srv/one -type f ! -user www-data; find /srv/all ! -uid 1000; find /srv/all | wc -l; id -u; \
                   find /srv/one -type f -user www-data -group adm | wc -l; stat -c %U /run/odd";
    assert_eq!(docker(&["run", "--rm", &image, "sh", "-c", foreign]), "2518\n1000\n8\nwww-data");
    assert_eq!(
        docker(&["inspect", "--format", "{{json .Config.ExposedPorts}}", &image]),
        "{\"53/udp\":{},\"80/tcp\":{},\"8000/tcp\":{},\"8001/tcp\":{}}"
    );
    // Nothing of the build stays.
    let traces = "for layer in $(tar -xOf /image.tar manifest.json | tr '\"' '\\n' | grep layer.tar); do tar -xOf /image.tar $layer | \
                  tar -t; done | grep -c factory || true";
    let saved = house.folder.join("image.tar");
    docker(&["save", "--output", &saved.display().to_string(), &image]);
    let bind = format!("{}:/image.tar:ro", saved.display());
    assert_eq!(docker(&["run", "--rm", "-v", &bind, &image, "sh", "-c", traces]), "0");
    let deb = house.package("odd-names");
    let bind = format!("{}:/odd.deb:ro", deb.display());
    let script = "rm -rf /srv/one && dpkg -i /odd.deb >/dev/null && ! dpkg --verify odd-names | grep -v /usr/share/doc && cd /etc/names && LC_ALL=C ls -1 -N && cd /srv/one && \
                  LC_ALL=C ls -1 -N && stat -c '%a %U:%G' /var/log/odd /var/lib/odd && dpkg -P odd-names >/dev/null && ls /etc/names /srv 2>&1 | wc -l";
    let said = docker(&["run", "--rm", "--user", "0", "-v", &bind, &image, "sh", "-c", script]);
    let (names, end) = (names.join("\n"), "2750 www-data:adm\n755 www-data:root");
    assert!(said.starts_with(&format!("{names}\n{names}\n{end}")), "{said}");
}
