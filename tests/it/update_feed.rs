//! Update feeds from the command line: made, published into, verified, renewed, with other keys.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::project::{Project, Run};

/// A project with a program, a feed and its keys, beside it.
pub fn with_feed() -> Project {
    let project = Project::new();
    project.write("agent", "#!/bin/sh\necho one\n");
    project.done(&["keys", "update", "--feed", "../feed", "--into", "../keys"]);
    project
}

/// Publishes with all keys.
pub fn publish(project: &Project, more: &[&str]) -> Run {
    project.run(&[&["publish", "--into", "../feed", "--keys", "../keys"], more].concat())
}

/// The file of a key, by its role.
fn key(project: &Project, folder: &str, role: &str) -> String {
    let found = fs::read_dir(project.beside(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let name = found.map(|name| name.into_string().unwrap()).find(|name| name.starts_with(role)).unwrap();
    format!("../{folder}/{name}")
}

/// What is signed in the newest metadata of a role.
fn signed(project: &Project, file: &str) -> Value {
    let text = fs::read(project.beside("feed/metadata").join(file)).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["signed"].clone()
}

#[test]
fn a_feed_is_made_and_published_into() {
    let project = Project::new();
    project.write("agent", "#!/bin/sh\necho one\n");
    let shown = project.done(&["keys", "update", "--feed", "../feed", "--into", "../keys", "--days", "30"]);
    let mut settings = project.filters();
    settings.add_filter(r"-[0-9a-f]{8}\.pem", "-[ID].pem");
    settings.add_filter(r"\d{4}-\d\d-\d\d", "[DAY]");
    settings.bind(|| insta::assert_snapshot!(shown.stdout));
    let bits = fs::metadata(project.path(&key(&project, "keys", "root"))).unwrap().permissions().mode();
    assert_eq!(bits & 0o777, 0o600);
    let few = ["agent", "--tag", "v2.8.1", "--for", "linux-x86_64", "--channel", "stable,beta", "--percent", "20"];
    let more = ["--minimum", "2.8.0", "--window", "22:00-06:00"];
    let done = publish(&project, &[&few[..], &more].concat());
    settings.bind(|| insta::assert_snapshot!(done.assert_code(0).stdout));
    let targets = signed(&project, "1.targets.json");
    settings.bind(|| insta::assert_json_snapshot!(targets["targets"]));
    let again = publish(&project, &[&few[..], &more].concat());
    assert!(again.assert_code(0).stdout.contains("nothing new, 1 file in the feed"), "{again}");
    let verified = project.done(&["verify", "../feed", "--root", "../keys/update_root.json"]);
    assert!(verified.stdout.contains("1 release, 1 file"), "{verified}");
    insta::assert_snapshot!(project.done(&["show", "../feed"]).stdout);
    project.run(&["show", "../feed", "../feed"]).assert_code(2).says(&["is an update feed", "factory show ../feed"]);
}

#[test]
fn a_program_tells_which_machines_it_is_for() {
    let project = with_feed();
    fs::copy("/proc/self/exe", project.path("SysTracker_Agent")).unwrap();
    let done = publish(&project, &["SysTracker_Agent", "--tag", "2.8.1"]);
    let place = format!("SysTracker_Agent/2.8.1/linux-{}/SysTracker_Agent", std::env::consts::ARCH);
    assert!(done.assert_code(0).stdout.contains(&place), "{done}");
    let other = publish(&project, &["SysTracker_Agent", "--tag", "2.8.2", "--for", "windows-x86_64"]);
    other.assert_code(2).says(&["is a program for linux-", "not for windows-x86_64"]);
    publish(&project, &["agent", "--tag", "2.8.1"]).assert_code(2).says(&["does not tell which machines", "--for"]);
    let plain = publish(&project, &["agent", "--as", "docs/agent.txt"]);
    assert!(plain.assert_code(0).stdout.contains("docs/agent.txt"), "{plain}");
    assert_eq!(signed(&project, "2.targets.json")["targets"]["docs/agent.txt"].get("custom"), None);
}

#[test]
fn what_is_said_of_a_release_changes_and_its_bytes_do_not() {
    let project = with_feed();
    let release = ["agent", "--tag", "2.8.1", "--for", "test"];
    publish(&project, &release).assert_code(0);
    publish(&project, &[&release[..], &["--percent", "5"]].concat())
        .assert_code(4)
        .says(&["agent 2.8.1 for test is published already", "factory publish --change VERSION"]);
    let changed = publish(&project, &["--change", "2.8.1", "--percent", "50", "--channel", "beta"]);
    assert!(changed.assert_code(0).stdout.contains("50 %"), "{changed}");
    publish(&project, &["--withdraw", "2.8.1"]).assert_code(0);
    for more in [&["--withdraw", "2.8.1"][..], &["--change", "2.8.1", "--percent", "100"]] {
        publish(&project, more).assert_code(2).says(&["agent 2.8.1 for test was withdrawn", "a higher version"]);
    }
    let custom = &signed(&project, "3.targets.json")["targets"]["agent/2.8.1/test/agent"]["custom"];
    assert_eq!(
        (&custom["withdrawn"], &custom["percent"], &custom["channels"][0]),
        (&true.into(), &50.into(), &"beta".into())
    );
    project.write("agent", "#!/bin/sh\necho two\n");
    publish(&project, &release).assert_code(4).says(&["with other bytes", "give it a higher version"]);
    publish(&project, &["--change", "2.8.1"]).assert_code(2).says(&["nothing says what changes"]);
    publish(&project, &["--withdraw", "2.9.0"]).assert_code(2).says(&["no release 2.9.0"]);
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_written() {
    let project = with_feed();
    let before = project.beside("feed/targets").exists();
    for (more, says) in [
        (&["agent", "--tag", "2.8", "--for", "test"][..], "no version of Semantic Versioning"),
        (&["agent", "--tag", "2.8.1", "--for", "../x"], "letters, digits"),
        (&["agent", "--tag", "2.8.1", "--for", "linux-amd64"], "updaters call these machines `linux-x86_64`"),
        (&["agent", "--tag", "2.8.1", "--for", "test", "--percent", "101"], "101 is not in 0..=100"),
        (&["agent", "--tag", "2.8.1", "--for", "test", "--window", "night"], "is not a window"),
        (&["agent", "--as", "../../etc/passwd"], "cannot be the name of a target"),
        (&["agent", "--as", "NUL"], "cannot be the name of a target"),
        (&["gone", "--tag", "2.8.1", "--for", "test"], "gone"),
        (&[], "nothing says which file is published"),
        (&["--refresh", "agent"], "cannot be used with"),
        (&["--rescan"], "`--rescan` is for repositories of WAPT packages"),
    ] {
        let run = publish(&project, more);
        assert!(run.code != Some(0), "{more:?}\n{run}");
        assert!(run.stderr.contains(says), "{more:?}: {says}\n{run}");
    }
    assert_eq!(project.beside("feed/targets").exists(), before);
    project
        .run(&["publish", "agent", "--into", "../other", "--percent", "5"])
        .assert_code(2)
        .says(&["`--percent` is for update feeds", "factory keys update --feed ../other"]);
    project
        .run(&["publish", "agent", "--into", "../feed", "--for", "test"])
        .assert_code(2)
        .says(&["nothing says which keys"]);
    let stranger = ["publish", "agent", "--into", "../feed", "--for", "test", "--keys"];
    project
        .run(&[&stranger[..], &[key(&project, "keys", "online").as_str()]].concat())
        .assert_code(2)
        .says(&["targets needs 1"]);
    project.done(&["keys", "update", "--feed", "../another", "--into", "../strange"]);
    let run = project.run(&[&stranger[..], &["../strange"]].concat());
    run.assert_code(4).says(&["root 1 of the feed is not the one that the kept root leads to"]);
    project
        .run(&["keys", "update", "--feed", "../third", "--into", "../keys"])
        .assert_code(2)
        .says(&["is there already"]);
    project.run(&["keys", "update", "--feed", "../feed"]).assert_code(2).says(&["an update feed already", "--renew"]);
}

#[test]
fn the_online_key_alone_renews_a_feed() {
    let project = with_feed();
    publish(&project, &["agent", "--for", "test", "--days", "3"])
        .assert_code(0)
        .says(&["the timestamp of the feed ends on"]);
    fs::create_dir(project.beside("cron")).unwrap();
    let online = key(&project, "keys", "online");
    for file in [online.as_str(), "../keys/update_root.json"] {
        fs::copy(project.path(file), project.path(&file.replace("../keys", "../cron"))).unwrap();
    }
    let before = signed(&project, "timestamp.json");
    let run = project.done(&["publish", "--into", "../feed", "--keys", "../cron", "--refresh"]);
    assert!(!run.stderr.contains("ends on"), "{run}");
    let after = signed(&project, "timestamp.json");
    assert_eq!((&before["version"], &after["version"]), (&1.into(), &2.into()));
    assert!(before["expires"].as_str() < after["expires"].as_str());
    project.done(&["verify", "../feed"]);
}

#[test]
fn a_feed_whose_bytes_are_others_is_refused() {
    let project = with_feed();
    publish(&project, &["agent", "--for", "test"]).assert_code(0);
    let unrooted = project.done(&["verify", "../feed"]);
    assert!(
        unrooted.to_string().contains("whether its first root is the one that updaters are installed with"),
        "{unrooted}"
    );
    let folder = project.beside("feed/targets/agent/2.5.11/test");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, "#!/bin/sh\necho 0ne\n").unwrap();
    project.run(&["verify", "../feed"]).assert_code(4).says(&["is refused", "its digest is"]);
    project.done(&["keys", "update", "--feed", "../another", "--into", "../strange"]);
    let run = project.run(&["verify", "../feed", "--root", "../strange/update_root.json"]);
    run.assert_code(4).says(&["is refused", "good signatures"]);
}

/// At whatever moment it is: machines see the feed before or after, and the next publication goes on.
#[test]
fn a_publication_that_is_killed_leaves_a_whole_feed() {
    let project = with_feed();
    publish(&project, &["agent", "--tag", "2.8.0", "--for", "test"]).assert_code(0);
    let mut published = 0;
    for round in 1..=12_u64 {
        project.write("agent", &format!("#!/bin/sh\n# {round}\n{}", "echo one\n".repeat(100_000)));
        let tag = format!("2.8.{round}");
        let more = ["agent", "--tag", &tag, "--for", "test"];
        let running = project.start(&[&["publish", "--into", "../feed", "--keys", "../keys"], &more[..]].concat());
        std::thread::sleep(std::time::Duration::from_millis(round * 8));
        running.signal(rustix::process::Signal::KILL);
        running.end();
        let seen = project.done(&["verify", "../feed", "--root", "../keys/update_root.json"]);
        published += usize::from(signed(&project, "timestamp.json")["version"].as_u64().unwrap() > round);
        assert!(seen.stdout.contains("release"), "{seen}");
        publish(&project, &more).assert_code(0);
    }
    eprintln!("{published} of 12 were done before they were killed");
    let seen = project.done(&["verify", "../feed"]);
    assert!(seen.stdout.contains("13 releases"), "{seen}");
    let left = fs::read_dir(project.beside("feed/metadata")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with(".tmp")), "a killed one's files are swept");
}

#[test]
fn keys_are_replaced() {
    let project = with_feed();
    publish(&project, &["agent", "--tag", "2.8.1", "--for", "test"]).assert_code(0);
    let root = key(&project, "keys", "root");
    let change = ["keys", "update", "--feed", "../feed", "--root", "../keys/update_root.json", "--keys"];
    let run = project.run(&[&change[..], &[root.as_str(), "--replace", "targets", "--into", "../new"]].concat());
    run.assert_code(2).says(&["snapshot needs 1 of the keys that root 2 gives it"]);
    assert!(!project.beside("new").exists() && !project.beside("feed/metadata/2.root.json").exists());
    project.done(&[&change[..], &[root.as_str(), "--replace", "targets,online", "--into", "../new"]].concat());
    project.done(&["verify", "../feed", "--root", "../keys/update_root.json"]);
    project.write("agent", "#!/bin/sh\necho two\n");
    let more = ["agent", "--tag", "2.8.2", "--for", "test"];
    publish(&project, &more).assert_code(2).says(&["targets needs 1 of the keys that root 2 gives it"]);
    let new = ["publish", "--into", "../feed", "--root", "../keys/update_root.json", "--keys", "../new"];
    project.done(&[&new[..], &more].concat());
    project.done(
        &[
            &change[..],
            &[root.as_str(), "--replace", "root", "--root-keys", "3", "--root-threshold", "2", "--into", "../roots"],
        ]
        .concat(),
    );
    let renew = project.run(&[&change[..], &[root.as_str(), "--renew"]].concat());
    renew.assert_code(2).says(&["root needs 2 of the keys that root 3 gives it to sign, and 0 of them are at hand"]);
    project.done(&[&change[..], &["../roots", "--renew"]].concat());
    project.done(&["verify", "../feed", "--root", "../keys/update_root.json"]);
    assert!(project.beside("feed/metadata/4.root.json").exists());
}

#[test]
fn doctor_warns_of_what_ends_soon() {
    let project = with_feed();
    let check = |days: &str| {
        publish(&project, &["--refresh", "--days", days]).assert_code(0);
        project.run(&["doctor", "--feed", "../feed"]).stdout
    };
    publish(&project, &["agent", "--for", "test"]).assert_code(0);
    assert!(check("20").contains("nothing ends before"), "{}", check("20"));
    let soon = check("13");
    assert!(
        soon.contains("its snapshot ends on") && soon.contains("factory publish --refresh --into ../feed"),
        "{soon}"
    );
    fs::remove_file(project.beside("feed/metadata/1.root.json")).unwrap();
    assert!(project.run(&["doctor", "--feed", "../feed"]).stdout.contains("is no update feed"));
}
