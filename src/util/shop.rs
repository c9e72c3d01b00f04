//! [`Shop`]: a temporary folder that stays for as long as somebody works in it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// A temporary folder, or one in it. It goes with its last holder: whoever writes in it on another thread holds it, so that nothing
/// is written into a folder that is being removed.
#[derive(Debug, Clone)]
pub struct Shop {
    top: Arc<tempfile::TempDir>,
    path: PathBuf,
}

impl Shop {
    /// That of a new temporary folder.
    #[must_use]
    pub fn new(top: tempfile::TempDir) -> Self {
        Self { path: top.path().to_owned(), top: Arc::new(top) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it, which goes with it.
    #[must_use]
    pub fn below(&self, path: &Path) -> Self {
        Self { top: Arc::clone(&self.top), path: self.top.path().join(path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_its_last_holder() {
        let shop = Shop::new(tempfile::tempdir().unwrap());
        let inner = shop.below(Path::new("inner"));
        let path = shop.path().to_owned();
        drop(shop);
        assert!(path.is_dir() && inner.path() == path.join("inner"));
        drop(inner);
        assert!(!path.exists());
    }
}
