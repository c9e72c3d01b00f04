//! Only root and the package's own users own files: any other name may be missing, or mean someone else, on the
//! machine that installs (Debian policy 9.2, 10.9).

use super::Finding;
use crate::{format::Meta, stage::Tree};

/// Finds the first entry with a foreign owner.
pub fn check(tree: &Tree, meta: &Meta) -> Result<(), Finding> {
    let known = |name: &str| name == "root" || meta.users.iter().any(|user| user.name.as_str() == name);
    for (path, entry) in tree.iter() {
        for name in [&entry.owner.user, &entry.owner.group] {
            if !known(name) {
                return Err(Finding {
                    message: format!(
                        "/{path} of {} belongs to `{name}`, who may not exist where it is installed",
                        meta.name
                    ),
                    help: format!(
                        "declare `{name}` in `[[user]]` and in the package's `users`, or change the owner with `file_info`"
                    ),
                });
            }
        }
    }
    Ok(())
}
