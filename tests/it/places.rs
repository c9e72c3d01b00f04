//! A project that moves, and copies of it: on the same daemon, of the same user.

use std::{fs, process::Command, sync::Arc};

use crate::project::Project;

impl Project {
    /// The same project in another folder.
    pub fn move_to(mut self, name: &str) -> Self {
        let to = self.root.path().join(name);
        fs::rename(&self.folder, &to).unwrap();
        self.folder = to;
        self
    }

    /// A copy of the project in another folder, on the same daemon. `cp -a` keeps every time that can be kept.
    pub fn copy_to(&self, name: &str) -> Self {
        let to = self.root.path().join(name);
        let copied = Command::new("cp").arg("-a").args([self.folder(), &to]).status().unwrap();
        assert!(copied.success());
        Self { root: Arc::clone(&self.root), folder: to, env: self.env.clone() }
    }
}
