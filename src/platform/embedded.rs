//! The platforms that the program brings along: every file of `platforms/`, listed by `build.rs`.

/// Ids and texts, sorted.
pub(super) const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/platforms.rs"));
