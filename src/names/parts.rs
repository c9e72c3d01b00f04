//! Small things that a recipe says and a package carries, checked where the recipe is read.

use super::UserName;

/// A system user with a group of the same name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct User {
    /// Its name.
    pub name: UserName,
    /// Home folder, absolute; not created.
    pub home: String,
    /// Login shell, absolute: `/usr/sbin/nologin`.
    pub shell: String,
    /// GECOS: what it is for; may be empty. No colon, comma or control character.
    pub comment: String,
}

/// Parts of maintainer scripts written by the project: POSIX shell, without the `#!` line.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Scripts {
    /// Before unpacking.
    pub preinstall: String,
    /// After unpacking and configuring.
    pub postinstall: String,
    /// Before removal.
    pub preremove: String,
    /// After removal.
    pub postremove: String,
}

/// A finding of the distro's lint tool that is meant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Override {
    /// The tag with its context, as the tool's override file wants it: `dir-or-file-in-opt *`.
    pub tag: String,
    /// Why, one sentence.
    pub reason: String,
}
