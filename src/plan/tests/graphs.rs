//! Plans of any shape, run in a world where a step's output is made of its key.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::FutureExt as _;
use proptest::prelude::*;

use crate::{
    event::StepId,
    names::Sha256,
    plan::{
        Assessment, Estimate, Holdings, Inputs, Judged, NoRecord, Plan, Record, State, Step, assess, estimate, judge,
    },
    work::{Work, builder::BuilderWork},
};

/// A plan by numbers: of each step the value of its input, and which earlier steps it needs.
type Shape = Vec<(u8, Vec<prop::sample::Index>)>;

fn shape() -> impl Strategy<Value = Shape> {
    prop::collection::vec((any::<u8>(), prop::collection::vec(any::<prop::sample::Index>(), 0..4)), 1..25)
}

fn id(number: usize) -> StepId {
    StepId::new(&"debian-12".parse().unwrap(), &format!("s{number:02}"))
}

fn plan(shape: &Shape) -> Plan {
    let step = |(number, (value, needs)): (usize, &(u8, Vec<prop::sample::Index>))| {
        let needs: BTreeSet<StepId> =
            needs.iter().filter(|_| number > 0).map(|need| id(need.index(number.max(1)))).collect();
        Step {
            id: id(number),
            platform: "debian-12".parse().unwrap(),
            title: String::new(),
            work: Work::Builder(Box::new(BuilderWork { dockerfile: String::new(), tag: String::new() })),
            inputs: Inputs::from([("value".to_owned(), value.to_string()), ("name".to_owned(), number.to_string())]),
            labels: Inputs::new(),
            origins: BTreeMap::new(),
            specifiers: BTreeMap::new(),
            needs: needs.into_iter().collect(),
            uses: Vec::new(),
            after: Vec::new(),
            holdings: Holdings::new(),
            doubts: Vec::new(),
            unread: None,
            notes: Vec::new(),
            wanted: true,
        }
    };
    Plan { steps: shape.iter().enumerate().map(step).collect(), unmade: Vec::new() }
}

/// What is left when every step has run; `dull` steps give the same whatever goes in.
fn run(plan: &Plan, dull: &dyn Fn(&StepId) -> bool) -> BTreeMap<StepId, Record> {
    let (mut records, mut outputs) = (BTreeMap::new(), BTreeMap::new());
    for step in &plan.steps {
        let key = step.key(&outputs);
        let output = if dull(&step.id) { Sha256::of(step.id.as_str()) } else { Sha256::of(key.as_str()) }.to_string();
        let needs = step.needs.iter().map(|need| (need.clone(), outputs[need].clone())).collect();
        outputs.insert(step.id.clone(), output.clone());
        let record = Record {
            version: 1,
            key,
            content: None,
            inputs: step.inputs.clone(),
            labels: Inputs::new(),
            before: Vec::new(),
            origins: BTreeMap::new(),
            specifiers: BTreeMap::new(),
            needs,
            output,
            images: BTreeMap::new(),
            root: None,
            files: Vec::new(),
            note: String::new(),
            size: 0,
            warnings: Vec::new(),
            projects: BTreeMap::new(),
            index: None,
            holdings: Holdings::new(),
            took_ms: 1000,
            finished: String::new(),
        };
        records.insert(step.id.clone(), record);
    }
    records
}

fn held(plan: &Plan, records: &BTreeMap<StepId, Record>) -> Assessment {
    let record = |step: &Step| records.get(&step.id).cloned().ok_or(NoRecord::Never);
    assess(plan, &record, &|_, _| std::future::ready(None).boxed()).now_or_never().unwrap()
}

/// A step and everything that depends on it.
fn dependents(plan: &Plan, changed: &StepId) -> BTreeSet<StepId> {
    let mut found = BTreeSet::from([changed.clone()]);
    for step in &plan.steps {
        if step.needs.iter().any(|need| found.contains(need)) {
            found.insert(step.id.clone());
        }
    }
    found
}

fn keys(records: &BTreeMap<StepId, Record>) -> BTreeMap<&StepId, &Sha256> {
    records.iter().map(|(id, record)| (id, &record.key)).collect()
}

