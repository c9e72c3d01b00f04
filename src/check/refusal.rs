//! [`Refusal`]: that something cannot be shipped.

/// That something cannot be shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong: a sentence, or several lines of which the first is one.
    pub message: String,
    /// What to change.
    pub help: String,
}
