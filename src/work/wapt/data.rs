//! What the step of a WAPT package knows.

use super::recipe::Wapt;
use crate::{event::StepId, names::PackageName};

/// See [`Work::Wapt`].
#[derive(Debug, Clone)]
pub struct WaptWork {
    /// The recipe's package.
    pub wapt: Wapt,
    /// Its attributes with the release filled in, checked.
    pub attributes: Vec<(String, String)>,
    /// The step whose image its files come from.
    pub image: Option<StepId>,
    /// The packages of this run that go into it, with their steps.
    pub packages: Vec<(PackageName, StepId)>,
    /// Date of the signature and of everything in it.
    pub epoch: i64,
}
