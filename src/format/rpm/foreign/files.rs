//! The files of an rpm as its header lists them, and what the payload then says of each.

use std::collections::HashMap;

use super::{arrays::Arrays, header::Header, tags};
use crate::{
    format::{
        foreign::{
            ForeignError, Item, ItemKind, Seen,
            codec::Sums,
            error::{malformed, shown},
            items::Items,
        },
        reader::{Part, PartKind},
    },
    stage::{Limits, Owner, TreePath},
};

/// File flags of `rpmfiles.h`.
const CONFIG: u32 = 1;
const GHOST: u32 = 1 << 6;
/// What they are called in spec files.
const MARKS: [(u32, &str); 8] = [
    (CONFIG, "config"),
    (1 << 4, "noreplace"),
    (1 << 3, "missingok"),
    (GHOST, "ghost"),
    (1 << 1, "doc"),
    (1 << 7, "license"),
    (1 << 8, "readme"),
    (1 << 12, "artifact"),
];
/// The type of a file in its mode (stat(2)).
pub(super) const TYPE: u16 = 0o170_000;
/// The algorithm number of MD5 (RFC 4880, 9.4), which it is when nothing is said.
const MD5: u32 = 1;

/// What a listed file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Dir,
    Regular,
    Link(String),
    /// A device, pipe or socket: not shipped but as a ghost, which is not installed.
    Special,
}

/// One file of the header.
#[derive(Debug)]
pub(super) struct File {
    /// `None` for the root itself, which packages of a whole file system own.
    pub(super) path: Option<TreePath>,
    pub(super) what: What,
    pub(super) mode: u16,
    pub(super) size: u64,
    pub(super) digest: String,
    pub(super) owner: Owner,
    pub(super) flags: u32,
    /// Equal for names of one file.
    pub(super) inode: (u32, u32),
    /// Whether the payload had it.
    pub(super) seen: bool,
    /// Its content, once the payload gave it.
    pub(super) content: Option<[u8; 32]>,
    /// The kind of private key that it holds.
    pub(super) key: Option<&'static str>,
    /// As cap_to_text(3) has them; empty where there are none.
    pub(super) capabilities: String,
}

/// All files of the header.
#[derive(Debug)]
pub(super) struct Listed {
    files: Vec<File>,
    by_path: HashMap<String, usize>,
    /// Names of one file that the payload still owes.
    owed: HashMap<(u32, u32), usize>,
    algorithm: u32,
    limits: Limits,
}

impl Listed {
    /// Reads the arrays of a header, which must all have one length.
    pub(super) fn from_header(header: &Header, limits: &Limits, seen: &mut Seen) -> Result<Self, ForeignError> {
        let algorithm = header.number(tags::FILE_DIGEST_ALGO)?.unwrap_or(MD5);
        let mut listed = Self {
            files: Vec::new(),
            by_path: HashMap::new(),
            owed: HashMap::new(),
            algorithm,
            limits: limits.clone(),
        };
        let Some(names) = header.texts(tags::BASE_NAMES)? else {
            return match header.texts(tags::OLD_FILE_NAMES)? {
                Some(_) => Err(ForeignError::Unsupported("file names of rpm 3".to_owned())),
                None => Ok(listed),
            };
        };
        let arrays = Arrays::from_header(header, names)?;
        let mut bytes = 0;
        for at in 0..arrays.names.len() {
            let path = arrays.path(at)?;
            bytes += path.len() as u64;
            if at as u64 >= limits.entries || bytes > limits.name_bytes || path.len() > limits.path_bytes {
                return Err(ForeignError::Unsupported("more files, or longer names, than are read".to_owned()));
            }
            let file = arrays.file(at, &path, limits)?;
            if file.what == What::Special && !file.is_ghost() {
                special(&path, seen);
            }
            if file.what == What::Regular && !file.is_ghost() {
                *listed.owed.entry(file.inode).or_default() += 1;
            }
            listed.files.push(file);
            if listed.by_path.insert(path.clone(), at).is_some() {
                return Err(malformed(format!("its header lists `{}` twice", shown(path.as_bytes()))));
            }
        }
        Ok(listed)
    }

