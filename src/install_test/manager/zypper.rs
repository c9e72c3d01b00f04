//! openSUSE: zypper(8) and rpm(8).

use super::{CaSetup, Commands, Config, Owner, rpm};

/// zypper and rpm.
pub const ZYPPER: Commands = Commands {
    name: "zypper",
    env: &[("LC_ALL", "C.UTF-8")],
    refresh: &["zypper", "--non-interactive", "refresh"],
    install: &["zypper", "--non-interactive", "install", "--no-recommends", "--allow-unsigned-rpm"],
    add: &["zypper", "--non-interactive", "install", "--no-recommends"],
    verify: rpm::VERIFY,
    audit: rpm::AUDIT,
    remove: &["zypper", "--non-interactive", "remove", "--no-clean-deps"],
    purge: None,
    config: Config::Saved(rpm::SAVED),
    links_survive: false,
    service_path: rpm::SERVICE_PATH,
    // libzypp looks nowhere else.
    ca_setup: CaSetup::Anchor { file: "/etc/pki/trust/anchors/factory-test.pem", command: &["update-ca-certificates"] },
    owner: Owner::Rpm,
};
