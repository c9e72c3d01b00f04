//! What an rpm's header says of the package, for people.

use super::{
    header::Header,
    tables::{RELATIONS, SCRIPTS, TRIGGERS},
    tags,
};
use crate::format::{
    PackageFormat,
    foreign::{ForeignError, error::malformed},
    reader::{Change, Description, Digest, MOST_RELATIONS, Piece, Relation, Script},
};

/// Texts, in the order of `rpm -qi`, each with its word of `rpm --querytags`.
const TEXTS: [(&str, u32); 19] = [
    ("Name", tags::NAME),
    ("Version", tags::VERSION),
    ("Release", tags::RELEASE),
    ("Arch", tags::ARCH),
    ("OS", tags::OS),
    ("Summary", tags::SUMMARY),
    ("Description", tags::DESCRIPTION),
    ("License", tags::LICENSE),
    ("Group", tags::GROUP),
    ("URL", tags::URL),
    ("BugURL", tags::BUG_URL),
    ("VCS", tags::VCS),
    ("Vendor", tags::VENDOR),
    ("Packager", tags::PACKAGER),
    ("Distribution", tags::DISTRIBUTION),
    ("DistURL", tags::DIST_URL),
    ("ModularityLabel", tags::MODULARITY_LABEL),
    ("BuildHost", tags::BUILD_HOST),
    ("SourceRPM", tags::SOURCE_RPM),
];
/// The same of how it was made.
const MADE: [(&str, u32); 6] = [
    ("RPMVersion", tags::RPM_VERSION),
    ("Platform", tags::PLATFORM),
    ("Encoding", tags::ENCODING),
    ("PayloadFormat", tags::PAYLOAD_FORMAT),
    ("PayloadCompressor", tags::PAYLOAD_COMPRESSOR),
    ("PayloadFlags", tags::PAYLOAD_FLAGS),
];
/// What every package must say beside its name and version (rpm's `build/parsePreamble.cc`).
const WANTED: [(&str, u32); 2] = [("Summary", tags::SUMMARY), ("License", tags::LICENSE)];
/// Signatures, of which an older one covers the payload, too.
const SIGNATURES: [u32; 5] = [
    tags::signature::RSA_HEADER,
    tags::signature::DSA_HEADER,
    tags::signature::OPENPGP,
    tags::signature::PGP,
    tags::signature::GPG,
];
/// What a relation is for (rpmds.h): the flag and its word in spec files.
const FOR: [(u32, &str); 8] = [
    (1 << 5, "posttrans"),
    (1 << 7, "pretrans"),
    (1 << 8, "interp"),
    (1 << 9, "pre"),
    (1 << 10, "post"),
    (1 << 11, "preun"),
    (1 << 12, "postun"),
    (1 << 29, "meta"),
];
/// When a trigger runs.
const WHEN: [(u32, &str); 4] = [(1 << 25, "prein"), (1 << 16, "in"), (1 << 17, "un"), (1 << 18, "postun")];

/// The most scripts of triggers, and words of what runs a script. Tags may share bytes: what a header has is no bound.
const MOST_SCRIPTS: usize = 1000;
/// No script of a trigger is larger: 64 KiB; and no word of what runs one: 4 KiB.
const LARGEST_SCRIPT: usize = 64 << 10;
const LARGEST_PROGRAM: usize = 4 << 10;

/// Describes what both headers say.
pub(super) fn described(header: &Header, signature: &Header, it: &mut Description) -> Result<(), ForeignError> {
    title(header, it)?;
    fields(header, it)?;
    for (kind, tags) in RELATIONS {
        let found = relations(header, tags)?;
        relate(it, found, kind, &FOR)?;
    }
    scripts(header, it)?;
    triggers(header, it)?;
    it.change = newest_change(header)?;
    pieces(header, it)?;
    digests(header, signature, it)?;
    for (name, tag) in WANTED {
        if header.said(tag)?.is_empty() {
            it.remarks.push(format!("it has no `{name}`, which rpmbuild wants"));
        }
    }
    let more = header.has(tags::PAYLOAD_SHA512)
        || header.has(tags::PAYLOAD_SHA3_256)
        || signature.has(tags::signature::SHA3_256_HEADER);
    it.unchecked.extend(more.then(|| "its SHA-512 and SHA3-256 digests: those of SHA-256 cover the same".to_owned()));
    let is_signed = SIGNATURES.iter().any(|tag| signature.has(*tag));
    it.unchecked.push(if is_signed {
        "its signature, which it has: `rpmkeys --checksig` checks it".to_owned()
    } else {
        "who made it: it is not signed".to_owned()
    });
    Ok(())
}

