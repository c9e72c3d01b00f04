//! Platforms: a distro release as data. One file of `platforms/` each, compiled in; a file of the same name in the
//! user's project wins. Nothing here knows a recipe.

mod catalogue;
mod embedded;
mod read;
#[cfg(test)]
mod tests;
mod types;

pub use catalogue::{Catalogue, PlatformError, Unknown};
pub use types::{
    AptOption, Base, Bootstrap, BootstrapTool, Family, Host, KEYRING_FOLDERS, Keyring, Manager, Packaging, Platform,
    Python, PythonDists, Quirk, Relations, Seed, Signature, TestTools, Variant,
};
