//! Alpine's packages: known, so that recipes and platforms can name them, and neither written nor read yet.

pub mod facts;

/// None yet.
pub(super) const READER: Option<&dyn super::Reader> = None;
/// None yet.
pub(super) const WRITER: Option<super::Writer> = None;
