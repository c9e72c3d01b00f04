//! What holds for any feed.

use factory_tuf::{Metadata, Root, Snapshot, Targets, Timestamp};
use proptest::prelude::*;

use crate::feed::{Feed, NOW, Numbers, names};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_published_is_what_a_client_sees(paths in proptest::collection::btree_set("[a-z0-9]{2,6}(/[a-z0-9+~-]{2,6}){0,2}", 0..20)) {
        let mut feed = Feed::empty(&Numbers::default());
        // A folder and a file of one name are no matter of metadata.
        let targets: Vec<(&str, &[u8])> = paths.iter().map(|path| (path.as_str(), path.as_bytes())).collect();
        feed.publish(&targets);
        let client = feed.refreshed().unwrap();
        prop_assert_eq!(names(&client), targets.iter().map(|(path, _)| *path).collect::<Vec<_>>());
    }

    #[test]
    fn no_changed_byte_changes_what_a_client_sees(file in 0..4_usize, place in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut feed = Feed::new();
        feed.change_root(&Numbers::default(), &[1, 2]);
        let honest = feed.refreshed().unwrap();
        let path = ["metadata/2.root.json", "metadata/timestamp.json", "metadata/1.snapshot.json", "metadata/1.targets.json"][file];
        let bytes = feed.server.files.get_mut(path).unwrap();
        let at = place.index(bytes.len());
        bytes[at] = to;
        let mut client = feed.client();
        if client.refresh(&mut feed.server, NOW).is_ok() {
            prop_assert_eq!(client.targets(), honest.targets());
            prop_assert_eq!(client.root(), honest.root());
        }
    }

    #[test]
    fn no_bytes_end_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Metadata::<Root>::read(bytes.clone());
        let _ = Metadata::<Timestamp>::read(bytes.clone());
        let _ = Metadata::<Snapshot>::read(bytes.clone());
        prop_assert!(Metadata::<Targets>::read(bytes).is_err());
    }
}
