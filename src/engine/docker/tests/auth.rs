//! Credentials from every place that `docker login` may leave them in.
#![expect(clippy::disallowed_methods, reason = "a test may look at its surroundings")]

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use super::*;

const SECRET: &str = "s3cret/with+signs~?>";

async fn ask_config(
    config: &str,
    registry: &str,
    helpers: &[(&str, &str)],
) -> Result<Option<Credentials>, EngineError> {
    let dir = tempfile::tempdir().unwrap();
    fs_err::write(dir.path().join("config.json"), config).unwrap();
    for (name, script) in helpers {
        let program = dir.path().join(format!("docker-credential-{name}"));
        fs_err::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap_or_default());
    let folder = dir.path().display().to_string();
    credentials_for(registry, &|name| match name {
        "DOCKER_CONFIG" => Some(folder.clone()),
        "PATH" => Some(path.clone()),
        _ => None,
    })
    .await
}

fn pair(found: Option<Credentials>) -> Option<(String, String)> {
    found.map(|c| (c.user, c.secret))
}

#[tokio::test]
async fn the_file_holds_them_in_many_forms() {
    // base64 of `me:pass:word`.
    let config = r#"{"auths": {
        "registry.example.org:5000": {"auth": "bWU6cGFzczp3b3Jk"},
        "https://old.example.org/v1/": {"username": "old", "password": "p"},
        "https://index.docker.io/v1/": {"auth": "ZTow", "identitytoken": "tok"},
        "empty.example.org": {},
        "broken.example.org": {"auth": "czNjcmV0"}
    }}"#;
    let at = async |registry: &str| ask_config(config, registry, &[]).await;
    assert_eq!(pair(at("registry.example.org:5000").await.unwrap()), Some(("me".into(), "pass:word".into())));
    assert_eq!(pair(at("old.example.org").await.unwrap()), Some(("old".into(), "p".into())));
    for hub in ["docker.io", "index.docker.io"] {
        assert_eq!(pair(at(hub).await.unwrap()), Some((IDENTITY_TOKEN_USER.into(), "tok".into())));
    }
    assert_eq!(at("empty.example.org").await.unwrap(), None);
    assert_eq!(at("unknown.example.org").await.unwrap(), None);
    let error = at("broken.example.org").await.unwrap_err().to_string();
    assert!(error.contains("broken.example.org") && !error.contains("s3cret") && !error.contains("czNj"), "{error}");
}

#[tokio::test]
async fn helpers_are_asked_by_name_and_by_default() {
    let script = format!(
        r#"read -r server; [ "$1" = get ] || exit 2
        case "$server" in
            gcr.io) printf '{{"ServerURL":"%s","Username":"<token>","Secret":"{SECRET}"}}' "$server";;
            https://index.docker.io/v1/) printf '{{"Username":"hub","Secret":"h"}}';;
            *) echo "credentials not found in native keychain"; exit 1;;
        esac"#
    );
    let config =
        r#"{"auths": {"plain.example.org": {"auth": "YTpi"}}, "credsStore": "all", "credHelpers": {"gcr.io": "own"}}"#;
    let helpers = [("own", script.as_str()), ("all", script.as_str())];
    let found = ask_config(config, "gcr.io", &helpers).await.unwrap();
    assert_eq!(pair(found), Some((IDENTITY_TOKEN_USER.into(), SECRET.into())));
    assert_eq!(pair(ask_config(config, "docker.io", &helpers).await.unwrap()), Some(("hub".into(), "h".into())));
    // The helper knows of none: the file may.
    assert_eq!(pair(ask_config(config, "plain.example.org", &helpers).await.unwrap()), Some(("a".into(), "b".into())));
    assert_eq!(ask_config(config, "other.example.org", &helpers).await.unwrap(), None);
}

#[tokio::test]
async fn a_helper_that_fails_is_named_and_not_quoted() {
    let config = r#"{"credsStore": "bad"}"#;
    let script = format!("echo 'cannot open key ring {SECRET}'; echo {SECRET} >&2; exit 3");
    let error = ask_config(config, "gcr.io", &[("bad", &script)]).await.unwrap_err().to_string();
    assert!(error.contains("docker-credential-bad failed") && !error.contains(SECRET), "{error}");
    let script = format!("echo '{{\"Username\": [\"{SECRET}\"]}}'");
    let error = ask_config(config, "gcr.io", &[("bad", &script)]).await.unwrap_err().to_string();
    assert!(error.contains("not the JSON expected") && !error.contains(SECRET), "{error}");
    let error = ask_config(config, "gcr.io", &[]).await.unwrap_err().to_string();
    assert!(error.contains("cannot run docker-credential-bad"), "{error}");
    let error = ask_config(r#"{"credsStore": "../evil"}"#, "gcr.io", &[]).await.unwrap_err().to_string();
    assert!(error.contains("name that no program has"), "{error}");
}

#[tokio::test]
async fn without_a_configuration_there_are_none() {
    assert_eq!(credentials_for("docker.io", &|_| None).await.unwrap(), None);
    let nowhere = Path::new("/nonexistent").display().to_string();
    let env = move |name: &str| (name == "DOCKER_CONFIG").then(|| nowhere.clone());
    assert_eq!(credentials_for("docker.io", &env).await.unwrap(), None);
}

#[test]
fn base64_of_all_lengths() {
    for (text, expected) in
        [("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("YWJj", "abc"), ("YWI", "ab"), ("YWJjZA", "abcd")]
    {
        assert_eq!(base64(text).unwrap(), expected.as_bytes(), "{text}");
    }
    assert_eq!(base64("-_+/").unwrap(), [0xfb, 0xff, 0xbf]);
    assert_eq!(base64("a"), None);
    assert_eq!(base64("a*bc"), None);
}
