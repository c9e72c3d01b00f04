//! The list of what goes, and what it frees.

use std::{collections::BTreeMap, path::Path};

use super::Item;
use crate::report::{ListColumn, ListKind, ListView, units};

/// The list. An image is one line, however many names it has.
pub fn view(items: &[Item], containers: usize, dry_run: bool, project: &Path) -> ListView {
    let row = |kind: &str, name: String, size: u64| vec![kind.to_owned(), name, units::size(size)];
    let mut rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| match item {
            Item::Image { kind, name, size, .. } => row(kind, name.clone(), *size),
            Item::Path { path, what, size, .. } => {
                row(what, path.strip_prefix(project).unwrap_or(path).display().to_string(), *size)
            }
        })
        .collect();
    if containers > 0 {
        rows.push(row("containers", format!("{containers} left by earlier runs"), 0));
    }
    ListView {
        title: String::new(),
        columns: vec![
            ListColumn { name: "kind", kind: ListKind::Word },
            ListColumn { name: "name", kind: ListKind::Text },
            ListColumn { name: "size", kind: ListKind::Number },
        ],
        summary: summary(items, dry_run),
        rows,
    }
}

/// What is freed, by kind and in all.
fn summary(items: &[Item], dry_run: bool) -> String {
    let mut kinds: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    let mut seen = Vec::new();
    for item in items {
        let (kind, size) = match item {
            Item::Image { id, .. } if seen.contains(&id) => continue,
            Item::Image { kind, id, size, .. } => {
                seen.push(id);
                (*kind, *size)
            }
            Item::Path { what, size, .. } => (*what, *size),
        };
        let (count, sum) = kinds.entry(kind).or_default();
        (*count, *sum) = (*count + 1, sum.saturating_add(size));
    }
    let verb = if dry_run { "would be freed" } else { "freed" };
    let all: u64 = kinds.values().map(|(_, size)| size).sum();
    let shared = if seen.is_empty() { "" } else { ", less what images share" };
    let kinds = kinds.iter().map(|(kind, (count, size))| format!("{kind}: {count}, {}", units::size(*size)));
    let mut lines: Vec<String> = kinds.collect();
    lines.push(format!("{} in all {verb}{shared}", units::size(all)));
    lines.join("\n")
}
