//! Archives there and back, those of Info-ZIP, and hostile ones.

use std::{
    io::Cursor,
    process::{Command, Stdio},
};

use proptest::prelude::*;

use super::{
    layout::{CENTRAL, END, END_64, LOCATOR_64},
    *,
};

fn open(bytes: &[u8]) -> Result<Archive<Cursor<Vec<u8>>>, ZipError> {
    Archive::open(Cursor::new(bytes.to_vec()), bytes.len() as u64, &Limits::default())
}

fn written(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let mut writer = Writer::new(&mut out, 1_795_172_801);
    for (name, bytes) in files {
        writer.file(name, &mut &bytes[..]).unwrap();
    }
    writer.finish().unwrap();
    out.into_inner()
}

fn content(archive: &mut Archive<Cursor<Vec<u8>>>, name: &str) -> Result<Vec<u8>, ZipError> {
    let entry = archive.find(name).unwrap().clone();
    let mut out = Vec::new();
    archive.unpack(&entry, &mut out).map(|()| out)
}

#[test]
fn files_go_there_and_back() {
    let large = b"0123456789".repeat(100_000);
    let bytes = written(&[("a", b"x"), ("dir/é", b""), ("large", &large)]);
    let mut archive = open(&bytes).unwrap();
    assert_eq!(archive.entries().len(), 3);
    assert_eq!(content(&mut archive, "a").unwrap(), b"x");
    assert_eq!(content(&mut archive, "dir/é").unwrap(), b"");
    assert_eq!(content(&mut archive, "large").unwrap(), large);
}

/// Whether Python reads an archive, and finds these names with these sizes.
fn python_reads(bytes: &[u8], entries: usize, size: usize) -> Option<bool> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    std::fs::write(&path, bytes).unwrap();
    let script = "import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
found = archive.infolist()
assert len(found) == int(sys.argv[2]) and sum(one.file_size for one in found) == int(sys.argv[3]), found[:3]";
    let run =
        Command::new("python3").args(["-c", script]).arg(&path).args([entries.to_string(), size.to_string()]).output();
    let run = run.ok()?;
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(true)
}

#[test]
fn large_archives_have_the_larger_form() {
    let files: Vec<(String, Vec<u8>)> =
        (0..6).map(|number| (format!("dir/é{number}"), b"0123456789abcdef".repeat(number * 30))).collect();
    let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    // Too many entries; places, then sizes beyond the bound.
    for (entries, bytes) in [(6, 1 << 30), (7, 150), (7, 1000), (3, 100), (6, 2000)] {
        let mut out = Cursor::new(Vec::new());
        let mut writer = Writer::bounded(&mut out, 1_795_172_801, write::Bounds { bytes, entries });
        for (name, content) in &files {
            writer.sized(name, &mut &content[..], content.len() as u64).unwrap();
        }
        writer.finish().unwrap();
        let written = out.into_inner();
        let mut archive = open(&written).unwrap();
        for (name, bytes) in &files {
            assert_eq!(content(&mut archive, name).unwrap(), *bytes, "{name}");
        }
        if python_reads(&written, files.len(), total).is_none() {
            eprintln!("skipped: python3 is not installed");
        }
    }
    let mut grown = Writer::bounded(Cursor::new(Vec::new()), 0, write::Bounds { bytes: 100, entries: 9 });
    assert!(grown.sized("a", &mut &[7; 200][..], 10).is_err(), "it is larger than was said");
}

#[test]
fn many_files_go_there_and_back() {
    const COUNT: usize = 66_000;
    let mut out = Cursor::new(Vec::new());
    let mut writer = Writer::new(&mut out, 1_795_172_801);
    for number in 0..COUNT {
        writer.file(&number.to_string(), &mut &b""[..]).unwrap();
    }
    writer.finish().unwrap();
    let bytes = out.into_inner();
    assert_eq!(open(&bytes).unwrap().entries().len(), COUNT);
    if python_reads(&bytes, COUNT, 0).is_none() {
        eprintln!("skipped: python3 is not installed");
    }
}

