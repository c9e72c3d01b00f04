//! What maintainer scripts do with the package's systemd units: what `dh_installsystemd` of Debian 12 (debhelper
//! 13.11, compat 13) generates, through deb-systemd-helper(1p) and deb-systemd-invoke(1p), which heed the
//! administrator's own enabling, masking and `policy-rc.d`. Debian 8 has both commands as well.
//!
//! One difference: debhelper leaves templates alone; here their running instances are restarted at an upgrade and
//! stopped at removal, through the pattern `x@*.service`. They are never enabled or started.

use std::fmt::Write as _;

use super::{
    super::{
        FormatError, Meta,
        units::{Units, words},
    },
    text::{indented, quote},
};
use crate::stage::Tree;

/// Where a Debian package has its units, below the root: what debhelper uses up to Debian 12, and lintian takes. On a
/// system with a merged `/usr` it is the same folder as `usr/lib/systemd/system`, the place from Debian 13 on, which is
/// looked at too.
pub const UNIT_DIR: &str = "lib/systemd/system";
/// All places where a unit of the package is looked for.
const UNIT_DIRS: &[&str] = match &super::facts::FACTS.native {
    Some(native) => native.units,
    None => &[],
};

/// What is done with the units, in Debian's commands.
#[derive(Debug)]
pub(super) struct Commands(Units);

impl Commands {
    /// Looks at the units of a package.
    ///
    /// # Errors
    /// As [`Units::read`].
    pub(super) fn read(tree: &Tree, meta: &Meta) -> Result<Self, FormatError> {
        Units::read(tree, meta, UNIT_DIRS, "the package has no such file in lib/systemd/system").map(Self)
    }

    /// Commands of `postinst` when it configures.
    pub(super) fn configure(&self) -> String {
        let mut out = String::new();
        for unit in self.0.enabled.iter().map(|name| quote(name)) {
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
        for unit in self.0.offered.iter().map(|name| quote(name)) {
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
        if !self.0.is_empty() {
            let _ = write!(out, "{IF_SYSTEMD}\n    {RELOAD}\n{}fi\n", indented(&self.start(), 4));
        }
        out
    }

    /// `$2` is the version configured before: empty at a first installation.
    fn start(&self) -> String {
        let invoke = |action: &str, names: &[String]| match names {
            [] => String::new(),
            names => format!("    deb-systemd-invoke {action} {} >/dev/null || true\n", words(names)),
        };
        let mut later = invoke("restart", &self.0.started);
        if !self.0.instances.is_empty() {
            later.push_str("    # Only the instances that run.\n");
            later.push_str(&invoke("try-restart", &self.0.instances));
        }
        let first = match invoke("start", &self.0.started) {
            commands if commands.is_empty() => commands,
            commands => format!("else\n{commands}"),
        };
        if later.is_empty() { later } else { format!("if [ -n \"$2\" ]; then\n{later}{first}fi\n") }
    }

    /// Commands of `prerm remove`.
    pub(super) fn stop(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        format!("{IF_SYSTEMD}\n    deb-systemd-invoke stop {} >/dev/null || true\nfi\n", words(&self.0.stopped))
    }

    /// Commands of `postrm remove`.
    pub(super) fn removed(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("{IF_SYSTEMD}\n    {RELOAD}\nfi\n") }
    }

    /// Commands of `postrm purge`: the links that enabling made.
    pub(super) fn purge(&self) -> String {
        let known = words(self.0.enabled.iter().chain(&self.0.offered));
        if known.is_empty() {
            return String::new();
        }
        let purge = format!("    deb-systemd-helper purge {known} >/dev/null || true");
        format!("if command -v deb-systemd-helper >/dev/null; then\n{purge}\nfi\n")
    }
}

/// Nothing is started where systemd does not run, or in another root.
const IF_SYSTEMD: &str = "if [ -z \"${DPKG_ROOT:-}\" ] && [ -d /run/systemd/system ]; then";
const RELOAD: &str = "systemctl --system daemon-reload >/dev/null || true";

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn nothing_is_said_without_units() {
        let none = Commands::read(&sample::tree(), &Meta { units: Vec::new(), ..sample::meta() }).unwrap();
        assert_eq!([none.configure(), none.stop(), none.removed(), none.purge()], [""; 4]);
    }
}
