//! A feed, a real web server, an installed program that is a real process, and the updater beside it.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
    thread::{sleep, spawn},
    time::Duration,
};

use factory_tuf::{Delta, File, Repository, RootPlan, Seals, Sign, SigningKey, TargetFile, TargetPath, Time};
use serde_json::{Value, json};

pub fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// What a server does.
#[derive(Debug, Default, Clone)]
pub struct Server {
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files that are cut after so many bytes, each the first time that it is asked for.
    pub cut: BTreeMap<String, usize>,
    /// Files that come a byte now and then.
    pub slow: Option<String>,
    /// Files that never end.
    pub endless: Option<String>,
    /// Each request's path, and the first byte that it asks for.
    pub asked: Vec<(String, u64)>,
    /// Bytes of bodies that were given out.
    pub given: usize,
}

/// A feed, and the server that has it.
pub struct Feed {
    pub server: Arc<Mutex<Server>>,
    pub address: String,
    pub root: Vec<u8>,
    repository: Repository,
    targets: BTreeMap<TargetPath, TargetFile>,
}

pub fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32]).unwrap()
}

fn plan(numbers: [u8; 4]) -> RootPlan {
    let [root, targets, snapshot, timestamp] = numbers.map(|number| (vec![key(number).public()], 1));
    RootPlan { expires: later(), root, targets, snapshot, timestamp }
}

fn later() -> Time {
    Time::new(now() + 86_400).unwrap()
}

impl Feed {
    pub fn new() -> Self {
        let root = key(1);
        let (repository, files) = Repository::create(&plan([1, 2, 3, 4]), &[&root]).unwrap();
        let server = Arc::new(Mutex::new(Server::default()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (shared, installed) = (server.clone(), files[0].bytes.clone());
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                spawn(move || serve(&stream, &shared));
            }
        });
        let feed = Self { server, address, root: installed, repository, targets: BTreeMap::new() };
        feed.put(files);
        feed.server.lock().unwrap().asked.clear();
        feed
    }

    fn put(&self, files: Vec<File>) {
        self.server.lock().unwrap().files.extend(files.into_iter().map(|file| (file.path, file.bytes)));
    }

    /// A release of the program, with what is said of it beside the usual.
    pub fn release(&mut self, version: &str, program: &[u8], more: Value) -> String {
        self.release_of("agent", version, program, more)
    }

    pub fn release_of(&mut self, product: &str, version: &str, program: &[u8], more: Value) -> String {
        let mut says = json!({"product": product, "platform": "test", "version": version, "channels": ["stable"]});
        says.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut file = TargetFile::of(program);
        file.custom.clone_from(says.as_object().unwrap());
        let place = format!("targets/{product}/{version}/{}.{product}", file.hashes.first());
        self.server.lock().unwrap().files.insert(place.clone(), program.to_vec());
        self.targets.insert(TargetPath::new(format!("{product}/{version}/{product}")).unwrap(), file);
        self.publish(later());
        place
    }

    /// A delta from one program to another; gives its place. What it gives may be another file.
    pub fn delta(&mut self, old: &[u8], new: &[u8], gives: &[u8]) -> String {
        let mut encoder = zstd::stream::write::Encoder::with_ref_prefix(Vec::new(), 3, old).unwrap();
        encoder.window_log(18).unwrap();
        encoder.write_all(gives).unwrap();
        let bytes = encoder.finish().unwrap();
        let digest = |bytes: &[u8]| TargetFile::of(bytes).hashes.first().to_owned();
        let mut file = TargetFile::of(&bytes);
        file.custom = Delta { from: digest(old), to: digest(new) }.custom();
        let place = format!("targets/agent/{}.delta.zst", file.hashes.first());
        self.server.lock().unwrap().files.insert(place.clone(), bytes);
        self.targets.insert(TargetPath::new("agent/delta.zst").unwrap(), file);
        self.publish(later());
        place
    }

    pub fn publish(&mut self, expires: Time) {
        self.publish_by([2, 3, 4], expires);
    }

    fn publish_by(&mut self, numbers: [u8; 3], expires: Time) {
        let keys = numbers.map(key);
        let [targets, snapshot, timestamp] = [0, 1, 2].map(|at| [&keys[at] as &dyn Sign]);
        let seal = |keys| Seals { expires, keys };
        let all = self.targets.clone();
        let files = self.repository.publish(all, seal(&targets), seal(&snapshot), seal(&timestamp)).unwrap();
        self.put(files);
    }

    /// All keys change, twice.
    pub fn change_keys_twice(&mut self) {
        let [one, other, third] = [1, 11, 21].map(key);
        let files = self.repository.change_root(&plan([11, 12, 13, 14]), &[&one, &other]).unwrap();
        self.put(files);
        let files = self.repository.change_root(&plan([21, 22, 23, 24]), &[&other, &third]).unwrap();
        self.put(files);
        self.publish_by([22, 23, 24], later());
    }
}

