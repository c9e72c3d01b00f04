//! Each attack of the specification (1.5.2), and what a client says of it.

use factory_tuf::{Check, CheckError, Client, Limits, ReadError, Remembered, TufError};
use serde_json::{Value, json};

use crate::feed::{DAY, Feed, NOW, Numbers, key, names, signed_by};
use factory_tuf::Sign as _;

const TIMESTAMP: &str = "metadata/timestamp.json";
const SNAPSHOT: &str = "metadata/1.snapshot.json";
const TARGETS: &str = "metadata/1.targets.json";

fn refused(feed: &mut Feed) -> TufError {
    feed.refreshed().unwrap_err()
}

/// A client that has followed the feed, with what it keeps handed on as files.
fn followed(feed: &mut Feed) -> Client {
    let client = feed.refreshed().unwrap();
    Client::new(client.remembered().clone(), Limits::default()).unwrap()
}

#[test]
fn an_honest_feed_is_followed() {
    let mut feed = Feed::new();
    let client = feed.refreshed().unwrap();
    assert_eq!(names(&client), ["app/1.0.0/app.exe"]);
    let (path, file) = client.targets().unwrap().targets.iter().next().unwrap();
    let digest = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    assert_eq!(client.place(path, file), format!("targets/app/1.0.0/{digest}.app.exe"));
    let mut check = Check::new(file);
    check.update(b"one").unwrap();
    assert_eq!(check.finish(), Ok(()));
}

#[test]
fn an_unchanged_feed_costs_its_timestamp() {
    let mut feed = Feed::new();
    let mut client = followed(&mut feed);
    feed.server.asked.clear();
    client.refresh(&mut feed.server, NOW).unwrap();
    assert_eq!(names(&client), ["app/1.0.0/app.exe"]);
    assert_eq!(feed.server.asked, ["metadata/2.root.json", TIMESTAMP]);
    assert!(feed.server.files[TIMESTAMP].len() <= 1024, "{}", feed.server.files[TIMESTAMP].len());
}

#[test]
fn a_tampered_file_is_not_the_target() {
    let mut feed = Feed::new();
    let client = feed.refreshed().unwrap();
    let file = client.targets().unwrap().targets.values().next().unwrap();
    let verdict = |bytes: &[u8]| {
        let mut check = Check::new(file);
        check.update(bytes).and_then(|()| check.finish())
    };
    assert!(matches!(verdict(b"two"), Err(CheckError::Digest { .. })));
    assert_eq!(verdict(b"one and more"), Err(CheckError::TooLong(3)), "endless data ends here");
    assert_eq!(verdict(b"on"), Err(CheckError::TooShort { found: 2, wanted: 3 }));
}

#[test]
fn metadata_that_was_tampered_with_is_refused() {
    for path in [TIMESTAMP, SNAPSHOT, TARGETS] {
        let mut feed = Feed::new();
        let text = String::from_utf8(feed.server.files[path].clone()).unwrap();
        let other = text
            .replace("\"expires\":\"2026", "\"expires\":\"2036")
            .replace("\"expires\":\"2027", "\"expires\":\"2036");
        assert_ne!(text, other);
        feed.server.files.insert(path.to_owned(), other.into_bytes());
        let error = refused(&mut feed);
        assert!(matches!(error, TufError::Threshold { valid: 0, .. } | TufError::Mismatch { .. }), "{path}: {error:?}");
    }
}

#[test]
fn the_wrong_key_counts_for_nothing() {
    let mut feed = Feed::new();
    // The snapshot's key is good, and not the timestamp's.
    feed.server.forge(TIMESTAMP, &[4], |_| ());
    let error = refused(&mut feed).to_string();
    says(&error, "metadata/timestamp.json has 0 good signatures of the keys that root 1 gives it, and 1 are needed");
}

/// What a user reads, in full.
fn says(found: &str, wanted: &str) {
    assert_eq!(found, wanted);
}

#[test]
fn a_key_that_names_itself_as_another_counts_for_nothing() {
    let mut feed = Feed::new();
    feed.server.forge(TIMESTAMP, &[9], |_| ());
    let mut file = feed.server.json(TIMESTAMP);
    file["signatures"][0]["keyid"] = json!(key(5).public().id());
    feed.server.files.insert(TIMESTAMP.to_owned(), serde_json::to_vec(&file).unwrap());
    assert!(matches!(refused(&mut feed), TufError::Threshold { valid: 0, threshold: 1, .. }));
}

