//! The one place that decides order, names, owners and times in a tar.
//!
//! Members come in the tree's canonical order, in GNU format (POSIX ustar headers, `././@LongLink` members for what
//! does not fit 100 bytes), which dpkg, bsdtar and GNU tar of any age read; dpkg knows no other way to long names that
//! Debian 8 has as well (deb(5)). Nothing here compresses, and nothing reads a clock or an account of the machine.

use std::io;

use tar::{EntryType, Header};

use super::{
    FormatError,
    codec::{Member, Members},
};
use crate::stage::{Entry, Kind, Owner, Role, Tree, TreePath, copy_all};

/// How members are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// `./opt/x`, after a member `./` for the root: what dpkg writes and expects.
    Dotted,
    /// `opt/x`, without a member for the root.
    Plain,
}

/// Writes a whole tar of a tree to `out`, end mark included.
///
/// - Order: the tree's own, a folder before what is in it and a file before its further names.
/// - Owners: by name. The numbers are 0 for everyone, because those of the building container mean nothing elsewhere:
///   readers as root go by name (dpkg does; GNU tar unless `--numeric-owner`), and where the name is unknown the file
///   falls to root, not to a stranger.
/// - Times: `min(mtime, epoch)`, seconds since 1970 UTC, never below 0.
/// - Modes: 12 bits, setuid, setgid and sticky included. Device numbers: 0.
///
/// # Errors
/// [`FormatError::Unsupported`] for an owner's name of more than 31 bytes or with a NUL and for a link target with a
/// NUL; [`FormatError::Tree`] for a tree that does not hold together; [`FormatError::Io`].
pub(super) fn write(tree: &Tree, names: Names, epoch: i64, out: &mut dyn Members) -> Result<(), FormatError> {
    tree.check()?;
    if names == Names::Dotted {
        let header = header(EntryType::Directory, 0o755, &Owner::root(), epoch, epoch, "/")?;
        member(out, header, b"./", b"")?;
    }
    for (path, entry) in tree.iter() {
        write_entry(tree, path, entry, names, epoch, out)?;
    }
    Ok(out.write_all(&[0; 1024])?)
}

fn write_entry(
    tree: &Tree,
    path: &TreePath,
    entry: &Entry,
    names: Names,
    epoch: i64,
    out: &mut dyn Members,
) -> Result<(), FormatError> {
    let size = if let Kind::File { size, .. } = &entry.kind { *size } else { 0 };
    let is_config = matches!(entry.role, Role::Config { .. });
    out.member(Member { name: path.as_str(), size, is_config })?;
    let mut header = header(type_of(&entry.kind), entry.mode, &entry.owner, entry.mtime, epoch, path.as_str())?;
    let mut name = named(path, names);
    match &entry.kind {
        Kind::Dir => {
            name.push('/');
            member(out, header, name.as_bytes(), b"")
        }
        Kind::Symlink { target } if target.contains('\0') => {
            Err(FormatError::Unsupported { format: "tar", what: format!("a NUL in the target of the link `/{path}`") })
        }
        Kind::Symlink { target } => member(out, header, name.as_bytes(), target.as_bytes()),
        Kind::Hardlink { target } => member(out, header, name.as_bytes(), named(target, names).as_bytes()),
        Kind::File { .. } => {
            header.set_size(size);
            member(out, header, name.as_bytes(), b"")?;
            copy_all(tree.pack(entry), out)?;
            Ok(pad(out, size)?)
        }
    }
}

fn named(path: &TreePath, names: Names) -> String {
    match names {
        Names::Dotted => format!("./{path}"),
        Names::Plain => path.to_string(),
    }
}

fn type_of(kind: &Kind) -> EntryType {
    match kind {
        Kind::Dir => EntryType::Directory,
        Kind::File { .. } => EntryType::Regular,
        Kind::Symlink { .. } => EntryType::Symlink,
        Kind::Hardlink { .. } => EntryType::Link,
    }
}

/// Everything of a header but the names and the size.
fn header(
    kind: EntryType,
    mode: u32,
    owner: &Owner,
    mtime: i64,
    epoch: i64,
    path: &str,
) -> Result<Header, FormatError> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode & 0o7777);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header.set_mtime(mtime.min(epoch).max(0).cast_unsigned());
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    for name in [&owner.user, &owner.group] {
        // The fields hold 32 bytes, the last one a NUL.
        if name.is_empty() || name.len() > 31 || name.contains('\0') {
            let what = format!("the owner `{}` of `/{}`", name.escape_debug(), path.trim_start_matches('/'));
            return Err(FormatError::Unsupported { format: "tar", what });
        }
    }
    header.set_username(&owner.user)?;
    header.set_groupname(&owner.group)?;
    Ok(header)
}

/// Writes the header of a member, behind the extension members that its names need.
fn member(out: &mut dyn Members, mut header: Header, name: &[u8], link: &[u8]) -> Result<(), FormatError> {
    if link.len() > 100 {
        long_name(out, EntryType::GNULongLink, link)?;
    }
    if name.len() > 100 {
        long_name(out, EntryType::GNULongName, name)?;
    }
    put(&mut header.as_old_mut().name, name);
    put(&mut header.as_old_mut().linkname, link);
    header.set_cksum();
    Ok(out.write_all(header.as_bytes())?)
}

