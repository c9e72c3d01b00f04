//! [`Identity`]: a key with its certificate, and those between it and what is trusted.

use super::{Certificate, Password, RsaKey, SignError};

/// Who signs.
#[derive(Debug)]
pub struct Identity {
    /// The key.
    pub key: RsaKey,
    /// Its certificate first, then the others in their order.
    pub chain: Vec<Certificate>,
}

impl Identity {
    /// A key from a PEM file, and the certificates of another; that of the key is found among them.
    ///
    /// # Errors
    /// [`SignError`]; [`SignError::OtherKey`] where no certificate is the key's.
    pub fn read(key: &[u8], password: Option<&Password>, certificates: &[u8]) -> Result<Self, SignError> {
        let key = RsaKey::read(key, password)?;
        Self::new(key, Certificate::all_from_pem(certificates)?)
    }

    /// The same of what was read.
    ///
    /// # Errors
    /// [`SignError::OtherKey`] where no certificate is the key's.
    pub fn new(key: RsaKey, mut chain: Vec<Certificate>) -> Result<Self, SignError> {
        let modulus = key.modulus();
        let own = chain.iter().position(|certificate| certificate.has_modulus(&modulus));
        let own =
            own.ok_or_else(|| SignError::OtherKey(chain.first().map(Certificate::subject).unwrap_or_default()))?;
        chain[..=own].rotate_right(1);
        Ok(Self { key, chain })
    }

    /// The signer's certificate.
    ///
    /// # Errors
    /// Never, as long as it was made by [`Identity::new`].
    pub fn certificate(&self) -> Result<&Certificate, SignError> {
        self.chain.first().ok_or(SignError::NoCertificate)
    }
}
