//! Debian's docker-registry, and a front before it that makes trouble: for the real tests, and for the faults.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Who may push to a secured registry, and the bcrypt of the password (htpasswd(1), -B).
pub const LOGIN: (&str, &str) = ("ci", "s3cr3t-push");
const LOGIN_HASH: &str = "$2b$05$xkhT2AUS4U6ZLlMYyRBr3OxkVeE1pwolKi/n5Q8tE1D0l2Ee4iKMe";

/// Runs a program and demands success; gives its stdout.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A registry, with storage that goes with it.
pub struct Registry {
    child: Child,
    /// Host and port.
    pub address: String,
    storage: tempfile::TempDir,
    /// Where the engine looks for its CA.
    trusted: Option<PathBuf>,
}

/// Where containers of the engine reach this machine. The kernel says it: an engine that was never restarted names no gateway.
pub fn host_address() -> Option<String> {
    let bridge = run("ip", &["-4", "-o", "addr", "show", "docker0"]);
    Some(bridge.split_whitespace().skip_while(|word| *word != "inet").nth(1)?.split('/').next()?.to_owned())
}

impl Registry {
    /// On loopback, open to everybody.
    pub fn start() -> Self {
        Self::on("127.0.0.1", "", tempfile::tempdir().expect("a folder"))
    }

    /// With TLS under a CA of its own that the engine trusts, and with a login; not on loopback, where any certificate would do.
    pub fn secured() -> Option<Self> {
        let address = host_address()?;
        if !rustix::process::getuid().is_root() {
            writeln!(std::io::stderr(), "skipped: only root can have the engine trust a CA").expect("write to stderr");
            return None;
        }
        let storage = tempfile::tempdir().expect("a folder");
        let path = |name: &str| storage.path().join(name).display().to_string();
        let (ca, ca_key, key, request, certificate) =
            (path("ca.crt"), path("ca.key"), path("key"), path("csr"), path("crt"));
        std::fs::write(path("san"), format!("subjectAltName=IP:{address}\n")).expect("write a file");
        let new = ["req", "-newkey", "rsa:2048", "-nodes"];
        let authority = ["-x509", "-days", "2", "-subj", "/CN=Test CA", "-keyout", &ca_key, "-out", &ca];
        run("openssl", &[&new[..], &authority].concat());
        run("openssl", &[&new[..], &["-subj", "/CN=registry", "-keyout", &key, "-out", &request]].concat());
        let sign = ["x509", "-req", "-days", "2", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"];
        run("openssl", &[&sign[..], &["-extfile", &path("san"), "-out", &certificate]].concat());
        std::fs::write(path("htpasswd"), format!("{}:{LOGIN_HASH}\n", LOGIN.0)).expect("write a file");
        let more = format!(
            "  tls:\n    certificate: {certificate}\n    key: {key}\nauth:\n  htpasswd:\n    realm: tests\n    path: {}\n",
            path("htpasswd")
        );
        let mut registry = Self::on(&address, &more, storage);
        let trusted = Path::new("/etc/docker/certs.d").join(&registry.address);
        std::fs::create_dir_all(&trusted).expect("a folder of the engine");
        std::fs::copy(ca, trusted.join("ca.crt")).expect("the engine trusts it");
        registry.trusted = Some(trusted);
        Some(registry)
    }

    fn on(host: &str, more: &str, storage: tempfile::TempDir) -> Self {
        let port = std::net::TcpListener::bind((host, 0)).expect("a port").local_addr().expect("its address").port();
        let address = format!("{host}:{port}");
        let config = storage.path().join("config.yml");
        let root = storage.path().join("data");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n  relativeurls: true\n{more}",
            root.display()
        );
        std::fs::write(&config, text).expect("write its configuration");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start docker-registry");
        let deadline = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < deadline, "docker-registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, address, storage, trusted: None }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(trusted) = &self.trusted {
            let _ = std::fs::remove_dir_all(trusted);
        }
    }
}

/// What comes before a registry, and makes trouble first (`tests/data/registry.py`).
pub struct Front {
    child: Child,
    /// Host and port.
    pub address: String,
    rules: serde_json::Value,
    upstream: String,
    place: PathBuf,
}

impl Front {
    /// With these rules; `None` where there is no Python.
    pub fn of(registry: &Registry, rules: &serde_json::Value) -> Option<Self> {
        let place = registry.storage.path().join("front.json");
        let state = serde_json::json!({ "upstream": registry.address, "rules": rules });
        std::fs::write(&place, state.to_string()).expect("write its rules");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/registry.py");
        let Ok(mut child) = Command::new("python3").arg(script).arg(&place).stdout(Stdio::piped()).spawn() else {
            writeln!(std::io::stderr(), "skipped: there is no python3 here").expect("write to stderr");
            return None;
        };
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut port).expect("its port");
        let (address, upstream) = (format!("127.0.0.1:{}", port.trim()), registry.address.clone());
        Some(Self { child, address, rules: rules.clone(), upstream, place })
    }

    /// No trouble from now on.
    pub fn calm(&self) {
        let state = serde_json::json!({ "upstream": self.upstream });
        // The old rules stand until the whole file is there.
        std::fs::write(self.place.with_extension("new"), state.to_string()).expect("write its state");
        std::fs::rename(self.place.with_extension("new"), &self.place).expect("write its state");
    }

    /// Answers of the rules that nobody has met.
    pub fn unused(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.place.with_extension("json.log")).unwrap_or_default();
        let rules = self.rules.as_array().into_iter().flatten();
        let answers = rules.flat_map(|rule| {
            let method = rule["method"].as_str().unwrap_or_default().to_owned();
            let path = rule["path"].as_str().unwrap_or_default().to_owned();
            rule["answers"].as_array().into_iter().flatten().map(move |answer| (method.clone(), path.clone(), answer))
        });
        let met = |method: &str, path: &str, answer: &serde_json::Value| {
            log.lines().any(|line| {
                let found = line.split_once(" {").map(|(_, json)| format!("{{{json}"));
                let found = found.and_then(|json| serde_json::from_str::<serde_json::Value>(&json).ok());
                line.starts_with(method) && line.contains(path) && found.as_ref() == Some(answer)
            })
        };
        answers.filter(|(method, path, answer)| !met(method, path, answer)).map(|unmet| format!("{unmet:?}")).collect()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
