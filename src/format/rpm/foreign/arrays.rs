//! The arrays of an rpm's header that together list its files.

use super::{
    files::{File, TYPE, What},
    header::Header,
    tags,
};
use crate::{
    format::foreign::{
        ForeignError,
        error::{malformed, shown},
        items::{link_target, owner_name},
    },
    stage::{Limits, Owner, TreePath},
};

/// Types of files in a mode (stat(2)).
const DIR: u16 = 0o040_000;
const REGULAR: u16 = 0o100_000;
const LINK: u16 = 0o120_000;

/// The parallel arrays of a header. rpm does without links, flags, devices and inodes where a header has none.
pub(super) struct Arrays<'h> {
    pub(super) names: Vec<&'h str>,
    folders: Vec<&'h str>,
    folder_of: Vec<u32>,
    modes: Vec<u16>,
    sizes: Vec<u64>,
    digests: Vec<&'h str>,
    links: Vec<&'h str>,
    flags: Vec<u32>,
    users: Vec<&'h str>,
    groups: Vec<&'h str>,
    devices: Vec<u32>,
    inodes: Vec<u32>,
    /// Empty where no file has any.
    capabilities: Vec<&'h str>,
}

impl<'h> Arrays<'h> {
    pub(super) fn from_header(header: &'h Header, names: Vec<&'h str>) -> Result<Self, ForeignError> {
        let sizes = match header.longs(tags::LONG_FILE_SIZES)? {
            Some(sizes) => Some(sizes),
            None => header.numbers(tags::FILE_SIZES)?.map(|sizes| sizes.into_iter().map(u64::from).collect()),
        };
        let arrays = Self {
            folders: header.texts(tags::DIR_NAMES)?.unwrap_or_default(),
            folder_of: header.numbers(tags::DIR_INDEXES)?.unwrap_or_default(),
            modes: header.shorts(tags::FILE_MODES)?.unwrap_or_default(),
            sizes: sizes.unwrap_or_default(),
            digests: header.texts(tags::FILE_DIGESTS)?.unwrap_or_default(),
            links: header.texts(tags::FILE_LINK_TOS)?.unwrap_or_else(|| vec![""; names.len()]),
            flags: header.numbers(tags::FILE_FLAGS)?.unwrap_or_else(|| vec![0; names.len()]),
            users: header.texts(tags::FILE_USER_NAME)?.unwrap_or_default(),
            groups: header.texts(tags::FILE_GROUP_NAME)?.unwrap_or_default(),
            devices: header.numbers(tags::FILE_DEVICES)?.unwrap_or_else(|| vec![1; names.len()]),
            // Without them no file has two names.
            inodes: header.numbers(tags::FILE_INODES)?.unwrap_or_else(|| (0..).take(names.len()).collect()),
            capabilities: header.texts(tags::FILE_CAPABILITIES)?.unwrap_or_default(),
            names,
        };
        let all = [
            arrays.folder_of.len(),
            arrays.modes.len(),
            arrays.sizes.len(),
            arrays.digests.len(),
            arrays.links.len(),
            arrays.flags.len(),
            arrays.users.len(),
            arrays.groups.len(),
            arrays.devices.len(),
            arrays.inodes.len(),
        ];
        if all.iter().any(|length| *length != arrays.names.len()) {
            return Err(malformed("its header lists not as many sizes, modes or owners as files"));
        }
        Ok(arrays)
    }

    /// The whole path of a file, absolute.
    pub(super) fn path(&self, at: usize) -> Result<String, ForeignError> {
        let folder = self.folders.get(self.folder_of[at] as usize).copied().unwrap_or_default();
        let name = self.names[at];
        if !folder.starts_with('/') || !folder.ends_with('/') || name.contains('/') {
            return Err(malformed(format!(
                "`{}` in `{}` is no file",
                shown(name.as_bytes()),
                shown(folder.as_bytes())
            )));
        }
        Ok(format!("{folder}{name}"))
    }

    /// One file, at its whole path.
    pub(super) fn file(&self, at: usize, path: &str, limits: &Limits) -> Result<File, ForeignError> {
        let is_root = path == "/";
        let tree_path = if is_root { None } else { Some(TreePath::new(path)?) };
        let name = |name: &str| {
            let shown = shown(name.as_bytes());
            owner_name(name.as_bytes()).ok_or_else(|| malformed(format!("`{shown}`, the owner of a file, is no name")))
        };
        let mode = self.modes[at];
        let what = match mode & TYPE {
            DIR => What::Dir,
            REGULAR => What::Regular,
            LINK => match link_target(self.links[at].as_bytes(), limits) {
                Some(target) => What::Link(target),
                None => return Err(malformed(format!("the link `{}` has no target", shown(path.as_bytes())))),
            },
            _ => What::Special,
        };
        if is_root && what != What::Dir {
            return Err(malformed("its root is no folder"));
        }
        Ok(File {
            path: tree_path,
            what,
            mode,
            size: self.sizes[at],
            digest: self.digests[at].to_owned(),
            owner: Owner { user: name(self.users[at])?, group: name(self.groups[at])? },
            flags: self.flags[at],
            inode: (self.devices[at], self.inodes[at]),
            seen: false,
            content: None,
            key: None,
            capabilities: self.capabilities.get(at).copied().unwrap_or_default().to_owned(),
        })
    }
}
