//! One header of an rpm: an index of tags over a store of values. Every offset and count is held against the store
//! before it is used, so that a made-up one costs nothing.

use std::{collections::HashMap, io::Read};

use super::tags;
use crate::format::foreign::{ForeignError, error::malformed, text_of};

/// Which of the two headers: rpm bounds them differently, and so do we.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// 64 MiB, 1,024 tags.
    Signature,
    /// 256 MiB, 65,536 tags.
    Main,
}

/// No tag has more texts: as many as a package has files.
const MOST_TEXTS: usize = 1_000_000;
/// No text that stands alone is larger: 1 MiB.
const LARGEST_TEXT: usize = 1 << 20;

/// Types of values.
const INT16: u32 = 3;
const INT32: u32 = 4;
const INT64: u32 = 5;
const STRING: u32 = 6;
const BINARY: u32 = 7;
const STRINGS: u32 = 8;
const TRANSLATED: u32 = 9;

/// The tags that may have a text for each language (rpm's `rpmtag.h`: type `i18nstring`). rpm shows, and runs, the one of the user's
/// locale: of everything else there is one.
const TRANSLATABLE: [u32; 3] = [tags::SUMMARY, tags::DESCRIPTION, tags::GROUP];

/// The types that a text of a tag may have.
fn text_kinds(tag: u32) -> &'static [u32] {
    if TRANSLATABLE.contains(&tag) { &[STRING, STRINGS, TRANSLATED] } else { &[STRING, STRINGS] }
}

/// Where a value is.
#[derive(Debug, Clone, Copy)]
struct Value {
    kind: u32,
    offset: usize,
    count: usize,
}

/// A header.
#[derive(Debug)]
pub(super) struct Header {
    bytes: Vec<u8>,
    values: HashMap<u32, Value>,
    /// Where the store begins in `bytes`.
    store: usize,
}

impl Header {
    /// Reads one.
    pub(super) fn read(reader: &mut dyn Read, section: Section) -> Result<Self, ForeignError> {
        let mut intro = [0; 16];
        reader.read_exact(&mut intro)?;
        let (most_tags, most_bytes) = match section {
            Section::Signature => (1024, 64 << 20),
            Section::Main => (0x1_0000, 256 << 20),
        };
        let (tags, size) = (number(&intro[8..12]), number(&intro[12..16]));
        if !intro.starts_with(&[0x8e, 0xad, 0xe8, 1]) || tags == 0 || tags > most_tags || size > most_bytes {
            return Err(malformed("one of its headers does not begin as rpm's do, or is too large"));
        }
        let store = 16 + 16 * tags as usize;
        let whole = store + size as usize;
        let mut bytes = intro.to_vec();
        // Grows with what is really there.
        reader.take((whole - intro.len()) as u64).read_to_end(&mut bytes)?;
        if bytes.len() < whole {
            return Err(ForeignError::Truncated);
        }
        let mut values = HashMap::new();
        for entry in bytes[16..store].chunks_exact(16) {
            let (tag, kind) = (number(&entry[..4]), number(&entry[4..8]));
            let value = Value { kind, offset: number(&entry[8..12]) as usize, count: number(&entry[12..]) as usize };
            if values.insert(tag, value).is_some() {
                return Err(malformed(format!("a header has the tag {tag} twice")));
            }
        }
        Ok(Self { bytes, values, store })
    }

    /// All of it as it is in the file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes it has.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The store from a value on; its type must be one of these.
    fn at(&self, tag: u32, kinds: &[u32]) -> Result<Option<(Value, &[u8])>, ForeignError> {
        let Some(value) = self.values.get(&tag) else { return Ok(None) };
        let rest = self.bytes.get(self.store..).and_then(|store| store.get(value.offset..));
        match rest {
            Some(rest) if kinds.contains(&value.kind) && value.count > 0 => Ok(Some((*value, rest))),
            _ => Err(malformed(format!("the tag {tag} of a header is not of its type, or points nowhere"))),
        }
    }

    /// `width` bytes for each of its numbers.
    fn wide(&self, tag: u32, kind: u32, width: usize) -> Result<Option<&[u8]>, ForeignError> {
        let Some((value, rest)) = self.at(tag, &[kind])? else { return Ok(None) };
        if kind != BINARY && value.count > MOST_TEXTS {
            return Err(malformed(format!("the tag {tag} of a header has more than 1,000,000 numbers")));
        }
        let bytes = value.count.checked_mul(width).and_then(|bytes| rest.get(..bytes));
        bytes.map(Some).ok_or_else(|| malformed(format!("the tag {tag} of a header is larger than the header")))
    }

