//! A registry on loopback, played by `tests/data/registry.py`: it keeps what is pushed, and the played daemon's pushes arrive in it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    project::{Project, Run},
    servers::{Server, needs},
};

impl Run {
    /// The run, which must have ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        self.assert_code(code);
        self
    }
}

/// A registry, its address and its rules.
pub struct Registry {
    /// Host and port.
    pub address: String,
    place: PathBuf,
    _server: Server,
}

impl Registry {
    /// One that lets everybody in; `None` where there is no Python.
    pub fn new(project: &Project) -> Option<Self> {
        Self::with(project, json!({}))
    }

    /// The same with more words of its state.
    pub fn with(project: &Project, more: Value) -> Option<Self> {
        let python = needs("python3")?;
        let place = project.beside("registry.json");
        let mut state = json!({ "store": project.beside("engine/script.json.pushed"), "rules": [] });
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(&place, state.to_string()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/registry.py");
        let mut command = Command::new(python);
        let command = command.arg(script).arg(&place).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let address = format!("127.0.0.1:{}", port.trim());
        Some(Self { address, place, _server: Server(child) })
    }

    /// Answers these to requests before it does what it should; those before are forgotten. Rules are counted by their place.
    pub fn answers(&self, method: &str, path: &str, answers: Value) {
        let mut state: Value = serde_json::from_str(&fs::read_to_string(&self.place).unwrap()).unwrap();
        let rules = state["rules"].as_array_mut().unwrap();
        rules.push(json!({ "method": method, "path": path, "answers": answers }));
        fs::write(&self.place, state.to_string()).unwrap();
    }

    /// The requests so far.
    pub fn log(&self) -> Vec<String> {
        let mut path = self.place.clone().into_os_string();
        path.push(".log");
        fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

/// What is under a name, as its digest.
pub fn digest(project: &Project, name: &str) -> Option<String> {
    let (repository, tag) = name.rsplit_once(':').unwrap();
    let place = format!("engine/script.json.pushed/manifests/{repository}/{tag}");
    let bytes = fs::read(project.beside(&place)).ok()?;
    Some(format!("sha256:{}", factory::names::Sha256::of(bytes)))
}

/// Puts something else under a name.
pub fn squat(project: &Project, name: &str) {
    let (repository, tag) = name.rsplit_once(':').unwrap();
    let folder = project.beside("engine/script.json.pushed/manifests").join(repository);
    fs::create_dir_all(&folder).unwrap();
    let config = json!({ "mediaType": "x", "size": 1, "digest": format!("sha256:{}", "0".repeat(64)) });
    let manifest = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                           "config": config, "layers": [] });
    fs::write(folder.join(tag), manifest.to_string()).unwrap();
}
