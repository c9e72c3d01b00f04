//! What a feed, a server, a neighbour or a setting may do wrong: it is said, and the program runs on.

use factory_tuf::Time;
use serde_json::{Value, json};

use crate::world::{Feed, Machine, now, program};

/// A feed with one newer release, a machine, and where the release is.
fn world() -> (Feed, Machine, String) {
    let mut feed = Feed::new();
    let place = feed.release("2.8.1", &program("2.8.1", ""), json!({}));
    let machine = Machine::new(&feed);
    (feed, machine, place)
}

/// The updater fails and says this; the program is what it was.
fn is_refused(machine: &Machine, says: &str) {
    let before = std::fs::read(machine.path("agent")).unwrap();
    let (code, why) = machine.run(&["--apply"]);
    assert!([1, 2].contains(&code), "{code}: {why}");
    assert!(why.as_str().is_some_and(|why| why.contains(says)), "{says:?} is not in {why}");
    assert_eq!(std::fs::read(machine.path("agent")).unwrap(), before);
    assert!(!machine.path("agent_Update").exists());
}

#[test]
fn a_file_that_was_tampered_with_is_not_installed() {
    let (feed, machine, place) = world();
    let other = String::from_utf8(program("2.8.1", "")).unwrap().replace("0.1", "0.2");
    feed.server.lock().unwrap().files.insert(place.clone(), other.into_bytes());
    is_refused(&machine, "is not the file that was signed: its digest is");
    feed.server.lock().unwrap().files.insert(place, program("2.8.1", "true"));
    is_refused(&machine, "is not the file that was signed: it has more than");
}

#[test]
fn a_part_that_is_not_the_files_own_is_loaded_anew() {
    let (_feed, machine, place) = world();
    machine.run(&["--check"]);
    let digest = place.rsplit('/').next().unwrap().split('.').next().unwrap();
    std::fs::write(machine.path(".update").join(format!("{}.part", &digest[..16])), b"#!/bin/sh\nsomething else")
        .unwrap();
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{}", machine.log());
}

#[test]
fn a_feed_that_ended_went_back_or_never_ends_is_refused() {
    let (mut feed, machine, place) = world();
    let old = feed.server.lock().unwrap().files.clone();
    feed.release("2.8.2", &program("2.8.2", ""), json!({}));
    machine.run(&["--check"]);
    let new = std::mem::replace(&mut feed.server.lock().unwrap().files, old);
    is_refused(&machine, "the feed went back");
    feed.server.lock().unwrap().files = new;
    feed.server.lock().unwrap().endless = Some("metadata/timestamp.json".to_owned());
    is_refused(&machine, "metadata/timestamp.json has more than 16384 bytes");
    feed.server.lock().unwrap().endless = Some(place.replace("2.8.1", "2.8.2"));
    feed.server.lock().unwrap().endless = None;
    feed.publish(Time::new(now() - 1).unwrap());
    is_refused(&machine, "and this machine's clock says");
}

#[test]
fn a_file_that_never_ends_or_comes_too_slowly_is_given_up() {
    let (feed, mut machine, place) = world();
    feed.server.lock().unwrap().endless = Some(place.clone());
    is_refused(&machine, "is not the file that was signed: it has more than");
    feed.server.lock().unwrap().endless = None;
    feed.server.lock().unwrap().slow = Some(place);
    machine.settings["update"]["answer_seconds"] = json!(1);
    is_refused(&machine, "could not be had; what came so far is kept");
}

#[test]
fn a_file_that_is_larger_than_a_machine_takes_is_not_asked_for() {
    let (feed, mut machine, place) = world();
    machine.settings["update"]["largest"] = json!(10);
    is_refused(&machine, "and 10 are taken at most");
    assert!(feed.server.lock().unwrap().asked.iter().all(|(path, _)| *path != place));
}

#[test]
fn links_in_the_folder_of_the_program_are_refused() {
    let link = |machine: &Machine, name: &str| {
        std::fs::write(machine.path("target"), b"mine").unwrap();
        let _ = std::fs::remove_file(machine.path(name));
        std::os::unix::fs::symlink(machine.path("target"), machine.path(name)).unwrap();
    };
    for name in ["agent_Backup", "agent_config.json", ".update"] {
        let (_feed, machine, _) = world();
        if name == "agent_config.json" {
            // The test writes it through the link; the updater does not read through it.
            link(&machine, name);
        } else {
            link(&machine, name);
        }
        let (code, why) = machine.run(&["--apply"]);
        let said = why.as_str().unwrap_or_default();
        assert!(code != 0 && (said.contains("is a link") || said.contains("is not a folder")), "{name}: {code} {why}");
        assert_eq!(machine.installed(), "2.8.0");
        if name != "agent_config.json" {
            assert_eq!(std::fs::read(machine.path("target")).unwrap(), b"mine", "{name}");
        }
    }
    // What was left under the name of the update is replaced, and not followed.
    let (_feed, machine, _) = world();
    link(&machine, "agent_Update");
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{}", machine.log());
    assert_eq!(std::fs::read(machine.path("target")).unwrap(), b"mine");
}

#[test]
fn two_updaters_do_not_meet() {
    let (_feed, machine, _) = world();
    machine.run(&["--check"]);
    let lock = std::fs::File::open(machine.path(".update/lock")).unwrap();
    lock.lock().unwrap();
    is_refused(&machine, "another updater is at work here");
    drop(lock);
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1");
}

#[test]
fn settings_that_cannot_be_used_stop_everything() {
    let (feed, mut machine, _) = world();
    machine.settings["update_channel"] = json!(7);
    let (code, _) = machine.run(&["--apply"]);
    assert_eq!((code, feed.server.lock().unwrap().asked.len()), (2, 0), "nobody was asked");
    machine.settings["update_channel"] = Value::Null;
    machine.settings["disable_auto_update"] = json!(true);
    assert_eq!(machine.run(&["--apply"]).1, json!({"result": "disabled", "by": "disable_auto_update"}));
    assert_eq!(machine.run(&["--check"]).1["newer"], "2.8.1", "it may be asked for");
}

#[test]
fn a_machine_without_a_root_believes_nobody() {
    let (_feed, machine, _) = world();
    std::fs::remove_file(machine.path("update_root.json")).unwrap();
    is_refused(&machine, "there is no root to begin with");
    std::fs::write(machine.path("update_root.json"), b"{}").unwrap();
    is_refused(&machine, "cannot be used");
}

#[test]
fn a_journal_that_is_damaged_is_not_taken_for_none() {
    let (_feed, machine, _) = world();
    machine.run(&["--check"]);
    std::fs::write(machine.path(".update/journal.json"), b"{").unwrap();
    is_refused(&machine, "is damaged");
}

#[test]
fn a_disk_that_is_full_changes_nothing() {
    let (_feed, machine, _) = world();
    // A file may have so many blocks: what is written beyond fails as on a full disk.
    let command = machine.updater(&["--apply"]);
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "ulimit -f 0; trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    let output = limited.output().unwrap();
    assert!(!output.status.success());
    assert_eq!(machine.installed(), "2.8.0");
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{}", machine.log());
}