/// A member that holds the whole name, with a NUL at its end as GNU tar writes it.
fn long_name(out: &mut dyn Members, kind: EntryType, name: &[u8]) -> Result<(), FormatError> {
    let mut header = self::header(kind, 0o644, &Owner::root(), 0, 0, "")?;
    put(&mut header.as_old_mut().name, b"././@LongLink");
    let size = name.len() as u64 + 1;
    header.set_size(size);
    header.set_cksum();
    out.write_all(header.as_bytes())?;
    out.write_all(name)?;
    out.write_all(&[0])?;
    Ok(pad(out, size)?)
}

/// As much of a name as its field holds; the rest is in the extension member.
fn put(field: &mut [u8], text: &[u8]) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
}

fn pad(out: &mut dyn Members, size: u64) -> io::Result<()> {
    const BLOCK: usize = 512;
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    if over == 0 { Ok(()) } else { out.write_all(&[0; BLOCK][over..]) }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::{format::codec::Whole, stage::Spool};

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn entry(kind: Kind, mode: u32, mtime: i64) -> Entry {
        let owner = Owner { user: "canopsis".to_owned(), group: "root".to_owned() };
        Entry { kind, mode, owner, mtime, role: Role::Plain, origin: "a test".into() }
    }

    fn sample() -> Tree {
        let mut tree = Tree::new(Spool::new().unwrap());
        tree.add(path("opt"), entry(Kind::Dir, 0o755, 900)).unwrap();
        let file = tree.spool().append(&mut &b"hello"[..]).unwrap();
        tree.add(path("opt/run"), entry(file, 0o6755, 2000)).unwrap();
        tree.add(path("opt/same"), entry(Kind::Hardlink { target: path("opt/run") }, 0o6755, 2000)).unwrap();
        let target = "t".repeat(150);
        tree.add(path("opt/to"), entry(Kind::Symlink { target }, 0o777, -4)).unwrap();
        let long = format!("opt/{}", "n".repeat(140));
        let empty = tree.spool().append(&mut &b""[..]).unwrap();
        tree.add(path(&long), entry(empty, 0o644, 0)).unwrap();
        tree
    }

    fn bytes(tree: &Tree, names: Names) -> Vec<u8> {
        let mut out = Vec::new();
        write(tree, names, 1000, &mut Whole(&mut out)).unwrap();
        out
    }

    #[test]
    fn a_reader_finds_what_was_meant() {
        let tar = bytes(&sample(), Names::Dotted);
        let mut archive = tar::Archive::new(&*tar);
        let mut lines = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let header = entry.header().clone();
            let link = entry.link_name_bytes().map(|link| String::from_utf8(link.into_owned()).unwrap());
            lines.push(format!(
                "{} {:o} {}:{} {} {}{} {text}",
                String::from_utf8(entry.path_bytes().into_owned()).unwrap().replace(&"n".repeat(140), "n*140"),
                header.mode().unwrap(),
                header.username().unwrap().unwrap(),
                header.groupname().unwrap().unwrap(),
                header.uid().unwrap() + header.gid().unwrap(),
                header.mtime().unwrap(),
                link.map(|link| format!(" > {}", link.replace(&"t".repeat(150), "t*150"))).unwrap_or_default(),
            ));
        }
        assert_eq!(
            lines,
            [
                "./ 755 root:root 0 1000 ",
                "./opt/ 755 canopsis:root 0 900 ",
                "./opt/n*140 644 canopsis:root 0 0 ",
                "./opt/run 6755 canopsis:root 0 1000 hello",
                "./opt/same 6755 canopsis:root 0 1000 > ./opt/run ",
                "./opt/to 777 canopsis:root 0 0 > t*150 ",
            ]
        );
        assert_eq!(tar.len() % 512, 0);
    }

    #[test]
    fn names_of_exactly_one_hundred_bytes_need_no_extension() {
        let mut tree = Tree::new(Spool::new().unwrap());
        tree.add_bytes(path(&"x".repeat(98)), b"", 0o644, 0, Role::Plain, "a test").unwrap();
        // Root, file and end mark.
        assert_eq!(bytes(&tree, Names::Dotted).len(), 512 + 512 + 1024);
        tree.add_bytes(path(&"y".repeat(99)), b"", 0o644, 0, Role::Plain, "a test").unwrap();
        assert_eq!(bytes(&tree, Names::Dotted).len(), 512 + 512 + 3 * 512 + 1024);
        assert_eq!(bytes(&tree, Names::Plain).len(), 512 + 512 + 1024);
    }

    #[test]
    fn what_a_header_cannot_hold_is_refused() {
        let refused = |kind, user: &str| {
            let mut tree = Tree::new(Spool::new().unwrap());
            let owner = Owner { user: user.to_owned(), group: "root".to_owned() };
            tree.add(path("a"), Entry { owner, ..entry(kind, 0o644, 0) }).unwrap();
            write(&tree, Names::Plain, 0, &mut Whole(&mut Vec::new())).unwrap_err().to_string()
        };
        assert_eq!(
            refused(Kind::Dir, &"u".repeat(32)),
            format!("tar cannot hold the owner `{}` of `/a`", "u".repeat(32))
        );
        let nul = Kind::Symlink { target: "a\0b".to_owned() };
        assert_eq!(refused(nul, "root"), "tar cannot hold a NUL in the target of the link `/a`");
        assert!(refused(Kind::Hardlink { target: path("0") }, "root").contains("is not an earlier regular file"));
    }
}
