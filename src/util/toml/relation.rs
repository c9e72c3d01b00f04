//! Reads relations between packages at their place.

use super::{Issue, Issues, Value, only_placeholders, quoted, string};
use crate::names::Relation;

/// Reads one relation, alternatives allowed: `Depends`, `Recommends`, `Suggests` (Debian policy 7.1).
pub(crate) fn alternatives(value: Value<'_>, issues: &mut Issues) -> Option<Relation> {
    read(value, true, issues)
}

/// Reads one relation without alternatives: `Conflicts`, `Breaks`, `Replaces`, `Provides`.
pub(crate) fn plain(value: Value<'_>, issues: &mut Issues) -> Option<Relation> {
    read(value, false, issues)
}

fn read(value: Value<'_>, alternatives: bool, issues: &mut Issues) -> Option<Relation> {
    let text = string(value, issues)?;
    if !only_placeholders(text, &["version"], &value.span(), issues) {
        return None;
    }
    Relation::parse(text, alternatives)
        .map_err(|why| {
            let message = format!("{} is not a relation to a package: {}", quoted(text), why.message);
            issues.add(Issue::new(&value.span(), message).label("bad relation").help(why.help));
        })
        .ok()
}
