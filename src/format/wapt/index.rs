//! `Packages`: the index of a WAPT repository. A zip archive with the control files of all packages in one text, the
//! certificates of their signers (`ssl/`) and revocation lists (`crl/`). It is not signed itself: every control file is.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
};

use super::{
    control::{self, Control},
    error::WaptError,
    verify::{Refusal, check_control},
    version::{Entry, Generation},
};
use crate::{
    format::zip::{Archive, Limits, Writer, ZipError, folded, safe},
    sign::{Certificate, ChainError, Crl, Trust},
    util::toml::Span,
};

/// No index is larger: 128 MiB of text, of which an entry has 2 KiB.
const LARGEST: u64 = 128 << 20;
/// No index has more packages: each is kept taken apart.
const MOST_PACKAGES: usize = 50_000;
/// No index has more certificates: signers, and who issued theirs.
const MOST_CERTIFICATES: usize = 10_000;
/// No index has more revocation lists, or larger ones together: 64 MiB.
const MOST_CRLS: usize = 1000;
const LARGEST_CRLS: u64 = 64 << 20;
/// Nor is the archive larger, packed or not.
const ARCHIVE: Limits =
    Limits { entries: 20_000, directory: 8 << 20, total: 256 << 20, free: 256 << 20, ratio: 100, ..Limits::DEFAULT };

/// A package in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its control file.
    pub control: Control,
    /// The name of its file.
    pub file: String,
    /// The file's size in bytes.
    pub size: u64,
    /// The file's MD5, lower-case hex.
    pub md5: String,
}

/// An index.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// The packages.
    pub packages: Vec<Listed>,
    /// Certificates by fingerprint: those of signers, and those between them and what agents trust.
    pub certificates: BTreeMap<String, Certificate>,
    /// Revocation lists by the key identifier of their issuer, hex.
    pub crls: BTreeMap<String, Crl>,
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    /// Where it is none, or a part of it cannot be read.
    pub fn read(bytes: Vec<u8>) -> Result<Self, WaptError> {
        let length = bytes.len() as u64;
        let mut archive = Archive::open(Cursor::new(bytes), length, &ARCHIVE)?;
        let text = archive.small("Packages", LARGEST)?;
        let text = text.ok_or_else(|| WaptError::Control("there is no `Packages` in the index".to_owned()))?;
        let text = String::from_utf8(text).map_err(|_| WaptError::Control("the index is not UTF-8".to_owned()))?;
        let packages = paragraphs(&text).map(listed).take(MOST_PACKAGES + 1).collect::<Result<Vec<_>, _>>()?;
        if packages.len() > MOST_PACKAGES {
            return Err(ZipError::Large("the index has more than 50,000 packages").into());
        }
        let mut index = Self { packages, ..Self::default() };
        let mut crls = 0;
        for entry in archive.entries().to_vec() {
            if entry.name.starts_with("ssl/") {
                let pem = archive.small_entry(&entry, 1 << 20)?;
                for certificate in Certificate::all_from_pem(&pem)? {
                    index.certificates.insert(certificate.fingerprint(), certificate);
                }
                if index.certificates.len() > MOST_CERTIFICATES {
                    return Err(ZipError::Large("the index has more than 10,000 certificates").into());
                }
            } else if entry.name.starts_with("crl/") {
                crls += entry.size;
                if index.crls.len() == MOST_CRLS || crls > LARGEST_CRLS {
                    let what = "the index has more than 1,000 revocation lists, or more than 64 MiB of them";
                    return Err(ZipError::Large(what).into());
                }
                index.add_crl(Crl::read(&archive.small_entry(&entry, 8 << 20)?)?);
            }
        }
        Ok(index)
    }

    /// Takes a revocation list; the newer one of an issuer stays.
    pub fn add_crl(&mut self, crl: Crl) {
        let name = hex::encode(crl.authority_key_id().unwrap_or_default());
        let newer = self.crls.get(&name).is_none_or(|old| old.this_update() <= crl.this_update());
        if newer && !name.is_empty() {
            self.crls.insert(name, crl);
        }
    }

    /// Puts the packages into their order, and leaves out certificates that no package needs any more.
    pub fn settle(&mut self) {
        self.packages.sort_by(|a, b| {
            let by_version = entry(&a.control).compare(&entry(&b.control), Generation::V2);
            a.control.get("package").cmp(b.control.get("package")).then(by_version).then(a.file.cmp(&b.file))
        });
        let signers = self.packages.iter().map(|listed| listed.control.get("signer_fingerprint").to_owned());
        let mut needed: BTreeSet<String> = signers.collect();
        let mut with_id: BTreeMap<Vec<u8>, Vec<&String>> = BTreeMap::new();
        for (fingerprint, certificate) in &self.certificates {
            if let Some(id) = certificate.subject_key_id() {
                with_id.entry(id).or_default().push(fingerprint);
            }
        }
        // Each is looked at once, and each identifier, too.
        let mut waiting: Vec<String> = needed.iter().cloned().collect();
        while let Some(fingerprint) = waiting.pop() {
            let id = self.certificates.get(&fingerprint).and_then(Certificate::authority_key_id);
            for issuer in id.and_then(|id| with_id.remove(&id)).unwrap_or_default() {
                if needed.insert(issuer.clone()) {
                    waiting.push(issuer.clone());
                }
            }
        }
        self.certificates.retain(|fingerprint, _| needed.contains(fingerprint));
    }

    /// Checks the index as agents do that update from it: the signature of every control file, and its signer's chain among
    /// the index's own certificates. Gives what is wrong, by file.
    #[must_use]
    pub fn verify(&self, trust: &Trust, now: i64) -> Vec<(String, Vec<Refusal>)> {
        let mut trust = trust.clone();
        trust.crls.extend(self.crls.values().cloned());
        let company = trust.among(self.certificates.values());
        // Of each signer, whatever number of packages is theirs.
        let mut followed: BTreeMap<&str, Option<ChainError>> = BTreeMap::new();
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut files: BTreeSet<String> = BTreeSet::new();
        let mut found = Vec::new();
        for listed in &self.packages {
            let mut refusals = Vec::new();
            match self.certificates.get_key_value(listed.control.get("signer_fingerprint")) {
                None => refusals.push(Refusal::NotSigned("ssl/` with the signer's certificate in `Packages")),
                Some((fingerprint, signer)) => {
                    check_control(&listed.control, signer, &mut refusals);
                    let untrusted = followed.entry(fingerprint).or_insert_with(|| company.follow(signer, now).err());
                    refusals.extend(untrusted.clone().map(Refusal::from));
                }
            }
            let before = seen.insert(identity(&listed.control), &listed.file);
            refusals.extend(before.map(|before| Refusal::Twin(before.to_owned())));
            if !files.insert(folded(&listed.file)) {
                refusals.push(Refusal::SameFile);
            }
            if !refusals.is_empty() {
                found.push((listed.file.clone(), refusals));
            }
        }
        found
    }

    /// The index's bytes: the same for the same packages.
    ///
    /// # Errors
    /// Where it would be larger than an archive can be.
    pub fn write(&self) -> Result<Vec<u8>, WaptError> {
        let mut text = String::new();
        for listed in &self.packages {
            let size = listed.size.to_string();
            let own = listed.control.iter().filter(|(name, _)| !OWN.contains(name));
            let added = [("filename", listed.file.as_str()), ("size", size.as_str()), ("md5sum", listed.md5.as_str())];
            for (name, value) in own.chain(added.iter().copied()) {
                text.push_str(&format!("{name:<18}: {}\n", value.replace('\n', "\n ")));
            }
            text.push('\n');
        }
        let newest = self.packages.iter().filter_map(|listed| seconds(listed.control.get("signature_date"))).max();
        let mut out = Cursor::new(Vec::new());
        let mut zip = Writer::new(&mut out, newest.unwrap_or(crate::util::clock::FLOOR));
        zip.file("Packages", &mut text.as_bytes())?;
        for (fingerprint, certificate) in &self.certificates {
            zip.file(&format!("ssl/{fingerprint}.crt"), &mut certificate.to_pem().as_bytes())?;
        }
        for (id, crl) in &self.crls {
            zip.file(&format!("crl/{id}.crl"), &mut crl.der())?;
        }
        zip.finish()?;
        Ok(out.into_inner())
    }
}

