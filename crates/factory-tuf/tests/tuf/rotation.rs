//! Changes of keys: a client follows root after root, however far behind it is, and no root that was not signed by the one before.

use factory_tuf::{Client, Limits, Remembered, TufError};
use serde_json::json;

use crate::feed::{DAY, Feed, NOW, Numbers, names, signed_by};

#[test]
fn a_client_two_roots_behind_catches_up() {
    let mut feed = Feed::new();
    let mut client = feed.refreshed().unwrap();
    // All keys change twice; each root is signed by the keys before it and its own.
    let second = Numbers { root: (vec![11, 12], 2), targets: (vec![13], 1), ..Numbers::default() };
    feed.change_root(&second, &[1, 2, 11, 12]);
    let third = Numbers {
        root: (vec![21, 22, 23], 2),
        targets: (vec![23], 1),
        snapshot: (vec![24], 1),
        timestamp: (vec![25], 1),
        ..Numbers::default()
    };
    feed.change_root(&third, &[11, 12, 21, 23]);
    assert_eq!(feed.repository.unsigned(), ["targets", "snapshot", "timestamp"]);
    let error = client.refresh(&mut feed.server, NOW).unwrap_err();
    assert!(matches!(error, TufError::Threshold { valid: 0, .. }), "the old timestamp's key is gone: {error:?}");
    assert_eq!(client.root().version, 3, "what was found good on the way is kept");
    feed.publish_with(&[("app/1.0.0/app.exe", b"one"), ("app/1.0.1/app.exe", b"two")], 23, 24, 25);
    assert_eq!(feed.repository.unsigned(), Vec::<&str>::new());
    let mut late = Client::new(client.remembered().clone(), Limits::default()).unwrap();
    late.refresh(&mut feed.server, NOW).unwrap();
    assert_eq!((late.root().version, names(&late).len()), (3, 2));
    assert!(late.take_doubts().is_empty(), "a change of keys is no doubt");
    assert_eq!(names(&feed.refreshed().unwrap()).len(), 2, "and one that was installed with the first root, too");
}

#[test]
fn a_root_in_between_may_have_ended() {
    let mut feed = Feed::empty(&Numbers { expires: NOW - 20 * DAY, ..Numbers::default() });
    feed.change_root(&Numbers { expires: NOW - 10 * DAY, ..Numbers::default() }, &[1, 2]);
    assert!(matches!(feed.refreshed(), Err(TufError::Expired { .. })));
    feed.change_root(&Numbers::default(), &[1, 2]);
    feed.publish(&[]);
    assert_eq!(feed.refreshed().unwrap().root().version, 3);
}

#[test]
fn a_root_needs_the_keys_before_it_and_its_own() {
    let numbers = Numbers { root: (vec![11, 12], 2), ..Numbers::default() };
    for (by, whose) in
        [(vec![11, 12], "root 1"), (vec![1, 11, 12], "root 1"), (vec![1, 2], "root 2"), (vec![1, 2, 11], "root 2")]
    {
        let mut feed = Feed::new();
        feed.change_root(&numbers, &[1, 2, 11, 12]);
        feed.server.forge("metadata/2.root.json", &by, |_| ());
        match feed.refreshed() {
            Err(TufError::Threshold { by, .. }) => assert_eq!(by, whose),
            other => panic!("{by:?}: {other:?}"),
        }
    }
}

#[test]
fn a_root_that_skips_or_repeats_a_version_is_refused() {
    for version in [1, 3, u64::MAX] {
        let mut feed = Feed::new();
        feed.change_root(&Numbers::default(), &[1, 2]);
        feed.server.forge("metadata/2.root.json", &[1, 2], |signed| signed["version"] = json!(version));
        let error = feed.refreshed().unwrap_err();
        assert!(matches!(error, TufError::Version { wanted: 2, .. }), "{error:?}");
    }
}

#[test]
fn a_chain_of_roots_without_an_end_is_cut_and_goes_on_later() {
    let mut feed = Feed::new();
    (0..4).for_each(|_| feed.change_root(&Numbers::default(), &[1, 2]));
    let limits = Limits { roots: 3, ..Limits::default() };
    let mut client = Client::new(Remembered::installed(feed.installed.clone()), limits).unwrap();
    assert!(matches!(client.refresh(&mut feed.server, NOW), Err(TufError::TooManyRoots(3))));
    client.refresh(&mut feed.server, NOW).unwrap();
    assert_eq!(client.root().version, 5);
}

#[test]
fn new_keys_free_a_feed_whose_versions_ran_away() {
    let mut feed = Feed::new();
    // Whoever stole the online keys says the highest version that there is.
    let mut stolen = feed.server.clone();
    stolen.forge("metadata/timestamp.json", &[5], |signed| signed["version"] = json!(u64::MAX));
    let mut client = feed.client();
    client.refresh(&mut stolen, NOW).unwrap();
    let error = client.refresh(&mut feed.server, NOW).unwrap_err();
    assert!(matches!(error, TufError::Rollback { .. }), "{error:?}");
    feed.change_root(&Numbers { timestamp: (vec![15], 1), ..Numbers::default() }, &[1, 2]);
    feed.publish_with(&[], 3, 4, 15);
    client.refresh(&mut feed.server, NOW).unwrap();
    assert_eq!(client.root().version, 2);
}

#[test]
fn an_installed_root_signs_itself_or_is_none() {
    let feed = Feed::new();
    let signed = feed.server.json("metadata/1.root.json")["signed"].clone();
    for by in [vec![], vec![1], vec![1, 9]] {
        let error = Client::new(Remembered::installed(signed_by(&signed, &by)), Limits::default()).unwrap_err();
        assert!(matches!(error, TufError::Threshold { threshold: 2, .. }), "{by:?}: {error:?}");
    }
    assert!(Client::new(Remembered::installed(Vec::new()), Limits::default()).is_err());
}
