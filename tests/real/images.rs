//! What the images are: labels, tags, behaviour, and what is not in them.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use crate::house::{BUILT, TAG, docker, image};

const ALL: [&str; 4] = ["core", "prov", "cat", "cat-prov"];

/// A container that is removed when the test ends, however it ends.
struct Container(String);

impl Container {
    fn run(image: &str, options: &[&str], arguments: &[&str]) -> Self {
        let mut all = vec!["run", "--detach"];
        all.extend_from_slice(options);
        all.push(image);
        all.extend_from_slice(arguments);
        Self(docker(&all))
    }

    fn address(&self) -> String {
        docker(&["inspect", "--format", "{{.NetworkSettings.IPAddress}}", &self.0])
    }

    fn exit_code(&self) -> String {
        docker(&["wait", &self.0])
    }

    fn logs(&self) -> String {
        let output = Command::new("docker").args(["logs", &self.0]).output().expect("docker logs");
        crate::house::text(&output)
    }

    /// SIGTERM, and SIGKILL a second later; how long it took and its exit code (137: it did not stop within the second).
    fn stop(&self) -> (Duration, String) {
        let started = Instant::now();
        docker(&["stop", "--time", "1", &self.0]);
        (started.elapsed(), self.exit_code())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", "--volumes", &self.0]).output();
    }
}

fn label(image: &str, name: &str) -> String {
    docker(&["inspect", "--format", &format!("{{{{index .Config.Labels \"{name}\"}}}}"), image])
}

