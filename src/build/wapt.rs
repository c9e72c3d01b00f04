//! WAPT packages: files are brought together, checked, and signed.

mod parcel;
mod seal;

pub use parcel::Parcel;
pub use seal::{Sealed, seal};
