//! The updater against crashes of every kind, and with real processes and a real web server.
#![allow(clippy::needless_pass_by_value, reason = "values are written where they are passed")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crash;
#[cfg(target_os = "linux")]
mod delta;
mod model;
#[cfg(target_os = "linux")]
mod real;
#[cfg(target_os = "linux")]
mod trouble;
#[cfg(target_os = "linux")]
mod world;
