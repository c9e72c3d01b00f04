//! New keys, and certificates for them: self-signed ones, or issued by one that is a CA.

use pkcs8::der::Decode as _;
use ring::rand::SecureRandom as _;
use rsa::{
    pkcs1::EncodeRsaPrivateKey as _,
    pkcs8::EncodePrivateKey as _,
    rand_core::{TryCryptoRng, TryRng, UnwrapErr},
    traits::PublicKeyParts as _,
};
use sha1::Digest as _;

use super::{
    Certificate, Password, RsaKey, SignError, Signer as _,
    der::{integer, sequence, tlv},
    pem,
};

/// Sizes of new keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// The least that is accepted.
    B2048,
    /// In between.
    B3072,
    /// The largest that every generation takes.
    B4096,
}

impl Bits {
    fn count(self) -> usize {
        match self {
            Self::B2048 => 2048,
            Self::B3072 => 3072,
            Self::B4096 => 4096,
        }
    }
}

/// A new key.
pub struct Made(rsa::RsaPrivateKey);

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Made({} bits)", self.0.n().bits())
    }
}

/// Makes a key.
///
/// # Errors
/// When the system gives no random numbers.
pub fn key(bits: Bits) -> Result<Made, SignError> {
    // Asked once before: what follows would end the program where there are none.
    random_bytes::<1>()?;
    let made = rsa::RsaPrivateKey::new(&mut UnwrapErr(SystemRandom), bits.count()).map_err(|_| SignError::NoRandom)?;
    Ok(Made(made))
}

impl Made {
    /// A new key.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(bits: Bits) -> Result<Self, SignError> {
        key(bits)
    }

    /// `-----BEGIN RSA PRIVATE KEY-----`, not encrypted.
    #[must_use]
    pub fn to_pkcs1(&self) -> String {
        let der = self.0.to_pkcs1_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default();
        pem::encode("RSA PRIVATE KEY", &der)
    }

    /// `-----BEGIN PRIVATE KEY-----`, or `-----BEGIN ENCRYPTED PRIVATE KEY-----` with a password (PBES2: scrypt and
    /// AES-256-CBC would be refused by older OpenSSL, so PBKDF2 with SHA-256).
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn to_pkcs8(&self, password: Option<&Password>) -> Result<String, SignError> {
        let der = self.0.to_pkcs8_der().map_err(|_| SignError::NoKey)?;
        let Some(password) = password else { return Ok(pem::encode("PRIVATE KEY", der.as_bytes())) };
        let info = pkcs8::PrivateKeyInfoRef::from_der(der.as_bytes()).map_err(|_| SignError::NoKey)?;
        let (salt, iv) = (random_bytes::<16>()?, random_bytes::<16>()?);
        let parameters = pkcs8::pkcs5::pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(100_000, &salt, iv)
            .map_err(|_| SignError::NoRandom)?;
        let closed = info.encrypt_with_params(parameters, password.bytes()).map_err(|_| SignError::NoRandom)?;
        Ok(pem::encode("ENCRYPTED PRIVATE KEY", closed.as_bytes()))
    }

    /// The key, to sign with.
    ///
    /// # Errors
    /// When it cannot be used, which no key of ours is.
    pub fn key(&self) -> Result<RsaKey, SignError> {
        RsaKey::read(self.to_pkcs1().as_bytes(), None)
    }
}

/// Random bytes of the operating system.
///
/// # Errors
/// When it gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], SignError> {
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| SignError::NoRandom)?;
    Ok(bytes)
}

/// ring's random numbers as RustCrypto wants them.
struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = SignError;

    fn try_next_u32(&mut self) -> Result<u32, SignError> {
        Ok(u32::from_ne_bytes(random_bytes()?))
    }
    fn try_next_u64(&mut self) -> Result<u64, SignError> {
        Ok(u64::from_ne_bytes(random_bytes()?))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), SignError> {
        ring::rand::SystemRandom::new().fill(bytes).map_err(|_| SignError::NoRandom)
    }
}

impl TryCryptoRng for SystemRandom {}

