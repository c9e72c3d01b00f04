//! Alpine's packages: known, so that recipes and platforms can name them, and not written yet.

pub mod facts;

/// None yet.
pub(super) const WRITER: Option<super::Writer> = None;
