//! What a package needs because of the programs and libraries in it, found by itself: as dpkg-shlibdeps(1) answers for Debian packages,
//! and the generators of rpmbuild(8) for rpm packages.
//! Pure: reads bytes that it is given, and starts nothing.

pub mod deb;
pub mod elf;
pub mod linker;
pub mod python;
pub mod rpm;
mod shipped;
mod tree;

pub use shipped::{Leads, Native, Script, Shipped, merged};
pub use tree::shipped;
