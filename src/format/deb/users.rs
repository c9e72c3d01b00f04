//! Commands of `preinst` that make the package's users. Nothing here ever removes one.

use std::fmt::Write as _;

use super::{
    super::{FormatError, Meta, users::checked},
    text::quote,
};

/// Commands that make the accounts (policy 9.2.2). They are never removed: files of theirs may be anywhere, and a
/// number must not be given to somebody else.
pub(super) fn create(meta: &Meta) -> Result<String, FormatError> {
    let mut out = String::new();
    for user in &meta.users {
        checked(user)?;
        let name = quote(user.name.as_str());
        let (home, shell, comment) = (quote(&user.home), quote(&user.shell), quote(&user.comment));
        if out.is_empty() {
            out.push_str("# The files are unpacked with their owners by name, so the accounts come first.\n");
        }
        let _ = write!(
            out,
            "\
if ! getent group {name} >/dev/null; then
    addgroup --quiet --system {name}
fi
if ! getent passwd {name} >/dev/null; then
    adduser --quiet --home {home} --no-create-home --shell {shell} --gecos {comment} \\
        --system --ingroup {name} {name}
fi
"
        );
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::User, sample},
        *,
    };

    #[test]
    fn what_passwd_cannot_hold_is_refused() {
        let refused = |change: fn(&mut User)| {
            let mut meta = sample::meta();
            change(&mut meta.users[0]);
            create(&meta).is_err()
        };
        assert!(!refused(|_| {}));
        assert!(refused(|user| user.home = "opt".to_owned()));
        assert!(refused(|user| user.home = "/a:b".to_owned()));
        assert!(refused(|user| user.shell = "/bin/sh\n".to_owned()));
        assert!(refused(|user| user.comment = "a,b".to_owned()));
    }
}
