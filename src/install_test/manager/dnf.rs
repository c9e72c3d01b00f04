//! Fedora, EL8 and later, Amazon Linux 2023: dnf(8) and rpm(8).

use super::{CaSetup, Commands, Config, Owner, rpm};

/// dnf and rpm.
pub const DNF: Commands = Commands {
    name: "dnf",
    env: &[("LC_ALL", "C.UTF-8")],
    refresh: &["dnf", "--quiet", "makecache"],
    // Images for containers leave out documents; the test wants to see all of the package.
    install: &["dnf", "--assumeyes", "--setopt=install_weak_deps=False", "--setopt=tsflags=", "install"],
    add: &["dnf", "--assumeyes", "--setopt=install_weak_deps=False", "install"],
    verify: rpm::VERIFY,
    audit: rpm::AUDIT,
    // What was there before stays: it is not ours to tidy.
    // dnf 5 takes the option only behind its command; dnf 4 takes it anywhere.
    remove: &["dnf", "--assumeyes", "remove", "--noautoremove"],
    purge: None,
    config: Config::Saved(rpm::SAVED),
    links_survive: false,
    service_path: rpm::SERVICE_PATH,
    ca_setup: CaSetup::Option("--setopt=sslcacert=/run/factory-test/ca.pem"),
    owner: Owner::Rpm,
};
