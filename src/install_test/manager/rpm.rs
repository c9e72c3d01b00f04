//! rpm(8) alone: nothing is fetched, the base image holds all that is needed. Also what the managers on top of rpm share.

use super::{CaSetup, Commands, Config, Owner, Words};

/// Differences of files from the package database, one a line.
pub const VERIFY: Words = &["rpm", "--verify"];
/// Packages whose relations are not fulfilled, one a line.
pub const AUDIT: Words = &["rpm", "--verify", "--all", "--nofiles", "--nodigest", "--nosignature"];
/// Behind the name of a changed configuration file whose package is gone.
pub const SAVED: &str = ".rpmsave";
/// systemd's default where it is not built for a split `/usr`.
pub const SERVICE_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

/// rpm without a manager.
pub const RPM: Commands = Commands {
    name: "rpm",
    env: &[("LC_ALL", "C")],
    refresh: &["rpm", "--version"],
    install: &["rpm", "--install"],
    // Asks for them: they must be there.
    add: &["rpm", "--query", "--whatprovides"],
    verify: VERIFY,
    audit: AUDIT,
    remove: &["rpm", "--erase"],
    purge: None,
    config: Config::Saved(SAVED),
    links_survive: false,
    service_path: SERVICE_PATH,
    ca_setup: CaSetup::Nothing,
    owner: Owner::Rpm,
};
