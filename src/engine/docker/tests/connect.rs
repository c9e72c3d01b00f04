//! Daemons that are not there, that are something else, or that break off.

use std::{collections::BTreeMap, path::PathBuf};

use super::*;

fn connect(host: &str) -> Result<Docker, EngineError> {
    let map = BTreeMap::from([("DOCKER_HOST", host.to_owned())]);
    Docker::connect(&|name| map.get(name).cloned())
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let missing = connect("unix:///nonexistent/docker.sock").unwrap_err();
    assert!(matches!(&missing, EngineError::Unreachable { denied: false, address, .. }
        if address == "unix:///nonexistent/docker.sock"));

    // A socket file that nothing listens at.
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("docker.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let dead = connect(&format!("unix://{}", path.display())).unwrap().describe().await.unwrap_err();
    assert!(matches!(&dead, EngineError::Unreachable { reason, .. } if reason.contains("refused")), "{dead:?}");

    let closed = connect("tcp://127.0.0.1:1").unwrap().describe().await.unwrap_err();
    assert!(matches!(&closed, EngineError::Unreachable { address, .. } if address == "tcp://127.0.0.1:1"));
}

/// A daemon that answers each connection with one of the given texts and notes what it was asked.
fn fake(answers: Vec<&'static str>) -> (tempfile::TempDir, Docker, tokio::task::JoinHandle<Vec<String>>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let docker = connect(&format!("unix://{}", path.display())).unwrap();
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 64 * 1024];
            let read = stream.read(&mut request).await.unwrap();
            asked.push(String::from_utf8_lossy(&request[..read]).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        asked
    });
    (dir, docker, asked)
}

fn json(body: &str) -> &'static str {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).leak()
}

#[tokio::test]
async fn requests_name_the_version_and_encode_credentials_for_urls() {
    let version =
        json(r#"{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}"#);
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let (_dir, docker, asked) = fake(vec![version, missing, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"]);
    let credentials = crate::engine::Credentials { user: "me".into(), secret: "???>>>~~~".into() };
    let pushed = crate::engine::docker::transfer::push(&docker, "r.io/a:1", Some(credentials), &crate::engine::Silent);
    assert!(matches!(pushed.await, Err(EngineError::Refused { status: Some(404), .. })));
    let asked = asked.await.unwrap();
    assert!(asked[0].starts_with("GET /version "), "{}", asked[0]);
    assert!(asked[1].starts_with("POST /v1.41/images/r.io/a/push?tag=1 "), "{}", asked[1]);
    let header = asked[1].lines().find_map(|line| line.strip_prefix("x-registry-auth: ")).unwrap();
    assert!(!header.contains(['+', '/']) && header.contains(['-', '_']), "{header}");
    assert!(asked[2].starts_with("GET /v1.41/_ping "), "{}", asked[2]);
}

#[tokio::test]
async fn a_podman_is_told_from_a_docker() {
    let version =
        json(r#"{"Components":[{"Name":"Podman Engine","Version":"4"}],"Version":"4.3.1","ApiVersion":"1.41"}"#);
    let info = json(r#"{"Architecture":"amd64","NCPU":2,"CgroupDriver":"made-up"}"#);
    let (_dir, docker, _asked) = fake(vec![version, info]);
    let info = docker.describe().await.unwrap();
    assert!(!info.buildkit);
    assert_eq!((info.version.as_str(), info.api.as_str()), ("4.3.1", "1.41"));
    assert!(docker.peer().await.unwrap().title().starts_with("Podman"));
}

#[tokio::test]
async fn podman_is_not_asked_for_digests() {
    for (component, asks) in [("Podman Engine", false), ("Engine", true)] {
        let version = json(&format!(
            r#"{{"Components":[{{"Name":"{component}","Version":"4"}}],"Version":"4.3.1","ApiVersion":"1.41","Os":"linux"}}"#
        ));
        let (_dir, docker, asked) = fake(vec![version, json("[]")]);
        crate::engine::docker::images::list(&docker, &crate::engine::Labels::new()).await.unwrap();
        let asked = asked.await.unwrap();
        assert_eq!(asked[1].contains("digests=true"), asks, "{}", asked[1]);
    }
}

#[tokio::test]
async fn something_else_at_the_address_is_no_engine() {
    let tls = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    for (answer, words) in [
        (json("{}"), "no Docker engine (its answer names no API version)"),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "no Docker engine (status 404)"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "no Docker engine (its answer makes no sense"),
        (tls, "DOCKER_TLS_VERIFY=1"),
    ] {
        let (_dir, docker, _asked) = fake(vec![answer]);
        let error = docker.describe().await.unwrap_err();
        assert!(matches!(&error, EngineError::Unreachable { reason, .. } if reason.contains(words)), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_was_lost() {
    let version = json(r#"{"Version":"20.10.24","ApiVersion":"1.41","Os":"linux"}"#);
    let half = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"Id\":";
    let (_dir, docker, _asked) = fake(vec![version, half, "", version]);
    let error = crate::engine::docker::images::inspect(&docker, "a").await.unwrap_err();
    assert!(matches!(error, EngineError::Lost { .. }), "{error:?}");
    let error = crate::engine::docker::images::inspect(&docker, "a").await.unwrap_err();
    assert!(matches!(error, EngineError::Lost { .. }), "{error:?}");
}
