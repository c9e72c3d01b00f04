//! Cabinets of ours, read by us and by others; and cabinets that should not be made.

mod hostile;
mod referees;

use std::io::Cursor;

use proptest::prelude::*;

use super::{
    CabError, Cabinet,
    layout::{PLAIN, STRETCH},
    plan::Bounds,
};
use crate::{
    format::{
        PackageFormat,
        foreign::{self, Seen},
        reader::{Description, Part},
    },
    stage::{Entry, Kind, Limits, Owner, Role, Spool, Tree, TreePath},
};

/// 2026-01-01 00:00:00 UTC.
const TIME: i64 = 1_767_225_600;

/// A tree of these files.
fn tree(files: &[(&str, Vec<u8>)]) -> Tree {
    let mut tree = Tree::new(Spool::new().unwrap());
    for (path, bytes) in files {
        tree.add_bytes(TreePath::new(path).unwrap(), bytes, 0o644, 0, Role::Plain, "the test").unwrap();
    }
    tree
}

/// Text that compresses, other bytes that do not, and nothing.
fn sample() -> Vec<(&'static str, Vec<u8>)> {
    let text = |length: usize| (0..length).map(|at| b"lorem ipsum dolor\n"[at * at % 18]).collect::<Vec<u8>>();
    vec![
        ("python.exe", noise(100_000)),
        ("Lib/os.py", text(70_000)),
        ("Lib/empty", Vec::new()),
        ("Lib/größe/é.txt", text(10)),
        (".venv/Scripts/python.exe", noise(100_000)),
        (".venv/pyvenv.cfg", b"home = C:\\x\r\n".to_vec()),
    ]
}

/// Bytes that no compressor makes smaller, always the same.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..length).map(|_| next()).collect()
}

const fn cabinet(threads: u32) -> Cabinet {
    Cabinet { folder: String::new(), level: 6, threads }
}

fn into(threads: u32) -> Cabinet {
    Cabinet { folder: "C:\\ProgramData\\x".to_owned(), ..cabinet(threads) }
}

fn written(tree: &Tree, threads: u32, bounds: Bounds) -> Result<Vec<u8>, CabError> {
    let mut out = Cursor::new(Vec::new());
    into(threads).write_within(tree, TIME, &mut out, bounds)?;
    Ok(out.into_inner())
}

fn good(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    written(&tree(files), 2, Bounds::default()).unwrap()
}

/// What the reader says of a cabinet, and what is wrong with it.
fn seen(bytes: &[u8]) -> (Description, Vec<String>) {
    seen_within(bytes, &Limits::default())
}

