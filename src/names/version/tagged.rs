//! The two halves of a tag: its numbers, and what follows them.

/// The numbers of a tag, and what is known of the scheme by them alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tagged<'t> {
    /// The whole tag, for messages.
    pub(super) tag: &'t str,
    /// `2.5.0`, with `.` between all of them.
    pub(super) numbers: &'t str,
    /// Whether the first one is a year, or the second one a month with its zero.
    pub(super) is_calendar: bool,
    /// Whether SemVer would read what follows: three numbers without leading zeros, and a dash.
    pub(super) is_semver: bool,
}

/// What follows the numbers, in words of dpkg and rpm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Suffix {
    pub(super) text: String,
    pub(super) remark: Option<String>,
}
