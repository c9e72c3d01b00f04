//! RPM binary packages, format 4 (rpm.org, "RPM v4 package format"; LSB 5.0, chapter 25): a lead, a signature header, a
//! header, and a compressed cpio archive. Read by every rpm from 4.8 (EL 6) to 6.
//!
//! Adds to the package's files one of its own, the systemd preset of units that are to be enabled, and the folders of its
//! documents. Never asks rpm, never looks at the machine's accounts, clock or locale.

mod changelog;
mod cpio;
pub mod facts;
mod files;
mod folders;
mod foreign;
mod header;
mod lead;
mod payload;
#[cfg(test)]
mod reading;
mod relation;
mod relations;
mod rich;
#[cfg(test)]
pub(in crate::format) mod sample;
mod scripts;
mod signature;
mod simple;
mod tags;
#[cfg(test)]
mod tests;
mod units;

use std::io::{self, SeekFrom, Write};

use md5::{Digest as _, Md5};

pub use self::units::UNIT_DIR;
use self::{
    files::Files,
    header::{Header, Value},
    payload::Payload,
    relations::Facts,
    units::Commands,
};
use super::{
    BlockCache, Format, FormatError, Knows, Meta, Target, Writer, codec,
    facts::Codec,
    text::{line, optional_line, wrap},
};
use crate::stage::Tree;

/// Where every package says it was built: a name of the machine would change the bytes.
const BUILD_HOST: &str = "factory";
/// The rpm whose features are used, for tools that look: payload digests came with 4.14.
const RPM_VERSION: &str = "4.14.0";

/// The RPM package format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rpm {
    /// How the payload is compressed. The platform says which: xz for EL 6 and 7.
    pub codec: Codec,
    /// Threads that compress, 1 to 8. Never changes the bytes; each costs about 130 MiB of memory with xz and zstd.
    pub threads: u32,
    /// Whether the platform's rpm knows weak relations (rpm 4.12). Where not, `recommends` and `suggests` are left out.
    pub weak: bool,
    /// Whether the platform's rpm knows rich relations (rpm 4.13; `unless`, `with` and `without` are from 4.14). Where
    /// not, one of those is an error.
    pub rich: bool,
}

/// The reader, of packages of others, too.
pub(super) const READER: Option<&dyn super::Reader> = Some(foreign::READER);

/// The writer for platforms whose rpm reads this codec, and knows weak and rich relations or not.
pub(super) const WRITER: Option<Writer> =
    Some(|codec, Knows { weak, rich }| Box::new(Rpm { weak, rich, ..Rpm::new(codec) }));

impl Rpm {
    /// The format with this codec, weak and rich relations, and as many threads as the machine has processors, 4 at
    /// most.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self { codec, threads: codec::threads(), weak: true, rich: true }
    }

    /// The header without what only the finished payload can tell.
    fn header(self, meta: &Meta, files: &Files, units: &Commands) -> Result<Header, FormatError> {
        check_version(meta)?;
        let scripts = scripts::scripts(units, meta)?;
        let evr = meta.evr();
        let facts = Facts { evr: &evr, files, scripts: &scripts, has_units: !units.is_empty() };
        let mut header = Header::default();
        identify(meta, &mut header)?;
        describe(meta, &mut header)?;
        changelog::describe(meta, &mut header)?;
        scripts::describe(&scripts, &mut header);
        relations::describe(self, meta, &facts, &mut header)?;
        files.describe(&mut header);
        match u32::try_from(files.installed()) {
            Ok(size) => header.number(tags::SIZE, size),
            Err(_) => header.set(tags::LONG_SIZE, Value::Int64(vec![files.installed()])),
        }
        header.text(tags::PAYLOAD_FORMAT, "cpio");
        header.text(tags::PAYLOAD_COMPRESSOR, self.codec.as_str());
        header.text(tags::PAYLOAD_FLAGS, codec::level(self.codec));
        Ok(header)
    }

    fn write_files(
        self,
        tree: &Tree,
        files: &Files,
        units: &Commands,
        meta: &Meta,
        cache: Option<&dyn BlockCache>,
        out: &mut dyn Target,
    ) -> Result<(), FormatError> {
        let mut header = self.header(meta, files, units)?;
        let mut payload = Payload::pack(self, tree, files, cache, out)?;
        header.number(tags::PAYLOAD_DIGEST_ALGO, tags::SHA256);
        header.set(tags::PAYLOAD_DIGEST, Value::Texts(vec![payload.packed.sha256.clone()]));
        header.set(tags::PAYLOAD_DIGEST_ALT, Value::Texts(vec![payload.plain.sha256.clone()]));
        let header = header.bytes(tags::HEADER_IMMUTABLE)?;

        out.write_all(&lead::lead(&label(meta), meta.arch.as_str()))?;
        let place = out.stream_position()?;
        out.write_all(&signature::signature(&header, &payload, [0; 16])?)?;
        let mut hashing = Hashing { to: out, hash: Md5::new() };
        hashing.write_all(&header)?;
        payload.copy(&mut hashing)?;
        let md5 = hashing.hash.finalize().into();

        let end = out.stream_position()?;
        out.seek(SeekFrom::Start(place))?;
        out.write_all(&signature::signature(&header, &payload, md5)?)?;
        out.seek(SeekFrom::Start(end))?;
        Ok(())
    }
}

