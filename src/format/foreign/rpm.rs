//! rpm packages, read strictly: lead, signature header, header, compressed cpio ("RPM V4 Package format" and
//! "RPM V6 Package format" of rpm.org, and rpm's own limits in `lib/header.cc`).

mod files;
mod header;
mod payload;

use std::io::{BufRead as _, BufReader, Read};

use md5::Md5;
use sha2::{Digest as _, Sha256};

use self::{
    files::Listed,
    header::{Header, Section, tag},
};
use super::{
    Foreign, ForeignError, PackageFormat,
    codec::{Bounds, Packing, Tally, drain_zeros},
    error::{malformed, shown},
    is_name, is_version, not_utf8, text_of,
};
use crate::stage::Limits;

/// What an rpm package begins with.
pub(super) const MAGIC: &[u8] = &[0xed, 0xab, 0xee, 0xdb];
/// Bytes of the lead.
const LEAD: usize = 96;
/// The algorithm number of SHA-256 (RFC 4880, 9.4).
const SHA256: u32 = 8;

/// Reads a package.
pub(super) fn read(mut reader: impl Read, limits: &Limits, bounds: Bounds) -> Result<Foreign, ForeignError> {
    lead(&mut reader)?;
    let signature = Header::read(&mut reader, Section::Signature)?;
    let mut padding = vec![0; (8 - signature.size() % 8) % 8];
    reader.read_exact(&mut padding)?;

    let mut rest = Tally::<_, Md5>::new(&mut reader);
    let header = Header::read(&mut rest, Section::Main)?;
    let mut sums = Sums { header: signature.text(tag::SIG_SHA256)?, ..Sums::default() };
    sums.check_header(&header)?;
    let package = describe(&header)?;
    let mut listed = Listed::of(&header, limits)?;

    let mut packed = BufReader::new(Tally::<_, Sha256>::new(&mut rest));
    {
        let packing = packing(&header, packed.fill_buf()?)?;
        let unpacked = packing.unpack(&mut packed)?;
        let bounds = bounds.exactly(listed.unpacked());
        let mut plain = Tally::<_, Sha256>::new(bounds.bounded(unpacked, u64::MAX));
        payload::read(&mut plain, &mut listed, limits)?;
        drain_zeros(&mut plain)?;
        sums.plain = plain.finish();
    }
    let left = std::io::copy(&mut packed, &mut std::io::sink())?;
    if left > 0 {
        return Err(malformed(format!("{left} bytes follow its payload")));
    }
    sums.packed = packed.into_inner().finish();
    sums.whole = rest.finish();
    sums.check(&signature, &header)?;
    let (keys, capabilities) = listed.surprises();
    Ok(Foreign { files: listed.finish()?, keys, capabilities, ..package })
}

/// The lead only says that it is a binary package; all else in it is history.
fn lead(reader: &mut dyn Read) -> Result<(), ForeignError> {
    let mut lead = [0; LEAD];
    reader.read_exact(&mut lead)?;
    if !lead.starts_with(MAGIC) {
        return Err(ForeignError::NotAPackage);
    }
    match (lead[4], u16::from_be_bytes([lead[6], lead[7]])) {
        (3 | 4, 0) => Ok(()),
        (3 | 4, 1) => Err(ForeignError::Source),
        (3 | 4, other) => Err(malformed(format!("its lead says package type {other}"))),
        (major, _) => Err(ForeignError::Unsupported(format!("the package format {major}, which no living rpm writes"))),
    }
}

/// Digests, as found or as said, in hexadecimal digits.
#[derive(Debug, Default)]
struct Sums {
    /// Of the header, as the signature header says.
    header: Option<String>,
    /// MD5 of header and payload.
    whole: String,
    /// SHA-256 of the payload as it is.
    packed: String,
    /// SHA-256 of the payload unpacked.
    plain: String,
}

