//! A description, and what two differ in, as sheets: short for people, whole for machines. Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    format::reader::{self, Description, Field, Part, PartKind, Relation, Script},
    report::{
        DifferenceView, ListColumn,
        ListKind::{self, Number, Text, Word},
        Output, PackageView, Section, Sheet, units,
    },
};

const fn column(name: &'static str, kind: ListKind) -> ListColumn {
    ListColumn { name, kind }
}

/// One package, as one of both: a large one has no room for two.
pub fn whole(it: &Description, output: Output) -> PackageView {
    let (title, summary) = (it.title.clone(), summary(it));
    if output == Output::Json {
        return PackageView(Sheet { title, summary, data: data(it), sections: Vec::new() });
    }
    let mut sections = vec![fields(it), relations(it)];
    sections.extend(it.scripts.iter().map(script));
    sections.extend([change(it), pieces(it), digests(it), files(it)].into_iter().flatten());
    PackageView(Sheet { title, summary, sections, data: Value::Null })
}

/// Two packages.
pub fn difference(one: &Description, other: &Description) -> DifferenceView {
    let found = reader::difference(one, other);
    let rows = found.iter().map(|it| vec![it.kind.to_owned(), it.name.clone(), it.said.clone()]).collect();
    let section = Section::Rows {
        heading: String::new(),
        columns: vec![column("kind", Word), column("name", Word), column("change", Text)],
        rows,
    };
    let summary = match found.len() {
        0 => "no difference".to_owned(),
        count => units::count(count, "difference", "differences"),
    };
    DifferenceView(Sheet {
        title: format!("{} -> {}", one.title, other.title),
        sections: vec![section],
        summary,
        data: json!({ "before": short(one), "after": short(other), "differences": found }),
    })
}

/// Which package it is.
fn short(it: &Description) -> Value {
    json!({ "format": it.format, "title": it.title, "digests": it.digests })
}

/// Everything. What serde makes of texts and numbers cannot fail.
fn data(it: &Description) -> Value {
    serde_json::to_value(it).unwrap_or_default()
}

fn fields(it: &Description) -> Section {
    // They are below, one by one.
    let relations: BTreeSet<&str> = it.relations.iter().map(|relation| relation.kind.as_str()).collect();
    let is_listed = |field: &&Field| !relations.contains(field.name.as_str());
    let mut rows = Vec::new();
    for field in it.fields.iter().filter(is_listed) {
        let value = field.brief.as_ref().unwrap_or(&field.value);
        let mut name = field.name.clone();
        for line in value.lines() {
            rows.push(vec![std::mem::take(&mut name), line.to_owned()]);
        }
    }
    Section::Rows { heading: String::new(), columns: vec![column("", Word), column("", Text)], rows }
}

fn relations(it: &Description) -> Section {
    let row = |relation: &Relation| vec![relation.kind.clone(), relation.text.clone()];
    let columns = vec![column("", Word), column("", Text)];
    Section::Rows { heading: "Relations".to_owned(), columns, rows: it.relations.iter().map(row).collect() }
}

fn script(script: &Script) -> Section {
    let heading = match &script.interpreter {
        Some(interpreter) => format!("Script {}, run by {interpreter}", script.name),
        None => format!("Script {}", script.name),
    };
    Section::Text { heading, text: script.text.clone() }
}

fn change(it: &Description) -> Option<Section> {
    let change = it.change.as_ref()?;
    let day = change.time.split('T').next().unwrap_or_default();
    let heading = format!("Newest change, {day}, {}", change.name);
    Some(Section::Text { heading, text: change.text.clone() })
}

fn pieces(it: &Description) -> Option<Section> {
    let rows: Vec<Vec<String>> = it
        .pieces
        .iter()
        .map(|piece| vec![piece.size.map(units::size).unwrap_or_default(), piece.name.clone()])
        .collect();
    let columns = vec![column("", Number), column("", Text)];
    (!rows.is_empty()).then(|| Section::Rows { heading: "Made of".to_owned(), columns, rows })
}

