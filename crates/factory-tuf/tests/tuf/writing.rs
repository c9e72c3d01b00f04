//! What a repository refuses to write.

use std::collections::BTreeMap;

use factory_tuf::{Repository, RepositoryError, Seals, Sign, TargetFile, TargetPath};

use crate::feed::{DAY, Feed, NOW, Numbers, key, names, time};

fn seals<'a>(keys: &'a [&'a dyn Sign]) -> Seals<'a> {
    Seals { expires: time(NOW + DAY), keys }
}

#[test]
fn what_was_published_keeps_its_bytes() {
    let mut feed = Feed::new();
    let before = feed.server.files.clone();
    let (targets, snapshot, timestamp) = (key(3), key(4), key(5));
    let path = TargetPath::new("app/1.0.0/app.exe").unwrap();
    let other = BTreeMap::from([(path, TargetFile::of(b"other"))]);
    let error =
        feed.repository.publish(other, seals(&[&targets]), seals(&[&snapshot]), seals(&[&timestamp])).unwrap_err();
    assert!(matches!(error, RepositoryError::Changed(_)), "{error:?}");
    assert_eq!(feed.server.files, before);
    // What is said of it may change.
    let path = TargetPath::new("app/1.0.0/app.exe").unwrap();
    let mut same = TargetFile::of(b"one");
    same.custom.insert("withdrawn".to_owned(), true.into());
    feed.repository
        .publish([(path, same)].into(), seals(&[&targets]), seals(&[&snapshot]), seals(&[&timestamp]))
        .unwrap();
}

#[test]
fn a_key_that_is_not_the_roles_writes_nothing() {
    let mut feed = Feed::new();
    let (wrong, snapshot, timestamp) = (key(9), key(4), key(5));
    let error = feed
        .repository
        .publish(BTreeMap::new(), seals(&[&wrong]), seals(&[&snapshot]), seals(&[&timestamp]))
        .unwrap_err();
    assert_eq!(error.to_string(), "targets needs 1 of the keys that root 1 names, and 0 of those signed");
    let error = feed.repository.renew(seals(&[&snapshot]), seals(&[&snapshot])).unwrap_err();
    assert!(matches!(error, RepositoryError::Threshold { role: "timestamp", .. }), "{error:?}");
    assert_eq!(feed.repository.targets().unwrap().version, 1, "nothing was changed");
    let numbers = Numbers { root: (vec![11], 1), ..Numbers::default() };
    let (one, new) = (key(1), key(11));
    let error = feed.repository.change_root(&numbers.plan(), &[&one, &new]).unwrap_err();
    assert!(matches!(error, RepositoryError::Threshold { valid: 1, threshold: 2, .. }), "{error:?}");
    assert_eq!(feed.repository.root().version, 1);
}

#[test]
fn a_threshold_that_nobody_can_reach_is_refused() {
    let (one, two) = (key(1), key(2));
    for role in [(vec![5], 2), (vec![5, 5], 2), (vec![], 1), (vec![5], 0)] {
        let numbers = Numbers { timestamp: role, ..Numbers::default() };
        let error = Repository::create(&numbers.plan(), &[&one, &two]).unwrap_err();
        assert!(matches!(error, RepositoryError::Impossible { role: "timestamp", .. }), "{error:?}");
    }
}

#[test]
fn nothing_is_renewed_before_there_is_something() {
    let mut feed = Feed::empty(&Numbers::default());
    let (snapshot, timestamp) = (key(4), key(5));
    let error = feed.repository.renew(seals(&[&snapshot]), seals(&[&timestamp])).unwrap_err();
    assert!(matches!(error, RepositoryError::Empty), "{error:?}");
}

#[test]
fn a_feed_is_opened_again_and_goes_on() {
    let mut feed = Feed::new();
    let file = |path: &str| feed.server.files[path].clone();
    let content = ["metadata/1.targets.json", "metadata/1.snapshot.json", "metadata/timestamp.json"].map(file);
    feed.repository = Repository::open(file("metadata/1.root.json"), Some(content)).unwrap();
    assert_eq!(
        feed.repository.expiries().iter().map(|(role, _)| *role).collect::<Vec<_>>(),
        ["root", "targets", "snapshot", "timestamp"]
    );
    feed.publish(&[("app/1.0.0/app.exe", b"one"), ("app/1.0.1/app.exe", b"two")]);
    assert_eq!(names(&feed.refreshed().unwrap()).len(), 2);
    assert!(feed.server.files.contains_key("metadata/2.targets.json"));
}

#[test]
fn an_interrupted_publication_leaves_the_old_feed_whole() {
    let feed = Feed::new();
    let mut next = feed.clone();
    next.server.files.clear();
    next.publish(&[("app/1.0.1/app.exe", b"two")]);
    let written = ["metadata/2.targets.json", "metadata/2.snapshot.json", "metadata/timestamp.json"];
    for cut in 0..=written.len() {
        let mut server = feed.server.clone();
        let files = written[..cut].iter().map(|path| ((*path).to_owned(), next.server.files[*path].clone()));
        server.files.extend(files);
        let mut client = feed.client();
        client.refresh(&mut server, NOW).unwrap();
        let wanted = if cut == written.len() { "app/1.0.1/app.exe" } else { "app/1.0.0/app.exe" };
        assert_eq!(names(&client), [wanted], "cut after {cut}");
    }
}
