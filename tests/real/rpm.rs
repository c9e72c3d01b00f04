//! `tests/data/beacon`, built on a real engine for the rpm of EL 9 and of EL 7, before rpm of three generations (Debian
//! 12's 4.18, trixie's 4.20, sid's 6), dnf and rpmlint: two releases are installed, changed, upgraded and removed.

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use crate::{
    house::{House, TAG, run, text},
    referee::{self, Machine},
};

/// The platform, the end of its releases, its codec.
const PLATFORMS: [(&str, &str, &str); 2] = [("el9-on-debian", "el9", "zstd"), ("el7-on-debian", "el7", "xz")];
const PACKAGES: [&str; 3] = ["beacon", "beacon-distro", "beacon-plugins"];

/// Both releases of the project, and what was said at the first.
struct Built {
    house: House,
    said: String,
}

static BUILT: LazyLock<Built> = LazyLock::new(|| {
    referee::of("bookworm").expect("an image of Debian 12");
    let house = House::at("tests/data/beacon", "beacon");
    let platforms = PLATFORMS.map(|(platform, ..)| platform).join(",");
    let build = |release: &str| {
        let output = house.factory(&["--platform", &platforms, "--release", release, "build"]);
        assert!(output.status.success(), "the project does not build:\n{}", text(&output));
        text(&output)
    };
    let said = build("1");
    house.edit("etc/beacon.conf", "alive", "seen");
    house.edit("etc/conf.d/interval.conf", "60", "30");
    build("2");
    Built { house, said }
});

impl Built {
    fn folder(&self, platform: &str) -> PathBuf {
        self.house.folder.join("packages").join(platform)
    }

    fn package(&self, name: &str, release: &str, (platform, end, _): (&str, &str, &str)) -> String {
        let file = self.folder(platform).join(format!("{name}-{TAG}-{release}.{end}.noarch.rpm"));
        file.to_str().expect("UTF-8").to_owned()
    }
}

#[test]
#[ignore = "needs a real engine: make real"]
fn rpms_say_what_the_platform_understands() {
    let asked = |what: &str, file: &str| run("rpm", &["-qp", what, file]);
    for platform in PLATFORMS {
        let (id, end, codec) = platform;
        for name in PACKAGES {
            let file = BUILT.package(name, "1", platform);
            let digests = run("rpm", &["-Kv", "--nosignature", &file]);
            assert!(digests.lines().skip(1).all(|line| line.ends_with(": OK")), "{digests}");
            assert_eq!(run("rpm", &["-qp", "--qf", "%{PAYLOADCOMPRESSOR}", &file]), codec);
        }
        let requires = asked("--requires", &BUILT.package("beacon", "1", platform));
        let recommends = asked("--recommends", &BUILT.package("beacon", "1", platform));
        let warning =
            format!("beacon: recommends, suggests and enhances are left out, which the tools of {id} do not know");
        assert!(requires.lines().any(|line| line == "sudo >= 1.8"), "{requires}");
        let is_new = codec == "zstd";
        assert_eq!(requires.contains("(postfix or sendmail)"), is_new, "{requires}");
        assert_eq!(recommends, if is_new { "logrotate" } else { "" });
        assert_eq!(BUILT.said.contains(&warning), !is_new, "{}", BUILT.said);
        let plugins = BUILT.package("beacon-plugins", "1", platform);
        assert!(asked("--requires", &plugins).contains(&format!("beacon = {TAG}-1.{end}\n")));
        let files = "/usr/share/beacon/plugins\n/usr/share/beacon/plugins/uptime";
        assert_eq!(run("rpm", &["-qpl", &plugins]), files, "the rest is in the package that it is without");
    }
}

#[test]
#[ignore = "needs a real engine: make real"]
fn rpm_of_trixie_keeps_house() {
    let image = referee::of("trixie").expect("an image of trixie");
    lives(&image);
}

#[test]
#[ignore = "needs a real engine: make real"]
fn rpm_of_sid_keeps_house() {
    match referee::of("sid") {
        Ok(image) => lives(&image),
        // Past the test's own stderr, which nobody sees when it succeeds.
        Err(why) => writeln!(std::io::stderr(), "skipped: sid cannot be had here: {why}").expect("write to stderr"),
    }
}

