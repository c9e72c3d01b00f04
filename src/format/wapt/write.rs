//! Writing a package: attributes are filled in, the control file and the manifest signed, everything zipped. The same
//! files, attributes, key and date give the same bytes.

use std::collections::BTreeMap;

use sha1::Digest as _;

use super::{
    control::Control,
    error::WaptError,
    icon,
    manifest::{self, Manifest},
    names, signing,
};
use crate::{
    format::{
        Target,
        wapt::facts::attributes::{self as grammar, ATTRIBUTES, Source as By},
        zip::{Limits, Writer, ZipError, folded, safe},
    },
    sign::{Certificate, Signer, random_bytes, to_base64},
    stage::{Entry, Kind, Tree, TreePath},
};

/// Who signs, and when.
#[derive(Clone, Copy)]
pub struct Signing<'s> {
    /// The key.
    pub signer: &'s dyn Signer,
    /// Its certificate, then those between it and what agents trust.
    pub chain: &'s [Certificate],
    /// The date of the signature and the time of every file, seconds since 1970 UTC, from 1980 on.
    pub date: i64,
    /// Whether attributes are signed as they are: those of a package that is there. What is wrong with them is said by whoever
    /// asks for it.
    pub as_found: bool,
}

impl std::fmt::Debug for Signing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signing({:?}, {})", self.chain.first(), self.date)
    }
}

/// The files that are written anew.
const OWN: [&str; 6] = [
    "WAPT/control",
    "WAPT/certificate.crt",
    "WAPT/manifest.sha256",
    "WAPT/signature.sha256",
    "WAPT/manifest.sha1",
    "WAPT/signature",
];

/// The word for `package_uuid` that asks for a random one.
pub const RANDOM: &str = "random";

/// Writes the package with these files and attributes; `out` is at its beginning. Gives the control file as it was signed.
///
/// # Errors
/// [`WaptError`]; what was written so far is useless then.
pub fn write(
    tree: &Tree,
    control: &Control,
    signing: &Signing<'_>,
    out: &mut dyn Target,
) -> Result<Control, WaptError> {
    let certificate = signing.chain.first().ok_or(crate::sign::SignError::NoCertificate)?;
    let files = files(tree)?;
    may_be_packed(&files)?;
    may_sign(certificate, files.keys().any(|name| names::is_setup(name)))?;
    let mut control = prepared(control, tree, &files, signing.as_found)?;
    let mut manifest: Manifest = files.iter().map(|(name, file)| (name.clone(), hex::encode(file.sha256))).collect();
    if control.get("package_uuid").is_empty() {
        let uuid = derived_uuid(&control, &manifest, signing);
        control.set("package_uuid", &uuid);
    }
    signing::sign(&mut control, signing.signer, certificate, signing.date)?;
    // What agents will read, not what was meant.
    let text = control.to_text();
    let control = Control::read(text.as_bytes())?;
    signing::verify(&control, certificate)?;

    let certificates = signing.chain.iter().map(Certificate::to_pem).collect::<Vec<_>>().join("\n");
    let digest = |bytes: &[u8]| hex::encode(sha2::Sha256::digest(bytes));
    manifest.insert("WAPT/control".to_owned(), digest(text.as_bytes()));
    manifest.insert("WAPT/certificate.crt".to_owned(), digest(certificates.as_bytes()));
    let manifest = manifest::write(&manifest);
    if manifest.len() as u64 > manifest::LARGEST {
        return Err(ZipError::Large("the names of its files are more than 64 MiB").into());
    }
    let signature = to_base64(&signing.signer.sign(&manifest)?);

    let mut zip = Writer::new(out, signing.date);
    for (name, file) in &files {
        zip.sized(name, &mut tree.pack(file.entry), file.size)?;
    }
    for (name, bytes) in [
        ("WAPT/control", text.as_bytes()),
        ("WAPT/certificate.crt", certificates.as_bytes()),
        ("WAPT/manifest.sha256", &manifest),
        ("WAPT/signature.sha256", signature.as_bytes()),
    ] {
        zip.file(name, &mut &*bytes)?;
    }
    zip.finish()?;
    Ok(control)
}

/// A file to be packed.
struct Packed<'t> {
    entry: &'t Entry,
    sha256: [u8; 32],
    size: u64,
}

/// The files that go into the package, by name. Folders are made by what is in them.
fn files(tree: &Tree) -> Result<BTreeMap<String, Packed<'_>>, WaptError> {
    let mut files = BTreeMap::new();
    let mut seen: BTreeMap<String, &TreePath> = BTreeMap::new();
    for (path, entry) in tree.iter() {
        let refuse = |reason| Err(WaptError::Name { name: path.to_string(), reason });
        let name = path.as_str();
        if names::is_left_out(name) || OWN.contains(&name) {
            continue;
        }
        if let Err(reason) = safe(name) {
            return refuse(reason);
        }
        let content = match &entry.kind {
            Kind::Hardlink { target } => tree.get(target).unwrap_or(entry),
            _ => entry,
        };
        if let Some(other) = seen.insert(folded(name), path)
            && other != path
        {
            return refuse("Windows takes it for the same as another file of the package");
        }
        match content.kind {
            Kind::File { sha256, size, .. } => {
                files.insert(name.to_owned(), Packed { entry: content, sha256, size });
            }
            Kind::Dir => {}
            Kind::Symlink { .. } | Kind::Hardlink { .. } => return refuse("agents know no links"),
        }
    }
    Ok(files)
}