/// Whom a certificate is for, and what it may do.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The common name, not empty.
    pub name: String,
    /// The organisation, or empty.
    pub organization: String,
    /// The country, two letters, or empty.
    pub country: String,
    /// Whether it may issue others.
    pub ca: bool,
    /// Whether it may sign code: packages with a `setup.py`.
    pub code_signing: bool,
    /// From when, seconds since 1970 UTC.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
}

/// `sha256WithRSAEncryption` with its NULL.
const SHA256_RSA: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0];
/// `rsaEncryption` with its NULL.
const RSA: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];

/// A certificate of `key`, signed by itself or by `issuer`.
///
/// # Errors
/// When the system gives no random numbers.
pub fn certificate(
    subject: &Subject,
    key: &RsaKey,
    issuer: Option<(&Certificate, &RsaKey)>,
) -> Result<Certificate, SignError> {
    let mut serial = random_bytes::<16>()?;
    // Positive, and never shorter than it looks.
    serial[0] = (serial[0] & 0x3f) | 0x40;
    let (n, e) = key.components();
    let public = sequence(&[&integer(&n), &integer(&e)]);
    let key_id = sha1::Sha1::digest(&public);
    let own_name = name(subject);
    let issuer_name = issuer.map_or_else(|| own_name.clone(), |(certificate, _)| certificate.subject_der().to_vec());
    let validity = sequence(&[&time(subject.not_before), &time(subject.not_after)]);
    let spki = sequence(&[&RSA, &tlv(3, &[&[0], &public[..]].concat())]);
    let authority = issuer.and_then(|(certificate, _)| certificate.subject_key_id());
    let extensions = extensions(subject, &key_id, authority.as_deref());
    let tbs = sequence(&[
        &tlv(0xa0, &integer(&[2])),
        &integer(&serial),
        &SHA256_RSA,
        &issuer_name,
        &validity,
        &own_name,
        &spki,
        &tlv(0xa3, &extensions),
    ]);
    let signature = issuer.map_or(key, |(_, key)| key).sign(&tbs)?;
    Certificate::from_der(&sequence(&[&tbs, &SHA256_RSA, &tlv(3, &[&[0], &signature[..]].concat())]))
}

/// The subject in the usual order: C, O, CN.
fn name(subject: &Subject) -> Vec<u8> {
    let attribute = |last: u8, tag: u8, text: &str| -> Vec<u8> {
        if text.is_empty() {
            return Vec::new();
        }
        tlv(0x31, &sequence(&[&[6, 3, 0x55, 4, last], &tlv(tag, text.as_bytes())]))
    };
    let parts = [
        attribute(6, 0x13, &subject.country),
        attribute(10, 0x0c, &subject.organization),
        attribute(3, 0x0c, &subject.name),
    ];
    tlv(0x30, &parts.concat())
}

/// `UTCTime` to 2049, `GeneralizedTime` beyond (RFC 5280, 4.1.2.5).
fn time(seconds: i64) -> Vec<u8> {
    let text: String =
        crate::util::clock::rfc3339(seconds).chars().filter(|c| c.is_ascii_digit() || *c == 'Z').collect();
    if text.as_str() < "2050" {
        tlv(0x17, text.get(2..).unwrap_or_default().as_bytes())
    } else {
        tlv(0x18, text.as_bytes())
    }
}

fn extensions(subject: &Subject, key_id: &[u8], authority: Option<&[u8]>) -> Vec<u8> {
    let extension = |last: u8, critical: bool, content: &[u8]| {
        let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
        sequence(&[&[6, 3, 0x55, 0x1d, last], critical, &tlv(4, content)])
    };
    // digitalSignature, nonRepudiation, dataEncipherment, keyCertSign, and cRLSign of a CA.
    let usage: &[u8] = if subject.ca { &[1, 0b1101_0110] } else { &[2, 0b1101_0100] };
    let mut all = Vec::new();
    all.extend(extension(19, true, &if subject.ca { sequence(&[&[1, 1, 0xff]]) } else { sequence(&[]) }));
    if subject.code_signing {
        let purpose = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3];
        all.extend(extension(37, true, &sequence(&[&purpose])));
    }
    all.extend(extension(14, false, &tlv(4, key_id)));
    all.extend(extension(15, true, &tlv(3, usage)));
    if let Some(id) = authority {
        all.extend(extension(35, false, &sequence(&[&tlv(0x80, id)])));
    }
    tlv(0x30, &all)
}