fn serve(stream: &TcpStream, server: &Mutex<Server>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let path = line.split(' ').nth(1)?.trim_start_matches('/').to_owned();
        let mut from = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            if header.trim().is_empty() {
                break;
            }
            if let Some(range) = header.to_lowercase().strip_prefix("range: bytes=") {
                from = range.trim().trim_end_matches('-').parse().ok()?;
            }
        }
        answer(stream, server, &path, from)?;
    }
}

fn answer(mut stream: &TcpStream, server: &Mutex<Server>, path: &str, from: u64) -> Option<()> {
    let (found, cut, slow, endless) = {
        let mut server = server.lock().unwrap();
        server.asked.push((path.to_owned(), from));
        let is = |name: &Option<String>| name.as_deref() == Some(path);
        (server.files.get(path).cloned(), server.cut.remove(path), is(&server.slow), is(&server.endless))
    };
    let Some(bytes) = found else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").ok();
    };
    let body = &bytes[usize::try_from(from).ok()?.min(bytes.len())..];
    let status = if from > 0 {
        format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{}", bytes.len() - 1, bytes.len())
    } else {
        "200 OK".to_owned()
    };
    if endless {
        write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").ok()?;
        loop {
            stream.write_all(&[b' '; 4096]).ok()?;
        }
    }
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).ok()?;
    if slow {
        for byte in body {
            stream.write_all(&[*byte]).ok()?;
            sleep(Duration::from_millis(100));
        }
    }
    let given = &body[..cut.unwrap_or(body.len()).min(body.len())];
    server.lock().unwrap().given += given.len();
    stream.write_all(given).ok()?;
    // What is cut ends the connection.
    cut.is_none().then_some(())
}

/// A program that says its version and runs until it is ended. `more` is done as it starts.
pub fn program(version: &str, more: &str) -> Vec<u8> {
    format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && {{ echo agent {version}; exit 0; }}\necho {version} > running\n{more}\n\
         while :; do sleep 0.1; done\n"
    )
    .into_bytes()
}

/// A machine on which the program is installed.
pub struct Machine {
    pub folder: tempfile::TempDir,
    pub settings: Value,
}

impl Machine {
    /// With version 2.8.0, which does not run yet.
    pub fn new(feed: &Feed) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = json!({
            "url": feed.address, "platform": "test", "version_args": ["--version"], "health_seconds": 1, "stop_seconds": 5,
            "answer_seconds": 5,
        });
        let settings = json!({"machine_id": "m-1", "version": "2.8.0", "update": own});
        let machine = Self { folder, settings };
        std::fs::write(machine.path("update_root.json"), &feed.root).unwrap();
        machine.install(&program("2.8.0", ""));
        machine
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn install(&self, program: &[u8]) {
        use std::os::unix::fs::PermissionsExt as _;
        // Beside and renamed: what runs cannot be written to.
        std::fs::write(self.path("installed"), program).unwrap();
        std::fs::set_permissions(self.path("installed"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(self.path("installed"), self.path("agent")).unwrap();
    }

    /// Starts the program as somebody else than the updater would.
    pub fn start(&self) -> std::process::Child {
        let mut command = Command::new(self.path("agent"));
        command.current_dir(self.folder.path()).stdin(std::process::Stdio::null()).spawn().unwrap()
    }

    /// Starts the program by another interpreter than its own, by a path that only its folder knows.
    pub fn start_by(&self, interpreter: &str) -> std::process::Child {
        Command::new(interpreter).arg("agent").current_dir(self.folder.path()).spawn().unwrap()
    }

    pub fn updater(&self, args: &[&str]) -> Command {
        std::fs::write(self.path("agent_config.json"), self.settings.to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_factory-update"));
        command.arg("--program").arg(self.path("agent")).args(args);
        for name in [
            "SYSTRACKER_DISABLE_UPDATES",
            "SYSTRACKER_UPDATE_CHANNEL",
            "SYSTRACKER_UPDATE_INTERVAL",
            "UPDATE_CHECK_INTERVAL",
        ] {
            command.env_remove(name);
        }
        for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the updater; gives its exit code and answer.
    pub fn run(&self, args: &[&str]) -> (i32, Value) {
        let output = self.updater(args).output().unwrap();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| said(&output).into()))
    }

    /// The version in the program's file.
    pub fn installed(&self) -> String {
        version_in(&self.path("agent"))
    }

    /// The processes of the program.
    pub fn processes(&self) -> Vec<i32> {
        let wanted = self.path("agent");
        let numbers =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let is_it = |number: &i32| {
            let line = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            let mut words = line.split(|byte| *byte == 0);
            words.nth(1) == Some(wanted.as_os_str().as_encoded_bytes())
        };
        numbers.filter(is_it).collect()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("updater.log")).unwrap_or_default()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for number in self.processes() {
            let _ = Command::new("kill").args(["-9", &number.to_string()]).output();
        }
    }
}

pub fn version_in(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.split("echo agent ").nth(1).unwrap().split(';').next().unwrap().to_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
