//! What the daemon of a test does.

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::Digest as _;

/// The JSON of `src/engine/scripted`, and the small world behind it.
#[derive(Clone)]
pub struct Script {
    pub engine: Value,
    pub images: Vec<Value>,
    rules: Vec<Value>,
}

/// A file of a container.
pub fn file(name: &str, text: &str) -> Value {
    json!({ "name": name, "text": text })
}

/// A wheel of a container: an archive as the name says, with this text in it.
pub fn wheel(name: &str, text: &str) -> Value {
    json!({ "name": name, "base64": base64::engine::general_purpose::STANDARD.encode(wheel_bytes(name, text)) })
}

/// Its bytes.
pub fn wheel_bytes(name: &str, text: &str) -> Vec<u8> {
    let mut parts = name.split('-');
    let (of, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let metadata = format!("Metadata-Version: 2.1\nName: {of}\nVersion: {version}\n\n{text}\n");
    zip(&[(&format!("{of}.py"), text), (&format!("{of}-{version}.dist-info/METADATA"), &metadata)])
}

/// A zip archive of these files.
pub fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = factory::format::zip::Writer::new(std::io::Cursor::new(Vec::new()), 315_532_800);
    for (name, text) in files {
        zip.file(name, &mut text.as_bytes()).expect("a file of a zip");
    }
    zip.finish().expect("a zip").into_inner()
}

/// The digest of bytes.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(sha2::Sha256::digest(bytes))
}

/// What the indexes tell for these files.
fn told(files: &[Value]) -> Vec<String> {
    let named = files.iter().filter(|file| file["folder"].is_null() && file["link"].is_null());
    let line = |file: &Value| {
        let bytes = match file["base64"].as_str() {
            Some(text) => base64::engine::general_purpose::STANDARD.decode(text).expect("base64"),
            None => file["text"].as_str().unwrap_or_default().as_bytes().to_vec(),
        };
        format!(
            "told: sha256 {} {}",
            file["name"].as_str().unwrap_or_default(),
            hex::encode(sha2::Sha256::digest(bytes))
        )
    };
    named.map(line).collect()
}

/// What pip downloads for the usual project.
pub fn downloads() -> Vec<Value> {
    vec![file("six-1.16.0-py2.py3-none-any.whl", "six"), file("psutil-5.9.8.tar.gz", "psutil's sources")]
}

/// What pip builds of the source distribution among it.
pub fn psutil() -> Vec<Value> {
    vec![wheel("psutil-5.9.8-cp311-cp311-linux_x86_64.whl", "psutil")]
}

/// What is installed in the builder image.
pub const INSTALLED: [&str; 5] = [
    "gcc-12 12.2.0-14",
    "libc6-dev 2.36-9+deb12u9",
    "python3 3.11.2-1+b1",
    "python3-dev 3.11.2-1+b1",
    "tzdata 2025b-0",
];

impl Script {
    /// A daemon that has the base images, on which everything works.
    pub fn new() -> Self {
        let base = |tag: &str| {
            json!({ "tags": [tag], "size": 74_000_000, "repo_digests": [
            format!("debian@sha256:{}", "ba5e".repeat(16))
        ] })
        };
        let shop = [
            json!({ "folder": true, "uid": 999, "gid": 999 }),
            json!({ "name": "bin/shop", "text": "#!/bin/sh\necho sold\n", "mode": "755" }),
            file("etc/shop.conf", "port = 80\n"),
            file("lib/python3.11/site-packages/six.py", "# six\n"),
        ];
        let archive = json!({
            "/factory/files": downloads(),
            "/factory/wheels": psutil(),
            "/etc/passwd": [file("", "root:x:0:0::/root:/bin/sh\nshop:x:999:999::/opt/shop:/bin/sh\n")],
            "/etc/group": [file("", "root:x:0:\nshop:x:999:\n")],
            "/opt/shop": shop,
            "/opt/web": [file("page.html", "<p>sold</p>\n")],
        });
        Self { engine: json!({}), images: vec![base("debian:bookworm-slim"), base("debian:99-slim")], rules: vec![] }
            .on("download", "", json!({ "archive": archive }))
            .on("wait", "\"download\"", json!({ "lines": ["Successfully downloaded six psutil"] }))
            .on("wait", "\"wheel\"", json!({ "lines": ["Created wheel for psutil: filename=psutil-5.9.8.whl"] }))
            .installed(&INSTALLED)
            .index_tells(&downloads())
    }

    /// One more rule, before all others.
    pub fn on(mut self, method: &str, contains: &str, then: Value) -> Self {
        self.rules.insert(0, json!({ "on": method, "contains": contains, "then": then }));
        self
    }

    /// The same for the first call alone.
    pub fn once(mut self, method: &str, contains: &str, then: Value) -> Self {
        self.rules.insert(0, json!({ "on": method, "contains": contains, "times": 1, "then": then }));
        self
    }

    /// A call that never returns.
    pub fn hangs(self, method: &str, contains: &str) -> Self {
        self.once(method, contains, json!({ "hang": true }))
    }

    /// A call that fails.
    pub fn fails(self, method: &str, contains: &str, kind: &str, text: &str) -> Self {
        self.on(method, contains, json!({ "fail": { "kind": kind, "text": text } }))
    }

    /// A download of the usual files that breaks off.
    pub fn breaks(mut self, path: &str, bytes: usize) -> Self {
        let usual = self.rules.iter().find(|rule| rule["on"] == "download").expect("a download").clone();
        let then = json!({ "archive": usual["then"]["archive"], "breaks_after": bytes });
        self.rules.insert(0, json!({ "on": "download", "contains": format!("path={path}"), "then": then }));
        self
    }

    /// pip that ends with an error after these lines.
    pub fn pip_fails(self, lines: &str) -> Self {
        let lines: Vec<&str> = lines.lines().collect();
        self.on("wait", "pip", json!({ "lines": lines, "exit": 1 }))
    }

    /// pip that downloads these files.
    pub fn pip_downloads(self, files: &[Value]) -> Self {
        let script = self.on("download", "path=/factory/files", json!({ "archive": { "/factory/files": files } }));
        script.index_tells(files)
    }

    /// Indexes that have these files, and no other ones.
    pub fn index_tells(self, files: &[Value]) -> Self {
        self.on("wait", "told.py", json!({ "lines": told(files) }))
    }

    /// pip that downloads this version of six, beside what it downloads else.
    pub fn newer_six(self, version: &str) -> Self {
        let six = file(&format!("six-{version}-py2.py3-none-any.whl"), "newer");
        self.pip_downloads(&[six, downloads().remove(1)])
    }

    /// pip that says it chose these distributions.
    pub fn pip_chooses(self, names: &str) -> Self {
        self.on("wait", "\"download\"", json!({ "lines": [format!("Successfully downloaded {names}")] }))
    }

    /// pip that builds these files of whatever it is to build.
    pub fn pip_builds(self, files: &[Value]) -> Self {
        self.on("download", "path=/factory/wheels", json!({ "archive": { "/factory/wheels": files } }))
    }

    /// A builder image with these packages.
    pub fn installed(self, lines: &[&str]) -> Self {
        self.on("wait", "dpkg-query", json!({ "lines": lines }))
    }

    pub fn to_json(&self) -> String {
        json!({ "engine": self.engine, "images": self.images, "rules": self.rules }).to_string()
    }
}