proptest! {
    #[test]
    fn a_change_reaches_what_depends_on_it_and_nothing_else(shape in shape(), at in any::<prop::sample::Index>()) {
        let before = plan(&shape);
        let records = run(&before, &|_| false);
        prop_assert!(held(&before, &records).states.values().all(|state| *state == State::Cached));

        let at = at.index(shape.len());
        let mut changed = shape.clone();
        changed[at].0 = changed[at].0.wrapping_add(1);
        let after = plan(&changed);
        let reached = dependents(&after, &id(at));
        let Assessment { states, keys: known } = held(&after, &records);
        for step in &after.steps {
            let expected = match &states[&step.id] {
                State::Cached => !reached.contains(&step.id),
                State::Run(why) => step.id == id(at) && why.starts_with("value: "),
                State::Waits(need) => reached.contains(&step.id) && reached.contains(need),
                State::Idle | State::Labels(_) | State::Stored(_) => false,
            };
            prop_assert!(expected, "{}: {:?}", step.id, states[&step.id]);
            prop_assert_eq!(known.contains_key(&step.id), !matches!(states[&step.id], State::Waits(_)));
        }
        // The keys, once all has run.
        let now = run(&after, &|_| false);
        let moved: BTreeSet<StepId> =
            now.iter().filter(|(id, record)| records[*id].key != record.key).map(|(id, _)| id.clone()).collect();
        prop_assert_eq!(moved, reached);
    }

    #[test]
    fn an_equal_output_ends_it(shape in shape(), at in any::<prop::sample::Index>()) {
        let at = at.index(shape.len());
        let dull = |step: &StepId| *step == id(at);
        let before = run(&plan(&shape), &dull);
        let mut changed = shape.clone();
        changed[at].0 = changed[at].0.wrapping_add(1);
        let after = plan(&changed);
        let mut records = before.clone();
        // The changed step runs and gives what it gave before: every other record is valid as it is.
        records.insert(id(at), run(&after, &dull)[&id(at)].clone());
        prop_assert!(held(&after, &records).states.values().all(|state| *state == State::Cached));
    }

    #[test]
    fn order_changes_nothing(shape in shape(), seed in any::<u64>()) {
        let before = run(&plan(&shape), &|_| false);
        let mut shuffled = plan(&shape);
        // The steps by how deep they are, and in any order among those: each still comes after those it needs.
        let mut depth: BTreeMap<StepId, usize> = BTreeMap::new();
        for step in &shuffled.steps {
            let below = step.needs.iter().map(|need| depth[need] + 1).max();
            depth.insert(step.id.clone(), below.unwrap_or_default());
        }
        shuffled.steps.sort_by_key(|step| (depth[&step.id], Sha256::of(format!("{seed}{}", step.id)).to_string()));
        shuffled.steps.iter_mut().for_each(|step| step.needs.reverse());
        let after = run(&shuffled, &|_| false);
        prop_assert_eq!(keys(&after), keys(&before));
    }

    #[test]
    fn an_estimate_lies_between_the_longest_step_and_all_of_them(shape in shape(), jobs in 1_usize..9) {
        let plan = plan(&shape);
        let states = held(&plan, &BTreeMap::new()).states;
        let steps = plan.steps.len() as u64;
        let took = |step: &StepId| Some(1000 + step.as_str().len() as u64);
        let Estimate { work_ms, run_ms, unknown } = estimate(&plan, &states, &took, jobs);
        prop_assert_eq!((work_ms % steps, unknown), (0, 0));
        prop_assert!(run_ms <= work_ms && run_ms * jobs as u64 >= work_ms && run_ms >= work_ms / steps);
        if jobs == 1 {
            prop_assert_eq!(run_ms, work_ms);
        }
        prop_assert_eq!(estimate(&plan, &states, &|_| None, jobs), Estimate { unknown: plan.steps.len(), ..Estimate::default() });
    }
}

#[test]
fn an_estimate_follows_the_graph() {
    let mut plan = plan(&vec![(0, vec![]); 5]);
    // s1 and s2 after s0, s3 after both; s4 uses s3.
    for (step, needs) in [(1, vec![0]), (2, vec![0]), (3, vec![1, 2])] {
        plan.steps[step].needs = needs.into_iter().map(id).collect();
    }
    plan.steps[4].uses = vec![id(3)];
    let took = BTreeMap::from([(id(0), 10), (id(1), 20), (id(2), 30), (id(4), 5)]);
    let mut states = held(&plan, &BTreeMap::new()).states;
    let run = |states: &BTreeMap<StepId, State>, jobs| {
        let Estimate { work_ms, run_ms, unknown } = estimate(&plan, states, &|step| took.get(step).copied(), jobs);
        (work_ms, run_ms, unknown)
    };
    assert_eq!(run(&states, 1), (65, 65, 1));
    assert_eq!(run(&states, 2), (65, 45, 1));
    states.insert(id(2), State::Cached);
    assert_eq!(run(&states, 2), (35, 35, 1));
}

#[test]
fn a_record_says_what_changed() {
    let plan = plan(&vec![(7, vec![])]);
    let record = run(&plan, &|_| false).remove(&id(0)).unwrap();
    let why = |change: &dyn Fn(&mut Record)| {
        let mut record = record.clone();
        change(&mut record);
        record.key = Sha256::of("another");
        match judge(&plan.steps[0], Ok(record), &BTreeMap::new()) {
            Judged::Run(why) => why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(why(&|_| {}), "this version of factory makes it differently");
    assert_eq!(
        why(&|record| {
            record.inputs.insert("value".to_owned(), "6".to_owned());
        }),
        "value: 6 -> 7"
    );
    assert_eq!(
        why(&|record| {
            record.inputs.insert("old".to_owned(), String::new());
        }),
        "old is gone"
    );
}
