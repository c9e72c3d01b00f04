//! The world of a test: a small project in a temporary folder, a daemon played from a script beside it, and the program
//! run in it with nothing of the caller's environment.

pub use crate::run::Run;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::play::Script;

/// When a test gives up on a process: only ever met by one that hangs.
const TIMEOUT: Duration = Duration::from_mins(2);
/// How often a test looks again.
const GLANCE: Duration = Duration::from_millis(10);

/// Compares what people see with a snapshot; everything that differs from run to run is taken out before.
macro_rules! shows {
    ($project:expr, $text:expr) => {
        $project.filters().bind(|| insta::assert_snapshot!($text))
    };
    ($project:expr, $text:expr, @$inline:literal) => {
        $project.filters().bind(|| insta::assert_snapshot!($text, @$inline))
    };
}

/// A project, its daemon and its user.
pub struct Project {
    pub(super) root: Arc<TempDir>,
    pub(super) folder: PathBuf,
    pub(super) env: BTreeMap<String, String>,
}

/// The recipe of most tests: a parent and a child image, each with wheels of its own and a package.
pub const RECIPE: &str = r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["debian-12"]
official = "debian-12"

[base]
bootstrap = "never"

[python]
prefix = "/opt/shop"
requirements = "requirements.txt"
no_binary = ["psutil"]

[[user]]
name = "shop"
home = "/opt/shop"

[[image]]
name = "core"
repository = "shop/core"
python = ["app"]
users = ["shop"]
user = "shop"
contents = [{ src = "etc", dst = "/opt/shop/etc" }]

[[image]]
name = "web"
from = "core"
repository = "shop/web"
requirements = "web/requirements.txt"

[[package]]
name = "shop"
from = "core"
summary = "sells things"
contents = [
  { src = "/opt/shop" },
  { src = "/opt/shop/etc/**", type = "config|noreplace" },
  { src = "units/shop.service", type = "service" },
]
users = ["shop"]

[[package]]
name = "shop-web"
from = "web"
summary = "shows things"
contents = [{ src = "/opt/shop" }, { src = "/opt/web" }]
without = ["shop"]
depends = ["shop (= {{version}})"]
"#;

const UNIT: &str = "[Unit]
Description=Shop

[Service]
ExecStart=/opt/shop/bin/shop
User=shop

[Install]
WantedBy=multi-user.target
";

impl Project {
    /// A project with [`RECIPE`] on a daemon where everything works.
    pub fn new() -> Self {
        let root = Arc::new(tempfile::Builder::new().prefix("factory-it-").tempdir().unwrap());
        let path = |name: &str| root.path().join(name).display().to_string();
        let tools = std::env::var_os("PATH").unwrap().into_string().unwrap();
        let env = [
            ("PATH", format!("{}:{tools}", path("bin"))),
            ("HOME", path("home")),
            ("LANG", "C.UTF-8".to_owned()),
            ("COLUMNS", "80".to_owned()),
            ("FACTORY_TAG", "2.5.11".to_owned()),
            // Outside git nothing else says when it is.
            ("SOURCE_DATE_EPOCH", "315532800".to_owned()),
            ("FACTORY_SCRIPTED_ENGINE", path("engine/script.json")),
            // Whatever the temporary folder lies in is not the project's checkout.
            ("GIT_CEILING_DIRECTORIES", root.path().display().to_string()),
            // Repositories of tests are beside the project.
            ("FACTORY_LOCAL_GIT", root.path().display().to_string()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value)).into();
        let project = Self { env, folder: root.path().join("shop"), root };
        for folder in ["bin", "engine", "home", "shop"] {
            fs::create_dir(project.root.path().join(folder)).unwrap();
        }
        project.write("factory.toml", RECIPE);
        project.write("requirements.txt", "# What the shop needs.\nsix==1.16.0\npsutil==5.9.8\n");
        project.write("web/requirements.txt", "bottle==0.12.25\n");
        project.write("app/pyproject.toml", "[project]\nname = \"shop\"\nversion = \"2.5.11\"\n");
        project.write("app/shop.py", "print('sold')\n");
        project.write("etc/shop.conf", "port = 80\n");
        project.write("units/shop.service", UNIT);
        project.play(&Script::new());
        project
    }

