//! [`Ignoring`]: the files that say which files of a folder do not count. They are read by the walk itself, which opens whatever
//! has their names: so they are looked at before.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use fs_err as fs;

use super::{IGNORE_FILE, SourceError, Whose};
use crate::util::folder::kind;

/// What `.gitignore` and its kin of a walk are. Clones share what was found.
#[derive(Debug, Clone)]
pub(super) struct Ignoring {
    whose: Whose,
    names: &'static [&'static str],
    refused: Arc<Mutex<Option<SourceError>>>,
}

impl Ignoring {
    /// The ones that count for these files.
    pub(super) fn of(whose: Whose) -> Self {
        let names: &[&str] = match whose {
            Whose::Project => &[IGNORE_FILE, ".gitignore", ".ignore"],
            Whose::Checkout => &[IGNORE_FILE],
            Whose::Package => &[],
        };
        Self { whose, names, refused: Arc::default() }
    }

    /// Looks at the folder that a walk begins in, and at those above it where they count; `root` is the project's.
    ///
    /// # Errors
    /// The first that is no regular file.
    pub(super) fn check_from(&self, folder: &Path, root: &Path) -> Result<(), SourceError> {
        if self.whose != Whose::Project {
            return self.check(folder);
        }
        let (folder, root) = (fs::canonicalize(folder)?, fs::canonicalize(root)?);
        for folder in folder.ancestors() {
            if folder.starts_with(&root) {
                self.check(folder)?;
                continue;
            }
            for name in self.names {
                // What is above a project is not its own: a user may keep links there.
                let path = folder.join(name);
                if let Ok(meta) = fs::metadata(&path)
                    && !meta.is_file()
                    && !meta.is_dir()
                {
                    return Err(not_read(&path, kind(meta.file_type())));
                }
            }
        }
        Ok(())
    }

    /// Whether a folder must not be entered for what it has under one of these names; the first one is remembered.
    pub(super) fn refuses(&self, folder: &Path) -> bool {
        let Err(error) = self.check(folder) else { return false };
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        true
    }

    /// The first refusal of a walk.
    ///
    /// # Errors
    /// That.
    pub(super) fn refused(&self) -> Result<(), SourceError> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    fn check(&self, folder: &Path) -> Result<(), SourceError> {
        for name in self.names {
            let path = folder.join(name);
            match fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_file() || meta.is_dir() => {}
                Ok(meta) => return Err(not_read(&path, kind(meta.file_type()))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn not_read(path: &Path, is: &str) -> SourceError {
    let text =
        format!("`{}` is {is}: what does not count is read from regular files only, as git does it", path.display());
    SourceError::Io(io::Error::new(io::ErrorKind::InvalidInput, text))
}
