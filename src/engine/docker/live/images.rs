//! Images in the daemon and in a registry of our own.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::*;
use crate::engine::ImportSpec;

#[tokio::test]
async fn a_root_file_system_becomes_an_image() {
    let Some(live) = LiveEngine::open().await else { return };
    let reference = unique("factory-test-import:1");
    let spec = ImportSpec {
        tar: tar(&[("etc/os-release", "ID=made-up\n")]),
        reference: reference.clone(),
        changes: words(&["LABEL factory.test=1 factory.kind=import", "CMD [\"/bin/none\"]"]),
    };
    let id = live.docker.import(spec, &Silent).await.unwrap();
    let image = live.docker.image(&reference).await.unwrap().unwrap();
    assert_eq!(image.id, id);
    assert_eq!(image.labels.get("factory.kind").map(String::as_str), Some("import"));
    assert!(image.size > 0 && image.created.starts_with("20") && !image.arch.is_empty(), "{image:?}");

    let other = unique("factory-test-import:2");
    live.docker.tag(&id.0, &other).await.unwrap();
    let mut wanted = Labels::from([("factory.kind".into(), String::new())]);
    let listed = live.docker.images(&wanted).await.unwrap();
    let listed = listed.iter().find(|image| image.id == id).unwrap();
    assert!(listed.tags.contains(&reference) && listed.tags.contains(&other), "{listed:?}");
    assert_eq!(listed.labels, image.labels);
    wanted.insert("factory.kind".into(), "other".into());
    assert!(live.docker.images(&wanted).await.unwrap().is_empty());

    for name in [&reference, &other] {
        assert!(live.docker.remove_image(name).await.unwrap());
        assert!(!live.docker.remove_image(name).await.unwrap());
    }
    assert_eq!(live.docker.image(&id.0).await.unwrap(), None);
}

#[tokio::test]
async fn a_tar_that_is_none_is_refused() {
    let Some(live) = LiveEngine::open().await else { return };
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &[b'x'; 4096]).unwrap();
    let spec = ImportSpec { tar: file, reference: unique("factory-test-import:bad"), changes: Vec::new() };
    let error = live.docker.import(spec, &Silent).await.unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn an_image_goes_to_a_registry_and_comes_back() {
    let Some(live) = LiveEngine::open().await else { return };
    let Some(registry) = Registry::start() else { return };
    let reference = format!("{}/factory/test:{}", registry.address, std::process::id());
    let spec = ImportSpec {
        tar: tar(&[("file", &"content ".repeat(100_000))]),
        reference: reference.clone(),
        changes: words(&["LABEL factory.test=1"]),
    };
    let id = live.docker.import(spec, &Silent).await.unwrap();
    let out = Kept::default();
    let digest = live.docker.push(&reference, None, &out).await.unwrap().digest;
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    let pushed = live.docker.image(&reference).await.unwrap().unwrap();
    assert!(pushed.repo_digests.iter().any(|name| name.ends_with(&digest)), "{pushed:?}");

    assert!(live.docker.remove_image(&reference).await.unwrap());
    let out = Kept::default();
    let pulled = live.docker.pull(&reference, None, &out).await.unwrap();
    assert_eq!((pulled.image.id, pulled.digest.as_ref()), (id.clone(), Some(&digest)));
    assert!(out.has("Digest: sha256:") && out.has("Status: "), "{:#?}", out.lines());
    let by_digest = format!("{}/factory/test@{digest}", registry.address);
    assert_eq!(live.docker.pull(&by_digest, None, &Silent).await.unwrap().image.id, id);

    let missing = format!("{}/factory/test:missing", registry.address);
    let error = live.docker.pull(&missing, None, &Silent).await.unwrap_err();
    assert!(matches!(&error, EngineError::ImageNotFound { image, .. } if *image == missing), "{error:?}");
    let error = live.docker.push(&missing, None, &Silent).await.unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");

    drop(registry);
    let error = live.docker.push(&reference, None, &Silent).await.unwrap_err();
    assert!(matches!(error, EngineError::RegistryUnreachable { .. }), "{error:?}");
    live.docker.remove_image(&reference).await.unwrap();
    live.docker.remove_image(&id.0).await.ok();
}

/// Debian's `docker-registry` on a free port of this machine, with a folder of its own.
struct Registry {
    address: String,
    child: Child,
    _root: tempfile::TempDir,
}

impl Registry {
    fn start() -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let config = root.path().join("config.yml");
        let text = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            root.path().join("data").display()
        );
        fs_err::write(&config, text).unwrap();
        let quiet = || Stdio::null();
        let started = Command::new("docker-registry").arg("serve").arg(&config).stdout(quiet()).stderr(quiet()).spawn();
        let Ok(child) = started else {
            eprintln!("skipped: docker-registry is not installed");
            return None;
        };
        let registry = Self { address, child, _root: root };
        for _ in 0..100 {
            if std::net::TcpStream::connect(&registry.address).is_ok() {
                return Some(registry);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("docker-registry did not start");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