/// What agents of WAPT 2 tell packages of an index apart by: of several they keep one.
#[must_use]
pub fn identity(control: &Control) -> String {
    match control.get("package_uuid") {
        "" => ["package", "version", "architecture", "locale", "maturity"].map(|name| control.get(name)).join("-"),
        uuid => uuid.to_owned(),
    }
}

/// What an index says beside the control file.
const OWN: [&str; 3] = ["filename", "size", "md5sum"];

fn entry(control: &Control) -> Entry<'_> {
    Entry {
        package: control.get("package"),
        version: control.get("version"),
        maturity: control.get("maturity"),
        signature_date: control.get("signature_date"),
    }
}

/// The control files in an index's text: agents end one at every line with nothing but blanks. What they see is what is
/// read here, or an entry could hide from whoever checks the index.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = control::lines(text);
    std::iter::from_fn(move || {
        let mut open: Option<Span> = None;
        for line in lines.by_ref() {
            if !control::strip(&text[line.clone()]).is_empty() {
                open.get_or_insert(line.clone()).end = line.end;
            } else if open.is_some() {
                break;
            }
        }
        open.map(|span| &text[span])
    })
}

/// A package of an index.
fn listed(paragraph: &str) -> Result<Listed, WaptError> {
    let mut control = Control::read(paragraph.as_bytes())?;
    let file = control.get("filename").trim_start_matches("./").to_owned();
    if file.is_empty() {
        let shown: String = control.title().escape_debug().take(100).collect();
        return Err(WaptError::Control(format!("the index does not say which file is `{shown}`")));
    }
    if safe(&file).is_err() || file.contains('/') {
        let shown: String = file.escape_debug().take(100).collect();
        return Err(WaptError::Control(format!("the index names a file `{shown}`")));
    }
    let listed = Listed {
        size: control.get("size").parse().unwrap_or_default(),
        md5: control.get("md5sum").to_owned(),
        file,
        control: {
            for name in OWN {
                control.remove(name);
            }
            control
        },
    };
    Ok(listed)
}

