//! How far the writing of a package is, for whoever waits for it.

use std::{
    fmt,
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// So often at most it is told how far it is.
const TIMES: u64 = 100;

/// Nothing is told of fewer bytes than these, 1 MiB: they are packed in a moment.
const LEAST: u64 = 1 << 20;

/// Tells how many bytes of a tree's files have gone into a package, about a hundred times in all. Clones share what is done.
#[derive(Clone)]
pub struct Watch {
    done: Arc<AtomicU64>,
    total: u64,
    tell: Arc<dyn Fn(u64, u64) + Send + Sync>,
}

impl Watch {
    /// A watch over `total` bytes; `tell` gets how many are done, and the total.
    pub fn new(total: u64, tell: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self { done: Arc::default(), total, tell: Arc::new(tell) }
    }

    fn read(&self, bytes: u64) {
        let before = self.done.fetch_add(bytes, Ordering::Relaxed);
        let every = (self.total / TIMES).max(LEAST);
        if before / every != (before + bytes) / every {
            (self.tell)((before + bytes).min(self.total), self.total);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("done", &self.done).field("total", &self.total).finish_non_exhaustive()
    }
}

/// A file whose bytes are told to a watch as they are read.
pub(super) struct Watched<R> {
    pub(super) file: R,
    pub(super) watch: Option<Watch>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read(buffer)?;
        if let Some(watch) = &self.watch {
            watch.read(got as u64);
        }
        Ok(got)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.seek(place)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// What is told while so many bytes are read, 64 KiB at once.
    fn told(total: u64) -> Vec<(u64, u64)> {
        let all: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
        let told = Arc::clone(&all);
        let watch = Watch::new(total, move |done, total| told.lock().unwrap().push((done, total)));
        let mut file = Watched { file: io::repeat(0).take(total), watch: Some(watch) };
        let mut buffer = vec![0; 1 << 16];
        while file.read(&mut buffer).unwrap() > 0 {}
        all.lock().unwrap().clone()
    }

    #[test]
    fn it_is_told_a_hundred_times_and_of_nothing_small() {
        const MIB: u64 = 1 << 20;
        assert_eq!(told(MIB - 1), []);
        assert_eq!(told(3 * MIB), [(MIB, 3 * MIB), (2 * MIB, 3 * MIB), (3 * MIB, 3 * MIB)]);
        let many = told(250 * MIB);
        assert!(many.len() <= 100 && many.len() > 90, "{}", many.len());
        assert_eq!(many.last(), Some(&(250 * MIB, 250 * MIB)));
        assert!(many.is_sorted());
    }
}