impl Sums {
    /// Before anything of the header is believed.
    fn check_header(&self, header: &Header) -> Result<(), ForeignError> {
        match &self.header {
            Some(sum) if *sum != hex::encode(Sha256::digest(header.bytes())) => {
                Err(ForeignError::Digest { digest: "header's SHA-256".to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Everything must be covered by at least one digest.
    fn check(&self, signature: &Header, header: &Header) -> Result<(), ForeignError> {
        let whole = signature.binary(tag::SIG_MD5)?.map(hex::encode);
        let of_payload = |sum: u32, algorithm: u32| -> Result<Option<String>, ForeignError> {
            let known = header.number(algorithm)?.is_none_or(|number| number == SHA256);
            Ok(header.text(sum)?.filter(|_| known))
        };
        let packed = of_payload(tag::PAYLOAD_SHA256, tag::PAYLOAD_SHA256_ALGORITHM)?;
        let plain = of_payload(tag::PAYLOAD_SHA256_ALT, tag::PAYLOAD_SHA256_ALGORITHM)?;
        let checks = [
            (&whole, &self.whole, "MD5 of header and payload"),
            (&packed, &self.packed, "payload's SHA-256"),
            (&plain, &self.plain, "unpacked payload's SHA-256"),
        ];
        for (said, found, what) in checks {
            if said.as_ref().is_some_and(|said| said != found) {
                return Err(ForeignError::Digest { digest: what.to_owned() });
            }
        }
        let header_covered = self.header.is_some() || whole.is_some();
        let payload_covered = whole.is_some() || packed.is_some() || plain.is_some();
        if header_covered && payload_covered {
            return Ok(());
        }
        Err(ForeignError::Unsupported(
            "no MD5 or SHA-256 of its header and payload: nothing says that it is whole".to_owned(),
        ))
    }
}

/// How the payload, which begins with `start`, is compressed.
fn packing(header: &Header, start: &[u8]) -> Result<Packing, ForeignError> {
    let format = header.text(tag::PAYLOAD_FORMAT)?.unwrap_or_else(|| "cpio".to_owned());
    if format != "cpio" {
        return Err(ForeignError::Unsupported(format!("a payload of the format `{}`", shown(format.as_bytes()))));
    }
    match header.text(tag::PAYLOAD_COMPRESSOR)?.as_deref() {
        // Said by no package that is not compressed, and by none of the time when gzip was all there was.
        None if start.starts_with(b"0707") => Ok(Packing::None),
        None | Some("gzip") => Ok(Packing::Gzip),
        Some("xz") => Ok(Packing::Xz),
        Some("zstd") => Ok(Packing::Zstd),
        Some(other) => {
            let other = shown(other.as_bytes());
            Err(ForeignError::Unsupported(format!(
                "a payload compressed with {other}: only gzip, xz and zstd are read"
            )))
        }
    }
}

fn describe(header: &Header) -> Result<Foreign, ForeignError> {
    let required = |number: u32, what: &str, fits: fn(&str) -> bool| {
        let text = header.text(number)?.unwrap_or_default();
        if fits(&text) {
            Ok(text)
        } else {
            Err(malformed(format!("`{}` cannot be its {what}", shown(text.as_bytes()))))
        }
    };
    let name = required(tag::NAME, "name", is_name)?;
    let version = required(tag::VERSION, "version", |text| is_version(text, b""))?;
    let revision = required(tag::RELEASE, "release", |text| is_version(text, b""))?;
    let arch = required(tag::ARCH, "architecture", |text| is_version(text, b""))?;
    // A source package has neither; the lead of an old one may lie.
    if header.text(tag::SOURCE_RPM)?.is_none() || header.number(tag::SOURCE_PACKAGE)?.is_some() {
        return Err(ForeignError::Source);
    }
    let mut remarks = Vec::new();
    let mut said = |number: u32, what: &str| -> Result<String, ForeignError> {
        let (text, is_odd) = text_of(header.bytes_of_text(number)?);
        remarks.extend(is_odd.then(|| not_utf8(what)));
        Ok(text)
    };
    let (summary, description) = (said(tag::SUMMARY, "summary")?, said(tag::DESCRIPTION, "description")?);
    Ok(Foreign {
        format: PackageFormat::Rpm,
        name,
        epoch: header.number(tag::EPOCH)?.map(|epoch| epoch.to_string()).unwrap_or_default(),
        version,
        revision,
        arch,
        summary,
        description,
        depends: requires(header)?,
        files: Vec::new(),
        keys: Vec::new(),
        capabilities: Vec::new(),
        remarks,
    })
}

/// `name >= version`, without what an rpm says of its own format.
fn requires(header: &Header) -> Result<Vec<String>, ForeignError> {
    let names = header.texts(tag::REQUIRE_NAME)?.unwrap_or_default();
    let flags = header.numbers(tag::REQUIRE_FLAGS)?.unwrap_or_default();
    let versions = header.texts(tag::REQUIRE_VERSION)?.unwrap_or_default();
    if flags.len() != names.len() || versions.len() != names.len() {
        return Err(malformed("its requirements are not as many names as versions"));
    }
    let all = names.iter().zip(&flags).zip(&versions);
    let said = all.filter(|((name, _), _)| !name.starts_with("rpmlib(")).map(|((name, flags), version)| {
        // RPMSENSE_LESS, _GREATER, _EQUAL.
        let operator = match flags & 0b1110 {
            0b0010 => "<",
            0b0100 => ">",
            0b1000 => "=",
            0b1010 => "<=",
            0b1100 => ">=",
            _ => return (*name).to_owned(),
        };
        format!("{name} {operator} {version}")
    });
    Ok(said.collect())
}
