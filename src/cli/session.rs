//! What a run's session begins with: the environment, the command line and the project.

use std::{collections::BTreeMap, io::Read as _, sync::Arc};

use super::{context::Context, env, guard};
use crate::{
    diag::{Exit, Failure},
    engine::{Engine, docker::Logins},
    execute::{Containers, IDLE_TIMEOUT, Network, Notes, ProjectPaths, RunIds, RunOptions, Services, Session},
    pipeline::Project,
    source::{owner::TrustedOwners, store, wheelhouse},
    util::clock,
};

impl Context {
    /// What the steps of a run share.
    ///
    /// # Errors
    /// When the CA bundle cannot be read.
    pub fn session(&self, project: &Project, engine: Arc<dyn Engine>) -> Result<Session, Failure> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Session {
            services: self.services(project, engine, processors)?,
            options: RunOptions {
                jobs: self.jobs().unwrap_or(processors),
                refresh: false,
                no_cache: false,
                keep_going: false,
                keep_failed: false,
                idle_timeout: IDLE_TIMEOUT,
                offline: false,
                lock: Arc::default(),
                locked: false,
                epoch: project.stamp()?.epoch,
                identity: None,
            },
            paths: paths(project),
            network: self.network()?,
            ids: ids(project),
            notes: Notes::default(),
            recipe: Arc::new(project.text()),
            held: Containers::default(),
            kept: Containers::default(),
        })
    }

    fn services(&self, project: &Project, engine: Arc<dyn Engine>, cpus: usize) -> Result<Services, Failure> {
        let folder = wheelhouse::store(&project.wheel_dir);
        Ok(Services {
            engine,
            cpus,
            events: self.events(),
            cancel: self.cancel.clone(),
            store: Arc::new(store::Folder::new(folder, store_limit()?, guard::of(project)?)),
            digests: Arc::clone(&project.digests),
        })
    }

    fn network(&self) -> Result<Network, Failure> {
        let indexes = [env::PIP_INDEX_URL, env::PIP_EXTRA_INDEX_URL].into_iter();
        Ok(Network {
            ca: ca_bundle()?,
            proxies: proxies(),
            pip: indexes.filter_map(|name| Some((name.to_owned(), env::get(name)?))).collect(),
            logins: Logins::new(&env::get, &self.reporter.mask()),
        })
    }
}

fn paths(project: &Project) -> ProjectPaths {
    ProjectPaths {
        project: project.folder.clone(),
        roots: project.roots.clone(),
        wheel_dir: project.wheel_dir.clone(),
        packages: project.packages.clone(),
        trusted: TrustedOwners::for_project(&project.folder),
    }
}

fn ids(project: &Project) -> RunIds {
    RunIds {
        project: project.name().to_owned(),
        checkout: project.checkout_id.clone(),
        run: format!("{}-{}", std::process::id(), clock::now()),
        user: (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw()),
    }
}

/// What the store may hold where it is not said, in bytes.
const STORE_LIMIT: u64 = 10_000_000_000;

/// What the store may hold, in bytes.
///
/// # Errors
/// Exit code 2 when `WHEEL_STORE_LIMIT` is no size.
pub fn store_limit() -> Result<u64, Failure> {
    let Some(text) = env::get(env::WHEEL_STORE_LIMIT) else { return Ok(STORE_LIMIT) };
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "" => Some(1),
        "k" => Some(1_000),
        "M" => Some(1_000_000),
        "G" => Some(1_000_000_000),
        "T" => Some(1_000_000_000_000),
        _ => None,
    };
    let bytes = factor.zip(digits.parse::<u64>().ok()).and_then(|(factor, number)| number.checked_mul(factor));
    bytes.ok_or_else(|| {
        Failure::new(Exit::Usage, format!("WHEEL_STORE_LIMIT is `{}`, which is no size", text.escape_debug()))
            .help("name bytes, or use `k`, `M`, `G` or `T`: `WHEEL_STORE_LIMIT=20G`; 0 keeps nothing")
    })
}

/// Proxy variables, each in both cases: programs disagree on which they read.
fn proxies() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in env::PROXIES {
        let upper = name.to_ascii_uppercase();
        if let Some(value) = env::get(name).or_else(|| env::get(&upper)) {
            found.insert(name.to_owned(), value.clone());
            found.insert(upper, value);
        }
    }
    found
}

/// The largest CA bundle, in bytes: the one of a distro has a quarter of a megabyte.
const LARGEST_BUNDLE: u64 = 16 << 20;

/// The certificates of `FACTORY_CA_BUNDLE`.
///
/// # Errors
/// Exit code 2 when the file is not what it should be.
pub fn ca_bundle() -> Result<Option<Arc<Vec<u8>>>, Failure> {
    let Some(path) = env::get(env::FACTORY_CA_BUNDLE) else { return Ok(None) };
    let refuse = |what: String| {
        Failure::new(Exit::Usage, format!("FACTORY_CA_BUNDLE: {what}"))
            .help("name a PEM file, e.g. `FACTORY_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt`")
    };
    // A pipe or a device has no length to be asked for: so the bytes are limited while they are read.
    let mut bytes = Vec::new();
    let file = fs_err::File::open(&path).map_err(|error| refuse(error.to_string()))?;
    file.take(LARGEST_BUNDLE + 1).read_to_end(&mut bytes).map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > LARGEST_BUNDLE {
        return Err(refuse(format!("`{path}` is larger than 16 MiB")));
    }
    if !String::from_utf8_lossy(&bytes).contains("-----BEGIN CERTIFICATE-----") {
        return Err(refuse(format!("`{path}` holds no certificate in PEM form")));
    }
    Ok(Some(Arc::new(bytes)))
}
