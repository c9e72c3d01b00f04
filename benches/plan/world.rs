//! A project in a temporary folder: its platforms are copies of Debian 12's file under other names.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::measure::{Sample, run, run_told};

/// Files of the application, and how large each is, in bytes.
const FILES: usize = 300;
const SIZE: usize = 4096;

/// A project and its daemon.
pub struct World {
    root: TempDir,
    env: Vec<(&'static str, String)>,
}

impl World {
    /// A project with wheels, four images and two packages on a played daemon; with `own`, each image has wheels of its
    /// own: twelve steps a platform.
    pub fn played(platforms: usize, own: bool) -> Self {
        let mut world = Self::empty();
        let script = world.root.path().join("script.json");
        fs::write(&script, daemon(platforms).to_string()).unwrap();
        world.env.push(("FACTORY_SCRIPTED_ENGINE", script.display().to_string()));
        world.platforms(platforms, "debian:bench");
        world.write("factory.toml", &recipe(platforms, own));
        for image in ["core", "web", "cat", "tool"] {
            world.write(&format!("requirements-{image}.txt"), "six==1.16.0\n");
        }
        world.application();
        world
    }

    /// A project without a recipe on the daemon that the environment names.
    pub fn empty() -> Self {
        let root = tempfile::Builder::new().prefix("factory-bench-").tempdir().unwrap();
        fs::create_dir(root.path().join("shop")).unwrap();
        let env = vec![
            ("FACTORY_TAG", "1.0.0".to_owned()),
            // Whatever the temporary folder lies in is not the project's checkout.
            ("GIT_CEILING_DIRECTORIES", root.path().display().to_string()),
        ];
        Self { root, env }
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("shop")
    }

    /// A folder beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.folder().join(path), text);
    }

    /// Runs the program in it.
    pub fn factory(&self, arguments: &[&str]) -> Sample {
        run(env!("CARGO_BIN_EXE_factory"), arguments, &self.folder(), &self.env)
    }

    /// The same, with its output.
    pub fn told(&self, arguments: &[&str]) -> (Sample, String) {
        run_told(env!("CARGO_BIN_EXE_factory"), arguments, &self.folder(), &self.env)
    }

    /// Forgets which files are known.
    pub fn forget(&self) {
        let _absent = fs::remove_file(self.folder().join(".factory/stat"));
    }

    /// So many platforms, all made from this image.
    pub fn platforms(&self, platforms: usize, base: &str) {
        let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms/debian-12.toml");
        let known = fs::read_to_string(known).unwrap();
        for number in 0..platforms {
            let text = known
                .replace("debian-12", &platform(number))
                .replace("debian:bookworm-slim", base)
                .replace("\"bookworm\", \"debian-bookworm\"", &format!("\"bench{number}\""))
                .replace("~deb12", &format!("~bench{number}"));
            self.write(&format!("platforms/{}.toml", platform(number)), &text);
        }
    }

    /// The application: a Python project of some size.
    pub fn application(&self) {
        self.write("app/pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1\"\n");
        for number in 0..FILES {
            let text = format!("# {number}\n").repeat(SIZE).chars().take(SIZE).collect::<String>();
            self.write(&format!("app/shop/module{number}.py"), &text);
        }
    }
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The id of a platform.
pub fn platform(number: usize) -> String {
    format!("debian-{}", 1000 + number)
}

/// `"debian-1000", "debian-1001"`.
pub fn platform_list(platforms: usize) -> String {
    (0..platforms).map(|number| format!("\"{}\"", platform(number))).collect::<Vec<_>>().join(", ")
}

fn recipe(platforms: usize, own: bool) -> String {
    let mut text = format!(
        "[project]\nname = \"bench\"\nmaintainer = \"Bench <bench@example.org>\"\nlicense = \"Apache-2.0\"\n\
         platforms = [{}]\n[base]\nbootstrap = \"never\"\n\
         [python]\nprefix = \"/opt/shop\"\nrequirements = \"requirements-core.txt\"\n",
        platform_list(platforms)
    );
    for (image, from) in [("core", ""), ("web", "core"), ("cat", "core"), ("tool", "web")] {
        text.push_str(&format!("[[image]]\nname = \"{image}\"\nrepository = \"bench/{image}\"\n"));
        text.push_str(&if from.is_empty() {
            "python = [\"app\"]\n".to_owned()
        } else {
            format!("from = \"{from}\"\n")
        });
        if own {
            text.push_str(&format!("requirements = \"requirements-{image}.txt\"\n"));
        }
    }
    for (package, from, other) in [("shop", "core", "shop-web"), ("shop-web", "web", "shop")] {
        text.push_str(&format!("[[package]]\nname = \"{package}\"\nfrom = \"{from}\"\nsummary = \"sells things\"\n"));
        // Both ship the same files.
        text.push_str(&format!("conflicts = [\"{other}\"]\ncontents = [{{ src = \"/opt/shop\" }}]\n"));
    }
    text
}

/// A daemon on which everything works.
fn daemon(platforms: usize) -> Value {
    let file = |name: &str, text: &str| json!({ "name": name, "text": text });
    let mut shop = vec![json!({ "folder": true })];
    shop.extend((0..FILES).map(|number| file(&format!("lib/module{number}.py"), "x = 1\n")));
    let (six, text) = ("six-1.16.0-py2.py3-none-any.whl", "six");
    let archive = json!({
        "/factory/files": [file(six, text)],
        "/etc/passwd": [file("", "root:x:0:0::/root:/bin/sh\n")],
        "/etc/group": [file("", "root:x:0:\n")],
        "/opt/shop": shop,
    });
    let others = (0..platforms.min(100)).map(|number| json!({ "tags": [format!("other/image:{number}")] }));
    let images: Vec<Value> = std::iter::once(json!({ "tags": ["debian:bench"], "size": 1 })).chain(others).collect();
    let told = format!("told: sha256 {six} {}", hex::encode(Sha256::digest(text)));
    json!({ "images": images, "rules": [
        { "on": "download", "then": { "archive": archive } },
        { "on": "wait", "contains": "told.py", "then": { "lines": [told] } },
    ] })
}
