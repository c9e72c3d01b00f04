//! [`Finding`]: one thing that a lint has found, and what a recipe can write about it.

use crate::{
    names::{Allowance, Concern},
    stage::{CONTAINER, Tree, TreePath},
    util::allowance::{below, covers, lines},
};

/// One thing that is wrong with what is shipped, or seldom meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing; `None` for what no recipe can allow.
    pub concern: Option<Concern>,
    /// Where, without a slash at its beginning.
    pub path: String,
    /// What it is, for people: the rest of a sentence that begins with the path.
    pub what: String,
    /// How it is mended, where more is known than of all of its kind.
    pub advice: Option<String>,
    /// The file of the project that it came from, where it did.
    pub from: Option<String>,
}

impl Finding {
    /// A thing of a kind at a place.
    pub fn new(concern: Concern, path: &str, what: impl Into<String>) -> Self {
        Self { concern: Some(concern), path: path.to_owned(), what: what.into(), advice: None, from: None }
    }

    /// What no recipe can allow, and how it is mended.
    pub fn never(path: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { concern: None, path: path.to_owned(), what: what.into(), advice, from: None }
    }

    /// The same with how it is mended, where that is not said yet.
    #[must_use]
    pub fn mend(self, advice: impl Into<String>) -> Self {
        Self { advice: self.advice.or_else(|| Some(advice.into())), ..self }
    }

    /// The same with the file that the tree has it from.
    #[must_use]
    pub fn out_of(self, tree: &Tree) -> Self {
        let entry = TreePath::new(&self.path).ok().and_then(|path| tree.get(&path));
        let origin = entry.map(|entry| entry.origin.to_string()).filter(|origin| origin != CONTAINER);
        Self { from: origin.filter(|origin| *origin != self.path), ..self }
    }

    /// Whether an entry of the recipe is about it.
    #[must_use]
    pub fn is_meant_by(&self, allowance: &Allowance) -> bool {
        self.concern.is_some_and(|concern| covers(allowance, concern, &self.path))
    }
}

/// How paths are written of something that is shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// As in a system: `/usr/bin/x`.
    Absolute,
    /// As in a folder: `files/x`.
    Relative,
}

impl Paths {
    /// A path without a slash at its beginning, as people read it.
    #[must_use]
    pub fn shown(self, path: &str) -> String {
        let path = path.escape_debug();
        match self {
            Self::Absolute => format!("/{path}"),
            Self::Relative => path.to_string(),
        }
    }

    /// The line of a recipe that allows a thing at places without a slash at their beginning.
    #[must_use]
    pub fn allow(self, concern: Concern, places: &[&str]) -> String {
        lines(concern, places.iter().map(|path| self.written(path)))
    }

    /// The line that allows it everywhere below a folder.
    #[must_use]
    pub fn allow_below(self, concern: Concern, folder: &str) -> String {
        below(concern, &self.written(folder))
    }

    fn written(self, path: &str) -> String {
        if self == Self::Absolute { format!("/{path}") } else { path.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted() {
        let allow = |paths: Paths, path| paths.allow(Concern::PrivateKey, &[path]);
        assert_eq!(
            allow(Paths::Absolute, "opt/x/lib/python3.11/site-packages/a.pem"),
            "`allow = [{ check = \"private-key\", path = \"/opt/x/lib/python3.*/site-packages/a.pem\", reason = \"…\" }]`"
        );
        assert!(allow(Paths::Relative, "a/[id].pem").contains("path = \"a/\\\\[id\\\\].pem\""));
        let finding = Finding::new(Concern::PrivateKey, "a/[id].pem", "a private key");
        let allowance = |path: &str| Allowance {
            check: Concern::PrivateKey,
            path: path.to_owned(),
            reason: "x".to_owned(),
            at: 0..0,
        };
        assert!(finding.is_meant_by(&allowance(r"a/\[id\].pem")));
    }

    #[test]
    fn the_nearest_advice_stays() {
        let finding = Finding::new(Concern::Machine, "a", "is odd").mend("first").mend("second");
        assert_eq!(finding.advice.as_deref(), Some("first"));
    }
}
