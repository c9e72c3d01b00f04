//! The files of a tar that a package is, or has in it, with the digests of their contents.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
};

use super::{
    ForeignError, Item, ItemKind, Seen,
    codec::sums,
    error::shown,
    items::{Items, link_target, owner_name},
};
use crate::{
    format::reader::{Part, PartKind},
    stage::{Limits, Member, MemberKind, Members, Owner, Place, StageError, TreePath},
};

/// What is taken of a tar.
#[derive(Debug, Clone, Copy)]
pub(in crate::format) struct Rules {
    /// PAX headers (POSIX.1-2017 pax), which dpkg does not read.
    pub(in crate::format) pax: bool,
    /// Owners that have a number and no name, which dpkg makes of them what it likes.
    pub(in crate::format) numbers: bool,
}

/// What a tar holds.
#[derive(Debug)]
pub(in crate::format) struct Contents {
    pub(in crate::format) items: Items,
    /// Of every regular file.
    pub(in crate::format) md5: HashMap<TreePath, [u8; 16]>,
    /// Files that hold a private key.
    pub(in crate::format) keys: Vec<(TreePath, &'static str)>,
    /// Further names of files, each with the one that it is a name of.
    links: HashMap<TreePath, TreePath>,
    /// Files with capabilities, which only PAX headers have.
    capable: HashSet<TreePath>,
    /// Devices, pipes and sockets, for people only: nobody ships one.
    specials: Vec<Part>,
}

impl Contents {
    /// Reads the archive. An entry that is wrong is noted and passed over.
    pub(in crate::format) fn read(
        tar: &mut dyn Read,
        limits: &Limits,
        rules: Rules,
        seen: &mut Seen,
    ) -> Result<Self, ForeignError> {
        let mut members = Members::new(tar, limits.entries);
        let (md5, links) = (HashMap::new(), HashMap::new());
        let (capable, specials) = (HashSet::new(), Vec::new());
        let mut contents = Self { items: Items::new(limits), md5, keys: Vec::new(), links, capable, specials };
        while let Some(member) = members.next().map_err(tar_error)? {
            if contents.is_only_shown(&member, limits, seen) {
                continue;
            }
            match contents.add(&member, &mut members, limits, rules) {
                Ok(()) => {}
                Err(error) if is_of_one_entry(&error) => seen.fault(error),
                Err(error) => return Err(error),
            }
        }
        Ok(contents)
    }

    /// Whether a member is one that packages of ours do not have and package managers take: it is said.
    fn is_only_shown(&mut self, member: &Member, limits: &Limits, seen: &mut Seen) -> bool {
        let MemberKind::Special(what) = member.kind else { return false };
        if !seen.is_describing {
            return false;
        }
        let Ok(Some(path)) = path(&member.name, limits) else { return false };
        let name = |name: &[u8]| Some(String::from_utf8_lossy(name).into_owned()).filter(|name| !name.is_empty());
        seen.special(&format!("/{path}"), what);
        let part = Part {
            path: path.to_string(),
            kind: PartKind::Special,
            mode: Some(format!("{:04o}", member.mode)),
            owner: name(&member.user).or(Some(member.uid.to_string())),
            group: name(&member.group).or(Some(member.gid.to_string())),
            ..Part::default()
        };
        self.specials.extend(seen.lists_files.then_some(part));
        true
    }

    fn add<R: Read>(
        &mut self,
        member: &Member,
        members: &mut Members<R>,
        limits: &Limits,
        rules: Rules,
    ) -> Result<(), ForeignError> {
        let Some(path) = path(&member.name, limits)? else { return Ok(()) };
        if member.has_pax && !rules.pax {
            return Err(disagrees(&path, "it has a PAX header, which dpkg does not read"));
        }
        let kind = self.kind(&path, member, members, limits)?;
        let owner = owner(&path, member, rules)?;
        if member.capability {
            self.capable.insert(path.clone());
        }
        self.items.add(Item { path, kind, mode: member.mode, owner, config: false })
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
                if let Some(target) = target {
                    if let Some(md5) = self.md5.get(&target).copied() {
                        self.md5.insert(path.clone(), md5);
                    }
                    self.links.insert(path.clone(), target);
                }
                Ok(kind)
            }
            MemberKind::Special(what) => {
                Err(disagrees(path, &format!("it is {what}, which a package cannot hold here")))
            }
        }
    }

    /// The files for people: below `root`, which is `/` or nothing.
    pub(in crate::format) fn parts(&self, root: &str) -> Vec<Part> {
        let specials = self.specials.iter().map(|part| Part { path: format!("{root}{}", part.path), ..part.clone() });
        self.items.all().map(|item| self.part(item, root)).chain(specials).collect()
    }

    fn part(&self, item: &Item, root: &str) -> Part {
        let mut part = Part {
            path: format!("{root}{}", item.path),
            mode: Some(format!("{:04o}", item.mode)),
            owner: Some(item.owner.user.clone()),
            group: Some(item.owner.group.clone()),
            ..Part::default()
        };
        match &item.kind {
            ItemKind::Dir => part.kind = PartKind::Dir,
            ItemKind::Symlink { target } => {
                part.kind = PartKind::Symlink;
                part.target = Some(target.clone());
            }
            ItemKind::File { size, sha256 } => {
                part.size = Some(*size);
                part.sha256 = Some(hex::encode(sha256));
            }
        }
        if let Some(first) = self.links.get(&item.path) {
            part.kind = PartKind::Hardlink;
            part.target = Some(format!("{root}{first}"));
        }
        if self.capable.contains(&item.path) {
            part.marks.push("capabilities");
        }
        part
    }
}

/// Whether something is wrong with one entry only, so that those behind it can be read.
fn is_of_one_entry(error: &ForeignError) -> bool {
    match error {
        ForeignError::Disagrees { .. } | ForeignError::Tree(_) => true,
        ForeignError::Tar { source, .. } => matches!(source, StageError::Name { .. } | StageError::Tree(_)),
        _ => false,
    }
}

/// A name's path; `None` for the root.
fn path(name: &[u8], limits: &Limits) -> Result<Option<TreePath>, ForeignError> {
    let text = std::str::from_utf8(name).ok().filter(|text| text.len() <= limits.path_bytes);
    let text =
        text.ok_or_else(|| ForeignError::Unsupported(format!("the name `{}`: too long or not UTF-8", shown(name))))?;
    Place::top().of(text).map_err(tar_error)
}

/// The owner by name, as dpkg and tar go by it; number 0 is root in any case.
fn owner(path: &TreePath, member: &Member, rules: Rules) -> Result<Owner, ForeignError> {
    let name = |name: &[u8], number: u64, whose: &str| match (name, number) {
        (b"", 0) => Ok("root".to_owned()),
        (b"", number) if rules.numbers => Ok(number.to_string()),
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
pub(in crate::format) fn tar_error(source: StageError) -> ForeignError {
    ForeignError::Tar { member: "archive".to_owned(), source }
}
