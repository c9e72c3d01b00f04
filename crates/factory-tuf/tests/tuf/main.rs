//! A feed as a client meets it: what is refused, what a change of keys needs, and whether the reference implementation agrees.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and one that is left out says so"
)]

mod attacks;
mod feed;
mod properties;
mod reference;
mod rotation;
mod writing;
