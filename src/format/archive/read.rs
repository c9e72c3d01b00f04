//! Archives that anybody made: a tar in one of the compressions that are written, read as tar reads it and within bounds. Nothing in one
//! says what it is: that is in its name.

use std::io::{BufRead as _, BufReader, Read};

use crate::{
    format::{
        PackageFormat,
        facts::Codec,
        foreign::{
            Bounds, ForeignError, Seen,
            codec::{Packing, cause, drain_zeros},
            contents::{Contents, Rules},
        },
        reader::{Reader, Streamed},
    },
    stage::Limits,
};

/// How archives are read. Many files begin as they do: the name promises one.
pub(super) const READER: &dyn Reader = &Streamed { format: PackageFormat::Archive, magic: &[], examine };

/// What the compressions begin with.
const MAGICS: [(Codec, Packing, &[u8]); 3] = [
    (Codec::Gzip, Packing::Gzip, &[0x1f, 0x8b]),
    (Codec::Xz, Packing::Xz, b"\xfd7zXZ\0"),
    (Codec::Zstd, Packing::Zstd, &[0x28, 0xb5, 0x2f, 0xfd]),
];

fn examine(reader: &mut dyn Read, limits: &Limits, bounds: Bounds, seen: &mut Seen) -> Result<(), ForeignError> {
    let name = seen.description.title.clone();
    let mut packed = BufReader::new(reader);
    let start = packed.fill_buf()?;
    let known = MAGICS.iter().find(|(.., magic)| start.starts_with(magic));
    let Some((codec, packing, _)) = known else {
        let what = if start.is_empty() { "no bytes" } else { "the beginning of no .gz, .xz or .zst" };
        return Err(ForeignError::Unsupported(what.to_owned()));
    };
    if !name.is_empty() && !name.ends_with(codec.extension()) {
        seen.description.remarks.push(format!("it is compressed with {}, and its name says otherwise", codec.as_str()));
    }
    named(&name, *codec, seen);
    let contents = {
        let mut plain = bounds.bounded(packing.unpack_all(&mut packed)?, u64::MAX);
        let contents = Contents::read(&mut plain, limits, Rules { pax: true, numbers: true }, seen)
            .map_err(|error| cause(error, &mut plain))?;
        drain_zeros(&mut plain)?;
        contents
    };
    if seen.lists_files {
        seen.description.files = contents.parts("/");
    }
    contents.items.finish(seen);
    seen.description
        .unchecked
        .push("who made it and whether it was changed: an archive has neither a signature nor digests".to_owned());
    Ok(())
}

/// What a name of ours says: `name-version-platform.tar.xz`, the version beginning with a digit.
fn named(file: &str, codec: Codec, seen: &mut Seen) {
    let it = &mut seen.description;
    it.say("Compression", codec.as_str());
    let stem = file.split_once(".tar.").map_or(file, |(stem, _)| stem);
    if let Some((name, version, platform)) = parts(stem) {
        it.say("Name", name);
        it.say("Version", version);
        it.say("Platform", platform);
        it.title = format!("{name} {version}");
    }
}

/// `shop`, `2.5.11` and `debian-12` of `shop-2.5.11-debian-12`. A version has no dash; a platform is a word, and often a dash and a number.
fn parts(stem: &str) -> Option<(&str, &str, &str)> {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let dashes = stem.match_indices('-').map(|(at, _)| at);
    let at = dashes.filter(|at| *at > 0).find(|at| digit(&stem[at + 1..]))?;
    let (version, platform) = stem[at + 1..].split_once('-')?;
    let is_platform = platform.starts_with(|c: char| c.is_ascii_lowercase());
    (is_platform && !version.is_empty()).then_some((&stem[..at], version, platform))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ours_says_what_it_is() {
        assert_eq!(parts("shop-2.5.11-debian-12"), Some(("shop", "2.5.11", "debian-12")));
        assert_eq!(
            parts("shop-web-2.5.11~rc1-opensuse-leap-15.6"),
            Some(("shop-web", "2.5.11~rc1", "opensuse-leap-15.6"))
        );
        for other in ["shop", "shop-1.0", "shop-debian-12", "shop-1-2", "-1-x", ""] {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