fn seen_within(bytes: &[u8], limits: &Limits) -> (Description, Vec<String>) {
    let mut seen = Seen::describing(PackageFormat::Cab, "x.cab", true);
    let bounds = foreign::Bounds::for_size(bytes.len() as u64, limits);
    if let Err(error) = super::examine::examine(&mut &*bytes, limits, bounds, &mut seen) {
        seen.fault(error);
    }
    let faults = seen.faults();
    (seen.into_description(), faults)
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

/// What a reader should see of these files.
fn parts(files: &[(&str, Vec<u8>)]) -> Vec<(String, Option<u64>, Option<String>)> {
    let part = |(path, bytes): &(&str, Vec<u8>)| {
        (format!("\\{}", path.replace('/', "\\")), Some(bytes.len() as u64), Some(sha256(bytes)))
    };
    let mut parts: Vec<_> = files.iter().map(part).collect();
    parts.sort();
    parts
}

fn read(parts: Vec<Part>) -> Vec<(String, Option<u64>, Option<String>)> {
    let mut parts: Vec<_> = parts.into_iter().map(|part| (part.path, part.size, part.sha256)).collect();
    parts.sort();
    parts
}

#[test]
fn what_is_written_is_what_is_read() {
    let (description, faults) = seen(&good(&sample()));
    assert_eq!((faults, description.remarks), (vec![], vec![]));
    assert!(description.files.iter().all(|part| part.time.as_deref() == Some("2026-01-01T00:00:00")));
    assert_eq!(description.files[0].path, "\\python.exe", "files at the top come first");
    assert_eq!(read(description.files), parts(&sample()));
}

#[test]
fn a_cabinet_has_the_same_bytes_with_any_number_of_threads() {
    let files: Vec<(String, Vec<u8>)> = (0..20).map(|n| (format!("f{n}"), noise(n * 60_000))).collect();
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let tree = tree(&files);
    let one = written(&tree, 1, Bounds::default()).unwrap();
    for threads in [0, 2, 4, 7] {
        assert!(one == written(&tree, threads, Bounds::default()).unwrap(), "{threads}");
    }
    assert_eq!(read(seen(&one).0.files), parts(&files));
}

/// Other bytes would be other packages: what a newer `zlib-rs` does is seen here.
#[test]
fn the_bytes_are_those_of_always() {
    assert_eq!(sha256(&good(&sample())), "58157c82712b1dff6b7bcaab8549d5bcccf73fb8f271d98a5329be109c66ed7e");
}

#[test]
fn the_head_is_as_the_format_says() {
    let bytes = good(&[("a", b"abc".to_vec()), ("é", Vec::new())]);
    let head = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
    let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let expected = [
        head("4d534346 00000000"),
        size.to_vec(),
        head("00000000 2c000000 00000000 0301 0100 0200 0000 0000 0000"),
        head("53000000 0100 0100"),
        head("03000000 00000000 0000 215c 0000 2000 5c6100"),
        head("00000000 03000000 0000 215c 0000 a000 5cc3a900"),
    ];
    assert_eq!(hex::encode(&bytes[..83]), hex::encode(expected.concat()));
    assert_eq!(bytes[89..93], *b"\x03\0CK", "one block of three bytes");
}

#[test]
fn files_go_into_as_many_folders_as_they_need() {
    let files = [("a", noise(3 * PLAIN)), ("b", noise(PLAIN + 1)), ("c", noise(2 * PLAIN)), ("d", Vec::new())];
    let bounds = Bounds { folder: 3 * PLAIN as u64, ..Bounds::default() };
    let bytes = written(&tree(&files), 2, bounds).unwrap();
    assert_eq!(bytes[26..28], [3, 0], "three folders");
    let (description, faults) = seen(&bytes);
    assert_eq!((faults, description.remarks), (vec![], vec![]));
    assert_eq!(read(description.files), parts(&files));
    assert_eq!(description.pieces.len(), 3);
}

#[test]
fn further_names_of_a_file_are_files() {
    let mut tree = tree(&[("a", b"abc".to_vec())]);
    let (owner, target) = (Owner::root(), TreePath::new("a").unwrap());
    let link =
        Entry { kind: Kind::Hardlink { target }, mode: 0o644, owner, mtime: 0, role: Role::Plain, origin: "x".into() };
    tree.add(TreePath::new("b").unwrap(), link).unwrap();
    let files = seen(&written(&tree, 1, Bounds::default()).unwrap()).0.files;
    assert_eq!(read(files), parts(&[("a", b"abc".to_vec()), ("b", b"abc".to_vec())]));
}

/// What is refused of a tree with these entries, beside a file `a`.
fn refused(entries: &[(&str, Kind)], bounds: Bounds) -> String {
    let mut tree = tree(&[("a", b"abc".to_vec())]);
    for (path, kind) in entries {
        let (kind, owner) = (kind.clone(), Owner::root());
        let entry = Entry { kind, mode: 0o644, owner, mtime: 0, role: Role::Plain, origin: "a wheel".into() };
        tree.add(TreePath::new(path).unwrap(), entry).unwrap();
    }
    written(&tree, 2, bounds).unwrap_err().to_string()
}

const fn file(size: u64) -> Kind {
    Kind::File { offset: 0, size, sha256: [0; 32] }
}

#[test]
fn what_a_cabinet_cannot_hold_is_said_with_its_path() {
    let all = Bounds::default();
    let said = |entries: &[(&str, Kind)], text: &str| {
        let refusal = refused(entries, all);
        assert!(refusal.contains(text), "{refusal}");
    };
    said(&[("d/l", Kind::Symlink { target: "x".to_owned() })], "`/d/l` (from a wheel) is a symbolic link");
    said(&[("d/e", Kind::Dir)], "`/d/e` (from a wheel) is an empty folder");
    said(&[("big", file(STRETCH + 1))], "`/big` has 2147450881 bytes");
    said(&[("A", file(1))], "`/A` and `/a` are one on Windows");
    said(&[("A/x", file(1))], "`/A/x` and `/a` are one on Windows");
    said(&[("lib/COM1.py", file(1))], "`/lib/COM1.py` (from a wheel) cannot be a file on Windows");
    for name in ["x.", "x ", "a:b", "a\\b", "nul", "x?", "lib/a|b", "lib./x"] {
        said(&[(name, file(1))], "cannot be a file on Windows");
    }
    let few = |bounds| refused(&[("b", file(1)), ("c", file(1))], bounds);
    assert!(few(Bounds { files: 2, ..all }).contains("65,535 files, and `/c` is one more"));
    assert!(few(Bounds { cabinet: 100, ..all }).contains("at `/c` the cabinet becomes larger than 100 bytes"));
    let empty = written(&Tree::new(Spool::new().unwrap()), 1, all).unwrap_err();
    assert_eq!(empty.to_string(), "a cabinet without files is none");
}

#[test]
fn the_cabinet_is_too_large_at_the_file_that_makes_it_so() {
    let files = [("a", noise(10)), ("b", noise(3 << 20)), ("c", noise(2 << 20))];
    let refusal = written(&tree(&files), 2, Bounds { cabinet: 4 << 20, ..Bounds::default() }).unwrap_err();
    assert!(refusal.to_string().starts_with("at `/c` the cabinet becomes larger"), "{refusal}");
}

#[test]
fn a_path_is_as_long_as_windows_takes_with_the_folder_before_it() {
    let folder = into(1).folder;
    let room = 259 - folder.len() - 1;
    let fits = "é".repeat(100) + "/" + &"a".repeat(room - 101);
    assert!(written(&tree(&[(&fits, Vec::new())]), 1, Bounds::default()).is_err(), "its bytes are more than 255");
    let fits = "d".repeat(100) + "/" + &"a".repeat(room - 101);
    assert!(written(&tree(&[(&fits, Vec::new())]), 1, Bounds::default()).is_ok());
    let refusal = written(&tree(&[(&(fits + "b"), Vec::new())]), 1, Bounds::default()).unwrap_err();
    assert!(refusal.to_string().contains("longer than the 259 characters"), "{refusal}");
}

#[test]
fn the_folder_it_is_unpacked_into_is_one() {
    let tree = tree(&[("a", Vec::new())]);
    let write = |folder: &str| {
        Cabinet { folder: folder.to_owned(), ..into(1) }.write(&tree, TIME, &mut Cursor::new(Vec::new()))
    };
    for good in ["C:\\x", "d:\\ProgramData\\a b\\c\\"] {
        assert!(write(good).is_ok(), "{good}");
    }
    for bad in ["", "C:", "C:\\", "x", "/opt", "C:/x", "C:\\a\\..\\b", "C:\\a\\\\b", "C:\\nul", "\\\\host\\x", "C:x\\y"]
    {
        assert!(matches!(write(bad), Err(CabError::Folder { .. })), "{bad}");
    }
}

#[test]
fn lzx_of_others_is_read() {
    for (bytes, window) in
        [(&include_bytes!("tests/data/window-16.cab")[..], 16), (include_bytes!("tests/data/window-21.cab"), 21)]
    {
        let (description, faults) = seen(bytes);
        assert_eq!((faults, description.remarks), (vec![], vec![]));
        assert_eq!(description.fields[0].value, format!("LZX, window 2^{window}"));
        let files = read(description.files);
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].0, "DLLs\\x.bin");
        // As cabextract unpacks them.
        let digests = [
            "eff013d28ffc7d2c9887a2a4a7468d1230b3111c31611c7d132475522d463d0f",
            "8001c34382b9b8b6f435444f719d0c04ff2fdd08500fb1cbc5932e37ff48fdbb",
        ];
        assert_eq!([0, 1].map(|at| files[at].2.as_deref()), digests.map(Some));
    }
}

