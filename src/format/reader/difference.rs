//! What two packages differ in. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::{Description, Field, Part, PartKind, Script};
use crate::util::size::size;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `field`, `relation`, `script`, `file`.
    pub kind: &'static str,
    /// The field's or script's name, the kind of relation, the file's path.
    pub name: String,
    /// What the first has: whole; `null` where it has none.
    pub before: Value,
    /// What the second has.
    pub after: Value,
    /// The same for people, one line.
    #[serde(skip)]
    pub said: String,
}

/// Everything in which two packages differ. Of two formats, which have their own words for everything else, only the files that both
/// install are held against each other, without the marks that a format gives them.
#[must_use]
pub fn difference(one: &Description, other: &Description) -> Vec<Difference> {
    let mut found = Vec::new();
    let is_same_format = one.format == other.format;
    if is_same_format {
        fields(one, other, &mut found);
        relations(one, other, &mut found);
        scripts(one, other, &mut found);
    }
    files(one, other, is_same_format, &mut found);
    found
}

/// The values of two tables under each of their keys.
fn both<'m, T>(
    one: &'m BTreeMap<&'m str, T>,
    other: &'m BTreeMap<&'m str, T>,
) -> impl Iterator<Item = (&'m str, Option<&'m T>, Option<&'m T>)> {
    let keys: BTreeSet<&str> = one.keys().chain(other.keys()).copied().collect();
    keys.into_iter().map(|key| (key, one.get(key), other.get(key)))
}

/// `before -> after`, where nothing stands for what is not there.
fn arrow(before: Option<String>, after: Option<String>) -> String {
    let said = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
    format!("{} -> {}", said(before), said(after))
}

/// The same of texts with many lines, by how many there are.
fn texts(before: Option<&str>, after: Option<&str>) -> String {
    let lines = |text: Option<&str>| {
        let count = text?.lines().count();
        Some(format!("{count} {}", if count == 1 { "line" } else { "lines" }))
    };
    match (lines(before), lines(after)) {
        (Some(a), Some(b)) if a == b => format!("{a}, others"),
        (a, b) => arrow(a, b),
    }
}

fn fields(one: &Description, other: &Description, found: &mut Vec<Difference>) {
    // Those that hold relations are said relation by relation.
    let relations: BTreeSet<&str> =
        one.relations.iter().chain(&other.relations).map(|relation| relation.kind.as_str()).collect();
    let table = |it: &'_ Description| -> BTreeMap<String, Field> {
        let counts = |field: &&Field| !field.made_anew && !relations.contains(field.name.as_str());
        it.fields.iter().filter(counts).map(|field| (field.name.clone(), field.clone())).collect()
    };
    let (before, after) = (table(one), table(other));
    let mut seen = BTreeSet::new();
    for Field { name, .. } in one.fields.iter().chain(&other.fields) {
        let (a, b) = (before.get(name), after.get(name));
        let value = |field: Option<&Field>| field.map(|field| field.value.clone());
        if !seen.insert(name) || value(a) == value(b) {
            continue;
        }
        let is_long = [a, b].iter().flatten().any(|field| field.value.contains('\n'));
        let said = if is_long {
            texts(a.map(|field| field.value.as_str()), b.map(|field| field.value.as_str()))
        } else {
            let brief = |field: Option<&Field>| field.map(|field| field.brief.as_ref().unwrap_or(&field.value).clone());
            arrow(brief(a), brief(b))
        };
        found.push(Difference {
            kind: "field",
            name: name.clone(),
            before: json!(value(a)),
            after: json!(value(b)),
            said,
        });
    }
}

/// A relation whose version alone is another one is said in one line.
fn relations(one: &Description, other: &Description, found: &mut Vec<Difference>) {
    let all = |it: &'_ Description| it.relations.iter().cloned().collect::<BTreeSet<_>>();
    let (before, after) = (all(one), all(other));
    let mut changed: BTreeMap<(String, String), [Vec<String>; 2]> = BTreeMap::new();
    for relation in before.symmetric_difference(&after) {
        let name = relation.text.split([' ', '(']).next().unwrap_or_default().to_owned();
        let sides = changed.entry((relation.kind.clone(), name)).or_default();
        sides[usize::from(after.contains(relation))].push(relation.text.clone());
    }
    for ((kind, _), [before, after]) in changed {
        let mut pairs: Vec<(Option<String>, Option<String>)> = Vec::new();
        if let ([a], [b]) = (&before[..], &after[..]) {
            pairs.push((Some(a.clone()), Some(b.clone())));
        } else {
            pairs.extend(before.into_iter().map(|text| (Some(text), None)));
            pairs.extend(after.into_iter().map(|text| (None, Some(text))));
        }
        for (before, after) in pairs {
            let name = kind.clone();
            let (a, b) = (json!(before), json!(after));
            found.push(Difference { kind: "relation", name, before: a, after: b, said: arrow(before, after) });
        }
    }
}

