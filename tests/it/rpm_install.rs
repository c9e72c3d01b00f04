//! Packages installed by rpm and by dnf into a root of their own: scripts, users, configuration, upgrades, removal.
//!
//! The root holds what a package of ours brings: a shell with its libraries, and commands that write down how they were
//! called. So nothing here needs a distro's packages; it needs root, for chroot(2).

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use factory::{
    format::{Codec, Meta},
    names::ArchName,
    stage::{Entry, Kind, Owner, Role, Spool, Tree},
};

use crate::rpm::{CODECS, EPOCH, app, files, path_of, plain, said, written};

const GETENT: &str = "while IFS=: read -r name _; do [ \"$name\" = \"$2\" ] && exit 0; done <\"/etc/$1\"\nexit 2\n";
const GROUPADD: &str = "echo \"groupadd $*\" >>/log\necho \"$2:x:977:\" >>/etc/group\n";
const USERADD: &str =
    "echo \"useradd $*\" >>/log\nfor name; do :; done\necho \"$name:x:977:977::/:/sbin/nologin\" >>/etc/passwd\n";
const LOG: &str = "echo \"${0##*/} $*\" >>/log\n";

/// What belongs to a distro's own packages, and stays when others go.
const FOLDERS: [&str; 10] = [
    "dev",
    "etc",
    "opt",
    "run/systemd/system",
    "usr/lib/systemd/system",
    "usr/lib/systemd/system-preset",
    "usr/share/doc",
    "usr/share/licenses",
    "var/lib/db",
    "var/tmp",
];

/// A package that provides what a distro would.
fn provider(folder: &Path) -> PathBuf {
    let mut tree = Tree::new(Spool::new().unwrap());
    let mut add = |path: &str, bytes: &[u8]| {
        tree.add_bytes(path_of(path), bytes, 0o755, EPOCH, Role::Plain, "a test").unwrap();
    };
    add("bin/sh", &fs::read("/bin/sh").unwrap());
    let libraries = said("ldd", &["/bin/sh"], folder).unwrap();
    for library in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
        add(library, &fs::read(library).unwrap());
    }
    for (path, text) in [
        ("usr/bin/getent", GETENT),
        ("usr/sbin/groupadd", GROUPADD),
        ("usr/sbin/useradd", USERADD),
        ("usr/bin/systemctl", LOG),
    ] {
        add(path, format!("#!/bin/sh\n{text}").as_bytes());
    }
    let meta = Meta {
        arch: ArchName::new(std::env::consts::ARCH).unwrap(),
        provides: ["python3 = 3.11", "sudo", "systemd = 219"].map(str::to_owned).into(),
        ..plain("provider", "1")
    };
    written(folder, Codec::Gzip, &tree, &meta)
}

/// A root with a database and the provider.
struct Root {
    folder: tempfile::TempDir,
}

