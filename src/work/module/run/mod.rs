//! Making the tree of a module: the interpreter and its library, a virtual environment that works from one folder of Windows, and what
//! is left out of both. Pure: archives in, a tree out.

mod base;
mod error;
mod programs;
mod strip;
#[cfg(test)]
mod tests;
mod venv;
mod whole;

pub use error::ModuleError;
pub use programs::Unmet;
pub use whole::{Assembled, Parts, assemble};
