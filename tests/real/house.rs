//! The example, built once for all tests, and the programs that look at it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

/// The release that the tests build: its tags cannot be those of somebody's own release.
pub const TAG: &str = "9.9.9";

/// A copy of the example in a folder of its own.
pub struct House {
    pub folder: PathBuf,
    pub wheels: PathBuf,
    /// `SYSBASE`: empty for all platforms of the recipe.
    pub platforms: &'static str,
}

/// Containers of the example that were there before these tests: of another checkout, which may be at work.
static BEFORE: LazyLock<Vec<String>> = LazyLock::new(listed);

/// The built example. Building it is the first test; everything else needs it.
pub static BUILT: LazyLock<House> = LazyLock::new(|| {
    let _before = &*BEFORE;
    let house = House::copy("canopsis");
    let output = house.factory(&["build"]);
    assert!(output.status.success(), "the example does not build:\n{}", text(&output));
    house
});

impl House {
    /// A fresh copy of the example for Debian 12 under this name, with the example's wheels: they are kept from run to run, and their
    /// keys say whether they are used.
    pub fn copy(name: &str) -> Self {
        let wheels = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real-wheels");
        Self { folder: Self::fresh("examples/canopsis", name), wheels, platforms: "debian-12" }
    }

    /// A fresh copy of another example, which has no wheels.
    pub fn of(example: &str, name: &str) -> Self {
        Self::at(&format!("examples/{example}"), name)
    }

    /// A fresh copy of a project somewhere in this repository, which has no wheels.
    pub fn at(project: &str, name: &str) -> Self {
        let folder = Self::fresh(project, name);
        Self { wheels: folder.join("wheels"), folder, platforms: "" }
    }

    /// A fresh copy with wheels of its own, none in the beginning.
    pub fn apart(name: &str) -> Self {
        let folder = Self::fresh("examples/canopsis", name);
        Self { wheels: folder.join("wheels"), folder, platforms: "debian-12" }
    }

    fn fresh(project: &str, name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("remove the last run's copy");
        }
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(project), &folder);
        folder
    }

    /// Replaces a text in a file of the copy, which must be there.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.join(file);
        let text = std::fs::read_to_string(&path).expect("read a file of the example");
        assert!(text.contains(from), "{file} has no `{from}`");
        std::fs::write(&path, text.replace(from, to)).expect("write a file of the copy");
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_factory"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("FACTORY_TAG", TAG)
            .env("WHEEL_DIR", &self.wheels)
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env("SYSBASE", self.platforms);
        command
    }

    pub fn factory(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("run factory")
    }

    /// Runs it and demands success; gives stdout.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.factory(arguments);
        assert!(output.status.success(), "factory {arguments:?} failed:\n{}", text(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The package file of this name.
    pub fn package(&self, name: &str) -> PathBuf {
        let folder = self.folder.join("packages/debian-12");
        let prefix = format!("{name}_{TAG}-1~deb12_");
        let entries = std::fs::read_dir(&folder).expect("read the packages");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        paths
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
            .unwrap_or_else(|| panic!("no {prefix}*.deb in {}", folder.display()))
    }

    /// The log of a step.
    pub fn log(&self, step: &str) -> String {
        std::fs::read_to_string(self.folder.join(".factory/logs/debian-12").join(format!("{step}.log"))).expect("a log")
    }
}

/// Containers of the example's builds that are in the engine, and were not before these tests.
pub fn containers() -> String {
    let mut found = listed();
    found.retain(|id| !BEFORE.contains(id));
    found.join("\n")
}

fn listed() -> Vec<String> {
    containers_of("canopsis")
}

/// Containers of builds and tests of a project that are in the engine.
pub fn containers_of(project: &str) -> Vec<String> {
    let label = format!("label=factory.project={project}");
    let said = docker(&["ps", "-aq", "--filter", &label, "--filter", "label=factory.kind=container"]);
    said.lines().map(str::to_owned).collect()
}

/// stdout and stderr, for messages.
pub fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a referee and demands success; gives its stdout, trimmed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?} failed:\n{}", text(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub fn docker(arguments: &[&str]) -> String {
    run("docker", arguments)
}

/// The name of one of the example's images.
pub fn image(name: &str) -> String {
    format!("canopsis/canopsis-{name}:debian-12-{TAG}")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("make a folder");
    for entry in std::fs::read_dir(from).expect("read the example") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        // What `make demo` left in the example.
        if [".factory", "factory.lock", "wheels", "packages", "__pycache__"].iter().any(|left| name == *left) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy a file");
        }
    }
}
