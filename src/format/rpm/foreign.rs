//! rpm packages, read strictly: lead, signature header, header, compressed cpio ("RPM V4 Package format" and
//! "RPM V6 Package format" of rpm.org, and rpm's own limits in `lib/header.cc`).

mod arrays;
mod described;
mod files;
mod header;
mod payload;
mod tables;

use std::io::{self, BufReader, Read};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use self::{
    files::Listed,
    header::{Header, Section},
};
use super::tags;
use crate::{
    format::{
        PackageFormat,
        foreign::{
            Bounds, Foreign, ForeignError, Seen,
            codec::{Packing, Tally, drain_zeros},
            error::{malformed, shown},
            is_name, is_version, not_utf8, text_of,
        },
        reader::{Reader, Streamed},
    },
    stage::Limits,
};

/// What an rpm package begins with.
const MAGIC: &[u8] = &[0xed, 0xab, 0xee, 0xdb];
/// Bytes of the lead.
const LEAD: usize = 96;

/// How rpm packages are read.
pub(super) const READER: &dyn Reader = &Streamed { format: PackageFormat::Rpm, magic: MAGIC, examine };

/// Reads a package. What is wrong with digests and single files is noted, and the rest is read all the same.
fn examine(mut reader: &mut dyn Read, limits: &Limits, bounds: Bounds, seen: &mut Seen) -> Result<(), ForeignError> {
    lead(&mut reader)?;
    let signature = Header::read(&mut reader, Section::Signature)?;
    let mut padding = vec![0; (8 - signature.size() % 8) % 8];
    reader.read_exact(&mut padding)?;

    let mut rest = Tally::<_, Md5>::new(&mut reader);
    let header = Header::read(&mut rest, Section::Main)?;
    let mut sums = Sums { header: signature.text(tags::signature::SHA256_HEADER)?, ..Sums::default() };
    sums.check_header(&signature, &header, seen)?;
    // A source package has neither; the lead of an old one may lie.
    if header.text(tags::SOURCE_RPM)?.is_none() || header.number(tags::SOURCE_PACKAGE)?.is_some() {
        return Err(ForeignError::Source);
    }
    if seen.is_describing {
        let described = described::described(&header, &signature, &mut seen.description);
        seen.take(described);
    }
    let package = describe(&header);
    let package = seen.take(package);
    seen.description.remarks.extend(package.iter().flat_map(|package| package.remarks.clone()));
    if let (Some(programs), Some(package)) = (&mut seen.programs, &package) {
        programs.are_for(&package.arch);
    }
    let mut listed = Listed::from_header(&header, limits, seen)?;

    let mut packed = BufReader::new(Tally::<_, Sha256>::new(&mut rest));
    let unpacked = unpack(&header, &mut packed, &mut listed, (limits, bounds), seen);
    let is_unpacked = match unpacked {
        Ok(plain) => {
            sums.plain = Some(plain);
            true
        }
        // Nothing follows: there is nothing to hold a digest against.
        Err(ForeignError::Truncated) => return Err(ForeignError::Truncated),
        // What the digests say of it, too, tells damage from a bad packer; and the header can be shown without it.
        Err(error) => {
            seen.fault(error);
            false
        }
    };
    let left = io::copy(&mut packed, &mut io::sink())?;
    if is_unpacked && left > 0 {
        seen.fault(malformed(format!("{left} bytes follow its payload")));
    }
    sums.packed = packed.into_inner().finish();
    sums.whole = rest.finish();
    sums.check(&signature, &header, seen)?;
    if seen.lists_files {
        seen.description.files = listed.parts();
    }
    if !is_unpacked {
        return Ok(());
    }
    let (keys, capabilities) = listed.surprises();
    let files = listed.finish(seen);
    seen.foreign = package.map(|package| Foreign { files, keys, capabilities, ..package });
    Ok(())
}

/// Unpacks the payload to its end; gives the digest of what it unpacks to.
fn unpack(
    header: &Header,
    packed: &mut impl io::BufRead,
    listed: &mut Listed,
    (limits, bounds): (&Limits, Bounds),
    seen: &mut Seen,
) -> Result<String, ForeignError> {
    let packing = packing(header, packed.fill_buf()?)?;
    let unpacked = packing.unpack(packed)?;
    let bounds = bounds.exactly(listed.unpacked());
    let mut plain = Tally::<_, Sha256>::new(bounds.bounded(unpacked, u64::MAX));
    payload::read(&mut plain, listed, limits, seen)?;
    drain_zeros(&mut plain)?;
    Ok(plain.finish())
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
    /// SHA-256 of the payload unpacked, where it could be.
    plain: Option<String>,
}

