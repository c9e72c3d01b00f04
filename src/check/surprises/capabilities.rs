//! `capabilities`: file capabilities (capabilities(7)) that a package loses, or brings.

use crate::{check::finding::Finding, names::Concern, stage::TreePath};

/// Files whose capabilities the package will not have.
pub fn lost<'p>(paths: impl IntoIterator<Item = &'p TreePath>) -> impl Iterator<Item = Finding> {
    let what = "has file capabilities, which a package loses: set them in `scripts.postinstall`";
    paths.into_iter().map(move |path| Finding::new(Concern::Capabilities, path.as_str(), what).mend("leave it out"))
}

/// A file that has some in a package of somebody else.
pub(super) fn brought(path: &TreePath) -> Finding {
    Finding::new(Concern::Capabilities, path.as_str(), "has file capabilities").mend("leave it out")
}
