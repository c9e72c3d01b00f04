//! A base image that a platform changes before anything is built on it, on a real engine.

use std::path::Path;

use crate::house::{House, TAG, docker};

const QUIRK: &str = r#"
[[base.quirk]]
reason = "a test looks for them"
remove = ["/etc/issue.net", "/etc/is-not-there"]
write = { "/etc/motd" = "changed\nbefore anything is built on it", "/tmp/of-factory/note" = "below a folder with a mode" }

[python]"#;

/// A project without Python: one image on a platform.
fn tiny(name: &str, platform: &str) -> House {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("remove the last run's project");
    }
    std::fs::create_dir_all(folder.join("platforms")).expect("make a project");
    let recipe = format!(
        "[project]\nname = \"{name}\"\nmaintainer = \"A <a@example.org>\"\nlicense = \"MIT\"\nplatforms = [\"{platform}\"]\n\n\
         [[image]]\nname = \"tiny\"\nrepository = \"factory-test/{name}\"\n"
    );
    std::fs::write(folder.join("factory.toml"), recipe).expect("write a recipe");
    House { wheels: folder.join("wheels"), folder, platforms: "" }
}

/// The name under which a project's images are built on its base.
fn base(house: &House, platform: &str) -> String {
    let file = house.folder.join(format!(".factory/records/{platform}/base.json"));
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(file).expect("a record")).expect("JSON");
    let mut names = record["images"].as_object().expect("images").keys();
    let local = format!("factory.local/base:{platform}-");
    names.find(|name| name.starts_with(&local)).expect("a base").clone()
}

fn exists(image: &str) -> bool {
    !docker(&["images", "--quiet", image]).is_empty()
}

/// Runs the program for the platform with quirks and demands success.
fn done(house: &House, arguments: &[&str]) {
    let output = house.command(arguments).env("SYSBASE", "quirky-12").output().expect("run factory");
    assert!(output.status.success(), "{}", crate::house::text(&output));
}

#[test]
#[ignore = "needs a real engine: make real"]
fn bases_are_changed_before_anything_is_built_on_them() {
    let plain = tiny("bases-plain", "debian-12");
    plain.done(&["build", "images"]);
    let original = base(&plain, "debian-12");

    let house = tiny("bases-quirky", "quirky-12");
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms/debian-12.toml");
    let text = std::fs::read_to_string(known).expect("a platform");
    let text = text
        .replace("id = \"debian-12\"", "id = \"quirky-12\"")
        .replace("aliases = [\"bookworm\", \"debian-bookworm\"]\n", "")
        .replace("\"debian:bookworm-slim\"", &format!("\"{original}\""))
        .replace("\n[python]", QUIRK);
    std::fs::write(house.folder.join("platforms/quirky-12.toml"), text).expect("write a platform");
    done(&house, &["build", "images"]);

    let look =
        "cat /etc/motd; stat -c '%n %a %u:%g' / /etc /etc/motd /tmp; ls /etc/issue.net 2>&1; cat /tmp/of-factory/note";
    let image = format!("factory-test/bases-quirky:quirky-12-{TAG}");
    let found = docker(&["run", "--rm", "--network=none", &image, "sh", "-c", look]);
    assert_eq!(
        found,
        "changed\nbefore anything is built on it\n/ 755 0:0\n/etc 755 0:0\n/etc/motd 644 0:0\n/tmp 1777 0:0\n\
         ls: cannot access '/etc/issue.net': No such file or directory\nbelow a folder with a mode"
    );
    let look = ["run", "--rm", "--network=none", &original, "cat", "/etc/issue.net"];
    assert!(docker(&look).starts_with("Debian"), "the original is as it was");

    let changed = base(&house, "quirky-12");
    assert_ne!(changed, original);
    assert!(exists(&changed));
    done(&house, &["clean", "--all"]);
    assert!(!exists(&changed) && !exists(&image) && exists(&original), "what was there before stays");
    plain.done(&["clean"]);
}
