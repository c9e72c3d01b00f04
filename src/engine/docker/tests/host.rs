//! Where the daemon is looked for.

use std::{collections::BTreeMap, path::Path};

use super::*;

fn find_with(pairs: &[(&str, &str)]) -> Result<Host, EngineError> {
    let map: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    find(&|name| map.get(name).cloned())
}

fn write(path: &Path, text: &str) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
}

/// A configuration folder with a context `staging`.
fn with_context(host: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let id = hex::encode(Sha256::digest(b"staging"));
    let meta = format!(
        r#"{{"Name":"staging","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}","SkipTLSVerify":false}}}}}}"#
    );
    write(&dir.path().join("contexts/meta").join(id).join("meta.json"), &meta);
    dir
}

fn reason(result: Result<Host, EngineError>) -> String {
    match result {
        Err(EngineError::Unreachable { address, reason, denied: false }) => format!("{address}: {reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn docker_host_wins_and_takes_the_usual_forms() {
    let unix = |path: &str| Host::Unix(PathBuf::from(path));
    let tcp = |address: &str| Host::Tcp(address.to_owned());
    for (text, expected) in [
        ("unix:///run/user/1000/docker.sock", unix("/run/user/1000/docker.sock")),
        ("unix://", unix("/var/run/docker.sock")),
        ("tcp://127.0.0.1:2375", tcp("127.0.0.1:2375")),
        ("tcp://builder.example.org", tcp("builder.example.org:2375")),
        ("http://builder:80/", tcp("builder:80")),
        ("builder:4243", tcp("builder:4243")),
        ("tcp://[::1]:2375", tcp("[::1]:2375")),
        ("tcp://[::1]", tcp("[::1]:2375")),
    ] {
        let found = find_with(&[("DOCKER_HOST", text), ("DOCKER_CONTEXT", "nobody-reads-this")]);
        assert_eq!(found.unwrap(), expected, "{text}");
    }
}

#[test]
fn addresses_that_cannot_be_spoken_to_say_what_to_do() {
    let with = |text: &str| reason(find_with(&[("DOCKER_HOST", text)]));
    assert!(with("ssh://me@builder").contains("ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock me@builder"));
    assert!(with("npipe:////./pipe/docker_engine").contains("Windows"));
    assert!(with("fd://").contains("expected unix:///path/to/docker.sock or tcp://host:port"));
    assert!(with("unix://relative.sock").contains("begin with /"));
    assert!(with("tcp://host:port").contains("port number"));
    assert!(with("tcp://host:2375/prefix").contains("without a path"));
    assert!(with("https://host").contains("DOCKER_CERT_PATH"));
}

#[test]
fn tls_is_asked_for_by_the_environment() {
    let tls = find_with(&[("DOCKER_HOST", "tcp://h"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")]);
    assert_eq!(tls.unwrap(), Host::Tls { address: "h:2376".into(), certificates: "/certs".into() });
    let home = find_with(&[("DOCKER_HOST", "tcp://h:1"), ("DOCKER_TLS_VERIFY", "1"), ("HOME", "/home/me")]);
    assert_eq!(home.unwrap(), Host::Tls { address: "h:1".into(), certificates: "/home/me/.docker".into() });
}

#[test]
fn contexts_are_followed_in_the_order_of_docker() {
    let dir = with_context("tcp://staging:2375");
    let config = dir.path().to_str().unwrap();
    let staging = Host::Tcp("staging:2375".into());
    assert_eq!(find_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "staging")]).unwrap(), staging);
    assert!(matches!(find_with(&[("DOCKER_CONFIG", config)]).unwrap(), Host::Unix(_)));

    write(&dir.path().join("config.json"), r#"{"auths": {}, "currentContext": "staging"}"#);
    assert_eq!(find_with(&[("DOCKER_CONFIG", config)]).unwrap(), staging);
    assert!(matches!(find_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "default")]).unwrap(), Host::Unix(_)));
    assert!(
        reason(find_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "production")]))
            .contains("`production`: there is no such context")
    );
}

#[test]
fn certificates_of_a_context_are_used() {
    let dir = with_context("tcp://staging:2376");
    let id = hex::encode(Sha256::digest(b"staging"));
    let certificates = dir.path().join("contexts/tls").join(id).join("docker");
    fs_err::create_dir_all(&certificates).unwrap();
    let found = find_with(&[("DOCKER_CONFIG", dir.path().to_str().unwrap()), ("DOCKER_CONTEXT", "staging")]);
    assert_eq!(found.unwrap(), Host::Tls { address: "staging:2376".into(), certificates });
}

#[test]
fn a_broken_configuration_is_said_without_its_text() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("config.json"), r#"{"currentContext": ["s3cret"]}"#);
    let error = find_with(&[("DOCKER_CONFIG", dir.path().to_str().unwrap())]).unwrap_err().to_string();
    assert!(error.contains("config.json") && error.contains("line 1") && !error.contains("s3cret"), "{error}");
}

#[test]
fn a_rootless_socket_is_used_when_the_default_one_cannot_be() {
    let choose = |usable: &'static [&'static str]| {
        let usable = move |path: &Path| usable.iter().any(|u| Path::new(u) == path);
        choose_socket("/var/run/docker.sock".into(), Some("/run/user/1/docker.sock".into()), &usable)
    };
    assert_eq!(choose(&["/var/run/docker.sock", "/run/user/1/docker.sock"]), Path::new("/var/run/docker.sock"));
    assert_eq!(choose(&["/run/user/1/docker.sock"]), Path::new("/run/user/1/docker.sock"));
    assert_eq!(choose(&[]), Path::new("/var/run/docker.sock"));
}
