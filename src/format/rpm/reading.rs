//! Any tree and any relations, read back by a reader that is not ours.

use proptest::prelude::*;

use super::{
    sample::{XZ, assert_payload, package, parsed},
    *,
};
use crate::stage::{Entry, Kind, Owner, Role, Spool, TreePath};

fn assert_files(metadata: &rpm::PackageMetadata, tree: &Tree, epoch: i64) {
    let found = metadata.get_file_entries().unwrap();
    assert_eq!(found.len(), tree.len());
    let paths: Vec<String> = found.iter().map(|file| file.path().to_str().unwrap().to_owned()).collect();
    assert!(paths.is_sorted(), "rpm looks paths up by their bytes: {paths:?}");
    for file in found {
        let path = TreePath::new(file.path().to_str().unwrap()).unwrap();
        let own = tree.get(&path).unwrap();
        let entry = if let Kind::Hardlink { target } = &own.kind { tree.get(target).unwrap() } else { own };
        assert_eq!((file.user(), file.group()), (entry.owner.user.as_str(), entry.owner.group.as_str()));
        assert_eq!(i64::from(file.modified_at().0), entry.mtime.min(epoch).max(0));
        let (mode, size, link) = match &entry.kind {
            Kind::File { size, .. } => (entry.mode, *size, None),
            Kind::Symlink { target } => (0o777, target.len() as u64, Some(target.as_str())),
            _ => (entry.mode, 0, None),
        };
        assert_eq!((u32::from(file.permissions()), file.size() as u64), (mode, size), "{path}");
        assert_eq!(file.linkto().filter(|link| !link.is_empty()), link);
        let digest = if let Kind::File { sha256, .. } = &entry.kind { Some(hex::encode(sha256)) } else { None };
        assert_eq!(file.digest().map(|digest| digest.as_hex().to_owned()), digest);
        let flags = match own.role {
            Role::Config { .. } if own.kind == Kind::Dir => rpm::FileFlags::empty(),
            Role::Config { noreplace, missingok } => {
                let mut flags = rpm::FileFlags::CONFIG;
                flags.set(rpm::FileFlags::NOREPLACE, noreplace);
                flags.set(rpm::FileFlags::MISSINGOK, missingok);
                flags
            }
            Role::Doc => rpm::FileFlags::DOC,
            Role::License => rpm::FileFlags::LICENSE,
            Role::Plain | Role::State => rpm::FileFlags::empty(),
        };
        assert_eq!(file.flags(), flags, "{path}");
    }
}

fn entries() -> impl Strategy<Value = Vec<(String, Entry, Option<Vec<u8>>, usize)>> {
    let owner = prop_oneof![Just("root"), Just("canopsis"), Just("a-name-of-more-than-thirty-one-letters")];
    let owner = (owner.clone(), owner).prop_map(|(user, group)| Owner { user: user.into(), group: group.into() });
    let role = prop_oneof![
        Just(Role::Plain),
        any::<(bool, bool)>().prop_map(|(noreplace, missingok)| Role::Config { noreplace, missingok }),
        Just(Role::State),
        Just(Role::Doc),
        Just(Role::License)
    ];
    // Kinds: 0 a folder, 1 a symbolic link, 2 a hard link, the rest files.
    let kind = (0_usize..6, prop::collection::vec(any::<u8>(), 0..9), "[a-z/.]{1,9}");
    let entry = ("[ab./ é-]{1,5}(/[ab-]{1,3}){0,2}", 0_u32..0o10000, owner, any::<i32>(), role, kind);
    let entry = entry.prop_map(|(path, mode, owner, mtime, role, (kind, bytes, target))| {
        let (kind, bytes) = match kind {
            0 => (Kind::Dir, None),
            1 => (Kind::Symlink { target }, None),
            2 => (Kind::Dir, Some((2, bytes))),
            _ => (Kind::Dir, Some((3, bytes))),
        };
        let (is_link, bytes) = bytes.map_or((0, None), |(kind, bytes)| (usize::from(kind == 2), Some(bytes)));
        (path, Entry { kind, mode, owner, mtime: mtime.into(), role, origin: "a test".into() }, bytes, is_link)
    });
    prop::collection::vec(entry, 0..24)
}

/// A tree of what fits together among these.
fn tree(entries: Vec<(String, Entry, Option<Vec<u8>>, usize)>) -> Tree {
    let mut tree = Tree::new(Spool::new().unwrap());
    let mut file: Option<TreePath> = None;
    for (path, mut entry, bytes, is_link) in entries {
        let Ok(path) = TreePath::new(&path) else { continue };
        if tree.iter().any(|(other, _)| path.is_within(other) || other.is_within(&path)) {
            continue;
        }
        match (bytes, &file) {
            (Some(_), Some(target)) if is_link == 1 => entry.kind = Kind::Hardlink { target: target.clone() },
            (Some(bytes), _) => {
                entry.kind = tree.spool().append(&mut &*bytes).unwrap();
                file = Some(path.clone());
            }
            (None, _) => {}
        }
        tree.add(path, entry).unwrap();
    }
    tree.settle_links();
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_reader_finds_what_was_meant(entries in entries(), zstd in any::<bool>()) {
        let tree = tree(entries);
        let codec = if zstd { Codec::Zstd } else { Codec::Xz };
        let meta = Meta { users: Vec::new(), units: Vec::new(), ..sample::meta() };
        let package = parsed(&package(Rpm { codec, ..XZ }, &tree, &meta));
        package.verify_digests().unwrap();
        assert_files(&package.metadata, &tree, meta.epoch);
        assert_payload(&package, &tree);
        let sizes = tree.iter().map(|(_, entry)| match &entry.kind {
            Kind::File { size, .. } => *size,
            Kind::Symlink { target } => target.len() as u64,
            _ => 0,
        });
        prop_assert_eq!(package.metadata.get_installed_size().unwrap(), sizes.sum::<u64>());
    }

    #[test]
    fn relations_are_sorted_and_single(names in prop::collection::vec("[a-c]( (=|<|>=) [0-9](:[0-9])?)?", 0..8)) {
        let meta = Meta { depends: names.clone(), ..sample::meta() };
        let found = parsed(&package(XZ, &sample::tree(), &meta)).metadata.get_requires().unwrap();
        let shown: Vec<(String, String, u32)> =
            found.into_iter().map(|it| (it.name, it.version, it.flags.bits())).collect();
        prop_assert!(shown.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", shown);
        for name in names {
            let words: Vec<&str> = name.split(' ').collect();
            let version = words.get(2).copied().unwrap_or_default();
            prop_assert!(shown.iter().any(|(name, evr, _)| name == words[0] && evr == version));
        }
    }
}