#[test]
fn a_threshold_counts_keys_and_not_signatures() {
    let numbers = Numbers { timestamp: (vec![5, 6], 2), ..Numbers::default() };
    let mut feed = Feed::empty(&numbers);
    let timestamp = json!({
        "_type": "timestamp", "spec_version": "1.0.34", "version": 1, "expires": "2027-01-01T00:00:00Z",
        "meta": {"snapshot.json": {"version": 1}},
    });
    feed.server.files.insert(TIMESTAMP.to_owned(), signed_by(&timestamp, &[5]));
    assert!(matches!(refused(&mut feed), TufError::Threshold { valid: 1, threshold: 2, .. }));
    // The same signature twice: refused as it is read.
    let mut twice: Value = feed.server.json(TIMESTAMP);
    let again = twice["signatures"][0].clone();
    twice["signatures"].as_array_mut().unwrap().push(again);
    feed.server.files.insert(TIMESTAMP.to_owned(), serde_json::to_vec(&twice).unwrap());
    assert!(matches!(refused(&mut feed), TufError::Read { source: ReadError::SignedTwice(_), .. }));
    // With both keys it is believed, and the next file is asked for.
    feed.server.files.insert(TIMESTAMP.to_owned(), signed_by(&timestamp, &[6, 5]));
    let error = refused(&mut feed);
    assert!(matches!(&error, TufError::Fetch { file, .. } if file == SNAPSHOT), "{error:?}");
}

#[test]
fn one_key_under_two_names_is_one_key() {
    let mut feed = Feed::empty(&Numbers { timestamp: (vec![5, 6], 2), ..Numbers::default() });
    let name = json!(key(6).public().id());
    let mut root = feed.server.json("metadata/1.root.json")["signed"].clone();
    root["keys"][name.as_str().unwrap()] = serde_json::to_value(key(5).public()).unwrap();
    feed.installed = signed_by(&root, &[1, 2]);
    let timestamp = json!({
        "_type": "timestamp", "spec_version": "1.0.34", "version": 1, "expires": "2027-01-01T00:00:00Z",
        "meta": {"snapshot.json": {"version": 1}},
    });
    let mut file: Value = serde_json::from_slice(&signed_by(&timestamp, &[5])).unwrap();
    let again = json!({"keyid": name, "sig": file["signatures"][0]["sig"]});
    file["signatures"].as_array_mut().unwrap().push(again);
    feed.server.files.insert(TIMESTAMP.to_owned(), serde_json::to_vec(&file).unwrap());
    assert!(matches!(refused(&mut feed), TufError::Threshold { valid: 1, threshold: 2, .. }));
}

#[test]
fn a_role_with_a_key_twice_or_without_a_threshold_is_no_role() {
    for (pointer, value) in [
        ("/roles/timestamp/keyids", json!([key(5).public().id(), key(5).public().id()])),
        ("/roles/timestamp/threshold", json!(0)),
        ("/version", json!(0)),
    ] {
        let feed = Feed::new();
        let mut root: Value = serde_json::from_slice(&feed.installed).unwrap();
        *root["signed"].pointer_mut(pointer).unwrap() = value;
        let installed = Remembered::installed(signed_by(&root["signed"], &[1, 2]));
        let error = Client::new(installed, Limits::default()).unwrap_err();
        assert!(matches!(error, TufError::Read { source: ReadError::Fault(_), .. }), "{pointer}: {error:?}");
    }
}

#[test]
fn a_feed_that_goes_back_is_refused() {
    let mut feed = Feed::new();
    let old = feed.server.clone();
    feed.publish(&[("app/1.0.0/app.exe", b"one"), ("app/1.0.1/app.exe", b"two")]);
    let mut client = followed(&mut feed);
    let mut replayed = old;
    let error = client.refresh(&mut replayed, NOW).unwrap_err();
    assert!(matches!(error, TufError::Rollback { found: 1, trusted: 2, .. }), "{error:?}");
    assert!(client.targets().is_none(), "nothing is offered after a refusal");
    client.refresh(&mut feed.server, NOW).unwrap();
    assert_eq!(names(&client).len(), 2, "and what was known is known still");
}

