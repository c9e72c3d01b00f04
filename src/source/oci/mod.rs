//! A registry, spoken to directly (OCI Distribution Specification 1.1): manifests looked up, artifacts pushed and fetched. Images
//! go through the daemon, which has their layers.
//!
//! Written here because the crates for it read bodies of any size, know neither identity tokens nor `Retry-After`, and take a
//! failed login for none. Everything a registry says is bounded and every digest is checked.

mod blob;
mod client;
mod error;
mod login;
mod manifest;

pub use blob::{Blob, Content, Counter};
pub use client::{Access, Client};
pub use error::OciError;
pub use login::Login;
pub use manifest::{Descriptor, Found, Manifest, media};
