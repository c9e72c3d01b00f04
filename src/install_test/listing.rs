//! A package's list of files as its package step left it in `.factory/records`, one JSON object a line: what must be
//! there after its installation.

use std::collections::BTreeSet;

pub use crate::work::package::run::{Line, read_listing as read};

/// The fewest paths that hold everything of a listing, at most about `most` of them: a folder instead of many files
/// in it.
#[must_use]
pub fn roots<'a>(lines: impl Iterator<Item = &'a Line>, most: usize) -> BTreeSet<String> {
    let mut roots = topmost(&lines.map(|line| line.path.clone()).collect());
    while roots.len() > most {
        let parent =
            |path: &String| path.rsplit_once('/').map_or_else(|| path.clone(), |(parent, _)| parent.to_owned());
        let wider = topmost(&roots.iter().map(parent).collect());
        if wider == roots {
            break;
        }
        roots = wider;
    }
    roots
}

/// Those that are below no other one.
fn topmost(paths: &BTreeSet<String>) -> BTreeSet<String> {
    let below = |path: &str| path.match_indices('/').any(|(end, _)| paths.contains(&path[..end]));
    paths.iter().filter(|path| !below(path)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> Line {
        Line {
            path: path.to_owned(),
            what: "dir".to_owned(),
            mode: "755".to_owned(),
            owner: "root:root".to_owned(),
            role: String::new(),
            needs: Vec::new(),
        }
    }

    fn of(paths: &[&str], most: usize) -> Vec<String> {
        roots(paths.iter().map(|path| line(path)).collect::<Vec<_>>().iter(), most).into_iter().collect()
    }

    #[test]
    fn roots_hold_everything() {
        assert_eq!(of(&["opt/x", "opt/x/a", "opt/x-y", "lib/u"], 9), ["lib/u", "opt/x", "opt/x-y"]);
        assert_eq!(of(&["opt/x/a", "opt/x/b", "opt/x/c", "etc"], 2), ["etc", "opt/x"]);
        assert_eq!(of(&["a", "b", "c"], 2), ["a", "b", "c"], "there is nothing wider");
    }

    #[test]
    fn the_form_is_the_one_of_the_package_step() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.files");
        let text =
            "{\"path\":\"etc/x\",\"what\":\"file 00\",\"mode\":\"644\",\"owner\":\"root:root\",\"role\":\"config\"}\n";
        std::fs::write(&file, text).unwrap();
        let lines = read(&file).unwrap();
        assert!(lines[0].is_config() && !lines[0].is_dir() && !lines[0].is_state());
        std::fs::write(&file, "no\n").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("x.files"));
    }
}
