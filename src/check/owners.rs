//! Only root, the package's own users, and accounts that the platform's base image has own files: any other name may be missing, or
//! mean someone else, on the machine that installs (Debian policy 9.2, 10.9).

use super::refusal::Refusal;
use crate::{
    names::User,
    stage::{Accounts, Tree, TreePath},
};

/// An owner whom no part of the recipe makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The first entry that is theirs.
    pub path: TreePath,
    /// The name.
    pub name: String,
    /// Whether it is the group of the entry.
    pub is_group: bool,
}

/// Owners that are neither root nor users of the package, each once.
#[must_use]
pub fn foreign(tree: &Tree, users: &[User]) -> Vec<Foreign> {
    let known = |name: &str| name == "root" || users.iter().any(|user| user.name.as_str() == name);
    let mut found: Vec<Foreign> = Vec::new();
    for (path, entry) in tree.iter() {
        for (name, is_group) in [(&entry.owner.user, false), (&entry.owner.group, true)] {
            if !known(name) && !found.iter().any(|one| one.name == *name && one.is_group == is_group) {
                found.push(Foreign { path: path.clone(), name: name.clone(), is_group });
            }
        }
    }
    found
}

impl Foreign {
    /// Whether an image has the account.
    #[must_use]
    pub fn is_of(&self, accounts: &Accounts) -> bool {
        if self.is_group { accounts.has_group(&self.name) } else { accounts.has_user(&self.name) }
    }

    /// In words, where a machine begins as an image that does not have it. `made` says that the package's image does.
    #[must_use]
    pub fn finding(&self, package: &str, base: &str, made: bool) -> Refusal {
        if self.name.starts_with(|c: char| c.is_ascii_digit()) {
            let kind = if self.is_group { "group" } else { "user" };
            return Refusal {
                message: format!("/{} of {package} belongs to the {kind} number {}, which has no name in its image", self.path, self.name),
                help: "a number is somebody else on each machine: say whose it is with `file_info`, or give it a name in the image with a \
                       `[[user]]`"
                    .to_owned(),
            };
        }
        let (kind, name, path) = (if self.is_group { "group" } else { "user" }, &self.name, &self.path);
        let whose = if made { ", only the image that the files come from" } else { "" };
        Refusal {
            message: format!(
                "/{path} of {package} belongs to the {kind} `{name}`, whom the base image `{base}` does not have{whose}"
            ),
            help: format!(
                "files can belong to root, to the package's own `users` (declare `{name}` as a `[[user]]`; one that is there already \
                 is left as it is), and to accounts of the base image; else change the owner with `file_info`, or do it in \
                 `scripts.postinstall` and depend on the package that makes `{name}`"
            ),
        }
    }
}