/// Everything outside rpm's database and the scripts' own notes.
const LIST: &str = "find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /packages \
    -o -path /var/lib/rpm \\) -prune -o -print";
/// A container may not unshare namespaces, which a plugin of rpm 4.20 wants for scriptlets; nobody signed anything.
const RPM: &str = "rpm --noplugins --nosignature";

fn lives(image: &str) {
    for platform in PLATFORMS {
        life(image, platform);
    }
}

/// Both releases on a distro: installed, used, changed, upgraded, removed.
fn life(image: &str, platform: (&str, &str, &str)) {
    let (id, end, _) = platform;
    let machine = Machine::start(image);
    machine.put(&BUILT.folder(id), "/packages");
    let file = |name: &str, release: &str| format!("/packages/{name}-{TAG}-{release}.{end}.noarch.rpm");
    let files = |release: &str| PACKAGES.map(|name| file(name, release)).join(" ");
    let context = format!("{image}, {id}, {}", machine.sh("rpm --version"));

    let digests = machine.sh(&format!("rpm -Kv --nosignature {}", files("1")));
    let bad: Vec<&str> = digests.lines().filter(|line| line.starts_with(' ') && !line.ends_with(": OK")).collect();
    assert!(bad.is_empty() && digests.contains("Payload SHA256 digest: OK"), "{context}: {digests}");
    // Folders and files that a distro has, whatever is installed.
    machine.sh("mkdir -p /usr/lib/systemd/system-preset /usr/share/licenses; useradd -r other");
    let list = || -> BTreeSet<String> { machine.sh(LIST).lines().map(str::to_owned).collect() };
    let before = list();
    let refused = text(&machine.try_sh(&format!("{RPM} -i {}", file("beacon", "1"))));
    for missing in ["/usr/sbin/useradd", "/bin/sh", "sudo >= 1.8"] {
        assert!(
            refused.contains(&format!("{missing} is needed by beacon-{TAG}-1.{end}.noarch")),
            "{context}: {refused}"
        );
    }

    machine.sh(&format!("{RPM} -i {}", files("1")));
    assert_eq!(machine.sh(&format!("rpm -V {}", PACKAGES.join(" "))), "", "{context}");
    let account = machine.sh("getent passwd beacon | cut -d : -f 5-");
    assert_eq!(account, "Beacon's own user:/var/lib/beacon:/usr/sbin/nologin", "{context}");
    let owners = machine.sh("stat -c '%a %U:%G %n' /etc/beacon/beacon.conf /usr/libexec/beacon/beacon /var/lib/beacon");
    let expected = [
        "640 root:beacon /etc/beacon/beacon.conf",
        "755 root:root /usr/libexec/beacon/beacon",
        "750 beacon:beacon /var/lib/beacon",
    ];
    assert_eq!(owners, expected.join("\n"), "{context}");
    assert_eq!(
        machine.sh("cat /tmp/beacon-scripts; rm /tmp/beacon-scripts"),
        "preinstall 1\npostinstall 1",
        "{context}"
    );
    // The service reads its configuration and fills its state folder.
    machine.sh("setpriv --reuid=beacon --regid=beacon --init-groups timeout 1 /usr/bin/beacon || [ $? = 124 ]");
    machine.sh("test -s /var/lib/beacon/alive");

    machine.sh("for file in beacon.conf conf.d/interval.conf; do echo '# mine' >/etc/beacon/$file; done");
    machine.sh(&format!("{RPM} -U {}", files("2")));
    let read = |file: &str| machine.sh(&format!("cat /etc/beacon/{file}"));
    assert_eq!([read("beacon.conf"), read("conf.d/interval.conf.rpmsave")], ["# mine", "# mine"], "{context}");
    assert_eq!(read("beacon.conf.rpmnew"), "FILE=/var/lib/beacon/seen", "{context}");
    assert_eq!(read("conf.d/interval.conf"), "INTERVAL=30", "{context}");
    let scripts = machine.sh("cat /tmp/beacon-scripts; rm /tmp/beacon-scripts");
    assert_eq!(scripts, "preinstall 2\npostinstall 2\npreremove 1\npostremove 1", "{context}");

    machine.sh(&format!("{RPM} -e {}", PACKAGES.join(" ")));
    assert_eq!(machine.sh("cat /tmp/beacon-scripts"), "preremove 0\npostremove 0", "{context}");
    let left: Vec<String> = list().difference(&before).cloned().collect();
    let kept = [
        "/etc/beacon",
        "/etc/beacon/beacon.conf.rpmnew",
        "/etc/beacon/beacon.conf.rpmsave",
        "/etc/beacon/conf.d",
        "/etc/beacon/conf.d/interval.conf.rpmsave",
        "/var/lib/beacon",
        "/var/lib/beacon/alive",
    ];
    assert_eq!(left, kept, "{context}");
}

