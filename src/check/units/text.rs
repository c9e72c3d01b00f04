//! `unit`: text that systemd refuses, or passes over.

use super::{files::FOLDERS, question::at};
use crate::{
    check::finding::Finding,
    names::Concern,
    stage::{Entry, Kind, TreePath},
    unit::{UnitError, advice},
};

/// Something that is wrong with the text of a unit, in the file where it is.
pub(super) fn wrong(error: &UnitError) -> Finding {
    at(Concern::Unit, &error.place, &error.reason).mend(advice(&error.reason))
}

/// A file among units that is none: systemd never looks at it.
pub(super) fn misnamed(path: &TreePath, entry: &Entry) -> Option<Finding> {
    let is_among_units = path.as_str().rsplit_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder));
    let is_file = matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. });
    let what = "has no name of a unit, as `name.service`: systemd passes over it";
    (is_among_units && is_file).then(|| {
        Finding::new(Concern::Unit, path.as_str(), what).mend("give it the name of a unit, or put it elsewhere")
    })
}
