//! An index of Python packages on this machine, and the archives that a module for Windows is made of, as small as they can be.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use factory::format::zip::Writer;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The time of what is in archives.
const TIME: i64 = 1_767_225_600;

/// A server with the simple interface (PEP 691): it ends with the process.
pub struct Index {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What the index says of a distribution's files.
    pages: BTreeMap<String, Vec<Value>>,
    files: BTreeMap<String, Vec<u8>>,
    /// The status that is answered to everything, where there is one.
    broken: Option<u16>,
    asked: Vec<String>,
}

impl Index {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || answer(stream.unwrap(), &shared));
            }
        });
        Self { port, state }
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/simple", self.port)
    }

    /// Adds a file of a distribution; gives its digest.
    pub fn add(&self, distribution: &str, name: &str, bytes: &[u8]) -> String {
        let digest = hex::encode(Sha256::digest(bytes));
        self.add_as(distribution, name, bytes, &digest);
        digest
    }

    /// The same with whatever digest is told of it.
    pub fn add_as(&self, distribution: &str, name: &str, bytes: &[u8], digest: &str) {
        let mut state = self.state.lock().unwrap();
        let file = json!({ "filename": name, "url": format!("/files/{name}"), "hashes": { "sha256": digest } });
        state.pages.entry(distribution.to_owned()).or_default().push(file);
        state.files.insert(name.to_owned(), bytes.to_vec());
    }

    /// The digest of a file that it has.
    pub fn digest(&self, name: &str) -> String {
        hex::encode(Sha256::digest(&self.state.lock().unwrap().files[name]))
    }

    /// Says that a file was taken back.
    pub fn yank(&self, distribution: &str, why: &str) {
        for file in self.state.lock().unwrap().pages.get_mut(distribution).unwrap() {
            file["yanked"] = why.into();
        }
    }

    /// Answers everything with this status from now on.
    pub fn break_with(&self, status: u16) {
        self.state.lock().unwrap().broken = Some(status);
    }

    /// The paths that it was asked for so far; forgotten then.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.contains("\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(got) => text.push_str(&String::from_utf8_lossy(&buffer[..got])),
        }
    }
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, kind, bytes) = {
        let mut state = state.lock().unwrap();
        state.asked.push(path.clone());
        let page = path.strip_prefix("/simple/").and_then(|name| state.pages.get(name.trim_end_matches('/')));
        let file = path.strip_prefix("/files/").and_then(|name| state.files.get(name));
        match (state.broken, page, file) {
            (Some(status), ..) => (status, "text/plain", Vec::new()),
            (None, Some(files), _) => {
                let page = json!({ "meta": { "api-version": "1.1" }, "name": "x", "files": files });
                (200, "application/vnd.pypi.simple.v1+json", page.to_string().into_bytes())
            }
            (None, None, Some(bytes)) => (200, "application/octet-stream", bytes.clone()),
            (None, None, None) => (404, "text/plain", Vec::new()),
        }
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-type: {kind}\r\nretry-after: 0\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    // Whoever asked may be gone.
    let _gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes));
}

pub fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Writer::new(Cursor::new(Vec::new()), TIME);
    for (path, bytes) in files {
        archive.file(path, &mut &bytes[..]).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A wheel of these files with further headers of its metadata; `INFO` stands for its folder of metadata.
pub fn wheel(name: &str, version: &str, files: &[(&str, &[u8])], headers: &str) -> Vec<u8> {
    let info = format!("{name}-{version}.dist-info");
    let mut all: Vec<(String, Vec<u8>)> =
        files.iter().map(|(path, bytes)| (path.replace("INFO", &info), bytes.to_vec())).collect();
    all.push((format!("{info}/WHEEL"), b"Wheel-Version: 1.0\n".to_vec()));
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{headers}\ntext\n");
    all.push((format!("{info}/METADATA"), metadata.into_bytes()));
    let line = |(path, bytes): &(String, Vec<u8>)| {
        format!("{path},sha256={},{}\n", URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)), bytes.len())
    };
    let list: String = all.iter().map(line).collect();
    all.push((format!("{info}/RECORD"), format!("{list}{info}/RECORD,,\n").into_bytes()));
    zipped(&all)
}

/// A program of Windows for a machine that needs these libraries.
pub fn program(machine: u16, needed: &[&str]) -> Vec<u8> {
    const ADDRESS: u32 = 0x1000;
    let (mut table, mut names) = (Vec::new(), Vec::new());
    let size = u32::try_from((needed.len() + 1) * 20).unwrap();
    for name in needed {
        let at = ADDRESS + size + u32::try_from(names.len()).unwrap();
        table.extend([0, 0, 0, at, ADDRESS].map(u32::to_le_bytes).concat());
        names.extend(name.bytes().chain([0]));
    }
    table.extend([0; 20]);
    table.extend(names);
    let length = u32::try_from(table.len()).unwrap();
    let mut bytes = vec![0; 0x200];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"MZ");
    put(0x3c, &[0x40]);
    put(0x40, b"PE\0\0");
    put(0x44, &machine.to_le_bytes());
    put(0x46, &[1, 0]);
    put(0x54, &240_u16.to_le_bytes());
    put(0x58, &[0x0b, 0x02]);
    put(0x58 + 108, &[16]);
    put(0x58 + 120, &[ADDRESS, size].map(u32::to_le_bytes).concat());
    put(0x148, b".idata");
    put(0x150, &[length, ADDRESS, length, 0x200].map(u32::to_le_bytes).concat());
    bytes.extend(table);
    bytes
}

/// 64-bit Intel and AMD.
pub const AMD64: u16 = 0x8664;

/// A NuGet package as that of CPython 3.13 is.
pub fn nupkg(machine: u16) -> Vec<u8> {
    let files = [
        ("python.nuspec", b"<package/>".to_vec()),
        ("tools/python.exe", program(machine, &["python313.dll", "KERNEL32.dll"])),
        ("tools/python3.dll", program(machine, &["python313.dll"])),
        ("tools/python313.dll", program(machine, &["KERNEL32.dll"])),
        ("tools/DLLs/_ssl.pyd", program(machine, &["libcrypto-3.dll", "python313.dll"])),
        ("tools/DLLs/libcrypto-3.dll", program(machine, &["WS2_32.dll"])),
        ("tools/DLLs/sqlite3.dll", program(machine, &[])),
        ("tools/Lib/os.py", b"name = 'nt'\n".to_vec()),
        ("tools/Lib/site-packages/pip/_vendor/distlib/t64.exe", program(machine, &[])),
        ("tools/Lib/site-packages/pip/_vendor/distlib/w64.exe", program(machine, &[])),
    ];
    zipped(&files.map(|(path, bytes)| (path.to_owned(), bytes)))
}
