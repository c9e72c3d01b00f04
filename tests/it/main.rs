//! The program itself, driven as a user drives it, on a daemon played from a script; and the
//! house rules of the sources. `Project` in `project.rs` is the test's world: a temporary project, a script, a home.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::needless_pass_by_value, reason = "scripts are written where they are passed")]
#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "the program's own names")]
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

#[cfg(not(feature = "scripted"))]
compile_error!(
    "without its played daemon the program would meet a real one in every test: see [dev-dependencies] in Cargo.toml"
);

#[macro_use]
mod project;
mod age;
mod bases;
mod before;
mod blocks;
mod bootstrap;
mod build;
mod cab;
mod changed;
mod checkout;
mod clean;
mod collect;
mod contents;
mod deb;
mod depends;
mod depends_python;
mod depends_tools;
mod destinations;
mod disk;
mod doctor;
mod documents;
mod endure;
mod engines;
mod explain;
mod failures;
mod floors;
mod forge;
mod formats;
mod git;
mod growth;
mod help;
mod house;
mod incremental;
mod install_test;
mod interrupt;
mod json;
mod keep;
mod keys;
mod links;
mod lints;
mod local_git;
mod lockfile;
mod locks;
mod log;
mod metadata;
mod module;
mod names;
mod natives;
mod oci;
mod odd_names;
mod owners;
mod packages;
mod places;
mod plain;
mod plan;
mod platforms;
mod play;
mod played_index;
mod push;
mod push_artifacts;
mod push_trouble;
mod push_truth;
mod refusals;
mod registry;
mod repository;
mod requirements;
mod rpm;
mod rpm_install;
mod run;
mod said;
mod schedule;
mod secrets;
mod seed;
mod servers;
mod sharing;
mod show;
mod slips;
mod sources;
mod space;
mod stated;
mod step_cache;
mod tag;
mod terminal;
mod truth;
mod units;
mod unmade;
mod unused;
mod update_feed;
mod update_machine;
mod verify;
mod versions;
mod virtualenv;
mod wapt;
mod wapt_authors;
mod wapt_keys;
mod wheels;
mod whole;
mod words;
