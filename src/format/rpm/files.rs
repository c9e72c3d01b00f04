//! The file list of a package: what the header says of each entry of the tree, and the order of the payload.

use std::collections::BTreeMap;

use super::{
    super::FormatError,
    header::{Header, Value},
    tags,
};
use crate::stage::{Entry, Kind, Role, Tree, TreePath};

/// The file types of `FILEMODES` and cpio (`S_IFDIR`, `S_IFREG`, `S_IFLNK`).
const DIR: u16 = 0o040_000;
const REGULAR: u16 = 0o100_000;
const SYMLINK: u16 = 0o120_000;

/// One entry of the tree as rpm sees it.
#[derive(Debug)]
pub(super) struct Record<'t> {
    /// Its path.
    pub(super) path: &'t TreePath,
    /// The entry itself.
    pub(super) entry: &'t Entry,
    /// The entry that holds its bytes: itself, or the first name of a hard link.
    pub(super) content: &'t Entry,
    /// Bytes it has on disk: of a file its own, of a symbolic link those of its target, of a folder none.
    pub(super) size: u64,
    /// File type and permissions.
    pub(super) mode: u16,
    /// Seconds since 1970 UTC, never after the package's own time.
    pub(super) mtime: u32,
    /// Position in the list from 1, of hard links that of the first name: what rpm makes of inode numbers, too.
    pub(super) inode: u32,
    /// What the payload has of it: the same for every file with one name, so that a file that is added changes no other's bytes.
    /// rpm before 4.12 and cpio(1) look at it only where there are several names.
    pub(super) member_inode: u32,
    /// How many names the inode has.
    pub(super) links: u32,
    /// Whether its bytes are in the payload: not those of a hard link but the last one.
    pub(super) has_bytes: bool,
}

/// The files of a package, sorted by the bytes of their paths, as rpm sorts them and looks them up.
#[derive(Debug)]
pub(super) struct Files<'t> {
    records: Vec<Record<'t>>,
    /// Whether a file is 4 GiB or more. Then sizes have 64 bits, and the payload is of the form without names.
    pub(super) are_large: bool,
}

impl<'t> Files<'t> {
    /// The list for a tree. Only its own entries: folders above them belong to other packages.
    ///
    /// # Errors
    /// [`FormatError::Tree`] for a tree that does not hold together, [`FormatError::Unsupported`] for an owner or link
    /// target that a header cannot hold.
    pub(super) fn from_tree(tree: &'t Tree, epoch: i64) -> Result<Self, FormatError> {
        tree.check()?;
        let mut records = Vec::with_capacity(tree.len());
        for (path, entry) in tree.iter() {
            records.push(record(tree, path, entry, epoch)?);
        }
        records.sort_by(|a, b| a.path.as_str().cmp(b.path.as_str()));
        number(&mut records)?;
        let are_large = records.iter().any(|record| record.size > u64::from(u32::MAX));
        Ok(Self { records, are_large })
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether one of them is configuration.
    pub(super) fn has_config(&self) -> bool {
        self.records.iter().any(|record| flags(record.entry) & tags::file::CONFIG != 0)
    }

    /// Bytes on disk, hard links counted once.
    pub(super) fn installed(&self) -> u64 {
        self.records.iter().filter(|record| record.has_bytes).map(|record| record.size).sum()
    }

    /// The payload's order: that of the list, but the names of one inode follow each other, the one with bytes last.
    /// rpm from 4.18 on remembers one unfinished inode only.
    pub(super) fn in_payload_order(&self) -> impl Iterator<Item = (usize, &Record<'t>)> {
        let mut names: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, record) in self.records.iter().enumerate() {
            names.entry(record.inode).or_default().push(at);
        }
        names.into_values().flatten().map(|at| (at, &self.records[at]))
    }

    /// Writes the list into a header; nothing where there are no files.
    pub(super) fn describe(&self, header: &mut Header) {
        let each = || self.records.iter();
        let texts = |of: fn(&Record) -> String| Value::Texts(each().map(of).collect());
        let numbers = |of: fn(&Record) -> u32| Value::Int32(each().map(of).collect());
        if self.are_large {
            header.set(tags::LONG_FILE_SIZES, Value::Int64(each().map(|record| record.size).collect()));
        } else {
            let size = |record: &Record| u32::try_from(record.size).unwrap_or(u32::MAX);
            header.set(tags::FILE_SIZES, Value::Int32(each().map(size).collect()));
        }
        header.set(tags::FILE_MODES, Value::Int16(each().map(|record| record.mode).collect()));
        header.set(tags::FILE_RDEVS, Value::Int16(each().map(|_| 0).collect()));
        header.set(tags::FILE_MTIMES, numbers(|record| record.mtime));
        header.set(tags::FILE_DIGESTS, texts(digest));
        header.set(tags::FILE_LINK_TOS, texts(target));
        header.set(tags::FILE_FLAGS, numbers(|record| flags(record.entry)));
        header.set(tags::FILE_USER_NAME, texts(|record| record.content.owner.user.clone()));
        header.set(tags::FILE_GROUP_NAME, texts(|record| record.content.owner.group.clone()));
        // Everything is verified.
        header.set(tags::FILE_VERIFY_FLAGS, numbers(|_| u32::MAX));
        header.set(tags::FILE_DEVICES, numbers(|_| 1));
        header.set(tags::FILE_INODES, numbers(|record| record.inode));
        header.set(tags::FILE_LANGS, texts(|_| String::new()));
        if !self.is_empty() {
            header.number(tags::FILE_DIGEST_ALGO, tags::SHA256);
        }
        self.describe_names(header);
    }