fn contents() -> impl Strategy<Value = Vec<u8>> {
    let sizes = prop_oneof![0..300_usize, Just(PLAIN), PLAIN - 2..PLAIN + 3, 0..200_000_usize];
    (sizes, any::<bool>(), any::<u8>())
        .prop_map(|(size, is_noise, byte)| if is_noise { noise(size) } else { vec![byte; size] })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_tree_comes_back(
        files in prop::collection::btree_map("[a-k]{1,3}(/[a-ké]{1,3}){0,2}\\.t", contents(), 1..8),
        threads in 1..4_u32,
        blocks in 7..20_u64,
    ) {
        let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        let bytes = written(&tree(&files), threads, Bounds { folder: blocks * PLAIN as u64, ..Bounds::default() }).unwrap();
        let (description, faults) = seen(&bytes);
        prop_assert_eq!((faults, description.remarks), (vec![], vec![]));
        prop_assert_eq!(read(description.files), parts(&files));
    }

    #[test]
    fn a_changed_byte_is_seen_or_changes_nothing(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = good(&sample()[1..4]);
        let before = seen(&bytes).0;
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let (after, faults) = seen(&bytes);
        let same = read(after.files.clone()) == read(before.files);
        // What is said of files, and numbers that mean nothing, have no checksum.
        prop_assert!(at < 44 + 3 * 30 || same || !faults.is_empty());
    }
}
