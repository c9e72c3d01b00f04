//! Package files for `show` and `verify`: those that the program writes, those that dpkg-deb, rpmbuild and tar make, and broken ones.

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use factory::format::{Codec, Format as _, Meta, archive::Archive, deb::Deb};
use serde_json::Value;

use crate::{
    project::{Project, Run},
    rpm::{app, files, said, written},
};

/// What the program writes of one tree: a deb, an rpm, an archive. The names of the files.
pub fn ours(project: &Project, version: &str, port: &str) -> [String; 3] {
    let (tree, meta) = (files(port), app(version));
    let deb = Meta {
        depends: vec!["python3 (>= 3.6)".to_owned(), "sudo".to_owned()],
        suite: "bookworm".to_owned(),
        section: "admin".to_owned(),
        ..app(version)
    };
    let folder = project.folder();
    let write = |name: String, write: &dyn Fn(&mut Cursor<Vec<u8>>)| {
        let mut out = Cursor::new(Vec::new());
        write(&mut out);
        fs::write(folder.join(&name), out.into_inner()).unwrap();
        name
    };
    let writer = Deb { codec: Codec::Xz, threads: 1 };
    let deb = write(writer.file_name(&deb), &|out| writer.write(&tree, &deb, None, out).unwrap());
    let rpm = written(folder, Codec::Zstd, &tree, &meta);
    let archive = Archive { codec: Codec::Gzip, threads: 1 };
    let tar = write(archive.file_name(&meta), &|out| archive.write(&tree, &meta, None, out).unwrap());
    [deb, rpm.file_name().unwrap().to_str().unwrap().to_owned(), tar]
}

