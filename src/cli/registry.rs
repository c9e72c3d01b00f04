//! The way to a registry: which one, with whose login, whom it is believed.

use super::{context::Context, env, session::ca_bundle};
use crate::{
    diag::{Exit, Failure},
    engine::{
        Credentials, Insecure,
        docker::{IDENTITY_TOKEN_USER, certificates_for, credentials_for},
    },
    pipeline::Project,
    publish::{PushError, Registry},
    source::oci::{Access, Client, Login, OciError},
};

/// A registry with what is needed to speak to it.
#[derive(Debug)]
pub struct RegistryConnection {
    /// Its address.
    pub registry: Registry,
    /// For the daemon.
    pub credentials: Option<Credentials>,
    /// For us.
    pub client: Client,
}

/// The registry that the user named, else the recipe's.
///
/// # Errors
/// Exit code 2 where there is none.
pub fn registry(named: Option<&str>, project: &Project) -> Result<Registry, Failure> {
    let recipe = project.targets.first().and_then(|target| target.recipe.project.registry.as_deref());
    let text = named.or(recipe).ok_or_else(|| {
        Failure::new(Exit::Usage, "nothing says which registry")
            .help("`--registry registry.example.org`, or `registry = \"…\"` in `[project]` of factory.toml")
    })?;
    Registry::new(text).map_err(|error| Failure::new(Exit::Usage, error.to_string()))
}

impl RegistryConnection {
    /// Finds out how the registry is spoken to. No password is asked for: `docker login` has kept it.
    ///
    /// # Errors
    /// When it does not answer, or the login cannot be read.
    pub async fn to(registry: Registry, insecure: &Insecure, context: &Context) -> Result<Self, Failure> {
        let host = registry.host();
        let credentials = context.until_stopped(async { Ok(credentials_for(host, &env::get).await?) }).await?;
        if let Some(credentials) = &credentials {
            context.reporter.mask().hide(&credentials.secret);
        }
        let mut ca = certificates_for(host, &env::get);
        ca.extend(ca_bundle()?.iter().flat_map(|bundle| bundle.iter()));
        let login = credentials.clone().map(|Credentials { user, secret }| {
            if user == IDENTITY_TOKEN_USER {
                Login::Identity { token: secret }
            } else {
                Login::Password { user, secret }
            }
        });
        let access = Access { login, ca, insecure: insecure.has(host) };
        let client = Client::connect(host, &access, context.events(), context.cancel.clone()).await;
        let client = client.map_err(PushError::from)?;
        Ok(Self { registry, credentials, client })
    }
}

impl From<PushError> for Failure {
    fn from(error: PushError) -> Self {
        let message = error.to_string();
        match error {
            PushError::Interrupted | PushError::Registry(OciError::Interrupted) => {
                Self::new(Exit::Interrupted, "interrupted; what is in the registry so far stays")
                    .help("the same command does the rest")
            }
            PushError::Engine(error) => error.into(),
            PushError::Registry(error) => {
                let failure = Self::new(Exit::StepFailed, message);
                match error.help() {
                    Some(help) => failure.help(help),
                    None => failure,
                }
            }
            PushError::Taken(taken) => {
                let mut failure = Self::new(Exit::StepFailed, format!("nothing was pushed: {message}"));
                if taken.len() > 1 {
                    let lines: Vec<String> =
                        taken.iter().map(|taken| format!("{} is {}", taken.name, taken.digest)).collect();
                    failure = failure.because(lines.join("\n"));
                }
                failure.help("a release that others may have pulled gets a new tag; `--force` pushes over it")
            }
            PushError::Overtaken { .. } => {
                Self::new(Exit::StepFailed, message).help("find out who did; the same command says what is there now")
            }
            PushError::Missing { .. } => {
                Self::new(Exit::StepFailed, message).help("`factory push --packages` of the same release puts it there")
            }
            PushError::Different { .. } => Self::new(Exit::StepFailed, message).help("`--force` replaces it"),
            _ => Self::new(Exit::StepFailed, message),
        }
    }
}
