//! The same work on many things at once, on the machine's processors.

use std::{num::NonZero, thread};

/// Most threads that one call starts.
const MOST: usize = 8;

/// What `work` gives for each item, in the order of the items. Fewer than `worth` items for each thread are not worth one.
/// A panic of the work is one of the caller.
pub fn each<T: Sync, R: Send>(items: &[T], worth: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get).min(MOST);
    let share = items.len().div_ceil(processors).max(worth).max(1);
    if items.len() <= share {
        return items.iter().map(work).collect();
    }
    thread::scope(|scope| {
        let begun: Vec<_> = items
            .chunks(share)
            .map(|items| {
                let work = &work;
                scope.spawn(move || items.iter().map(work).collect::<Vec<R>>())
            })
            .collect();
        let ended = begun.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn the_order_stays() {
        for count in [0, 1, 15, 16, 17, 1000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(each(&items, 16, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