/// A folder as dpkg-deb takes it: a control file, scripts, triggers, a configuration file, links.
fn debian_tree(project: &Project) -> PathBuf {
    let root = project.path("tree");
    let control = "Package: strange\nSource: stranger\nVersion: 1:2.0~rc1-3+b1\nArchitecture: all\nMaintainer: A. Stranger <a@example.org>\n\
                   Installed-Size: 12\nPre-Depends: dpkg (>= 1.17)\nDepends: bash (>= 4) | dash, sed\nBreaks: old-strange (<< 2)\n\
                   Provides: strange-api (= 2)\nSection: misc\nPriority: optional\nX-Own: something\nDescription: somebody else's\n It is built\n .\n with dpkg-deb.\n";
    for (path, text) in [
        ("DEBIAN/control", control),
        ("DEBIAN/conffiles", "/etc/strange.conf\n"),
        ("DEBIAN/triggers", "# of ours\nactivate-noawait ldconfig\n"),
        ("DEBIAN/postinst", "#!/bin/sh\nset -e\necho \"$1\"\n"),
        ("DEBIAN/prerm", "#!/usr/bin/perl -w\nexit 0;\n"),
        ("DEBIAN/templates", "Template: strange/q\nType: note\n"),
        ("etc/strange.conf", "port = 80\n"),
        ("usr/bin/strange", "#!/bin/sh\necho hi\n"),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::hard_link(root.join("usr/bin/strange"), root.join("usr/bin/same")).unwrap();
    std::os::unix::fs::symlink("strange", root.join("usr/bin/link")).unwrap();
    for (path, mode) in [("DEBIAN/postinst", 0o755), ("DEBIAN/prerm", 0o755), ("usr/bin/strange", 0o4755)] {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    root
}

/// What dpkg-deb makes of it with these options.
pub fn dpkg_deb(project: &Project, options: &[&str], name: &str) -> Option<String> {
    let root = project.path("tree");
    let root = if root.exists() { root } else { debian_tree(project) };
    let sums = "(cd tree && find usr etc -type f -exec md5sum {} +) > tree/DEBIAN/md5sums";
    said("sh", &["-c", sums], project.folder())?;
    let arguments = [&["--root-owner-group"], options, &["--build", root.to_str().unwrap(), name]].concat();
    said("dpkg-deb", &arguments, project.folder())?;
    Some(name.to_owned())
}

/// A spec file with everything that a header can have.
const SPEC: &str = "Name: strange
Version: 2.0~rc1
Release: 3
Epoch: 1
Summary: somebody else's
License: MIT
URL: https://example.org
Vendor: Strangers
BuildArch: noarch
Requires: bash >= 4
Requires(post): sed
Recommends: curl
Conflicts: old-strange < 2
Obsoletes: older-strange
Provides: strange-api = 2
%description
It is built
with rpmbuild.
%install
mkdir -p %{buildroot}/etc %{buildroot}/opt/strange %{buildroot}/var/log %{buildroot}/usr/share/doc/strange
echo 'port = 80' > %{buildroot}/etc/strange.conf
echo run > %{buildroot}/opt/strange/run
ln %{buildroot}/opt/strange/run %{buildroot}/opt/strange/same
ln -s run %{buildroot}/opt/strange/link
echo read > %{buildroot}/usr/share/doc/strange/README
touch %{buildroot}/var/log/strange.log
%post
echo installed
%postun -p /bin/sh
echo removed
%triggerin -- nginx
echo nginx came
%files
%config(noreplace) /etc/strange.conf
%dir %attr(0750, root, strange) /opt/strange
%attr(4755, root, root) %caps(cap_net_bind_service=ep) /opt/strange/run
%attr(4755, root, root) %caps(cap_net_bind_service=ep) /opt/strange/same
/opt/strange/link
%doc /usr/share/doc/strange/README
%ghost /var/log/strange.log
%changelog
* Tue Nov 14 2023 A. Stranger <a@example.org> - 1:2.0~rc1-3
- Second change.
* Mon Nov 13 2023 A. Stranger <a@example.org> - 1:2.0~rc1-2
- First change.
";

/// What rpmbuild makes with a payload like `w9.gzdio`: the path of the file.
pub fn rpmbuild(project: &Project, payload: &str) -> Option<String> {
    project.write("strange.spec", SPEC);
    let top = project.path("top").display().to_string();
    let define = [
        format!("_topdir {top}"),
        format!("_rpmdir {top}/{payload}"),
        format!("_binary_payload {payload}"),
        "_buildhost example".to_owned(),
        "use_source_date_epoch_as_buildtime 1".to_owned(),
        "clamp_mtime_to_source_date_epoch 1".to_owned(),
    ];
    let mut arguments = vec!["-bb", "--quiet"];
    for text in &define {
        arguments.extend(["--define", text]);
    }
    arguments.push("strange.spec");
    said("rpmbuild", &arguments, project.folder())?;
    Some(format!("top/{payload}/noarch/strange-2.0~rc1-3.noarch.rpm"))
}

/// A tar of regular files with these names, whatever they are; in gzip.
pub fn tar_gz(names: &[&str]) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut out = tar::Builder::new(gz);
    for name in names {
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        out.append(&header, &b"a\n"[..]).unwrap();
    }
    out.into_inner().unwrap().finish().unwrap()
}

/// An ar archive.
pub fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in members {
        bytes.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len()).bytes());
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}

/// Writes a changed copy of a file.
pub fn changed(project: &Project, file: &str, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = fs::read(project.path(file)).unwrap();
    change(&mut bytes);
    fs::write(project.path(name), bytes).unwrap();
    name.to_owned()
}

/// The one answer of a run with `--output json`, without the time of day.
pub fn answer(run: &Run) -> Value {
    let answers = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut answers: Vec<Value> = answers.filter(|value| value["event"] != "notice").collect();
    assert_eq!(answers.len(), 1, "{run}");
    let mut answer = answers.remove(0);
    answer.as_object_mut().unwrap().remove("time");
    answer
}

/// What `show` says of a file, whole.
pub fn shown(project: &Project, file: &str) -> Value {
    answer(&project.done(&["show", "--output", "json", file]))
}

/// Whether a path is there, for tests that look for their tools' work.
pub fn exists(project: &Project, path: impl AsRef<Path>) -> bool {
    project.folder().join(path).exists()
}
