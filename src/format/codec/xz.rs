//! An xz stream on liblzma's multi-thread encoder, with pinned settings and a way out.
//!
//! Why not the crate's own writer: it compresses to the end what it holds when it is dropped, up to a block a thread,
//! and asks its target for nothing in between. Here a target that fails, because its disk is full or somebody stopped
//! the run, ends the work within a second.

use std::io::{self, Write};

use liblzma::stream::{Action, Check, MtStreamBuilder, Status, Stream};

/// The xz preset of dpkg-deb: higher ones cost twice the time for a percent or two.
const PRESET: u32 = 6;
/// Bytes of input that become one xz block. Blocks are what threads work on and share no dictionary, so small ones
/// cost size; 24 MiB is three times the dictionary of preset 6, which is also xz's own choice. Part of the output:
/// changing it changes every package.
const BLOCK: u64 = 24 << 20;
/// Threads beyond this number only cost memory: each holds about 130 MiB.
const MAX_THREADS: u32 = 8;
/// How long the encoder may go without a word, in milliseconds. It says when it answers, not what.
const TIMEOUT: u32 = 300;

/// Compresses what is written to it into one stream on `out`. Without [`Xz::finish`] the stream has no end.
pub(super) struct Xz<'a> {
    stream: Stream,
    buffer: Vec<u8>,
    out: &'a mut dyn Write,
}

impl<'a> Xz<'a> {
    /// A stream of blocks of 24 MiB, compressed by 1 to 8 threads. Their number never changes the bytes: the
    /// multi-thread encoder is used for one thread too, because the other one writes a different layout.
    pub(super) fn new(threads: u32, out: &'a mut dyn Write) -> io::Result<Self> {
        Self::with_block(BLOCK, threads, out)
    }

    fn with_block(block: u64, threads: u32, out: &'a mut dyn Write) -> io::Result<Self> {
        let stream = MtStreamBuilder::new()
            .threads(threads.clamp(1, MAX_THREADS))
            .preset(PRESET)
            .block_size(block)
            .check(Check::Crc32)
            .timeout_ms(TIMEOUT)
            .encoder()?;
        Ok(Self { stream, buffer: Vec::with_capacity(1 << 16), out })
    }

    /// Ends the stream.
    pub(super) fn finish(mut self) -> io::Result<()> {
        while self.step(&[], Action::Finish)? != Status::StreamEnd {}
        Ok(())
    }

    /// One call of the encoder; what it gives goes out.
    fn step(&mut self, input: &[u8], action: Action) -> io::Result<Status> {
        // Nothing is written by this; it asks a target that can be stopped whether it was.
        let _ = self.out.write(&[])?;
        let status = self.stream.process_vec(input, &mut self.buffer, action)?;
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(status)
    }
}

impl Write for Xz<'_> {
    fn write(&mut self, input: &[u8]) -> io::Result<usize> {
        let before = self.stream.total_in();
        while self.stream.total_in() == before && !input.is_empty() {
            self.step(input, Action::Run)?;
        }
        Ok(usize::try_from(self.stream.total_in() - before).unwrap_or(input.len()))
    }

    /// Does nothing: flushing would end a block, and with it change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// Small blocks, so that a few of them are cheap.
    const SMALL: u64 = 1 << 18;

    fn compressed(content: &[u8], threads: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let mut xz = Xz::with_block(SMALL, threads, &mut out).unwrap();
        for chunk in content.chunks(70_001) {
            xz.write_all(chunk).unwrap();
            xz.flush().unwrap();
        }
        xz.finish().unwrap();
        out
    }

    #[test]
    fn threads_do_not_change_the_bytes() {
        // Three blocks and a bit of a fourth, each with other bytes.
        let content: Vec<u8> = (0..SMALL * 3 + 17).map(|n| ((n * n) >> 7).to_le_bytes()[0]).collect();
        let one = compressed(&content, 1);
        for threads in [0, 2, 3, 99] {
            assert_eq!(compressed(&content, threads), one, "{threads} threads");
        }
        let mut back = Vec::new();
        liblzma::read::XzDecoder::new(&*one).read_to_end(&mut back).unwrap();
        assert_eq!(back, content);
    }

    #[test]
    fn nothing_becomes_an_empty_stream() {
        let mut back = Vec::new();
        liblzma::read::XzDecoder::new(&*compressed(b"", 1)).read_to_end(&mut back).unwrap();
        assert_eq!(back, b"");
    }

    /// A target that has had enough.
    struct Stopped;
    impl Write for Stopped {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("stopped"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_target_can_stop_it() {
        let mut target = Stopped;
        let mut xz = Xz::new(2, &mut target).unwrap();
        assert_eq!(xz.write(b"not yet a block").unwrap_err().to_string(), "stopped");
    }
}
