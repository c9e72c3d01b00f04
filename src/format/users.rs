//! What an account of a package may be, whatever tool makes it.

use super::{FormatError, User};

/// What passwd(5) can hold.
pub(super) fn checked(user: &User) -> Result<(), FormatError> {
    let plain = |text: &str| !text.chars().any(char::is_control) && !text.contains(':');
    for (field, path) in [("users.home", &user.home), ("users.shell", &user.shell)] {
        if !path.starts_with('/') || !plain(path) {
            return Err(FormatError::field(field, path, "it has to be an absolute path without a colon"));
        }
    }
    if !plain(&user.comment) || user.comment.contains(',') {
        return Err(FormatError::field("users.comment", &user.comment, "it has a colon, comma or control character"));
    }
    Ok(())
}
