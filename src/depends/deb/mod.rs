//! What a Debian package needs because of its programs and libraries: as dpkg-shlibdeps(1) answers.
//!
//! Which package has a library, and which version of it is needed, is said by the packages of the system where it was built: their lists
//! of files, `symbols` (deb-symbols(5)) and `shlibs` (deb-shlibs(5)) below `/var/lib/dpkg/info`, which [`Index`] holds.

mod index;
mod relation;
mod resolve;
mod shlibs;
mod status;
mod symbols;
#[cfg(test)]
mod tests;
mod usual;
mod version;

pub use index::{Index, Maker};
pub use relation::{Needed, implies};
pub use resolve::{Found, Lost, Question, resolve};
pub use shlibs::names_of;
pub use symbols::SymbolsFile;
pub use usual::usual_package;
