//! rpm packages as another library writes them, in every compression that is read.

use std::io::Cursor;

use rpm::{CompressionWithLevel, FileOptions, PackageBuilder};

use super::{listing, read, refused};
use crate::format::{
    Codec, Format as _, PackageFormat,
    rpm::{Rpm, sample},
};

pub(super) fn builder() -> PackageBuilder {
    let mut builder = PackageBuilder::new("tools", "2.5.11", "MIT", "noarch", "shows tools");
    builder.release("1.el9").epoch(3).description("It shows\ntools.");
    builder
        .with_file_contents("a = 1\n", FileOptions::new("/etc/tools.conf").permissions(0o640).config().noreplace())
        .unwrap()
        .with_file_contents(
            "#!/bin/sh\n",
            FileOptions::new("/usr/bin/tools").permissions(0o755).user("shop").group("shop"),
        )
        .unwrap()
        .with_symlink(FileOptions::symlink("/usr/bin/t", "tools"))
        .unwrap()
        .with_dir_entry(FileOptions::dir("/var/lib/tools").permissions(0o750))
        .unwrap()
        .with_ghost(FileOptions::ghost("/var/log/tools.log"))
        .unwrap();
    builder.requires(rpm::Dependency::greater_eq("bash", "4")).requires(rpm::Dependency::any("sed"));
    builder
}

pub(super) fn bytes(builder: PackageBuilder, compression: CompressionWithLevel) -> Vec<u8> {
    let config = rpm::BuildConfig::default().compression(compression).source_date(1_700_000_000);
    let mut builder = builder;
    let package = builder.using_config(config).build().unwrap();
    let mut bytes = Vec::new();
    package.write(&mut bytes).unwrap();
    bytes
}

pub(super) const EACH: [CompressionWithLevel; 3] =
    [CompressionWithLevel::None, CompressionWithLevel::Xz(1), CompressionWithLevel::Zstd(1)];

/// What rpmbuild makes, in gzip; its spec file lies beside it.
pub(super) const OF_RPMBUILD: &[u8] = include_bytes!("data/hardlinks-1.0~rc1-1.noarch.rpm");

#[test]
fn what_rpmbuild_makes_is_read() {
    let package = read(OF_RPMBUILD).unwrap();
    assert_eq!(package.file_name(), "hardlinks-1.0~rc1-1.noarch.rpm");
    assert_eq!(package.depends, ["/bin/sh", "config(hardlinks) = 1.0~rc1-1"]);
    assert_eq!(
        listing(&package),
        [
            "755 root:root opt/hl/",
            "4750 hl:hl opt/hl/a 6 5891b5b5",
            "4750 hl:hl opt/hl/b 6 5891b5b5",
            "644 root:root opt/hl/empty 0 e3b0c442 config",
            "4750 hl:hl opt/hl/sub/c 6 5891b5b5",
            "777 root:root opt/hl/sub/l -> ../a",
        ]
    );
}

#[test]
fn every_compression_of_rpm_is_read() {
    let mut found = Vec::new();
    for compression in EACH {
        found.push(read(&bytes(builder(), compression)).unwrap_or_else(|error| panic!("{compression}: {error}")));
    }
    assert!(found.windows(2).all(|pair| pair[0].files == pair[1].files));
    let package = &found[0];
    assert_eq!(package.format, PackageFormat::Rpm);
    assert_eq!((package.epoch.as_str(), package.arch.as_str()), ("3", "noarch"));
    assert_eq!(package.file_name(), "tools-2.5.11-1.el9.noarch.rpm");
    assert_eq!((package.summary.as_str(), package.description.as_str()), ("shows tools", "It shows\ntools."));
    assert!(package.depends.contains(&"bash >= 4".to_owned()) && package.depends.contains(&"sed".to_owned()));
    assert!(!package.depends.iter().any(|name| name.starts_with("rpmlib(")), "{:?}", package.depends);
    let expected = [
        "640 root:root etc/tools.conf 6 b4a2b7da config",
        "777 root:root usr/bin/t -> tools",
        "755 shop:shop usr/bin/tools 10 a8076d3d",
        "750 root:root var/lib/tools/",
    ];
    let found = listing(package);
    for (found, expected) in found.iter().zip(expected) {
        let digest = |line: &str| line.split(' ').filter(|word| word.len() != 8).collect::<Vec<_>>().join(" ");
        assert_eq!(digest(found), digest(expected));
    }
    assert_eq!(found.len(), expected.len(), "a ghost is not installed: {found:?}");
}

#[test]
fn what_our_writer_writes_is_read() {
    let (tree, meta) = (sample::tree(), sample::meta());
    for codec in [Codec::Gzip, Codec::Xz, Codec::Zstd] {
        let format = Rpm::new(codec);
        let mut out = Cursor::new(Vec::new());
        format.write(&tree, &meta, None, &mut out).unwrap();
        let package = read(&out.into_inner()).unwrap();
        assert_eq!(package.file_name(), format.file_name(&meta));
        for (path, entry) in tree.iter() {
            let item = package.files.iter().find(|item| item.path == *path).unwrap();
            assert_eq!((item.mode, &item.owner), (entry.mode, &entry.owner), "{path}");
        }
    }
}

