//! The reference implementation, python-tuf: its client reads our feed, and ours reads one that it wrote. Skipped where no Python has it:
//! `python3 -m venv DIR && DIR/bin/pip install tuf 'securesystemslib[crypto]'`, then `FACTORY_TUF_PYTHON=DIR/bin/python3`.

use std::{fs, path::Path, process::Command};

use factory_tuf::{Check, Client, Fetch, FetchError, Limits, Remembered};

use crate::feed::{Feed, NOW, Numbers};

/// A Python that has `tuf`.
fn python() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests are told in variables")]
    let named = std::env::var("FACTORY_TUF_PYTHON").ok();
    let wanted = named.is_some();
    let python = named.unwrap_or_else(|| "python3".to_owned());
    let has_it =
        Command::new(&python).args(["-c", "import tuf.ngclient, securesystemslib.signer, cryptography"]).output();
    if has_it.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(!wanted, "FACTORY_TUF_PYTHON names a Python without tuf: {python}");
    eprintln!("skipped: {python} has no tuf (FACTORY_TUF_PYTHON)");
    None
}

fn run(python: &str, script: &str, folder: &Path) -> String {
    let output = Command::new(python).arg("-c").arg(script).current_dir(folder).output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{out}\n{err}");
    out
}

/// Its client with files instead of a web server. The date is that of the feed.
const READS: &str = r#"
import datetime, pathlib
from tuf.ngclient import Updater, FetcherInterface
from tuf.api.exceptions import DownloadHTTPError

class Files(FetcherInterface):
    def _fetch(self, url):
        path = pathlib.Path(url.removeprefix("http://feed/"))
        if not path.is_file():
            raise DownloadHTTPError("none", 404)
        yield path.read_bytes()

pathlib.Path("kept").mkdir()
pathlib.Path("got").mkdir()
root = pathlib.Path("metadata/1.root.json").read_bytes()
updater = Updater("kept", "http://feed/metadata/", "got", "http://feed/targets/", fetcher=Files(), bootstrap=root)
updater._trusted_set.reference_time = datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc)
updater.refresh()
info = updater.get_targetinfo("app/1.0.1/app.exe")
print(updater._trusted_set.root.version, info.custom["channel"], pathlib.Path(updater.download_target(info)).read_text())
"#;

#[test]
fn the_reference_client_reads_our_feed() {
    let Some(python) = python() else { return };
    let mut feed = Feed::new();
    feed.change_root(&Numbers { root: (vec![11], 1), timestamp: (vec![5, 15], 2), ..Numbers::default() }, &[1, 2, 11]);
    feed.change_root(&Numbers { root: (vec![11], 1), ..Numbers::default() }, &[11]);
    let folder = tempfile::tempdir().unwrap();
    publish_with_custom(&mut feed);
    for (path, bytes) in &feed.server.files {
        write(&folder.path().join(path), bytes);
    }
    let client = feed.refreshed().unwrap();
    let (path, file) = client.targets().unwrap().targets.iter().next().unwrap();
    write(&folder.path().join(client.place(path, file)), b"two");
    let out = run(&python, &READS.replace("NOW", &NOW.to_string()), folder.path());
    assert_eq!(out.trim(), "3 beta two");
}

/// Names that the canonical form has to sort, and text that it has to escape.
fn publish_with_custom(feed: &mut Feed) {
    use crate::feed::{DAY, key, time};
    use factory_tuf::{Seals, TargetFile, TargetPath};
    let mut file = TargetFile::of(b"two");
    let custom = serde_json::json!({"channel": "beta", "a": 1, "a b": {"\"\\": "\n\u{e9}"}, "a!": [], "windows": null});
    file.custom.clone_from(custom.as_object().unwrap());
    let (targets, snapshot, timestamp) = (key(3), key(4), key(5));
    let expires = time(NOW + DAY);
    let all = [(TargetPath::new("app/1.0.1/app.exe").unwrap(), file)].into();
    let files = feed.repository.publish(
        all,
        Seals { expires, keys: &[&targets] },
        Seals { expires, keys: &[&snapshot] },
        Seals { expires, keys: &[&timestamp] },
    );
    feed.server.put(files.unwrap());
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A feed with Ed25519 and ECDSA keys, two roots, and names that the canonical form has to sort.
const WRITES: &str = r#"
import datetime, pathlib
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp, MetaFile

until = datetime.datetime.fromtimestamp(NOW + 86400, datetime.timezone.utc).replace(microsecond=0)
keys = {"root": CryptoSigner.generate_ecdsa(), "new": CryptoSigner.generate_ed25519(), "targets": CryptoSigner.generate_ecdsa(),
        "snapshot": CryptoSigner.generate_ed25519(), "timestamp": CryptoSigner.generate_ed25519(), "rsa": CryptoSigner.generate_rsa()}
folder = pathlib.Path("metadata")
folder.mkdir()

def write(role, name, *signers):
    metadata = Metadata(role)
    for signer in signers:
        metadata.sign(keys[signer], append=True)
    metadata.to_file(str(folder / name))

root = Root(expires=until, consistent_snapshot=True)
for role in ["root", "targets", "snapshot", "timestamp"]:
    root.add_key(keys[role].public_key, role)
root.add_key(keys["rsa"].public_key, "timestamp")
write(root, "1.root.json", "root")
root.version = 2
root.revoke_key(keys["root"].public_key.keyid, "root")
root.add_key(keys["new"].public_key, "root")
write(root, "2.root.json", "root", "new")

content = b"from the reference"
target = TargetFile.from_data("app/1.0.0/app.exe", content, ["sha512", "sha256"])
target.unrecognized_fields["custom"] = {"channel": "stable", "a": 1, "a b": {"\"\\": "\n\u00e9e\u0301"}, "a!": [], "windows": None}
targets = Targets(expires=until, targets={target.path: target})
write(targets, "1.targets.json", "targets")
pathlib.Path("targets/app/1.0.0").mkdir(parents=True)
pathlib.Path(f"targets/app/1.0.0/{target.hashes['sha256']}.app.exe").write_bytes(content)
write(Snapshot(expires=until, meta={"targets.json": MetaFile(1)}), "1.snapshot.json", "snapshot")
write(Timestamp(expires=until, snapshot_meta=MetaFile.from_data(1, (folder / "1.snapshot.json").read_bytes(), ["sha256"])), "timestamp.json", "rsa", "timestamp")
"#;

/// A feed in a folder.
struct Folder<'a>(&'a Path);

impl Fetch for Folder<'_> {
    fn fetch(&mut self, path: &str) -> Result<Box<dyn std::io::Read + '_>, FetchError> {
        match fs::File::open(self.0.join(path)) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(FetchError::NotFound),
            Err(error) => Err(error.into()),
        }
    }
}

#[test]
fn our_client_reads_the_references_feed() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    run(&python, &WRITES.replace("NOW", &NOW.to_string()), folder.path());
    let installed = fs::read(folder.path().join("metadata/1.root.json")).unwrap();
    let mut client = Client::new(Remembered::installed(installed), Limits::default()).unwrap();
    client.refresh(&mut Folder(folder.path()), NOW).unwrap();
    assert_eq!(client.root().version, 2);
    let (path, file) = client.targets().unwrap().targets.iter().next().unwrap();
    assert_eq!((path.as_str(), &file.custom["channel"]), ("app/1.0.0/app.exe", &serde_json::json!("stable")));
    let mut check = Check::new(file);
    check.update(&fs::read(folder.path().join(client.place(path, file))).unwrap()).unwrap();
    assert_eq!(check.finish(), Ok(()));
}
