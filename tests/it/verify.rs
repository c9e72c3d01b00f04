//! `verify`: what is good is said to be, with what was not looked at; what is broken is refused with everything that is wrong.

use std::fs;

use crate::{
    packages::{answer, ar, changed, dpkg_deb, exists, ours, rpmbuild, tar_gz},
    project::Project,
    rpm::said,
    wapt::{signed, trust},
};

const CONTROL: &str = "Package: tools\nVersion: 1-1\nArchitecture: all\nMaintainer: A <a@b.org>\nDescription: tools\n";

/// A deb whose data holds files of these names, with this text of control and list of sums.
fn deb(project: &Project, name: &str, control: &str, sums: &str, names: &[&str]) -> String {
    let gz = |files: &[(&str, &str)]| {
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut out = tar::Builder::new(gz);
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_cksum();
            out.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        out.into_inner().unwrap().finish().unwrap()
    };
    let control = gz(&[("./control", control), ("./md5sums", sums)]);
    let bytes = ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", &control), ("data.tar.gz", &tar_gz(names))]);
    fs::write(project.path(name), bytes).unwrap();
    name.to_owned()
}

/// MD5 of `a\n`.
const SUM: &str = "60b725f10c9c85c70d97880dfe8191b3";

#[test]
fn what_is_whole_is_good_and_no_trust_is_asked_for() {
    let project = Project::new();
    let files = ours(&project, "2.5.11", "port = 80\n");
    let [deb, rpm, tar] = &files;
    let run = project.done(&["verify", deb, rpm, tar]);
    shows!(project, format!("{}---\n{}", run.stdout, run.stderr));
    let json = answer(&project.done(&["verify", "--output", "json", deb, rpm, tar]));
    assert_eq!(json["event"], "verified");
    assert_eq!(json["files"][0]["package"], "app 2.5.11-1");
    assert_eq!(json["files"][0]["state"], "ok");
    assert_eq!(json["files"][1]["faults"].as_array().unwrap().len(), 0);
    assert!(json["files"][1]["unchecked"][0].as_str().unwrap().contains("it is not signed"), "{json}");
    // What is named and does nothing is said.
    project.done(&["verify", deb, "--trust", "nowhere.crt"]).says(&["`--trust` is without effect", "WAPT packages"]);
}

#[test]
fn what_is_broken_is_refused_with_all_that_is_wrong() {
    let project = Project::new();
    let [own_deb, rpm, tar] = ours(&project, "2.5.11", "port = 80\n");
    let end = |by: usize| move |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - by);
    let flip = |from_end: usize| {
        move |bytes: &mut Vec<u8>| {
            let at = bytes.len() - from_end;
            bytes[at] ^= 1;
        }
    };
    let files = [
        changed(&project, &rpm, "payload.rpm", flip(40)),
        changed(&project, &rpm, "cut.rpm", end(100)),
        changed(&project, &own_deb, "payload.deb", flip(60)),
        changed(&project, &own_deb, "cut.deb", end(100)),
        changed(&project, &tar, "payload.tar.gz", flip(4)),
        changed(&project, &tar, "cut.tar.gz", end(100)),
        deb(
            &project,
            "sums.deb",
            CONTROL,
            &format!("{SUM}  usr/a\n{}  usr/b\n{SUM}  usr/c\n", "0".repeat(32)),
            &["./usr/a", "./usr/b"],
        ),
        deb(&project, "paths.deb", CONTROL, "", &["./usr/../../etc/passwd", "/etc/shadow", "./usr/a", "./usr/a"]),
        deb(&project, "relation.deb", &format!("{CONTROL}Depends: a (>> ), b c, good\nConflicts: -x\n"), "", &[]),
    ];
    fs::write(project.path("paths.tar.gz"), tar_gz(&["../a", "usr/a", "/etc/passwd"])).unwrap();
    let arguments: Vec<&str> =
        ["verify"].into_iter().chain(files.iter().map(String::as_str)).chain(["paths.tar.gz"]).collect();
    let run = project.run(&arguments);
    run.assert_code(4);
    shows!(project, format!("{}---\n{}", run.stdout, run.stderr));
    let json = answer(&project.run(&[&arguments[..], &["--output", "json"]].concat()));
    let faults = |at: usize| json["files"][at]["faults"].as_array().unwrap().len();
    assert!(faults(0) >= 2, "the damage and the digest of the payload: {json}");
    assert_eq!((faults(6), faults(7), faults(8)), (2, 3, 3), "{json}");
    assert_eq!(json["files"][1]["package"], "app 2.5.11-1", "what was read before the end is said: {json}");
}

#[test]
fn one_that_is_not_there_keeps_none_from_being_checked() {
    let project = Project::new();
    let [own_deb, rpm, _] = ours(&project, "2.5.11", "port = 80\n");
    let cut = changed(&project, &own_deb, "cut.deb", |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 100));
    project.write("notes.txt", "none");
    let run = project.run(&["verify", "gone.deb", &rpm, "notes.txt"]);
    run.assert_code(2).says(&[
        "2 of 3 files could not be checked",
        "`gone.deb` is not there",
        "`notes.txt` is of no kind",
    ]);
    assert!(run.stdout.contains("1 ok, 0 refused, 2 not read"), "{run}");
    let run = project.run(&["verify", "gone.deb", &cut, &rpm]);
    run.assert_code(4).says(&[
        "1 of 3 files is refused, 1 could not be checked",
        "`gone.deb` is not there",
        "cut.deb: ",
    ]);
    shows!(project, format!("{}---\n{}", run.stdout, run.stderr));
    let json = answer(&project.run(&["verify", "--output", "json", "gone.deb", &rpm]));
    assert_eq!((&json["files"][0]["state"], &json["files"][1]["state"]), (&"not read".into(), &"ok".into()), "{json}");
    // Alone it is a mistake of the command line, and nothing is listed.
    let run = project.run(&["verify", "gone.deb"]);
    run.assert_code(2);
    assert!(run.stdout.is_empty(), "{run}");
}

