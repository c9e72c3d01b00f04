//! Cabinets that should not be made: each is refused with a word that says why, within bounds.

use super::{super::checksum, PLAIN, good, noise, seen, seen_within, sha256};
use crate::stage::Limits;

/// Its checksum (the right one where there is none), packed bytes, plain size.
type Block = (Option<u32>, Vec<u8>, u16);

/// A cabinet by hand: right unless something of it is changed.
#[derive(Clone)]
struct Made {
    version: [u8; 2],
    flags: u16,
    /// What is kept in the head: its bytes, and the numbers for folders and blocks.
    kept: Option<(Vec<u8>, u8, u8)>,
    /// Compression and blocks of each folder.
    folders: Vec<(u16, Vec<Block>)>,
    /// Name, size, start, folder, attributes.
    files: Vec<(Vec<u8>, u32, u32, u16, u16)>,
    /// What is added to numbers: the cabinet's size, the place of the list, that of each folder, their numbers of blocks, of files.
    size: i32,
    files_at: i32,
    folder_at: i32,
    blocks: i32,
    count: i32,
    behind: Vec<u8>,
}

/// One plain folder of a block with `abcdef`, and two files in it.
fn made() -> Made {
    Made {
        version: [3, 1],
        flags: 0,
        kept: None,
        folders: vec![(0, vec![(None, b"abcdef".to_vec(), 6)])],
        files: vec![(b"\\a".to_vec(), 2, 0, 0, 0x20), (b"d\\b".to_vec(), 4, 2, 0, 0x20)],
        size: 0,
        files_at: 0,
        folder_at: 0,
        blocks: 0,
        count: 0,
        behind: Vec::new(),
    }
}

/// One with these files, each of them empty.
fn named(names: &[&[u8]], attributes: u16) -> Made {
    let files = names.iter().map(|name| (name.to_vec(), 0, 0, 0, attributes)).collect();
    Made { files, ..made() }
}

impl Made {
    fn blocks(&self) -> Vec<Vec<u8>> {
        let block = |(sum, packed, plain): &Block| {
            let sizes = [u16::try_from(packed.len()).unwrap().to_le_bytes(), plain.to_le_bytes()].concat();
            let kept = vec![9; self.kept.as_ref().map_or(0, |(.., block)| usize::from(*block))];
            let right = checksum::of_block(packed, sizes.clone().try_into().unwrap(), &kept);
            [&sum.unwrap_or(right).to_le_bytes()[..], &sizes, &kept, packed].concat()
        };
        self.folders.iter().map(|(_, blocks)| blocks.iter().flat_map(block).collect()).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        let added = |number: usize, more: i32| u32::try_from(number).unwrap().wrapping_add_signed(more).to_le_bytes();
        let small = |number: usize, more: i32| added(number, more)[..2].to_vec();
        let mut kept = Vec::new();
        let mut by_folder = 0;
        if let Some((bytes, folder, block)) = &self.kept {
            kept = [&small(bytes.len(), 0)[..], &[*folder, *block], bytes].concat();
            by_folder = usize::from(*folder);
        }
        let (blocks, folders) = (self.blocks(), self.folders.len());
        let files = self.files.iter().flat_map(|(name, size, start, folder, attributes)| {
            let numbers = [folder.to_le_bytes(), [0x21, 0x5c], [0, 0], attributes.to_le_bytes()].concat();
            [&size.to_le_bytes()[..], &start.to_le_bytes(), &numbers, name, &[0]].concat()
        });
        let files: Vec<u8> = files.collect();
        let files_at = 36 + kept.len() + folders * (8 + by_folder);
        let mut at = files_at + files.len();
        let mut heads = Vec::new();
        for ((packing, its), bytes) in self.folders.iter().zip(&blocks) {
            heads.extend(added(at, self.folder_at));
            heads.extend(small(its.len(), self.blocks));
            heads.extend(packing.to_le_bytes());
            heads.extend(vec![9; by_folder]);
            at += bytes.len();
        }
        let flags = self.flags | if self.kept.is_some() { 4 } else { 0 };
        [
            &b"MSCF\0\0\0\0"[..],
            &added(at, self.size),
            &[0; 4],
            &added(files_at, self.files_at),
            &[0; 4],
            &self.version,
            &small(folders, 0),
            &small(self.files.len(), self.count),
            &flags.to_le_bytes(),
            &[0; 4],
            &kept,
            &heads,
            &files,
            &blocks.concat(),
            &self.behind,
        ]
        .concat()
    }
}

/// Everything that is wrong with it.
fn faults(made: &Made) -> Vec<String> {
    seen(&made.bytes()).1
}

fn said(made: &Made, text: &str) {
    let faults = faults(made);
    assert!(faults.iter().any(|fault| fault.contains(text)), "{faults:?}");
}

#[test]
fn what_is_made_by_hand_is_good() {
    let (description, faults) = seen(&made().bytes());
    assert_eq!((faults, description.remarks), (vec![], vec![]));
    let digests: Vec<_> = description.files.iter().map(|part| part.sha256.clone().unwrap()).collect();
    assert_eq!(digests, [sha256(b"ab"), sha256(b"cdef")]);
}

