//! What a run has made, by content.

use std::{
    collections::BTreeMap,
    io::Read as _,
    process::{Command, Stdio},
};

use factory::names::Sha256;

use crate::world::{World, files};

/// The images, as the recipe calls them.
const IMAGES: [&str; 2] = ["parcel/core:debian-12-1.2.3", "parcel/extra:debian-12-1.2.3"];

/// What there is after a run, by content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Name -> digest.
    things: BTreeMap<String, String>,
}

impl State {
    /// Looks at everything.
    pub fn of(world: &World) -> Self {
        let mut things = BTreeMap::new();
        let mut packages = files(&world.folder.join("packages"));
        // Only in a folder that the program makes itself.
        packages.remove(".gitignore");
        for (name, path) in packages {
            things.insert(format!("packages/{name}"), Sha256::of(std::fs::read(path).expect("a package")).to_string());
        }
        for (name, path) in files(&world.folder.join("wheels")) {
            let wheel = name.rsplit('/').next().unwrap_or_default().to_owned();
            let hidden = name.split('/').any(|part| part.starts_with('.'));
            if !hidden && wheel.ends_with(".whl") {
                things.insert(wheel, Sha256::of(std::fs::read(path).expect("a wheel")).to_string());
            }
        }
        for image in IMAGES {
            things.insert(image.to_owned(), content(world, image));
        }
        Self { things }
    }

    /// What differs, by name.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let names = self.things.keys().chain(other.things.keys());
        let mut found: Vec<String> =
            names.filter(|name| self.things.get(*name) != other.things.get(*name)).cloned().collect();
        found.sort();
        found.dedup();
        found
    }
}

/// The files of an image: path, kind, mode, owner and content of each. Times are the builder's.
fn content(world: &World, image: &str) -> String {
    let container = world.engine.docker(&["create", image]);
    let mut export = Command::new("docker")
        .args(["--host", &world.engine.host(), "export", &container])
        .stdout(Stdio::piped())
        .spawn()
        .expect("docker export");
    let mut lines = Vec::new();
    let mut archive = tar::Archive::new(export.stdout.take().expect("its output"));
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let header = entry.header();
        let what = (header.entry_type().as_byte(), header.mode().ok(), header.uid().ok(), header.gid().ok());
        let link = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("a file");
        // Logs and caches of the package manager have times in them.
        if !path.starts_with("var/log/") && !path.starts_with("var/cache/") && !path.starts_with("var/lib/dpkg/") {
            lines.push(format!("{path} {what:?} {link:?} {}", Sha256::of(bytes)));
        }
    }
    export.wait().expect("its end");
    world.engine.docker(&["rm", &container]);
    lines.sort();
    Sha256::of(lines.join("\n")).to_string()
}
