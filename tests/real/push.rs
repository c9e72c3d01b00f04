//! Pushing to a real registry, and what comes back.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::house::{BUILT, House, TAG, docker};

/// Debian's docker-registry on loopback, with storage that goes with it.
struct Registry {
    child: Child,
    address: String,
    _storage: tempfile::TempDir,
}

impl Registry {
    fn start() -> Self {
        let storage = tempfile::tempdir().expect("a folder");
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
        let address = format!("127.0.0.1:{port}");
        let config = storage.path().join("config.yml");
        let root = storage.path().join("data");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
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
        Self { child, address, _storage: storage }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs a real engine: make real"]
fn what_is_pushed_comes_back_equal() {
    let house = &*BUILT;
    let registry = Registry::start();
    let said = house.done(&["push", "--registry", &registry.address, "--output", "json"]);
    let made = said.lines().find(|line| line.contains("\"event\":\"made\"")).expect("a closing table");
    let made: serde_json::Value = serde_json::from_str(made).expect("JSON");
    let items = made["items"].as_array().expect("rows");
    assert_eq!(items.len(), 8, "four images, each with the platform's and the plain tag: {made}");
    for item in items {
        let (name, digest) = (item["name"].as_str().expect("a name"), item["digest"].as_str().expect("a digest"));
        assert!(name.starts_with(&registry.address), "{name}");
        let local = name.trim_start_matches(&registry.address).trim_start_matches('/');
        let id = docker(&["inspect", "--format", "{{.Id}}", local]);
        let gone = Command::new("docker").args(["inspect", name]).output().expect("docker inspect");
        assert!(!gone.status.success(), "the registry's name was taken away again: {name}");
        docker(&["pull", "--quiet", name]);
        assert_eq!(docker(&["inspect", "--format", "{{.Id}}", name]), id, "pulled back equal");
        let digests = docker(&["inspect", "--format", "{{join .RepoDigests \" \"}}", name]);
        assert!(digests.contains(digest), "{digest} is the one in the registry: {digests}");
        docker(&["rmi", name]);
    }
    assert!(items.iter().any(|item| item["name"].as_str().is_some_and(|name| name.ends_with(&format!("-core:{TAG}")))));
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_registry_that_is_not_there_is_named() {
    let house = &*BUILT;
    let output = house.factory(&["push", "--registry", "127.0.0.1:9"]);
    let said = crate::house::text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("127.0.0.1:9"), "{said}");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_base_is_pulled_where_a_registry_answers() {
    let _built = &*BUILT;
    let registry = Registry::start();
    let name = format!("{}/debian:bookworm", registry.address);
    let base = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}", "factory.local/base"]);
    docker(&["tag", base.lines().next().expect("the base of the example"), &name]);
    docker(&["push", "--quiet", &name]);
    docker(&["rmi", &name]);
    let house = House::apart("pulled-base");
    house.edit(
        "factory.toml",
        "[python]\n",
        &format!("[base]\nimage = \"{name}\"\nbootstrap = \"never\"\n\n[python]\n"),
    );
    for file in ["requirements.txt", "cat/requirements.txt"] {
        std::fs::write(house.folder.join(file), "six==1.17.0\n").expect("write requirements");
    }
    house.done(&["build", "wheels"]);
    assert!(docker(&["images", "--quiet", &name]).len() >= 12, "the base is in the daemon under its own name");
    let plan = house.done(&["plan"]);
    assert!(plan.contains("cached  base") && plan.contains("from its registry"), "{plan}");
    house.done(&["clean", "--all"]);
    docker(&["rmi", "--force", &name]);
}