#[test]
fn what_makers_keep_in_it_is_passed_over() {
    let kept = Made { kept: Some((vec![7; 20], 3, 2)), behind: vec![1; 30], ..made() };
    let (description, said) = seen(&kept.bytes());
    assert_eq!(said, Vec::<String>::new());
    assert!(description.unchecked.iter().any(|what| what.contains("the 30 bytes behind its end")), "{description:?}");
}

#[test]
fn numbers_that_lead_outside() {
    said(&Made { size: 100, ..made() }, "it ends early");
    said(&Made { size: -1, ..made() }, "its end begins inside of what is before it");
    said(&Made { files_at: -1, ..made() }, "its list of files begins inside of what is before it");
    said(&Made { files_at: i32::MAX, ..made() }, "it ends early");
    said(&Made { folder_at: i32::MAX, ..made() }, "its folder 1 lies outside of it");
    said(&Made { folder_at: 1000, ..made() }, "its folder 1 lies outside of it");
    said(&Made { folder_at: -1, ..made() }, "its folder 1 begins inside of what is before it");
    said(&Made { behind: vec![0], ..made() }, "1 bytes follow its end");
}

#[test]
fn folders_that_overlap() {
    let folder = made().folders[0].clone();
    let two = Made { folders: vec![folder.clone(), folder], ..made() };
    assert_eq!(faults(&two), Vec::<String>::new());
    let mut bytes = two.bytes();
    let first = bytes[36..40].to_vec();
    bytes[44..48].copy_from_slice(&first);
    assert!(seen(&bytes).1.iter().any(|fault| fault.contains("its folder 2 begins inside of what is before it")));
}

#[test]
fn bytes_that_belong_to_nothing() {
    let mut bytes = made().bytes();
    bytes.splice(bytes.len()..bytes.len(), [0; 5]);
    let size = u32::try_from(bytes.len()).unwrap();
    bytes[8..12].copy_from_slice(&size.to_le_bytes());
    assert!(seen(&bytes).1.iter().any(|fault| fault.contains("5 bytes in it belong to nothing")));
}

#[test]
fn huge_numbers() {
    said(&Made { count: 60_000, ..made() }, "");
    said(&Made { blocks: 60_000, ..made() }, "its folder 1 lies outside of it");
    let mut folders = made();
    folders.folders = vec![folders.folders[0].clone(); 40_000];
    folders.files[0].3 = 39_999;
    assert_eq!(faults(&folders), Vec::<String>::new(), "many are slow for nobody");
    let bytes = good(&[("a", Vec::new()), ("b", Vec::new())]);
    let few = Limits { entries: 1, ..Limits::default() };
    assert!(seen_within(&bytes, &few).1[0].contains("more files than are read"));
}

#[test]
fn blocks_larger_than_one_can_be() {
    let with = |packed: usize, plain: u16| Made { folders: vec![(0, vec![(None, vec![0; packed], plain)])], ..made() };
    said(&with(PLAIN + 6145, 6), "block 1 of folder 1 is larger than one can be");
    said(&with(6, 32_769), "block 1 of folder 1 is larger than one can be");
    said(&with(7, 6), "block 1 of folder 1: it has two sizes");
    let short = Made { folders: vec![(1, vec![(None, b"CK\x01\x01\0\xfe\xffa".to_vec(), 1); 2])], ..named(&[b"a"], 0) };
    said(&short, "block 1 of folder 1: it has less than 32 KiB and is not the last one");
}

#[test]
fn checksums_that_are_wrong() {
    let with = |sum| Made { folders: vec![(0, vec![(Some(sum), b"abcdef".to_vec(), 6)])], ..made() };
    said(&with(5), "its checksum of block 1 of folder 1 is wrong");
    let (description, none) = seen(&with(0).bytes());
    assert_eq!((none.len(), &description.remarks[..]), (0, &["1 of its blocks have no checksum".to_owned()][..]));
    let both =
        Made { folders: vec![(0, vec![(Some(1), b"abcdef".to_vec(), 6), (Some(2), b"x".to_vec(), 1)])], ..made() };
    assert_eq!(faults(&both).len(), 2, "all of them are said");
}

#[test]
fn what_is_cut() {
    for whole in [made().bytes(), good(&[("a", noise(40_000))])] {
        for cut in (0..whole.len()).step_by(if whole.len() > 1000 { 997 } else { 1 }) {
            let faults = seen(&whole[..cut]).1;
            assert_eq!(faults, ["it ends early: it was cut off"], "{cut}");
        }
    }
}

#[test]
fn a_bomb_unpacks_to_no_more_than_is_read() {
    let bytes = good(&[("a", vec![0; 40 << 20])]);
    let few = Limits { total_bytes: 1 << 20, ..Limits::default() };
    assert!(bytes.len() < 200_000 && seen(&bytes).1.is_empty(), "{}", bytes.len());
    assert!(seen_within(&bytes, &few).1[0].contains("more to unpack than is read"));
}