fn scripts(one: &Description, other: &Description, found: &mut Vec<Difference>) {
    fn table(it: &Description) -> BTreeMap<&str, &Script> {
        it.scripts.iter().map(|script| (script.name.as_str(), script)).collect()
    }
    let (before, after) = (table(one), table(other));
    for (name, a, b) in both(&before, &after) {
        if a != b {
            let said = texts(a.map(|script| script.text.as_str()), b.map(|script| script.text.as_str()));
            found.push(Difference { kind: "script", name: name.to_owned(), before: json!(a), after: json!(b), said });
        }
    }
}

fn files(one: &Description, other: &Description, is_same_format: bool, found: &mut Vec<Difference>) {
    fn table(parts: &[Part]) -> BTreeMap<&str, &Part> {
        parts.iter().map(|part| (part.path.trim_start_matches('/'), part)).collect()
    }
    let parts = |it: &Description| -> Vec<Part> {
        if is_same_format { it.files.clone() } else { it.files.iter().filter_map(bare).collect() }
    };
    let (one, other) = (parts(one), parts(other));
    let (before, after) = (table(&one), table(&other));
    for (_, a, b) in both(&before, &after) {
        if let (Some(a), Some(b)) = (a, b)
            && (a.made_anew || is_alike(a, b))
        {
            continue;
        }
        let name = b.or(a).map(|part| part.path.clone()).unwrap_or_default();
        let said = change(a.copied(), b.copied());
        found.push(Difference { kind: "file", name, before: json!(a), after: json!(b), said });
    }
}

/// A part as every format has it; `None` for folders, which are a matter of the format, and for what is not installed.
fn bare(part: &Part) -> Option<Part> {
    let is_left_out = matches!(part.kind, PartKind::Dir | PartKind::Special) || part.marks.contains(&"ghost");
    let is_further = part.kind == PartKind::Hardlink;
    let kind = if is_further { PartKind::File } else { part.kind };
    let target = part.target.clone().filter(|_| !is_further);
    // The mode of a link means nothing, and each format writes another one.
    let mode = part.mode.clone().filter(|_| kind != PartKind::Symlink);
    let plain = Part { kind, target, mode, md5: None, capabilities: None, marks: Vec::new(), ..part.clone() };
    (!is_left_out).then_some(plain)
}

/// Whether two parts are the same. Files whose contents are not known are not.
fn is_alike(a: &Part, b: &Part) -> bool {
    let path = |part: &Part| part.path.trim_start_matches('/').to_owned();
    let has_content = a.kind == PartKind::File && !a.marks.contains(&"ghost");
    *a == Part { path: a.path.clone(), ..b.clone() } && path(a) == path(b) && (a.sha256.is_some() || !has_content)
}

/// What has become of a part: `added, 1.2 kB`, `0644 -> 0600, content, 4.1 kB -> 5.0 kB`.
fn change(before: Option<&Part>, after: Option<&Part>) -> String {
    let sized = |part: &Part| part.size.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
    let (a, b) = match (before, after) {
        (Some(a), Some(b)) => (a, b),
        (Some(a), None) => return format!("removed{}", sized(a)),
        (None, Some(b)) => return format!("added{}", sized(b)),
        (None, None) => return String::new(),
    };
    let mut said = Vec::new();
    if a.kind != b.kind {
        said.push(arrow(Some(a.kind.word().to_owned()), Some(b.kind.word().to_owned())));
    }
    let owner = |part: &Part| Some(format!("{}:{}", part.owner.as_deref()?, part.group.as_deref()?));
    for (a, b) in [
        (a.mode.clone(), b.mode.clone()),
        (owner(a), owner(b)),
        (a.size.map(size), b.size.map(size)),
        (a.target.clone(), b.target.clone()),
        (a.capabilities.clone(), b.capabilities.clone()),
        (Some(a.marks.join(" ")).filter(|it| !it.is_empty()), Some(b.marks.join(" ")).filter(|it| !it.is_empty())),
    ] {
        if a != b {
            said.push(arrow(a, b));
        }
    }
    if a.sha256 != b.sha256 || (a.kind == PartKind::File && a.sha256.is_none()) || a.md5 != b.md5 {
        said.push("other content".to_owned());
    }
    said.join(", ")
}