impl Sums {
    /// Holds the header against what the signature header says of it.
    fn check_header(&self, signature: &Header, header: &Header, seen: &mut Seen) -> Result<(), ForeignError> {
        let digest = |what: &str| ForeignError::Digest { digest: what.to_owned() };
        if self.header.as_ref().is_some_and(|sum| *sum != hex::encode(Sha256::digest(header.bytes()))) {
            seen.fault(digest("header's SHA-256"));
        }
        let sha1 = signature.text(tags::signature::SHA1_HEADER)?;
        if sha1.is_some_and(|sum| sum != hex::encode(Sha1::digest(header.bytes()))) {
            seen.fault(digest("header's SHA-1"));
        }
        Ok(())
    }

    /// Everything must be covered by at least one digest.
    fn check(&self, signature: &Header, header: &Header, seen: &mut Seen) -> Result<(), ForeignError> {
        let whole = signature.binary(tags::signature::MD5)?.map(hex::encode);
        let of_payload = |sum: u32| -> Result<Option<String>, ForeignError> {
            let known = header.number(tags::PAYLOAD_DIGEST_ALGO)?.is_none_or(|number| number == tags::SHA256);
            Ok(header.text(sum)?.filter(|_| known))
        };
        let (packed, plain) = (of_payload(tags::PAYLOAD_DIGEST)?, of_payload(tags::PAYLOAD_DIGEST_ALT)?);
        let checks = [
            (&whole, Some(&self.whole), "MD5 of header and payload"),
            (&packed, Some(&self.packed), "payload's SHA-256"),
            (&plain, self.plain.as_ref(), "unpacked payload's SHA-256"),
        ];
        for (said, found, what) in checks {
            if let (Some(said), Some(found)) = (said, found)
                && said != found
            {
                seen.fault(ForeignError::Digest { digest: what.to_owned() });
            }
        }
        let header_covered = self.header.is_some() || whole.is_some();
        let payload_covered = whole.is_some() || packed.is_some() || plain.is_some();
        if !(header_covered && payload_covered) {
            seen.fault(ForeignError::Unsupported(
                "no MD5 or SHA-256 of its header and payload: nothing says that it is whole".to_owned(),
            ));
        }
        Ok(())
    }
}

/// How the payload, which begins with `start`, is compressed.
fn packing(header: &Header, start: &[u8]) -> Result<Packing, ForeignError> {
    let format = header.text(tags::PAYLOAD_FORMAT)?.unwrap_or_else(|| "cpio".to_owned());
    if format != "cpio" {
        return Err(ForeignError::Unsupported(format!("a payload of the format `{}`", shown(format.as_bytes()))));
    }
    match header.text(tags::PAYLOAD_COMPRESSOR)?.as_deref() {
        // Said by no package that is not compressed, and by none of the time when gzip was all there was.
        None if start.starts_with(b"0707") => Ok(Packing::None),
        None | Some("gzip") => Ok(Packing::Gzip),
        Some("bzip2") => Ok(Packing::Bzip2),
        Some("xz") => Ok(Packing::Xz),
        Some("lzma") => Ok(Packing::Lzma),
        Some("zstd") => Ok(Packing::Zstd),
        Some(other) => {
            let other = shown(other.as_bytes());
            Err(ForeignError::Unsupported(format!(
                "a payload compressed with {other}: only gzip, bzip2, xz, zstd and lzma are read"
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
    let name = required(tags::NAME, "name", is_name)?;
    let version = required(tags::VERSION, "version", |text| is_version(text, b""))?;
    let revision = required(tags::RELEASE, "release", |text| is_version(text, b""))?;
    let arch = required(tags::ARCH, "architecture", |text| is_version(text, b""))?;
    let mut remarks = Vec::new();
    let mut said = |number: u32, what: &str| -> Result<String, ForeignError> {
        let (text, is_odd) = text_of(header.bytes_of_text(number)?);
        remarks.extend(is_odd.then(|| not_utf8(what)));
        Ok(text)
    };
    let (summary, description) = (said(tags::SUMMARY, "summary")?, said(tags::DESCRIPTION, "description")?);
    Ok(Foreign {
        format: PackageFormat::Rpm,
        name,
        epoch: header.number(tags::EPOCH)?.map(|epoch| epoch.to_string()).unwrap_or_default(),
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

/// What it needs, without what an rpm says of its own format.
fn requires(header: &Header) -> Result<Vec<String>, ForeignError> {
    let all = described::relations(header, tables::RELATIONS[0].1)?;
    let said = all.into_iter().filter(|relation| !relation.text.starts_with("rpmlib("));
    Ok(said.map(|relation| relation.text).collect())
}