fn digests(it: &Description) -> Option<Section> {
    let row = |digest: &reader::Digest| vec![digest.of.to_owned(), digest.algorithm.to_owned(), digest.value.clone()];
    let rows: Vec<Vec<String>> = it.digests.iter().map(row).collect();
    let columns = vec![column("", Word), column("", Word), column("", Text)];
    (!rows.is_empty()).then(|| Section::Rows { heading: "Digests".to_owned(), columns, rows })
}

fn files(it: &Description) -> Option<Section> {
    if it.files.is_empty() {
        return None;
    }
    let heading = "Files".to_owned();
    let has_modes = it.files.iter().any(|part| part.mode.is_some());
    let size = |part: &Part| match part.kind {
        PartKind::File => part.size.map(units::size).unwrap_or_default(),
        _ => String::new(),
    };
    let (columns, rows) = if has_modes {
        let row = |part: &Part| vec![mode(part), owner(part), size(part), path(part)];
        let columns = vec![column("", Word), column("", Word), column("", Number), column("", Text)];
        (columns, it.files.iter().map(row).collect())
    } else if it.files.iter().any(|part| part.time.is_some()) {
        let time = |part: &Part| part.time.as_deref().unwrap_or_default().replace('T', " ");
        let row = |part: &Part| vec![time(part), size(part), path(part)];
        (vec![column("", Word), column("", Number), column("", Text)], it.files.iter().map(row).collect())
    } else {
        let row = |part: &Part| vec![size(part), path(part)];
        (vec![column("", Number), column("", Text)], it.files.iter().map(row).collect())
    };
    Some(Section::Rows { heading, columns, rows })
}

/// As ls(1) and `dpkg-deb --contents` write it.
fn mode(part: &Part) -> String {
    let bits = part.mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or_default();
    let kind = match part.kind {
        PartKind::Dir => 'd',
        PartKind::Symlink => 'l',
        PartKind::Hardlink => 'h',
        PartKind::Special => '?',
        PartKind::File => '-',
    };
    let mut text = String::from(kind);
    for (shift, special, letters) in [(6, 0o4000, ['s', 'S']), (3, 0o2000, ['s', 'S']), (0, 0o1000, ['t', 'T'])] {
        let own = bits >> shift;
        text.push(if own & 4 != 0 { 'r' } else { '-' });
        text.push(if own & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & special != 0, own & 1 != 0) {
            (true, true) => letters[0],
            (true, false) => letters[1],
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

fn owner(part: &Part) -> String {
    match (&part.owner, &part.group) {
        (Some(owner), Some(group)) => format!("{owner}:{group}"),
        _ => String::new(),
    }
}

/// The path, where it leads, and what the format says of it.
fn path(part: &Part) -> String {
    let mut text = part.path.clone();
    match (&part.target, part.kind) {
        (Some(target), PartKind::Hardlink) => text.push_str(&format!(" link to {target}")),
        (Some(target), _) => text.push_str(&format!(" -> {target}")),
        (None, _) => {}
    }
    if part.kind == PartKind::Dir && !text.ends_with('/') {
        text.push('/');
    }
    let marks = part.marks.iter().copied().chain(part.capabilities.as_deref());
    marks.for_each(|mark| text.push_str(&format!(" ({mark})")));
    text
}

fn summary(it: &Description) -> String {
    let installed = || it.files.iter().filter(|part| part.kind != PartKind::Dir);
    let size: u64 = installed().filter(|part| part.kind == PartKind::File).filter_map(|part| part.size).sum();
    let count = units::count(installed().count(), "file", "files");
    let unchecked = it.unchecked.iter().map(|what| format!("\nnot checked: {what}"));
    format!("{count}, {}{}", units::size(size), unchecked.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_ls() {
        let said = |mode: &str, kind| self::mode(&Part { mode: Some(mode.to_owned()), kind, ..Part::default() });
        assert_eq!(said("0755", PartKind::Dir), "drwxr-xr-x");
        assert_eq!(said("4754", PartKind::File), "-rwsr-xr--");
        assert_eq!(said("2644", PartKind::File), "-rw-r-Sr--");
        assert_eq!(said("1777", PartKind::Dir), "drwxrwxrwt");
        assert_eq!(said("0777", PartKind::Symlink), "lrwxrwxrwx");
    }
}
