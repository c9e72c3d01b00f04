//! `factory doctor`.

use std::{net::ToSocketAddrs as _, path::Path, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    context::{Context, ca_bundle, store_limit},
    engine, env,
};
use crate::{
    diag::{Exit, Failure},
    engine::EngineInfo,
    names::Transport,
    pipeline::truth,
    platform::{BootstrapTool, Catalogue},
    publish::Registry,
    report::{Check, CheckState, DoctorView, units},
    source::{git::Worktree, store, wheelhouse},
    util::exec::{self, ExecError},
};

/// Check what builds need, and say how to mend what is missing
///
/// Looks at the engine, its builder, the registries, the CA bundle, the tools for base images and for the recipe's sources,
/// and disk space. Works without a project, too.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Disk space below which a build will hardly end, and below which it may not, in bytes.
const SCARCE: u64 = 2_000_000_000;
const LITTLE: u64 = 10_000_000_000;

/// How long a registry gets to take a connection.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs the verb.
pub async fn run(_args: &Args, context: &Context) -> Result<(), Failure> {
    let (mut checks, info) = engine_checks().await;
    checks.extend(registry_checks(context).await);
    checks.push(ca_check());
    checks.push(bootstrap_check());
    checks.extend(checkout_check(context));
    checks.extend(source_checks(context).await);
    checks.extend(store_check(context));
    checks.extend(disk_checks(context, info.as_ref()));
    let failed = checks.iter().filter(|check| check.state == CheckState::Fail).count();
    let no_engine = info.is_none();
    context.reporter.print(DoctorView { checks });
    match (no_engine, failed) {
        (true, _) => Err(Failure::new(Exit::NoEngine, "no engine answers")),
        (false, 0) => Ok(()),
        (false, failed) => Err(Failure::new(Exit::CheckFailed, format!("{failed} of the checks failed"))),
    }
}

fn check(name: &str, state: CheckState, found: impl Into<String>, fix: Option<&str>) -> Check {
    Check { name: name.to_owned(), state, found: found.into(), fix: fix.map(str::to_owned) }
}

