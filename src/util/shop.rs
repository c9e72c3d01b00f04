//! [`Shop`]: a temporary folder that stays for as long as somebody works in it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::heard::Heard;

/// A temporary folder, or one in it. It goes with its last holder: whoever writes in it on another thread holds it, so that nothing
/// is written into a folder that is being removed.
#[derive(Debug, Clone)]
pub struct Shop {
    top: Arc<tempfile::TempDir>,
    path: PathBuf,
    /// When something was last written into it, by those who say so.
    heard: Heard,
}

impl Shop {
    /// That of a new temporary folder.
    #[must_use]
    pub fn new(top: tempfile::TempDir) -> Self {
        Self { path: top.path().to_owned(), top: Arc::new(top), heard: Heard::now() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it, which goes with it.
    #[must_use]
    pub fn below(&self, path: &Path) -> Self {
        Self { top: Arc::clone(&self.top), path: self.top.path().join(path), heard: Heard::now() }
    }

    /// The same folder for a work of its own: only what that writes is heard.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { heard: Heard::now(), ..self.clone() }
    }

    /// Something was written into it.
    pub fn hear(&self) {
        self.heard.hear();
    }

    /// Ends when nothing was written into it for so long.
    pub async fn silent_for(&self, idle_timeout: Duration) {
        self.heard.silent_for(idle_timeout).await;
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
