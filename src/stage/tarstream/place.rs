//! [`Place`]: from the names of a stream to the paths of a package.

use super::{StageError, TreeError, TreePath, shown};

/// Where the names of a stream belong in the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    strip: Option<TreePath>,
    prefix: Option<TreePath>,
    absolute: bool,
}

impl Place {
    /// The names are below a folder: the archive API answers `/opt/canopsis` with `canopsis/…`, which is below `opt`.
    #[must_use]
    pub fn below(folder: TreePath) -> Self {
        Self { strip: None, prefix: Some(folder), absolute: false }
    }

    /// The names are paths already: the archive API answers `/opt` with `opt/…`.
    #[must_use]
    pub fn top() -> Self {
        Self { strip: None, prefix: None, absolute: false }
    }

    /// The stream is of `/` itself, for which the archive API gives names with a leading slash.
    #[must_use]
    pub fn root() -> Self {
        Self { strip: None, prefix: None, absolute: true }
    }

    /// What the stream calls `name` (and all below it) goes to `to`; anything else in the stream is an error.
    #[must_use]
    pub fn moved(name: TreePath, to: TreePath) -> Self {
        Self { strip: Some(name), prefix: Some(to), absolute: false }
    }

    /// The path for a name of the stream; `None` for the root of the stream, which is no entry.
    pub(crate) fn of(&self, name: &str) -> Result<Option<TreePath>, StageError> {
        self.with(name, TreePath::new)
    }

    /// The same for a name that no package may have, to ask whether it is wanted.
    pub(crate) fn strange(&self, name: &str) -> Result<Option<TreePath>, StageError> {
        self.with(name, TreePath::strange)
    }

    fn with(&self, name: &str, path: fn(&str) -> Result<TreePath, TreeError>) -> Result<Option<TreePath>, StageError> {
        let refuse = |reason| Err(StageError::Name { name: shown(name.as_bytes()), reason });
        if name.starts_with('/') && !self.absolute {
            return refuse("it is absolute");
        }
        if matches!(name, "." | "./") || (self.absolute && name == "/") {
            return Ok(None);
        }
        let below = |rest: &str, folder: &TreePath| path(&format!("{folder}/{}", path(rest)?));
        let name = path(name)?;
        match (&self.strip, &self.prefix) {
            (None, None) => Ok(Some(name)),
            (None, Some(prefix)) => Ok(Some(below(name.as_str(), prefix)?)),
            (Some(strip), to) => match name.as_str().strip_prefix(strip.as_str()) {
                Some("") => Ok(to.clone()),
                Some(rest) if rest.starts_with('/') => match to {
                    Some(to) => Ok(Some(below(rest, to)?)),
                    None => Ok(Some(path(rest)?)),
                },
                _ => refuse("it is outside of what was asked for"),
            },
        }
    }
}
