//! EL7: yum(8) and rpm(8).

use super::{CaSetup, Commands, Config, Owner, rpm};

/// yum and rpm.
pub const YUM: Commands = Commands {
    name: "yum",
    env: &[("LC_ALL", "C")],
    refresh: &["yum", "--quiet", "makecache"],
    install: &["yum", "--assumeyes", "--setopt=tsflags=", "install"],
    add: &["yum", "--assumeyes", "install"],
    verify: rpm::VERIFY,
    audit: rpm::AUDIT,
    remove: &["yum", "--assumeyes", "--setopt=clean_requirements_on_remove=0", "remove"],
    purge: None,
    config: Config::Saved(rpm::SAVED),
    links_survive: false,
    service_path: rpm::SERVICE_PATH,
    ca_setup: CaSetup::Option("--setopt=sslcacert=/run/factory-test/ca.pem"),
    owner: Owner::Rpm,
};