#[test]
fn a_link_that_leads_out_is_refused() {
    let project = Project::new();
    let link = "mkdir -p up/a && ln -s /etc up/a/l && tar --create --file=up.tar -C up a/l && \
                mkdir -p down/a/l && echo x >down/a/l/passwd && tar --append --file=up.tar -C down a/l/passwd && gzip -n up.tar";
    if said("sh", &["-c", link], project.folder()).is_none() {
        return;
    }
    project.run(&["verify", "up.tar.gz"]).assert_code(4).says(&["a/l/passwd", "is not a folder"]);
}

#[test]
fn what_is_odd_is_a_warning() {
    let project = Project::new();
    let control = "Package: Tools\nVersion: v1\nArchitecture: all\nMulti-Arch: maybe\nInstalled-Size: 1k\n";
    let file = deb(&project, "x.deb", control, &format!("{SUM}  usr/a\n"), &["./usr/a"]);
    let run = project.done(&["verify", &file]);
    run.says(&[
        "its file is called otherwise than its tools would call it: `Tools_v1_all.deb`",
        "its name `Tools` is not what Debian policy 5.6.1 has",
        "its version `v1` does not begin with a digit",
        "no `Maintainer`",
        "no `Description`",
        "`maybe` is no value of `Multi-Arch`",
        "`1k` is no value of `Installed-Size`",
    ]);
    fs::copy(project.path("x.deb"), project.path("Tools_v1_all.deb")).unwrap();
    assert!(!project.done(&["verify", "Tools_v1_all.deb"]).stderr.contains("called otherwise"));
    project.write("y.tar.gz", "no archive");
    project.run(&["verify", "y.tar.gz"]).assert_code(4).says(&["the beginning of no .gz, .xz or .zst"]);
}

#[test]
fn packages_of_others_are_good() {
    let project = Project::new();
    for (options, name) in [(&["-Zgzip"][..], "a.deb"), (&["-Zxz"], "b.deb"), (&["-Zzstd"], "c.deb")] {
        let Some(file) = dpkg_deb(&project, options, name) else { return };
        let run = project.done(&["verify", &file]);
        assert!(run.stdout.contains("strange 1:2.0~rc1-3+b1"), "{run}");
        run.says(&["`strange_2.0~rc1-3+b1_all.deb`"]);
        assert!(run.stdout.contains("not checked: `templates` of its control part"), "{run}");
    }
    for payload in ["w9.gzdio", "w9.bzdio", "w2.xzdio", "w3.zstdio", "w2.lzdio"] {
        let Some(file) = rpmbuild(&project, payload) else { return };
        let run = project.done(&["verify", &file]);
        assert!(run.stdout.contains("strange 2.0~rc1-3") && run.stderr.is_empty(), "{run}");
    }
}

#[test]
fn a_device_is_said_and_no_reason_to_refuse() {
    let project = Project::new();
    let mut out = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Char);
    header.set_size(0);
    header.set_mode(0o660);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(7);
    out.append_data(&mut header, "dev/null", std::io::empty()).unwrap();
    fs::write(project.path("dev.tar.gz"), out.into_inner().unwrap().finish().unwrap()).unwrap();
    project.done(&["verify", "dev.tar.gz"]).says(&["it has `/dev/null`, which is a character device"]);
    let run = project.done(&["show", "dev.tar.gz"]);
    assert!(
        run.stdout.contains("?rw-rw----") && run.stdout.contains("0:7") && run.stdout.contains("dev/null"),
        "{run}"
    );
}

#[test]
fn a_list_of_checksums_is_checked() {
    let project = Project::new();
    project.done(&["build", "packages"]);
    let list = "packages/debian-12/SHA256SUMS";
    assert!(exists(&project, list));
    let run = project.done(&["verify", list]);
    assert!(run.stdout.contains("2 files") && run.stdout.contains("not checked: what is in the files"), "{run}");
    let deb = project.files("packages/debian-12").into_iter().find(|file| file.ends_with(".deb")).unwrap();
    let path = format!("packages/debian-12/{deb}");
    changed(&project, &path, &path, |bytes| bytes.push(b'\n'));
    project.run(&["verify", list]).assert_code(4).says(&[&deb, "its SHA-256 is another one"]);
    fs::remove_file(project.path(&path)).unwrap();
    project.run(&["verify", list]).assert_code(4).says(&[&deb, "is not there"]);
}

#[test]
fn kinds_are_mixed_in_one_call() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.done(&["build", "./tis-new"]);
    let wapt = "tis-new_0.1.0-1_windows_DEV.wapt";
    let [deb, rpm, _] = ours(&project, "2.5.11", "port = 80\n");
    let run = project.done(&["verify", wapt, &deb, &rpm, "--trust", &trust(&project)]);
    assert!(run.stdout.contains("3 ok, 0 refused") && run.stdout.contains("tester"), "{run}");
    let json = crate::packages::shown(&project, wapt);
    let signature = json["fields"]["signature"].as_str().unwrap();
    assert!(signature.len() > 100 && !signature.contains('…'), "{json}");
    assert!(json["files"][0]["size"].is_number(), "{json}");
    assert_eq!(json["scripts"][0]["name"], "setup.py");
}
