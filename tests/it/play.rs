//! What the daemon of a test does.

use serde_json::{Value, json};

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

/// What pip downloads for the usual project.
pub fn downloads() -> Vec<Value> {
    vec![file("six-1.16.0-py2.py3-none-any.whl", "six"), file("psutil-5.9.8.tar.gz", "psutil's sources")]
}

/// What pip builds of the source distribution among it.
pub fn psutil() -> Vec<Value> {
    vec![file("psutil-5.9.8-cp311-cp311-linux_x86_64.whl", "psutil")]
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
        self.on("download", "path=/factory/files", json!({ "archive": { "/factory/files": files } }))
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
