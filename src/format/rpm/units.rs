//! What scriptlets do with the package's systemd units: what `%systemd_post`, `%systemd_preun` and
//! `%systemd_postun_with_restart` of systemd's `macros.systemd` do, from the 219 of EL 7 on.
//!
//! Whether a unit is enabled is decided by presets (systemd.preset(5)), at the first installation of the package only:
//! a unit that a later version brings is left to the administrator, as the macros leave it. The distros of this format
//! end theirs with `disable *`, so the package brings a preset of its own for what the recipe enables. Its number is
//! 80: the distros' own begin at 85 and 90, an administrator's word is found before it, in a file with a lower number
//! or with the same name below `/etc`.
//!
//! Nothing is started at a first installation: that is the custom of these distros. At an upgrade what runs is
//! restarted, where the recipe says `start`; by systemd-update-helper, where systemd 249 or later has it, which marks
//! units to be restarted when the whole transaction is done. At a removal everything is stopped and disabled. Templates
//! are never enabled; their running instances are restarted and stopped by the pattern `x@*.service`.
//!
//! `daemon-reload` is called although systemd's own file triggers do that from EL 8 on: EL 7 has none, and units are
//! restarted here before triggers run. Without systemd, or where it does not run (a container, another root), every
//! command here does nothing, or works on files only, and succeeds.

use super::super::{
    FormatError, Meta,
    own::add_own,
    units::{Units, words},
};
use crate::stage::{Role, Tree};

/// Where an RPM package has its units, below the root (`%_unitdir`).
pub const UNIT_DIR: &str = "usr/lib/systemd/system";

/// Succeeds where systemd runs.
const IF_RUNNING: &str = "if [ -d /run/systemd/system ]; then";
const RELOAD: &str = "systemctl daemon-reload >/dev/null 2>&1 || :";
const HELPER: &str = "/usr/lib/systemd/systemd-update-helper";

/// What is done with the units, in the commands of systemd.
#[derive(Debug)]
pub(super) struct Commands(Units);

impl Commands {
    /// Looks at the units of a package.
    ///
    /// # Errors
    /// As [`Units::read`].
    pub(super) fn read(tree: &Tree, meta: &Meta) -> Result<Self, FormatError> {
        Units::read(tree, meta, &[UNIT_DIR], "the package has no such file in usr/lib/systemd/system").map(Self)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the preset that enables units, where one is to be enabled.
    ///
    /// # Errors
    /// [`FormatError::Taken`] where the file is there, with other content.
    pub(super) fn add_preset(&self, tree: &mut Tree, meta: &Meta) -> Result<(), FormatError> {
        if self.0.enabled.is_empty() {
            return Ok(());
        }
        let path = format!("usr/lib/systemd/system-preset/80-{}.preset", meta.name);
        let mut lines = String::new();
        for unit in &self.0.enabled {
            lines.push_str(&format!("enable {unit}\n"));
        }
        add_own(tree, &path, lines.as_bytes(), Role::Plain, meta.epoch)
    }

    /// Commands of `%post`.
    pub(super) fn installed(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut out = String::new();
        let units = words(self.0.enabled.iter().chain(&self.0.offered));
        if !units.is_empty() {
            out = format!(
                "\
if [ \"$1\" -eq 1 ]; then
    # The first installation: what the presets say.
    systemctl --no-reload preset {units} >/dev/null 2>&1 || :
fi
"
            );
        }
        out + &format!("{IF_RUNNING}\n    {RELOAD}\nfi\n")
    }

    /// Commands of `%preun`.
    pub(super) fn removing(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut out = "if [ \"$1\" -eq 0 ]; then\n    # A removal, not an upgrade.\n".to_owned();
        let units = words(self.0.enabled.iter().chain(&self.0.offered).chain(&self.0.templates));
        if !units.is_empty() {
            out.push_str(&format!("    systemctl --no-reload disable {units} >/dev/null 2>&1 || :\n"));
        }
        let stopped = words(&self.0.stopped);
        out + &format!("    {IF_RUNNING}\n        systemctl stop {stopped} >/dev/null 2>&1 || :\n    fi\nfi\n")
    }

    /// Commands of `%postun`.
    pub(super) fn removed(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut restart = String::new();
        let started = words(&self.0.started);
        if !started.is_empty() {
            restart = format!(
                "        \
        # systemd 249 and later restart at the end of the transaction what is marked.
        helper={HELPER}
        if [ ! -x \"$helper\" ] || ! \"$helper\" mark-restart-system-units {started} >/dev/null 2>&1; then
            systemctl try-restart {started} >/dev/null 2>&1 || :
        fi
"
            );
        }
        if !self.0.instances.is_empty() {
            let instances = words(&self.0.instances);
            restart.push_str(&format!("        systemctl try-restart {instances} >/dev/null 2>&1 || :\n"));
        }
        if !restart.is_empty() {
            restart = format!("    if [ \"$1\" -ge 1 ]; then\n{restart}    fi\n");
        }
        format!("{IF_RUNNING}\n    {RELOAD}\n{restart}fi\n")
    }
}
