//! RSA keys: PKCS#1 and PKCS#8 in PEM, with a password (PBES2, or OpenSSL's older `DEK-Info`) or without.

use std::fmt;

use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use md5::Digest as _;
use ring::{rand::SystemRandom, rsa, signature::RSA_PKCS1_SHA256};

use super::{SignError, Signer, der, pem};

/// A password; never shown.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// A password as typed; one line end at its end is none of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.strip_suffix('\n').unwrap_or(text);
        Self(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// An RSA key, 2,048 to 4,096 bits. Signs with PKCS#1 v1.5 and SHA-256: the same message gives the same signature.
pub struct RsaKey {
    pair: rsa::KeyPair,
    /// What only its owner knows: the private exponent and the two primes.
    secrets: Vec<Vec<u8>>,
    /// The password that it was read with.
    password: Option<Password>,
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaKey({} bits)", self.modulus().len() * 8)
    }
}

impl RsaKey {
    /// Whether a file's key needs a password: the text says so, as the field's tools take it.
    #[must_use]
    pub fn is_encrypted(pem: &[u8]) -> bool {
        String::from_utf8_lossy(pem).contains("ENCRYPTED")
    }

    /// The first key of a PEM file. The password of a key that has none is not looked at.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn read(pem: &[u8], password: Option<&Password>) -> Result<Self, SignError> {
        for block in pem::blocks(pem)? {
            let encrypted = || password.ok_or(SignError::NoPassword);
            let with = |read: Result<Self, SignError>| read.map(|key| Self { password: password.cloned(), ..key });
            let dek = block.headers.iter().find(|(name, _)| name == "DEK-Info").map(|(_, value)| value.as_str());
            return match block.label.as_str() {
                "RSA PRIVATE KEY" => match dek {
                    None => Self::pkcs1(&block.bytes),
                    // What a wrong password gives is no key.
                    Some(dek) => with(Self::pkcs1(&open(dek, &block.bytes, encrypted()?)?))
                        .map_err(|error| if error == SignError::NoKey { SignError::WrongPassword } else { error }),
                },
                "PRIVATE KEY" => Self::pkcs8(&block.bytes),
                "ENCRYPTED PRIVATE KEY" => {
                    let info =
                        pkcs8::EncryptedPrivateKeyInfoRef::try_from(&block.bytes[..]).map_err(|_| SignError::NoKey)?;
                    let password = encrypted()?;
                    let opened = info.decrypt(password.bytes()).map_err(|_| SignError::WrongPassword)?;
                    with(Self::pkcs8(opened.as_bytes()))
                }
                "EC PRIVATE KEY" | "DSA PRIVATE KEY" | "OPENSSH PRIVATE KEY" => {
                    Err(SignError::Unsupported(format!("`{}` is not an RSA key", block.label)))
                }
                _ => continue,
            };
        }
        Err(SignError::NoKey)
    }

    fn pkcs1(der: &[u8]) -> Result<Self, SignError> {
        let pair = rsa::KeyPair::from_der(der).map_err(refused)?;
        Ok(Self { pair, secrets: secrets(der).unwrap_or_default(), password: None })
    }

    fn pkcs8(der: &[u8]) -> Result<Self, SignError> {
        let pair = rsa::KeyPair::from_pkcs8(der).map_err(refused)?;
        let inner = der::split(der).and_then(|(content, _)| {
            let (_version, rest) = der::split(content)?;
            let (_algorithm, rest) = der::split(rest)?;
            Some(der::split(rest)?.0)
        });
        Ok(Self { pair, secrets: inner.and_then(secrets).unwrap_or_default(), password: None })
    }

    /// What only its owner knows, without leading zeros: nothing of it may be found in what is packed.
    pub(super) fn secrets(&self) -> &[Vec<u8>] {
        &self.secrets
    }

    pub(super) fn password(&self) -> Option<&Password> {
        self.password.as_ref()
    }

    /// The public modulus, without leading zeros.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        self.components().0
    }

    /// Modulus and exponent of the public key.
    pub(super) fn components(&self) -> (Vec<u8>, Vec<u8>) {
        let public = rsa::PublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        let trimmed = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect();
        (trimmed(public.n), trimmed(public.e))
    }
}

impl Signer for RsaKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SignError::NoRandom)?;
        Ok(signature)
    }
}

