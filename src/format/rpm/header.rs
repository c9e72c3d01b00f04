//! Header structures (rpm.org, "RPM v4 package format", "Header"; LSB 25.2): an index of tags over a store of values.
//!
//! All numbers are big endian. The index is sorted by tag, with the *region* first: it says that everything in the
//! header was there when it was signed. Values of more than one byte are aligned to their size in the store.

use std::collections::BTreeMap;

use super::super::FormatError;

/// What every header begins with: a magic number, version 1, four reserved bytes.
const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
/// Bytes of an index entry: tag, type, offset, count.
const ENTRY: usize = 16;
/// The largest store that rpm reads, in bytes (`HEADER_DATA_MAX`).
const MAX_STORE: usize = 0x0fff_ffff;

/// A value under a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Bytes.
    Bin(Vec<u8>),
    /// Numbers of 16 bits.
    Int16(Vec<u16>),
    /// Numbers of 32 bits.
    Int32(Vec<u32>),
    /// Numbers of 64 bits: rpm 4.6 and later.
    Int64(Vec<u64>),
    /// One text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// One text that could have translations.
    I18n(String),
}

impl Value {
    /// The type's number, its alignment in bytes, and how many items there are.
    fn shape(&self) -> (u32, usize, usize) {
        match self {
            Self::Int16(items) => (3, 2, items.len()),
            Self::Int32(items) => (4, 4, items.len()),
            Self::Int64(items) => (5, 8, items.len()),
            Self::Text(_) => (6, 1, 1),
            Self::Bin(bytes) => (7, 1, bytes.len()),
            Self::Texts(items) => (8, 1, items.len()),
            Self::I18n(_) => (9, 1, 1),
        }
    }

    fn put(&self, store: &mut Vec<u8>) {
        let mut text = |text: &str| {
            // A NUL would end the text early, and make two of one in a list. Callers refuse it; this is the last door.
            store.extend(text.bytes().filter(|byte| *byte != 0));
            store.push(0);
        };
        match self {
            Self::Text(item) | Self::I18n(item) => text(item),
            Self::Texts(items) => items.iter().for_each(|item| text(item)),
            Self::Bin(bytes) => store.extend(bytes),
            Self::Int16(items) => store.extend(items.iter().flat_map(|item| item.to_be_bytes())),
            Self::Int32(items) => store.extend(items.iter().flat_map(|item| item.to_be_bytes())),
            Self::Int64(items) => store.extend(items.iter().flat_map(|item| item.to_be_bytes())),
        }
    }
}

/// A header in the making.
#[derive(Debug, Default)]
pub(super) struct Header(BTreeMap<u32, Value>);

impl Header {
    /// Puts a value under a tag; a list without items is left out, as rpm has it.
    pub(super) fn set(&mut self, tag: u32, value: Value) {
        if value.shape().2 > 0 {
            self.0.insert(tag, value);
        }
    }

    /// Puts one text under a tag, unless it is empty.
    pub(super) fn text(&mut self, tag: u32, text: &str) {
        if !text.is_empty() {
            self.set(tag, Value::Text(text.to_owned()));
        }
    }

    /// Puts one number of 32 bits under a tag.
    pub(super) fn number(&mut self, tag: u32, number: u32) {
        self.set(tag, Value::Int32(vec![number]));
    }

    /// The header's bytes, with everything in its region.
    ///
    /// # Errors
    /// [`FormatError::Unsupported`] beyond 256 MiB, about two million files: no rpm reads that.
    pub(super) fn bytes(&self, region: u32) -> Result<Vec<u8>, FormatError> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        for (tag, value) in &self.0 {
            let (kind, align, count) = value.shape();
            store.resize(store.len().next_multiple_of(align), 0);
            index.extend(entry(*tag, kind, number(store.len())?, number(count)?));
            value.put(&mut store);
        }
        // The region's value is an entry again, whose offset leads back over the whole index.
        let entries = self.0.len() + 1;
        let back = 0_u32.wrapping_sub(number(entries * ENTRY)?);
        let head = entry(region, 7, number(store.len())?, number(ENTRY)?);
        store.extend(entry(region, 7, back, number(ENTRY)?));

        let mut bytes = MAGIC.to_vec();
        bytes.extend(number(entries)?.to_be_bytes());
        bytes.extend(number(store.len())?.to_be_bytes());
        bytes.extend(head);
        bytes.append(&mut index);
        bytes.append(&mut store);
        Ok(bytes)
    }
}

