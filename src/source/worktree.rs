//! The project's own checkout: what in it no commit holds.

use std::{path::Path, process::Command};

/// Most names that are told.
const TOLD: usize = 200;

/// Files below a folder that differ from the checked-out commit or are in none, but for those that git ignores and those below
/// `except` (relative, with `/`). `None` outside a checkout, or without git.
#[must_use]
pub fn changes(folder: &Path, except: &[String]) -> Option<Vec<String>> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["status", "--porcelain=v1", "-z", "--untracked-files=normal", "--no-renames"]);
    command.args(["--", "."]);
    // What this program itself writes there is no change.
    command.args(except.iter().map(|path| format!(":(exclude){path}")));
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.split('\0').filter_map(|entry| entry.get(3..)).filter(|name| !name.is_empty());
    Some(names.take(TOLD).map(|name| name.escape_debug().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_commit_holds() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(changes(folder.path(), &[]), None);
        let git = |arguments: &[&str]| {
            let who = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
            let done = Command::new("git").arg("-C").arg(folder.path()).args(who).args(arguments).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        git(&["init", "--quiet"]);
        write("app.py", "1");
        write(".gitignore", "*.log\n");
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "first"]);
        let ours = ["packages".to_owned(), ".factory".to_owned()];
        write("build.log", "");
        write("packages/a.deb", "");
        write(".factory/lock", "");
        assert_eq!(changes(folder.path(), &ours), Some(vec![]));
        write("app.py", "2");
        write("new name.py", "");
        assert_eq!(changes(folder.path(), &ours), Some(vec!["app.py".to_owned(), "new name.py".to_owned()]));
    }
}
