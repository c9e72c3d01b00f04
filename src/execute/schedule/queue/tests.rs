//! The queue as pure code: played runs of made-up plans.

use proptest::prelude::*;

use super::*;
use crate::execute::schedule::load::ALL;

/// A made-up run: the plan, the limits, and how each step ends.
#[derive(Debug, Clone)]
struct World {
    tasks: Vec<Task>,
    limits: Limits,
    keep_going: bool,
    cached: Vec<bool>,
    fails: Vec<bool>,
    /// Which of the running steps ends next, over and over.
    order: Vec<usize>,
}

/// What was seen of a run.
#[derive(Debug, Default)]
struct Seen {
    /// Every step in the order of its beginning.
    began: Vec<usize>,
    /// Steps found cached.
    cached: Vec<usize>,
    phases: Vec<Phase>,
    dependants: Vec<usize>,
}

/// Plays a run to its end and checks on the way what must hold at any time.
fn play(world: &World) -> Seen {
    let mut queue = Queue::new(world.tasks.clone(), world.limits, world.keep_going);
    let (mut seen, mut running, mut turn) = (Seen::default(), Vec::new(), 0);
    let mut passed: BTreeMap<usize, u32> = BTreeMap::new();
    let platforms = world.tasks.iter().map(|task| task.platform).max().unwrap_or_default() + 1;
    loop {
        queue.settle(&mut |at| {
            assert!(!seen.cached.contains(&at) && !seen.began.contains(&at), "{at} was judged twice");
            if world.cached[at] {
                seen.cached.push(at);
                return Verdict::Cached;
            }
            Verdict::Run
        });
        while let Some(at) = {
            for other in 0..platforms {
                let could = (0..world.tasks.len()).any(|at| world.tasks[at].platform == other && queue.may_start(at));
                if could {
                    *passed.entry(other).or_default() += 1;
                }
            }
            queue.start()
        } {
            assert!(!seen.began.contains(&at), "{at} began twice");
            let task = &world.tasks[at];
            for before in task.needs.iter().chain(&task.uses) {
                assert_eq!(queue.phases()[*before], Phase::Done, "{at} began before {before}");
            }
            for before in &task.after {
                let ended = matches!(queue.phases()[*before], Phase::Done | Phase::Failed | Phase::Skipped);
                assert!(ended, "{at} began before {before} had ended");
            }
            passed.insert(task.platform, 0);
            seen.began.push(at);
            running.push(at);
            assert!(running.len() <= world.limits.jobs.max(1), "{running:?}");
            for load in ALL {
                let count = running.iter().filter(|at| world.tasks[**at].load == load).count();
                assert!(count <= most(load, world.limits.cpus), "{count} of {load:?}");
            }
            let most = PASSED as usize + platforms;
            assert!(passed.values().all(|times| *times as usize <= most), "a platform starves: {passed:?}");
        }
        if running.is_empty() {
            break;
        }
        turn += 1;
        let ended = running.remove(world.order[turn % world.order.len()] % running.len());
        queue.end(ended, !world.fails[ended]);
    }
    seen.phases = queue.phases().to_vec();
    seen.dependants = queue.dependants();
    seen
}

fn worlds() -> impl Strategy<Value = World> {
    let task = (0..4_usize, 0..4_usize, any::<u16>(), prop::collection::vec(any::<prop::sample::Index>(), 0..4));
    let fate = (prop::bool::weighted(0.3), prop::bool::weighted(0.15));
    (
        prop::collection::vec((task, fate), 1..40),
        (1..6_usize, 1..4_usize),
        any::<bool>(),
        prop::collection::vec(0..40_usize, 1..20),
    )
        .prop_map(|(steps, (jobs, cpus), keep_going, order)| {
            let (mut tasks, mut cached, mut fails) = (Vec::new(), Vec::new(), Vec::new());
            for (at, ((platform, load, expected, before), (is_cached, is_bad))) in steps.into_iter().enumerate() {
                let before: Vec<usize> = before.iter().filter(|_| at > 0).map(|index| index.index(at)).collect();
                let (needs, others) = before.split_at(before.len() / 2);
                let (uses, after) = others.split_at(others.len() / 2);
                tasks.push(Task {
                    platform,
                    load: ALL[load],
                    needs: needs.to_vec(),
                    uses: uses.to_vec(),
                    after: after.to_vec(),
                    expected: expected.into(),
                    idle: false,
                });
                cached.push(is_cached);
                fails.push(is_bad && !is_cached);
            }
            World { tasks, limits: Limits { jobs, cpus }, keep_going, cached, fails, order }
        })
}