/// Debian's rpm and dnf keep their database in the home folder, within the root that they install to.
fn at_home(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments).env("HOME", "/var/lib/db").env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}:\n{}", text(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
#[ignore = "needs a real engine: make real"]
fn dnf_moves_packages_of_a_release_together() {
    let image = referee::of("trixie").expect("an image of trixie");
    for (id, end, _) in PLATFORMS {
        let (root, repository) = (referee::root(&image), tempfile::tempdir().expect("a folder"));
        let [root, repository] = [root.path(), repository.path()].map(|path: &Path| path.to_str().expect("UTF-8"));
        let folder = BUILT.folder(id);
        run("sh", &["-euc", "cp \"$1\"/*.rpm \"$2\"", "sh", folder.to_str().expect("UTF-8"), repository]);
        run("createrepo_c", &["--quiet", repository]);
        let (from, cache) = (format!("ours,file://{repository}"), format!("--setopt=cachedir={repository}/cache"));
        let dnf = |verb: &str, what: &str| {
            let common = ["--installroot", root, "--releasever", "1", "--repofrompath", &from, "--repo", "ours"];
            let more = ["--nogpgcheck", "-y", "-q", "--setopt=plugins=0", &cache, verb, what];
            at_home("dnf", &[&common[..], &more].concat());
            let installed = at_home("rpm", &["--root", root, "-qa", "--qf", "%{NAME}-%{RELEASE} "]);
            let mut installed: Vec<String> = installed.split_whitespace().map(str::to_owned).collect();
            installed.sort();
            installed
        };
        let names = |all: &[(&str, u8)]| -> Vec<String> {
            all.iter().map(|(name, release)| format!("{name}-{release}.{end}")).collect()
        };
        let all = |release| names(&[("beacon", release), ("beacon-distro", 1), ("beacon-plugins", release)]);
        dnf("install", &format!("beacon-distro-{TAG}-1.{end}"));
        assert_eq!(dnf("install", &format!("beacon-plugins-{TAG}-1.{end}")), all(1));
        assert_eq!(at_home("rpm", &["--root", root, "-V", "beacon", "beacon-plugins"]), "");
        assert_eq!(dnf("upgrade", "beacon"), all(2));
        assert_eq!(dnf("remove", "beacon"), names(&[("beacon-distro", 1)]));
    }
}

#[test]
#[ignore = "needs a real engine: make real"]
fn rpmlint_says_nothing_unexplained_of_them() {
    let explained = include_str!("../data/rpmlint.txt");
    let is_known = |finding: &str| {
        let mut known = explained.lines().filter_map(|line| line.split_once(" # "));
        known.any(|(beginning, _)| finding.starts_with(beginning))
    };
    for platform in PLATFORMS {
        let files = PACKAGES.map(|name| BUILT.package(name, "1", platform));
        let output = Command::new("rpmlint").args(&files).env("LC_ALL", "C.UTF-8").output().expect("rpmlint");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("3 packages and 0 specfiles checked"), "{said}");
        let findings = said.lines().filter(|line| line.starts_with("beacon"));
        let findings = findings.filter_map(|line| Some(line.split_once(".noarch: ")?.1));
        let unexplained: Vec<&str> = findings.filter(|finding| !is_known(finding)).collect();
        assert!(unexplained.is_empty(), "{unexplained:#?}");
    }
}