    /// The most that an honest payload unpacks to, in bytes: each file with the head of its entry, and the trailer.
    pub(super) fn unpacked(&self) -> u64 {
        /// A head of 110 bytes, `.` and NUL around the name, twice up to 3 bytes to a multiple of four.
        const HEAD: u64 = 110 + 2 + 3 + 3;
        /// The trailer, filled up to the largest block that anybody writes.
        const END: u64 = 64 << 10;
        let files = self.files.iter().map(|file| {
            let path = file.path.as_ref().map_or(0, |path| path.as_str().len() as u64 + 1);
            let content = match &file.what {
                What::Regular => file.size,
                What::Link(target) => target.len() as u64,
                What::Dir | What::Special => 0,
            };
            content.saturating_add(HEAD + path)
        });
        files.fold(END, u64::saturating_add)
    }

    /// The place of a path as the payload writes it: `./usr/x` or `/usr/x`.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix('.').filter(|rest| rest.starts_with('/')).unwrap_or(name);
        match self.by_path.get(name) {
            Some(at) => Some(*at),
            None => self.by_path.get(&format!("/{name}")).copied(),
        }
    }

    /// The file at a place, which the payload has now, once.
    pub(super) fn take(&mut self, at: usize) -> Result<&File, ForeignError> {
        let Some(file) = self.files.get_mut(at) else {
            return Err(malformed("its payload names a file that its header does not list"));
        };
        if std::mem::replace(&mut file.seen, true) {
            return Err(file.disagrees("the payload has it twice"));
        }
        Ok(file)
    }

    /// Whether the payload holds no content for this name of a file, because a later name has it. Only asked where the
    /// payload itself does not say (files above 4 GiB).
    pub(super) fn comes_later(&self, at: usize) -> bool {
        self.files.get(at).is_some_and(|file| self.owed.get(&file.inode).is_some_and(|left| *left > 1))
    }

    /// Takes the content of a regular file, where the payload has one; the error is of this file only.
    pub(super) fn content(&mut self, at: usize, sums: &Sums) -> Result<(), ForeignError> {
        let algorithm = self.algorithm;
        let Some(file) = self.files.get_mut(at) else { return Ok(()) };
        let left = self.owed.entry(file.inode).or_default();
        *left = left.saturating_sub(1);
        // Another name of the same file has it, as `finish` sees.
        if sums.size == 0 && file.size > 0 {
            return Ok(());
        }
        let found = match algorithm {
            MD5 => Some(hex::encode(sums.md5)),
            tags::SHA256 => Some(hex::encode(sums.sha256)),
            // The payload's own digest covers it.
            _ => None,
        };
        if sums.size != file.size {
            return Err(file.disagrees("its size in the payload is not that in the header"));
        }
        (file.content, file.key) = (Some(sums.sha256), sums.key);
        if !file.is_ghost() && found.is_some_and(|found| found != file.digest) {
            let path = file.path.as_ref().map(TreePath::to_string).unwrap_or_default();
            return Err(ForeignError::Digest { digest: format!("digest of `/{path}`") });
        }
        Ok(())
    }

    /// Files with private keys, and files with capabilities.
    pub(super) fn surprises(&self) -> (Vec<(TreePath, &'static str)>, Vec<TreePath>) {
        let installed = || self.files.iter().filter(|file| !file.is_ghost());
        let keys = installed().filter_map(|file| Some((file.path.clone()?, file.key?)));
        let capable = installed().filter(|file| !file.capabilities.is_empty()).filter_map(|file| file.path.clone());
        (keys.collect(), capable.collect())
    }

    /// Contents by inode, where a name of the file has brought it.
    fn contents(&self) -> HashMap<(u32, u32), ([u8; 32], u64)> {
        self.files.iter().filter_map(|file| Some((file.inode, (file.content?, file.size)))).collect()
    }

    /// All files for people, ghosts too, in the header's order.
    pub(super) fn parts(&self) -> Vec<Part> {
        let contents = self.contents();
        self.files.iter().map(|file| file.part(self.algorithm, &contents)).collect()
    }

    /// What is installed; what the payload owes is noted.
    pub(super) fn finish(self, seen: &mut Seen) -> Vec<Item> {
        let contents = self.contents();
        let mut items = Items::new(&self.limits);
        for file in self.files.into_iter().filter(|file| !file.is_ghost()) {
            let item = file.installed(&contents);
            let added = item.and_then(|item| item.map_or(Ok(()), |item| items.add_counted(item)));
            seen.take(added);
        }
        items.finish(seen)
    }
}

