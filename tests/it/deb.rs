//! What is in a Debian package, read without the program's own code (deb(5), ar(5)).

use std::io::Read as _;

/// The members of an `ar` archive.
fn members(bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut rest = bytes.strip_prefix(b"!<arch>\n").expect("no ar archive");
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (header, after) = rest.split_at(60);
        let field = |from: usize, to: usize| std::str::from_utf8(&header[from..to]).unwrap().trim().to_owned();
        let size: usize = field(48, 58).parse().unwrap();
        let (content, after) = after.split_at(size);
        found.push((field(0, 16).trim_end_matches('/').to_owned(), content));
        rest = after.strip_prefix(b"\n").filter(|_| size % 2 == 1).unwrap_or(after);
    }
    found
}

fn unpacked(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match name.rsplit('.').next().unwrap() {
        "xz" => liblzma::read::XzDecoder::new_multi_decoder(bytes).read_to_end(&mut out),
        "gz" => flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out),
        other => panic!("{name}: what is {other}?"),
    }
    .unwrap();
    out
}

/// The tar of a package's `control` or `data` member.
fn tar(package: &[u8], member: &str) -> Vec<u8> {
    let members = members(package);
    let (name, bytes) =
        members.iter().find(|(name, _)| name.starts_with(member)).unwrap_or_else(|| panic!("no {member}"));
    unpacked(name, bytes)
}

/// `mode user:group path` of everything that a package installs.
pub fn listing(package: &[u8]) -> Vec<String> {
    let data = tar(package, "data.tar");
    let mut archive = tar::Archive::new(&*data);
    let line = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let entry = entry.unwrap();
        let header = entry.header();
        let owner = format!("{}:{}", header.username().unwrap().unwrap(), header.groupname().unwrap().unwrap());
        format!("{:o} {owner} {}", header.mode().unwrap(), entry.path().unwrap().display())
    };
    archive.entries().unwrap().map(line).collect()
}

/// The text of a file of a package's `control` member.
pub fn control(package: &[u8], file: &str) -> String {
    let control = tar(package, "control.tar");
    let mut archive = tar::Archive::new(&*control);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap().ends_with(file) {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            return text;
        }
    }
    panic!("no {file} in the package");
}
