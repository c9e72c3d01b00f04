//! Other distros as referees: an image with a suite's rpm, made once and kept, and containers of it without network and
//! without privileges.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output},
    sync::LazyLock,
    thread,
};

use crate::house::{docker, run, text};

/// An image of the suite: its name, or why it could not be made.
pub type Made = Result<String, String>;

/// What is asked: Debian 12, where packages are built, and two suites with an rpm of another generation each. All are
/// made at once, most of the time is waiting.
static IMAGES: LazyLock<BTreeMap<&str, Made>> = LazyLock::new(|| {
    let suites = [("bookworm", ""), ("trixie", "rpm"), ("sid", "rpm")];
    thread::scope(|scope| {
        let made = suites.map(|(suite, include)| (suite, scope.spawn(move || image(suite, include))));
        made.map(|(suite, made)| (suite, made.join().expect("a thread that makes an image"))).into()
    })
});

/// The image of a suite.
pub fn of(suite: &str) -> Made {
    IMAGES[suite].clone()
}

/// Takes the image of a suite from the engine, or makes it of the suite's packages.
fn image(suite: &str, include: &str) -> Made {
    let name = format!("factory.local/referee:{suite}");
    if !docker(&["images", "--quiet", &name]).is_empty() {
        return Ok(name);
    }
    if include.is_empty() {
        // Another test may have had it made.
        let bases = docker(&["images", "--quiet", "--filter", "reference=factory.local/base:debian-12-*"]);
        if let Some(base) = bases.lines().next() {
            docker(&["tag", base, &name]);
            return Ok(name);
        }
    }
    let file = tempfile::Builder::new().suffix(".tar").tempfile().expect("a temporary file");
    let tar = file.path().to_str().expect("UTF-8");
    let mut command = Command::new("mmdebstrap");
    command.args(["--quiet", "--variant=minbase", "--format=tar"]);
    if !include.is_empty() {
        command.arg(format!("--include={include}"));
    }
    // The index of sid is never valid for long; mirrors may be behind.
    command.arg("--aptopt=Acquire::Check-Valid-Until \"false\"").args([suite, tar]);
    let output = command.output().map_err(|error| format!("mmdebstrap: {error}"))?;
    if !output.status.success() {
        let said = text(&output);
        return Err(said.lines().find(|line| line.starts_with("E: ")).unwrap_or("mmdebstrap failed").to_owned());
    }
    docker(&["import", tar, &name]);
    Ok(name)
}

/// A container that waits to be told what to do, and goes with this value; after ten minutes by itself, should the test be
/// killed.
pub struct Machine {
    id: String,
}

impl Machine {
    pub fn start(image: &str) -> Self {
        Self { id: docker(&["run", "--detach", "--rm", "--network=none", image, "sleep", "600"]) }
    }

    /// Puts a folder's contents there.
    pub fn put(&self, folder: &Path, to: &str) {
        self.sh(&format!("mkdir -p {to}"));
        docker(&["cp", &format!("{}/.", folder.display()), &format!("{}:{to}", self.id)]);
    }

    /// Runs a script, which must succeed; its stdout.
    pub fn sh(&self, script: &str) -> String {
        run("docker", &["exec", &self.id, "sh", "-euc", script])
    }

    /// Runs a script, whatever comes of it.
    pub fn try_sh(&self, script: &str) -> Output {
        let arguments = ["exec", &self.id, "sh", "-euc", script];
        Command::new("docker").args(arguments).output().expect("run docker")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", &self.id]).output();
    }
}

/// A folder with the files of an image, to be used as another root.
pub fn root(image: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let id = docker(&["create", image, "true"]);
    let to = folder.path().to_str().expect("UTF-8");
    run("sh", &["-euc", "docker export \"$1\" | tar --extract --directory \"$2\"", "sh", &id, to]);
    docker(&["rm", &id]);
    folder
}