fn title(header: &Header, it: &mut Description) -> Result<(), ForeignError> {
    let [name, version, release, arch] =
        [tags::NAME, tags::VERSION, tags::RELEASE, tags::ARCH].map(|tag| header.said(tag));
    let (name, version, arch) = (name?, format!("{}-{}", version?, release?), arch?);
    if let Some(native) = &PackageFormat::Rpm.facts().native {
        it.file_names = vec![(native.file_name)(&name, &version, &arch)];
    }
    it.title = format!("{name} {version}");
    Ok(())
}

fn fields(header: &Header, it: &mut Description) -> Result<(), ForeignError> {
    for (name, tag) in TEXTS {
        it.say(name, header.said(tag)?);
        if name == "Name" {
            it.say("Epoch", header.number(tags::EPOCH)?.map(|epoch| epoch.to_string()).unwrap_or_default());
        }
    }
    let size = match header.longs(tags::LONG_SIZE)? {
        Some(sizes) => sizes.first().copied(),
        None => header.number(tags::SIZE)?.map(u64::from),
    };
    it.say("Size", size.map(|size| size.to_string()).unwrap_or_default());
    it.say("BuildTime", header.number(tags::BUILD_TIME)?.map(time).unwrap_or_default());
    for (name, tag) in MADE {
        it.say(name, header.said(tag)?);
    }
    it.say("RPMFormat", header.number(tags::RPM_FORMAT)?.map(|number| number.to_string()).unwrap_or_default());
    Ok(())
}

/// Seconds since 1970 as RFC 3339 has them.
fn time(seconds: u32) -> String {
    jiff::Timestamp::from_second(i64::from(seconds)).map(|time| time.to_string()).unwrap_or_default()
}

/// One relation, with the flags of its header.
pub(super) struct Flagged {
    pub(super) text: String,
    flags: u32,
}

impl Flagged {
    /// The same under its word and what it is for.
    fn of(self, kind: &str, words: &[(u32, &str)]) -> Relation {
        let what: Vec<&str> = words.iter().filter(|(flag, _)| self.flags & flag != 0).map(|(_, word)| *word).collect();
        let kind = if what.is_empty() { kind.to_owned() } else { format!("{kind}({})", what.join(",")) };
        Relation { kind, text: self.text }
    }
}

/// `name >= version` of each relation of a kind: the tags are of names, versions and flags.
pub(super) fn relations(header: &Header, [names, versions, flags]: [u32; 3]) -> Result<Vec<Flagged>, ForeignError> {
    let names = header.texts(names)?.unwrap_or_default();
    let flags = header.numbers(flags)?.unwrap_or_default();
    let versions = header.texts(versions)?.unwrap_or_default();
    if flags.len() != names.len() || versions.len() != names.len() {
        return Err(malformed("its requirements are not as many names as versions"));
    }
    let all = names.iter().zip(flags).zip(&versions);
    let said = all.map(|((name, flags), version)| {
        // RPMSENSE_LESS, _GREATER, _EQUAL.
        let operator = match flags & 0b1110 {
            0b0010 => "<",
            0b0100 => ">",
            0b1000 => "=",
            0b1010 => "<=",
            0b1100 => ">=",
            _ => "",
        };
        let text = if operator.is_empty() { (*name).to_owned() } else { format!("{name} {operator} {version}") };
        Flagged { text, flags }
    });
    Ok(said.collect())
}

/// Adds relations of one kind.
fn relate(it: &mut Description, found: Vec<Flagged>, kind: &str, words: &[(u32, &str)]) -> Result<(), ForeignError> {
    if it.relations.len() + found.len() > MOST_RELATIONS {
        return Err(ForeignError::Unsupported("more than 200,000 relations".to_owned()));
    }
    it.relations.extend(found.into_iter().map(|relation| relation.of(kind, words)));
    Ok(())
}

