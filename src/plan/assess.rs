//! Which steps are done and which will run, and why: the plan held against the records.

use std::collections::{BTreeMap, BTreeSet};

use super::{Inputs, Origins, Plan, Step, Wishes};
use crate::{event::StepId, names::Sha256};

/// What a step left when it succeeded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The form of this record.
    pub version: u32,
    /// The key it ran for.
    pub key: Sha256,
    /// The inputs behind the key, to say what changed.
    pub inputs: Inputs,
    /// Which of them came from a source, to say which commit changed them.
    #[serde(default, skip_serializing_if = "Origins::is_empty")]
    pub origins: Origins,
    /// What the requirements files among them asked for, to say which requirement changed.
    #[serde(default, skip_serializing_if = "Wishes::is_empty")]
    pub wishes: Wishes,
    /// The outputs of what it needed.
    pub needs: BTreeMap<StepId, String>,
    /// The digest that stands for its result.
    pub output: String,
    /// Images it made or found: name -> id.
    #[serde(default)]
    pub images: BTreeMap<String, String>,
    /// Of a base image: what it is before it is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// Files it wrote.
    #[serde(default)]
    pub files: Vec<RecordedFile>,
    /// What it made, for people.
    pub note: String,
    /// Bytes of what it made.
    pub size: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// When it ended, RFC 3339.
    pub finished: String,
}

/// The image that a base is before it is changed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Its id in the daemon.
    pub id: String,
    /// The digest that its registry has it under, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A file that a step wrote.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFile {
    /// Relative to the project (or absolute, where a variable moved it).
    pub path: String,
    /// Of its bytes.
    pub sha256: Sha256,
    /// In bytes.
    pub size: u64,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its record is true.
    Cached,
    /// It will run: why.
    Run(String),
    /// Its key waits for the output of a step that will run: which.
    Waits(StepId),
    /// Nothing wants it.
    Idle,
}

/// Where every step of a plan stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    /// The state of every step.
    pub states: BTreeMap<StepId, State>,
    /// The keys that are known: of a step that waits there is none yet.
    pub keys: BTreeMap<StepId, Sha256>,
}

/// The state of every step. `record` gives a step's record, or why the one it has does not count any more (`None` when
/// it never had one).
#[must_use]
pub fn assess(plan: &Plan, record: &dyn Fn(&Step) -> Result<Record, Option<String>>) -> Assessment {
    let mut found = Assessment::default();
    let mut outputs = BTreeMap::new();
    for step in &plan.steps {
        let waits = step.needs.iter().find(|need| !outputs.contains_key(*need)).cloned();
        let state = if let Some(need) = waits {
            State::Waits(need)
        } else {
            found.keys.insert(step.id.clone(), step.key(&outputs));
            match judge(step, record(step), &outputs) {
                Ok(found) => {
                    outputs.insert(step.id.clone(), found.output);
                    State::Cached
                }
                Err(why) => State::Run(why),
            }
        };
        found.states.insert(step.id.clone(), state);
    }
    let wanted = demanded(plan, &found.states);
    for (id, state) in &mut found.states {
        if !wanted.contains(id) && *state != State::Cached {
            *state = State::Idle;
        }
    }
    found
}

/// The record of a step when it counts for these outputs; else why the step must run.
///
/// # Errors
/// The reason, in the user's words.
pub fn judge(
    step: &Step,
    record: Result<Record, Option<String>>,
    outputs: &BTreeMap<StepId, String>,
) -> Result<Record, String> {
    let record = record.map_err(|why| why.unwrap_or_else(|| "not made yet".to_owned()))?;
    if record.key == step.key(outputs) {
        return Ok(record);
    }
    Err(difference(step, &record, outputs))
}

