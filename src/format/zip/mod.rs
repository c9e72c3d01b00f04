//! Zip archives as packages of agents and wheels are: deflate or stored, no encryption, no comment, no links. The reader takes nothing on
//! trust: every offset, size and ratio is bounded, and what two readers could see differently is refused.

mod central;
mod error;
mod layout;
mod limits;
mod names;
mod read;
mod write;

pub use error::{WriteError, ZipError};
pub use limits::Limits;
pub use names::{folded, is_device, safe};
pub use read::{Archive, Entry};
pub use write::Writer;

#[cfg(test)]
mod tests;