fn scripts(header: &Header, it: &mut Description) -> Result<(), ForeignError> {
    for (name, text, program) in SCRIPTS {
        let program = header.texts(program)?.unwrap_or_default();
        if program.len() > MOST_SCRIPTS || program.iter().any(|word| word.len() > LARGEST_PROGRAM) {
            return Err(ForeignError::Unsupported(format!("a program of `{name}` that is longer than is read")));
        }
        let program = program.join(" ");
        let text = header.said(text)?;
        if !(text.is_empty() && program.is_empty()) {
            let interpreter = (!program.is_empty()).then_some(program);
            it.scripts.push(Script { name: name.to_owned(), interpreter, text });
        }
    }
    Ok(())
}

fn triggers(header: &Header, it: &mut Description) -> Result<(), ForeignError> {
    for (kind, tags, [texts, programs]) in TRIGGERS {
        let found = relations(header, tags)?;
        relate(it, found, kind, &WHEN)?;
        let (texts, programs) = (header.texts(texts)?.unwrap_or_default(), header.texts(programs)?.unwrap_or_default());
        if texts.len() > MOST_SCRIPTS || texts.iter().any(|text| text.len() > LARGEST_SCRIPT) {
            return Err(ForeignError::Unsupported("more trigger scripts, or larger ones, than are read".to_owned()));
        }
        for (at, text) in texts.into_iter().enumerate() {
            it.scripts.push(Script {
                name: format!("%{kind} {}", at + 1),
                interpreter: programs.get(at).map(|program| (*program).to_owned()),
                text: text.to_owned(),
            });
        }
    }
    Ok(())
}

/// The newest entry is first.
fn newest_change(header: &Header) -> Result<Option<Change>, ForeignError> {
    let Some(at) = header.number(tags::CHANGELOG_TIME)? else { return Ok(None) };
    let (name, text) = (header.said(tags::CHANGELOG_NAME)?, header.said(tags::CHANGELOG_TEXT)?);
    Ok(Some(Change { time: time(at), name, text }))
}

fn pieces(header: &Header, it: &mut Description) -> Result<(), ForeignError> {
    let format = Some(header.said(tags::PAYLOAD_FORMAT)?).filter(|format| !format.is_empty());
    let format = format.unwrap_or_else(|| "cpio".to_owned());
    let packing = header.said(tags::PAYLOAD_COMPRESSOR)?;
    let name = if packing.is_empty() { format } else { format!("{format}.{packing}") };
    it.pieces.push(Piece { name: "header".to_owned(), size: Some(header.size() as u64) });
    it.pieces.push(Piece { name, size: None });
    Ok(())
}

/// Those that the package says.
fn digests(header: &Header, signature: &Header, it: &mut Description) -> Result<(), ForeignError> {
    let mut say = |of: &'static str, algorithm: &'static str, value: Option<String>| {
        it.digests.extend(value.map(|value| Digest { of, algorithm, value }));
    };
    say("header", "sha256", signature.text(tags::signature::SHA256_HEADER)?);
    say("header", "sha1", signature.text(tags::signature::SHA1_HEADER)?);
    say("header-and-payload", "md5", signature.binary(tags::signature::MD5)?.map(hex::encode));
    if header.number(tags::PAYLOAD_DIGEST_ALGO)?.is_none_or(|number| number == tags::SHA256) {
        say("payload", "sha256", header.text(tags::PAYLOAD_DIGEST)?);
        say("unpacked-payload", "sha256", header.text(tags::PAYLOAD_DIGEST_ALT)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_relation_is_for_is_said_and_how_many_is_bounded() {
        let relation = |flags: u32| Flagged { text: "sed >= 4".to_owned(), flags };
        let said = |flags: u32| relation(flags).of("Requires", &FOR).kind;
        assert_eq!(
            [said(0), said(1 << 10), said(1 << 8 | 1 << 12)],
            ["Requires", "Requires(post)", "Requires(interp,postun)"]
        );
        let mut it = Description::new(PackageFormat::Rpm);
        let many = |count: usize| (0..count).map(|_| relation(0)).collect::<Vec<_>>();
        relate(&mut it, many(MOST_RELATIONS), "Requires", &FOR).unwrap();
        assert!(relate(&mut it, many(1), "Provides", &FOR).is_err());
        assert_eq!(time(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}