/// Whether the package that these files make is read again, here and by agents: before hours go into it.
fn may_be_packed(files: &BTreeMap<String, Packed<'_>>) -> Result<(), WaptError> {
    let limits = Limits::default();
    if files.len() + OWN.len() > usize::try_from(limits.entries).unwrap_or(usize::MAX) {
        return Err(ZipError::Large("a WAPT package has at most 200,000 files").into());
    }
    let total = files.values().try_fold(0_u64, |sum, file| sum.checked_add(file.size));
    if total.is_none_or(|total| total > limits.total - manifest::LARGEST) {
        return Err(ZipError::Large("a WAPT package has at most 32 GiB of files").into());
    }
    // An entry of the directory has up to 74 bytes beside its name.
    if files.keys().map(|name| name.len() as u64 + 74).sum::<u64>() > limits.directory - 1024 {
        return Err(ZipError::Large("the names of its files are more than 64 MiB").into());
    }
    Ok(())
}

fn may_sign(certificate: &Certificate, has_code: bool) -> Result<(), WaptError> {
    let refuse = |reason, help| Err(WaptError::Certificate { subject: certificate.subject(), reason, help });
    if certificate.common_name().is_none() {
        return refuse("it has no common name (CN)", "take a certificate with a common name: WAPT 1.8 refuses others");
    }
    if has_code && !certificate.is_code_signing() {
        return refuse(
            "it is not for code signing, and the package has a `setup.py`",
            "take a certificate with the extended key usage `codeSigning`: `factory keys wapt` makes one for tests",
        );
    }
    Ok(())
}

/// The attributes with their defaults and what the files say.
fn prepared(
    control: &Control,
    tree: &Tree,
    files: &BTreeMap<String, Packed<'_>>,
    as_found: bool,
) -> Result<Control, WaptError> {
    let mut filled = control.clone();
    for (name, default) in control.defaults() {
        if filled.get(name).is_empty() {
            filled.set(name, default);
        }
    }
    if filled.get("package_uuid") == RANDOM {
        filled.set("package_uuid", &uuid(random_bytes::<16>()?, 4));
    }
    let lower = filled.get("target_os").to_lowercase();
    filled.set("target_os", &lower);
    // What will be installed is known to who wrote `setup.py`: an installer's own size says little of it.
    if filled.get("installed_size").is_empty() {
        let size: u64 = files.values().map(|file| file.size).sum();
        filled.set("installed_size", &size.to_string());
    }
    let icon = files.get(icon::PATH);
    if let Some(file) = icon {
        let mut bytes = Vec::new();
        let content = std::io::Read::take(tree.open(file.entry), icon::LARGEST + 1);
        std::io::Read::read_to_end(&mut { content }, &mut bytes)?;
        icon::check(&bytes).map(drop).or_else(|error| if as_found { Ok(()) } else { Err(error) })?;
    }
    filled.set("icon_sha256sum", &icon.map(|file| hex::encode(file.sha256)).unwrap_or_default());
    for attribute in ATTRIBUTES.iter().filter(|attribute| attribute.source == By::User) {
        let value = filled.get(attribute.name);
        let missing = attribute.required && value.is_empty();
        let checked = if missing {
            Err(("it is missing".to_owned(), "every package has one"))
        } else if as_found || attribute.name == "installed_size" {
            Ok(())
        } else {
            attribute.check(value).map_err(|refused| (refused.message, refused.help))
        };
        checked.map_err(|(message, help)| WaptError::Attribute {
            attribute: attribute.name.to_owned(),
            message,
            help,
        })?;
    }
    let together = grammar::check_together(&|name| filled.get(name).to_owned());
    match together.into_iter().next().filter(|_| !as_found) {
        Some((name, refused)) => {
            Err(WaptError::Attribute { attribute: name.to_owned(), message: refused.message, help: refused.help })
        }
        None => Ok(filled),
    }
}

/// The namespace of derived ids: that of WAPT packages made here.
const NAMESPACE: &[u8; 16] = b"factory.wapt.v5\0";

/// An id by name (RFC 9562, version 5), over everything that makes the package: index readers keep one entry of each id.
fn derived_uuid(control: &Control, manifest: &Manifest, signing: &Signing<'_>) -> String {
    let own = ATTRIBUTES.iter().filter(|attribute| attribute.source == By::User);
    let mut hash = sha1::Sha1::new().chain_update(NAMESPACE);
    for attribute in own {
        let value = control.get(attribute.name);
        hash.update((value.len() as u64).to_be_bytes());
        hash.update(value);
    }
    hash.update(manifest::write(manifest));
    signing.chain.iter().for_each(|certificate| hash.update(certificate.fingerprint()));
    hash.update(signing.date.to_be_bytes());
    let digest: [u8; 20] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid(bytes, 5)
}

fn uuid(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
