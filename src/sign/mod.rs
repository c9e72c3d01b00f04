//! Signatures, and the keys and certificates behind them: RSA keys in PEM files, X.509 certificates, their chains and
//! revocation lists. Knows no format and no file: texts come in, and the time is a number.
//!
//! Signatures are made and checked by `ring`; what it does not do (making keys, reading certificates) is done by the
//! RustCrypto crates.

mod certificate;
mod chain;
mod crl;
mod der;
mod error;
mod identity;
mod key;
mod make;
mod pem;
mod pool;
mod private;

pub use certificate::Certificate;
pub use chain::{ChainError, Company, Outlived, Trust};
pub use crl::Crl;
pub use error::SignError;
pub use identity::Identity;
pub use key::{Password, RsaKey};
pub use make::{Bits, Made, Subject, certificate as make_certificate, random_bytes};
pub use pem::{bytes as pem_bytes, encode as to_pem};
pub use private::{LOOKED_AT, holds, private_key};

/// Something that signs: RSA keys now.
pub trait Signer {
    /// The signature over `message`, by the signer's own scheme.
    ///
    /// # Errors
    /// [`SignError`] when the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Base64 as PEM, JSON and control files have it: everything that is no letter of the alphabet is skipped, as Python's
/// `b64decode` does it.
///
/// # Errors
/// [`SignError::Base64`].
pub fn from_base64(text: &str) -> Result<Vec<u8>, SignError> {
    use base64::{
        Engine as _,
        alphabet::STANDARD,
        engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    };
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let letters: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || "+/".contains(*c)).collect();
    GeneralPurpose::new(&STANDARD, LENIENT).decode(letters).map_err(|_| SignError::Base64)
}

/// Base64 on one line, padded.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