#[test]
fn names_of_one_file_have_one_content() {
    let mut builder = builder();
    for path in ["/opt/a", "/opt/b", "/opt/c"] {
        builder.with_file_contents("the same", FileOptions::new(path).hardlink("one")).unwrap();
    }
    let package = read(&bytes(builder, CompressionWithLevel::Zstd(1))).unwrap();
    let names: Vec<_> = package.files.iter().filter(|item| item.path.as_str().starts_with("opt/")).collect();
    assert_eq!(names.len(), 3);
    assert!(names.windows(2).all(|pair| pair[0].kind == pair[1].kind), "{names:?}");
}

#[test]
fn a_package_without_files_is_one() {
    let empty = PackageBuilder::new("nothing", "1", "MIT", "noarch", "nothing");
    assert!(read(&bytes(empty, CompressionWithLevel::Zstd(1))).unwrap().files.is_empty());
}

#[test]
fn devices_are_refused() {
    let mut builder = builder();
    builder.with_special_file(FileOptions::fifo("/run/tools")).unwrap();
    assert_eq!(
        refused(&bytes(builder, CompressionWithLevel::None)),
        "it has `/run/tools`, which is a device or a pipe"
    );
}

/// The value of a tag in a package's main header: where its entry of the index and its bytes are.
fn place_of(bytes: &[u8], header: usize, tag: u32) -> (usize, usize) {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let entries = number(header + 8) as usize;
    let entry = (0..entries).map(|n| header + 16 + 16 * n).find(|at| number(*at) == tag).unwrap();
    (entry, header + 16 + 16 * entries + number(entry + 8) as usize)
}

/// A package whose main header was changed, with digests that are right again.
fn sealed(mut bytes: Vec<u8>, change: impl FnOnce(&mut Vec<u8>, usize)) -> Vec<u8> {
    use md5::{Digest as _, Md5};
    let header = super::hostile::header_of(&bytes);
    change(&mut bytes, header);
    let number = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let end = header + 16 + 16 * number(&bytes, header + 8) + number(&bytes, header + 12);
    let sha256 = hex::encode(sha2::Sha256::digest(&bytes[header..end]));
    let sha1 = hex::encode(sha1::Sha1::digest(&bytes[header..end]));
    let md5 = Md5::digest(&bytes[header..]);
    let (_, place) = place_of(&bytes, 96, 269);
    bytes[place..place + 40].copy_from_slice(sha1.as_bytes());
    let (_, place) = place_of(&bytes, 96, 273);
    bytes[place..place + 64].copy_from_slice(sha256.as_bytes());
    // Not every package says it.
    if let Some(entry) = (0..number(&bytes, 96 + 8)).map(|n| 96 + 16 + 16 * n).find(|at| number(&bytes, *at) == 1004) {
        let place = 96 + 16 + 16 * number(&bytes, 96 + 8) + number(&bytes, entry + 8);
        bytes[place..place + 16].copy_from_slice(&md5);
    }
    bytes
}

#[test]
fn what_rpm_does_without() {
    // Devices of files, then their inodes: the tag becomes one that is not known.
    let whole = read(&bytes(builder(), CompressionWithLevel::None)).unwrap();
    for tag in [1095, 1096, 1036] {
        let without = sealed(bytes(builder(), CompressionWithLevel::None), |bytes, header| {
            let (entry, _) = place_of(bytes, header, tag);
            bytes[entry..entry + 4].copy_from_slice(&60_000_u32.to_be_bytes());
        });
        match (tag, read(&without)) {
            // A link needs its target.
            (1036, read) => assert!(read.unwrap_err().to_string().contains("has no target")),
            (_, read) => assert_eq!(read.unwrap_or_else(|error| panic!("{tag}: {error}")), whole),
        }
    }
}

#[test]
fn a_ghost_that_is_a_pipe() {
    let pipe = |name: &str| {
        sealed(bytes(builder(), CompressionWithLevel::None), |bytes, header| {
            let (entry, names) = place_of(bytes, header, 1117);
            let count = u32::from_be_bytes(bytes[entry + 12..entry + 16].try_into().unwrap()) as usize;
            let all = bytes[names..].split(|b| *b == 0).take(count);
            let at = all.into_iter().position(|found| found == name.as_bytes()).unwrap();
            let (_, modes) = place_of(bytes, header, 1030);
            bytes[modes + 2 * at..modes + 2 * at + 2].copy_from_slice(&0o010_644_u16.to_be_bytes());
        })
    };
    let package = read(&pipe("tools.log")).unwrap();
    assert!(!listing(&package).iter().any(|line| line.contains("tools.log")), "a ghost is not installed");
    assert_eq!(refused(&pipe("tools.conf")), "it has `/etc/tools.conf`, which is a device or a pipe");
}

#[test]
fn a_summary_of_another_time() {
    let latin = sealed(bytes(builder(), CompressionWithLevel::None), |bytes, header| {
        let (_, summary) = place_of(bytes, header, 1004);
        bytes[summary] = 0xe9;
    });
    let package = read(&latin).unwrap();
    assert_eq!(package.summary, "éhows tools");
    assert_eq!(package.remarks, ["its summary is not UTF-8, as it has to be; it is read as ISO 8859-1"]);
}
