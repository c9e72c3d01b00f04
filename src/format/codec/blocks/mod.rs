//! An xz stream of blocks that are compressed once: each by a thread of its own, or it comes out of a [`BlockCache`]. They go out in
//! their order, and where they end depends on what is in the archive only: neither threads nor a cache ever change the bytes.
//!
//! Why not liblzma's own multi-thread encoder: it ends blocks after so many bytes, so that one more byte at the start changes all.

mod cut;
mod queue;
mod xz;

use std::{
    io::{self, Write},
    mem,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use self::{
    cut::{Cutter, Sizes},
    queue::Queue,
};
use super::{FormatError, Member, Members};

/// Where compressed blocks are kept, so that the next package need not compress them again. What it gives is unpacked and held against
/// the bytes that it must hold, so that nobody who writes into it changes a package.
pub trait BlockCache {
    /// The block of a key, if it is there.
    fn get(&self, key: &[u8; 32]) -> Option<Vec<u8>>;
    /// Keeps a block. One that cannot be kept is compressed again the next time, nothing else.
    fn put(&self, key: &[u8; 32], block: &[u8]);
}

/// Blocks share no dictionary, so small ones cost size, and large ones cost time after a change. Measured on the 105 MiB of
/// [`compress`](super::compress): 20.96 MB with these, 16 MiB in the mean; 21.48 MB from 4 MiB on, 12 MiB in the mean; 21.00 MB in
/// blocks of 24 MiB whatever is in them, as `xz -T2` and dpkg-deb have them, 21.69 MB of 8 MiB, 22.26 MB of 4 MiB.
const SIZES: Sizes = Sizes { least: 8 << 20, usual: 8 << 20, most: 24 << 20 };
/// Part of the key of each block: the format, its settings, and the version of what made it. Raised with liblzma where that gives
/// other bytes.
const SETTINGS: &[u8] = b"xz preset 6 crc32, liblzma 5.8, form 1";
/// Threads beyond this number only cost memory: each holds about 130 MiB.
const MAX_THREADS: u32 = 8;

/// Compresses what `fill` writes by 1 to 8 threads.
///
/// # Errors
/// When `fill` or `out` fails; `out` is asked all the time whether the work shall go on.
pub(super) fn pack(
    threads: u32,
    cache: Option<&dyn BlockCache>,
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Members) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    pack_in(SIZES, threads, cache, out, fill)
}

fn pack_in(
    sizes: Sizes,
    threads: u32,
    cache: Option<&dyn BlockCache>,
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Members) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads = threads.clamp(1, MAX_THREADS) as usize;
        let queue = Queue::new(scope, threads, cache, &stopped, out);
        let blocks = Blocks { queue, cutter: Cutter::new(sizes), block: Vec::new() };
        let done = blocks.all(fill);
        // After an error, what threads still compress is of no use.
        stopped.store(true, Ordering::Relaxed);
        done
    })
}

/// What an archive is written to: cuts it.
struct Blocks<'scope, 'env, 'out> {
    queue: Queue<'scope, 'env, 'out>,
    cutter: Cutter,
    block: Vec<u8>,
}

impl Blocks<'_, '_, '_> {
    fn all(mut self, fill: impl FnOnce(&mut dyn Members) -> Result<(), FormatError>) -> Result<(), FormatError> {
        self.queue.start()?;
        fill(&mut self)?;
        self.end_block()?;
        Ok(self.queue.finish()?)
    }

    fn end_block(&mut self) -> io::Result<()> {
        let block = mem::take(&mut self.block);
        if block.is_empty() { Ok(()) } else { self.queue.add(block) }
    }
}

impl Write for Blocks<'_, '_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (taken, ends) = self.cutter.bytes(bytes);
        self.block.extend_from_slice(&bytes[..taken]);
        if ends {
            self.end_block()?;
        }
        Ok(taken)
    }

    /// Does nothing: where a block ends depends on what is in it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Members for Blocks<'_, '_, '_> {
    fn member(&mut self, member: Member<'_>) -> io::Result<()> {
        if self.cutter.member(member) { self.end_block() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
