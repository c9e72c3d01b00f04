//! The program itself, driven as a user drives it, on a daemon played from a script (`--features scripted`); and the
//! house rules of the sources. `Project` in `project.rs` is the test's world: a temporary project, a script, a home.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::needless_pass_by_value, reason = "scripts are written where they are passed")]
#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "the program's own names")]
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

mod floors;
mod house;
mod platforms;
mod sources;
mod virtualenv;

#[cfg(feature = "scripted")]
#[macro_use]
mod project;
#[cfg(feature = "scripted")]
mod age;
#[cfg(feature = "scripted")]
mod bases;
#[cfg(feature = "scripted")]
mod bootstrap;
#[cfg(feature = "scripted")]
mod build;
#[cfg(feature = "scripted")]
mod changed;
#[cfg(feature = "scripted")]
mod checkout;
#[cfg(feature = "scripted")]
mod clean;
#[cfg(feature = "scripted")]
mod collect;
#[cfg(feature = "scripted")]
mod contents;
#[cfg(feature = "scripted")]
mod deb;
#[cfg(feature = "scripted")]
mod destinations;
#[cfg(feature = "scripted")]
mod disk;
#[cfg(feature = "scripted")]
mod doctor;
#[cfg(feature = "scripted")]
mod endure;
#[cfg(feature = "scripted")]
mod engines;
#[cfg(feature = "scripted")]
mod failures;
#[cfg(feature = "scripted")]
mod forge;
#[cfg(feature = "scripted")]
mod git;
#[cfg(feature = "scripted")]
mod help;
#[cfg(feature = "scripted")]
mod incremental;
#[cfg(feature = "scripted")]
mod interrupt;
#[cfg(feature = "scripted")]
mod json;
#[cfg(feature = "scripted")]
mod keep;
#[cfg(feature = "scripted")]
mod keys;
#[cfg(feature = "scripted")]
mod links;
#[cfg(feature = "scripted")]
mod local_git;
#[cfg(feature = "scripted")]
mod lockfile;
mod locks;
#[cfg(feature = "scripted")]
mod log;
#[cfg(feature = "scripted")]
mod metadata;
#[cfg(feature = "scripted")]
mod names;
#[cfg(feature = "scripted")]
mod natives;
#[cfg(feature = "scripted")]
mod oci;
#[cfg(feature = "scripted")]
mod odd_names;
#[cfg(feature = "scripted")]
mod owners;
#[cfg(feature = "scripted")]
mod places;
#[cfg(feature = "scripted")]
mod plan;
#[cfg(feature = "scripted")]
mod play;
#[cfg(feature = "scripted")]
mod push;
#[cfg(feature = "scripted")]
mod push_artefacts;
#[cfg(feature = "scripted")]
mod push_trouble;
#[cfg(feature = "scripted")]
mod push_truth;
#[cfg(feature = "scripted")]
mod recall;
mod refusals;
#[cfg(feature = "scripted")]
mod registry;
#[cfg(feature = "scripted")]
mod repository;
#[cfg(feature = "scripted")]
mod requirements;
#[cfg(feature = "scripted")]
mod rpm;
#[cfg(feature = "scripted")]
mod rpm_install;
#[cfg(feature = "scripted")]
mod said;
#[cfg(feature = "scripted")]
mod schedule;
#[cfg(feature = "scripted")]
mod secrets;
#[cfg(feature = "scripted")]
mod seed;
#[cfg(feature = "scripted")]
mod servers;
#[cfg(feature = "scripted")]
mod sharing;
#[cfg(feature = "scripted")]
mod space;
#[cfg(feature = "scripted")]
mod tag;
#[cfg(feature = "scripted")]
mod trial;
#[cfg(feature = "scripted")]
mod truth;
#[cfg(feature = "scripted")]
mod units;
#[cfg(feature = "scripted")]
mod unmade;
#[cfg(feature = "scripted")]
mod unused;
#[cfg(feature = "scripted")]
mod versions;
#[cfg(feature = "scripted")]
mod wapt;
mod wapt_authors;
mod wapt_keys;
#[cfg(feature = "scripted")]
mod wheels;
#[cfg(feature = "scripted")]
mod whole;

/// Shows up as ignored where the tests against the program were left out.
#[cfg(not(feature = "scripted"))]
#[test]
#[ignore = "the program is tested with `cargo test --features scripted`"]
fn the_program_on_a_scripted_engine() {}