    /// Paths as an index into a list of folders and a name below it.
    fn describe_names(&self, header: &mut Header) {
        let (mut names, mut indexes, mut folders) = (Vec::new(), Vec::new(), Vec::new());
        let mut known: BTreeMap<String, u32> = BTreeMap::new();
        for Record { path, .. } in &self.records {
            let folder = path.parent().map_or("/".to_owned(), |folder| format!("/{folder}/"));
            let next = u32::try_from(folders.len()).unwrap_or(u32::MAX);
            let index = *known.entry(folder.clone()).or_insert(next);
            if index == next {
                folders.push(folder);
            }
            names.push(path.file_name().to_owned());
            indexes.push(index);
        }
        header.set(tags::DIR_INDEXES, Value::Int32(indexes));
        header.set(tags::BASE_NAMES, Value::Texts(names));
        header.set(tags::DIR_NAMES, Value::Texts(folders));
    }
}

/// An entry on its own: numbers come when all are known.
fn record<'t>(tree: &'t Tree, path: &'t TreePath, entry: &'t Entry, epoch: i64) -> Result<Record<'t>, FormatError> {
    let content = match &entry.kind {
        Kind::Hardlink { target } => tree.get(target).unwrap_or(entry),
        _ => entry,
    };
    let (kind, size) = match &content.kind {
        Kind::File { size, .. } => (REGULAR, *size),
        Kind::Symlink { target } => (SYMLINK, target.len() as u64),
        Kind::Dir | Kind::Hardlink { .. } => (DIR, 0),
    };
    if matches!(&content.kind, Kind::Symlink { target } if target.contains('\0')) {
        let what = format!("a NUL in the target of the link `/{path}`");
        return Err(FormatError::Unsupported { format: "rpm", what });
    }
    for name in [&content.owner.user, &content.owner.group] {
        if name.is_empty() || name.chars().any(char::is_control) {
            let what = format!("the owner `{}` of `/{path}`", name.escape_debug());
            return Err(FormatError::Unsupported { format: "rpm", what });
        }
    }
    let permissions = if kind == SYMLINK { 0o777 } else { content.mode & 0o7777 };
    let mtime = u32::try_from(content.mtime.min(epoch).max(0)).unwrap_or(u32::MAX);
    let mode = kind | u16::try_from(permissions).unwrap_or_default();
    Ok(Record { path, entry, content, size, mode, mtime, inode: 0, member_inode: 0, links: 1, has_bytes: true })
}

/// The inode of all members with one name.
const SINGLE: u32 = 1;

/// Gives each inode its number, and says which name of several has the bytes.
fn number(records: &mut [Record]) -> Result<(), FormatError> {
    // The first name of a group in the tree's order need not be the first in this one.
    let mut groups: BTreeMap<&TreePath, Vec<usize>> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        let first = if let Kind::Hardlink { target } = &record.entry.kind { target } else { record.path };
        groups.entry(first).or_default().push(at);
    }
    let groups: Vec<Vec<usize>> = groups.into_values().collect();
    let many = |_| FormatError::Unsupported { format: "rpm", what: "more than 4,294,967,295 files".to_owned() };
    let mut of_links = SINGLE;
    for names in groups {
        of_links += u32::from(names.len() > 1);
        for at in &names {
            records[*at].inode = u32::try_from(names[0] + 1).map_err(many)?;
            records[*at].member_inode = if names.len() > 1 { of_links } else { SINGLE };
            records[*at].links = u32::try_from(names.len()).map_err(many)?;
            records[*at].has_bytes = names.last() == Some(at);
        }
    }
    Ok(())
}

fn digest(record: &Record) -> String {
    match &record.content.kind {
        Kind::File { sha256, .. } => hex::encode(sha256),
        _ => String::new(),
    }
}

fn target(record: &Record) -> String {
    match &record.content.kind {
        Kind::Symlink { target } => target.clone(),
        _ => String::new(),
    }
}

/// A folder is no configuration: rpm would keep a copy of it.
fn flags(entry: &Entry) -> u32 {
    match entry.role {
        Role::Plain | Role::State => 0,
        Role::Config { .. } if entry.kind == Kind::Dir => 0,
        Role::Config { noreplace, missingok } => {
            let no_replace = if noreplace { tags::file::NOREPLACE } else { 0 };
            tags::file::CONFIG | no_replace | if missingok { tags::file::MISSING_OK } else { 0 }
        }
        Role::Doc => tags::file::DOC,
        Role::License => tags::file::LICENSE,
    }
}
