//! What maintainer scripts do with the package's systemd units: what `dh_installsystemd` of Debian 12 (debhelper
//! 13.11, compat 13) generates, through deb-systemd-helper(1p) and deb-systemd-invoke(1p), which heed the
//! administrator's own enabling, masking and `policy-rc.d`. Debian 8 has both commands as well.
//!
//! One difference: debhelper leaves templates alone; here their running instances are restarted at an upgrade and
//! stopped at removal, through the pattern `x@*.service`. They are never enabled or started.

use std::{fmt::Write as _, io::Read as _};

use super::{
    super::{FormatError, Meta, Unit},
    text::{indented, quote},
};
use crate::stage::{Kind, Tree, TreePath};

/// Where a Debian package has its units, below the root: what debhelper uses up to Debian 12, and lintian takes. On a
/// system with a merged `/usr` it is the same folder as `usr/lib/systemd/system`, the place from Debian 13 on, which is
/// looked at too.
pub const UNIT_DIR: &str = "lib/systemd/system";
/// All places where a unit of the package is looked for.
const UNIT_DIRS: [&str; 2] = [UNIT_DIR, "usr/lib/systemd/system"];
/// The suffixes that a unit file can have (systemd.unit(5)); devices and scopes have no files.
const TYPES: [&str; 9] = ["service", "socket", "target", "timer", "path", "mount", "automount", "swap", "slice"];
/// The longest unit file that is looked at, in bytes.
const MAX_UNIT: u64 = 1 << 20;

/// Shell words of the units, by what is done with them; each already quoted.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// With an `[Install]` section, to be enabled at first installation.
    enabled: Vec<String>,
    /// With an `[Install]` section, left to the administrator.
    offered: Vec<String>,
    /// To be started, and restarted at an upgrade.
    started: Vec<String>,
    /// Patterns of instances to be restarted at an upgrade where they run.
    instances: Vec<String>,
    /// To be stopped at removal: everything.
    stopped: Vec<String>,
}

impl Units {
    /// Sorts the units of a package, after looking at their files.
    ///
    /// # Errors
    /// A name that is no unit's, a unit without a file in the tree, or named twice.
    pub(super) fn read(tree: &Tree, meta: &Meta) -> Result<Self, FormatError> {
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
            let Some(installable) = installable(tree, &unit.name, stem, suffix)? else {
                return refuse("the package has no such file in lib/systemd/system");
            };
            units.sort(unit, stem, suffix, installable);
        }
        Ok(units)
    }

    fn sort(&mut self, unit: &Unit, stem: &str, suffix: &str, installable: bool) {
        if let Some(template) = stem.strip_suffix('@') {
            let pattern = quote(&format!("{template}@*.{suffix}"));
            if unit.start {
                self.instances.push(pattern.clone());
            }
            self.stopped.push(pattern);
            return;
        }
        let word = quote(&unit.name);
        if installable {
            if unit.enable { &mut self.enabled } else { &mut self.offered }.push(word.clone());
        }
        if unit.start {
            self.started.push(word.clone());
        }
        self.stopped.push(word);
    }

    fn is_empty(&self) -> bool {
        self.stopped.is_empty()
    }

    /// Commands of `postinst` when it configures.
    pub(super) fn configure(&self) -> String {
        let mut out = String::new();
        for unit in &self.enabled {
            let _ = write!(
                out,
                "\
deb-systemd-helper unmask {unit} >/dev/null || true
# True at the first installation; later it is what the administrator left.
if deb-systemd-helper --quiet was-enabled {unit}; then
    deb-systemd-helper enable {unit} >/dev/null || true
else
    deb-systemd-helper update-state {unit} >/dev/null || true
fi
"
            );
        }
        for unit in &self.offered {
            let _ = write!(
                out,
                "\
if deb-systemd-helper debian-installed {unit}; then
    deb-systemd-helper unmask {unit} >/dev/null || true
    if deb-systemd-helper --quiet was-enabled {unit}; then
        deb-systemd-helper enable {unit} >/dev/null || true
    fi
fi
deb-systemd-helper update-state {unit} >/dev/null || true
"
            );
        }
        if !self.is_empty() {
            let _ = write!(out, "{IF_SYSTEMD}\n    {RELOAD}\n{}fi\n", indented(&self.start(), 4));
        }
        out
    }

    /// `$2` is the version configured before: empty at a first installation.
    fn start(&self) -> String {
        let invoke = |action: &str, words: &[String]| match words {
            [] => String::new(),
            words => format!("    deb-systemd-invoke {action} {} >/dev/null || true\n", words.join(" ")),
        };
        let mut later = invoke("restart", &self.started);
        if !self.instances.is_empty() {
            later.push_str("    # Only the instances that run.\n");
            later.push_str(&invoke("try-restart", &self.instances));
        }
        let first = match invoke("start", &self.started) {
            commands if commands.is_empty() => commands,
            commands => format!("else\n{commands}"),
        };
        if later.is_empty() { later } else { format!("if [ -n \"$2\" ]; then\n{later}{first}fi\n") }
    }

    /// Commands of `prerm remove`.
    pub(super) fn stop(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        format!("{IF_SYSTEMD}\n    deb-systemd-invoke stop {} >/dev/null || true\nfi\n", self.stopped.join(" "))
    }

    /// Commands of `postrm remove`.
    pub(super) fn removed(&self) -> String {
        if self.is_empty() { String::new() } else { format!("{IF_SYSTEMD}\n    {RELOAD}\nfi\n") }
    }

    /// Commands of `postrm purge`: the links that enabling made.
    pub(super) fn purge(&self) -> String {
        let words: Vec<&str> = self.enabled.iter().chain(&self.offered).map(String::as_str).collect();
        if words.is_empty() {
            return String::new();
        }
        let purge = format!("    deb-systemd-helper purge {} >/dev/null || true", words.join(" "));
        format!("if command -v deb-systemd-helper >/dev/null; then\n{purge}\nfi\n")
    }
}

/// Nothing is started where systemd does not run, or in another root.
const IF_SYSTEMD: &str = "if [ -z \"${DPKG_ROOT:-}\" ] && [ -d /run/systemd/system ]; then";
const RELOAD: &str = "systemctl --system daemon-reload >/dev/null || true";

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
fn installable(tree: &Tree, name: &str, stem: &str, suffix: &str) -> Result<Option<bool>, FormatError> {
    let template = stem.split_once('@').map(|(prefix, _)| format!("{prefix}@.{suffix}"));
    for file in [Some(name.to_owned()), template].into_iter().flatten() {
        for folder in UNIT_DIRS {
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
        Units::read(&tree, &Meta { units: units.collect(), ..sample::meta() })
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
        assert_eq!(units.enabled, ["'a.timer'"]);
        assert_eq!(units.offered, ["'x@y.path'"]);
        assert_eq!(units.started, ["'a.timer'", "'x@y.path'"]);
        assert_eq!(units.instances, ["'x@*.path'"]);
        assert_eq!(units.stopped, ["'a.timer'", "'b.socket'", "'x@*.path'", "'x@y.path'"]);
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

    #[test]
    fn nothing_is_said_without_units() {
        let none = units(&[]).unwrap();
        assert_eq!([none.configure(), none.stop(), none.removed(), none.purge()], [""; 4]);
    }
}
