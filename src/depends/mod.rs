//! What a package needs because of the programs and libraries in it, found by itself: as dpkg-shlibdeps(1) answers for Debian packages.
//! Pure: reads bytes that it is given, and starts nothing.

pub mod deb;
pub mod elf;
pub mod linker;
mod shipped;
mod tree;

pub use shipped::{Leads, Native, Script, Shipped, merged};
pub use tree::shipped;
