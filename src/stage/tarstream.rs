//! [`read_tar`]: the archive stream of a container becomes entries of a tree, in one pass.
//!
//! The stream is hostile until checked, whoever sends it: names, links, sizes and owners are looked at before a byte
//! is spooled. Nothing is ever written under a name of the stream, so there is no path to escape to; the checks keep
//! such names out of packages.

mod dialect;
mod error;
mod limits;
mod members;
mod pax;
mod place;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, io::Read, sync::Arc};

use super::{Accounts, Entry, Kind, Role, Tree, TreeError, TreePath};
pub use error::StageError;
use error::shown;
pub use limits::Limits;
pub(crate) use members::{Member, MemberKind, Members, UNKNOWN};
pub use place::Place;

/// What to take of a stream, and how to read it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Where the names belong.
    pub place: &'a Place,
    /// Which paths (as placed) to take. The others are neither spooled nor looked at beyond their names.
    pub select: &'a dyn Fn(&TreePath) -> bool,
    /// Whose numbers they are.
    pub accounts: &'a Accounts,
    /// How much to take.
    pub limits: &'a Limits,
    /// Where it comes from, for messages: `the container`.
    pub origin: &'a str,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("place", self.place).field("limits", self.limits).finish_non_exhaustive()
    }
}

/// What was taken.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Entries that are in the tree now.
    pub entries: u64,
    /// Bytes of contents spooled.
    pub bytes: u64,
    /// Entries that were not selected.
    pub skipped: u64,
    /// Files whose capabilities (`security.capability`, capabilities(7)) the package will not have: no extended
    /// attribute is kept. Worth a warning; `setcap` in a script after installation is the usual way.
    pub capabilities: Vec<TreePath>,
}

/// Reads the tar that the archive API streams, and adds what is selected to `into`: all of it, or nothing.
///
/// Modes are kept with setuid, setgid and sticky bits; owners become names; of hard links the first name in canonical
/// order becomes the file. Memory grows with the number of entries, never with their contents.
///
/// # Errors
/// [`StageError`]. Refused: absolute, empty or `..` names, duplicates, entries below a non-folder; where selected, names that are not
/// UTF-8 or have control characters, devices and pipes; sparse files, hard links to anything but an earlier selected file
/// of the same stream, owners without a name, and whatever is over the limits.
pub fn read_tar(reader: impl Read, request: &Request<'_>, into: &mut Tree) -> Result<Staged, StageError> {
    let mut members = Members::new(reader, request.limits.entries);
    let mut reading = Reading::new(request, Tree::new(into.spool().clone()));
    while let Some(member) = members.next()? {
        reading.take(&member, &mut members)?;
    }
    reading.tree.settle_links();
    into.merge(reading.tree)?;
    Ok(reading.staged)
}

/// What was seen under a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Dir,
    File,
    Other,
}

struct Reading<'a> {
    request: &'a Request<'a>,
    origin: Arc<str>,
    tree: Tree,
    /// Every name of the stream, selected or not: a name that is skipped still says what the stream is.
    seen: BTreeMap<TreePath, Seen>,
    streamed: u64,
    names: u64,
    staged: Staged,
}

impl<'a> Reading<'a> {
    fn new(request: &'a Request<'a>, tree: Tree) -> Self {
        let origin = request.origin.into();
        Self { request, origin, tree, seen: BTreeMap::new(), streamed: 0, names: 0, staged: Staged::default() }
    }

    fn take<R: Read>(&mut self, member: &Member, members: &mut Members<R>) -> Result<(), StageError> {
        let path = match self.place(member) {
            Ok(Some(path)) => path,
            Ok(None) => return Ok(()),
            Err(error) => return self.leave(member, error),
        };
        self.look(&path, member.kind)?;
        self.count(&path, member)?;
        if !(self.request.select)(&path) {
            self.staged.skipped += 1;
            return Ok(());
        }
        let owner = (self.request.accounts.owner(member.uid, member.gid))
            .map_err(|source| StageError::Owner { path: path.clone(), source })?;
        let kind = self.kind(&path, member, members)?;
        let origin = Arc::clone(&self.origin);
        let entry = Entry { kind, mode: member.mode, owner, mtime: member.mtime, role: Role::Plain, origin };
        if member.capability {
            self.staged.capabilities.push(path.clone());
        }
        self.staged.entries += 1;
        Ok(self.tree.add(path, entry)?)
    }

    /// Leaves out what has a name that no package may have, where it is not wanted. Else it is refused.
    fn leave(&mut self, member: &Member, refusal: StageError) -> Result<(), StageError> {
        let is_fit = std::str::from_utf8(&member.name).is_ok_and(|name| !name.contains(char::is_control));
        if is_fit || matches!(refusal, StageError::Limit { .. }) {
            return Err(refusal);
        }
        match self.request.place.strange(&String::from_utf8_lossy(&member.name)) {
            Ok(Some(path)) if !(self.request.select)(&path) => {
                self.staged.skipped += 1;
                self.count(&path, member)
            }
            _ => Err(refusal),
        }
    }

