//! [`CheckoutId`]: which checkout of a project something belongs to, without its path being told.

use std::{fmt, os::unix::ffi::OsStrExt as _, path::Path};

use super::Sha256;

/// How many digits of the digest are taken.
const DIGITS: usize = 16;

/// The name of a checkout in labels and folders: 16 hexadecimal digits that its place gives. Two checkouts of one project differ in
/// it, and one that is moved gets another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckoutId(String);

impl CheckoutId {
    /// The id of the checkout in `folder`, an absolute path.
    #[must_use]
    pub fn for_folder(folder: &Path) -> Self {
        Self(Sha256::of(folder.as_os_str().as_bytes()).as_str()[..DIGITS].to_owned())
    }

    /// As labels have it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CheckoutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_id_and_does_not_show_in_it() {
        let id = CheckoutId::for_folder(Path::new("/srv/shop"));
        assert_eq!(id.as_str(), &Sha256::of("/srv/shop").as_str()[..16]);
        assert_ne!(id, CheckoutId::for_folder(Path::new("/srv/shop2")));
        assert!(id.as_str().bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
