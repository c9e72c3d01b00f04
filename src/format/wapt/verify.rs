//! Whether a package may be installed: all that agents check, and what they leave open. Everything that is wrong is said.

use std::{collections::BTreeMap, ops::Bound};

use sha2::Digest as _;

use super::{
    control::Control,
    doubts,
    error::{OF_KEY, WaptError},
    icon,
    manifest::{self, Manifest, UNLISTED},
    names,
    read::Package,
    signing::{self, MUST_BE_SIGNED, signed_names},
};
use crate::{
    format::zip::ZipError,
    sign::{Certificate, ChainError, SignError, Trust, from_base64},
};

/// One thing that is wrong with a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] WaptError),
    /// A part of it cannot be read.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// No signature.
    #[error("the package is not signed: there is no `{0}`")]
    NotSigned(&'static str),
    /// The certificate in it.
    #[error("WAPT/certificate.crt: {0}")]
    Certificate(SignError),
    /// The manifest's signature.
    #[error("the manifest was changed, or signed by another key than that of `{0}`")]
    ManifestSignature(String),
    /// A key that signatures are not checked with.
    #[error(transparent)]
    Key(SignError),
    /// The control file's signature.
    #[error("the control file was changed, or signed by another key than that of `{0}`")]
    ControlSignature(String),
    /// The signer is not trusted.
    #[error(transparent)]
    Untrusted(#[from] ChainError),
    /// A `setup.py`, signed by somebody who may not.
    #[error("the package has a `setup.py`, and the certificate of `{0}` is not for code signing")]
    NotCodeSigning(String),
    /// WAPT 1.8 refuses it.
    #[error("the signer's certificate has no common name, which WAPT 1.8 refuses")]
    NoCommonName,
    /// A file with other content.
    #[error("`{0}` was changed: its digest is not the manifest's")]
    Changed(String),
    /// A file that is gone.
    #[error("`{0}` is missing: the manifest has it")]
    Missing(String),
    /// A file too many.
    #[error("`{0}` is not in the manifest")]
    Unlisted(String),
    /// An important attribute that anybody may change in an index.
    #[error("not signed in the control file: {0}")]
    Unsigned(String),
    /// Another entry of an index with its id.
    #[error("`{0}` has the same `package_uuid`, and agents of WAPT 2 see only one of them")]
    Twin(String),
    /// More than is unpacked for a stranger.
    #[error("its files were not looked at: they are more than 100 times as large as the package")]
    Swollen,
    /// Another entry of an index with its file.
    #[error("another package of the index is said to be in this file")]
    SameFile,
    /// A control file that names another signer.
    #[error("the control file names another certificate ({named}) than the one that signed ({signed})")]
    Fingerprint {
        /// `signer_fingerprint`, cut.
        named: String,
        /// That of the first certificate, cut.
        signed: String,
    },
}

impl Refusal {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Key(_) | Self::Untrusted(ChainError::Forged { error: SignError::Key { .. }, .. }) => Some(OF_KEY),
            Self::Untrusted(ChainError::Unknown { .. }) => {
                Some("name the certificate of the signer, or of its authority: `--trust FILE`")
            }
            Self::Untrusted(ChainError::Expired(_)) | Self::NotCodeSigning(_) => {
                Some("have it signed again: `factory build FILE --key KEY --certificate CERT`")
            }
            Self::Changed(_)
            | Self::Missing(_)
            | Self::Unlisted(_)
            | Self::ManifestSignature(_)
            | Self::ControlSignature(_) => Some("get the package again from whoever made it"),
            _ => None,
        }
    }
}

/// A package that may be installed.
#[derive(Debug)]
pub struct Verified {
    /// Its control file.
    pub control: Control,
    /// Who signed it.
    pub signer: Certificate,
    /// What is trusted, and ends the chain.
    pub anchor: Certificate,
    /// How many files it has, those of WAPT included.
    pub files: usize,
    /// What should be said of it, and is no reason to refuse it.
    pub warnings: Vec<String>,
}

