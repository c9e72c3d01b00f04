//! `factory doctor`.

mod registries;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    context::Context,
    engine, env,
    session::{ca_bundle, store_limit},
};
use crate::{
    diag::{Exit, Failure},
    engine::{Engine, EngineInfo},
    names::Transport,
    pipeline::{Project, Target, truth},
    platform::{Bootstrap, BootstrapTool, Catalogue},
    recipe::BootstrapMode,
    report::{Check, CheckState, DoctorView, units},
    source::{git::Worktree, store, wheelhouse},
    util::exec::{self, ExecError},
};

/// Check what builds need, and say how to mend what is missing
///
/// Looks at the engine, its builder, the registries, the CA bundle, the tools for base images and for the recipe's sources,
/// disk space, and an update feed where one is named. Works without a project, too.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::DOCTOR)]
pub struct Args {
    /// An update feed to look at
    #[arg(long, value_name = "DIR", env = env::FACTORY_UPDATE_FEED)]
    feed: Option<PathBuf>,
}

/// Disk space below which a build will hardly end, and below which it may not, in bytes.
const SCARCE: u64 = 2_000_000_000;
const LITTLE: u64 = 10_000_000_000;

/// How long a program of the host gets for an answer.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let (mut checks, engine) = engine_checks().await;
    let opened = opened(context);
    checks.extend(opened.as_ref().map(recipe_check));
    let project = opened.as_ref().and_then(|opened| opened.as_ref().ok());
    checks.extend(registries::checks(project, engine.as_ref().map(|(engine, _)| engine)).await);
    checks.push(ca_check());
    checks.push(bootstrap_check(project));
    checks.extend(checkout_check(context));
    if let Some(project) = project {
        checks.extend(source_checks(project).await);
        checks.extend(store_check(project));
    }
    checks.extend(args.feed.as_deref().map(super::update::doctor::check));
    checks.extend(disk_checks(context, engine.as_ref().map(|(_, info)| info)));
    let failed = checks.iter().filter(|check| check.state == CheckState::Fail).count();
    let no_engine = engine.is_none();
    context.reporter.print(DoctorView { checks });
    match (no_engine, failed) {
        (true, _) => Err(Failure::new(Exit::NoEngine, "no engine answers")),
        (false, 0) => Ok(()),
        (false, failed) => Err(Failure::new(Exit::CheckFailed, format!("{failed} of the checks failed"))),
    }
}

/// The project of the folder, whatever its release is; `None` where there is no recipe.
fn opened(context: &Context) -> Option<Result<Project, Failure>> {
    fs_err::symlink_metadata(context.folder().join("factory.toml")).ok()?;
    Some(context.open_any())
}

/// Whether the recipe can be read: all that is asked of the project after it depends on that.
fn recipe_check(opened: &Result<Project, Failure>) -> Check {
    match opened {
        Ok(project) => {
            let ids: Vec<&str> = project.targets.iter().map(|target| target.platform.id.as_str()).collect();
            Check::new("recipe", CheckState::Ok, format!("factory.toml, for {}", ids.join(", ")), None)
        }
        Err(failure) => {
            let first = failure.first_issue().or_else(|| failure.causes().into_iter().next());
            let first = first.map_or_else(String::new, |first| format!(": {first}"));
            let fix = failure.helps().join("; ");
            let fix = if fix.is_empty() { "`factory plan` shows all of it" } else { &fix };
            let found = format!("the recipe cannot be read: {}{first}", failure.message());
            Check::new("recipe", CheckState::Fail, found, Some(fix))
        }
    }
}

