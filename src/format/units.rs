//! The systemd units of a package, sorted by what can be done with them, after a look at their files.

use std::io::Read as _;

use super::{FormatError, Meta, Unit, text::quote};
use crate::stage::{Kind, Tree, TreePath};

/// The suffixes that a unit file can have (systemd.unit(5)); devices and scopes have no files.
const TYPES: [&str; 9] = ["service", "socket", "target", "timer", "path", "mount", "automount", "swap", "slice"];
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
            let Some((stem, suffix)) = parts(&unit.name) else {
                return refuse(
                    "it is no unit: a name and `.service`, `.timer` or the like, of the characters systemd takes",
                );
            };
            if meta.units[..index].iter().any(|other| other.name == unit.name) {
                return refuse("it is there twice");
            }
            let Some(installable) = installable(tree, folders, &unit.name, stem, suffix)? else {
                return refuse(missing);
            };
            units.sort(unit, stem, suffix, installable);
        }
        Ok(units)
    }

    fn sort(&mut self, unit: &Unit, stem: &str, suffix: &str, installable: bool) {
        if let Some(template) = stem.strip_suffix('@') {
            let pattern = format!("{template}@*.{suffix}");
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

/// The stem (`x`, `x@`, `x@one`) and the type of a unit's name.
fn parts(name: &str) -> Option<(&str, &str)> {
    let (stem, suffix) = name.rsplit_once('.')?;
    let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b":_.\\-".contains(&b));
    let good = !prefix.is_empty() && !name.starts_with(['-', '.']) && plain(prefix) && plain(instance);
    (good && name.len() < 256 && TYPES.contains(&suffix)).then_some((stem, suffix))
}

/// Whether the unit has an `[Install]` section, as `dh_installsystemd` looks for it; `None` where it has no file.
/// The file of an instance is its template's, where it has none of its own.
fn installable(
    tree: &Tree,
    folders: &[&str],
    name: &str,
    stem: &str,
    suffix: &str,
) -> Result<Option<bool>, FormatError> {
    let template = stem.split_once('@').map(|(prefix, _)| format!("{prefix}@.{suffix}"));
    for file in [Some(name.to_owned()), template].into_iter().flatten() {
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
    fn a_shell_sees_them_as_words() {
        assert_eq!(words(&["a@*.timer".to_owned(), r"x\x2d.path".to_owned()]), r"'a@*.timer' 'x\x2d.path'");
    }

    #[test]
    fn a_unit_needs_a_name_and_a_file() {
        for bad in
            ["a.device", "a", "@.service", "a b.timer", "../a.timer", "-a.timer", "a'.timer", "a@b@c.timer", "no.timer"]
        {
            assert!(units(&[(bad, true, true)]).is_err(), "{bad}");
        }
        assert!(units(&[("a.timer", true, true), ("a.timer", true, true)]).is_err());
    }
}
