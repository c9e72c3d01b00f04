//! The client of registries against a real server over TLS: whom it believes, and where its secrets go.

use factory::{
    event::Events,
    names::Repository,
    source::oci::{Access, Client, Login, OciError},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    project::Project,
    registry::Registry,
    servers::{certificates, needs},
};

async fn connect(host: &str, access: &Access) -> Result<Client, OciError> {
    Client::connect(host, access, Events::none(), CancellationToken::new()).await
}

/// A registry over TLS, and its CA.
fn secured(project: &Project, more: serde_json::Value) -> Option<(Registry, Vec<u8>)> {
    needs("openssl")?;
    let home = project.beside("home");
    certificates(&home);
    let mut state = json!({ "tls": [home.join("server.pem"), home.join("server.key")] });
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Some((Registry::with(project, state)?, std::fs::read(home.join("ca.pem")).unwrap()))
}

#[tokio::test]
async fn only_a_known_certificate_is_believed() {
    let project = Project::new();
    let Some((registry, ca)) = secured(&project, json!({})) else { return };
    let stranger = connect(&registry.address, &Access::default()).await;
    assert!(matches!(stranger, Err(OciError::Certificate { .. })), "{stranger:?}");
    let help = stranger.unwrap_err().help().unwrap();
    assert!(help.contains("FACTORY_CA_BUNDLE") && help.contains("/etc/docker/certs.d/127.0.0.1:"), "{help}");
    connect(&registry.address, &Access { ca, ..Access::default() }).await.unwrap();
    connect(&registry.address, &Access { insecure: true, ..Access::default() }).await.unwrap();
}

#[tokio::test]
async fn a_registry_in_the_clear_is_one_only_where_it_is_named_so() {
    let project = Project::new();
    let Some(registry) = Registry::new(&project) else { return };
    let secure = connect(&registry.address, &Access::default()).await;
    assert!(matches!(secure, Err(OciError::Unreachable { .. })), "{secure:?}");
    connect(&registry.address, &Access { insecure: true, ..Access::default() }).await.unwrap();
}

#[tokio::test]
async fn a_secret_goes_to_no_address_without_tls() {
    let project = Project::new();
    let Some((registry, ca)) = secured(&project, json!({})) else { return };
    let realm = json!({ "WWW-Authenticate": "Bearer realm=\"http://198.51.100.7/token\",service=\"x\"" });
    registry.answers("GET", "/manifests/", json!([{ "status": 401, "headers": realm }]));
    let login = Login::Password { user: "ci".to_owned(), secret: "s3cr3t".to_owned() };
    let client = connect(&registry.address, &Access { login: Some(login), ca, insecure: false }).await.unwrap();
    let found = client.manifest(&Repository::new("shop/core").unwrap(), "1").await;
    let error = found.unwrap_err();
    assert!(error.to_string().contains("the address of its tokens is another server's, without TLS"), "{error}");
}

#[tokio::test]
async fn a_redirection_takes_no_login_along() {
    let project = Project::new();
    let Some((registry, ca)) = secured(&project, json!({ "users": { "ci": "pw" }, "scheme": "basic" })) else { return };
    let elsewhere = Project::new();
    let home = elsewhere.beside("home");
    for name in ["server.pem", "server.key"] {
        std::fs::copy(project.beside("home").join(name), home.join(name)).unwrap();
    }
    let tls = json!({ "tls": [home.join("server.pem"), home.join("server.key")] });
    let Some(other) = Registry::with(&elsewhere, tls) else { return };
    let to = format!("https://{}/v2/x/manifests/1", other.address);
    registry.answers(
        "GET",
        "/shop/core/manifests/",
        json!([
            { "status": 401, "headers": { "WWW-Authenticate": "Basic realm=\"x\"" } },
            { "status": 307, "headers": { "Location": to } },
        ]),
    );
    let login = Login::Password { user: "ci".to_owned(), secret: "pw".to_owned() };
    let client = connect(&registry.address, &Access { login: Some(login), ca, insecure: false }).await.unwrap();
    let found = client.manifest(&Repository::new("shop/core").unwrap(), "1").await.unwrap();
    assert!(found.is_none());
    assert!(
        registry.log().iter().any(|line| line.ends_with(" Basic") || line.contains(" Basic ")),
        "{:?}",
        registry.log()
    );
    assert_eq!(other.log().len(), 1);
    assert!(other.log()[0].ends_with(" -"), "no login: {:?}", other.log());
}

#[tokio::test]
async fn an_insecure_registry_makes_nobody_else_insecure() {
    let project = Project::new();
    let Some(registry) = Registry::new(&project) else { return };
    let elsewhere = Project::new();
    // Any certificate of the registry itself would do; the server of its tokens is another one, with a CA that nobody knows.
    let Some((tokens, _ca)) = secured(&elsewhere, json!({ "users": { "ci": "s3cr3t" }, "scheme": "bearer" })) else {
        return;
    };
    let port = tokens.address.rsplit(':').next().unwrap();
    let realm = json!({ "WWW-Authenticate": format!("Bearer realm=\"https://localhost:{port}/token\"") });
    registry.answers("GET", "/manifests/", json!([{ "status": 401, "headers": realm }]));
    let login = Login::Password { user: "ci".to_owned(), secret: "s3cr3t".to_owned() };
    let access = Access { login: Some(login), insecure: true, ..Access::default() };
    let client = connect(&registry.address, &access).await.unwrap();
    let found = client.manifest(&Repository::new("shop/core").unwrap(), "1").await;
    assert!(matches!(found, Err(OciError::Certificate { .. })), "{found:?}");
    assert!(tokens.log().is_empty(), "the login was not sent: {:?}", tokens.log());
}

/// The same host with another port is another server: any user of the machine may listen there.
#[tokio::test]
async fn an_insecure_registry_s_login_stays_at_its_port() {
    let (project, elsewhere) = (Project::new(), Project::new());
    let Some(registry) = Registry::new(&project) else { return };
    let Some(other) = Registry::new(&elsewhere) else { return };
    let realm = json!({ "WWW-Authenticate": format!("Bearer realm=\"http://{}/token\"", other.address) });
    registry.answers("GET", "/manifests/", json!([{ "status": 401, "headers": realm }]));
    let login = Login::Password { user: "ci".to_owned(), secret: "s3cr3t".to_owned() };
    let access = Access { login: Some(login), insecure: true, ..Access::default() };
    let client = connect(&registry.address, &access).await.unwrap();
    let error = client.manifest(&Repository::new("shop/core").unwrap(), "1").await.unwrap_err().to_string();
    assert!(error.contains("the address of its tokens is another server's, without TLS"), "{error}");
    assert!(other.log().is_empty(), "{:?}", other.log());
    // Nor does it lead anybody there.
    let to = json!({ "Location": format!("http://{}/v2/x/manifests/1", other.address) });
    registry.answers("GET", "/manifests/", json!([{ "status": 307, "headers": to }]));
    let error = client.manifest(&Repository::new("shop/core").unwrap(), "1").await.unwrap_err().to_string();
    assert!(error.contains("it leads to an address without TLS"), "{error}");
    assert!(other.log().is_empty(), "{:?}", other.log());
}
