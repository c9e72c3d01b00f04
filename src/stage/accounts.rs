//! [`Accounts`]: whose number is whose name, from a container's `/etc/passwd` and `/etc/group`.
//!
//! It never asks the machine that factory runs on: its numbers belong to other people.

use std::collections::HashMap;

use super::Owner;

/// The largest `passwd` or `group` file that is read, in bytes. A container's has a few kilobytes.
const MAX_BYTES: usize = 4 << 20;

/// The longest name, in bytes: what fits the `uname` field of a ustar header with its NUL.
const MAX_NAME: usize = 31;

/// What the accounts of a container cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsError {
    /// A file that is no honest `passwd` or `group`.
    #[error("the container's /etc/{file} is larger than 4 MiB")]
    TooLarge {
        /// `passwd` or `group`.
        file: &'static str,
    },
    /// A user number without a name.
    #[error(
        "user number {uid} has no name in the container's /etc/passwd; create the user in the image, or chown the file"
    )]
    NoUser {
        /// The number.
        uid: u64,
    },
    /// A group number without a name.
    #[error(
        "group number {gid} has no name in the container's /etc/group; create the group in the image, or chgrp the file"
    )]
    NoGroup {
        /// The number.
        gid: u64,
    },
}

/// The users and groups of one container. Number 0 is always `root`, whatever the files say.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
    /// Whether every owner is taken for root.
    indifferent: bool,
    /// Whether a number without a name is its own name.
    with_numbers: bool,
}

impl Accounts {
    /// Accounts for files whose owners do not matter: every number is root's.
    #[must_use]
    pub fn indifferent() -> Self {
        Self { indifferent: true, ..Self::default() }
    }

    /// Reads both files (passwd(5), group(5)). As with getpwuid(3) the first line of a number decides. A line that is
    /// none (a comment, a NIS marker, a name with characters that no package manager takes) is passed over: its
    /// number then has no name, which [`Accounts::owner`] says where it matters.
    ///
    /// # Errors
    /// [`AccountsError::TooLarge`] for a file of more than 4 MiB.
    pub fn parse(passwd: &[u8], group: &[u8]) -> Result<Self, AccountsError> {
        Ok(Self { users: names("passwd", passwd)?, groups: names("group", group)?, ..Self::default() })
    }

    /// The same where a number without a name is taken for one, for a judge who comes later: the name may still be changed.
    #[must_use]
    pub fn with_numbers(self) -> Self {
        Self { with_numbers: true, ..self }
    }

    /// Whether there is a user of this name.
    #[must_use]
    pub fn has_user(&self, name: &str) -> bool {
        self.users.values().any(|known| known == name)
    }

    /// Whether there is a group of this name.
    #[must_use]
    pub fn has_group(&self, name: &str) -> bool {
        self.groups.values().any(|known| known == name)
    }

    /// All names of users, and all of groups.
    pub fn names(&self) -> (impl Iterator<Item = &str>, impl Iterator<Item = &str>) {
        (self.users.values().map(String::as_str), self.groups.values().map(String::as_str))
    }

    /// The names behind two numbers.
    ///
    /// # Errors
    /// The number that has no name.
    pub fn owner(&self, uid: u64, gid: u64) -> Result<Owner, AccountsError> {
        if self.indifferent {
            return Ok(Owner::root());
        }
        let number = |id: u64| self.with_numbers.then(|| id.to_string());
        let of = |names, id| name_of(names, id).map(str::to_owned).or_else(|| number(id));
        Ok(Owner {
            user: of(&self.users, uid).ok_or(AccountsError::NoUser { uid })?,
            group: of(&self.groups, gid).ok_or(AccountsError::NoGroup { gid })?,
        })
    }
}

fn name_of(names: &HashMap<u32, String>, number: u64) -> Option<&str> {
    if number == 0 {
        return Some("root");
    }
    names.get(&u32::try_from(number).ok()?).map(String::as_str)
}

/// Both files have the name first and the number third, and the same separator.
fn names(file: &'static str, bytes: &[u8]) -> Result<HashMap<u32, String>, AccountsError> {
    if bytes.len() > MAX_BYTES {
        return Err(AccountsError::TooLarge { file });
    }
    let mut names = HashMap::new();
    for (number, name) in bytes.split(|&b| b == b'\n').filter_map(line) {
        names.entry(number).or_insert_with(|| name.to_owned());
    }
    Ok(names)
}

fn line(line: &[u8]) -> Option<(u32, &str)> {
    let mut fields = std::str::from_utf8(line).ok()?.split(':');
    let name = fields.next().filter(|name| is_name(name))?;
    let number = fields.nth(1)?;
    // `parse` alone would take `+5`.
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    Some((number.parse().ok().filter(|_| digits)?, name))
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASSWD: &[u8] =
        b"toor:x:0:0::/:/bin/sh\n# comment\n+::::::\nwww-data:x:33:33:www:/var/www:/usr/sbin/nologin\n\
        canopsis:x:999:998::/opt/canopsis:/bin/bash\nlater:x:999:1::/:/bin/sh\n\xff:x:7:7:::\nplus:x:+8:8:::\nshort:x";
    const GROUP: &[u8] = b"root:x:0:\nwww-data:x:33:\ncanopsis:x:998:a,b\n";

    #[test]
    fn numbers_become_names() {
        let accounts = Accounts::parse(PASSWD, GROUP).unwrap();
        let named = |uid, gid| accounts.owner(uid, gid).map(|owner| format!("{}:{}", owner.user, owner.group));
        assert_eq!(named(0, 0).unwrap(), "root:root");
        assert_eq!(named(999, 998).unwrap(), "canopsis:canopsis");
        assert_eq!(named(33, 0).unwrap(), "www-data:root");
        assert_eq!(named(1234, 0).unwrap_err(), AccountsError::NoUser { uid: 1234 });
        assert_eq!(named(0, 1 << 40).unwrap_err(), AccountsError::NoGroup { gid: 1 << 40 });
        for odd in [7, 8] {
            assert_eq!(named(odd, 0).unwrap_err(), AccountsError::NoUser { uid: odd });
        }
        let later = accounts.clone().with_numbers().owner(1234, 0).unwrap();
        assert_eq!((later.user.as_str(), later.group.as_str()), ("1234", "root"));
        assert_eq!(Accounts::indifferent().owner(1234, 1 << 40).unwrap(), Owner::root());
        assert!(accounts.has_user("www-data") && accounts.has_group("www-data"));
        assert!(accounts.has_user("toor") && !accounts.has_group("toor") && !accounts.has_user("+"));
        assert!(named(5, 0).unwrap_err().to_string().starts_with("user number 5 has no name in the container's"));
    }

    #[test]
    fn an_absurd_file_is_refused() {
        let large = vec![b'\n'; MAX_BYTES + 1];
        assert_eq!(Accounts::parse(b"", &large).unwrap_err(), AccountsError::TooLarge { file: "group" });
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(passwd in prop::collection::vec(any::<u8>(), 0..200), uid in any::<u64>()) {
            let _ = Accounts::parse(&passwd, &passwd).unwrap().owner(uid, uid);
        }
    }
}
