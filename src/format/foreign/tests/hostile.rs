//! Packages that are not built by accident: cut, blown up, with paths that lead out, with members twice. None may be
//! taken, and none may end the program.

use proptest::prelude::*;
use rpm::CompressionWithLevel;
use tar::EntryType::{self, Directory, Link, Regular, Symlink};

use super::{
    debs::{CONTROL, archive, control, package, tar, xz},
    read, refused, rpms,
};
use crate::{format::foreign::Foreign, stage::Limits};

fn good_control() -> Vec<u8> {
    control(&[("./control", CONTROL)])
}

fn deb(entries: &[(&str, EntryType, &str, &[u8])]) -> Vec<u8> {
    package(&good_control(), &tar(entries))
}

fn a_deb() -> Vec<u8> {
    let data = tar(&[("./usr/", Directory, "", b""), ("./usr/a", Regular, "", &[7; 3000])]);
    archive(&[("debian-binary", b"2.0\n"), ("control.tar.xz", &xz(&good_control())), ("data.tar.xz", &xz(&data))])
}

#[test]
fn cut_anywhere_it_is_refused() {
    let mut packages = vec![a_deb(), deb(&[("./usr/a", Regular, "", &[7; 3000])])];
    packages.extend(rpms::EACH.map(|compression| rpms::bytes(rpms::builder(), compression)));
    packages.push(rpms::OF_RPMBUILD.to_vec());
    for bytes in packages {
        assert!(read(&bytes).is_ok());
        for end in (0..bytes.len()).step_by(1 + bytes.len() / 300) {
            // A deb whose last member ends at an odd byte is whole without its padding.
            assert!(read(&bytes[..end]).is_err() || end == bytes.len() - 1, "{end} of {}", bytes.len());
        }
    }
}

#[test]
fn paths_that_lead_out_are_refused() {
    for name in ["../a", "./usr/../../a", "/etc/a", "./usr//a", "usr/a\u{1b}[2J", "./usr/./a"] {
        let said = refused(&deb(&[(name, Regular, "", b"")]));
        assert!(said.contains("cannot be a path") || said.contains("is refused"), "{name}: {said}");
    }
    assert!(refused(&package(&control(&[("./control", CONTROL), ("./../x", "")]), &tar(&[]))).contains("control.tar"));
    assert!(refused(&package(&control(&[("./control", CONTROL), ("./a/b", "")]), &tar(&[]))).contains("not a plain"));
}

#[test]
fn what_no_file_system_could_hold_is_refused() {
    let file = |name| (name, Regular, "", &b""[..]);
    assert_eq!(refused(&deb(&[file("./a"), file("./a")])), "`/a`: it is in the package twice");
    assert!(refused(&deb(&[("./a", Symlink, "/etc", b""), file("./a/passwd")])).contains("is not a folder"));
    assert!(refused(&deb(&[("./a", Link, "./b", b"")])).contains("hard link to something"));
    assert!(refused(&deb(&[("./a", Link, "../../etc/shadow", b"")])).contains("cannot be a path"));
    assert!(refused(&deb(&[("./a", EntryType::Char, "", b"")])).contains("a character device"));
    assert!(refused(&deb(&[("./a", Symlink, "", b"")])).contains("the target of the link"));
}

#[test]
fn no_member_hides_another_one() {
    // dpkg and tar unpack the root and a name with a slash as folders, and read on in what is in the file.
    let hidden = tar(&[("./postinst", Regular, "", b"#!/bin/sh\nid\n")]);
    for name in ["./", ".", "./usr/doc/"] {
        for kind in [Regular, Symlink] {
            let content: &[u8] = if kind == Regular { &hidden } else { b"" };
            let said = refused(&deb(&[(name, kind, "etc", content)]));
            assert!(said.contains("but is no folder"), "{name}: {said}");
            let inner = tar(&[(name, kind, "etc", content), ("./control", Regular, "", CONTROL.as_bytes())]);
            let said = refused(&package(&inner, &tar(&[])));
            assert!(said.contains("but is no folder"), "{name}: {said}");
        }
    }
    // Programs differ in which of these they know, and what they make of them.
    for kind in [b'7', b'V', b'D', b'Z'] {
        let said = refused(&deb(&[("./a", EntryType::new(kind), "", b"x")]));
        assert!(said.contains("of a type that is not known"), "{kind}: {said}");
    }
    // What is behind the end is read by programs that go on after one block of zeros.
    let mut data = tar(&[("./a", Regular, "", b"")]);
    let end = data.len() - 1024;
    data.splice(end + 512.., tar(&[("./b", Regular, "", b"")]));
    assert!(refused(&package(&good_control(), &data)).contains("something follows the end"));
}

