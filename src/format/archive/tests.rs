//! Archives, read by tar and by the crate `tar`.

use std::{
    io::{Cursor, Read},
    process::{Command, Stdio},
};

use super::{super::sample, Archive, Codec, Format as _};

const ALL: [Archive; 3] = [
    Archive { codec: Codec::Gzip, threads: 1 },
    Archive { codec: Codec::Xz, threads: 2 },
    Archive { codec: Codec::Zstd, threads: 2 },
];

fn written(archive: Archive) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    archive.write(&sample::tree(), &sample::meta(), None, &mut out).unwrap();
    out.into_inner()
}

fn plain(archive: Archive) -> Vec<u8> {
    let (bytes, mut plain) = (written(archive), Vec::new());
    let mut reader: Box<dyn Read> = match archive.codec {
        Codec::Gzip => Box::new(flate2::read::GzDecoder::new(&bytes[..])),
        Codec::Xz => Box::new(liblzma::read::XzDecoder::new(&bytes[..])),
        Codec::Zstd => Box::new(zstd::Decoder::new(&bytes[..]).unwrap()),
    };
    reader.read_to_end(&mut plain).unwrap();
    plain
}

#[test]
fn an_archive_is_called_after_release_and_platform() {
    let mut meta = sample::meta();
    let name = |meta: &_| ALL.map(|archive| archive.file_name(meta));
    let version = meta.version.clone();
    let ends = ["gz", "xz", "zst"].map(|end| format!("{}-{version}-debian-12.tar.{end}", meta.name));
    assert_eq!(name(&meta), ends);
    meta.version_epoch = 3;
    assert_eq!(name(&meta), ends, "an epoch is no part of it");
}

#[test]
fn every_codec_holds_the_same_archive_and_threads_change_nothing() {
    let [first, second, third] = ALL.map(plain);
    assert!(first == second && second == third);
    for archive in ALL {
        assert!(written(archive) == written(Archive { threads: 3, ..archive }), "{archive:?}");
    }
}

#[test]
fn files_lie_below_the_root_with_modes_and_owners() {
    let bytes = plain(ALL[0]);
    let mut archive = tar::Archive::new(&bytes[..]);
    let lines = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let header = entry.header();
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let owner = format!("{}:{}", header.username().unwrap().unwrap(), header.groupname().unwrap().unwrap());
        let target = entry.link_name().unwrap().map(|to| format!(" -> {}", to.display())).unwrap_or_default();
        format!("{:04o} {owner} {} {path}{target}", header.mode().unwrap(), header.mtime().unwrap())
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn gnu_tar_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    for (archive, option) in ALL.into_iter().zip(["--gzip", "--xz", "--zstd"]) {
        let file = folder.path().join(archive.codec.extension());
        std::fs::write(&file, written(archive)).unwrap();
        let out = Command::new("tar").args(["--list", option, "--file"]).arg(&file).stdin(Stdio::null()).output();
        let out = out.unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        if option == "--zstd" && said.contains("zstd") && !out.status.success() {
            eprintln!("skipped: tar has no zstd here");
            continue;
        }
        assert!(out.status.success() && said.is_empty(), "{said}");
        let listed = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(listed.lines().any(|line| line == "usr/lib/factory-sample/run"), "{listed}");
    }
}