#[test]
fn another_program_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    std::fs::write(&path, written(&[("a.txt", b"hello"), ("dir/b", &vec![0; 70_000])])).unwrap();
    let Ok(run) = Command::new("unzip").arg("-t").arg(&path).output() else {
        return eprintln!("skipped: unzip is not installed");
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}

#[test]
fn archives_of_another_program_are_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), b"aaaa".repeat(100)).unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/b"), b"b").unwrap();
    std::os::unix::fs::symlink("a", folder.path().join("link")).unwrap();
    let zip = |arguments: &[&str]| {
        let run = Command::new("zip").args(arguments).current_dir(folder.path()).stdout(Stdio::null()).status();
        run.map(|status| assert!(status.success()))
    };
    if zip(&["-qr", "x.zip", "a", "sub"]).is_err() {
        return eprintln!("skipped: zip is not installed");
    }
    let mut archive = open(&std::fs::read(folder.path().join("x.zip")).unwrap()).unwrap();
    assert_eq!(content(&mut archive, "a").unwrap(), b"aaaa".repeat(100));
    assert!(archive.entries().iter().any(|entry| entry.is_dir && entry.name == "sub"));
    // Sizes behind the contents.
    zip(&["-q", "-fd", "streamed.zip", "a"]).unwrap();
    let streamed = std::fs::read(folder.path().join("streamed.zip")).unwrap();
    assert_ne!(streamed[6] & 8, 0);
    assert_eq!(content(&mut open(&streamed).unwrap(), "a").unwrap(), b"aaaa".repeat(100));
    zip(&["-qry", "link.zip", "link"]).unwrap();
    let link = open(&std::fs::read(folder.path().join("link.zip")).unwrap()).unwrap_err();
    assert!(link.to_string().contains("a link or a device"), "{link}");
    zip(&["-q", "-P", "secret", "closed.zip", "a"]).unwrap();
    let closed = open(&std::fs::read(folder.path().join("closed.zip")).unwrap()).unwrap_err();
    assert!(closed.to_string().contains("encrypted"), "{closed}");
}

