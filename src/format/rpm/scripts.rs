//! The scriptlets: accounts, units, and the project's own parts.
//!
//! rpm gives each one argument, `$1`: how many versions of the package will be installed when it is done. So
//! `preinstall` and `postinstall` see 1 at a first installation and 2 or more at an upgrade; `preremove` and
//! `postremove` see 0 at a removal and 1 or more at an upgrade, where they belong to the version that goes and run
//! after the new one's `postinstall`. (dpkg says `install`, `upgrade`, `configure`, `remove` instead.)
//!
//! The order is: new `%pre`, files, new `%post`, old `%preun`, files away, old `%postun`. A failing `%pre` or `%preun`
//! ends the installation or removal, a failing `%post` or `%postun` is a warning. Each is for `/bin/sh`, whatever that
//! is, and stops at the first failing command; commands of ours that may fail say so. The project's part runs in a
//! subshell, so that an `exit` in it ends the part and not the scriptlet; its failure is the scriptlet's. Nothing in a
//! scriptlet is a macro: those are rpmbuild's, and `%` is a letter here.

use super::{
    super::{FormatError, Meta, text::part, users::checked},
    header::{Header, Value},
    tags::{self, sense},
    units::Commands,
};
use crate::format::text::quote;

/// A scriptlet that has work to do.
#[derive(Debug)]
pub(super) struct Scriptlet {
    /// Its text's tag and its interpreter's.
    tags: [u32; 2],
    /// What a relation that it needs is for.
    pub(super) sense: u32,
    /// POSIX shell.
    pub(super) text: String,
}

/// The scriptlets that have work to do.
///
/// # Errors
/// A user or script part that cannot be written safely.
pub(super) fn scripts(units: &Commands, meta: &Meta) -> Result<Vec<Scriptlet>, FormatError> {
    let parts = &meta.scripts;
    let pre = [create_users(meta)?, part(&parts.preinstall)?];
    let post = [units.installed(), part(&parts.postinstall)?];
    let pre_un = [part(&parts.preremove)?, units.removing()];
    let post_un = [part(&parts.postremove)?, units.removed()];
    let all = [
        ([tags::PRE_IN, tags::PRE_IN_PROG], sense::PRE, pre),
        ([tags::POST_IN, tags::POST_IN_PROG], sense::POST, post),
        ([tags::PRE_UN, tags::PRE_UN_PROG], sense::PRE_UN, pre_un),
        ([tags::POST_UN, tags::POST_UN_PROG], sense::POST_UN, post_un),
    ];
    Ok(all
        .into_iter()
        .filter_map(|(tags, sense, bodies)| Some(Scriptlet { tags, sense, text: whole(bodies)? }))
        .collect())
}

/// Writes the scriptlets into a header.
pub(super) fn describe(scripts: &[Scriptlet], header: &mut Header) {
    for Scriptlet { tags: [text, interpreter], text: script, .. } in scripts {
        header.text(*text, script);
        header.set(*interpreter, Value::Text("/bin/sh".to_owned()));
    }
}

/// A scriptlet of its bodies; `None` where there are none.
fn whole(bodies: [String; 2]) -> Option<String> {
    let bodies: Vec<String> = bodies.into_iter().filter(|body| !body.is_empty()).collect();
    (!bodies.is_empty()).then(|| format!("set -e\n\n{}", bodies.join("\n")))
}

/// Commands that make the accounts; one that is there is left alone. They are never removed: files of theirs may be
/// anywhere, and a number must not be given to somebody else.
fn create_users(meta: &Meta) -> Result<String, FormatError> {
    let mut out = String::new();
    for user in &meta.users {
        checked(user)?;
        let name = quote(user.name.as_str());
        let (home, shell, comment) = (quote(&user.home), quote(&user.shell), quote(&user.comment));
        if out.is_empty() {
            out.push_str("# The files are unpacked with their owners by name, so the accounts come first.\n");
        }
        out.push_str(&format!(
            "\
if ! getent group {name} >/dev/null; then
    groupadd -r {name}
fi
if ! getent passwd {name} >/dev/null; then
    useradd -r -M -g {name} -d {home} -s {shell} -c {comment} {name}
fi
"
        ));
    }
    Ok(out)
}
