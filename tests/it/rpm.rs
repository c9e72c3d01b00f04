//! What rpm's own tools say of a package, and what rpmbuild makes of the same files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
};

use factory::{
    format::{
        ChangelogEntry, Codec, Format as _, Meta, Scripts, Unit, User,
        rpm::{Rpm, UNIT_DIR},
    },
    names::{ArchName, PackageName, UserName},
    stage::{Entry, Kind, Owner, Role, Spool, Tree, TreePath},
};

pub const EPOCH: i64 = 1_700_000_000;
pub const CODECS: [Codec; 3] = [Codec::Gzip, Codec::Xz, Codec::Zstd];
const UNIT: &str =
    "[Unit]\nDescription=App\n[Service]\nExecStart=/opt/app/run\n[Install]\nWantedBy=multi-user.target\n";

/// What a tool says on stdout; `None`, with a line on stderr, where it is not installed.
pub fn said(tool: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let mut command = Command::new(tool);
    // dnf and Debian's rpm keep their database in the home folder, within the root that they install to.
    command.args(arguments).current_dir(folder).env("LC_ALL", "C.UTF-8").env("TZ", "UTC").env("HOME", "/var/lib/db");
    command.env("SOURCE_DATE_EPOCH", EPOCH.to_string());
    let output = match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: {tool} is not installed");
            return None;
        }
        output => output.unwrap(),
    };
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{tool} {arguments:?}:\n{out}\n{errors}");
    Some(out.into_owned())
}

/// A package of one summary and nothing else.
pub fn plain(name: &str, version: &str) -> Meta {
    Meta {
        name: PackageName::new(name).unwrap(),
        version_epoch: 0,
        version: version.to_owned(),
        revision: "1".to_owned(),
        platform: "debian-12".to_owned(),
        arch: ArchName::new("noarch").unwrap(),
        maintainer: "Example Team <packages@example.org>".to_owned(),
        summary: "Example of a package".to_owned(),
        description: "It shows what a package holds.".to_owned(),
        homepage: "https://example.org".to_owned(),
        license: "AGPL-3.0-only".to_owned(),
        copyright: "2026 Example Team".to_owned(),
        license_text: String::new(),
        section: "Applications/System".to_owned(),
        priority: "optional".to_owned(),
        suite: "el9".to_owned(),
        depends: Vec::new(),
        pre_depends: Vec::new(),
        recommends: Vec::new(),
        enhances: Vec::new(),
        suggests: Vec::new(),
        conflicts: Vec::new(),
        breaks: Vec::new(),
        replaces: Vec::new(),
        provides: Vec::new(),
        users: Vec::new(),
        units: Vec::new(),
        scripts: Scripts::default(),
        changelog: vec![ChangelogEntry {
            version: format!("{version}-1"),
            date: EPOCH,
            changes: vec!["One change.".to_owned(), "Another one.".to_owned()],
        }],
        overrides: Vec::new(),
        epoch: EPOCH,
    }
}

/// A package with everything that one can have.
pub fn app(version: &str) -> Meta {
    let user = User {
        name: UserName::new("app").unwrap(),
        home: "/var/lib/app".to_owned(),
        shell: "/sbin/nologin".to_owned(),
        comment: "It's the app".to_owned(),
    };
    let unit = |name: &str| Unit { name: name.to_owned(), enable: true, start: true };
    let part = |name: &str| format!("echo \"{name} $1\" >>/log");
    Meta {
        depends: vec!["python3 >= 3.6".to_owned(), "sudo".to_owned()],
        users: vec![user],
        units: vec![unit("app.service"), unit("app-worker@.service")],
        scripts: Scripts {
            preinstall: part("preinstall"),
            postinstall: part("postinstall"),
            preremove: part("preremove"),
            postremove: part("postremove"),
        },
        ..plain("app", version)
    }
}