/// Checks a package against what is trusted, at the time `now` (seconds since 1970 UTC).
///
/// # Errors
/// Everything that is wrong, in the order of the checks.
pub fn verify(package: &mut Package, trust: &Trust, now: i64) -> Result<Verified, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let control = control(package).map_err(|refusal| refusals.push(refusal)).ok();
    let chain = match package.certificates() {
        Ok(chain) => chain,
        Err(WaptError::Sign(SignError::NoCertificate)) => {
            refusals.push(Refusal::NotSigned("WAPT/certificate.crt"));
            Vec::new()
        }
        Err(WaptError::Sign(error)) => {
            refusals.push(Refusal::Certificate(error));
            Vec::new()
        }
        Err(error) => {
            refusals.push(error.into());
            Vec::new()
        }
    };
    let manifest = signed_manifest(package, chain.first(), &mut refusals);
    if let (Some(control), Some(certificate)) = (&control, chain.first()) {
        check_control(control, certificate, &mut refusals);
    }
    let mut anchor = None;
    if let Some(certificate) = chain.first() {
        if certificate.common_name().is_none() {
            refusals.push(Refusal::NoCommonName);
        }
        if package.entries().iter().any(|entry| names::is_setup(&entry.name)) && !certificate.is_code_signing() {
            refusals.push(Refusal::NotCodeSigning(certificate.subject()));
        }
        anchor = trust.follow(&chain, now).map_err(|error| refusals.push(error.into())).ok().cloned();
    }
    match &manifest {
        // Whoever made it can make it cost hours: it is unpacked for somebody who is trusted.
        Some(_) if package.is_swollen() && !refusals.is_empty() => refusals.push(Refusal::Swollen),
        Some(manifest) => check_files(package, manifest, &mut refusals),
        None => {}
    }
    let files = package.entries().iter().filter(|entry| !entry.is_dir).count();
    let mut warnings = Vec::new();
    if let (Some(control), true) = (&control, refusals.is_empty()) {
        warnings = doubts(package, control, manifest.as_ref(), now);
        warnings.extend(trust.outlived(&chain).iter().map(ToString::to_string));
    }
    match (control, chain.into_iter().next(), anchor) {
        (Some(control), Some(signer), Some(anchor)) if refusals.is_empty() => {
            Ok(Verified { control, signer, anchor, files, warnings })
        }
        _ => Err(refusals),
    }
}

/// What is no reason to refuse a package, but will not have been meant.
fn doubts(package: &mut Package, control: &Control, manifest: Option<&Manifest>, now: i64) -> Vec<String> {
    let mut found = doubts::of_control(control, now);
    found.extend(doubts::of_names(control, package.entries().iter().map(|entry| entry.name.as_str())));
    found.extend(match package.small(icon::PATH, icon::LARGEST) {
        Ok(bytes) => bytes.and_then(|bytes| doubts::of_icon(&bytes)),
        Err(error) => Some(format!("{}: {error}", icon::PATH)),
    });
    let folders: Vec<&str> =
        manifest.into_iter().flatten().filter(|(_, digest)| digest.is_empty()).map(|(name, _)| name.as_str()).collect();
    if let Some(first) = folders.first() {
        found.push(format!(
            "the manifest names {} (`{}`), and WAPT 1.8 refuses the package: it looks for a file there",
            if folders.len() == 1 { "a folder".to_owned() } else { format!("{} folders", folders.len()) },
            first.escape_debug().take(100).collect::<String>()
        ));
    }
    found
}

fn control(package: &mut Package) -> Result<Control, Refusal> {
    let bytes = package.control_bytes()?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let why = "it begins with a byte order mark, which agents take for a part of the first key";
        return Err(WaptError::Control(why.to_owned()).into());
    }
    Ok(Control::read(&bytes)?)
}

