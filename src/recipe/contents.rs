//! [`Content`]: an entry of `contents`, as images and packages have it, and the folders that no entry owns.

use std::{borrow::Cow, collections::BTreeSet, path::Path};

use crate::{names::Account, util::toml::Span};

/// One entry of `contents`.
///
/// In a package an absolute `src` is in the container, a relative one in the project; in an image every `src` is in the
/// project.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Content {
    /// `src`: a file, a folder (taken whole), or a glob (`*`, `**`, `?`, `{a,b}`, `[…]`); empty for `type = "dir"`.
    pub src: String,
    /// `dst`: absolute; the same as `src` where it is in the container and nothing is said.
    pub dst: String,
    /// `type`.
    pub kind: ContentKind,
    /// `file_info`.
    pub info: FileInfo,
    /// `optional`: it may match nothing in the container.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Where `src` is in the recipe; the entry where there is none.
    #[serde(skip)]
    pub at: Span,
}

impl Content {
    /// Whether `src` names files of the project.
    #[must_use]
    pub fn is_of_project(&self) -> bool {
        let is_named = !matches!(self.kind, ContentKind::Symlink | ContentKind::Dir);
        is_named && !self.in_container() && !self.src.is_empty()
    }

    /// What is looked for: `src`, and of a folder that is taken as `/` all that is in it, also where a link leads there.
    #[must_use]
    pub fn pattern(&self) -> Cow<'_, str> {
        match (&self.kind, self.src.as_str()) {
            (ContentKind::Tree, ".") => "**".into(),
            (ContentKind::Tree, folder) => format!("{folder}/**").into(),
            (_, src) => src.into(),
        }
    }

    /// Whether `src` is in the container.
    #[must_use]
    pub fn in_container(&self) -> bool {
        self.src.starts_with('/')
    }

    /// Whether its files and folders have another owner or group than root.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.info.owner.is_some() || self.info.group.is_some()
    }

    /// The folders that come into being with its files, whose absolute paths are given: from `dst` down, but for those that every
    /// system has.
    #[must_use]
    pub fn own_folders<'p>(&self, paths: impl Iterator<Item = &'p str>) -> BTreeSet<String> {
        let top = Path::new(&self.dst);
        let above = paths.flat_map(|path| Path::new(path).ancestors().skip(1));
        let own = above.filter(|folder| folder.starts_with(top)).map(|folder| folder.to_string_lossy().into_owned());
        own.filter(|folder| !is_of_system(folder)).collect()
    }
}

/// Folders that every system has (Filesystem Hierarchy Standard 3.0, and systemd's).
const OF_SYSTEM: [&str; 46] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/etc/default",
    "/etc/opt",
    "/etc/systemd",
    "/etc/systemd/system",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib/systemd",
    "/usr/lib/systemd/system",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/usr/share/doc",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/opt",
    "/var/spool",
    "/var/tmp",
];

/// Whether an absolute path is a folder that every system has.
#[must_use]
pub fn is_of_system(path: &str) -> bool {
    OF_SYSTEM.contains(&if path.len() > 1 { path.trim_end_matches('/') } else { path })
}

/// The types of contents.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentKind {
    /// `type` not given: files as they are.
    Files,
    /// `dir` of a package: a folder of the project as `/`, but for what other entries name of it: that is theirs.
    Tree,
    /// `"dir"`: an empty folder at `dst`.
    Dir,
    /// `"config"`, `"config|noreplace"`, `"config|missingok"`: of files already taken, or of the files it adds.
    Config {
        /// `|noreplace`.
        noreplace: bool,
        /// `|missingok`.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        missingok: bool,
    },
    /// `"state"`: folders whose contents are made at run time: shipped empty, kept at removal, emptied at purge.
    State,
    /// `"doc"`.
    Doc,
    /// `"license"`.
    License,
    /// `"service"`: a systemd unit of the project, installed where the platform wants it.
    Service(Service),
    /// `"symlink"`: `src` is the link's target, as written.
    Symlink,
    /// `"exclude"`: files already taken that are left out.
    Exclude,
}

/// What a unit does at installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Service {
    /// `enable`, true when nothing is said (a template never is).
    pub enable: bool,
    /// `start`, true when nothing is said.
    pub start: bool,
    /// Whether the recipe itself says `enable = true`: then the unit has to be one that can be enabled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
}

/// `file_info`, nFPM's word.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct FileInfo {
    /// `mode`, 0 to 0o7777; the file's own (container) or 0644/0755 (project) otherwise.
    pub mode: Option<u32>,
    /// `owner`, else root (project) or the container's.
    pub owner: Option<Account>,
    /// `group`.
    pub group: Option<Account>,
    /// Where the owner is in the recipe; empty where there is none.
    #[serde(skip)]
    pub owner_at: Span,
    /// Where the group is: in `group`, or behind the owner.
    #[serde(skip)]
    pub group_at: Span,
}
