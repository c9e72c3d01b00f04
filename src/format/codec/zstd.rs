//! A zstd frame on libzstd's multi-thread encoder, with pinned settings and a way out.

use std::io::{self, Write};

use zstd::stream::write::Encoder;

/// Threads beyond this number only cost memory.
const MAX_THREADS: u32 = 8;

/// Compresses what is written to it into one frame on `out`. Without [`Zstd::finish`] the frame has no end.
pub(super) struct Zstd<'a>(Encoder<'static, &'a mut dyn Write>);

impl<'a> Zstd<'a> {
    /// A frame at this level with its content's length unknown and its checksum at the end. The number of threads (1 to
    /// 8) never changes the bytes: libzstd cuts jobs by the level alone. One thread is taken for several, because the encoder
    /// without threads finds other matches.
    pub(super) fn new(level: i32, threads: u32, out: &'a mut dyn Write) -> io::Result<Self> {
        let mut encoder = Encoder::new(out, level)?;
        encoder.multithread(threads.clamp(1, MAX_THREADS))?;
        encoder.include_checksum(true)?;
        Ok(Self(encoder))
    }

    /// Ends the frame.
    pub(super) fn finish(self) -> io::Result<()> {
        self.0.finish().map(drop)
    }
}

impl Write for Zstd<'_> {
    fn write(&mut self, input: &[u8]) -> io::Result<usize> {
        // Nothing is written by this; it asks a target that can be stopped whether it was.
        let _ = self.0.get_mut().write(&[])?;
        self.0.write(input)
    }

    /// Does nothing: flushing would end a block, and with it change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(content: &[u8], threads: u32, chunk: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut zstd = Zstd::new(1, threads, &mut out).unwrap();
        for chunk in content.chunks(chunk) {
            zstd.write_all(chunk).unwrap();
            zstd.flush().unwrap();
        }
        zstd.finish().unwrap();
        out
    }

    #[test]
    fn threads_and_chunks_do_not_change_the_bytes() {
        // Level 1 cuts jobs of 2 MiB: several of them, each with other bytes.
        let content: Vec<u8> = (0..9_u64 << 20).map(|n| ((n * n) >> 9).to_le_bytes()[0]).collect();
        let one = compressed(&content, 1, 70_001);
        for (threads, chunk) in [(0, 1 << 16), (2, 70_001), (3, 1 << 16), (99, 1 << 22)] {
            assert!(compressed(&content, threads, chunk) == one, "{threads} threads, {chunk} bytes at once");
        }
        assert!(zstd::decode_all(&*one).unwrap() == content);
    }

    #[test]
    fn nothing_becomes_an_empty_frame() {
        assert_eq!(zstd::decode_all(&*compressed(b"", 2, 1)).unwrap(), b"");
    }
}