#[test]
fn names_that_lead_astray() {
    for (name, why) in [
        (&b"..\\x"[..], "a part that is another folder"),
        (b"a\\..\\..\\x", "a part that is another folder"),
        (b"a/../x", "a part that is another folder"),
        (b"\\\\host\\share\\x", "it names another machine"),
        (b"C:\\x", "it names a drive"),
        (b"c:x", "it names a drive"),
        (b"a\x1b[1mb", "it has a control character"),
        (b"a\nb", "it has a control character"),
        (b"", "it is empty"),
        (b"x.", "ends with a dot or a blank"),
        (b"a\\NUL.txt", "the name of a device"),
        (b"ab:c", "one of the characters"),
        (b"a\\\\b", "it has an empty part"),
    ] {
        said(&named(&[name], 0x20), why);
    }
    said(&named(&[&[b'a'; 256]], 0x20), "has more than 255 bytes");
    said(&named(&[b"a\xff"], 0xa0), "is not UTF-8, as it says");
    let foreign = seen(&named(&[b"a\xe9"], 0x20).bytes());
    assert_eq!((foreign.1.len(), foreign.0.files[0].path.as_str()), (0, "aé"));
    assert!(foreign.0.remarks[0].contains("in a code that it does not say"));
}

#[test]
fn files_that_are_one() {
    said(&named(&[b"\\a", b"a"], 0x20), "`\\a` and `a` are one on Windows");
    said(&named(&[b"Lib\\a", b"lib/A"], 0x20), "are one on Windows");
    said(&named(&[b"a", b"A\\b"], 0x20), "are one on Windows");
}

#[test]
fn files_that_share_bytes_or_have_none() {
    let with =
        |size, start| Made { files: vec![(b"a".to_vec(), 3, 0, 0, 0), (b"b".to_vec(), size, start, 0, 0)], ..made() };
    assert_eq!(faults(&with(3, 3)), Vec::<String>::new());
    said(&with(3, 2), "`a` and `b` share bytes");
    said(&with(1, 0), "`b` and `a` share bytes");
    said(&with(4, 3), "`b` ends early: its folder has fewer bytes");
    said(&with(40_000, 3), "`b` lies outside of its folder");
    said(&with(u32::MAX, u32::MAX), "`b` lies outside of its folder");
    assert_eq!(seen(&with(1, 5).bytes()).0.remarks, ["2 bytes in its folders are of no file"]);
    let mut other = made();
    other.files[1].3 = 1;
    said(&other, "in a folder that there is not");
}

#[test]
fn cabinets_of_a_set() {
    for flags in [1, 2, 3] {
        said(&Made { flags, ..made() }, "sets of several cabinets are not read");
    }
    for folder in [0xfffd, 0xfffe, 0xffff] {
        let mut made = made();
        made.files[1].3 = folder;
        said(&made, "`d\\b`, which continues in another cabinet");
    }
    let open = Made { folders: vec![(0, vec![(None, b"abcdef".to_vec(), 0)])], ..named(&[b"a"], 0) };
    said(&open, "block 1 of folder 1, which continues in another cabinet");
}

#[test]
fn what_is_not_known() {
    said(&Made { version: [4, 1], ..made() }, "version 1.4 of the format");
    let with = |packing| Made { folders: vec![(packing, made().folders[0].1.clone())], ..made() };
    said(&with(2), "Quantum, a compression that is not read");
    said(&with(7), "compression 7, which is not known");
    said(&with(3 | (14 << 8)), "LZX with a window of 2^14 bytes");
    said(&with(3 | (22 << 8)), "LZX with a window of 2^22 bytes");
    said(&with(1), "block 1 of folder 1: it does not begin with `CK`");
    said(&with(3 | (21 << 8)), "block 1 of folder 1: a block of it is of no kind that there is");
    assert!(seen(b"PK\x03\x04").1[0].contains("does not begin with `MSCF`"));
    said(&Made { files: vec![], ..made() }, "there is nothing in it");
    said(&Made { folders: vec![], files: vec![], ..made() }, "there is nothing in it");
}

#[test]
fn lzx_that_was_changed_never_goes_outside() {
    let whole = include_bytes!("data/window-16.cab");
    let mut state = 1_u32;
    for _ in 0..300 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let at = 0x5d + (state >> 8) as usize % (whole.len() - 0x5d);
        let mut bytes = whole.to_vec();
        bytes[at] ^= 1 << (state % 8);
        assert!(!seen(&bytes).1.is_empty(), "{at}");
        // The same without checksums: whatever comes out, it ends.
        let mut place = 0x5d;
        while place + 8 <= bytes.len() {
            bytes[place..place + 4].fill(0);
            place += 8 + usize::from(u16::from_le_bytes([bytes[place + 4], bytes[place + 5]]));
        }
        let _ = seen(&bytes);
    }
}
