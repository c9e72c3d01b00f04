//! The systemd units of a package, sorted by what can be done with them, after a look at their files.

use std::io::Read as _;

use super::{FormatError, Meta, Unit, text::quote};
use crate::{
    stage::{Kind, Tree, TreePath},
    unit::UnitName,
};

/// The longest unit file that is looked at, in bytes.
const MAX_UNIT: u64 = 1 << 20;

/// The names of the units, by what is done with them. They hold no character that is special to anything but a shell.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// With an `[Install]` section, to be enabled at first installation.
    pub(super) enabled: Vec<String>,
    /// With an `[Install]` section, left to the administrator.
    pub(super) offered: Vec<String>,
    /// Templates with an `[Install]` section: never enabled by a package, but instances of theirs may be.
    pub(super) templates: Vec<String>,
    /// To be started, and restarted at an upgrade.
    pub(super) started: Vec<String>,
    /// Patterns of instances to be restarted at an upgrade where they run.
    pub(super) instances: Vec<String>,
    /// To be stopped at removal: everything.
    pub(super) stopped: Vec<String>,
}

impl Units {
    /// Sorts the units of a package, after looking at their files, which are in one of `folders`; `missing` is said of
    /// one that is not.
    ///
    /// # Errors
    /// A name that is no unit's, a unit without a file in the tree, or named twice.
    pub(super) fn read(tree: &Tree, meta: &Meta, folders: &[&str], missing: &'static str) -> Result<Self, FormatError> {
        let mut units = Self::default();
        for (index, unit) in meta.units.iter().enumerate() {
            let refuse = |reason| Err(FormatError::field("units", &unit.name, reason));
            let Some(name) = checked(&unit.name) else {
                return refuse(
                    "it is no unit: a name and `.service`, `.timer` or the like, of the characters systemd takes",
                );
            };
            if meta.units[..index].iter().any(|other| other.name == unit.name) {
                return refuse("it is there twice");
            }
            let Some(installable) = installable(tree, folders, &name)? else {
                return refuse(missing);
            };
            units.sort(unit, &name, installable);
        }
        Ok(units)
    }

    fn sort(&mut self, unit: &Unit, name: &UnitName, installable: bool) {
        if name.is_template() {
            let pattern = format!("{}@*.{}", name.prefix(), name.kind());
            if unit.start {
                self.instances.push(pattern.clone());
            }
            self.stopped.push(pattern);
            if installable {
                self.templates.push(unit.name.clone());
            }
            return;
        }
        let word = unit.name.clone();
        if installable {
            if unit.enable { &mut self.enabled } else { &mut self.offered }.push(word.clone());
        }
        if unit.start {
            self.started.push(word.clone());
        }
        self.stopped.push(word);
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.stopped.is_empty()
    }
}

/// Words for a shell.
pub(super) fn words<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| quote(name)).collect::<Vec<_>>().join(" ")
}

/// A unit's name that a shell's command may have as a word.
fn checked(name: &str) -> Option<UnitName> {
    UnitName::new(name).ok().filter(|unit| !unit.as_str().starts_with(['-', '.']))
}

/// Whether the unit has an `[Install]` section, as `dh_installsystemd` looks for it; `None` where it has no file.
/// The file of an instance is its template's, where it has none of its own.
fn installable(tree: &Tree, folders: &[&str], name: &UnitName) -> Result<Option<bool>, FormatError> {
    for file in [Some(name.clone()), name.template()].into_iter().flatten() {
        for folder in folders {
            let Some(mut entry) = tree.get(&TreePath::new(&format!("{folder}/{file}"))?) else { continue };
            if let Kind::Hardlink { target } = &entry.kind {
                entry = tree.get(target).unwrap_or(entry);
            }
            let mut text = Vec::new();
            tree.open(entry).take(MAX_UNIT).read_to_end(&mut text)?;
            let installs = text.split(|&b| b == b'\n').any(|line| line.trim_ascii().eq_ignore_ascii_case(b"[Install]"));
            return Ok(Some(installs));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};
    use crate::stage::Role;

    const UNIT_DIR: &str = "lib/systemd/system";

    fn units(named: &[(&str, bool, bool)]) -> Result<Units, FormatError> {
        let mut tree = sample::tree();
        let unit = |name: &str| TreePath::new(&format!("{UNIT_DIR}/{name}")).unwrap();
        for (name, text) in
            [("a.timer", "[Timer]\n [install] \n"), ("b.socket", "[Socket]\n"), ("x@.path", "[Install]")]
        {
            tree.add_bytes(unit(name), text.as_bytes(), 0o644, 0, Role::Plain, "a test").unwrap();
        }
        let units =
            named.iter().map(|(name, enable, start)| Unit { name: name.to_string(), enable: *enable, start: *start });
        Units::read(&tree, &Meta { units: units.collect(), ..sample::meta() }, &["etc", UNIT_DIR], "it has no file")
    }

    #[test]
    fn units_are_sorted_by_what_can_be_done() {
        let units = units(&[
            ("a.timer", true, true),
            ("b.socket", true, false),
            ("x@.path", true, true),
            ("x@y.path", false, true),
        ]);
        let units = units.unwrap();
        assert_eq!(units.enabled, ["a.timer"]);
        assert_eq!(units.offered, ["x@y.path"]);
        assert_eq!(units.started, ["a.timer", "x@y.path"]);
        assert_eq!(units.instances, ["x@*.path"]);
        assert_eq!(units.stopped, ["a.timer", "b.socket", "x@*.path", "x@y.path"]);
    }

    #[test]
    fn every_kind_of_unit_and_name_is_one() {
        let names = [r"mnt-data\x2ddir.mount", "mnt-data.automount", "shop.slice", "dev-sda2.swap", "a@b@c.timer"];
        let mut tree = sample::tree();
        for name in names {
            let path = TreePath::new(&format!("{UNIT_DIR}/{name}")).unwrap();
            tree.add_bytes(path, b"[Install]\nWantedBy=x.target\n", 0o644, 0, Role::Plain, "a test").unwrap();
        }
        let units = names.map(|name| Unit { name: name.to_owned(), enable: true, start: true });
        let meta = Meta { units: units.into(), ..sample::meta() };
        let units = Units::read(&tree, &meta, &[UNIT_DIR], "it has no file").unwrap();
        assert_eq!(units.enabled, names);
        assert_eq!(units.started, names);
    }

    #[test]
    fn a_shell_sees_them_as_words() {
        assert_eq!(words(&["a@*.timer".to_owned(), r"x\x2d.path".to_owned()]), r"'a@*.timer' 'x\x2d.path'");
    }

    #[test]
    fn a_unit_needs_a_name_and_a_file() {
        for bad in ["a.device", "a", "@.service", "a b.timer", "../a.timer", "-a.timer", "a'.timer", "no.timer"] {
            assert!(units(&[(bad, true, true)]).is_err(), "{bad}");
        }
        assert!(units(&[("a.timer", true, true), ("a.timer", true, true)]).is_err());
    }
}