#[test]
#[ignore = "needs a real engine: make real"]
fn every_image_has_its_tags_and_labels() {
    let _built = &*BUILT;
    for name in ALL {
        let id = docker(&["inspect", "--format", "{{.Id}}", &image(name)]);
        let plain = docker(&["inspect", "--format", "{{.Id}}", &format!("canopsis/canopsis-{name}:{TAG}")]);
        assert_eq!(id, plain, "the official platform's images also have the plain tag");
        assert_eq!(label(&image(name), "org.opencontainers.image.version"), TAG);
        assert_eq!(label(&image(name), "org.opencontainers.image.created"), "2023-11-14T22:13:20Z");
        let digest = label(&image(name), "org.opencontainers.image.base.digest");
        // A base that was made here, or an image that no registry has yet, has no digest that anybody could look up.
        assert!(digest.is_empty() || (name == "core" && digest.starts_with("sha256:")), "{name}: {digest}");
    }
    let parent = format!("canopsis/canopsis-core:debian-12-{TAG}");
    assert_eq!(label(&image("cat"), "org.opencontainers.image.base.name"), parent, "cat is made from core");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn no_image_holds_a_compiler_a_wheel_or_the_ca() {
    let _built = &*BUILT;
    let bundle = std::env::var("FACTORY_CA_BUNDLE").ok().filter(|path| !path.is_empty());
    for name in ALL {
        let found = docker(&[
            "run",
            "--rm",
            "--network=none",
            "--user=0",
            "--entrypoint=/usr/bin/find",
            &image(name),
            "/",
            "-xdev",
            "(",
            "-name",
            "*.whl",
            "-o",
            "-name",
            "gcc*",
            "-o",
            "-name",
            "cc1*",
            "-o",
            "-name",
            "x86_64-linux-gnu-gcc*",
            "-o",
            "-path",
            "/run/trust*",
            "-o",
            "-path",
            "/run/wheels*",
            "-o",
            "-path",
            "/wheels*",
            "-o",
            "-name",
            "pip.conf",
            ")",
        ]);
        // Debian's libgcc has documents and lists named after the compiler; they are none.
        let names_only = |path: &str| path.starts_with("/usr/share/") || path.starts_with("/var/lib/dpkg/info/");
        let found: Vec<&str> = found.lines().filter(|path| !names_only(path)).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
        let history = docker(&["history", "--no-trunc", "--format", "{{.CreatedBy}}", &image(name)]);
        for secret in ["BEGIN CERTIFICATE", "proxy=", "PROXY="] {
            assert!(!history.contains(secret), "{name}: {secret} in the history");
        }
        let env = docker(&["inspect", "--format", "{{json .Config.Env}}", &image(name)]);
        assert!(!env.to_ascii_lowercase().contains("proxy") && !env.contains("PIP_"), "{name}: {env}");
    }
    // Every layer, so that nothing was added and then hidden.
    let layers = layers(&image("cat-prov"));
    assert!(layers.iter().any(|path| path.ends_with("bin/engine-launcher")), "the layers were read: {}", layers.len());
    let wheels: Vec<_> = layers.iter().filter(|path| path.contains(".whl") || path.contains("run/trust")).collect();
    assert!(wheels.is_empty(), "{wheels:?}");
    assert!(bundle.is_some(), "FACTORY_CA_BUNDLE is set by the Makefile, so that this test means something");
}

/// The paths of all layers of an image.
fn layers(image: &str) -> Vec<String> {
    let script = "set -e; dir=$(mktemp -d); trap 'rm -rf \"$dir\"' EXIT; docker save \"$0\" | tar -x -C \"$dir\"; \
                  for layer in \"$dir\"/*/layer.tar; do tar -tf \"$layer\"; done";
    crate::house::run("bash", &["-c", script, image]).lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs a real engine: make real"]
fn the_web_server_serves_and_stops_at_once() {
    let _built = &*BUILT;
    let container = Container::run(&image("core"), &["--env", "CPS_WEBSERVER=1"], &[]);
    let url = format!("http://{}:8082/", container.address());
    let deadline = Instant::now() + Duration::from_mins(1);
    let body = loop {
        if let Some(body) = get(&url) {
            break body;
        }
        assert!(Instant::now() < deadline, "{url} does not answer:\n{}", container.logs());
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(body.starts_with("HTTP/1.") && body[8..].starts_with(" 200"), "{body}");
    let first = docker(&["top", &container.0, "-o", "pid,args"]);
    assert!(!first.contains("canopsis-entrypoint"), "the entrypoint was replaced by the server:\n{first}");
    let (took, code) = container.stop();
    assert_ne!(code, "137", "it had to be killed after {took:?}:\n{}", container.logs());
    assert_eq!(code, "0", "{}", container.logs());
}

/// The head and body of a GET, by a socket: no program has to be there.
fn get(url: &str) -> Option<String> {
    use std::io::{Read as _, Write as _};
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/')?;
    let mut stream = std::net::TcpStream::connect(host).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text).filter(|text| !text.is_empty())
}

#[test]
#[ignore = "needs a real engine: make real"]
fn an_engine_starts_lives_and_stops_at_once() {
    let _built = &*BUILT;
    for (name, module, engine) in
        [("core", "canopsis.engines.cleaner", "cleaner_events"), ("cat", "canopsis_cat.engines.pbehavior", "pbehavior")]
    {
        let (module, engine) = (format!("ENGINE_MODULE={module}"), format!("ENGINE_NAME={engine}"));
        let container = Container::run(&image(name), &["--env", &module, "--env", &engine], &[]);
        std::thread::sleep(Duration::from_secs(3));
        let running = docker(&["inspect", "--format", "{{.State.Running}}", &container.0]);
        assert_eq!(running, "true", "{}", container.logs());
        let (took, code) = container.stop();
        assert_eq!(code, "0", "after {took:?}:\n{}", container.logs());
    }
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_missing_engine_is_a_clear_error() {
    let _built = &*BUILT;
    for (options, named) in [
        (vec![], "ENGINE_MODULE"),
        (vec!["--env", "ENGINE_NAME=cleaner_events"], "ENGINE_MODULE"),
        (vec!["--env", "ENGINE_MODULE=canopsis.engines.cleaner", "--env", "ENGINE_NAME="], "ENGINE_NAME"),
    ] {
        let container = Container::run(&image("core"), &options, &[]);
        assert_eq!(container.exit_code(), "2", "{}", container.logs());
        assert!(container.logs().contains(named), "{named}: {}", container.logs());
    }
}

#[test]
#[ignore = "needs a real engine: make real"]
fn arguments_reach_the_entrypoint() {
    let _built = &*BUILT;
    let said = docker(&["run", "--rm", &image("core"), "shell", "-c", "echo \"$1 as $(id -un)\"", "x", "a b"]);
    assert_eq!(said, "a b as canopsis");
}