/// The private exponent and the primes of a key in PKCS#1.
fn secrets(pkcs1: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut rest, _) = der::split(pkcs1)?;
    let mut numbers = Vec::new();
    // Version, modulus, public exponent, private exponent, two primes.
    for _ in 0..6 {
        let (number, behind) = der::split(rest)?;
        numbers.push(number.iter().copied().skip_while(|byte| *byte == 0).collect());
        rest = behind;
    }
    Some(numbers.split_off(3))
}

fn refused(error: ring::error::KeyRejected) -> SignError {
    match error.to_string().as_str() {
        "InvalidEncoding" | "InvalidAsn1" => SignError::NoKey,
        "WrongAlgorithm" => SignError::Unsupported("this is not an RSA key".to_owned()),
        why @ ("TooSmall" | "TooLarge" | "PrivateModulusLenNotMultipleOf512Bits") => {
            SignError::Unsupported(format!("the key's size does not fit ({why})"))
        }
        why => SignError::Unsupported(format!("the key cannot be used ({why})")),
    }
}

/// Decrypts what OpenSSL's older PEM encryption made (EVP_BytesToKey with MD5, one round).
fn open(dek: &str, bytes: &[u8], password: &Password) -> Result<Vec<u8>, SignError> {
    let unknown =
        || SignError::Unsupported(format!("the key's encryption is not known here: `{}`", dek.escape_debug()));
    let (cipher, iv) = dek.split_once(',').ok_or_else(unknown)?;
    let length = match cipher {
        "AES-128-CBC" => 16,
        "AES-192-CBC" => 24,
        "AES-256-CBC" => 32,
        _ => return Err(unknown()),
    };
    let iv = hex::decode(iv.trim()).ok().filter(|iv| iv.len() == 16).ok_or_else(unknown)?;
    let mut key: Vec<u8> = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    while key.len() < length {
        let digest =
            md5::Md5::new().chain_update(&last).chain_update(password.bytes()).chain_update(&iv[..8]).finalize();
        last = digest.to_vec();
        key.extend(&last);
    }
    key.truncate(length);
    macro_rules! decrypt {
        ($cipher:ty) => {
            cbc::Decryptor::<$cipher>::new_from_slices(&key, &iv)
                .map_err(|_| unknown())?
                .decrypt_padded_vec::<Pkcs7>(bytes)
                .map_err(|_| SignError::WrongPassword)
        };
    }
    match length {
        16 => decrypt!(aes::Aes128),
        24 => decrypt!(aes::Aes192),
        _ => decrypt!(aes::Aes256),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{Bits, make};

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(format!("{:?}", Password::new("secret\r\n")), "Password(…)");
        assert_eq!(Password::new("secret\r\n").bytes(), b"secret");
    }

    /// Whether a signature is one of this key, by what is public of it.
    fn is_by(key: &RsaKey, message: &[u8], signature: &[u8]) -> bool {
        let public = ring::signature::RsaPublicKeyComponents { n: key.modulus(), e: vec![1, 0, 1] };
        public.verify(&ring::signature::RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }

    #[test]
    fn keys_go_there_and_back() {
        let made = make::key(Bits::B2048).unwrap();
        let password = Password::new("pw");
        for pem in [made.to_pkcs1(), made.to_pkcs8(None).unwrap(), made.to_pkcs8(Some(&password)).unwrap()] {
            let key = RsaKey::read(pem.as_bytes(), Some(&password)).unwrap();
            assert_eq!(key.modulus().len(), 256);
            assert_eq!(key.modulus(), made.key().unwrap().modulus());
            let signature = key.sign(b"x").unwrap();
            assert!(is_by(&key, b"x", &signature));
            assert!(!is_by(&key, b"y", &signature));
        }
        let signature = make::key(Bits::B2048).unwrap().key().unwrap().sign(b"x").unwrap();
        assert!(!is_by(&made.key().unwrap(), b"x", &signature), "another key's");
        let pem = made.to_pkcs8(Some(&password)).unwrap();
        assert!(RsaKey::is_encrypted(pem.as_bytes()));
        assert_eq!(RsaKey::read(pem.as_bytes(), None).unwrap_err(), SignError::NoPassword);
        let wrong = Password::new("wrong");
        assert_eq!(RsaKey::read(pem.as_bytes(), Some(&wrong)).unwrap_err(), SignError::WrongPassword);
        assert_eq!(RsaKey::read(b"", None).unwrap_err(), SignError::NoKey);
    }
}