/// Its files; `port` is what its configuration says.
pub fn files(port: &str) -> Tree {
    let mut tree = Tree::new(Spool::new().unwrap());
    let (keep, replace) =
        (Role::Config { noreplace: true, missingok: false }, Role::Config { noreplace: false, missingok: false });
    let (unit, template) = (format!("{UNIT_DIR}/app.service"), format!("{UNIT_DIR}/app-worker@.service"));
    for (path, text, mode, role) in [
        ("etc/app/keep.conf", port, 0o640, keep),
        ("etc/app/replace.conf", port, 0o644, replace),
        (&unit, UNIT, 0o644, Role::Plain),
        (&template, UNIT, 0o644, Role::Plain),
        ("opt/app/run", "#!/bin/sh\n", 0o755, Role::Plain),
        ("opt/app/run-as-root", "#!/bin/sh\n:\n", 0o4755, Role::Plain),
        ("opt/app/zürich", "", 0o644, Role::Plain),
        ("usr/share/doc/app/README", "Read me.\n", 0o644, Role::Doc),
        ("usr/share/licenses/app/LICENSE", "Terms.\n", 0o644, Role::License),
    ] {
        tree.add_bytes(path_of(path), text.as_bytes(), mode, EPOCH + 99, role, "a test").unwrap();
    }
    let own = Owner { user: "app".to_owned(), group: "app".to_owned() };
    let same = Kind::Hardlink { target: path_of("opt/app/run") };
    let link = Kind::Symlink { target: "run".to_owned() };
    for (path, kind, mode, owner, role) in [
        ("etc/app", Kind::Dir, 0o755, Owner::root(), Role::Plain),
        ("opt/app", Kind::Dir, 0o755, Owner::root(), Role::Plain),
        ("opt/app/start", link, 0o777, Owner::root(), Role::Plain),
        ("opt/app/walk", same.clone(), 0o755, Owner::root(), Role::Plain),
        ("opt/app-too", same, 0o755, Owner::root(), Role::Plain),
        ("usr/share/doc/app", Kind::Dir, 0o755, Owner::root(), Role::Plain),
        ("usr/share/licenses/app", Kind::Dir, 0o755, Owner::root(), Role::Plain),
        ("var/lib/app", Kind::Dir, 0o2750, own, Role::State),
    ] {
        tree.add(path_of(path), Entry { kind, mode, owner, mtime: EPOCH - 1, role, origin: "a test".into() }).unwrap();
    }
    // `opt/app-too` sorts behind `opt/app/run` in a tree, and before it in a package.
    tree.settle_links();
    tree
}

pub fn path_of(path: &str) -> TreePath {
    TreePath::new(path).unwrap()
}

/// Writes a package into a folder under its own name.
pub fn written(folder: &Path, codec: Codec, tree: &Tree, meta: &Meta) -> PathBuf {
    let rpm = Rpm::new(codec);
    let mut out = Cursor::new(Vec::new());
    rpm.write(tree, meta, None, &mut out).unwrap();
    let file = folder.join(rpm.file_name(meta));
    fs::write(&file, out.into_inner()).unwrap();
    file
}

#[test]
fn rpm_reads_every_codec() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut seen = BTreeSet::new();
    for codec in CODECS {
        let file = written(here, codec, &files("1\n"), &app("2.5.11~rc1"));
        assert_eq!(file.file_name().unwrap(), "app-2.5.11~rc1-1.noarch.rpm");
        let file = file.to_str().unwrap();
        let Some(digests) = said("rpm", &["-Kv", "--nosignature", file], here) else { return };
        for digest in
            ["Header SHA256 digest: OK", "Header SHA1 digest: OK", "Payload SHA256 digest: OK", "MD5 digest: OK"]
        {
            assert!(digests.contains(digest), "{digests}");
        }
        let listed = said("sh", &["-c", "rpm2cpio \"$1\" | cpio --quiet -t", "sh", file], here).unwrap();
        let mut names: Vec<String> = listed.lines().map(|line| line.trim_start_matches('.').to_owned()).collect();
        names.sort();
        let files = said("rpm", &["-qlp", file], here).unwrap();
        assert_eq!(names, files.lines().collect::<Vec<_>>());
        let info =
            said("rpm", &["-qp", "--info", "--dump", "--changelog", "--requires", "--provides", file], here).unwrap();
        seen.insert(info.replace("PayloadIsZstd) <= 5.4.18-1", "PayloadIsXz) <= 5.2-1"));
    }
    // gzip asks for nothing; apart from that all say the same.
    assert_eq!(seen.len(), 2);
    let info = seen.iter().find(|info| info.contains("PayloadIsXz")).unwrap();
    insta::assert_snapshot!(info);
}