/// The steps that a failure takes with it, found another way: over and over until nothing is added.
fn taken_along(world: &World, failed: &[usize]) -> Vec<usize> {
    let mut lost: Vec<usize> = Vec::new();
    loop {
        let gone = |at: &usize| failed.contains(at) || lost.contains(at);
        let next = (0..world.tasks.len()).find(|at| {
            let task = &world.tasks[*at];
            let tools = !world.cached[*at] && task.uses.iter().any(gone);
            !gone(at) && (task.needs.iter().any(gone) || tools)
        });
        match next {
            Some(at) => lost.push(at),
            None => break,
        }
    }
    lost.sort_unstable();
    lost
}

proptest! {
    // Limits, order and fairness are checked on the way.
    #[test]
    fn without_failures_every_step_is_done_exactly_once(mut world in worlds()) {
        world.fails.fill(false);
        let seen = play(&world);
        prop_assert!(seen.phases.iter().all(|phase| *phase == Phase::Done), "{:?}", seen.phases);
        let mut all = [seen.began, seen.cached].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..world.tasks.len()).collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_takes_exactly_its_dependants_along(mut world in worlds()) {
        world.keep_going = true;
        let seen = play(&world);
        let of = |wanted: Phase| -> Vec<usize> {
            (0..world.tasks.len()).filter(|at| seen.phases[*at] == wanted).collect()
        };
        let skipped = of(Phase::Skipped);
        prop_assert_eq!(&skipped, &taken_along(&world, &of(Phase::Failed)));
        prop_assert_eq!(&skipped, &seen.dependants);
        prop_assert_eq!(of(Phase::Done).len() + of(Phase::Failed).len() + skipped.len(), world.tasks.len());
    }

    #[test]
    fn nothing_begins_after_a_failure_unless_it_was_asked_for(mut world in worlds()) {
        world.keep_going = false;
        world.limits.jobs = 1;
        let seen = play(&world);
        let failed = seen.began.iter().position(|at| world.fails[*at]);
        prop_assert!(failed.is_none_or(|at| at + 1 == seen.began.len()), "{seen:?}");
    }
}

fn task(platform: usize, needs: &[usize], expected: u64) -> Task {
    Task {
        platform,
        load: Load::Compile,
        needs: needs.to_vec(),
        uses: Vec::new(),
        after: Vec::new(),
        expected,
        idle: false,
    }
}

/// The order in which steps begin, one at a time.
fn order(tasks: Vec<Task>) -> Vec<usize> {
    let count = tasks.len();
    let limits = Limits { jobs: 1, cpus: 1 };
    let (cached, fails) = (vec![false; count], vec![false; count]);
    play(&World { tasks, limits, keep_going: false, cached, fails, order: vec![0] }).began
}

#[test]
fn the_longest_way_goes_first() {
    // A short step with much behind it goes before a long one with nothing behind it.
    assert_eq!(order(vec![task(0, &[], 50), task(0, &[], 1), task(0, &[1], 100)]), [1, 2, 0]);
    // Equals go in the plan's order.
    assert_eq!(order(vec![task(0, &[], 5), task(0, &[], 5), task(0, &[], 5)]), [0, 1, 2]);
}

#[test]
fn a_platform_with_little_to_do_gets_its_turn() {
    let mut tasks: Vec<Task> = (0..12).map(|_| task(0, &[], 1000)).collect();
    tasks.push(task(1, &[], 1));
    assert_eq!(order(tasks).iter().position(|at| *at == 12), Some(PASSED as usize));
}

#[test]
fn what_nothing_wants_never_runs() {
    let mut tasks = vec![task(0, &[], 1), task(0, &[], 1)];
    tasks[0].idle = true;
    assert_eq!(order(tasks), [1]);
}
