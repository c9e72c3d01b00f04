//! [`Scheme`]: where the files of a distribution go in a virtual environment on Windows.

use crate::stage::{TreeError, TreePath};

/// A virtual environment on Windows.
#[derive(Debug, Clone)]
pub struct Scheme {
    /// Where it is in the tree: `.venv`.
    pub folder: TreePath,
    /// Where that is on Windows, without a backslash at its end: `C:\ProgramData\x\.venv`.
    pub on_windows: String,
    /// The interpreter's version, two numbers: `3.13`.
    pub python: String,
}

/// The kinds of files in a wheel's `.data` folder.
pub(super) const KINDS: [&str; 5] = ["purelib", "platlib", "scripts", "headers", "data"];

impl Scheme {
    /// A path below the folder of packages.
    pub(super) fn packages(&self, path: &str) -> Result<TreePath, TreeError> {
        TreePath::new(&format!("{}/Lib/site-packages/{path}", self.folder))
    }

    /// A path below the folder of programs.
    pub(super) fn scripts(&self, path: &str) -> Result<TreePath, TreeError> {
        TreePath::new(&format!("{}/Scripts/{path}", self.folder))
    }

    /// Where a file of a kind of the distribution `name` goes.
    pub(super) fn place(&self, kind: &str, name: &str, path: &str) -> Result<TreePath, TreeError> {
        match kind {
            "scripts" => self.scripts(path),
            "headers" => TreePath::new(&format!("{}/include/site/python{}/{name}/{path}", self.folder, self.python)),
            "data" => TreePath::new(&format!("{}/{path}", self.folder)),
            _ => self.packages(path),
        }
    }

    /// How a path is written in a list that lies in the folder of packages.
    pub(super) fn listed(&self, path: &TreePath) -> String {
        let packages = format!("{}/Lib/site-packages/", self.folder);
        if let Some(below) = path.as_str().strip_prefix(&packages) {
            return below.to_owned();
        }
        let folder = format!("{}/", self.folder);
        format!("../../{}", path.as_str().strip_prefix(&folder).unwrap_or(path.as_str()))
    }

    /// The interpreter on Windows; without a console where that is meant.
    pub(super) fn interpreter(&self, has_console: bool) -> String {
        format!("{}\\Scripts\\python{}.exe", self.on_windows, if has_console { "" } else { "w" })
    }
}