    /// Bytes.
    pub(super) fn binary(&self, tag: u32) -> Result<Option<&[u8]>, ForeignError> {
        self.wide(tag, BINARY, 1)
    }

    /// Numbers of 16 bits.
    pub(super) fn shorts(&self, tag: u32) -> Result<Option<Vec<u16>>, ForeignError> {
        let bytes = self.wide(tag, INT16, 2)?;
        Ok(bytes.map(|bytes| bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()))
    }

    /// Numbers of 32 bits.
    pub(super) fn numbers(&self, tag: u32) -> Result<Option<Vec<u32>>, ForeignError> {
        Ok(self.wide(tag, INT32, 4)?.map(|bytes| bytes.chunks_exact(4).map(number).collect()))
    }

    /// Numbers of 64 bits.
    pub(super) fn longs(&self, tag: u32) -> Result<Option<Vec<u64>>, ForeignError> {
        let long = |bytes: &[u8]| (u64::from(number(&bytes[..4])) << 32) | u64::from(number(&bytes[4..]));
        Ok(self.wide(tag, INT64, 8)?.map(|bytes| bytes.chunks_exact(8).map(long).collect()))
    }

    /// The first number of 32 bits.
    pub(super) fn number(&self, tag: u32) -> Result<Option<u32>, ForeignError> {
        Ok(self.numbers(tag)?.and_then(|numbers| numbers.first().copied()))
    }

    /// Texts; each ends with a NUL.
    pub(super) fn texts(&self, tag: u32) -> Result<Option<Vec<&str>>, ForeignError> {
        let Some((value, mut rest)) = self.at(tag, text_kinds(tag))? else { return Ok(None) };
        let count = if value.kind == STRING { 1 } else { value.count };
        // Several tags may share bytes, and an empty text has one: in memory, each has sixteen more.
        if count > MOST_TEXTS {
            return Err(malformed(format!("the tag {tag} of a header has more than 1,000,000 texts")));
        }
        let mut texts = Vec::new();
        for _ in 0..count {
            let end = rest.iter().position(|b| *b == 0);
            let end = end.ok_or_else(|| malformed(format!("a text of the tag {tag} has no end")))?;
            let text = std::str::from_utf8(&rest[..end]);
            texts.push(text.map_err(|_| malformed(format!("a text of the tag {tag} is not UTF-8")))?);
            rest = &rest[end + 1..];
        }
        Ok(Some(texts))
    }

    /// The first text, of whatever length up to 1 MiB and in whatever character set; empty where it is not said.
    pub(super) fn said(&self, tag: u32) -> Result<String, ForeignError> {
        Ok(text_of(self.bytes_of_text(tag)?).0)
    }

    /// Whether a tag is there.
    pub(super) fn has(&self, tag: u32) -> bool {
        self.values.contains_key(&tag)
    }

    /// The bytes of the first text, in whatever character set; none where it is not said.
    pub(super) fn bytes_of_text(&self, tag: u32) -> Result<&[u8], ForeignError> {
        let Some((_, rest)) = self.at(tag, text_kinds(tag))? else { return Ok(&[]) };
        let rest = rest.get(..=LARGEST_TEXT).unwrap_or(rest);
        let end = rest.iter().position(|b| *b == 0);
        let end =
            end.ok_or_else(|| malformed(format!("the text of the tag {tag} of a header is larger than 1 MiB")))?;
        Ok(&rest[..end])
    }

    /// The first text: of a translated one, that of the C locale.
    pub(super) fn text(&self, tag: u32) -> Result<Option<String>, ForeignError> {
        let texts = self.texts(tag)?;
        let text = texts.and_then(|texts| texts.first().copied());
        if text.is_some_and(|text| text.len() > LARGEST_TEXT) {
            return Err(malformed(format!("the text of the tag {tag} of a header is larger than 1 MiB")));
        }
        Ok(text.map(str::to_owned))
    }
}

/// Four bytes, the highest first.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, b| (number << 8) | u32::from(*b))
}
