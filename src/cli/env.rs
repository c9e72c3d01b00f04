//! Every environment variable that the program reads, once; those of a kind of work are in its own folder.

use std::path::PathBuf;

use crate::source::git::Caller;

/// Where the engine is, as the docker command reads it.
pub const DOCKER_HOST: &str = "DOCKER_HOST";
/// Selects platforms in every verb, separated by commas or blanks; `--platform` wins.
pub const SYSBASE: &str = "SYSBASE";
/// Names the release, as `--tag` does.
pub const FACTORY_TAG: &str = "FACTORY_TAG";
/// Names the branch of the sources, as `--branch` does.
pub const FACTORY_BRANCH: &str = "FACTORY_BRANCH";
/// The registry that `push` pushes to, as `--registry` does.
pub const FACTORY_REGISTRY: &str = "FACTORY_REGISTRY";
/// Moves the wheel cache from `wheels/` of the project.
pub const WHEEL_DIR: &str = "WHEEL_DIR";
/// What the store in the wheel cache may hold: bytes, or with `k`, `M`, `G` or `T`.
pub const WHEEL_STORE_LIMIT: &str = "WHEEL_STORE_LIMIT";
/// The public keys whose signature makes an entry of the store believable, whoever could have written it; separated by blanks or commas.
pub const FACTORY_STORE_KEYS: &str = "FACTORY_STORE_KEYS";
/// A file with the key that signs what is kept in the store, as `factory keys store` makes it.
pub const FACTORY_STORE_KEY: &str = "FACTORY_STORE_KEY";
/// Files or folders with the keys of update feeds, separated by colons, as `--keys` names them.
pub const FACTORY_UPDATE_KEYS: &str = "FACTORY_UPDATE_KEYS";
/// The update feed that `doctor` looks at, as `--feed` names it.
pub const FACTORY_UPDATE_FEED: &str = "FACTORY_UPDATE_FEED";
/// A PEM file of certificates that builds and git trust, for a network whose proxy inspects TLS. Never left in an image.
pub const FACTORY_CA_BUNDLE: &str = "FACTORY_CA_BUNDLE";
/// Where temporary files go.
pub const TMPDIR: &str = "TMPDIR";
/// Time of everything in artifacts, seconds since 1970 (reproducible-builds.org).
pub const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";
/// pip's index; it may hold credentials, which reach neither key nor log.
pub const PIP_INDEX_URL: &str = "PIP_INDEX_URL";
/// pip's further indexes.
pub const PIP_EXTRA_INDEX_URL: &str = "PIP_EXTRA_INDEX_URL";
/// A file with the token of the server whose interface `tag` asks.
pub const FACTORY_TOKEN_FILE: &str = "FACTORY_TOKEN_FILE";
/// The servers that a token is sent to: `git.example.org`, or `TEAM_TOKEN=git.example.org` for a variable of another name.
pub const FACTORY_TOKEN_HOSTS: &str = "FACTORY_TOKEN_HOSTS";
/// Folders, separated by colons, whose git repositories a recipe may name: sources outside the project, and whatever is tagged on
/// this machine.
pub const FACTORY_LOCAL_GIT: &str = "FACTORY_LOCAL_GIT";
/// How git calls ssh, where the user says it.
pub const GIT_SSH: [&str; 2] = ["GIT_SSH_COMMAND", "GIT_SSH"];
/// Folders that are not entered in the search for `.git`, as git has it.
pub const GIT_CEILING_DIRECTORIES: &str = "GIT_CEILING_DIRECTORIES";
/// Who called sudo: root may look at that user's checkouts, as git has it.
pub const SUDO_UID: &str = "SUDO_UID";
/// The ssh agent.
pub const SSH_AUTH_SOCK: &str = "SSH_AUTH_SOCK";
/// Proxies for builds: each in the case it has, and in the other one.
pub const PROXIES: [&str; 4] = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"];
/// With the feature `scripted`: the script of a daemon played for tests.
#[cfg(feature = "scripted")]
pub const FACTORY_SCRIPTED_ENGINE: &str = "FACTORY_SCRIPTED_ENGINE";

/// The variable's text, where it is set, not empty and UTF-8.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn get(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who asks git about the project's checkout.
#[must_use]
pub fn caller() -> Caller {
    let ceilings = get(GIT_CEILING_DIRECTORIES).unwrap_or_default();
    let ceilings = ceilings.split(':').filter(|path| path.starts_with('/')).map(PathBuf::from).collect();
    Caller { ceilings, sudo: get(SUDO_UID).and_then(|uid| uid.parse().ok()) }
}
