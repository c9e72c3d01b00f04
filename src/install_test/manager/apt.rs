//! Debian and Ubuntu: apt-get(8) and dpkg(1).

use super::{CaSetup, Commands, Config, Owner};

/// apt and dpkg.
pub const APT: Commands = Commands {
    name: "apt-get",
    // A question would get no answer.
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
    ca_setup: CaSetup::File {
        file: "apt.conf",
        text: "Acquire::https::CaInfo \"/run/factory-test/ca.pem\";\n",
        variable: "APT_CONFIG",
    },
    owner: Owner::Dpkg,
};

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command};

    use super::APT;

    fn run(words: &[&str], folder: &Path) -> (bool, String) {
        let path = "/usr/sbin:/usr/bin:/sbin:/bin";
        let output = Command::new(words[0]).args(&words[1..]).current_dir(folder).env("PATH", path).output().unwrap();
        (output.status.success(), format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    #[test]
    fn dpkg_purges_what_it_has_forgotten() {
        if Command::new("dpkg").arg("--version").output().is_err() {
            eprintln!("skipped: dpkg is not installed");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        for made in ["tree/DEBIAN", "tree/opt/x", "root/var/lib/dpkg/updates", "root/var/lib/dpkg/info"] {
            fs::create_dir_all(place.join(made)).unwrap();
        }
        fs::write(place.join("root/var/lib/dpkg/status"), "").unwrap();
        fs::write(place.join("tree/opt/x/a"), "a").unwrap();
        let control = "Package: plain\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: no conffiles, no postrm\n";
        fs::write(place.join("tree/DEBIAN/control"), control).unwrap();
        let built = run(&["dpkg-deb", "--root-owner-group", "--build", "tree", "plain.deb"], place);
        assert!(built.0, "{}", built.1);
        let there = ["--root=root", "--force-not-root", "--log=log"];
        for words in [&["--install", "plain.deb"], &["--remove", "plain"]] {
            let done = run(&[&["dpkg"], &there[..], words].concat(), place);
            assert!(done.0, "{}", done.1);
        }
        let status = fs::read_to_string(place.join("root/var/lib/dpkg/status")).unwrap();
        assert!(!status.contains("config-files"), "it is forgotten: {status}");
        let (program, words) = APT.purge.unwrap().split_first().unwrap();
        let purged = run(&[&[*program], &there[..], words, &["plain"]].concat(), place);
        assert!(purged.0, "{}", purged.1);
    }
}
