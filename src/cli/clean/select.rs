//! What `--older-than` and `--keep-size` choose. Pure.

use crate::names::{Bytes, Period};

/// Something that could go.
#[derive(Debug, Clone)]
pub struct Candidate<T> {
    /// What.
    pub thing: T,
    /// What it takes, in bytes; of an image what it has beside its parent.
    pub size: u64,
    /// When it was last used, in seconds since 1970 UTC.
    pub used: i64,
    /// The current release's records name it.
    pub needed: bool,
}

/// Those that go, in the order they came in: what was last used longer ago than `older_than`; then, where all that is left takes
/// more than `keep_size`, the least recently used until it does not. What is needed never goes, but its size is added, too.
#[must_use]
pub fn chosen<T>(
    candidates: Vec<Candidate<T>>,
    older_than: Option<Period>,
    keep_size: Option<Bytes>,
    now: i64,
) -> Vec<Candidate<T>> {
    let mut goes: Vec<bool> = candidates
        .iter()
        .map(|one| !one.needed && older_than.is_some_and(|age| one.used < now.saturating_sub(age.seconds())))
        .collect();
    if let Some(Bytes(most)) = keep_size {
        let left = candidates.iter().zip(&goes).filter(|(_, goes)| !**goes);
        let mut left: u64 = left.fold(0, |sum, (one, _)| sum.saturating_add(one.size));
        let mut order: Vec<usize> = (0..candidates.len()).filter(|at| !goes[*at] && !candidates[*at].needed).collect();
        order.sort_by_key(|at| candidates[*at].used);
        for at in order {
            if left <= most {
                break;
            }
            goes[at] = true;
            left = left.saturating_sub(candidates[at].size);
        }
    }
    candidates.into_iter().zip(goes).filter(|(_, goes)| *goes).map(|(one, _)| one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidates() -> impl Strategy<Value = Vec<Candidate<usize>>> {
        let one = (0..1000_u64, 0..100_i64, prop::bool::weighted(0.3));
        prop::collection::vec(one, 0..30).prop_map(|all| {
            let one = |(thing, (size, used, needed))| Candidate { thing, size, used, needed };
            all.into_iter().enumerate().map(one).collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_needed_stays_and_the_oldest_goes_first(
            all in candidates(),
            age in prop::option::of(1..120_u64),
            most in prop::option::of(0..8000_u64),
        ) {
            let now = 100;
            let older_than: Option<Period> = age.map(|age| format!("{age}s").parse().unwrap());
            let gone: Vec<usize> =
                chosen(all.clone(), older_than, most.map(Bytes), now).iter().map(|one| one.thing).collect();
            let (goes, stays): (Vec<_>, Vec<_>) = all.iter().partition(|one| gone.contains(&one.thing));
            prop_assert!(goes.iter().all(|one| !one.needed));
            let is_old = |one: &Candidate<usize>| age.is_some_and(|age| one.used < now - i64::try_from(age).unwrap());
            prop_assert!(stays.iter().all(|one| one.needed || !is_old(one)));
            // Nothing that stays was used before something that went for its size.
            let youngest = goes.iter().filter(|one| !is_old(one)).map(|one| one.used).max();
            prop_assert!(stays.iter().all(|one| one.needed || youngest.is_none_or(|used| one.used >= used)));
            let left: u64 = stays.iter().map(|one| one.size).sum();
            prop_assert!(most.is_none_or(|most| left <= most || stays.iter().all(|one| one.needed)));
            // No more than was asked for.
            if let (Some(most), Some(last)) = (most, goes.iter().filter(|one| !is_old(one)).max_by_key(|one| (one.used, one.thing))) {
                prop_assert!(left + last.size > most, "{} need not go", last.thing);
            }
            prop_assert!(most.is_some() || goes.iter().all(|one| is_old(one)));
        }
    }

    #[test]
    fn without_a_wish_nothing_is_chosen() {
        let one = Candidate { thing: (), size: 1, used: 0, needed: false };
        assert!(chosen(vec![one], None, None, i64::MAX).is_empty());
    }
}