    fn place(&mut self, member: &Member) -> Result<Option<TreePath>, StageError> {
        let name = self.text(&member.name)?;
        let path = self.request.place.of(name)?;
        if path.is_none() && member.kind != MemberKind::Dir {
            return Err(StageError::Name { name: shown(&member.name), reason: "it names the root, but is no folder" });
        }
        // A V7 tar says folder by a slash at the end of a file's name; no program writes that any more.
        if name.ends_with('/') && member.kind != MemberKind::Dir {
            return Err(StageError::Name { name: shown(&member.name), reason: "it ends in a slash, but is no folder" });
        }
        Ok(path)
    }

    /// A name within its bounds, as text.
    fn text<'m>(&mut self, name: &'m [u8]) -> Result<&'m str, StageError> {
        let Limits { path_bytes, name_bytes, .. } = *self.request.limits;
        if name.len() > path_bytes {
            return Err(StageError::Limit { what: "bytes in one name", limit: path_bytes as u64, path: shown(name) });
        }
        self.names += name.len() as u64;
        if self.names > name_bytes {
            return Err(StageError::Limit { what: "bytes in all names", limit: name_bytes, path: shown(name) });
        }
        std::str::from_utf8(name).map_err(|_| StageError::Name {
            name: shown(name),
            reason: "it is not valid UTF-8; rename or delete it in the image",
        })
    }

    /// Notes a path and refuses it where a file system could not have it beside the others.
    fn look(&mut self, path: &TreePath, kind: MemberKind) -> Result<(), StageError> {
        let refuse = |reason| Err(StageError::Name { name: shown(path.as_str().as_bytes()), reason });
        if self.seen.contains_key(path) {
            return refuse("the stream has it twice");
        }
        // Nothing is below what is no folder: the nearest name before this one is it, or there is none.
        if let Some((above, seen)) = self.seen.range(..path).next_back()
            && *seen != Seen::Dir
            && path.is_within(above)
        {
            return refuse("a path above it is not a folder");
        }
        let seen = match kind {
            MemberKind::Dir => Seen::Dir,
            MemberKind::File | MemberKind::Hardlink => Seen::File,
            MemberKind::Symlink | MemberKind::Special(_) => Seen::Other,
        };
        if seen != Seen::Dir && self.seen.range(path..).next().is_some_and(|(next, _)| next.is_within(path)) {
            return refuse("it is not a folder, but the stream has entries below it");
        }
        self.seen.insert(path.clone(), seen);
        Ok(())
    }

    fn count(&mut self, path: &TreePath, member: &Member) -> Result<(), StageError> {
        let limit = self.request.limits.total_bytes;
        self.streamed = self.streamed.saturating_add(member.size);
        if self.streamed > limit {
            return Err(StageError::Limit { what: "bytes of contents", limit, path: path.to_string() });
        }
        Ok(())
    }

    fn kind<R: Read>(
        &mut self,
        path: &TreePath,
        member: &Member,
        members: &mut Members<R>,
    ) -> Result<Kind, StageError> {
        match member.kind {
            MemberKind::Dir => Ok(Kind::Dir),
            MemberKind::File => self.file(path, member, members),
            MemberKind::Symlink => self.symlink(path, member),
            MemberKind::Hardlink => self.hardlink(path, member),
            MemberKind::Special(what) => Err(StageError::Special { path: path.clone(), what }),
        }
    }

    fn file<R: Read>(
        &mut self,
        path: &TreePath,
        member: &Member,
        members: &mut Members<R>,
    ) -> Result<Kind, StageError> {
        let limit = self.request.limits.file_bytes;
        if member.size > limit {
            return Err(StageError::Limit { what: "bytes in one file", limit, path: path.to_string() });
        }
        let kind = self.tree.spool().append(&mut members.content());
        self.staged.bytes += member.size;
        kind.map_err(|error| members.why_broken().unwrap_or(StageError::Tree(TreeError::Spool(error))))
    }

    fn symlink(&mut self, path: &TreePath, member: &Member) -> Result<Kind, StageError> {
        let target = self.text(&member.link)?;
        if target.is_empty() || target.chars().any(char::is_control) {
            return Err(link_error("symbolic link", path, member, "the target is empty or has control characters"));
        }
        Ok(Kind::Symlink { target: target.to_owned() })
    }

    fn hardlink(&mut self, path: &TreePath, member: &Member) -> Result<Kind, StageError> {
        let refuse = |reason| Err(link_error("hard link", path, member, reason));
        let target = self.text(&member.link)?;
        let Some(target) = self.request.place.of(target)? else {
            return refuse("a folder cannot have a second name");
        };
        match self.tree.get(&target).map(|entry| &entry.kind) {
            Some(Kind::File { .. }) => Ok(Kind::Hardlink { target }),
            Some(Kind::Hardlink { target: first }) => Ok(Kind::Hardlink { target: first.clone() }),
            Some(_) => refuse("only a regular file may have a second name"),
            None if target != *path && self.seen.get(&target) == Some(&Seen::File) => {
                refuse("the first name is not selected: take both or neither")
            }
            None => refuse("the stream has no such file before it"),
        }
    }
}

fn link_error(kind: &'static str, path: &TreePath, member: &Member, reason: &'static str) -> StageError {
    StageError::Link { kind, path: path.clone(), target: shown(&member.link), reason }
}
