//! `data.tar`: the files, with the digests of their contents. Only what dpkg unpacks: GNU tar without PAX headers.

use std::{collections::HashMap, io::Read};

use super::super::{
    ForeignError, Item, ItemKind,
    codec::sums,
    error::shown,
    items::{Items, link_target, owner_name},
};
use crate::stage::{Limits, Member, MemberKind, Members, Owner, Place, StageError, TreePath};

/// What `data.tar` holds.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) items: Items,
    /// Of every regular file.
    pub(super) md5: HashMap<TreePath, [u8; 16]>,
    /// Files that hold a private key.
    pub(super) keys: Vec<(TreePath, &'static str)>,
}

impl Data {
    /// Reads the archive.
    pub(super) fn read(tar: &mut dyn Read, limits: &Limits) -> Result<Self, ForeignError> {
        let mut members = Members::new(tar, limits.entries);
        let mut data = Self { items: Items::new(limits), md5: HashMap::new(), keys: Vec::new() };
        while let Some(member) = members.next().map_err(tar_error)? {
            let Some(path) = path(&member.name, limits)? else { continue };
            if member.has_pax {
                return Err(disagrees(&path, "it has a PAX header, which dpkg does not read"));
            }
            let kind = data.kind(&path, &member, &mut members, limits)?;
            let owner = owner(&path, &member)?;
            data.items.add(Item { path, kind, mode: member.mode, owner, config: false })?;
        }
        Ok(data)
    }

    fn kind<R: Read>(
        &mut self,
        path: &TreePath,
        member: &Member,
        members: &mut Members<R>,
        limits: &Limits,
    ) -> Result<ItemKind, ForeignError> {
        match member.kind {
            MemberKind::Dir => Ok(ItemKind::Dir),
            MemberKind::File => {
                let read = sums(&mut members.content());
                let sums = read.map_err(|error| members.why_broken().map_or(error.into(), tar_error))?;
                self.md5.insert(path.clone(), sums.md5);
                self.keys.extend(sums.key.map(|key| (path.clone(), key)));
                Ok(ItemKind::File { size: sums.size, sha256: sums.sha256 })
            }
            MemberKind::Symlink => match link_target(&member.link, limits) {
                Some(target) => Ok(ItemKind::Symlink { target }),
                None => Err(disagrees(path, "the target of the link is empty, too long or no text")),
            },
            MemberKind::Hardlink => {
                let target = self::path(&member.link, limits)?;
                let first = target.as_ref().and_then(|target| self.items.get(target));
                let Some(Item { kind: kind @ ItemKind::File { .. }, .. }) = first else {
                    return Err(disagrees(path, "it is a hard link to something that is no file before it"));
                };
                let kind = kind.clone();
                if let Some(md5) = target.and_then(|target| self.md5.get(&target)).copied() {
                    self.md5.insert(path.clone(), md5);
                }
                Ok(kind)
            }
            MemberKind::Special(what) => {
                Err(disagrees(path, &format!("it is {what}, which a package cannot hold here")))
            }
        }
    }
}

/// A name's path; `None` for the root.
fn path(name: &[u8], limits: &Limits) -> Result<Option<TreePath>, ForeignError> {
    let text = std::str::from_utf8(name).ok().filter(|text| text.len() <= limits.path_bytes);
    let text =
        text.ok_or_else(|| ForeignError::Unsupported(format!("the name `{}`: too long or not UTF-8", shown(name))))?;
    Place::top().of(text).map_err(tar_error)
}

/// The owner by name, as dpkg goes by it; number 0 is root in any case.
fn owner(path: &TreePath, member: &Member) -> Result<Owner, ForeignError> {
    let name = |name: &[u8], number: u64, whose: &str| match (name, number) {
        (b"", 0) => Ok("root".to_owned()),
        (b"", number) => Err(disagrees(
            path,
            &format!(
                "its {whose} is a number without a name, {number}: build with `dpkg-deb --root-owner-group` or fakeroot"
            ),
        )),
        (name, _) => {
            owner_name(name).ok_or_else(|| disagrees(path, &format!("its {whose} `{}` is no name", shown(name))))
        }
    };
    Ok(Owner { user: name(&member.user, member.uid, "owner")?, group: name(&member.group, member.gid, "group")? })
}

fn disagrees(path: &TreePath, what: &str) -> ForeignError {
    ForeignError::Disagrees { path: path.clone(), what: what.to_owned() }
}

/// What is wrong with a tar; its reader knows better which one it is.
pub(super) fn tar_error(source: StageError) -> ForeignError {
    ForeignError::Tar { member: "archive".to_owned(), source }
}