/// Tags that only one of both packages has, and why.
const TAGS: [(&str, &str); 10] = [
    ("Buildhost", "rpmbuild's is the machine's name"),
    ("Classdict", "the kinds that file(1) found: nothing asks for them"),
    ("Fileclass", "as above"),
    ("Filecolors", "32 or 64 bits of each file, for systems that mix both"),
    ("Filedependsx", "which file a relation came from"),
    ("Filedependsn", "as above"),
    ("Dependsdict", "as above"),
    ("Optflags", "flags of a compiler: there was none"),
    ("Platform", "the machine that it was built on"),
    ("Ordername", "`%systemd_ordering`, which the test's spec file does without"),
];

/// Per tag what rpmbuild says otherwise, and why.
const VALUES: [(&str, &str); 16] = [
    ("Requirename", "compared line by line: rpmbuild takes complete sets of hard links for partial ones"),
    ("Requireflags", "as above"),
    ("Requireversion", "as above"),
    ("Prein", "the spec file only says that there is one"),
    ("Postin", "as above"),
    ("Preun", "as above"),
    ("Postun", "as above"),
    ("Buildhost", "the machine's name"),
    ("Buildtime", "rpmbuild takes the changelog's, or the clock's"),
    ("Rpmversion", "rpmbuild's own"),
    ("Sha1header", "follows from the rest"),
    ("Sha256header", "follows from the rest"),
    ("Sigmd5", "follows from the rest"),
    ("Sigsize", "follows from the rest"),
    ("Payloaddigest", "follows from the codec's settings"),
    ("Payloaddigestalt", "inode numbers, times of links and link counts of folders are the build machine's"),
];