#[test]
fn headers_that_two_programs_read_in_two_ways_are_refused() {
    let changed = |change: &dyn Fn(&mut [u8])| {
        let mut data = tar(&[("./postinst", Regular, "", b"")]);
        change(&mut data[..512]);
        data[148..156].copy_from_slice(b"        ");
        let sum: u32 = data[..512].iter().map(|&b| u32::from(b)).sum();
        data[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        package(&good_control(), &data)
    };
    assert!(read(&changed(&|_| {})).is_ok());
    // A prefix in a header that one takes for POSIX's and the other does not.
    let said = refused(&changed(&|header| {
        header[257..265].copy_from_slice(b"ustar\x0001");
        header[345] = b'.';
    }));
    assert!(said.contains("of no known kind"), "{said}");
    assert!(refused(&changed(&|header| header[257..265].fill(0))).contains("of no known kind"));
    assert!(
        refused(&changed(&|header| header[100..108].copy_from_slice(b"+004755\0"))).contains("a number in its header")
    );
    // dpkg gives the file the mode of its last name.
    let link = |mode: u32| {
        let mut out = tar::Builder::new(Vec::new());
        for (name, kind, mode, link) in [("./a", Regular, 0o644, ""), ("./b", Link, mode, "./a")] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_size(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            header.set_username("root").unwrap();
            header.set_groupname("root").unwrap();
            let old = header.as_old_mut();
            old.name[..name.len()].copy_from_slice(name.as_bytes());
            old.linkname[..link.len()].copy_from_slice(link.as_bytes());
            header.set_cksum();
            out.append(&header, &b""[..]).unwrap();
        }
        package(&good_control(), &out.into_inner().unwrap())
    };
    assert!(read(&link(0o644)).is_ok());
    assert_eq!(refused(&link(0o4755)), "`/b`: it is a hard link to `/a`, with another mode or owner");
}

#[test]
fn names_and_targets_of_all_members_are_counted() {
    let target = "a/".repeat(40) + "a";
    let many: Vec<(String, EntryType, &str, &[u8])> =
        (0..100).map(|number| (format!("./l{number}"), Symlink, target.as_str(), &b""[..])).collect();
    let many: Vec<(&str, EntryType, &str, &[u8])> =
        many.iter().map(|(name, kind, link, content)| (name.as_str(), *kind, *link, *content)).collect();
    let bytes = deb(&many);
    assert!(read(&bytes).is_ok());
    let limits = Limits { name_bytes: 4000, ..Limits::default() };
    let said = super::super::read(&bytes[..], bytes.len() as u64, &limits).unwrap_err().to_string();
    assert!(said.contains("more bytes in all names"), "{said}");
}

#[test]
fn members_that_are_not_those_of_deb5() {
    let (inner, files) = (good_control(), tar(&[]));
    let with = |members: &[(&str, &[u8])]| refused(&archive(members));
    let first: (&str, &[u8]) = ("debian-binary", b"2.0\n");
    let control: (&str, &[u8]) = ("control.tar", &inner);
    let data: (&str, &[u8]) = ("data.tar", &files);
    assert_eq!(with(&[control, data]), "it is malformed: its first member is not `debian-binary`");
    assert_eq!(with(&[("debian-binary", b"3.0\n"), control, data]), "it has the format version `3.0\\n`, not 2.0");
    for wrong in [
        &[first, data, control][..],
        &[first, control, control, data],
        &[first, control, data, data],
        &[first, control, data, ("data.tar.gz", b"")],
        &[first, control, ("more", b""), data],
        &[first, first, control, data],
    ] {
        assert!(with(wrong).contains("is not the member that deb(5) wants there"));
    }
    assert_eq!(with(&[first, control]), "it is malformed: it has no `data.tar`");
    assert_eq!(with(&[first]), "it is malformed: it has no `control.tar`");
    assert_eq!(
        with(&[first, control, ("data.tar.lz4", b"")]),
        "it has a `data.tar.lz4`: only .gz, .bz2, .xz, .zst and .lzma are read"
    );
    let mut bytes = archive(&[first, control, data]);
    // The size of `debian-binary`: not a number, then more than there is.
    bytes[56..58].copy_from_slice(b"x ");
    assert_eq!(refused(&bytes), "it is malformed: a header of its archive is not one of ar(5)");
    bytes[56..66].copy_from_slice(b"9999999999");
    assert_eq!(refused(&bytes), "it is malformed: its first member is not `debian-binary`");
}

#[test]
fn streams_that_dpkg_does_not_read() {
    let data = tar(&[]);
    let (one, two) = data.split_at(data.len() / 2);
    let twice = [xz(one), xz(two)].concat();
    let members: [(&str, &[u8]); 3] =
        [("debian-binary", b"2.0\n"), ("control.tar", &good_control()), ("data.tar.xz", &twice)];
    assert!(read(&archive(&members)).is_err());
    let behind = [xz(&data), b"more".to_vec()].concat();
    let said = refused(&archive(&[members[0], members[1], ("data.tar.xz", &behind)]));
    assert_eq!(said, "it is malformed: `data.tar.xz` is more than one compressed stream, which dpkg does not read");
}

#[test]
fn a_bomb_does_not_go_off() {
    // 40 MiB of zeros in one file, which is little; with what a small limit allows it is too much.
    let bomb = xz(&tar(&[("./zeros", Regular, "", &vec![0; 40 << 20])]));
    let control = good_control();
    let bytes = archive(&[("debian-binary", b"2.0\n"), ("control.tar", &control), ("data.tar.xz", &bomb)]);
    assert!(bytes.len() < 40_000 && read(&bytes).is_ok());
    let with = |limits: &Limits| -> Result<Foreign, _> { super::super::read(&bytes[..], bytes.len() as u64, limits) };
    let said = with(&Limits { total_bytes: 1 << 20, ..Limits::default() }).unwrap_err().to_string();
    assert_eq!(
        said,
        "it cannot be read: it unpacks to more than 1048576 bytes: more than it declares, or than is read"
    );
    let many = tar(&[("./a", Regular, "", b""), ("./b", Regular, "", b""), ("./c", Regular, "", b"")]);
    let bytes = package(&control, &many);
    let limits = Limits { entries: 2, ..Limits::default() };
    assert!(super::super::read(&bytes[..], bytes.len() as u64, &limits).is_err());
    let limits = Limits { name_bytes: 2, ..Limits::default() };
    assert!(super::super::read(&bytes[..], bytes.len() as u64, &limits).is_err());
}

/// The place of the main header in an rpm.
pub(super) fn header_of(bytes: &[u8]) -> usize {
    let start = bytes[200..].windows(4).position(|four| four == [0x8e, 0xad, 0xe8, 1]).unwrap();
    200 + start
}

#[test]
fn a_changed_rpm_is_refused() {
    let bytes = rpms::bytes(rpms::builder(), CompressionWithLevel::None);
    let header = header_of(&bytes);
    let changed = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        read(&bytes)
    };
    for at in (header..bytes.len()).step_by(7) {
        assert!(changed(at).is_err(), "byte {at} of {}", bytes.len());
    }
    let name = bytes[header..].windows(6).position(|six| six == b"\0tools").unwrap();
    assert_eq!(
        changed(header + name + 1).unwrap_err().to_string(),
        "its header's SHA-256 is wrong: it was damaged, or changed after it was built"
    );
}

#[test]
fn made_up_sizes_cost_nothing() {
    let bytes = rpms::bytes(rpms::builder(), CompressionWithLevel::None);
    for (at, said) in [(96 + 8, "begin as rpm's do"), (96 + 12, "begin as rpm's do")] {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].copy_from_slice(&[0xff; 4]);
        assert!(refused(&bytes).contains(said));
    }
    // A count of a value: more than the store holds.
    let mut bytes = bytes;
    bytes[96 + 16 + 12..96 + 16 + 16].copy_from_slice(&[0xff; 4]);
    let _either = read(&bytes);
    bytes[6..8].copy_from_slice(&[0, 1]);
    assert_eq!(refused(&bytes), "it is a source package");
    bytes[4] = 2;
    assert!(refused(&bytes).contains("the package format 2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damage_never_ends_the_program(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), which in 0..3_usize) {
        let mut bytes = match which {
            0 => a_deb(),
            1 => deb(&[("./usr/a", Regular, "", &[7; 3000])]),
            _ => rpms::bytes(rpms::builder(), CompressionWithLevel::None),
        };
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        let _either = read(&bytes);
    }
}
