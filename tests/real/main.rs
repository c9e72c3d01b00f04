//! The whole job on a real engine: `examples/canopsis` is built once, and every test looks at what came out.
//! `examples/collect`, `examples/wapt-hello`, `tests/data/beacon` and `tests/data/lamp` are for what it does not have. Run by `make real`; ignored otherwise, because
//! it takes minutes and wants an engine.
#![expect(clippy::disallowed_methods, reason = "a test may look at its surroundings")]
#![expect(clippy::expect_used, reason = "a test may end at the first surprise")]

mod bases;
mod collect;
mod contents;
mod endure;
mod faults;
mod house;
mod images;
mod packages;
mod plain;
mod platforms;
mod push;
mod referee;
#[allow(dead_code, reason = "not all of it is used here and in the faults")]
#[path = "../shared/registry.rs"]
mod registry;
mod rpm;
mod wapt;
mod wheels;
