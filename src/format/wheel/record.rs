//! `RECORD`: the files of a distribution, each with its digest and size, as comma-separated values.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{WheelError, malformed};

/// The most bytes of it: 64 MiB.
pub(super) const LARGEST: u64 = 64 << 20;

/// How a file was digested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

/// What is said of one file.
#[derive(Debug, Clone)]
struct Line {
    algorithm: Algorithm,
    digest: Vec<u8>,
    size: Option<u64>,
}

/// The files that have a digest, by their paths.
#[derive(Debug, Default)]
pub(super) struct Record {
    lines: BTreeMap<String, Line>,
    /// Those without one.
    bare: Vec<String>,
}

impl Record {
    pub(super) fn read(text: &str) -> Result<Self, WheelError> {
        let mut record = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let refuse = |why: &str| malformed(format!("a line of its RECORD {why}: `{}`", shown(line)));
            let [path, digest, size] = &fields(line).ok_or_else(|| refuse("is not three values"))?[..] else {
                return Err(refuse("is not three values"));
            };
            if path.contains('\\') {
                return Err(refuse("has a backslash in its path"));
            }
            if digest.is_empty() {
                record.bare.push(path.clone());
                continue;
            }
            let line = Line::of(digest, size).ok_or_else(|| refuse("has no SHA-256 or better, or no size"))?;
            if record.lines.insert(path.clone(), line).is_some() {
                return Err(refuse("lists a file again"));
            }
        }
        Ok(record)
    }

    /// Whether a path is listed with a digest.
    pub(super) fn lists(&self, path: &str) -> bool {
        self.lines.contains_key(path)
    }

    /// All paths, those without a digest too.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().chain(&self.bare).map(String::as_str)
    }

    /// What holds a file against its line while it is read.
    pub(super) fn check(&self, path: &str) -> Option<Check> {
        self.lines.get(path).map(|line| Check { line: line.clone(), hash: Hash::of(line.algorithm), size: 0 })
    }
}

impl Line {
    fn of(digest: &str, size: &str) -> Option<Self> {
        let (algorithm, digest) = digest.split_once('=')?;
        let (algorithm, length) = match algorithm {
            "sha256" => (Algorithm::Sha256, 32),
            "sha384" => (Algorithm::Sha384, 48),
            "sha512" => (Algorithm::Sha512, 64),
            _ => return None,
        };
        let digest = URL_SAFE_NO_PAD.decode(digest).ok().filter(|digest| digest.len() == length)?;
        let size = if size.is_empty() { None } else { Some(size.parse().ok()?) };
        Some(Self { algorithm, digest, size })
    }
}

enum Hash {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hash {
    fn of(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha384 => Self::Sha384(Sha384::new()),
            Algorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }
}

/// Holds one file against its line.
pub(super) struct Check {
    line: Line,
    hash: Hash,
    size: u64,
}

impl Check {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        match &mut self.hash {
            Hash::Sha256(hash) => hash.update(bytes),
            Hash::Sha384(hash) => hash.update(bytes),
            Hash::Sha512(hash) => hash.update(bytes),
        }
    }

    /// Whether the file was the one.
    pub(super) fn fits(self) -> bool {
        let digest = match self.hash {
            Hash::Sha256(hash) => hash.finalize().to_vec(),
            Hash::Sha384(hash) => hash.finalize().to_vec(),
            Hash::Sha512(hash) => hash.finalize().to_vec(),
        };
        digest == self.line.digest && self.line.size.is_none_or(|size| size == self.size)
    }
}

/// A line as Python's `csv` writes it: a value with a comma or a quote in it stands in quotes, in which a quote is written twice.
fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') { unquoted(quoted)? } else { plain(rest) };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

fn plain(text: &str) -> (String, &str) {
    let end = text.find(',').unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

/// What stands before the quote that ends it, and what is behind.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, rest)),
        }
    }
}

/// A line of the list that is written.
pub(super) fn line(path: &str, sha256: &[u8], size: u64) -> String {
    format!("{},sha256={},{size}\n", value(path), URL_SAFE_NO_PAD.encode(sha256))
}

/// A value of a line.
pub(super) fn value(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn shown(line: &str) -> String {
    line.escape_debug().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_stand_in_quotes() {
        let said = |line: &str| fields(line).map(|fields| fields.join("|"));
        assert_eq!(said("a/b.py,sha256=x,3").as_deref(), Some("a/b.py|sha256=x|3"));
        assert_eq!(said("\"a,\"\"b\"\"\",,").as_deref(), Some("a,\"b\"||"));
        assert_eq!(said("").as_deref(), Some(""));
        for bad in ["\"a", "\"a\"b,c", "\"a\"\"", "a,\"b"] {
            assert_eq!(said(bad), None, "{bad}");
        }
        assert_eq!(fields(&line("a,\"b", &[0; 32], 5)).map(|fields| fields[0].clone()).as_deref(), Some("a,\"b"));
    }

    #[test]
    fn only_good_digests_count() {
        let digest = URL_SAFE_NO_PAD.encode([7; 32]);
        let read = |text: &str| Record::read(text).map_err(|error| error.to_string());
        let record = read(&format!("a,sha256={digest},3\r\nb,,\r\n")).unwrap();
        assert!(record.lists("a") && !record.lists("b") && record.paths().eq(["a", "b"]));
        for bad in [
            format!("a,md5={digest},3"),
            format!("a,sha1={digest},3"),
            format!("a,sha256={digest}=,3"),
            format!("a,sha512={digest},3"),
            format!("a,sha256={digest},x"),
            format!("a,sha256={digest}"),
            format!("a\\b,sha256={digest},3"),
            format!("a,sha256={digest},3\na,sha256={digest},3"),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_is_held_against_its_line() {
        for (word, digest) in [
            ("sha256", Sha256::digest(b"abc").to_vec()),
            ("sha384", Sha384::digest(b"abc").to_vec()),
            ("sha512", Sha512::digest(b"abc").to_vec()),
        ] {
            let fits = |size: &str, bytes: &[u8]| {
                let record = Record::read(&format!("a,{word}={},{size}", URL_SAFE_NO_PAD.encode(&digest))).unwrap();
                let mut check = record.check("a").unwrap();
                check.update(bytes);
                check.fits()
            };
            assert!(fits("3", b"abc") && fits("", b"abc") && !fits("4", b"abc") && !fits("3", b"abd"), "{word}");
        }
    }
}
