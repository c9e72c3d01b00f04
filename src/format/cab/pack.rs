//! Blocks, compressed on several threads. Each needs only the plain bytes of the one before it, so that any number of threads gives the
//! same ones; they come back in order.

use std::{
    collections::VecDeque,
    io::{self, Read},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use super::{
    CabError, checksum,
    layout::{Block, PLAIN},
    mszip::Packer,
};

/// Blocks that one thread is given at a time: 1 MiB.
const TOGETHER: usize = 32;

/// Blocks to compress, and who waits for them.
struct Job {
    /// The block before the first one, or nothing.
    before: Vec<u8>,
    plain: Vec<u8>,
    done: SyncSender<Packed>,
}

type Packed = Result<Vec<u8>, CabError>;

/// Who takes whole blocks with their heads, and the number of plain bytes in them.
pub(super) type Sink<'s> = dyn FnMut(&[u8], u64) -> Result<(), CabError> + 's;

/// How blocks are compressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing {
    /// zlib's level, 1 to 9.
    pub level: u8,
    /// Threads. Each has 4 MiB in work at most.
    pub threads: usize,
}

impl Packing {
    /// Reads `plain` to its end and hands on its blocks in order.
    ///
    /// # Errors
    /// What reading, compressing or `sink` fails with.
    pub(super) fn run(self, plain: &mut dyn Read, sink: &mut Sink) -> Result<(), CabError> {
        let threads = self.threads.max(1);
        let (jobs, queue) = sync_channel(threads * 2);
        let queue = Mutex::new(queue);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| work(&queue, self.level));
            }
            let ended = feed(plain, &jobs, threads * 2, sink);
            // Without it the threads would wait for more.
            drop(jobs);
            ended
        })
    }
}

/// Hands out all that is to be read, and takes back what was compressed.
fn feed(plain: &mut dyn Read, jobs: &SyncSender<Job>, ahead: usize, sink: &mut Sink) -> Result<(), CabError> {
    let mut waiting: VecDeque<(Receiver<Packed>, u64)> = VecDeque::new();
    let mut before = Vec::new();
    loop {
        let batch = batch(plain)?;
        let is_last = batch.len() < TOGETHER * PLAIN;
        let next = batch.get((TOGETHER - 1) * PLAIN..).unwrap_or_default().to_vec();
        if !batch.is_empty() {
            let (done, packed) = sync_channel(1);
            waiting.push_back((packed, batch.len() as u64));
            jobs.send(Job { before: std::mem::replace(&mut before, next), plain: batch, done })
                .map_err(|_| stopped())?;
        }
        while waiting.len() >= ahead || is_last {
            let Some((packed, length)) = waiting.pop_front() else { return Ok(()) };
            sink(&packed.recv().map_err(|_| stopped())??, length)?;
        }
    }
}

/// A thread is gone that was not told to end.
fn stopped() -> CabError {
    CabError::Compress("a thread has ended early")
}

/// The next blocks, all of them full but at the end.
fn batch(plain: &mut dyn Read) -> io::Result<Vec<u8>> {
    let size = TOGETHER * PLAIN;
    let mut batch = Vec::with_capacity(size);
    plain.take(size as u64).read_to_end(&mut batch)?;
    Ok(batch)
}

/// Compresses until there is nothing more.
fn work(queue: &Mutex<Receiver<Job>>, level: u8) {
    let mut packer = Packer::new(level);
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { before, plain, done }) = job else { return };
        // It is not waited for any more where writing has failed.
        let _ = done.send(pack(&mut packer, &before, &plain));
    }
}

fn pack(packer: &mut Packer, before: &[u8], plain: &[u8]) -> Packed {
    let mut out = Vec::with_capacity(plain.len() / 2);
    let mut before = before;
    for block in plain.chunks(PLAIN) {
        let content = packer.pack(before, block).map_err(CabError::Compress)?;
        let size = |bytes: &[u8]| u16::try_from(bytes.len()).map_err(|_| CabError::Compress("a block is too large"));
        let mut head = Block { checksum: 0, packed: size(content)?, plain: size(block)? };
        head.checksum = checksum::of_block(content, head.sizes(), &[]);
        out.extend(head.bytes());
        out.extend_from_slice(content);
        before = block;
    }
    Ok(out)
}
