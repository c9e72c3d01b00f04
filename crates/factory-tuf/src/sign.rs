//! Keys that sign.

use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};

use crate::key::PublicKey;

/// Something that signs metadata: a key of this crate, or one in a device.
pub trait Sign {
    /// The key that signatures are held against.
    fn public(&self) -> PublicKey;

    /// The signature over a message.
    ///
    /// # Errors
    /// Where the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}

/// A key cannot be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// The bytes are not a private key.
    #[error("this is not an Ed25519 key in PKCS#8 (DER)")]
    NotAKey,
    /// A device or a service refused.
    #[error("the key does not sign: {0}")]
    Refused(String),
}

/// An Ed25519 key.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// A new key: PKCS#8 in DER (RFC 8410), to be kept in secret.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn make() -> Result<Vec<u8>, KeyError> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Random)?;
        Ok(made.as_ref().to_vec())
    }

    /// Of PKCS#8 in DER, with the public key or without it.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self).map_err(|_| KeyError::NotAKey)
    }

    /// Of its 32 secret bytes: for tests and key derivation, since nothing tells whether they are whole.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`].
    pub fn from_seed(seed: &[u8]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| KeyError::NotAKey)
    }
}

impl Sign for SigningKey {
    fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey::Ed25519(bytes)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_for_its_public_key_alone() {
        let [one, other] = [0, 1].map(|_| SigningKey::from_pkcs8(&SigningKey::make().unwrap()).unwrap());
        let signature = one.sign(b"message").unwrap();
        assert!(one.public().verifies(b"message", &signature));
        assert!(!one.public().verifies(b"massage", &signature) && !other.public().verifies(b"message", &signature));
        assert_eq!(SigningKey::from_pkcs8(b"no key").unwrap_err(), KeyError::NotAKey);
        assert!(SigningKey::from_seed(&[1; 31]).is_err());
    }
}