fn entry(tag: u32, kind: u32, offset: u32, count: u32) -> impl Iterator<Item = u8> {
    [tag, kind, offset, count].into_iter().flat_map(u32::to_be_bytes)
}

fn number(value: usize) -> Result<u32, FormatError> {
    u32::try_from(value).ok().filter(|_| value <= MAX_STORE).ok_or_else(|| FormatError::Unsupported {
        format: "rpm",
        what: "a list of files of more than 256 MiB".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::tags::HEADER_IMMUTABLE, *};

    fn be32(bytes: &[u8], at: usize) -> usize {
        u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    fn values() -> impl Strategy<Value = Vec<(u32, Value)>> {
        let texts = || prop::collection::vec("[^\\x00]{0,9}", 0..4);
        let value = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..9).prop_map(Value::Bin),
            prop::collection::vec(any::<u16>(), 0..5).prop_map(Value::Int16),
            prop::collection::vec(any::<u32>(), 0..5).prop_map(Value::Int32),
            prop::collection::vec(any::<u64>(), 0..5).prop_map(Value::Int64),
            "[^\\x00]{0,9}".prop_map(Value::Text),
            "[^\\x00]{0,9}".prop_map(Value::I18n),
            texts().prop_map(Value::Texts),
        ];
        prop::collection::vec((1000_u32..1100, value), 0..20)
    }

    /// A value out of a store, read the plain way.
    fn read(store: &[u8], kind: usize, offset: usize, count: usize) -> Value {
        let numbers = |size: usize| store[offset..offset + count * size].chunks(size);
        let mut rest = &store[offset..];
        let texts = (0..count).map_while(|_| {
            let (text, after) = rest.split_at(rest.iter().position(|byte| *byte == 0)?);
            rest = &after[1..];
            String::from_utf8(text.to_vec()).ok()
        });
        match kind {
            3 => Value::Int16(numbers(2).map(|n| u16::from_be_bytes(n.try_into().unwrap())).collect()),
            4 => Value::Int32(numbers(4).map(|n| u32::from_be_bytes(n.try_into().unwrap())).collect()),
            5 => Value::Int64(numbers(8).map(|n| u64::from_be_bytes(n.try_into().unwrap())).collect()),
            6 => Value::Text(texts.collect()),
            7 => Value::Bin(store[offset..offset + count].to_vec()),
            8 => Value::Texts(texts.collect()),
            9 => Value::I18n(texts.collect()),
            other => panic!("type {other}"),
        }
    }

    proptest! {
        #[test]
        fn a_reader_finds_every_value(values in values()) {
            let mut header = Header::default();
            for (tag, value) in values {
                header.set(tag, value);
            }
            let bytes = header.bytes(HEADER_IMMUTABLE).unwrap();
            prop_assert_eq!(&bytes[..8], &MAGIC);
            let (entries, size) = (be32(&bytes, 8), be32(&bytes, 12));
            let (index, store) = bytes[16..].split_at(entries * ENTRY);
            prop_assert_eq!(store.len(), size);

            // The region: first in the index, last in the store, and it leads back over the whole index.
            prop_assert_eq!((be32(index, 0), be32(index, 4), be32(index, 12)), (63, 7, 16));
            prop_assert_eq!(be32(index, 8), size - ENTRY);
            prop_assert_eq!(be32(store, size - ENTRY), 63);
            prop_assert_eq!(be32(store, size - 8), (1 << 32) - entries * ENTRY);

            let (mut found, mut last, mut end) = (BTreeMap::new(), 63, 0);
            for at in (ENTRY..index.len()).step_by(ENTRY) {
                let [tag, kind, offset, count] = [0, 4, 8, 12].map(|field| be32(index, at + field));
                prop_assert!(tag > last, "the index is sorted");
                prop_assert!(offset >= end, "values do not overlap");
                prop_assert_eq!(offset % match kind { 3 => 2, 4 => 4, 5 => 8, _ => 1 }, 0);
                found.insert(u32::try_from(tag).unwrap(), read(store, kind, offset, count));
                (last, end) = (tag, offset + count);
            }
            prop_assert_eq!(found, header.0);
        }
    }

    #[test]
    fn a_text_cannot_become_two() {
        let mut header = Header::default();
        header.text(1000, "a\0b");
        header.text(1001, "");
        let bytes = header.bytes(HEADER_IMMUTABLE).unwrap();
        assert_eq!(&bytes[16 + 2 * ENTRY..][..3], b"ab\0");
        assert_eq!(be32(&bytes, 8), 2);
    }
}