    /// The same for two platforms; the second one's file is the project's own.
    pub fn with_two_platforms() -> Self {
        let project = Self::new();
        let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms/debian-12.toml");
        let text = fs::read_to_string(known).unwrap();
        let text = text
            .replace("debian-12", "debian-99")
            .replace("bookworm-slim", "99-slim")
            .replace("\"bookworm\", \"debian-bookworm\"", "\"nn\"")
            .replace("~deb12", "~deb99");
        project.write("platforms/debian-99.toml", &text);
        project.edit("factory.toml", r#"platforms = ["debian-12"]"#, r#"platforms = ["debian-12", "debian-99"]"#);
        project
    }

    /// The project's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the project.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    /// A path beside the project: `bin`, `engine`, `home`.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        let bytes = fs::read(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        String::from_utf8(bytes).unwrap()
    }

    /// Replaces a text that must be there, wherever it is.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replace(from, to));
    }

    /// Sets a variable for the program.
    pub fn env(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// A variable as the program sees it.
    pub fn variable(&self, name: &str) -> &str {
        &self.env[name]
    }

    pub fn without_env(&mut self, name: &str) -> &mut Self {
        self.env.remove(name);
        self
    }

    /// Puts a program of the host before all others.
    pub fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.beside("bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Gives the daemon its script; what it has in memory stays.
    pub fn play(&self, script: &Script) {
        fs::write(self.beside("engine/script.json"), script.to_json()).unwrap();
        // Rules are counted by their places, which now mean others.
        if self.beside("engine/script.json.state").exists() {
            self.meddle(|daemon| daemon["uses"] = Value::Object(serde_json::Map::new()));
        }
    }

    /// Makes the daemon forget everything: a new machine.
    pub fn new_daemon(&self) {
        for name in ["script.json.state", "script.json.calls"] {
            let _absent = fs::remove_file(self.beside("engine").join(name));
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_factory"));
        command.args(arguments).current_dir(self.folder()).env_clear().envs(&self.env);
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).end()
    }

    /// What the plan says will run: `step: why`, without the platform where there is one only.
    pub fn planned(&self) -> Vec<String> {
        let run = self.done(&["plan", "--output", "json"]);
        // What is said of sources comes before.
        let plan = run.stdout.lines().last().unwrap_or_default();
        let plan: Value = serde_json::from_str(plan).unwrap_or_else(|error| panic!("{error}\n{run}"));
        let rows = plan["rows"].as_array().unwrap();
        let platforms: BTreeSet<&str> = rows.iter().filter_map(|row| row["platform"].as_str()).collect();
        let line = |row: &Value| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let platform = if platforms.len() > 1 { text("platform") + "/" } else { String::new() };
            format!("{platform}{}: {}", text("step"), text("why"))
        };
        rows.iter().filter(|row| row["state"] != "cached").map(line).collect()
    }

    /// Runs the program, which must succeed.
    pub fn done(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}\n{run}");
        run
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(arguments), self.beside("engine/script.json.calls"))
    }

    /// Starts another program in the project with the same environment; `factory` is the program.
    pub fn start_shell(&self, script: &str) -> Running {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(self.folder()).env_clear().envs(&self.env);
        command.env("factory", env!("CARGO_BIN_EXE_factory"));
        Running::new(command, self.beside("engine/script.json.calls"))
    }

    /// Every call that the daemon got.
    pub fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.beside("engine/script.json.calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The calls of one method.
    pub fn calls_of(&self, method: &str) -> Vec<String> {
        let start = format!("{method} ");
        self.calls().into_iter().filter(|call| *call == method || call.starts_with(&start)).collect()
    }

    /// Calls from here on.
    pub fn forget_calls(&self) {
        let _absent = fs::remove_file(self.beside("engine/script.json.calls"));
    }

    /// What the daemon has.
    pub fn daemon(&self) -> Value {
        let text = fs::read_to_string(self.beside("engine/script.json.state")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Changes what the daemon has, behind the program's back.
    pub fn meddle(&self, change: impl FnOnce(&mut Value)) {
        let mut daemon = self.daemon();
        change(&mut daemon);
        fs::write(self.beside("engine/script.json.state"), serde_json::to_vec_pretty(&daemon).unwrap()).unwrap();
    }

    /// The containers of the daemon, by id.
    pub fn containers(&self) -> Vec<String> {
        self.daemon()["containers"].as_object().unwrap().keys().cloned().collect()
    }

    /// Every name of every image of the daemon.
    pub fn images(&self) -> BTreeSet<String> {
        let daemon = self.daemon();
        let tags = daemon["images"].as_array().unwrap().iter().flat_map(|image| image["tags"].as_array().unwrap());
        tags.map(|tag| tag.as_str().unwrap().to_owned()).collect()
    }

    /// The id of an image of the daemon.
    pub fn image(&self, tag: &str) -> Option<String> {
        let daemon = self.daemon();
        let images = daemon["images"].as_array().unwrap();
        let found = images.iter().find(|image| image["tags"].as_array().unwrap().iter().any(|name| name == tag))?;
        Some(found["id"].as_str().unwrap().to_owned())
    }

    /// The Dockerfile that an image of the daemon was built from.
    pub fn dockerfile(&self, tag: &str) -> String {
        let daemon = self.daemon();
        let images = daemon["images"].as_array().unwrap();
        let has = |image: &&Value| image["tags"].as_array().unwrap().iter().any(|name| name == tag);
        let found = images.iter().find(has).unwrap_or_else(|| panic!("no {tag}"));
        found["dockerfile"].as_str().unwrap_or_else(|| panic!("{tag} was not built")).to_owned()
    }

    /// Whether the daemon has an image of this id.
    pub fn has_image(&self, id: &str) -> bool {
        self.daemon()["images"].as_array().unwrap().iter().any(|image| image["id"] == id)
    }

    /// Every file below a folder of the project, relative to that folder and sorted; nothing where there is no folder.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let root = self.path(folder);
        let mut found = Vec::new();
        walk(&root, &mut |path| found.push(path.strip_prefix(&root).unwrap().display().to_string()));
        // What the program makes there ignores itself.
        found.retain(|file| file != ".gitignore" || !matches!(folder, "wheels" | "packages" | ".factory"));
        found.sort();
        found
    }

    /// The files of the wheel cache, without its markers and what its store knows of steps.
    pub fn wheels(&self) -> Vec<String> {
        let mut found = self.files("wheels");
        found.retain(|file| !file.starts_with("store/products/") && !file.ends_with("CACHEDIR.TAG"));
        found
    }

    /// The steps that have a record.
    pub fn records(&self) -> Vec<String> {
        let files = self.files(".factory/records");
        let steps: BTreeSet<&str> = files.iter().filter_map(|file| file.strip_suffix(".json")).collect();
        steps.into_iter().map(str::to_owned).collect()
    }

    /// The record of a step.
    pub fn record(&self, step: &str) -> Value {
        serde_json::from_str(&self.read(&format!(".factory/records/{step}.json"))).unwrap()
    }

    /// Fails when anything is left that should have gone with the run that made it.
    pub fn assert_tidy(&self) {
        let left: Vec<String> = self.files("").into_iter().filter(|file| file.contains(".tmp")).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        let empty = empty_folders(self.folder());
        assert!(empty.iter().all(|path| !path.contains(".tmp")), "left behind: {empty:?}");
        // A daemon that was never asked has none.
        if self.beside("engine/script.json.state").exists() {
            assert!(self.containers().is_empty(), "containers left: {:?}", self.daemon()["containers"]);
        }
    }

    /// What takes everything out of a text that differs from run to run.
    pub fn filters(&self) -> insta::Settings {
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        let root = self.root.path().canonicalize().unwrap().display().to_string();
        for (pattern, instead) in [
            (root.as_str(), "[ROOT]"),
            (r"\b[0-9a-f]{64}\b", "[SHA256]"),
            (r"\b[0-9a-f]{12}\b", "[DIGEST]"),
            (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "[TIME]"),
            // Widths of columns follow what is in them.
            (r" *\b(\d+m \d+s|\d+(\.\d+)? s)\b", " [TIME]"),
            (r" *\b\d+(\.\d+)? [kMG]?B\b", " [SIZE]"),
            (r" {2,}(size|time)\b", " $1"),
            (r#""(size|took_ms)": \d+"#, "\"$1\": [NUMBER]"),
            (r"\(process \d+\)", "(process [PID])"),
            // Of two sets that are made at the same time, either may build the wheel that both need.
            (r"\b1 from the store\b", "1 compiled"),
            (r"\b127\.0\.0\.1:[3-6]\d{4}\b", "127.0.0.1:[PORT]"),
            (r"(?m)^(\s*─+)+$", "────"),
            (r" +\n", "\n"),
        ] {
            settings.add_filter(pattern, instead);
        }
        settings
    }
}

fn walk(folder: &Path, take: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() { walk(&path, take) } else { take(&path) }
    }
}

fn empty_folders(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    if entries.is_empty() {
        found.push(folder.display().to_string());
    }
    for path in entries.iter().filter(|path| path.is_dir() && !path.is_symlink()) {
        found.extend(empty_folders(path));
    }
    found
}

/// The program while it runs. One that a failed test leaves behind is killed.
pub struct Running {
    child: Child,
    stdout: Drain,
    stderr: Drain,
    calls: PathBuf,
    what: String,
}

impl Running {
    fn new(mut command: Command, calls: PathBuf) -> Self {
        let what = format!("{command:?}").rsplit('/').next().unwrap_or_default().to_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = Drain::of(child.stdout.take().unwrap());
        let stderr = Drain::of(child.stderr.take().unwrap());
        Self { child, stdout, stderr, calls, what }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits until something is true that the running program makes true.
    pub fn until(&mut self, what: &str, mut reached: impl FnMut() -> bool) {
        let deadline = Instant::now() + TIMEOUT;
        while !reached() {
            if let Some(status) = self.child.try_wait().unwrap() {
                let output = self.output();
                panic!("{} ended ({status}) before {what}\n{output}", self.what);
            }
            if Instant::now() > deadline {
                self.give_up(what);
            }
            thread::sleep(GLANCE);
        }
    }

    /// Waits until the daemon got a call of a method with this in it.
    pub fn until_call(&mut self, method: &str, part: &str) {
        let calls = self.calls.clone();
        let start = format!("{method} ");
        let is_it = |line: &str| (line == method || line.starts_with(&start)) && line.contains(part);
        self.until(&format!("the call `{start}…{part}`"), || {
            fs::read_to_string(&calls).unwrap_or_default().lines().any(is_it)
        });
    }

    /// Waits until it has said something on stderr.
    pub fn until_says(&mut self, part: &str) {
        let stderr = self.stderr.clone();
        self.until(&format!("it says `{part}`"), || stderr.text().contains(part));
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Run {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Run { code: status.code(), ..self.output() };
            }
            if Instant::now() > deadline {
                self.give_up("its end");
            }
            thread::sleep(GLANCE);
        }
    }

    fn give_up(&mut self, what: &str) -> ! {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
        let output = self.output();
        panic!("{} hangs: waited for {what}\n{output}", self.what);
    }

    fn output(&mut self) -> Run {
        Run { code: None, stdout: self.stdout.whole(), stderr: self.stderr.whole() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Reads a stream to its end on a thread of its own, so that nobody waits for a full pipe.
#[derive(Clone)]
struct Drain {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Arc<JoinHandle<()>>,
}

impl Drain {
    fn of(mut from: impl Read + Send + 'static) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let to = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(got @ 1..) = from.read(&mut piece) {
                to.lock().unwrap().extend(&piece[..got]);
            }
        });
        Self { bytes, reader: Arc::new(reader) }
    }

    /// What came so far.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// Everything.
    fn whole(&self) -> String {
        // A program of the host that outlives its caller holds the stream open: not waited for without end.
        let deadline = Instant::now() + TIMEOUT;
        while !self.reader.is_finished() && Instant::now() < deadline {
            thread::sleep(GLANCE);
        }
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }
}
