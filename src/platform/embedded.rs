//! What the program brings along: every platform of `platforms/`, every seed of `platforms/seeds/`, listed by `build.rs`.

/// Ids and texts of platforms, sorted.
pub(super) const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/platforms.rs"));

/// Names and texts of seeds, as sha256sum(1) writes them: a digest and a wheel's file name in each line.
pub(super) const SEEDS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/seeds.rs"));