#[test]
fn the_larger_form_is_read() {
    const PYTHON: &str = "import zipfile
with zipfile.ZipFile('large.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    with z.open('a', 'w', force_zip64=True) as f: f.write(b'aaaa' * 100)
    z.writestr('b', b'b')
with zipfile.ZipFile('many.zip', 'w', zipfile.ZIP_STORED) as z:
    for n in range(66000): z.writestr('f%d' % n, b'x')";
    let folder = tempfile::tempdir().unwrap();
    let Ok(run) = Command::new("python3").args(["-c", PYTHON]).current_dir(folder.path()).output() else {
        return eprintln!("skipped: python3 is not installed");
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let mut large = open(&std::fs::read(folder.path().join("large.zip")).unwrap()).unwrap();
    assert_eq!(content(&mut large, "a").unwrap(), b"aaaa".repeat(100));
    let many = std::fs::read(folder.path().join("many.zip")).unwrap();
    assert!(many.windows(4).any(|four| four == END_64.to_le_bytes()));
    let mut many = open(&many).unwrap();
    assert_eq!((many.entries().len(), content(&mut many, "f65999").unwrap()), (66_000, b"x".to_vec()));
}

/// Why an archive is refused.
fn refused(bytes: &[u8]) -> String {
    match open(bytes) {
        Err(error) => error.to_string(),
        Ok(mut archive) => {
            let entries = archive.entries().to_vec();
            let all = entries.iter().map(|entry| archive.unpack(entry, &mut std::io::sink()));
            all.filter_map(Result::err).map(|error| error.to_string()).collect::<Vec<_>>().join("; ")
        }
    }
}

#[test]
fn names_are_judged() {
    for (name, why) in [
        ("../evil", "leads out"),
        ("a/../../evil", "leads out"),
        ("/etc/passwd", "absolute"),
        ("C:/x", "character"),
        ("a\\..\\b", "backslash"),
        ("nul", "device"),
        ("x/com1.txt", "device"),
        ("a//b", "empty part"),
        ("a\u{1}", "character"),
    ] {
        let found = refused(&written(&[(name, b"x")]));
        assert!(found.contains(why), "{name:?}: {found}");
    }
    for (one, other) in [("a", "a"), ("setup.py", "Setup.PY"), ("É", "é")] {
        let found = refused(&written(&[(one, b"1"), (other, b"2")]));
        assert!(found.contains("another entry has its name"), "{one} {other}: {found}");
    }
    let found = refused(&written(&[("a", b"1"), ("A/b", b"2")]));
    assert!(found.contains("below something that is not a folder"), "{found}");
}

/// An archive with two directories: one that its end names, and in the comment of its entry another one with the larger
/// form's end, which Python's `zipfile` and others go by.
fn with_two_directories() -> Vec<u8> {
    let plain = written(&[("a", b"good"), ("b", b"evil")]);
    let start = plain.windows(4).position(|four| four == CENTRAL.to_le_bytes()).unwrap();
    let (mut shown, hidden) = (plain[start..start + 47].to_vec(), &plain[start + 47..start + 94]);
    let mut comment = hidden.to_vec();
    let long = |number: usize| (number as u64).to_le_bytes();
    comment.extend(END_64.to_le_bytes());
    for part in [&long(44)[..], &[45, 0, 45, 0], &[0; 8], &long(1), &long(1), &long(47), &long(start + 47)] {
        comment.extend(part);
    }
    comment.extend(LOCATOR_64.to_le_bytes());
    comment.extend([&[0; 4][..], &long(start + 94), &[1, 0, 0, 0]].concat());
    shown[32..34].copy_from_slice(&u16::try_from(comment.len()).unwrap().to_le_bytes());
    let size = u32::try_from(shown.len() + comment.len()).unwrap();
    let start_at = u32::try_from(start).unwrap();
    [
        &plain[..start],
        &shown,
        &comment,
        &END.to_le_bytes(),
        &[0, 0, 0, 0, 1, 0, 1, 0],
        &size.to_le_bytes(),
        &start_at.to_le_bytes(),
        &[0, 0],
    ]
    .concat()
}

#[test]
fn an_entry_has_one_name() {
    let bytes = written(&[("a", b"x")]);
    let named = |name: &str| {
        let start = bytes.windows(4).position(|four| four == CENTRAL.to_le_bytes()).unwrap();
        let content = [&[1, 0, 0, 0, 0][..], name.as_bytes()].concat();
        let length = u16::try_from(content.len()).unwrap();
        // Of another kind, then Info-ZIP's name in Unicode.
        let extra = [&[0x55, 0x54, 1, 0, 7, 0x75, 0x70], &length.to_le_bytes()[..], &content].concat();
        let mut entry = bytes[start..start + 47].to_vec();
        entry[30..32].copy_from_slice(&u16::try_from(extra.len()).unwrap().to_le_bytes());
        let mut end = bytes[start + 47..].to_vec();
        end[12..16].copy_from_slice(&u32::try_from(47 + extra.len()).unwrap().to_le_bytes());
        [&bytes[..start], &entry, &extra, &end].concat()
    };
    assert_eq!(refused(&named("a")), "");
    assert!(refused(&named("../evil")).contains("a second name"), "{}", refused(&named("../evil")));
}

#[test]
fn an_archive_has_one_directory() {
    let bytes = with_two_directories();
    assert!(refused(&bytes).contains("its two ends say different things"), "{}", refused(&bytes));
}

/// Changes bytes of the only entry's header in the directory.
fn with_directory(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let start = bytes.windows(4).rposition(|four| four == CENTRAL.to_le_bytes()).unwrap();
    let mut changed = bytes.to_vec();
    changed[start + at..start + at + new.len()].copy_from_slice(new);
    changed
}

#[test]
fn numbers_are_not_believed() {
    let bytes = written(&[("a", &[7; 1000])]);
    assert_eq!(refused(&bytes), "");
    for (at, new, why) in [
        (24, &u32::MAX.to_le_bytes()[..], "breaks off"),
        (24, &0x7fff_ffff_u32.to_le_bytes(), "100 times"),
        (24, &999_u32.to_le_bytes(), "says something else"),
        (20, &5000_u32.to_le_bytes(), "says something else"),
        (16, &[0; 4], "says something else"),
        (42, &7_u32.to_le_bytes(), "says something else"),
        (42, &70_000_u32.to_le_bytes(), "header of an entry breaks off"),
        (10, &12_u16.to_le_bytes(), "neither stored nor deflated"),
        (8, &1_u16.to_le_bytes(), "encrypted"),
        (46, b"b", "says something else"),
        (38, &(0o120_777_u32 << 16).to_le_bytes(), "link or a device"),
        (38, &(0o060_644_u32 << 16).to_le_bytes(), "link or a device"),
    ] {
        let found = refused(&with_directory(&bytes, at, new));
        assert!(found.contains(why), "{at} {new:?}: {found}");
    }
    for cut in [0, 10, 21, bytes.len() - 1, bytes.len() - 22, bytes.len() - 40] {
        assert!(refused(&bytes[..cut]).contains("not a whole zip archive"), "{cut}");
    }
    let behind = [&bytes[..], b"more"].concat();
    assert!(refused(&behind).contains("not a whole zip archive"));
    let before = [b"more", &bytes[..]].concat();
    assert!(refused(&before).contains("not a whole zip archive"));
}

#[test]
fn contents_are_checked() {
    let bytes = written(&[("a", &[7; 1000])]);
    let mut changed = bytes.clone();
    changed[40] ^= 0xff;
    assert!(refused(&changed).contains("is damaged"), "{}", refused(&changed));
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![0; 4 << 20];
    let bytes = written(&[("a", &zeros)]);
    // So little is taken whatever its ratio; the bound itself is asked with a smaller one.
    assert_eq!(refused(&bytes), "");
    let limits = Limits { free: 1 << 20, ..Limits::default() };
    let found = Archive::open(Cursor::new(bytes.clone()), bytes.len() as u64, &limits).unwrap_err();
    assert!(matches!(found, ZipError::Large(_)), "{found}");
    // Two entries of one content: what Fifield's bombs are made of.
    let start = bytes.windows(4).rposition(|four| four == CENTRAL.to_le_bytes()).unwrap();
    let entry = bytes[start..start + 47].to_vec();
    let mut second = entry.clone();
    second[46] = b'b';
    let mut bomb = [&bytes[..start], &entry, &second].concat();
    bomb.extend(END.to_le_bytes());
    bomb.extend([0; 4]);
    bomb.extend([2, 0, 2, 0]);
    bomb.extend(94_u32.to_le_bytes());
    bomb.extend(u32::try_from(start).unwrap().to_le_bytes());
    bomb.extend([0; 2]);
    let found = refused(&bomb);
    assert!(found.contains("says something else") || found.contains("shares its bytes"), "{found}");
    second[46] = b'a';
    bomb[start + 47..start + 94].copy_from_slice(&second);
    assert!(refused(&bomb).contains("shares its bytes"), "{}", refused(&bomb));
}

proptest! {
    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&bytes).is_err());
    }

    #[test]
    fn a_changed_byte_never_gives_another_file(at in 0_usize..400, new in any::<u8>()) {
        let mut bytes = written(&[("a", b"hello, hello, hello"), ("dir/b", b"world")]);
        let at = at % bytes.len();
        bytes[at] = new;
        if let Ok(mut archive) = open(&bytes) {
            for entry in archive.entries().to_vec() {
                let mut out = Vec::new();
                if archive.unpack(&entry, &mut out).is_ok() {
                    prop_assert!(out == b"hello, hello, hello" || out == b"world");
                }
            }
        }
    }
}
