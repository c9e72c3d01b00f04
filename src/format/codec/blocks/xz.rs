//! The xz format (The .xz File Format 1.2.1) around blocks that are made one by one: a header, the blocks, an index of them, a footer.
//!
//! A block says how large it is, packed and unpacked, so that readers may work on several at once, and so that one that comes out of a
//! cache can be held against what it should be. A stream of several blocks is what `xz -T` and dpkg-deb write, too.

use std::io;

use liblzma::stream::{Action, Filters, LzmaOptions, Status, Stream};

/// The xz preset of dpkg-deb: higher ones cost twice the time for a percent or two.
const PRESET: u32 = 6;
/// The dictionary of that preset, 8 MiB, as the flags of the filter have it (section 5.3.1).
const DICTIONARY: u8 = 22;
const MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];
/// The check of blocks: CRC32 (section 2.1.1.2).
const FLAGS: [u8; 2] = [0, 1];
/// Bytes of that check.
const CHECK: usize = 4;
/// Bytes that are compressed between two questions whether to stop.
const SLICE: usize = 1 << 18;

/// What comes before the first block.
pub(super) fn start() -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend(FLAGS);
    out.extend(crc32fast::hash(&FLAGS).to_le_bytes());
    out
}

/// Compresses a block; `None` where it was stopped.
pub(super) fn block(content: &[u8], is_stopped: impl Fn() -> bool) -> io::Result<Option<Vec<u8>>> {
    let mut filters = Filters::new();
    filters.lzma2(&LzmaOptions::new_preset(PRESET)?);
    let mut encoder = Stream::new_raw_encoder(&filters)?;
    let mut packed = Vec::with_capacity(content.len() / 3 + SLICE);
    for slice in content.chunks(SLICE) {
        if is_stopped() {
            return Ok(None);
        }
        let mut rest = slice;
        while !rest.is_empty() {
            let before = encoder.total_in();
            step(&mut encoder, rest, &mut packed, Action::Run)?;
            let taken = usize::try_from(encoder.total_in() - before).unwrap_or(rest.len());
            rest = &rest[taken..];
        }
    }
    while step(&mut encoder, &[], &mut packed, Action::Finish)? != Status::StreamEnd {}
    let mut out = header(packed.len(), content.len());
    out.extend(packed);
    pad(&mut out);
    out.extend(crc32fast::hash(content).to_le_bytes());
    Ok(Some(out))
}

/// One call of the encoder, with room for what it gives.
fn step(encoder: &mut Stream, input: &[u8], out: &mut Vec<u8>, action: Action) -> io::Result<Status> {
    out.reserve(SLICE);
    Ok(encoder.process_vec(input, out, action)?)
}

/// The header of a block (section 3.1): both sizes, and the one filter, LZMA2.
fn header(packed: usize, content: usize) -> Vec<u8> {
    // The first byte is how long it is; the next one says that there are both sizes and one filter.
    let mut out = vec![0, 0xc0];
    put_number(&mut out, packed as u64);
    put_number(&mut out, content as u64);
    out.extend([0x21, 1, DICTIONARY]);
    pad(&mut out);
    out[0] = u8::try_from(out.len() / 4).unwrap_or(u8::MAX);
    let sum = crc32fast::hash(&out);
    out.extend(sum.to_le_bytes());
    out
}

/// What the index has of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Bytes of the block without its padding.
    unpadded: u64,
    /// Bytes of what is in it.
    content: u64,
}

/// What a block says of itself; `None` where it is not one that [`block`] makes of so many bytes.
pub(super) fn record(block: &[u8], content: usize) -> Option<Record> {
    let head = usize::from(*block.first()?) * 4 + 4;
    let fields = block.get(..head)?;
    let packed = usize::try_from(number(fields.get(2..)?)?).ok()?;
    let whole = head.checked_add(packed)?.checked_next_multiple_of(4)?.checked_add(CHECK)?;
    let is_ours = whole == block.len() && header(packed, content) == fields;
    is_ours.then_some(Record { unpadded: (head + packed + CHECK) as u64, content: content as u64 })
}