/// What changed since a record was made.
fn difference(step: &Step, record: &Record, outputs: &BTreeMap<StepId, String>) -> String {
    let mut changed: Vec<String> = Vec::new();
    for (name, value) in &step.inputs {
        if let Some(moved) = moved(name, step, record) {
            if !changed.contains(&moved) {
                changed.push(moved);
            }
            continue;
        }
        match record.inputs.get(name) {
            None => changed.push(format!("{name} is new")),
            Some(before) if before != value => changed.push(match (short(before), short(value)) {
                (Some(before), Some(value)) => format!("{name}: {before} -> {value}"),
                _ => match wishes(name, step, record) {
                    wishes if wishes.is_empty() => format!("{name} changed"),
                    wishes => format!("{name} changed: {wishes}"),
                },
            }),
            Some(_) => {}
        }
    }
    changed.extend(
        record.inputs.keys().filter(|name| !step.inputs.contains_key(*name)).map(|name| format!("{name} is gone")),
    );
    for need in &step.needs {
        if record.needs.get(need) != outputs.get(need) {
            let name = need.as_str().rsplit('/').next().unwrap_or_default();
            changed.push(format!("{name} changed"));
        }
    }
    match changed.len() {
        0 => "this version of factory makes it differently".to_owned(),
        1..=3 => changed.join(", "),
        more => format!("{} and {} more", changed[..2].join(", "), more - 2),
    }
}

/// Most requirements that are named.
const NAMED: usize = 3;

/// `redis 5.0.1 -> 5.0.4, six 1.16.0 added and 4 more` of a requirements file; nothing where the record does not say, or where
/// it asks for the same as before.
fn wishes(input: &str, step: &Step, record: &Record) -> String {
    let (Some(before), Some(now)) = (record.wishes.get(input), step.wishes.get(input)) else { return String::new() };
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    // Without the marker, which only tells two of a name apart.
    let word = |name: &str, wants: &str| {
        let name = name.split(';').next().unwrap_or(name);
        format!("{name} {}", version(wants)).trim_end().to_owned()
    };
    let changed = names.into_iter().filter_map(|name| match (before.get(name), now.get(name)) {
        (Some(before), Some(now)) if before == now => None,
        (Some(before), Some(now)) => Some(format!("{} -> {}", word(name, or_any(before)), version(or_any(now)))),
        (None, Some(now)) => Some(format!("{} added", word(name, now))),
        (Some(before), None) => Some(format!("{} removed", word(name, before))),
        (None, None) => None,
    });
    let changed: Vec<String> = changed.collect();
    let more = changed.len().saturating_sub(NAMED);
    let told = changed[..changed.len() - more].join(", ");
    if more == 0 { told } else { format!("{told} and {more} more") }
}

/// `5.0.1` of `==5.0.1`, where that is all.
fn version(wants: &str) -> &str {
    match wants.strip_prefix("==") {
        Some(version) if !version.contains([',', '*', '=']) => version,
        _ => wants,
    }
}

fn or_any(wants: &str) -> &str {
    if wants.is_empty() { "any" } else { wants }
}

/// `source bricks: 1a2b3c4 -> 5d6e7f8` of an input whose content another commit of its source changed.
fn moved(input: &str, step: &Step, record: &Record) -> Option<String> {
    let (source, commit) = step.origins.get(input)?;
    let (before_source, before) = record.origins.get(input)?;
    let changed = record.inputs.get(input).is_some_and(|value| step.inputs.get(input) != Some(value));
    let told = changed && source == before_source && commit != before;
    told.then(|| format!("source {source}: {before} -> {commit}"))
}

/// A value that people can read: not a digest, and not long.
fn short(value: &str) -> Option<&str> {
    (value.len() <= 24).then_some(if value.is_empty() { "nothing" } else { value })
}

/// The steps that a wanted step leads to: wanted ones, what those need, and what those that will run use.
fn demanded(plan: &Plan, states: &BTreeMap<StepId, State>) -> BTreeSet<StepId> {
    let mut wanted = BTreeSet::new();
    for step in plan.steps.iter().rev() {
        if step.wanted {
            wanted.insert(step.id.clone());
        }
        if wanted.contains(&step.id) && states.get(&step.id) != Some(&State::Cached) {
            wanted.extend(step.needs.iter().chain(&step.uses).cloned());
        }
    }
    wanted
}