/// The time of a signature, as far as it is one.
fn seconds(date: &str) -> Option<i64> {
    let time: jiff::civil::DateTime = date.parse().ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str) -> Listed {
        let mut control = Control::default();
        for (key, value) in [("package", name), ("version", version), ("description", "one\ntwo"), ("own", "x")] {
            control.set(key, value);
        }
        control.set("signature_date", "2026-11-20T09:27:22.000000");
        Listed { control, file: format!("{name}_{version}.wapt"), size: 7, md5: "00".repeat(16) }
    }

    #[test]
    fn it_goes_there_and_back() {
        let mut index = Index {
            packages: vec![package("b", "1.0-1"), package("a", "1.0-10"), package("a", "1.0-9")],
            ..Index::default()
        };
        index.settle();
        let files: Vec<&str> = index.packages.iter().map(|listed| listed.file.as_str()).collect();
        assert_eq!(files, ["a_1.0-9.wapt", "a_1.0-10.wapt", "b_1.0-1.wapt"]);
        let bytes = index.write().unwrap();
        assert_eq!(index.write().unwrap(), bytes);
        let again = Index::read(bytes.clone()).unwrap();
        assert_eq!(
            again.packages.iter().map(|one| one.control.get("description")).collect::<Vec<_>>(),
            ["one\ntwo"; 3]
        );
        assert_eq!(again.packages[1].size, 7);
        assert_eq!(again.write().unwrap(), bytes);
    }

    fn zipped(text: &str) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        let mut zip = Writer::new(&mut out, 0);
        zip.file("Packages", &mut text.as_bytes()).unwrap();
        zip.finish().unwrap();
        out.into_inner()
    }

    #[test]
    fn packages_end_where_agents_end_them() {
        for between in ["\n\n", "\r\n\r\n", "\n \n", "\n\t\n\n", "\u{2028}\u{1f}\u{2028}"] {
            let text = format!("package: a\nfilename: a.wapt{between}package: b\nfilename: b.wapt\n");
            let index = Index::read(zipped(&text)).unwrap();
            let files: Vec<&str> = index.packages.iter().map(|one| one.file.as_str()).collect();
            assert_eq!(files, ["a.wapt", "b.wapt"], "{between:?}");
        }
        // Agents see it, and it would not have been checked.
        assert!(Index::read(zipped("package: a\n\npackage: b\nfilename: b.wapt\n")).is_err());
    }

    #[test]
    fn a_key_without_a_name_changes_nothing() {
        let control = Control::read(b"package: a\nversion: 1\n: x\ndescription: y").unwrap();
        let index = Index { packages: vec![Listed { control, ..package("a", "1") }], ..Index::default() };
        let again = Index::read(index.write().unwrap()).unwrap();
        assert_eq!(again.packages[0].control.get("version"), "1");
        assert_eq!(Control::read(again.packages[0].control.to_text().as_bytes()).unwrap().get("description"), "y");
    }

    #[test]
    fn packages_without_an_id_are_told_apart_as_agents_do() {
        let other = |file: &str, maturity: &str| {
            let mut listed = Listed { file: file.to_owned(), ..package("a", "1") };
            listed.control.set("maturity", maturity);
            listed
        };
        let twins = |packages| {
            let found = Index { packages, ..Index::default() }.verify(&Trust::default(), 0);
            let refusals = found.into_iter().flat_map(|(_, refusals)| refusals);
            refusals.filter(|refusal| matches!(refusal, Refusal::Twin(_))).count()
        };
        assert_eq!(twins(vec![other("1.wapt", "PROD"), other("2.wapt", "PROD")]), 1);
        assert_eq!(twins(vec![other("1.wapt", "PROD"), other("2.wapt", "DEV")]), 0);
    }

    #[test]
    fn a_file_that_is_listed_twice() {
        let mut other = package("b", "1");
        other.file = "a_1.wapt".to_owned();
        let found = Index { packages: vec![package("a", "1"), other], ..Index::default() }.verify(&Trust::default(), 0);
        let same = found.iter().flat_map(|(_, all)| all).filter(|refusal| matches!(refusal, Refusal::SameFile)).count();
        assert_eq!(same, 1);
    }

    #[test]
    fn an_index_names_files_of_its_folder_only() {
        for file in ["../evil.wapt", "a/b.wapt", "/etc/passwd"] {
            let index =
                Index { packages: vec![Listed { file: file.to_owned(), ..package("a", "1") }], ..Index::default() };
            assert!(Index::read(index.write().unwrap()).is_err(), "{file}");
        }
        assert!(Index::read(b"PK".to_vec()).is_err());
    }
}
