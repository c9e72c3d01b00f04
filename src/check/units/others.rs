//! `unit-requires`, `unit-wants`: other units that a unit names in `[Unit]` and that are not there. Those that well-known packages of a
//! distribution bring need not be: only one that is required is, and then the package should depend on what brings it.

use std::collections::BTreeSet;

use super::{
    files::unit_paths,
    install::with_template,
    question::{Units, Wanted, at},
};
use crate::{
    check::place::has,
    format::Meta,
    names::Concern,
    stage::Tree,
    unit::{
        UnitName, is_requiring,
        judge::Named,
        known::{Brought, brought, near},
    },
};

/// Looks for one. `there` are the names of units that are.
pub(super) fn look(tree: &Tree, meta: &Meta, there: &BTreeSet<String>, named: &Named, found: &mut Units) {
    let Ok(unit) = UnitName::new(&named.value) else { return };
    let (by, is_required) = (brought(&unit), is_requiring(&named.key));
    let script = format!("etc/init.d/{}", unit.stem());
    let all = with_template(&unit);
    let is_there = all.iter().any(|name| there.contains(name)) || has(tree, &script);
    let may_come = by == Some(Brought::ByDistribution) && (!is_required || is_brought_by(&unit, meta));
    if is_there || by == Some(Brought::BySystemd) || may_come {
        return;
    }
    let mut paths: Vec<String> = all.iter().flat_map(|name| unit_paths(name)).collect();
    if unit.kind() == "service" {
        paths.push(format!("/{script}"));
    }
    let meant = if by.is_some() { None } else { near(unit.as_str(), there.iter().map(String::as_str)) };
    let meant = meant.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
    let is_sure = is_required && by.is_none();
    let concern = if is_sure { Concern::UnitRequires } else { Concern::UnitWants };
    let reason = format!(
        "{}={} is no unit of systemd, and neither in the package, nor in one that it depends on, nor in the image{meant}",
        named.key, named.value
    );
    let lack = at(concern, &named.place, &reason);
    found.ask(Wanted::File(paths), if by.is_some() { lack.mend(of_distribution(&unit)) } else { lack });
}

/// Whether a package that this one depends on is likely to bring a unit: they share the word that their names begin with.
fn is_brought_by(unit: &UnitName, meta: &Meta) -> bool {
    let word = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        text[..end].to_ascii_lowercase()
    };
    let own = word(unit.prefix());
    let names = meta.depends.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
    names.map(word).any(|name| name.len() > 2 && (name.starts_with(&own) || own.starts_with(&name)))
}

fn of_distribution(unit: &UnitName) -> String {
    format!("depend on the package that brings {unit}: systemd does not start a unit without what it requires")
}