/// The manifest, once its signature fits the certificate.
fn signed_manifest(
    package: &mut Package,
    certificate: Option<&Certificate>,
    refusals: &mut Vec<Refusal>,
) -> Option<Manifest> {
    let mut part = |name: &'static str, most| match package.small(name, most) {
        Ok(Some(bytes)) => Some(bytes),
        Ok(None) => {
            refusals.push(Refusal::NotSigned(name));
            None
        }
        Err(error) => {
            refusals.push(error.into());
            None
        }
    };
    let bytes = part("WAPT/manifest.sha256", manifest::LARGEST);
    let signature = part("WAPT/signature.sha256", 64 * 1024);
    let bytes = bytes?;
    if let (Some(signature), Some(certificate)) = (signature, certificate) {
        let signature = from_base64(&String::from_utf8_lossy(&signature));
        match signature.and_then(|signature| certificate.verify(&bytes, &signature)) {
            Ok(()) => {}
            Err(error @ SignError::Key { .. }) => refusals.push(Refusal::Key(error)),
            Err(_) => refusals.push(Refusal::ManifestSignature(certificate.subject())),
        }
    }
    manifest::read(&bytes).map_err(|error| refusals.push(error.into())).ok()
}

/// A control file's own signature, which an index relies on: it holds no manifest.
///
/// Pushes what is wrong.
pub fn check_control(control: &Control, certificate: &Certificate, refusals: &mut Vec<Refusal>) {
    if control.get("signature").is_empty() {
        refusals.push(Refusal::NotSigned("signature` in `WAPT/control"));
        return;
    }
    match signing::verify(control, certificate) {
        Ok(()) => {}
        Err(error @ SignError::Key { .. }) => {
            // It was said of the manifest already.
            if !refusals.iter().any(|refusal| matches!(refusal, Refusal::Key(said) if *said == error)) {
                refusals.push(Refusal::Key(error));
            }
        }
        Err(_) => refusals.push(Refusal::ControlSignature(certificate.subject())),
    }
    let signed = signed_names(control);
    let missing: Vec<&str> = MUST_BE_SIGNED.into_iter().filter(|name| !signed.iter().any(|own| own == name)).collect();
    if !missing.is_empty() {
        refusals.push(Refusal::Unsigned(missing.join(", ")));
    }
    let (named, own) = (control.get("signer_fingerprint"), certificate.fingerprint());
    if named != own {
        let cut = |text: &str| text.escape_debug().take(16).collect();
        refusals.push(Refusal::Fingerprint { named: cut(named), signed: cut(&own) });
    }
}

/// Every file against the manifest, and the manifest against the files.
fn check_files(package: &mut Package, manifest: &Manifest, refusals: &mut Vec<Refusal>) {
    const MOST: usize = 20;
    let mut found = Vec::new();
    let mut add = |refusal: Refusal| {
        if found.len() < MOST {
            found.push(refusal);
        }
    };
    let entries = package.entries().to_vec();
    let there: BTreeMap<&str, bool> = entries.iter().map(|entry| (entry.name.as_str(), entry.is_dir)).collect();
    // Whether something is in a folder: what begins with its name and a slash is in one place.
    let holds = |name: &str| {
        let start = format!("{name}/");
        let behind = (Bound::Included(start.as_str()), Bound::Unbounded);
        there.range::<str, _>(behind).next().is_some_and(|(first, _)| first.starts_with(&start))
    };
    for (name, digest) in manifest {
        let name = name.strip_suffix('/').filter(|_| digest.is_empty()).unwrap_or(name);
        let is_there = match there.get(name) {
            Some(is_dir) => *is_dir == digest.is_empty(),
            None => digest.is_empty() && holds(name),
        };
        if !is_there {
            add(Refusal::Missing(name.escape_debug().to_string()));
        }
    }
    for entry in &entries {
        if entry.is_dir {
            let listed = manifest.contains_key(&entry.name) || manifest.contains_key(&format!("{}/", entry.name));
            if !listed && !holds(&entry.name) {
                add(Refusal::Unlisted(format!("{}/", entry.name)));
            }
            continue;
        }
        let wanted = manifest.get(&entry.name);
        if wanted.is_none() && UNLISTED.contains(&entry.name.as_str()) {
            continue;
        }
        let mut hash = Hashing(sha2::Sha256::new());
        if let Err(error) = package.archive().unpack(entry, &mut hash) {
            add(error.into());
            continue;
        }
        match wanted {
            None => add(Refusal::Unlisted(entry.name.clone())),
            Some(digest) if *digest == hex::encode(hash.0.finalize()) => {}
            Some(_) => add(Refusal::Changed(entry.name.clone())),
        }
    }
    refusals.append(&mut found);
}

/// Hashes what is written into it.
struct Hashing(sha2::Sha256);

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
