//! `show`: what it says of every format, and whether the formats' own tools say the same.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    packages::{answer, changed, dpkg_deb, ours, rpmbuild, shown},
    project::Project,
    rpm::said,
};

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// The texts under a key of all objects of a list.
fn texts<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().filter_map(|value| value[key].as_str()).collect()
}

#[test]
fn every_format_is_shown() {
    let project = Project::new();
    for (file, name) in ours(&project, "2.5.11", "port = 80\n").iter().zip(["deb", "rpm", "archive"]) {
        project.filters().bind(|| {
            insta::assert_snapshot!(format!("every_format_is_shown-{name}"), project.done(&["show", file]).stdout);
            insta::assert_snapshot!(format!("every_format_is_shown-{name}-json"), pretty(&shown(&project, file)));
        });
    }
}

#[test]
fn values_are_whole_for_machines() {
    let project = Project::new();
    let [deb, ..] = ours(&project, "2.5.11", "port = 80\n");
    let value = shown(&project, &deb);
    assert_eq!(value["event"], "package");
    assert_eq!(value["fields"]["Description"], "Example of a package\nIt shows what a package holds.");
    let files = value["files"].as_array().unwrap();
    let of = |path: &str| files.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{value}"));
    assert_eq!(of("/etc/app/keep.conf")["size"], 10, "a number");
    assert_eq!(of("/etc/app/keep.conf")["marks"][0], "conffile");
    assert_eq!(of("/opt/app/run-as-root")["mode"], "4755");
    assert!(value["scripts"][0]["text"].as_str().unwrap().lines().count() > 3, "{value}");
    let sha256 = said("sha256sum", &[&deb], project.folder()).unwrap();
    assert!(sha256.starts_with(value["digests"][0]["value"].as_str().unwrap()), "{sha256}");
}

#[test]
fn what_differs_is_shown() {
    let project = Project::new();
    let [deb, rpm, tar] = ours(&project, "2.5.11", "port = 80\n");
    let [next_deb, next_rpm, next_tar] = ours(&project, "2.5.12", "port = 8080\n");
    for (one, other, name) in [(&deb, &next_deb, "deb"), (&rpm, &next_rpm, "rpm"), (&tar, &next_tar, "archive")] {
        let run = project.done(&["show", one, other]);
        project.filters().bind(|| insta::assert_snapshot!(format!("what_differs_is_shown-{name}"), run.stdout));
        assert!(project.done(&["show", one, one]).stdout.contains("no difference"));
    }
    let json = answer(&project.done(&["show", "--output", "json", &deb, &next_deb]));
    project.filters().bind(|| insta::assert_snapshot!("what_differs_is_shown-json", pretty(&json)));
    // Of two formats only the files are compared.
    let run = project.done(&["show", &rpm, &tar]);
    run.says(&["one is rpm, the other tar", "only the files that both install"]);
    let preset = "/usr/lib/systemd/system-preset/80-app.preset";
    assert!(run.stdout.contains(preset) && run.stdout.contains("1 difference\n"), "what only rpm's writer adds: {run}");
    let run = project.done(&["show", &rpm, &next_tar]);
    assert!(run.stdout.contains("etc/app/keep.conf") && run.stdout.contains("10 B -> 12 B"), "{run}");
}

#[test]
fn what_cannot_be_shown_is_said() {
    let project = Project::new();
    project.write("x.deb", "");
    project.run(&["show", "x.deb"]).assert_code(4).says(&["`x.deb` cannot be shown", "it was cut off"]);
    project.write(
        "x.rpm",
        "<html>an error page of a server, as some mirrors give it</html>, and more than 96 bytes of it, too",
    );
    project.run(&["show", "x.rpm"]).assert_code(4).says(&["neither a Debian nor an rpm package"]);
    project.write("x.apk", "");
    project.run(&["show", "x.apk"]).assert_code(2).says(&["as Alpine packages are", "known: .deb, .rpm"]);
    project.write("notes.txt", "");
    project.run(&["show", "notes.txt"]).assert_code(2).says(&["of no kind that is known here", "known: .deb, .rpm"]);
    project.write("SHA256SUMS", "");
    project
        .run(&["show", "SHA256SUMS"])
        .assert_code(2)
        .says(&["is a list of checksums", "`factory verify SHA256SUMS`"]);
    project.run(&["show", "x.tar.gz"]).assert_code(2).says(&["is not there"]);
    project.run(&["show", "etc"]).assert_code(2).says(&["is no package's folder"]);
}

