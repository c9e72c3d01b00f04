//! Cabinets, as Windows and its agents unpack them (`expand -F:*`): [MS-CAB], with the compression of [MS-MCI] (MSZIP). What is written
//! has the same bytes on every machine, for any number of threads. Read are MSZIP, LZX and plain ones of anybody.
//!
//! A cabinet is a list of files and *folders*: a folder here is one compressed stream that holds the contents of files one behind the
//! other, in blocks of 32 KiB, and no folder of a disk.

mod checksum;
mod directory;
mod error;
mod examine;
pub mod facts;
mod layout;
mod lzx;
mod mszip;
mod names;
mod pack;
mod plan;
#[cfg(test)]
mod tests;
mod unpack;
mod write;

pub use error::CabError;
pub use write::{Cabinet, LEVEL};

/// The reader, of anybody's cabinets.
pub(super) const READER: Option<&dyn super::Reader> = Some(examine::READER);

/// None: a cabinet is written of a tree alone ([`Cabinet`]).
pub(super) const WRITER: Option<super::Writer> = None;