/// What rpmbuild is told: the same files, in the words of a spec file.
const SPEC: &str = r"
Name: app
Version: 2.5.11
Release: 1
Summary: Example of a package
License: AGPL-3.0-only
Group: Applications/System
URL: https://example.org
Packager: Example Team <packages@example.org>
BuildArch: noarch
Requires: python3 >= 3.6, sudo
Requires(pre): /usr/bin/getent, /usr/sbin/groupadd, /usr/sbin/useradd
Provides: user(app), group(app)
%description
It shows what a package holds.
%pre
:
%post
:
%preun
:
%postun
:
%files
%dir /etc/app
%attr(0640,root,root) %config(noreplace) /etc/app/keep.conf
%config /etc/app/replace.conf
%dir /opt/app
/opt/app/*
/opt/app-too
/usr/lib/systemd/system/*
/usr/lib/systemd/system-preset/*
%dir /usr/share/doc/app
%doc /usr/share/doc/app/README
%dir /usr/share/licenses/app
%license /usr/share/licenses/app/LICENSE
%attr(2750,app,app) %dir /var/lib/app
%changelog
* Tue Nov 14 2023 Example Team <packages@example.org> - 2.5.11-1
- One change.
- Another one.
";

/// The tags of a package with their values, as rpm prints them.
fn tags(file: &Path, folder: &Path) -> BTreeMap<String, String> {
    let xml = said("rpm", &["-qp", "--xml", file.to_str().unwrap()], folder).unwrap();
    let tag = |part: &str| part.split_once("\">\n").map(|(name, value)| (name.to_owned(), value.to_owned()));
    xml.split("<rpmTag name=\"").skip(1).filter_map(tag).collect()
}

#[test]
fn rpmbuild_writes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ours = written(here, Codec::Xz, &files("1\n"), &app("2.5.11"));
    let root = here.join("tree");
    fs::create_dir(&root).unwrap();
    // The files as our package has them: unpacked by another hand.
    let unpack = "cd tree; rpm2cpio \"$1\" | cpio --quiet -idm
        rpm -qp --qf '[%{FILEMTIMES} %{FILENAMES}\\n]' \"$1\" | while read -r time path; do
            touch -h -d \"@$time\" \".$path\"
        done";
    if said("rpmbuild", &["--version"], here).is_none() || said("cpio", &["--version"], here).is_none() {
        return;
    }
    said("sh", &["-ec", unpack, "sh", ours.to_str().unwrap()], here);
    let spec = SPEC.replace("%description", &format!("BuildRoot: {}\n%description", root.display()));
    let spec = spec.replace("%pre\n", "%install\nmkdir -p %{buildroot}\ncp -a ../../tree/. %{buildroot}/\n%pre\n");
    fs::write(here.join("app.spec"), spec).unwrap();
    let top = format!("_topdir {}/top", here.display());
    let defines = [
        ("_binary_payload", "w6.xzdio"),
        ("__os_install_post", "%{nil}"),
        // The first lines of scripts: here the recipe says what is needed.
        ("__requires_exclude_from", "^/opt/"),
        ("use_source_date_epoch_as_buildtime", "1"),
        ("clamp_mtime_to_source_date_epoch", "1"),
    ]
    .map(|(name, value)| format!("{name} {value}"));
    let mut arguments = vec!["-bb", "--quiet", "--define", &top];
    for define in &defines {
        arguments.extend(["--define", define]);
    }
    arguments.push("app.spec");
    said("rpmbuild", &arguments, here);
    let theirs = here.join("top/RPMS/noarch/app-2.5.11-1.noarch.rpm");

    let relations = |file: &Path| -> Vec<String> {
        let format = "[%{REQUIRENAME} %{REQUIREFLAGS} %{REQUIREVERSION}\n]";
        let listed = said("rpm", &["-qp", "--qf", format, file.to_str().unwrap()], here).unwrap();
        listed.lines().filter(|line| !line.starts_with("rpmlib(PartialHardlinkSets)")).map(str::to_owned).collect()
    };
    assert_eq!(relations(&ours), relations(&theirs));
    let (ours, theirs) = (tags(&ours, here), tags(&theirs, here));
    let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| -> Vec<String> {
        let known = |tag: &String| TAGS.iter().any(|(name, _)| tag.starts_with(name.trim_end_matches("name")));
        a.keys().filter(|tag| !b.contains_key(*tag) && !known(tag)).cloned().collect()
    };
    assert_eq!((only(&ours, &theirs), only(&theirs, &ours)), (Vec::new(), Vec::new()));
    let is_known = |tag: &String| VALUES.iter().any(|(name, _)| tag == name);
    let other: Vec<_> = ours
        .iter()
        .filter_map(|(tag, value)| Some((tag, value, theirs.get(tag)?)))
        .filter(|(tag, value, other)| value != other && !is_known(tag))
        .collect();
    assert!(other.is_empty(), "{other:#?}");
}

#[test]
fn rpmlint_finds_nothing_unexplained() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), Codec::Xz, &files("1\n"), &app("2.5.11"));
    let explained = include_str!("../data/rpmlint.txt");
    let output = match Command::new("rpmlint").arg(&file).env("LC_ALL", "C.UTF-8").output() {
        Err(_) => return eprintln!("skipped: rpmlint is not installed"),
        Ok(output) => String::from_utf8(output.stdout).unwrap(),
    };
    assert!(output.contains("1 packages and 0 specfiles checked"), "{output}");
    let findings: Vec<&str> = output.lines().filter_map(|line| line.strip_prefix("app.noarch: ")).collect();
    let reason = |finding: &str| {
        let mut known = explained.lines().filter_map(|line| line.split_once(" # "));
        known.find(|(beginning, _)| finding.starts_with(beginning)).map(|(beginning, _)| beginning)
    };
    let unexplained: Vec<&str> = findings.iter().copied().filter(|finding| reason(finding).is_none()).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}