async fn engine_checks() -> (Vec<Check>, Option<EngineInfo>) {
    let answered = match engine::connect() {
        Ok(engine) => engine.info().await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let info = match answered {
        Ok(info) => info,
        Err(failure) => {
            let fix = failure.helps().join("; ");
            let fix = if fix.is_empty() { "name another one with `DOCKER_HOST` or `docker context use`" } else { &fix };
            return (vec![check("engine", CheckState::Fail, failure.message(), Some(fix))], None);
        }
    };
    let found = format!("{} (API {}) at {}", info.version, info.api, info.address);
    let mut checks = vec![check("engine", CheckState::Ok, found, None)];
    checks.push(match info.obstacle() {
        None => check("builder", CheckState::Ok, "BuildKit", None),
        Some(obstacle) => check("builder", CheckState::Fail, obstacle.what, Some(obstacle.help)),
    });
    (checks, Some(info))
}

/// The registries that the project pulls its bases from and pushes to.
async fn registry_checks(context: &Context) -> Vec<Check> {
    let mut hosts: Vec<(String, String)> = Vec::new();
    let mut add = |host: &str, what: &str| {
        if !hosts.iter().any(|(known, _)| known == host) {
            hosts.push((host.to_owned(), what.to_owned()));
        }
    };
    match context.open() {
        Ok(project) => {
            for target in &project.targets {
                let image = target.recipe.base.image.as_deref().unwrap_or(&target.platform.base.image);
                add(registry_host(image), "base images");
            }
            let push = env::get(env::FACTORY_REGISTRY)
                .or_else(|| project.targets.first().and_then(|target| target.recipe.project.registry.clone()));
            if let Some(registry) = push.and_then(|text| Registry::new(&text).ok()) {
                add(registry.host(), "push");
            }
        }
        Err(_) => add("docker.io", "base images"),
    }
    let mut checks = Vec::new();
    for (host, what) in hosts {
        checks.push(registry_check(&host, &what).await);
    }
    checks
}

/// The registry of an image reference: its first component when that has a dot, a port or is `localhost`.
fn registry_host(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

async fn registry_check(host: &str, what: &str) -> Check {
    let name = format!("registry {host}");
    let address = if host == "docker.io" { "registry-1.docker.io" } else { host };
    let address = if address.contains(':') { address.to_owned() } else { format!("{address}:443") };
    let lookup = address.clone();
    let reached = async move {
        let found = tokio::task::spawn_blocking(move || lookup.to_socket_addrs().map(Iterator::collect::<Vec<_>>))
            .await
            .map_err(std::io::Error::other)??;
        tokio::net::TcpStream::connect(found.as_slice()).await.map(drop)
    };
    match tokio::time::timeout(PATIENCE, reached).await {
        Ok(Ok(())) => check(&name, CheckState::Ok, format!("{address} takes connections ({what})"), None),
        failed => {
            let why = match failed {
                Ok(Err(error)) => error.to_string(),
                _ => "no answer".to_owned(),
            };
            let fix = if what == "push" {
                "start it, or name another one: `--registry`"
            } else {
                "bases are made from packages instead (`[base] bootstrap`), or the engine needs a proxy"
            };
            let state = if what == "push" { CheckState::Fail } else { CheckState::Warn };
            check(&name, state, format!("{address}: {why} ({what})"), Some(fix))
        }
    }
}

fn ca_check() -> Check {
    match ca_bundle() {
        Ok(None) => check("CA bundle", CheckState::Ok, "none: builds trust what their base image trusts", None),
        Ok(Some(bytes)) => {
            let count = String::from_utf8_lossy(&bytes).matches("-----BEGIN CERTIFICATE-----").count();
            check("CA bundle", CheckState::Ok, format!("{count} certificates (FACTORY_CA_BUNDLE)"), None)
        }
        Err(failure) => {
            let fix = "name a PEM file, e.g. `FACTORY_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt`";
            check("CA bundle", CheckState::Fail, failure.message(), Some(fix))
        }
    }
}

/// The programs that make base images, for the platforms that can be made at all.
fn bootstrap_check() -> Check {
    let known = Catalogue::load(None).ok();
    let wanted = known.iter().flat_map(Catalogue::iter).filter_map(|platform| platform.base.bootstrap.as_ref());
    let missing = wanted.map(|bootstrap| match bootstrap.tool {
        BootstrapTool::Mmdebstrap => "mmdebstrap",
    });
    let path = env::get("PATH").unwrap_or_default();
    match missing.into_iter().find(|program| exec::find(program, &path).is_none()) {
        None => check("base tools", CheckState::Ok, "mmdebstrap is installed", None),
        Some(program) => {
            let fix = "`sudo apt-get install mmdebstrap`, needed only where no registry answers";
            check("base tools", CheckState::Warn, format!("{program} is not installed"), Some(fix))
        }
    }
}

/// What git says of the project's own checkout, where it is in one.
fn checkout_check(context: &Context) -> Option<Check> {
    if !context.folder().join("factory.toml").is_file() {
        return None;
    }
    let folder = fs_err::canonicalize(context.folder()).ok()?;
    let wheels = env::get(env::WHEEL_DIR).unwrap_or_else(|| "wheels".to_owned());
    let catalogue = Catalogue::load(Some(&folder)).ok()?;
    let except = truth::exempt(&folder, &folder.join(wheels), &catalogue);
    let found = Worktree::find(&folder, &env::caller());
    Some(match found.and_then(|found| found.map(|worktree| worktree.revision(&except)).transpose()) {
        Ok(None) => return None,
        Ok(Some(revision)) if revision.is_empty() => {
            let fix = "`git commit`: artefacts carry the time of the commit, and its name";
            check("checkout", CheckState::Warn, "it has no commit yet", Some(fix))
        }
        Ok(Some(revision)) => check("checkout", CheckState::Ok, format!("commit {revision}"), None),
        Err(error) => check("checkout", CheckState::Fail, error.to_string(), Some(&error.help())),
    })
}

/// What the recipe's sources and the repositories of its requirements need: git, and for those behind ssh a client and an agent with a key.
async fn source_checks(context: &Context) -> Vec<Check> {
    let Ok(project) = context.open() else { return Vec::new() };
    let asked = project.checkouts();
    let transports = project.sources().iter().map(|source| source.git.transport());
    let transports: Vec<Transport> = transports.chain(asked.values().map(|(git, _)| git.url.transport())).collect();
    if transports.is_empty() {
        return Vec::new();
    }
    let mut checks = vec![git_check().await];
    if transports.contains(&Transport::Ssh) {
        checks.push(ssh_check());
        checks.push(agent_check().await);
    }
    checks
}

/// The oldest git whose options are used: `--no-write-fetch-head`.
const OLDEST_GIT: (u32, u32) = (2, 29);

async fn git_check() -> Check {
    let install = "`sudo apt-get install git`: sources are fetched with it";
    let Ok(text) = answer("git", &["--version"]).await else {
        return check("git", CheckState::Fail, "git is not installed", Some(install));
    };
    let version = text.trim().trim_start_matches("git version ").to_owned();
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) < OLDEST_GIT => {
            check("git", CheckState::Fail, format!("{version} is too old"), Some("use git 2.29 or later"))
        }
        _ => check("git", CheckState::Ok, version, None),
    }
}

