//! Modules: a Python for an agent on Windows, with the packages that its plugins need, in one cabinet.
//!
//! What is here makes the tree of one; no recipe asks for it yet.

pub mod data;
pub mod run;