impl Root {
    /// `None`, with a line on stderr, where this cannot be tested.
    fn new() -> Option<Self> {
        let root = Self { folder: tempfile::tempdir().unwrap() };
        if fs::metadata(root.folder.path()).unwrap().uid() != 0 {
            eprintln!("skipped: only root can install into another root");
            return None;
        }
        fs::set_permissions(root.folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        fs::create_dir(root.packages()).unwrap();
        for folder in FOLDERS {
            fs::create_dir_all(root.at(folder)).unwrap();
        }
        fs::write(root.at("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
        fs::write(root.at("etc/group"), "root:x:0:\n").unwrap();
        // Scripts throw words away there. A file will do where no device can be made.
        fs::write(root.at("dev/null"), "").unwrap();
        fs::write(root.at("log"), "").unwrap();
        root.rpm(&["--initdb"])?;
        Some(root)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join("root").join(path)
    }

    fn packages(&self) -> PathBuf {
        self.folder.path().join("packages")
    }

    /// What rpm says of this root.
    fn rpm(&self, arguments: &[&str]) -> Option<String> {
        let root = self.at("");
        let all = [&["--root", root.to_str().unwrap()], arguments].concat();
        said("rpm", &all, &self.packages())
    }

    fn install(&self, package: &Path) {
        self.rpm(&["-U", "--nosignature", package.to_str().unwrap()]).unwrap();
    }

    /// What was called since the last time.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.at("log")).unwrap();
        fs::write(self.at("log"), "").unwrap();
        log.lines().map(str::to_owned).collect()
    }

    /// Everything in the root but the database.
    fn contents(&self) -> BTreeSet<String> {
        let found = said("find", &[".", "-path", "./var/lib/db", "-prune", "-o", "-print"], &self.at("")).unwrap();
        found.lines().map(str::to_owned).collect()
    }

    /// What differs from the package, as `rpm -V` says it.
    fn changes(&self) -> Vec<String> {
        let root = self.at("");
        let output =
            Command::new("rpm").arg("--root").arg(&root).args(["-V", "app"]).env("HOME", "/var/lib/db").output();
        String::from_utf8(output.unwrap().stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

#[test]
fn rpm_installs_upgrades_and_removes() {
    for codec in CODECS {
        let Some(root) = Root::new() else { return };
        root.install(&provider(&root.packages()));
        let before = root.contents();

        root.install(&written(&root.packages(), codec, &files("1\n"), &app("1")));
        assert_eq!(
            root.log(),
            [
                "groupadd -r app",
                "useradd -r -M -g app -d /var/lib/app -s /sbin/nologin -c It's the app app",
                "preinstall 1",
                "systemctl --no-reload preset app.service",
                "systemctl daemon-reload",
                "postinstall 1",
            ]
        );
        assert_eq!(root.changes(), [""; 0]);
        let state = fs::metadata(root.at("var/lib/app")).unwrap();
        assert_eq!((state.uid(), state.gid(), state.mode() & 0o7777), (977, 977, 0o2750));
        let run = fs::metadata(root.at("opt/app/run")).unwrap();
        assert_eq!((run.nlink(), run.ino()), (3, fs::metadata(root.at("opt/app-too")).unwrap().ino()));
        assert_eq!(fs::metadata(root.at("opt/app/run-as-root")).unwrap().mode() & 0o7777, 0o4755);
        assert_eq!(fs::read_link(root.at("opt/app/start")).unwrap(), Path::new("run"));
        assert_eq!(fs::metadata(root.at("opt/app/zürich")).unwrap().mtime(), EPOCH);
        let preset = fs::read_to_string(root.at("usr/lib/systemd/system-preset/80-app.preset")).unwrap();
        assert_eq!(preset, "enable app.service\n");

        for name in ["keep", "replace"] {
            fs::write(root.at(&format!("etc/app/{name}.conf")), "mine\n").unwrap();
        }
        root.install(&written(&root.packages(), codec, &files("2\n"), &app("2")));
        assert_eq!(
            root.log(),
            [
                "preinstall 2",
                "systemctl daemon-reload",
                "postinstall 2",
                "preremove 1",
                "postremove 1",
                "systemctl daemon-reload",
                "systemctl try-restart app.service",
                "systemctl try-restart app-worker@*.service",
            ]
        );
        let text = |path: &str| fs::read_to_string(root.at(path)).unwrap();
        assert_eq!((text("etc/app/keep.conf"), text("etc/app/keep.conf.rpmnew")), ("mine\n".into(), "2\n".into()));
        assert_eq!(
            (text("etc/app/replace.conf"), text("etc/app/replace.conf.rpmsave")),
            ("2\n".into(), "mine\n".into())
        );
        let changes = root.changes();
        assert!(matches!(&changes[..], [one] if one.ends_with(" c /etc/app/keep.conf")), "{changes:?}");

        root.rpm(&["-e", "app"]).unwrap();
        assert_eq!(
            root.log(),
            [
                "preremove 0",
                "systemctl --no-reload disable app.service app-worker@.service",
                "systemctl stop app.service app-worker@*.service",
                "postremove 0",
                "systemctl daemon-reload",
            ]
        );
        // What the administrator wrote, and what belongs to nobody: rpm never removes it.
        let left: Vec<String> = root.contents().difference(&before).cloned().collect();
        let kept = ["", "/keep.conf.rpmnew", "/keep.conf.rpmsave", "/replace.conf.rpmsave"]
            .map(|name| format!("./etc/app{name}"));
        assert_eq!(left, kept);
    }
}

/// From systemd 249 on the restart waits for the end of the transaction, if the helper knows the command.
#[test]
fn a_restart_is_left_to_the_helper() {
    let Some(root) = Root::new() else { return };
    root.install(&provider(&root.packages()));
    root.install(&written(&root.packages(), Codec::Gzip, &files("1\n"), &app("1")));
    let helper = root.at("usr/lib/systemd/systemd-update-helper");
    fs::write(&helper, format!("#!/bin/sh\n{LOG}")).unwrap();
    fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
    root.log();
    root.install(&written(&root.packages(), Codec::Gzip, &files("1\n"), &app("2")));
    let log = root.log();
    assert!(log.contains(&"systemd-update-helper mark-restart-system-units app.service".to_owned()), "{log:?}");
    assert!(!log.contains(&"systemctl try-restart app.service".to_owned()), "{log:?}");
}

/// Where systemd does not run, units are enabled in their files and nothing else is called.
#[test]
fn a_container_runs_no_units() {
    let Some(root) = Root::new() else { return };
    fs::remove_dir(root.at("run/systemd/system")).unwrap();
    root.install(&provider(&root.packages()));
    root.install(&written(&root.packages(), Codec::Gzip, &files("1\n"), &app("1")));
    root.install(&written(&root.packages(), Codec::Gzip, &files("1\n"), &app("2")));
    root.rpm(&["-e", "app"]).unwrap();
    let calls: Vec<String> = root.log().into_iter().filter(|line| line.starts_with("systemctl")).collect();
    assert_eq!(
        calls,
        ["systemctl --no-reload preset app.service", "systemctl --no-reload disable app.service app-worker@.service"]
    );
}

#[test]
fn dnf_resolves_weak_and_rich_relations() {
    let Some(root) = Root::new() else { return };
    let packages = root.packages();
    provider(&packages);
    let empty = || Tree::new(Spool::new().unwrap());
    for name in ["extra", "other", "for-provider", "for-nobody"] {
        written(&packages, Codec::Zstd, &empty(), &plain(name, "1"));
    }
    // The second version replaces a package under its old name.
    written(&packages, Codec::Xz, &empty(), &plain("app-old", "1"));
    let meta = Meta {
        depends: ["python3 >= 3.6", "(for-provider if provider else for-nobody)"].map(str::to_owned).into(),
        recommends: vec!["(extra or other)".to_owned()],
        suggests: vec!["extra".to_owned()],
        conflicts: vec!["for-nobody".to_owned()],
        replaces: vec!["app-old < 2".to_owned()],
        ..app("2")
    };
    written(&packages, Codec::Zstd, &files("1\n"), &meta);
    if said("createrepo_c", &["--quiet", "."], &packages).is_none() {
        return;
    }
    let (install_root, from) = (root.at(""), format!("ours,file://{}", packages.display()));
    let cache = format!("--setopt=cachedir={}/cache", root.folder.path().display());
    let dnf = |verb: &[&str]| {
        let common = ["--installroot", install_root.to_str().unwrap(), "--releasever", "1", "--repofrompath", &from];
        let more = ["--repo", "ours", "--nogpgcheck", "-y", "-q", &cache, "--setopt=plugins=0"];
        said("dnf", &[&common[..], &more[..], verb].concat(), &packages)
    };
    if dnf(&["install", "app-old", "provider"]).is_none() {
        return;
    }
    dnf(&["install", "app"]).unwrap();
    let installed = root.rpm(&["-qa", "--qf", "%{NAME}\n"]).unwrap();
    let installed: BTreeSet<&str> = installed.lines().collect();
    assert_eq!(installed, ["app", "extra", "for-provider", "provider"].into());
    assert_eq!(root.changes(), [""; 0]);
    dnf(&["remove", "app"]).unwrap();
    assert!(!root.at("opt/app").exists());
}

#[test]
fn rpm_takes_names_as_they_are() {
    let Some(root) = Root::new() else { return };
    fs::write(root.at("etc/passwd"), "root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n").unwrap();
    fs::write(root.at("etc/group"), "root:x:0:\nwww-data:x:33:\nadm:x:4:\n").unwrap();
    let names = ["-dash#!", "Grüße", "[id]", "a$HOME", "a*b?", "back\\slash", "q\"uo'te", "{x} y"];
    let mut tree = Tree::new(Spool::new().unwrap());
    for name in names {
        let role = Role::Config { noreplace: true, missingok: false };
        tree.add_bytes(path_of(&format!("srv/{name}")), b"x\n", 0o644, EPOCH, role, "a test").unwrap();
    }
    let folder = Entry {
        kind: Kind::Dir,
        mode: 0o2750,
        owner: Owner { user: "www-data".to_owned(), group: "adm".to_owned() },
        mtime: EPOCH,
        role: Role::State,
        origin: "a test".into(),
    };
    tree.add(path_of("srv/log"), folder).unwrap();
    let package = written(&root.packages(), Codec::Xz, &tree, &plain("odd", "1"));
    root.install(&package);
    let listed = root.rpm(&["-ql", "odd"]).unwrap();
    let mut there: Vec<_> =
        root.at("srv").read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.retain(|name| name != "log");
    there.sort();
    assert_eq!(there, names);
    assert!(names.iter().all(|name| listed.contains(&format!("/srv/{name}\n"))), "{listed}");
    let log = fs::metadata(root.at("srv/log")).unwrap();
    assert_eq!((log.uid(), log.gid(), log.mode() & 0o7777), (33, 4, 0o2750));
    root.rpm(&["-V", "odd"]).unwrap();
    root.rpm(&["-e", "odd"]).unwrap();
    assert_eq!(root.at("srv").read_dir().map_or(0, Iterator::count), 0);
}
