//! What verbs have for WAPT packages.

pub mod build;
pub mod env;
pub mod examples;
pub mod init;
pub mod keys;
pub mod publish;
pub mod signer;
pub mod trust;
