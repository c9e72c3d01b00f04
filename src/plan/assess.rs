//! Which steps are done and which will run, and why: the plan held against the records.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use futures::future::BoxFuture;

use super::{Holdings, Inputs, Origins, Plan, Specifiers, Step};
use crate::{event::StepId, names::Sha256, util::state};

/// What a step left when it succeeded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The form of this record.
    pub version: u32,
    /// The key it ran for.
    pub key: Sha256,
    /// The same without what only names and labels depend on; of images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Sha256>,
    /// The inputs behind the key, to say what changed.
    pub inputs: Inputs,
    /// What only its names and labels depend on.
    #[serde(default, skip_serializing_if = "Inputs::is_empty")]
    pub labels: Inputs,
    /// Which of them came from a source, to say which commit changed them.
    #[serde(default, skip_serializing_if = "Origins::is_empty")]
    pub origins: Origins,
    /// What the requirements files among them asked for, to say which requirement changed.
    #[serde(rename = "wishes", default, skip_serializing_if = "Specifiers::is_empty")]
    pub specifiers: Specifiers,
    /// What the folders among them held, to say which file changed.
    #[serde(default, skip_serializing_if = "Holdings::is_empty")]
    pub holdings: Holdings,
    /// The outputs of what it needed.
    pub needs: BTreeMap<StepId, String>,
    /// The digest that stands for its result.
    pub output: String,
    /// Images it made or found: name -> id.
    #[serde(default)]
    pub images: BTreeMap<String, String>,
    /// Ids that its image had before, with other labels and the same layers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
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
    /// What is doubtful of it, for people: said again while it is not made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The versions that Python projects were built as: the name or the folder of one -> its version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<String, String>,
    /// The digest of the index of libraries that its relations were found with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Sha256>,
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

impl RecordedFile {
    /// Whether somebody wants it: a package or another file for people. What lies in the state folder is the step's own.
    #[must_use]
    pub fn is_artifact(&self) -> bool {
        !Path::new(&self.path).starts_with(state::NAME)
    }
}

impl Record {
    /// The id of the image that it made or found.
    #[must_use]
    pub fn image(&self) -> &str {
        self.images.values().next().unwrap_or(&self.output)
    }

    /// Whether an id is that of its image, or was it before other labels were put on.
    #[must_use]
    pub fn is_image(&self, id: &str) -> bool {
        self.image() == id || self.before.iter().any(|before| before == id)
    }
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its record is true.
    Cached,
    /// Its image is what it was, and only gets other names or labels: which; empty where that is no more than the commit.
    Labels(String),
    /// It will come from the store: why it must.
    Stored(String),
    /// It will run: why.
    Run(String),
    /// Its key waits for the output of a step that will run: which.
    Waits(StepId),
    /// Nothing wants it.
    Idle,
}

/// What is known of every step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    /// The state of every step.
    pub states: BTreeMap<StepId, State>,
    /// The keys that are known: of a step that waits there is none yet.
    pub keys: BTreeMap<StepId, Sha256>,
}

/// Why no record of a step is valid. In the user's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRecord {
    /// There never was one.
    #[error("not made yet")]
    Never,
    /// What it names is not there any more, or is not to be believed: why.
    #[error("{0}")]
    Untrue(String),
}