impl Format for Rpm {
    /// `name-version-release.arch.rpm`. An epoch is no part of it, as rpmbuild does it.
    fn file_name(&self, meta: &Meta) -> String {
        format!("{}.{}.rpm", label(meta), meta.arch)
    }

    /// Writes the package. Needs as much room in the system's temporary folder as the package has. A package with a
    /// file of 4 GiB or more needs rpm 4.12 (`rpmlib(LargeFiles)`): EL 6 and 7 refuse it.
    fn write(
        &self,
        tree: &Tree,
        meta: &Meta,
        cache: Option<&dyn BlockCache>,
        out: &mut dyn Target,
    ) -> Result<(), FormatError> {
        let mut tree = tree.clone();
        let units = Commands::read(&tree, meta)?;
        units.add_preset(&mut tree, meta)?;
        folders::add_folders(&mut tree, meta.epoch)?;
        tree.settle_links();
        self.write_files(&tree, &Files::from_tree(&tree, meta.epoch)?, &units, meta, cache, out)
    }
}

/// `name-version-release`.
fn label(meta: &Meta) -> String {
    format!("{}-{}-{}", meta.name, meta.version, meta.revision)
}

/// What rpm takes as a version and as a release.
fn check_version(meta: &Meta) -> Result<(), FormatError> {
    const REASON: &str = "rpm takes letters, digits, `.`, `_`, `+`, `~` and `^`";
    for (field, part) in [("version", &meta.version), ("revision", &meta.revision)] {
        if !simple::is_part(part) {
            return Err(FormatError::field(field, part, REASON));
        }
    }
    Ok(())
}

/// Who the package is.
fn identify(meta: &Meta, header: &mut Header) -> Result<(), FormatError> {
    header.set(tags::I18N_TABLE, Value::Texts(vec!["C".to_owned()]));
    header.text(tags::NAME, meta.name.as_str());
    header.text(tags::VERSION, &meta.version);
    header.text(tags::RELEASE, &meta.revision);
    if meta.version_epoch > 0 {
        header.number(tags::EPOCH, meta.version_epoch);
    }
    header.text(tags::OS, "linux");
    header.text(tags::ARCH, meta.arch.as_str());
    // Tools take a package without this for a source package.
    header.text(tags::SOURCE_RPM, &format!("{}.src.rpm", label(meta)));
    header.number(tags::BUILD_TIME, time("epoch", meta.epoch)?);
    header.text(tags::BUILD_HOST, BUILD_HOST);
    header.text(tags::RPM_VERSION, RPM_VERSION);
    header.text(tags::ENCODING, "utf-8");
    Ok(())
}

/// What people read of it.
fn describe(meta: &Meta, header: &mut Header) -> Result<(), FormatError> {
    let summary = line("summary", &meta.summary)?;
    let is_bad = |c: char| c.is_control() && c != '\n' && c != '\t';
    if meta.description.contains(is_bad) {
        return Err(FormatError::field("description", &meta.description, "it has a control character"));
    }
    // rpm prints the description as it is.
    let description = match paragraphs(&meta.description) {
        text if text.is_empty() => summary.to_owned(),
        text => text,
    };
    header.set(tags::SUMMARY, Value::I18n(summary.to_owned()));
    header.set(tags::DESCRIPTION, Value::I18n(description));
    header.set(tags::GROUP, Value::I18n(group(line("section", &meta.section)?).to_owned()));
    header.text(tags::LICENSE, line("license", &meta.license)?);
    header.text(tags::PACKAGER, line("maintainer", &meta.maintainer)?);
    header.text(tags::URL, optional_line("homepage", &meta.homepage)?);
    Ok(())
}

/// Wraps paragraphs to 79 columns, as spec files have them; an indented line stays as it is.
fn paragraphs(text: &str) -> String {
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    for raw in text.lines().chain([""]) {
        let is_kept = raw.trim().is_empty() || raw.starts_with([' ', '\t']);
        if !is_kept {
            paragraph.push_str(raw);
            paragraph.push(' ');
            continue;
        }
        if !paragraph.is_empty() {
            lines.extend(wrap(&std::mem::take(&mut paragraph), "", ""));
        }
        lines.push(raw.trim_end().to_owned());
    }
    lines.join("\n").trim_matches('\n').to_owned()
}

/// rpm's groups begin with a capital (`System Environment/Daemons`), Debian's sections do not and mean nothing to rpm.
fn group(section: &str) -> &str {
    if section.starts_with(char::is_uppercase) { section } else { "Unspecified" }
}

/// Seconds since 1970 UTC as a header holds them.
fn time(field: &'static str, seconds: i64) -> Result<u32, FormatError> {
    let refuse = |_| FormatError::field(field, &seconds.to_string(), "rpm counts seconds from 1970 to 2106");
    u32::try_from(seconds).map_err(refuse)
}

/// Takes the MD5 of what passes through.
struct Hashing<'a> {
    to: &'a mut dyn Target,
    hash: Md5,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