#[test]
fn parts_that_go_back_are_refused_even_when_they_are_signed() {
    let mut feed = Feed::new();
    feed.publish(&[("app/1.0.1/app.exe", b"two")]);
    let client = followed(&mut feed);
    let again = || Client::new(client.remembered().clone(), Limits::default()).unwrap();
    // A new timestamp that names the old snapshot.
    let mut server = feed.server.clone();
    server.forge(TIMESTAMP, &[5], |signed| {
        signed["version"] = json!(3);
        signed["meta"]["snapshot.json"] = json!({"version": 1});
    });
    let error = again().refresh(&mut server, NOW).unwrap_err();
    assert!(matches!(&error, TufError::Rollback { file, .. } if file.ends_with("snapshot.json")), "{error:?}");
    // A new snapshot that names the old targets.
    let mut server = feed.server.clone();
    let mut snapshot = server.json("metadata/2.snapshot.json")["signed"].clone();
    snapshot["version"] = json!(3);
    snapshot["meta"]["targets.json"] = json!({"version": 1});
    server.files.insert("metadata/3.snapshot.json".to_owned(), signed_by(&snapshot, &[4]));
    server.forge(TIMESTAMP, &[5], |signed| {
        signed["version"] = json!(3);
        signed["meta"]["snapshot.json"] = json!({"version": 3});
    });
    let error = again().refresh(&mut server, NOW).unwrap_err();
    assert!(matches!(&error, TufError::Rollback { file, .. } if file == "targets.json"), "{error:?}");
    // One that forgets a file.
    snapshot["meta"] = json!({"targets.json": {"version": 2}});
    let mut known = client.remembered().clone();
    let mut before = serde_json::from_slice::<Value>(known.snapshot.as_ref().unwrap()).unwrap()["signed"].clone();
    before["meta"]["others.json"] = json!({"version": 1});
    known.snapshot = Some(signed_by(&before, &[4]));
    server.files.insert("metadata/3.snapshot.json".to_owned(), signed_by(&snapshot, &[4]));
    let error = Client::new(known, Limits::default()).unwrap().refresh(&mut server, NOW).unwrap_err();
    assert!(matches!(&error, TufError::Gone { file } if file == "others.json"), "{error:?}");
}

#[test]
fn a_feed_that_stands_still_is_refused() {
    let mut feed = Feed::new();
    let mut client = followed(&mut feed);
    client.refresh(&mut feed.server, NOW + 7 * DAY - 1).unwrap();
    let error = client.refresh(&mut feed.server, NOW + 7 * DAY).unwrap_err();
    assert!(matches!(&error, TufError::Expired { file, .. } if file == TIMESTAMP), "{error:?}");
    feed.renew(NOW + 30 * DAY);
    client.refresh(&mut feed.server, NOW + 7 * DAY).unwrap();
    assert_eq!(names(&client), ["app/1.0.0/app.exe"]);
}

#[test]
fn each_role_ends_by_itself() {
    let mut feed = Feed::empty(&Numbers { expires: NOW + 100 * DAY, ..Numbers::default() });
    feed.publish(&[]);
    feed.renew(NOW + 365 * DAY);
    let mut client = feed.client();
    let mut refused = |day: i64| match client.refresh(&mut feed.server, NOW + day * DAY) {
        Err(TufError::Expired { file, .. }) => file,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(90), "metadata/1.targets.json");
    assert_eq!(refused(100), "metadata/root.json");
    // The snapshot's end is earlier than that of the timestamp that leads to it.
    let mut feed = Feed::new();
    feed.server.forge(TIMESTAMP, &[5], |signed| signed["expires"] = json!("2030-01-01T00:00:00Z"));
    let mut client = feed.client();
    let error = client.refresh(&mut feed.server, NOW + 14 * DAY).unwrap_err();
    assert!(matches!(&error, TufError::Expired { file, .. } if file == SNAPSHOT), "{error:?}");
}

#[test]
fn a_clock_that_is_years_off_is_said() {
    let mut feed = Feed::new();
    let error = feed.client().refresh(&mut feed.server, NOW + 3650 * DAY).unwrap_err().to_string();
    says(
        &error,
        "metadata/root.json was good until 2027-11-15T00:00:00Z, and this machine's clock says 2036-11-12T00:00:00Z",
    );
    assert!(matches!(feed.client().refresh(&mut feed.server, i64::MAX), Err(TufError::Clock(_))));
    // A clock that is behind cannot tell a feed that stands still; versions that were seen before are still not taken back.
    feed.client().refresh(&mut feed.server, 0).unwrap();
}

#[test]
fn parts_of_two_states_are_refused() {
    let mut feed = Feed::new();
    let first = feed.server.clone();
    feed.publish(&[("app/1.0.1/app.exe", b"two")]);
    for (new, old) in [("metadata/2.snapshot.json", SNAPSHOT), ("metadata/2.targets.json", TARGETS)] {
        let mut mixed = feed.clone();
        mixed.server.files.insert(new.to_owned(), first.files[old].clone());
        let error = refused(&mut mixed);
        assert!(matches!(error, TufError::Mismatch { .. } | TufError::TooLong { .. }), "{new}: {error:?}");
    }
    // Where neither digest nor length is said, the version is.
    let mut mixed = feed.clone();
    mixed.server.forge(TIMESTAMP, &[5], |signed| signed["meta"]["snapshot.json"] = json!({"version": 2}));
    mixed.server.files.insert("metadata/2.snapshot.json".to_owned(), first.files[SNAPSHOT].clone());
    assert!(matches!(refused(&mut mixed), TufError::Version { found: 1, wanted: 2, .. }));
}

