//! [`TreePath`]: where an entry is in a package. Text only: it never asks a file system.

use std::fmt;

use super::TreeError;

/// No path has more components: the folders above all of a package's files stay few.
const DEEPEST: usize = 100;

/// A path below the root of a package: no leading slash, no empty, `.` or `..` component, no NUL or control
/// character, at most 4,096 bytes and 100 components, valid UTF-8. The root itself is not an entry.
///
/// Sorted by bytes of its components, so that a folder comes before what is in it: the canonical order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TreePath(String);

impl TreePath {
    /// Checks and takes a path; leading `/` and `./` and a trailing `/` are dropped.
    ///
    /// # Errors
    /// [`TreeError::Path`] with the reason.
    pub fn new(text: &str) -> Result<Self, TreeError> {
        let path = Self::strange(text)?;
        if path.is_strange() {
            return Err(TreeError::Path {
                path: text.escape_debug().to_string(),
                reason: "it has a control character",
            });
        }
        Ok(path)
    }

    /// The same where control characters count as others: no package has such a path, but it can be asked whether one is meant to.
    pub(crate) fn strange(text: &str) -> Result<Self, TreeError> {
        let refuse = |reason| TreeError::Path { path: text.escape_debug().to_string(), reason };
        let mut rest = text.trim_start_matches('/');
        while let Some(next) = rest.strip_prefix("./") {
            rest = next.trim_start_matches('/');
        }
        let rest = rest.trim_end_matches('/');
        if rest.is_empty() || rest == "." {
            return Err(refuse("it names the root"));
        }
        if rest.len() > 4096 {
            return Err(refuse("it is longer than 4,096 bytes"));
        }
        if rest.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            return Err(refuse("it has an empty, `.` or `..` component"));
        }
        if rest.split('/').count() > DEEPEST {
            return Err(refuse("it is more than 100 folders deep"));
        }
        Ok(Self(rest.to_owned()))
    }

    /// Whether it is one that no package has.
    pub(crate) fn is_strange(&self) -> bool {
        self.0.chars().any(char::is_control)
    }

    /// The text without a leading slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder it is in; `None` at the top.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// It placed below a folder.
    ///
    /// # Errors
    /// When the result is longer than 4,096 bytes.
    pub fn below(&self, folder: &Self) -> Result<Self, TreeError> {
        Self::new(&format!("{folder}/{self}"))
    }

    /// Every folder above it, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + use<> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// Whether it is `folder` or below it.
    #[must_use]
    pub fn is_within(&self, folder: &Self) -> bool {
        self.0.strip_prefix(&folder.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Ord for TreePath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Component by component, which is byte by byte with the slash before all others: there is no NUL.
        let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
        let (one, two) = (self.0.as_bytes(), other.0.as_bytes());
        match one.iter().zip(two).find(|(a, b)| a != b) {
            Some((a, b)) => rank(*a).cmp(&rank(*b)),
            None => one.len().cmp(&two.len()),
        }
    }
}
impl PartialOrd for TreePath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_relative_and_plain() {
        for (given, kept) in [("/a/b", "a/b"), ("./a", "a"), ("a/", "a"), ("././/a/b/", "a/b"), ("a.b/..c", "a.b/..c")]
        {
            assert_eq!(TreePath::new(given).unwrap().as_str(), kept);
        }
        for bad in ["", "/", ".", "./", "a/../b", "..", "a//b", "a/./b", "a\0b", "a\nb", "a\u{85}b"] {
            assert!(TreePath::new(bad).is_err(), "{bad:?}");
        }
        assert!(TreePath::new(&"a".repeat(4097)).is_err());
        assert!(TreePath::new(&"a/".repeat(DEEPEST)).is_ok() && TreePath::new(&"a/".repeat(DEEPEST + 1)).is_err());
    }

    fn paths() -> impl Strategy<Value = Vec<TreePath>> {
        let text = prop::collection::vec("[ab.0-]{1,3}", 1..4)
            .prop_map(|parts| parts.join("/"))
            .prop_filter_map("a path", |text| TreePath::new(&text).ok());
        prop::collection::vec(text, 1..40)
    }

    proptest! {
        #[test]
        fn a_folder_is_followed_by_all_that_is_in_it(mut all in paths()) {
            all.sort();
            all.dedup();
            for (at, folder) in all.iter().enumerate() {
                let below = all.iter().filter(|path| path.is_within(folder)).count();
                prop_assert!(all[at..at + below].iter().all(|path| path.is_within(folder)));
            }
        }

        #[test]
        fn paths_are_in_the_order_of_their_components(one in "[ab/.!é]{1,8}", two in "[ab/.!é]{1,8}") {
            if let (Ok(one), Ok(two)) = (TreePath::new(&one), TreePath::new(&two)) {
                prop_assert_eq!(one.cmp(&two), one.as_str().split('/').cmp(two.as_str().split('/')));
            }
        }

        #[test]
        fn taking_a_path_twice_changes_nothing(text in "\\PC{0,24}") {
            if let Ok(once) = TreePath::new(&text) {
                prop_assert_eq!(TreePath::new(once.as_str()).unwrap(), once);
            }
        }
    }
}
