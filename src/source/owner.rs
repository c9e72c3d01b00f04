//! Who may change what lies in a folder. A store that others may write is no proof of anything: whoever put an entry there may have
//! put any bytes under any key.

mod acl;

use std::{
    fmt, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;

/// The caller, who believes its own files, those of root, and those of whoever owns the project that it builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedOwners {
    uids: Vec<u32>,
    /// Whoever may write in the project's folder, or above it, says what is built anyway.
    project: Option<PathBuf>,
}

/// Why something may have been changed by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    path: PathBuf,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Owner(u32),
    Mode(u32),
    Acl,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.why {
            Why::Owner(uid) => write!(f, "`{path}` belongs to user {uid}"),
            Why::Mode(mode) => write!(f, "others may write in `{path}` (mode {mode:04o})"),
            Why::Acl => write!(f, "others may write in `{path}` (its access control list: `getfacl`)"),
        }
    }
}

impl Doubt {
    /// What to type where the place is one's own after all.
    #[must_use]
    pub fn help(&self) -> String {
        let path = self.path.display();
        match self.why {
            Why::Owner(_) => format!("`chown -R {} {path}`", rustix::process::geteuid().as_raw()),
            Why::Mode(_) => format!("`chmod -R go-w {path}`"),
            Why::Acl => format!("`setfacl -R -b {path}`"),
        }
    }
}

impl TrustedOwners {
    /// Those whom the caller believes in a project.
    #[must_use]
    pub fn for_project(project: &Path) -> Self {
        let mut uids = vec![0, rustix::process::geteuid().as_raw()];
        uids.extend(fs::metadata(project).map(|meta| meta.uid()));
        Self { uids, project: fs::canonicalize(project).ok() }
    }

    /// Why a folder, or what is above it, may have been changed by others; `None` where it cannot have been, and where it is not there.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn doubt(&self, folder: &Path) -> io::Result<Option<Doubt>> {
        let real = match fs::canonicalize(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            real => real?,
        };
        // A link to it is changed by whoever may write beside the link.
        let written = std::path::absolute(folder)?;
        for (path, is_above) in std::iter::once((real.as_path(), false)).chain(above(&real)).chain(above(&written)) {
            if self.project.as_ref().is_some_and(|project| project.starts_with(path)) {
                continue;
            }
            let meta = fs::symlink_metadata(path)?;
            if let Some(why) = self.judge(path, &meta, is_above)? {
                return Ok(Some(Doubt { path: path.to_owned(), why }));
            }
        }
        Ok(None)
    }

    /// The same of what lies in a folder that is believed: the names from it down to a file.
    ///
    /// # Errors
    /// When one of them cannot be looked at.
    pub fn doubt_below(&self, folder: &Path, names: &[&str]) -> io::Result<Option<Doubt>> {
        let mut path = folder.to_owned();
        for name in names {
            path.push(name);
            let meta = fs::symlink_metadata(&path)?;
            if let Some(why) = self.judge(&path, &meta, false)? {
                return Ok(Some(Doubt { path, why }));
            }
        }
        Ok(None)
    }

    fn judge(&self, path: &Path, meta: &std::fs::Metadata, is_above: bool) -> io::Result<Option<Why>> {
        if !self.uids.contains(&meta.uid()) {
            return Ok(Some(Why::Owner(meta.uid())));
        }
        let mode = meta.mode() & 0o7777;
        // Links have no mode of their own. In a sticky folder (/tmp) only the owner renames a file.
        if meta.file_type().is_symlink() || (is_above && mode & 0o1000 != 0) {
            return Ok(None);
        }
        // A user's own group has its number (useradd(8), USERGROUPS_ENAB): no other user is in it.
        let private = meta.gid() == meta.uid();
        let others = mode & 0o002 != 0 || (mode & 0o020 != 0 && !private);
        if others {
            return Ok(Some(Why::Mode(mode)));
        }
        // Where there is a list, the mode's bits of the group are its mask, and say nothing of users that it names.
        let own_group = if private { Some(meta.gid()) } else { None };
        Ok(acl::lets_others_write(path, &self.uids, own_group)?.then_some(Why::Acl))
    }
}

/// Everything above a path.
fn above(path: &Path) -> impl Iterator<Item = (&Path, bool)> {
    path.ancestors().skip(1).map(|path| (path, true))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_may_write_is_not_believed() {
        let root = tempfile::tempdir().unwrap();
        let (project, store) = (root.path().join("project"), root.path().join("a/store"));
        for folder in [&project, &store.join("products")] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let trusted = TrustedOwners::for_project(&project);
        let doubt = || trusted.doubt(&store).unwrap().map(|doubt| doubt.to_string());
        assert_eq!(doubt(), None);
        assert_eq!(trusted.doubt(&root.path().join("nowhere")).unwrap(), None);
        set(&store, 0o777);
        assert!(doubt().unwrap().contains("others may write in"), "{:?}", doubt());
        set(&store, 0o1777);
        assert!(doubt().is_some(), "others may put a first entry there");
        set(&store, 0o755);
        set(&root.path().join("a"), 0o777);
        assert!(doubt().is_some(), "others may put another store in its place");
        set(&root.path().join("a"), 0o1777);
        assert_eq!(doubt(), None, "as in /tmp");
        set(&store.join("products"), 0o707);
        assert!(trusted.doubt_below(&store, &["products"]).unwrap().is_some());
        // Of the project's own store, only folders below the project are looked at.
        set(root.path(), 0o777);
        let own = project.join("wheels");
        std::fs::create_dir(&own).unwrap();
        assert_eq!(trusted.doubt(&own).unwrap(), None);
        set(&own, 0o757);
        assert!(trusted.doubt(&own).unwrap().unwrap().help().starts_with("`chmod -R go-w "));
    }

    #[test]
    fn what_belongs_to_others_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let nobody = TrustedOwners { uids: vec![4_000_000], project: None };
        let said = nobody.doubt(folder.path()).unwrap().unwrap();
        assert!(said.to_string().contains("belongs to user"), "{said}");
        assert!(said.help().starts_with("`chown -R "));
        // A link of somebody else to what is ours.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/", &link).unwrap();
        assert_eq!(TrustedOwners::for_project(Path::new("/")).doubt(&link).unwrap(), None);
    }
}