/// A device or a pipe: for people rpm's own matter, and for whoever ships it a reason not to.
fn special(path: &str, seen: &mut Seen) {
    let (path, what) = (shown(path.as_bytes()), "a device or a pipe");
    if seen.is_describing {
        seen.special(&path, what);
    } else {
        seen.fault(ForeignError::Unsupported(format!("`{path}`, which is {what}")));
    }
}

impl File {
    fn is_ghost(&self) -> bool {
        self.flags & GHOST != 0
    }

    /// Its content, wherever the payload has it.
    fn content_in(&self, contents: &HashMap<(u32, u32), ([u8; 32], u64)>) -> Option<[u8; 32]> {
        self.content.or_else(|| {
            let (sha256, size) = contents.get(&self.inode)?;
            (*size == self.size).then_some(*sha256)
        })
    }

    /// As it is installed; `None` for the root and for what is no file.
    fn installed(self, contents: &HashMap<(u32, u32), ([u8; 32], u64)>) -> Result<Option<Item>, ForeignError> {
        if !self.seen {
            return Err(self.disagrees("the header lists it, but the payload does not have it"));
        }
        let kind = match (&self.what, self.content_in(contents)) {
            (What::Dir, _) => ItemKind::Dir,
            (What::Link(target), _) => ItemKind::Symlink { target: target.clone() },
            (What::Regular, Some(sha256)) => ItemKind::File { size: self.size, sha256 },
            (What::Special, _) => return Ok(None),
            (What::Regular, None) => return Err(self.disagrees("no name of it has content in the payload")),
        };
        let Some(path) = self.path else { return Ok(None) };
        let (mode, config) = (u32::from(self.mode & !TYPE), self.flags & CONFIG != 0);
        Ok(Some(Item { path, kind, mode, owner: self.owner, config }))
    }

    /// As people see it: the digests that the header says, where nothing was unpacked.
    fn part(&self, algorithm: u32, contents: &HashMap<(u32, u32), ([u8; 32], u64)>) -> Part {
        let said = (!self.digest.is_empty()).then(|| self.digest.clone());
        let is_file = self.what == What::Regular;
        let found = self.content_in(contents).filter(|_| is_file && !self.is_ghost()).map(hex::encode);
        Part {
            path: self.path.as_ref().map_or_else(|| "/".to_owned(), |path| format!("/{path}")),
            kind: match &self.what {
                What::Dir => PartKind::Dir,
                What::Regular => PartKind::File,
                What::Link(_) => PartKind::Symlink,
                What::Special => PartKind::Special,
            },
            mode: Some(format!("{:04o}", self.mode & !TYPE)),
            owner: Some(self.owner.user.clone()),
            group: Some(self.owner.group.clone()),
            size: is_file.then_some(self.size),
            time: None,
            target: if let What::Link(target) = &self.what { Some(target.clone()) } else { None },
            sha256: found.or_else(|| said.clone().filter(|_| algorithm == tags::SHA256)),
            md5: said.filter(|_| algorithm == MD5),
            marks: MARKS.iter().filter(|(flag, _)| self.flags & flag != 0).map(|(_, word)| *word).collect(),
            capabilities: (!self.capabilities.is_empty()).then(|| self.capabilities.clone()),
            made_anew: false,
        }
    }

    pub(super) fn disagrees(&self, what: &str) -> ForeignError {
        match &self.path {
            Some(path) => ForeignError::Disagrees { path: path.clone(), what: what.to_owned() },
            None => malformed(format!("`/`: {what}")),
        }
    }
}
