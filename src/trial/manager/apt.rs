//! Debian and Ubuntu: apt-get(8) and dpkg(1).

use super::{Commands, Config, Trust};

/// apt and dpkg.
pub const APT: Commands = Commands {
    name: "apt-get",
    // Nobody is there to answer a question.
    env: &[("DEBIAN_FRONTEND", "noninteractive"), ("LC_ALL", "C.UTF-8")],
    refresh: &["apt-get", "-o", "Acquire::Retries=3", "update"],
    install: &[
        "apt-get",
        "-o",
        "Acquire::Retries=3",
        // Images for containers leave out manuals and documents; the test wants to see all of the package.
        "-o",
        "Dpkg::Options::=--path-include=*",
        "install",
        "-y",
        "--no-install-recommends",
    ],
    add: &["apt-get", "-o", "Acquire::Retries=3", "install", "-y", "--no-install-recommends"],
    verify: &["dpkg", "--verify"],
    audit: &["dpkg", "--audit"],
    remove: &["apt-get", "remove", "-y"],
    // A package without conffiles and postrm is forgotten at the removal: apt-get then says that there is none, dpkg is content.
    purge: Some(&["dpkg", "--purge"]),
    config: Config::Stays,
    // deb-systemd-helper(1p): taken away by the purge.
    links_survive: true,
    // Debian builds systemd so until 12; with a merged /usr it is the same as without the last two.
    service_path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    trust: Trust::File {
        file: "apt.conf",
        text: "Acquire::https::CaInfo \"/run/factory-test/ca.pem\";\n",
        variable: "APT_CONFIG",
    },
};
