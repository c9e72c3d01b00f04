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
    stage::{Limits, Member, MemberKind, Members, Owner, Place, StageError, TreePath, UNKNOWN},
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
    /// Devices, pipes and sockets, for people only: they are not shipped.
    specials: Vec<Part>,
    /// Where these are, whether somebody wants to see them or not.
    special_paths: HashSet<TreePath>,
}

impl Contents {
    /// Reads the archive. An entry that is wrong is noted and passed over.
    pub(in crate::format) fn read(
        tar: &mut dyn Read,
        limits: &Limits,
        rules: Rules,
        seen: &mut Seen,
    ) -> Result<Self, ForeignError> {
        let mut members = Members::of_archive(tar, limits.entries);
        let mut contents = Self::nothing(limits);
        while let Some(member) = members.next().map_err(tar_error)? {
            contents.items.count(member.name.len() + member.link.len())?;
            match contents.take(&member, &mut members, limits, rules, seen) {
                Ok(()) => {}
                Err(error) if is_of_one_entry(&error) => seen.fault(error),
                Err(error) => return Err(error),
            }
        }
        Ok(contents)
    }

    fn nothing(limits: &Limits) -> Self {
        Self {
            items: Items::new(limits),
            md5: HashMap::new(),
            keys: Vec::new(),
            links: HashMap::new(),
            capable: HashSet::new(),
            specials: Vec::new(),
            special_paths: HashSet::new(),
        }
    }

    fn take<R: Read>(
        &mut self,
        member: &Member,
        members: &mut Members<R>,
        limits: &Limits,
        rules: Rules,
        seen: &mut Seen,
    ) -> Result<(), ForeignError> {
        let Some(path) = path(member, limits)? else { return Ok(()) };
        if self.items.get(&path).is_some() || self.special_paths.contains(&path) {
            return Err(disagrees(&path, "it is in the package twice"));
        }
        match member.kind {
            MemberKind::Special(what) if seen.is_describing && what != UNKNOWN => {
                self.show(path, what, member, seen);
                Ok(())
            }
            _ => self.add(path, member, members, (limits, rules), seen),
        }
    }

    /// Says that there is something that packages of ours do not have and package managers take.
    fn show(&mut self, path: TreePath, what: &str, member: &Member, seen: &mut Seen) {
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
        self.special_paths.insert(path);
    }

    fn add<R: Read>(
        &mut self,
        path: TreePath,
        member: &Member,
        members: &mut Members<R>,
        (limits, rules): (&Limits, Rules),
        seen: &mut Seen,
    ) -> Result<(), ForeignError> {
        if member.has_pax && !rules.pax {
            return Err(disagrees(&path, "it has a PAX header, which dpkg does not read"));
        }
        let kind = self.kind(&path, member, members, limits, seen)?;
        let owner = owner(&path, member, rules)?;
        self.hold_beside_first(&path, member.mode, &owner)?;
        if member.capability {
            self.capable.insert(path.clone());
        }
        self.items.add(Item { path, kind, mode: member.mode, owner, config: false })
    }

    /// Holds a further name of a file against its first one: tar and dpkg give the file the mode and the owner of the last.
    fn hold_beside_first(&self, path: &TreePath, mode: u32, owner: &Owner) -> Result<(), ForeignError> {
        let first = self.links.get(path).and_then(|first| self.items.get(first));
        match first {
            Some(first) if first.mode != mode || first.owner != *owner => {
                Err(disagrees(path, &format!("it is a hard link to `/{}`, with another mode or owner", first.path)))
            }
            _ => Ok(()),
        }
    }

    fn kind<R: Read>(
        &mut self,
        path: &TreePath,
        member: &Member,
        members: &mut Members<R>,
        limits: &Limits,
        seen: &mut Seen,
    ) -> Result<ItemKind, ForeignError> {
        match member.kind {
            MemberKind::Dir => Ok(ItemKind::Dir),
            MemberKind::File => {
                let read = match &mut seen.programs {
                    Some(programs) => programs.sums(&mut members.content(), &format!("/{path}"), member.mode),
                    None => sums(&mut members.content()),
                };
                let sums = read.map_err(|error| members.why_broken().map_or(error.into(), tar_error))?;
                self.md5.insert(path.clone(), sums.md5);
                self.keys.extend(sums.key.map(|key| (path.clone(), key)));
                Ok(ItemKind::File { size: sums.size, sha256: sums.sha256 })
            }
            MemberKind::Symlink => match link_target(&member.link, limits) {
                Some(target) => {
                    seen.programs.iter_mut().for_each(|programs| programs.link(&format!("/{path}"), &target));
                    Ok(ItemKind::Symlink { target })
                }
                None => Err(disagrees(path, "the target of the link is empty, too long or no text")),
            },
            MemberKind::Hardlink => {
                let target = self::path_of(&member.link, limits)?;
                let first = target.as_ref().and_then(|target| self.items.get(target));
                let Some(Item { kind: kind @ ItemKind::File { .. }, .. }) = first else {
                    return Err(disagrees(path, "it is a hard link to something that is no file before it"));
                };
                let kind = kind.clone();
                if let Some(target) = target {
                    if let Some(md5) = self.md5.get(&target).copied() {
                        self.md5.insert(path.clone(), md5);
                    }
                    let first = format!("/{target}");
                    seen.programs.iter_mut().for_each(|programs| programs.link(&format!("/{path}"), &first));
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

/// The path of a member; `None` for the root, which is a folder: a reader that passes it over would not see what a file of that name
/// holds, and one that unpacks it would. A V7 tar says folder by a slash at the end of a file's name; no program writes that any more.
pub(in crate::format) fn path(member: &Member, limits: &Limits) -> Result<Option<TreePath>, ForeignError> {
    let refuse = |reason| Err(tar_error(StageError::Name { name: shown(&member.name), reason }));
    let path = path_of(&member.name, limits)?;
    if path.is_none() && member.kind != MemberKind::Dir {
        return refuse("it names the root, but is no folder");
    }
    if member.name.ends_with(b"/") && member.kind != MemberKind::Dir {
        return refuse("it ends in a slash, but is no folder");
    }
    Ok(path)
}

/// A name's path; `None` for the root.
fn path_of(name: &[u8], limits: &Limits) -> Result<Option<TreePath>, ForeignError> {
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
