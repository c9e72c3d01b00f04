//! An update is cut after each thing that it does, with what was not synced dropped, and again while that is mended: there is always a
//! whole program, and the next run comes to an end.

use std::{cell::RefCell, rc::Rc};

use factory_update::{
    disk::Op,
    swap::{Outcome, Swap, SwapError},
};
use semver::Version;

use crate::model::{Machine, Shared, digest, names};

const OLD: &[u8] = b"version 2.8.0";
const NEW: &[u8] = b"version 2.8.1";

/// How a run ended.
type Ended = Result<Option<Outcome>, SwapError>;

/// What the new version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Well,
    Broken,
    Sick,
}

/// A machine with an older backup, and a new version that lies ready.
fn machine(kind: Kind) -> Machine {
    let mut machine = Machine::new(OLD);
    machine.install(&names().update(), NEW);
    machine.install(&names().backup(1), b"version 2.7.0");
    match kind {
        Kind::Well => {}
        Kind::Broken => machine.broken.push(NEW),
        Kind::Sick => machine.sick.push(NEW),
    }
    machine
}

/// Does something on a machine, and gives back what became of both.
fn on(machine: Machine, work: impl FnOnce(&mut Swap) -> Ended) -> (Machine, Ended) {
    let shared = Shared(Rc::new(RefCell::new(machine)));
    let (mut disk, mut agent, names) = (shared.clone(), shared.clone(), names());
    let result = work(&mut Swap { disk: &mut disk, agent: &mut agent, names: &names, backups: 2, say: &|_| () });
    drop((disk, agent));
    let machine = Rc::try_unwrap(shared.0).unwrap().into_inner();
    (machine, result)
}

fn update(machine: Machine) -> (Machine, Ended) {
    on(machine, |swap| swap.begin(Version::new(2, 8, 0), Version::new(2, 8, 1), digest(NEW)).map(Some))
}

#[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is not general enough")]
fn recover(machine: Machine) -> (Machine, Ended) {
    on(machine, |swap| swap.recover())
}

/// How many things happen from begin to end.
fn length(machine: &Machine, work: fn(Machine) -> (Machine, Ended)) -> usize {
    let (after, _) = work(Machine { left: Some(10_000), ..machine.clone() });
    10_000 - after.left.unwrap()
}

/// There is a whole program, whatever else there is.
fn is_whole(machine: &Machine, place: &str) {
    assert!([Some(OLD), Some(NEW)].contains(&machine.program()), "{place}: the program is {:?}", machine.program());
}

/// Cuts an update everywhere, on a disk that does not do one of the things that it is told; gives the number of states.
fn cut_everywhere(kind: Kind, skipped: Option<usize>) -> usize {
    let machine = || Machine { skipped, ..machine(kind) };
    let mut states = 0;
    for cut in 0..length(&machine(), update) {
        let (dead, result) = update(Machine { left: Some(cut), ..machine() });
        assert!(result.is_err(), "{kind:?}, {cut}: {result:?}");
        is_whole(&dead, &format!("{kind:?}, {cut}"));
        for (at, image) in dead.after_a_failure().into_iter().enumerate() {
            let place = format!("{kind:?}, cut after {cut}, image {at}");
            is_whole(&image, &place);
            is_mended(image, kind, &place);
            states += 1;
        }
    }
    states
}

/// The next run, which nothing disturbs, ends with a program that runs.
fn is_mended(machine: Machine, kind: Kind, place: &str) {
    let (machine, result) = recover(machine);
    let outcome = result.unwrap_or_else(|error| panic!("{place}: {error:?}"));
    is_whole(&machine, place);
    assert!(machine.bytes(&names().journal()).is_none(), "{place}: the journal stays");
    if outcome.is_some() {
        assert_eq!(machine.runs.as_deref(), machine.program(), "{place}: what runs is the program");
    }
    if kind != Kind::Well {
        let known = !matches!(outcome, Some(Outcome::Updated(_)));
        assert!(known && (outcome.is_none() || machine.program() == Some(OLD)), "{place}: {outcome:?}");
    }
    // And from there on, an update is one.
    let mut machine = machine;
    if machine.program() == Some(OLD) {
        machine.install(&names().update(), NEW);
        let (after, result) = update(machine);
        let good = match result.unwrap().unwrap() {
            Outcome::Updated(_) => kind == Kind::Well && after.runs.as_deref() == Some(NEW),
            Outcome::RolledBack(_) => kind != Kind::Well && after.runs.as_deref() == Some(OLD),
            Outcome::Forgotten(_) => false,
        };
        assert!(good, "{place}: the next update");
    }
}

#[test]
fn an_update_ends_well_or_goes_back() {
    let (after, result) = update(machine(Kind::Well));
    assert!(matches!(result, Ok(Some(Outcome::Updated(_)))));
    assert_eq!((after.program(), after.runs.as_deref()), (Some(NEW), Some(NEW)));
    let backup = |machine: &Machine, number| machine.bytes(&names().backup(number)).map(<[u8]>::to_vec);
    assert_eq!(backup(&after, 1).as_deref(), Some(OLD));
    assert_eq!(backup(&after, 2).as_deref(), Some(&b"version 2.7.0"[..]));
    for kind in [Kind::Broken, Kind::Sick] {
        let (after, result) = update(machine(kind));
        assert!(matches!(&result, Ok(Some(Outcome::RolledBack(journal))) if journal.why.is_some()), "{result:?}");
        assert_eq!((after.program(), after.runs.as_deref()), (Some(OLD), Some(OLD)));
        let history = String::from_utf8(after.bytes(&names().history()).unwrap().to_vec()).unwrap();
        assert!(history.contains("2.8.1"), "{history}");
        assert_eq!(backup(&after, 1).as_deref(), Some(OLD), "the backup stays");
    }
}

