//! `passing`: what a package ships where the next start of the machine empties the folder (Filesystem Hierarchy Standard 3.0, 3.15 and 3.18;
//! Debian policy 9.1.4).

use crate::{check::finding::Finding, names::Concern, stage::Tree};

/// Folders that do not outlive a start of the machine, or are no folders of files at all.
const PASSING: [&str; 7] = ["run/", "var/run/", "var/lock/", "tmp/", "dev/", "proc/", "sys/"];

/// Those of a tree: of a folder that is shipped with all that is in it, its top alone.
#[must_use]
pub fn passing(tree: &Tree) -> Vec<Finding> {
    let below = tree.iter().map(|(path, _)| path.as_str());
    let below = below.filter(|path| PASSING.iter().any(|folder| path.starts_with(folder)));
    let mut tops: Vec<&str> = Vec::new();
    for path in below {
        let is_within = |top: &&str| path.strip_prefix(*top).is_some_and(|rest| rest.starts_with('/'));
        if !tops.last().is_some_and(is_within) {
            tops.push(path);
        }
    }
    let what = "is gone after the next start of the machine";
    tops.into_iter().map(|path| Finding::new(Concern::Passing, path, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Role, Spool, TreePath};

    #[test]
    fn what_a_start_of_the_machine_empties() {
        let mut tree = Tree::new(Spool::new().unwrap());
        for path in ["run/x/a", "run/x/b", "run/y", "var/tmp/z", "var/run/w", "opt/run/v", "runs/u"] {
            tree.add_bytes(TreePath::new(path).unwrap(), b"x", 0o644, 0, Role::Plain, "a test").unwrap();
        }
        tree.add_parents(0).unwrap();
        let found: Vec<String> = passing(&tree).into_iter().map(|one| one.path).collect();
        assert_eq!(found, ["run/x", "run/y", "var/run/w"]);
    }
}
