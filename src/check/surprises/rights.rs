//! `setuid`, `setgid`, `world-writable`: what the mode of a file gives to everybody.

use crate::{check::finding::Finding, names::Concern};

/// What the rights of a file or folder allow. A folder with its sticky bit is one as `/tmp`.
#[must_use]
pub fn of_mode(path: &str, mode: u32, is_dir: bool) -> Vec<Finding> {
    let is_open = mode & 0o002 != 0 && !(is_dir && mode & 0o1000 != 0);
    let all = [
        (Concern::Setuid, !is_dir && mode & 0o4000 != 0, "runs as its owner"),
        (Concern::Setgid, !is_dir && mode & 0o2000 != 0, "runs as its group"),
        (Concern::WorldWritable, is_open, "can be written by everybody"),
    ];
    let found = all.into_iter().filter(|(_, is_so, _)| *is_so);
    found.map(|(concern, _, what)| Finding::new(concern, path, format!("{what}, mode {mode:04o}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_as_tmp_are_meant() {
        assert_eq!(of_mode("var/x", 0o1777, true), []);
        assert_eq!(of_mode("var/x", 0o2775, true), []);
        assert_eq!(of_mode("var/x", 0o777, true).len(), 1);
    }
}