/// The state of every step. `record` gives a step's record, or why none is valid; `stored` the output of one that the store has under
/// a key without names and labels.
pub async fn assess<'p>(
    plan: &'p Plan,
    record: &(dyn Fn(&Step) -> Result<Record, NoRecord> + Sync),
    stored: &(dyn Fn(&'p Step, Sha256) -> BoxFuture<'p, Option<String>> + Sync),
) -> Assessment {
    let mut found = Assessment::default();
    let mut outputs = BTreeMap::new();
    for step in &plan.steps {
        let waits = step.needs.iter().find(|need| !outputs.contains_key(*need)).cloned();
        let state = if let Some(need) = waits {
            State::Waits(need)
        } else {
            found.keys.insert(step.id.clone(), step.key(&outputs));
            match judge(step, record(step), &outputs) {
                Judged::Cached(found) => {
                    outputs.insert(step.id.clone(), found.output);
                    State::Cached
                }
                Judged::Labels(found, why) => {
                    outputs.insert(step.id.clone(), found.output);
                    State::Labels(why)
                }
                Judged::Run(why) => match stored(step, step.content_key(&outputs)).await {
                    Some(output) => {
                        outputs.insert(step.id.clone(), output);
                        State::Stored(why)
                    }
                    None => State::Run(why),
                },
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

/// What the record of a step is worth. Reasons are in the user's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It is valid.
    Cached(Record),
    /// It is valid but for names and labels: which; empty where that is no more than the commit.
    Labels(Record, String),
    /// The step must run: why.
    Run(String),
}

/// The input that is the checkout's commit: a label of images, and no reason for anything else.
pub(crate) const COMMIT: &str = "commit";

/// Judges the record of a step for these outputs.
#[must_use]
pub fn judge(step: &Step, record: Result<Record, NoRecord>, outputs: &BTreeMap<StepId, String>) -> Judged {
    let record = match record {
        Ok(record) => record,
        Err(why) => return Judged::Run(why.to_string()),
    };
    if record.key == step.key(outputs) {
        return Judged::Cached(record);
    }
    // A label can be put on and replaced, but not be taken off.
    let is_kept = record.labels.keys().all(|name| step.labels.contains_key(name));
    if !step.labels.is_empty() && is_kept && record.content.as_ref() == Some(&step.content_key(outputs)) {
        let mut changed = Vec::new();
        differ(step, &record, (&step.labels, &record.labels), &mut changed);
        changed.retain(|change| !change.starts_with(COMMIT));
        return Judged::Labels(record, some_of(&changed));
    }
    Judged::Run(difference(step, &record, outputs))
}

/// What changed since a record was made.
fn difference(step: &Step, record: &Record, outputs: &BTreeMap<StepId, String>) -> String {
    let mut changed: Vec<String> = Vec::new();
    differ(step, record, (&step.inputs, &record.inputs), &mut changed);
    for need in &step.needs {
        if record.needs.get(need) != outputs.get(need) {
            changed.push(format!("{} changed", need.name()));
        }
    }
    let gone = |name: &&String| !step.labels.contains_key(*name);
    changed.extend(record.labels.keys().filter(gone).map(|name| format!("{name} is gone")));
    match changed.len() {
        0 => "this version of factory makes it differently".to_owned(),
        _ => some_of(&changed),
    }
}

/// All of them, or the first two and how many more.
fn some_of(changed: &[String]) -> String {
    match changed.len() {
        0..=3 => changed.join(", "),
        more => format!("{} and {} more", changed[..2].join(", "), more - 2),
    }
}

/// Adds which inputs are not what they were.
fn differ(step: &Step, record: &Record, (inputs, of_record): (&Inputs, &Inputs), changed: &mut Vec<String>) {
    for (name, value) in inputs {
        if let Some(moved) = moved(name, step, record) {
            if !changed.contains(&moved) {
                changed.push(moved);
            }
            continue;
        }
        match of_record.get(name) {
            None => changed.push(format!("{name} {} new", is(name))),
            Some(before) if before != value => changed.push(match (short(before), short(value)) {
                (Some(before), Some(value)) => format!("{name}: {before} -> {value}"),
                _ => match [specifiers(name, step, record), files(name, step, record)].concat() {
                    more if more.is_empty() => format!("{} changed", told(name)),
                    more => format!("{name} changed: {more}"),
                },
            }),
            Some(_) => {}
        }
    }
    changed.extend(
        of_record.keys().filter(|name| !inputs.contains_key(*name)).map(|name| format!("{name} {} gone", is(name))),
    );
}

/// What people call an input that is called after a file of this program.
fn told(name: &str) -> &str {
    match name {
        "base.hbs" => "the Dockerfile of the base image",
        "builder.hbs" => "the Dockerfile of the wheel builder",
        "virtualenv.py" => "the program that fills the virtualenv",
        "owners.sh" => "the program that gives files their owners",
        name => name,
    }
}

/// The verb of an input that is called so.
fn is(name: &str) -> &'static str {
    let of_several = ["options of", "variables of", "attributes of", "builder packages"];
    if of_several.iter().any(|start| name.starts_with(start)) { "are" } else { "is" }
}

/// Most requirements, or files of a folder, that are named.
const NAMED: usize = 3;

/// `redis 5.0.1 -> 5.0.4, six 1.16.0 added and 4 more` of a requirements file; nothing where the record does not say, or where
/// it asks for the same as before.
fn specifiers(input: &str, step: &Step, record: &Record) -> String {
    let (Some(before), Some(now)) = (record.specifiers.get(input), step.specifiers.get(input)) else {
        return String::new();
    };
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

/// `shop.py changed, views/a.html added and 4 more` of a folder; nothing where the record does not say.
fn files(input: &str, step: &Step, record: &Record) -> String {
    let (Some(before), Some(now)) = (record.holdings.get(input), step.holdings.get(input)) else {
        return String::new();
    };
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let changed = names.into_iter().filter_map(|name| match (before.get(name), now.get(name)) {
        (Some(before), Some(now)) if before == now => None,
        (Some(_), Some(_)) => Some(format!("{name} changed")),
        (None, Some(_)) => Some(format!("{name} added")),
        (Some(_), None) => Some(format!("{name} removed")),
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
        if !wanted.contains(&step.id) {
            continue;
        }
        match states.get(&step.id) {
            // What it needs is there, and has its own labels put on first.
            Some(State::Cached | State::Labels(_)) => {
                let labels = |need: &&StepId| matches!(states.get(*need), Some(State::Labels(_)));
                wanted.extend(step.needs.iter().filter(labels).cloned());
            }
            _ => wanted.extend(step.needs.iter().chain(&step.uses).cloned()),
        }
    }
    wanted
}
