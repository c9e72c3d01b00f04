//! `unit-install`: what a unit is enabled for, and what is enabled with it. Also units that others start (`unit-file`), which are looked
//! for in the same places.

use std::collections::BTreeSet;

use super::{
    files::unit_paths,
    question::{Units, Wanted, at},
};
use crate::{
    check::{finding::Finding, place::has},
    names::Concern,
    stage::Tree,
    unit::{UnitName, judge::Named, targets},
    util::toml::nearest,
};

/// That there is nothing to enable a unit for.
pub(super) fn nothing(path: &str) -> Finding {
    Finding::new(Concern::UnitInstall, path, "is to be enabled, but its [Install] names nothing to enable it for")
}

/// A target that is to want a unit is one of systemd's or of these, or maybe of the image; of an instance, its template will do.
pub(super) fn target(names: &BTreeSet<String>, target: &Named, found: &mut Units) {
    let Ok(unit) = UnitName::new(&target.value) else { return };
    let all = with_template(&unit);
    if targets().any(|known| known == unit.stem()) || all.iter().any(|name| names.contains(name)) {
        return;
    }
    let meant =
        nearest(unit.stem(), targets()).map(|near| format!(", did you mean {near}.target?")).unwrap_or_default();
    let reason = format!(
        "{}={} is neither a target of systemd nor of this package or the image{meant}",
        target.key, target.value
    );
    let paths = all.iter().flat_map(|name| unit_paths(name)).collect();
    let mend = "name a target that systemd has, as `multi-user.target`, or ship that one";
    found.ask(Wanted::Path(paths), at(Concern::UnitInstall, &target.place, &reason).mend(mend));
}

/// A unit that another starts, or that is enabled with it, is one of these, or maybe of the image: a file in the folders of units, or
/// a script of init.
pub(super) fn unit(tree: &Tree, names: &BTreeSet<String>, started: &Named, concern: Concern, found: &mut Units) {
    let Ok(unit) = UnitName::new(&started.value) else { return };
    let all = with_template(&unit);
    let is_systemds = match unit.kind() {
        "target" => targets().any(|known| known == unit.stem()),
        _ => unit.as_str().starts_with("systemd-"),
    };
    let script = format!("etc/init.d/{}", unit.stem());
    if is_systemds || all.iter().any(|name| names.contains(name)) || has(tree, &script) {
        return;
    }
    let mut paths: Vec<String> = all.iter().flat_map(|name| unit_paths(name)).collect();
    if unit.kind() == "service" {
        paths.push(format!("/{script}"));
    }
    // What an instance is called is not written.
    let shown = all.last().map_or(unit.as_str(), String::as_str);
    let kind = format!(".{}", unit.kind());
    // One of the same kind first.
    let (same, rest): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).filter(|name| *name != shown).partition(|name| name.ends_with(&kind));
    let meant = nearest(shown, same).or_else(|| nearest(shown, rest));
    let meant = meant.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
    let subject = if started.key.is_empty() {
        format!("it starts {shown}, the unit of its own name, which")
    } else {
        format!("{}={shown}", started.key)
    };
    let reason = format!("{subject} is neither in the package, nor in one that it depends on, nor in the image{meant}");
    let mend = if started.key == "Also" {
        "ship that unit, too, or take it out of `Also=`: `systemctl enable` fails where one of its units is not there"
    } else {
        "ship that unit, too, or name the one that is meant: `Unit=`, of an automatic mount or a socket its own key"
    };
    found.ask(Wanted::File(paths), at(concern, &started.place, &reason).mend(mend));
}

/// A unit's name and, of an instance, that of its template.
pub(super) fn with_template(unit: &UnitName) -> Vec<String> {
    let template = unit.template().map(|template| template.as_str().to_owned());
    std::iter::once(unit.as_str().to_owned()).chain(template).collect()
}