#[test]
fn an_update_may_end_anywhere() {
    let states: usize = [Kind::Well, Kind::Broken, Kind::Sick].map(|kind| cut_everywhere(kind, None)).iter().sum();
    assert!(states > 300, "{states} states");
}

/// What happens on a disk while an update goes back, each with its number.
fn told() -> Vec<(usize, Op)> {
    let (after, _) = update(machine(Kind::Sick));
    after.told.into_iter().enumerate().collect()
}

/// These tests would see it, were a step of the updater missing: each one but those that are of no account is left out in turn.
#[test]
fn a_disk_that_leaves_something_out_is_noticed() {
    let mut unnoticed = Vec::new();
    for (number, op) in told() {
        let noticed = std::panic::catch_unwind(|| cut_everywhere(Kind::Sick, Some(number))).is_err();
        if !noticed {
            unnoticed.push(op);
        }
    }
    let (names, note) = (names(), names().journal());
    let beside = names.beside();
    let expected = [
        // Nothing has that name, neither time.
        Op::Remove(beside.clone()),
        // The journal that says "undoing": the one before it, "watching", comes to the same end.
        Op::Rename { from: note.with_extension("new"), to: note },
        Op::SyncFolder(names.state()),
        Op::Remove(beside.clone()),
        // Without a second name, the backup gives its own away.
        Op::Link { from: names.backup(1), to: beside },
    ];
    assert_eq!(unnoticed, expected);
}

#[test]
fn what_mends_it_may_end_anywhere_too() {
    let mut states = 0;
    for kind in [Kind::Well, Kind::Sick] {
        for cut in 0..length(&machine(kind), update) {
            let (dead, _) = update(Machine { left: Some(cut), ..machine(kind) });
            for (at, image) in dead.after_a_failure().into_iter().enumerate() {
                for second in 0..length(&image, recover) {
                    let (dead, _) = recover(Machine { left: Some(second), ..image.clone() });
                    for (then, image) in dead.after_a_failure().into_iter().enumerate() {
                        let place =
                            format!("{kind:?}, cut after {cut}, image {at}, again after {second}, image {then}");
                        is_whole(&image, &place);
                        is_mended(image, kind, &place);
                        states += 1;
                    }
                }
            }
        }
    }
    assert!(states > 1000, "{states} states");
}

#[test]
fn a_disk_that_is_full_from_some_moment_on_leaves_a_program_that_runs() {
    for kind in [Kind::Well, Kind::Broken, Kind::Sick] {
        for moment in 0..length(&machine(kind), update) {
            let place = format!("{kind:?}, full after {moment}");
            // The same run up to that moment, and on with a full disk.
            let (before, _) = update(Machine { left: Some(moment), ..machine(kind) });
            let killed = Machine { left: None, full: true, ..before };
            let (full, _) = recover(killed);
            is_whole(&full, &place);
            if full.bytes(&names().journal()).is_some() {
                assert!(full.runs.is_some(), "{place}: nothing runs");
            }
            is_mended(Machine { full: false, ..full }, kind, &place);
        }
        let (full, _) = update(Machine { full: true, ..machine(kind) });
        assert_eq!((full.program(), full.runs.as_deref()), (Some(OLD), Some(OLD)), "nothing was begun");
    }
}

#[test]
fn somebody_goes_back() {
    let (after, _) = update(machine(Kind::Well));
    let back = |machine: Machine| on(machine, |swap| swap.go_back(Version::new(2, 8, 1), "wanted"));
    let steps = length(&after, back);
    let (done, result) = back(after.clone());
    assert!(matches!(result, Ok(Some(Outcome::RolledBack(_)))), "{result:?}");
    assert_eq!((done.program(), done.runs.as_deref()), (Some(OLD), Some(OLD)));
    for cut in 0..steps {
        let (dead, _) = back(Machine { left: Some(cut), ..after.clone() });
        for (at, image) in dead.after_a_failure().into_iter().enumerate() {
            let place = format!("cut after {cut}, image {at}");
            is_whole(&image, &place);
            let (mended, result) = recover(image);
            result.unwrap_or_else(|error| panic!("{place}: {error:?}"));
            is_whole(&mended, &place);
        }
    }
    let (_, nothing) = back(Machine::new(OLD));
    assert!(matches!(nothing, Ok(None)), "{nothing:?}");
}

#[test]
fn what_does_not_lie_ready_is_not_taken() {
    let mut other = machine(Kind::Well);
    other.install(&names().update(), b"something else");
    let (after, result) = update(other);
    assert!(matches!(result, Err(SwapError::NotReady(_))), "{result:?}");
    assert_eq!(after.runs.as_deref(), Some(OLD));
}