/// `control` as dpkg-deb prints a field: further lines without their blank.
fn unfolded(text: &str) -> String {
    let lines = text.trim_end_matches('\n').lines();
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn dpkg_deb_says_the_same() {
    let project = Project::new();
    let [own, ..] = ours(&project, "2.5.11", "port = 80\n");
    let mut all = vec![own];
    for (options, name) in [
        (&["-Zgzip"][..], "gzip.deb"),
        (&["-Zxz", "--uniform-compression"], "xz.deb"),
        (&["-Zzstd", "--uniform-compression"], "zstd.deb"),
        (&["-Znone", "--no-uniform-compression"], "none.deb"),
    ] {
        let Some(file) = dpkg_deb(&project, options, name) else { return };
        all.push(file);
    }
    for file in &all {
        let value = shown(&project, file);
        for (field, shown) in value["fields"].as_object().unwrap() {
            let theirs = said("dpkg-deb", &["-f", file, field], project.folder()).unwrap();
            assert_eq!(unfolded(&theirs), shown.as_str().unwrap(), "{file}: {field}");
        }
        let fields = said("dpkg-deb", &["-f", file], project.folder()).unwrap();
        let count = fields.lines().filter(|line| !line.starts_with(' ')).count();
        assert_eq!(count, value["fields"].as_object().unwrap().len(), "{fields}");
        assert_eq!(
            ours_as_listed(&value),
            listed(&said("dpkg-deb", &["-c", file], project.folder()).unwrap()),
            "{file}"
        );
        for name in texts(&value["scripts"], "name") {
            let theirs = said("dpkg-deb", &["-I", file, name], project.folder()).unwrap();
            let script = value["scripts"].as_array().unwrap().iter().find(|script| script["name"] == name).unwrap();
            assert_eq!(theirs, script["text"].as_str().unwrap(), "{file}: {name}");
        }
    }
    let value = shown(&project, &all[1]);
    let relations: Vec<String> = value["relations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{}: {}", it["kind"].as_str().unwrap(), it["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        relations,
        [
            "Pre-Depends: dpkg (>= 1.17)",
            "Depends: bash (>= 4) | dash",
            "Depends: sed",
            "Breaks: old-strange (<< 2)",
            "Provides: strange-api (= 2)",
            "Triggers: activate-noawait ldconfig",
        ]
    );
    assert_eq!(value["scripts"][1]["interpreter"], "/usr/bin/perl -w");
}

/// `mode owner/group size path` of each line of `dpkg-deb --contents`; no size of what is no file.
fn listed(text: &str) -> BTreeSet<String> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let path = words[5..].join(" ").trim_start_matches("./").trim_end_matches('/').to_owned();
        let size = if words[0].starts_with('-') { words[2] } else { "-" };
        let path = path.replace(" link to ./", " link to ");
        (!path.is_empty()).then(|| format!("{} {} {size} {path}", &words[0][1..], words[1]))
    };
    text.lines().filter_map(line).collect()
}

/// The same of what is shown.
fn ours_as_listed(value: &Value) -> BTreeSet<String> {
    let line = |file: &Value| {
        let path = file["path"].as_str().unwrap().trim_start_matches('/');
        let (size, path) = match (file["kind"].as_str().unwrap(), file["target"].as_str()) {
            ("symlink", Some(target)) => ("-".to_owned(), format!("{path} -> {target}")),
            ("hardlink", Some(target)) => {
                ("-".to_owned(), format!("{path} link to {}", target.trim_start_matches('/')))
            }
            ("dir", _) => ("-".to_owned(), path.to_owned()),
            _ => (file["size"].to_string(), path.to_owned()),
        };
        let (owner, group) = (file["owner"].as_str().unwrap(), file["group"].as_str().unwrap());
        format!("{} {owner}/{group} {size} {path}", letters(file["mode"].as_str().unwrap()))
    };
    value["files"].as_array().unwrap().iter().map(line).collect()
}

