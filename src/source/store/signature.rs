//! Signatures of entries (Ed25519, RFC 8032): what makes an entry believable that others could have written.

use std::{fmt, str::FromStr};

use base64::Engine as _;
use ring::{
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use super::{Key, Label};

/// How a key is written: `ed25519:` and 32 bytes in base64.
const PREFIX: &str = "ed25519:";

/// A public key that entries may be signed with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

/// A key that signs entries.
pub struct Signer(Ed25519KeyPair);

/// A signature beside an entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Whose: as [`PublicKey`] is written.
    key: String,
    /// 64 bytes in base64.
    value: String,
}

/// Why a key cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No public key.
    #[error("a store's public key is `ed25519:` and 44 letters, as `factory keys store` writes it")]
    Public,
    /// No private key.
    #[error("this is no Ed25519 key in PKCS#8, as `factory keys store` makes it")]
    Private,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = text.strip_prefix(PREFIX).ok_or(KeyError::Public)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| KeyError::Public)?;
        bytes.try_into().map(Self).map_err(|_| KeyError::Public)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", base64::engine::general_purpose::STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public())
    }
}

impl Signer {
    /// A key in PKCS#8, DER.
    ///
    /// # Errors
    /// [`KeyError::Private`].
    pub fn new(pkcs8: &[u8]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map(Self).map_err(|_| KeyError::Private)
    }

    /// A new key in PKCS#8, DER.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn make() -> Result<Vec<u8>, KeyError> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Random)?;
        Ok(made.as_ref().to_vec())
    }

    /// What others list to believe it.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    pub(super) fn sign(&self, key: &Key, label: &Label) -> Signature {
        let value = self.0.sign(message(key, label).as_bytes());
        let value = base64::engine::general_purpose::STANDARD.encode(value.as_ref());
        Signature { key: self.public().to_string(), value }
    }
}

impl Signature {
    /// Whether it is one of these keys for this entry.
    pub(super) fn is_of(&self, keys: &[PublicKey], key: &Key, label: &Label) -> bool {
        let Ok(value) = base64::engine::general_purpose::STANDARD.decode(&self.value) else { return false };
        let signed = |public: &PublicKey| {
            UnparsedPublicKey::new(&ED25519, public.0).verify(message(key, label).as_bytes(), &value).is_ok()
        };
        keys.iter().filter(|public| public.to_string() == self.key).any(signed)
    }
}

/// What is signed: everything that an entry says.
fn message(key: &Key, label: &Label) -> String {
    format!("factory store entry 1\n{key}\n{}\n{}\n{}\n", label.name, label.sha256, label.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{names::Sha256, source::store::Kind};

    #[test]
    fn an_entry_is_signed_as_a_whole() {
        let signer = Signer::new(&Signer::make().unwrap()).unwrap();
        let other = Signer::new(&Signer::make().unwrap()).unwrap();
        let key = Key { kind: Kind::Product, digest: Sha256::of("a step") };
        let label = Label { name: "content".to_owned(), sha256: Sha256::of("image"), size: 5 };
        let signature = signer.sign(&key, &label);
        let listed: PublicKey = signer.public().to_string().parse().unwrap();
        assert!(signature.is_of(&[other.public(), listed.clone()], &key, &label));
        assert!(!signature.is_of(&[other.public()], &key, &label) && !signature.is_of(&[], &key, &label));
        let evil = Label { sha256: Sha256::of("evil"), ..label.clone() };
        let elsewhere = Key { kind: Kind::Built, ..key.clone() };
        let all = [listed.clone()];
        assert!(!signature.is_of(&all, &key, &evil) && !signature.is_of(&all, &elsewhere, &label));
        let forged = Signature { key: listed.to_string(), ..other.sign(&key, &label) };
        assert!(!forged.is_of(&[listed], &key, &label));
        for bad in ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA", &"A".repeat(44)] {
            assert!(bad.parse::<PublicKey>().is_err(), "{bad}");
        }
        assert!(Signer::new(b"x").is_err());
    }
}