/// Whether a block that [`record`] knows unpacks to these bytes and holds nothing else. Who may write into a cache may put anything
/// there; nothing of it goes into a package that is not what the package has. Unpacking costs little
/// beside compressing (docs/performance.md).
pub(super) fn holds(block: &[u8], content: &[u8]) -> bool {
    let Some(head) = block.first().map(|size| usize::from(*size) * 4 + 4) else { return false };
    let Some((body, check)) = block.get(head..).and_then(|rest| rest.split_last_chunk::<CHECK>()) else { return false };
    let mut filters = Filters::new();
    let Ok(options) = LzmaOptions::new_preset(PRESET) else { return false };
    filters.lzma2(&options);
    let Ok(mut decoder) = Stream::new_raw_decoder(&filters) else { return false };
    let (mut rest, mut out) = (content, Vec::with_capacity(SLICE));
    loop {
        let taken = usize::try_from(decoder.total_in()).unwrap_or(body.len());
        let before = (decoder.total_in(), decoder.total_out());
        let Ok(status) = decoder.process_vec(&body[taken..], &mut out, Action::Run) else { return false };
        let Some(left) = rest.strip_prefix(&out[..]) else { return false };
        rest = left;
        out.clear();
        if status == Status::StreamEnd {
            break;
        }
        // It wants more than there is.
        if before == (decoder.total_in(), decoder.total_out()) {
            return false;
        }
    }
    let padding = usize::try_from(decoder.total_in()).ok().and_then(|taken| body.get(taken..));
    let is_padded = padding.is_some_and(|padding| padding.len() < 4 && padding.iter().all(|byte| *byte == 0));
    rest.is_empty() && is_padded && *check == crc32fast::hash(content).to_le_bytes()
}

/// What comes behind the last block: the index (section 4) and the footer (section 2.1.2).
pub(super) fn end(records: &[Record]) -> Vec<u8> {
    let mut out = vec![0];
    put_number(&mut out, records.len() as u64);
    for record in records {
        put_number(&mut out, record.unpadded);
        put_number(&mut out, record.content);
    }
    pad(&mut out);
    let sum = crc32fast::hash(&out);
    out.extend(sum.to_le_bytes());
    let mut footer = u32::try_from(out.len() / 4 - 1).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    footer.extend(FLAGS);
    out.extend(crc32fast::hash(&footer).to_le_bytes());
    out.extend(footer);
    out.extend(*b"YZ");
    out
}

/// A number as the format has it (section 1.2): seven bits a byte, the lowest ones first.
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// The number at the start of these bytes, nine of them at most.
fn number(bytes: &[u8]) -> Option<u64> {
    let mut number = 0;
    for (byte, shift) in bytes.iter().zip((0..63).step_by(7)) {
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_stream_of_blocks_is_read_as_a_whole() {
        let contents = [b"first".repeat(5000), b"second".repeat(200_000), vec![7]];
        let blocks: Vec<Vec<u8>> = contents.iter().map(|content| block(content, || false).unwrap().unwrap()).collect();
        let records: Vec<Record> =
            blocks.iter().zip(&contents).map(|(block, content)| record(block, content.len()).unwrap()).collect();
        let stream = [start(), blocks.concat(), end(&records)].concat();
        let mut back = Vec::new();
        liblzma::read::XzDecoder::new(&*stream).read_to_end(&mut back).unwrap();
        assert!(back == contents.concat());
    }

    #[test]
    fn what_is_not_the_block_is_not_taken() {
        let content = b"content".repeat(999);
        let whole = block(&content, || false).unwrap().unwrap();
        assert!(record(&whole, content.len()).is_some());
        assert_eq!(record(&whole, content.len() + 1), None);
        assert_eq!(record(&whole[..whole.len() - 4], content.len()), None);
        assert_eq!(record(b"", 0), None);
        for at in 0..12 {
            let mut other = whole.clone();
            other[at] ^= 1;
            assert_eq!(record(&other, content.len()), None, "byte {at}");
        }
    }

    #[test]
    fn a_block_of_other_bytes_is_not_taken() {
        let content = b"content".repeat(99_999);
        let whole = block(&content, || false).unwrap().unwrap();
        assert!(holds(&whole, &content));
        let mut other = content.clone();
        other[300_000] ^= 1;
        assert!(
            !holds(&whole, &other) && !holds(&whole, &content[1..]) && !holds(&whole, b"") && !holds(b"", &content)
        );
        // Another block of as many bytes, with the check of ours.
        let mut forged = block(&other, || false).unwrap().unwrap();
        let at = forged.len() - CHECK;
        forged[at..].copy_from_slice(&whole[whole.len() - CHECK..]);
        assert!(!holds(&forged, &content));
        for at in [20, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(!holds(&changed, &content), "byte {at}");
        }
    }

    #[test]
    fn numbers_go_there_and_back() {
        for given in [0, 1, 127, 128, 300, 1 << 40, (1 << 63) - 1] {
            let mut out = Vec::new();
            put_number(&mut out, given);
            assert_eq!(number(&out), Some(given));
        }
        assert_eq!((number(&[0x80]), number(&[0xff; 20])), (None, None));
    }

    #[test]
    fn it_stops_when_it_is_told() {
        assert!(block(&[0; 10], || true).unwrap().is_none());
    }
}