/// Permission bits as ls(1) writes them.
fn letters(mode: &str) -> String {
    let bits = u32::from_str_radix(mode, 8).unwrap();
    let mut text = String::new();
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let own = bits >> shift;
        text.push(if own & 4 != 0 { 'r' } else { '-' });
        text.push(if own & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & special != 0, own & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

#[test]
fn rpm_says_the_same() {
    let project = Project::new();
    let [_, own, _] = ours(&project, "2.5.11", "port = 80\n");
    let mut all = vec![own];
    for payload in ["w9.gzdio", "w2.xzdio", "w3.zstdio", "w2.lzdio", "w.ufdio"] {
        let Some(file) = rpmbuild(&project, payload) else { return };
        all.push(file);
    }
    for file in &all {
        let value = shown(&project, file);
        let ask = |arguments: &[&str]| {
            said("rpm", &[&["-qp", "--nosignature"], arguments, &[file]].concat(), project.folder())
        };
        for (field, shown) in value["fields"].as_object().unwrap() {
            let query = if field == "BuildTime" { "%{BUILDTIME:date}".to_owned() } else { format!("%{{{field}}}") };
            let Some(theirs) = ask(&["--qf", &query]) else { return };
            if field != "BuildTime" {
                assert_eq!(theirs, shown.as_str().unwrap(), "{file}: {field}");
            }
        }
        let theirs =
            ask(&["--qf", "[%{FILEMODES:octal} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEFLAGS:fflags} %{FILENAMES}\n]"])
                .unwrap();
        assert_eq!(rpm_files(&value), theirs.lines().map(str::to_owned).collect::<Vec<_>>(), "{file}");
        for (kind, option) in [
            ("Requires", "--requires"),
            ("Provides", "--provides"),
            ("Conflicts", "--conflicts"),
            ("Obsoletes", "--obsoletes"),
            ("Recommends", "--recommends"),
        ] {
            let theirs = ask(&[option]).unwrap();
            let mut lines: Vec<&str> = theirs.lines().collect();
            let all = value["relations"].as_array().unwrap().iter();
            let mut own: Vec<&str> = all
                .filter(|it| it["kind"].as_str().unwrap().split('(').next() == Some(kind))
                .map(|it| it["text"].as_str().unwrap())
                .collect();
            for list in [&mut lines, &mut own] {
                list.sort_unstable();
                list.dedup();
            }
            assert_eq!(own, lines, "{file}: {kind}");
        }
        let theirs = ask(&["--qf", "[%{FILESIZES} %{FILEDIGESTS} %{FILENAMES}\n]"]).unwrap();
        for line in theirs.lines() {
            let [size, digest, path] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { continue };
            let files = value["files"].as_array().unwrap();
            let part = files.iter().find(|part| part["path"] == path).unwrap();
            if part["kind"] == "file" && !digest.is_empty() {
                assert_eq!(
                    (part["size"].to_string().as_str(), part["sha256"].as_str()),
                    (size, Some(digest)),
                    "{path}"
                );
            }
        }
    }
    let value = shown(&project, &all[1]);
    project.filters().bind(|| {
        insta::assert_snapshot!("rpm_says_the_same", project.done(&["show", &all[1]]).stdout.replace(&all[1], "FILE"));
    });
    assert_eq!(texts(&value["scripts"], "name"), ["%post", "%postun", "%trigger 1"]);
    assert_eq!(value["scripts"][0]["text"], "echo installed");
    assert_eq!(value["change"]["text"], "- Second change.");
    assert!(texts(&value["relations"], "kind").contains(&"Requires(post)"), "{value}");
    let run = value["files"].as_array().unwrap().iter().find(|file| file["path"] == "/opt/strange/run").unwrap();
    assert_eq!(run["capabilities"], "cap_net_bind_service=ep");
}

/// `mode user group flags path`, the flags in rpm's letters.
fn rpm_files(value: &Value) -> Vec<String> {
    let line = |file: &Value| {
        let kind = match file["kind"].as_str().unwrap() {
            "dir" => "04",
            "symlink" => "12",
            _ => "10",
        };
        let marks: Vec<&str> = file["marks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let letter = |mark: &str, letter: &str| if marks.contains(&mark) { letter.to_owned() } else { String::new() };
        let flags: String = [
            ("doc", "d"),
            ("config", "c"),
            ("missingok", "m"),
            ("noreplace", "n"),
            ("ghost", "g"),
            ("license", "l"),
            ("readme", "r"),
            ("artifact", "a"),
        ]
        .map(|(mark, sign)| letter(mark, sign))
        .concat();
        let text = |key: &str| file[key].as_str().unwrap();
        format!(
            "{}{} {} {} {flags} {}",
            kind.trim_start_matches('0'),
            text("mode"),
            text("owner"),
            text("group"),
            text("path")
        )
    };
    value["files"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn a_payload_that_is_not_read_is_said() {
    let project = Project::new();
    let Some(file) = rpmbuild(&project, "w9.bzdio") else { return };
    // What it says of its payload is made another word.
    let file = changed(&project, &file, "lrzip.rpm", |bytes: &mut Vec<u8>| {
        let places: Vec<usize> =
            bytes.windows(6).enumerate().filter(|(_, word)| word == b"bzip2\0").map(|(at, _)| at).collect();
        assert!(!places.is_empty(), "rpmbuild says how it packs");
        for at in places {
            bytes[at..at + 5].copy_from_slice(b"lrzip");
        }
    });
    let run = project.done(&["show", &file]);
    run.says(&["a payload compressed with lrzip", "only gzip, bzip2, xz, zstd and lzma are read"]);
    assert!(run.stdout.contains("/opt/strange/run") && run.stdout.contains("bash >= 4"), "its header is: {run}");
    project.run(&["verify", &file]).assert_code(4).says(&["a payload compressed with lrzip"]);
}
