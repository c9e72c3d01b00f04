//! [`ModuleError`]: why a module's tree is not made.

use std::io;

use crate::{
    format::{wheel::WheelError, zip::ZipError},
    stage::{TreeError, TreePath},
};

/// Why a module's tree is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// The archive of the interpreter.
    #[error("the interpreter's archive: {0}")]
    Base(#[source] ZipError),
    /// The archive holds something else.
    #[error(
        "the interpreter's archive has no `{path}`: it is no NuGet package of Python {version}, or one of another version"
    )]
    NoInterpreter {
        /// What is missing, as it is called there.
        path: String,
        /// The version that is asked for.
        version: String,
    },
    /// A wheel.
    #[error("{name}: {error}")]
    Wheel {
        /// Its name and version.
        name: String,
        /// What is wrong with it.
        error: WheelError,
    },
    /// A pattern of what is left out.
    #[error("`{pattern}` is no pattern of paths: {reason}")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A program of another machine.
    #[error("`/{path}` (from {origin}) is for machine {found:#06x}, and the module for {wanted} ({number:#06x})")]
    Machine {
        /// The program.
        path: TreePath,
        /// Where it came from.
        origin: String,
        /// The number of its machine.
        found: u16,
        /// The module's.
        wanted: &'static str,
        /// Its number.
        number: u16,
    },
    /// A program that is none.
    #[error("`/{path}` (from {origin}): {reason}")]
    Program {
        /// The program.
        path: TreePath,
        /// Where it came from.
        origin: String,
        /// Why.
        reason: String,
    },
    /// Two files under one path.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Reading or writing failed.
    #[error("making the module's tree: {0}")]
    Io(#[from] io::Error),
}
