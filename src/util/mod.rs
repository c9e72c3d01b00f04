//! Small tools without a home above: time, files, programs, masking.

pub mod allowance;
pub mod behind;
pub mod blocking;
pub mod clock;
pub mod digests;
pub mod disk;
pub mod exec;
pub mod files;
pub mod folder;
pub mod heard;
pub mod here;
pub mod lock;
pub mod mask;
pub mod pattern;
pub mod retry;
pub mod script;
pub mod shell;
pub mod shop;
pub mod size;
pub mod state;
pub mod terminal;
pub mod threads;
pub mod toml;
pub mod wrap;
