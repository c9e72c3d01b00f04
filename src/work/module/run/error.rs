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
    /// A wheel of something else than its name said.
    #[error("the wheel for {wanted} is one of {found}")]
    Other {
        /// What it should be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// What wheels need and nothing pins.
    #[error("{0}")]
    Needs(String),
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
    /// A file of the folder with the C runtime.
    #[error("`{path}` of `runtime_dlls` is {what}")]
    Runtime {
        /// Its path in there.
        path: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Reading or writing failed.
    #[error("making the module's tree: {0}")]
    Io(#[from] io::Error),
}

impl ModuleError {
    /// What to type or change next.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoInterpreter { .. } => {
                Some("name the archive of that version in `runtimes`, with the SHA-256 that its maker tells")
            }
            Self::Wheel { error: WheelError::NoLauncher { .. }, .. } => {
                Some("launchers are those that pip brings: pin `pip` in the requirements, too")
            }
            Self::Machine { .. } => Some("a runtime of another machine belongs under `[module.overrides.windows-…]`"),
            Self::Needs(_) => Some(
                "the requirements were not locked for Windows: `uv pip compile --generate-hashes --python-platform windows` \
                 finds what is needed there alone",
            ),
            Self::Runtime { .. } => {
                Some("have the libraries there and nothing else: `ucrtbase.dll`, `api-ms-win-crt-*.dll`")
            }
            _ => None,
        }
    }
}
