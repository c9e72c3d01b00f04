//! An engine of the suite's own beside the machine's: it may be killed.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Its network: an address of RFC 1918 that neither Docker's defaults nor usual clouds take.
const BRIDGE: &str = "factory-faults";
/// This machine in it.
pub const ADDRESS: &str = "172.31.99.1";

/// The engine, its data below one folder.
pub struct Private {
    folder: PathBuf,
    child: Option<Child>,
}

impl Private {
    /// Starts it; `None` where this machine does not run a second engine.
    pub fn start(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).expect("a folder for the engine");
        let ip = |arguments: &[&str]| {
            let _there = Command::new("ip").args(arguments).stderr(Stdio::null()).status();
        };
        ip(&["link", "add", BRIDGE, "type", "bridge"]);
        ip(&["addr", "add", &format!("{ADDRESS}/24"), "dev", BRIDGE]);
        ip(&["link", "set", BRIDGE, "up"]);
        let mut engine = Self { folder: folder.to_owned(), child: None };
        engine.up().then_some(engine)
    }

    /// For `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.folder.join("docker.sock").display())
    }

    /// Starts it after it has ended.
    pub fn again(&mut self) {
        assert!(self.up(), "the engine does not come up: {}", self.folder.join("log").display());
    }

    /// Starts it, and waits until it answers.
    fn up(&mut self) -> bool {
        // Its containerd ends with it; a pid file of one that nobody has reaped keeps the next from starting.
        for stale in ["docker.pid", "docker.sock", "exec/containerd/containerd.pid"] {
            let _absent = std::fs::remove_file(self.folder.join(stale));
        }
        let log = File::options().create(true).append(true).open(self.folder.join("log")).expect("its log");
        let path = |name: &str| self.folder.join(name).display().to_string();
        let child = Command::new("dockerd")
            .args(["--host", &self.host(), "--bridge", BRIDGE])
            .args(["--data-root", &path("data"), "--exec-root", &path("exec"), "--pidfile", &path("docker.pid")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("its log"))
            .stderr(log)
            .spawn()
            .expect("start dockerd");
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.answers() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        true
    }

    fn answers(&self) -> bool {
        let asked = Command::new("docker").args(["--host", &self.host(), "version"]).output().expect("run docker");
        asked.status.success()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.end("KILL");
    }

    /// Ends it as a restart does.
    pub fn stop(&mut self) {
        self.end("TERM");
    }

    fn end(&mut self, signal: &str) {
        let Some(mut child) = self.child.take() else { return };
        let _sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        let _ended = child.wait();
        let containerd =
            std::fs::read_to_string(self.folder.join("exec/containerd/containerd.pid")).unwrap_or_default();
        let status = format!("/proc/{}/status", containerd.trim());
        let runs = || std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("State:\tZ"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while !containerd.is_empty() && runs() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs the client.
    pub fn docker(&self, arguments: &[&str]) -> String {
        let output = Command::new("docker").args(["--host", &self.host()]).args(arguments).output().expect("docker");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.stop();
        let _gone = Command::new("ip").args(["link", "del", BRIDGE]).status();
        // What an engine that was killed had mounted.
        let table = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let places = table.lines().rev().filter_map(|line| line.split(' ').nth(1));
        for place in places.filter(|place| Path::new(place).starts_with(&self.folder)) {
            let _gone = Command::new("umount").args(["--lazy", place]).stderr(Stdio::null()).status();
        }
    }
}
