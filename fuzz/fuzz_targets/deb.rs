//! A Debian package of somebody else: a description whose paths are plain, or an error.
#![no_main]

mod described;

use described::described;
use factory::{format::PackageFormat, stage::Limits};
use libfuzzer_sys::fuzz_target;

/// A tar of what the bytes say, with sums that are right: type, name and content of each entry.
fn tar(mut bytes: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    while let [kind, name, size, rest @ ..] = bytes {
        let (name, rest) = rest.split_at(rest.len().min(usize::from(*name)));
        let (content, rest) = rest.split_at(rest.len().min(usize::from(*size)));
        bytes = rest;
        let mut header = [0; 512];
        header[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..116].copy_from_slice(b"0000000\0");
        header[116..124].copy_from_slice(b"0000000\0");
        let is_file = !matches!(kind, b'1' | b'2' | b'5');
        let length = if is_file { content.len() } else { 0 };
        header[124..136].copy_from_slice(format!("{length:011o}\0").as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[148..156].fill(b' ');
        header[156] = *kind;
        if !is_file {
            header[157..157 + content.len().min(100)].copy_from_slice(&content[..content.len().min(100)]);
        }
        header[257..265].copy_from_slice(b"ustar  \0");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend(header);
        tar.extend(&content[..length]);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// A whole archive around two inner ones.
fn wrapped(bytes: &[u8]) -> Vec<u8> {
    let half = bytes.len() / 2;
    let mut archive = b"!<arch>\n".to_vec();
    let (control, data) = (tar(&bytes[..half]), tar(&bytes[half..]));
    for (name, content) in [("debian-binary", &b"2.0\n"[..]), ("control.tar", &control), ("data.tar", &data)] {
        archive.extend(format!("{name:<16}{:<32}{:<10}`\n", 0, content.len()).bytes());
        archive.extend(content);
    }
    archive
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { entries: 1000, total_bytes: 1 << 20, ..Limits::default() };
    for bytes in [bytes.to_vec(), wrapped(bytes)] {
        described(PackageFormat::Deb, &bytes, &limits);
    }
});