fn ssh_check() -> Check {
    if let Some(name) = env::GIT_SSH.into_iter().find(|name| env::get(name).is_some()) {
        return check("ssh", CheckState::Ok, format!("called as {name} says"), None);
    }
    if let Some(path) = exec::find("ssh", &env::get("PATH").unwrap_or_default()) {
        return check("ssh", CheckState::Ok, path.display().to_string(), None);
    }
    let fix = "`sudo apt-get install openssh-client`: a source is behind ssh";
    check("ssh", CheckState::Fail, "ssh is not installed", Some(fix))
}

/// An agent is not needed where a key has no passphrase: no reason to fail.
async fn agent_check() -> Check {
    let start = "`eval \"$(ssh-agent)\" && ssh-add`: ssh never asks for a passphrase here";
    let warn = |found: &str, fix: &str| check("ssh agent", CheckState::Warn, found, Some(fix));
    if env::get(env::SSH_AUTH_SOCK).is_none() {
        return warn("none: SSH_AUTH_SOCK is not set", start);
    }
    match answer("ssh-add", &["-l"]).await {
        Ok(keys) => {
            let count = keys.lines().filter(|line| !line.trim().is_empty()).count();
            check("ssh agent", CheckState::Ok, format!("it has {}", units::count(count, "key", "keys")), None)
        }
        Err(ExecError::Failed { status, .. }) if status.code() == Some(1) => warn("it has no key", "`ssh-add`"),
        Err(_) => warn("it does not answer", start),
    }
}

/// What a program of the host answers, soon or not at all.
async fn answer(program: &str, words: &[&str]) -> Result<String, ExecError> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let call = exec::Call { patience: Some(PATIENCE), ..exec::Call::new(program, &words) };
    let output = call.output(1 << 16, &|_| {}, &CancellationToken::new()).await?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// How full the store of wheels is, where the project has one.
fn store_check(context: &Context) -> Option<Check> {
    let project = context.open_any().ok()?;
    let root = wheelhouse::store(&project.wheel_dir);
    let limit = match store_limit() {
        Ok(limit) => limit,
        Err(failure) => {
            let fix = "name bytes, or use `k`, `M`, `G` or `T`: `WHEEL_STORE_LIMIT=20G`";
            return Some(check("wheel store", CheckState::Fail, failure.message(), Some(fix)));
        }
    };
    let found = format!("{} of {} at {}", units::size(store::size(&root)), units::size(limit), root.display());
    root.is_dir().then(|| check("wheel store", CheckState::Ok, found, None))
}

fn disk_checks(context: &Context, info: Option<&EngineInfo>) -> Vec<Check> {
    let mut places = vec![("disk (project)", context.folder().to_owned())];
    if let Some(info) = info.filter(|info| !info.root.is_empty() && info.address.starts_with("unix://")) {
        places.push(("disk (engine)", Path::new(&info.root).to_owned()));
    }
    let fix = "`factory clean`, `docker system prune`, or a larger disk";
    places
        .into_iter()
        .filter_map(|(name, place)| {
            let stat = rustix::fs::statvfs(&place).ok()?;
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let (state, fix) = match free {
                0..SCARCE => (CheckState::Fail, Some(fix)),
                SCARCE..LITTLE => (CheckState::Warn, Some(fix)),
                _ => (CheckState::Ok, None),
            };
            Some(check(name, state, format!("{} free at {}", units::size(free), place.display()), fix))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_of_references() {
        assert_eq!(registry_host("debian:bookworm-slim"), "docker.io");
        assert_eq!(registry_host("library/debian"), "docker.io");
        assert_eq!(registry_host("r.example.org:5000/a/b:1"), "r.example.org:5000");
        assert_eq!(registry_host("localhost/a"), "localhost");
    }
}
