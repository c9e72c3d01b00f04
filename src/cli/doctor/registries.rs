//! The registries of a project, in `factory doctor`: whether they take connections, and what becomes of the bases where they do not.

use std::{net::ToSocketAddrs as _, sync::Arc, time::Duration};

use super::super::env;
use crate::{
    engine::Engine,
    pipeline::{Project, Target},
    publish::Registry,
    recipe::BootstrapMode,
    report::{Check, CheckState},
    util::toml::listed,
};

/// How long a registry gets to take a connection.
const TIMEOUT: Duration = Duration::from_secs(4);

/// A registry, and what it is for.
#[derive(Debug, Default)]
struct Wanted {
    host: String,
    push: bool,
    /// The platforms whose bases are made from packages where it does not answer.
    made: Vec<String>,
    /// The platforms whose bases are made of nothing else, with the images.
    only: Vec<(String, String)>,
}

/// The registries that the project pulls its bases from and pushes to; without a project, that of most bases.
pub async fn checks(project: Option<&Project>, engine: Option<&Arc<dyn Engine>>) -> Vec<Check> {
    let mut checks = Vec::new();
    for wanted in wanted(project) {
        let Err((address, why)) = reach(&wanted.host).await else {
            let found = format!("{} takes connections ({})", address_of(&wanted.host), wanted.purpose());
            checks.push(Check::new(&format!("registry {}", wanted.host), CheckState::Ok, found, None));
            continue;
        };
        let (state, fix) = if wanted.push {
            (CheckState::Fail, "start it, or name another one: `--registry`".to_owned())
        } else if project.is_none() {
            (CheckState::Warn, ANY.to_owned())
        } else {
            (CheckState::Warn, wanted.without_it(engine).await)
        };
        let found = format!("{address}: {why} ({})", wanted.purpose());
        checks.push(Check::new(&format!("registry {}", wanted.host), state, found, Some(&fix)));
    }
    checks
}

/// What holds of bases whatever the platforms are.
const ANY: &str = "bases of Debian and Ubuntu are made from packages instead (`[base] bootstrap`), others are not: the engine \
                   needs a proxy, or `docker load` them";

fn wanted(project: Option<&Project>) -> Vec<Wanted> {
    let Some(project) = project else {
        return vec![Wanted { host: "docker.io".to_owned(), ..Wanted::default() }];
    };
    let mut all: Vec<Wanted> = Vec::new();
    for target in &project.targets {
        add_base(&mut all, target);
    }
    let push = env::get(env::FACTORY_REGISTRY)
        .or_else(|| project.targets.first().and_then(|target| target.recipe.project.registry.clone()));
    if let Some(registry) = push.and_then(|text| Registry::new(&text).ok()) {
        of_host(&mut all, registry.host()).push = true;
    }
    all
}

fn add_base(all: &mut Vec<Wanted>, target: &Target) {
    let base = &target.recipe.base;
    if base.bootstrap == BootstrapMode::Always || target.platform.windows.is_some() {
        return;
    }
    let image = base.image.as_deref().unwrap_or(&target.platform.base.image);
    let wanted = of_host(all, host_of(image));
    let id = target.platform.id.to_string();
    match target.platform.base.bootstrap {
        Some(_) if base.bootstrap == BootstrapMode::Fallback => wanted.made.push(id),
        _ => wanted.only.push((id, image.to_owned())),
    }
}

fn of_host<'w>(all: &'w mut Vec<Wanted>, host: &str) -> &'w mut Wanted {
    let at = all.iter().position(|wanted| wanted.host == host).unwrap_or_else(|| {
        all.push(Wanted { host: host.to_owned(), ..Wanted::default() });
        all.len() - 1
    });
    &mut all[at]
}

/// The registry of an image reference: its first component when that has a dot, a port or is `localhost`.
fn host_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

impl Wanted {
    fn purpose(&self) -> &'static str {
        match (self.push, self.made.is_empty() && self.only.is_empty()) {
            (true, true) => "push",
            (true, false) => "base images, push",
            (false, _) => "base images",
        }
    }

    /// What becomes of the bases while it does not answer.
    async fn without_it(&self, engine: Option<&Arc<dyn Engine>>) -> String {
        let (mut there, mut missing, mut images) = (Vec::new(), Vec::new(), Vec::new());
        for (id, image) in &self.only {
            let is_there = match engine {
                Some(engine) => engine.image(image).await.is_ok_and(|image| image.is_some()),
                None => false,
            };
            if is_there {
                there.push(id);
            } else {
                missing.push(id);
                images.push(image);
            }
        }
        let mut said = Vec::new();
        if !self.made.is_empty() {
            said.push(format!(
                "the bases of {} are made from packages instead (`[base] bootstrap`)",
                listed(&self.made)
            ));
        }
        if !there.is_empty() {
            said.push(format!("the engine has the bases of {}", listed(&there)));
        }
        if !missing.is_empty() {
            images.dedup();
            said.push(format!(
                "the bases of {} cannot be made from packages: the engine needs a proxy, or `docker load` {}",
                listed(&missing),
                listed(&images)
            ));
        }
        said.join("; ")
    }
}

fn address_of(host: &str) -> String {
    let address = if host == "docker.io" { "registry-1.docker.io" } else { host };
    if address.contains(':') { address.to_owned() } else { format!("{address}:443") }
}

/// Whether a registry takes a connection; else its address, and why not.
async fn reach(host: &str) -> Result<(), (String, String)> {
    let address = address_of(host);
    let lookup = address.clone();
    let reached = async move {
        let found = tokio::task::spawn_blocking(move || lookup.to_socket_addrs().map(Iterator::collect::<Vec<_>>))
            .await
            .map_err(std::io::Error::other)??;
        tokio::net::TcpStream::connect(found.as_slice()).await.map(drop)
    };
    match tokio::time::timeout(TIMEOUT, reached).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err((address, error.to_string())),
        Err(_) => Err((address, "no answer".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_of_references() {
        assert_eq!(host_of("debian:bookworm-slim"), "docker.io");
        assert_eq!(host_of("library/debian"), "docker.io");
        assert_eq!(host_of("r.example.org:5000/a/b:1"), "r.example.org:5000");
        assert_eq!(host_of("localhost/a"), "localhost");
    }
}
