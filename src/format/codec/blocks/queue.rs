//! The blocks on their way out: compressed by threads, or taken out of the cache, and written in their order.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{Scope, ScopedJoinHandle},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use super::{BlockCache, SETTINGS, xz};

/// `out` is asked at least that often whether the work shall go on.
const PATIENCE: Duration = Duration::from_millis(300);

/// What a thread gives: a block and whether it is new, or nothing where it was stopped.
type Packed = io::Result<Option<(Vec<u8>, bool)>>;
type Key = [u8; 32];

/// A block on its way, with the bytes of what is in it.
struct Queued<'scope> {
    content: usize,
    packing: Packing<'scope>,
}

/// A thread that gives the block, with the key under which it is kept: one from the cache is held against its content, and compressed
/// where it is another.
struct Packing<'scope> {
    thread: ScopedJoinHandle<'scope, Packed>,
    key: Key,
}

impl Queued<'_> {
    fn is_ready(&self) -> bool {
        self.packing.thread.is_finished()
    }
}

/// Threads at work, and the stream that their blocks become.
pub(super) struct Queue<'scope, 'env, 'out> {
    scope: &'scope Scope<'scope, 'env>,
    threads: usize,
    cache: Option<&'out dyn BlockCache>,
    stopped: &'env AtomicBool,
    out: &'out mut dyn Write,
    queued: VecDeque<Queued<'scope>>,
    /// What the index of the stream will have.
    records: Vec<xz::Record>,
    /// Told by each thread when it is about to end.
    ended: (Sender<()>, Receiver<()>),
}

impl<'scope, 'env, 'out> Queue<'scope, 'env, 'out> {
    /// Nothing is queued, and nothing written.
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        threads: usize,
        cache: Option<&'out dyn BlockCache>,
        stopped: &'env AtomicBool,
        out: &'out mut dyn Write,
    ) -> Self {
        let (queued, records, ended) = (VecDeque::new(), Vec::new(), mpsc::channel());
        Self { scope, threads, cache, stopped, out, queued, records, ended }
    }

    /// Begins the stream.
    pub(super) fn start(&mut self) -> io::Result<()> {
        self.out.write_all(&xz::start())
    }

    /// Takes a block on. Waits while all threads are at work, and while many blocks wait for one before them.
    pub(super) fn add(&mut self, content: Vec<u8>) -> io::Result<()> {
        let size = content.len();
        let key = Sha256::new().chain_update(SETTINGS).chain_update([0]).chain_update(&content).finalize().into();
        let cached = self.cache.and_then(|cache| cache.get(&key)).filter(|block| xz::record(block, size).is_some());
        while self.at_work() >= self.threads || self.queued.len() >= 2 * self.threads {
            self.wait()?;
        }
        let packing = self.pack(content, cached, key);
        self.queued.push_back(Queued { content: size, packing });
        self.write_ready()
    }

    fn pack(&self, content: Vec<u8>, cached: Option<Vec<u8>>, key: Key) -> Packing<'scope> {
        let (stopped, ended) = (self.stopped, self.ended.0.clone());
        let thread = self.scope.spawn(move || {
            let packed = match cached.filter(|block| xz::holds(block, &content)) {
                Some(block) => Ok(Some((block, false))),
                None => xz::block(&content, || stopped.load(Ordering::Relaxed)).map(|block| Some((block?, true))),
            };
            // Nobody listens any more after an error.
            let _heard = ended.send(());
            packed
        });
        Packing { thread, key }
    }

    fn at_work(&self) -> usize {
        self.queued.iter().filter(|queued| !queued.is_ready()).count()
    }

    /// Waits a moment or until a thread ends, asks `out` whether to go on, and writes what is ready.
    fn wait(&mut self) -> io::Result<()> {
        // Nothing is written by this; it asks a target that can be stopped whether it was.
        let _ = self.out.write(&[])?;
        match self.ended.1.recv_timeout(PATIENCE) {
            // A thread that said so is gone a little later.
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("the threads that compress are gone")),
        }
        self.write_ready()
    }

    fn write_ready(&mut self) -> io::Result<()> {
        while self.queued.front().is_some_and(Queued::is_ready) {
            if let Some(first) = self.queued.pop_front() {
                self.write(first)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, queued: Queued) -> io::Result<()> {
        let Packing { thread, key } = queued.packing;
        let panicked = |_| io::Error::other("a thread that compresses came to an unexpected end");
        let stopped = || io::Error::other("compressing was stopped");
        let (block, is_new) = thread.join().map_err(panicked)??.ok_or_else(stopped)?;
        if let Some(cache) = self.cache.filter(|_| is_new) {
            cache.put(&key, &block);
        }
        let other = || io::Error::other("a compressed block is not what was to be written");
        self.records.push(xz::record(&block, queued.content).ok_or_else(other)?);
        self.out.write_all(&block)
    }

    /// Waits for all blocks and ends the stream.
    pub(super) fn finish(mut self) -> io::Result<()> {
        while !self.queued.is_empty() {
            self.wait()?;
        }
        self.out.write_all(&xz::end(&self.records))
    }
}