async fn engine_checks() -> (Vec<Check>, Option<(Arc<dyn Engine>, EngineInfo)>) {
    let answered = match engine::connect() {
        Ok(engine) => engine.info().await.map(|info| (engine, info)).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let (engine, info) = match answered {
        Ok(answered) => answered,
        Err(failure) => {
            let fix = failure.helps().join("; ");
            let fix = if fix.is_empty() { "name another one with `DOCKER_HOST` or `docker context use`" } else { &fix };
            return (vec![Check::new("engine", CheckState::Fail, failure.message(), Some(fix))], None);
        }
    };
    let found = format!("{} (API {}) at {}", info.version, info.api, info.address);
    let mut checks = vec![Check::new("engine", CheckState::Ok, found, None)];
    checks.push(match info.obstacle() {
        None => Check::new("builder", CheckState::Ok, "BuildKit", None),
        Some(obstacle) => Check::new("builder", CheckState::Fail, obstacle.what, Some(obstacle.help)),
    });
    (checks, Some((engine, info)))
}

fn ca_check() -> Check {
    match ca_bundle() {
        Ok(None) => Check::new("CA bundle", CheckState::Ok, "none: builds trust what their base image trusts", None),
        Ok(Some(bytes)) => {
            let count = String::from_utf8_lossy(&bytes).matches("-----BEGIN CERTIFICATE-----").count();
            Check::new("CA bundle", CheckState::Ok, format!("{count} certificates (FACTORY_CA_BUNDLE)"), None)
        }
        Err(failure) => {
            let fix = "name a PEM file, e.g. `FACTORY_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt`";
            Check::new("CA bundle", CheckState::Fail, failure.message(), Some(fix))
        }
    }
}

/// The programs that make base images: those of the project's platforms that may be made, without one all that there are.
fn bootstrap_check(project: Option<&Project>) -> Check {
    let known = Catalogue::load(None).ok();
    let wanted: Vec<(&Bootstrap, BootstrapMode)> = if let Some(project) = project {
        project.targets.iter().filter_map(made_from_packages).collect()
    } else {
        let known = known.iter().flat_map(Catalogue::iter).filter_map(|platform| platform.base.bootstrap.as_ref());
        known.map(|bootstrap| (bootstrap, BootstrapMode::Fallback)).collect()
    };
    if wanted.is_empty() {
        return Check::new("base tools", CheckState::Ok, "none needed: no base is made from packages", None);
    }
    let path = env::get("PATH").unwrap_or_default();
    let program = |bootstrap: &Bootstrap| match bootstrap.tool {
        BootstrapTool::Mmdebstrap => "mmdebstrap",
    };
    let mut missing = wanted.iter().filter(|(bootstrap, _)| exec::find(program(bootstrap), &path).is_none());
    let Some((bootstrap, _)) = missing.next() else {
        return Check::new("base tools", CheckState::Ok, "mmdebstrap is installed", None);
    };
    let found = format!("{} is not installed", program(bootstrap));
    if wanted.iter().any(|(_, mode)| *mode == BootstrapMode::Always) {
        let fix = "`sudo apt-get install mmdebstrap`: `[base] bootstrap` says that bases are made with it";
        return Check::new("base tools", CheckState::Fail, found, Some(fix));
    }
    let fix = "`sudo apt-get install mmdebstrap`, needed only where no registry answers";
    Check::new("base tools", CheckState::Warn, found, Some(fix))
}

/// How the base of a platform is made from packages, where it may be.
fn made_from_packages(target: &Target) -> Option<(&Bootstrap, BootstrapMode)> {
    let mode = target.recipe.base.bootstrap;
    target.platform.base.bootstrap.as_ref().filter(|_| mode != BootstrapMode::Never).map(|bootstrap| (bootstrap, mode))
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
            let fix = "`git commit`: artifacts carry the time of the commit, and its name";
            Check::new("checkout", CheckState::Warn, "it has no commit yet", Some(fix))
        }
        Ok(Some(revision)) => Check::new("checkout", CheckState::Ok, format!("commit {revision}"), None),
        Err(error) => Check::new("checkout", CheckState::Fail, error.to_string(), Some(&error.help())),
    })
}

/// What the recipe's sources and the repositories of its requirements need: git, and for those behind ssh a client and an agent with a key.
async fn source_checks(project: &Project) -> Vec<Check> {
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
        return Check::new("git", CheckState::Fail, "git is not installed", Some(install));
    };
    let version = text.trim().trim_start_matches("git version ").to_owned();
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) < OLDEST_GIT => {
            Check::new("git", CheckState::Fail, format!("{version} is too old"), Some("use git 2.29 or later"))
        }
        _ => Check::new("git", CheckState::Ok, version, None),
    }
}

fn ssh_check() -> Check {
    if let Some(name) = env::GIT_SSH.into_iter().find(|name| env::get(name).is_some()) {
        return Check::new("ssh", CheckState::Ok, format!("called as {name} says"), None);
    }
    if let Some(path) = exec::find("ssh", &env::get("PATH").unwrap_or_default()) {
        return Check::new("ssh", CheckState::Ok, path.display().to_string(), None);
    }
    let fix = "`sudo apt-get install openssh-client`: a source is behind ssh";
    Check::new("ssh", CheckState::Fail, "ssh is not installed", Some(fix))
}

/// An agent is not needed where a key has no passphrase: no reason to fail.
async fn agent_check() -> Check {
    let start = "`eval \"$(ssh-agent)\" && ssh-add`: ssh never asks for a passphrase here";
    let warn = |found: &str, fix: &str| Check::new("ssh agent", CheckState::Warn, found, Some(fix));
    if env::get(env::SSH_AUTH_SOCK).is_none() {
        return warn("none: SSH_AUTH_SOCK is not set", start);
    }
    match answer("ssh-add", &["-l"]).await {
        Ok(keys) => {
            let count = keys.lines().filter(|line| !line.trim().is_empty()).count();
            Check::new("ssh agent", CheckState::Ok, format!("it has {}", units::count(count, "key", "keys")), None)
        }
        Err(ExecError::Failed { status, .. }) if status.code() == Some(1) => warn("it has no key", "`ssh-add`"),
        Err(_) => warn("it does not answer", start),
    }
}

/// What a program of the host answers, soon or not at all.
async fn answer(program: &str, words: &[&str]) -> Result<String, ExecError> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let call = exec::Call { idle_timeout: Some(TIMEOUT), ..exec::Call::new(program, &words) };
    let output = call.output(1 << 16, &|_| {}, &CancellationToken::new()).await?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// How full the store of wheels is, where the project has one.
fn store_check(project: &Project) -> Option<Check> {
    let root = wheelhouse::store(&project.wheel_dir);
    let limit = match store_limit() {
        Ok(limit) => limit,
        Err(failure) => {
            let fix = "name bytes, or use `k`, `M`, `G` or `T`: `WHEEL_STORE_LIMIT=20G`";
            return Some(Check::new("wheel store", CheckState::Fail, failure.message(), Some(fix)));
        }
    };
    let found = format!("{} of {} at {}", units::size(store::size(&root)), units::size(limit), root.display());
    root.is_dir().then(|| Check::new("wheel store", CheckState::Ok, found, None))
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
            Some(Check::new(name, state, format!("{} free at {}", units::size(free), place.display()), fix))
        })
        .collect()
}