#[test]
fn data_without_an_end_is_cut_and_refused() {
    for path in ["metadata/2.root.json", TIMESTAMP, SNAPSHOT, TARGETS] {
        let mut feed = Feed::new();
        feed.server.endless = Some(path.to_owned());
        let error = refused(&mut feed);
        assert!(matches!(&error, TufError::TooLong { file, .. } if file == path), "{error:?}");
    }
    // A length that is said and too large is no permission.
    let mut feed = Feed::new();
    feed.server
        .forge(TIMESTAMP, &[5], |signed| signed["meta"]["snapshot.json"] = json!({"version": 1, "length": u64::MAX}));
    feed.server.endless = Some(SNAPSHOT.to_owned());
    assert!(matches!(refused(&mut feed), TufError::TooLong { limit: 2_097_152, .. }));
}

#[test]
fn a_file_of_another_role_is_refused() {
    let mut feed = Feed::empty(&Numbers { snapshot: (vec![4], 1), timestamp: (vec![4], 1), ..Numbers::default() });
    feed.publish_with(&[], 3, 4, 4);
    let snapshot = feed.server.files[SNAPSHOT].clone();
    feed.server.files.insert(TIMESTAMP.to_owned(), snapshot);
    assert!(matches!(refused(&mut feed), TufError::Read { source: ReadError::Type { .. }, .. }));
}

#[test]
fn another_specification_is_refused() {
    let mut feed = Feed::new();
    feed.server.forge(TIMESTAMP, &[5], |signed| signed["spec_version"] = json!("2.0.0"));
    assert!(matches!(refused(&mut feed), TufError::Read { source: ReadError::Specification(_), .. }));
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    for name in ["../../etc/cron.d/x", "/etc/passwd", "a\\..\\b", "C:/x", "app/./x", "NUL"] {
        let mut feed = Feed::new();
        let entry = json!({"length": 3, "hashes": {"sha256": "0".repeat(64)}});
        feed.server.forge(TARGETS, &[3], |signed| signed["targets"] = json!({name: entry}));
        feed.server.forge(SNAPSHOT, &[4], |signed| signed["meta"]["targets.json"] = json!({"version": 1}));
        feed.server.forge(TIMESTAMP, &[5], |signed| signed["meta"]["snapshot.json"] = json!({"version": 1}));
        let error = refused(&mut feed);
        assert!(matches!(&error, TufError::Read { file, .. } if file == TARGETS), "{name}: {error:?}");
    }
}

#[test]
fn delegations_are_refused_by_name() {
    let with = |delegations: Value| {
        let mut feed = Feed::new();
        feed.server.forge(TARGETS, &[3], |signed| signed["delegations"] = delegations);
        feed.server.forge(SNAPSHOT, &[4], |signed| signed["meta"]["targets.json"] = json!({"version": 1}));
        feed.server.forge(TIMESTAMP, &[5], |signed| signed["meta"]["snapshot.json"] = json!({"version": 1}));
        feed.refreshed()
    };
    let role = json!({"name": "nightly", "keyids": [], "threshold": 1, "paths": ["*"], "terminating": false});
    let error = with(json!({"keys": {}, "roles": [role]})).unwrap_err().to_string();
    says(&error, "the targets are delegated to nightly, and delegations are not followed");
    let bins =
        json!({"keys": {}, "succinct_roles": {"name_prefix": "bin", "bit_length": 4, "keyids": [], "threshold": 1}});
    assert!(matches!(with(bins), Err(TufError::Delegated(names)) if names == ["bin"]));
    assert!(with(json!({"keys": {}, "roles": []})).is_ok(), "nobody was delegated anything");
}

#[test]
fn kept_files_that_are_damaged_are_said() {
    let mut feed = Feed::new();
    let client = feed.refreshed().unwrap();
    let mut kept = client.remembered().clone();
    kept.timestamp = Some(b"{}".to_vec());
    let mut client = Client::new(kept, Limits::default()).unwrap();
    client.refresh(&mut feed.server, NOW).unwrap();
    let doubts = client.take_doubts();
    assert!(doubts.len() == 1 && doubts[0].starts_with("the kept timestamp is not used"), "{doubts:?}");
    assert!(client.take_doubts().is_empty());
}
