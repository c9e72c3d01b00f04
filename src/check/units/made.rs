//! What a package makes where it is installed, beside its files: accounts, and paths of tmpfiles.d(5).

use std::collections::BTreeSet;

use super::files::text;
use crate::{
    format::Meta,
    stage::{Kind, Tree},
};

/// Types of lines of tmpfiles.d(5) that make what they name.
const MADE: [char; 9] = ['d', 'D', 'v', 'q', 'Q', 'f', 'F', 'L', 'C'];

/// What is made where a package is installed, beside its files.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Users and groups: the recipe's, and those of sysusers.d(5).
    pub(super) accounts: BTreeSet<String>,
    /// Paths of tmpfiles.d(5), and the folders above them.
    paths: BTreeSet<String>,
}

impl Made {
    pub(super) fn of(tree: &Tree, meta: &Meta) -> std::io::Result<Self> {
        let mut made = Self::default();
        made.accounts.extend(meta.users.iter().map(|user| user.name.to_string()));
        for (path, entry) in tree.iter() {
            let path = path.as_str();
            let folder =
                path.rsplit_once('/').and_then(|(folder, _)| folder.rsplit_once('/')).map_or("", |(_, name)| name);
            let is_one = ["sysusers.d", "tmpfiles.d"].contains(&folder)
                && ["etc/", "lib/", "usr/lib/", "usr/local/lib/"].iter().any(|root| path.starts_with(root))
                && path.rsplit('.').next() == Some("conf")
                && matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. });
            let Some(text) = (if is_one { text(tree, entry)? } else { None }) else { continue };
            for line in text.lines() {
                let words: Vec<&str> = line.split_whitespace().collect();
                match (folder, words.as_slice()) {
                    ("sysusers.d", ["u" | "u!" | "g", name, ..]) => made.account(name),
                    // Both are made where they are not there.
                    ("sysusers.d", ["m", user, group, ..]) => {
                        for name in [user, group] {
                            made.account(name);
                        }
                    }
                    ("tmpfiles.d", [kind, path, ..]) if kind.starts_with(MADE) => made.path(path),
                    _ => {}
                }
            }
        }
        Ok(made)
    }

    fn account(&mut self, name: &str) {
        self.accounts.insert(name.to_owned());
    }

    fn path(&mut self, path: &str) {
        let path = path.trim_matches('"').trim_end_matches('/');
        if path.contains('%') {
            return;
        }
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).chain([path.len()]);
        self.paths.extend(ends.map(|end| path[..end].to_owned()));
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.contains(path.trim_end_matches('/'))
    }
}
