//! X.509 certificates, as far as a chain of signers needs them.

use std::fmt;

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sha2::Digest as _;
use x509_cert::{
    der::{Decode as _, Encode as _, asn1::ObjectIdentifier, oid::AssociatedOid},
    ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier},
};

use super::{SignError, der, pem};

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const RSA_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// No certificate is larger: 64 KiB.
const LARGEST: usize = 64 * 1024;

/// A certificate that could be read.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    subject_id: Option<Vec<u8>>,
    authority_id: Option<Vec<u8>>,
    parsed: x509_cert::Certificate,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}
impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.subject())
    }
}

impl Certificate {
    /// Reads one in DER.
    ///
    /// # Errors
    /// [`SignError::Certificate`].
    pub fn from_der(bytes: &[u8]) -> Result<Self, SignError> {
        if bytes.len() > LARGEST {
            return Err(SignError::Certificate("it is larger than 64 KiB".to_owned()));
        }
        let refused = |error: x509_cert::der::Error| SignError::Certificate(error.to_string());
        let parsed = x509_cert::Certificate::from_der(bytes).map_err(refused)?;
        let tbs = parsed.tbs_certificate();
        let (subject, issuer) = (tbs.subject().to_der().map_err(refused)?, tbs.issuer().to_der().map_err(refused)?);
        let (subject_id, authority_id) = (None, None);
        let mut read = Self { der: bytes.to_vec(), subject, issuer, subject_id, authority_id, parsed };
        // They are asked for again and again where a chain is looked for among many.
        read.subject_id = read.extension::<SubjectKeyIdentifier>().map(|id| id.0.as_bytes().to_vec());
        let authority = read.extension::<AuthorityKeyIdentifier>().and_then(|id| id.key_identifier);
        read.authority_id = authority.map(|id| id.as_bytes().to_vec());
        Ok(read)
    }

    /// Every certificate of a PEM file, in its order.
    ///
    /// # Errors
    /// [`SignError::NoCertificate`] where there is none, or that of one that cannot be read.
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, SignError> {
        let blocks = pem::blocks(text)?;
        let found = blocks.iter().filter(|block| block.label == "CERTIFICATE");
        let all: Vec<Self> = found.map(|block| Self::from_der(&block.bytes)).collect::<Result<_, _>>()?;
        if all.is_empty() { Err(SignError::NoCertificate) } else { Ok(all) }
    }

    /// Its bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// As a PEM block with a line end.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der)
    }

    /// The SHA-256 of its bytes, lower-case hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(sha2::Sha256::digest(&self.der))
    }

    /// The subject's common name, where there is one.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        let name = self.parsed.tbs_certificate().subject().common_name().ok()??;
        Some(name.value().into_owned()).filter(|name| !name.is_empty())
    }

    /// The subject, for people: its common name, or all of it.
    #[must_use]
    pub fn subject(&self) -> String {
        let whole = || self.parsed.tbs_certificate().subject().to_string();
        self.common_name().unwrap_or_else(whole).escape_debug().take(200).collect()
    }

    /// The issuer, for people.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.parsed.tbs_certificate().issuer().to_string().escape_debug().take(200).collect()
    }

    pub(super) fn subject_der(&self) -> &[u8] {
        &self.subject
    }

    pub(super) fn issuer_der(&self) -> &[u8] {
        &self.issuer
    }

    /// From when it holds, seconds since 1970 UTC.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        seconds(self.parsed.tbs_certificate().validity().not_before)
    }

    /// Until when it holds, seconds since 1970 UTC.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        seconds(self.parsed.tbs_certificate().validity().not_after)
    }

    pub(super) fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate().serial_number().as_bytes()
    }

    fn extension<'a, T: x509_cert::der::Decode<'a> + AssociatedOid>(&'a self) -> Option<T> {
        self.parsed.tbs_certificate().get_extension::<T>().ok().flatten().map(|(_, extension)| extension)
    }

    /// Whether its extended key usage names code signing.
    #[must_use]
    pub fn is_code_signing(&self) -> bool {
        self.extension::<ExtendedKeyUsage>().is_some_and(|usage| usage.0.contains(&CODE_SIGNING))
    }

    /// Whether it may issue others: basic constraints say CA, and key usage, where there is one, says so too. An
    /// extension that cannot be read says no.
    #[must_use]
    pub fn may_issue(&self) -> bool {
        let certificate = self.parsed.tbs_certificate();
        let is_ca = self.extension::<BasicConstraints>().is_some_and(|basic| basic.ca);
        is_ca
            && match certificate.get_extension::<KeyUsage>() {
                Ok(usage) => usage.is_none_or(|(_, usage)| usage.key_cert_sign()),
                Err(_) => false,
            }
    }

    /// The subject key identifier.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<Vec<u8>> {
        self.subject_id.clone()
    }

    pub(super) fn subject_id(&self) -> Option<&[u8]> {
        self.subject_id.as_deref()
    }

    /// The key identifier of its issuer.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<Vec<u8>> {
        self.authority_id.clone()
    }

    pub(super) fn authority_id(&self) -> Option<&[u8]> {
        self.authority_id.as_deref()
    }

    /// Whether it names itself as its issuer.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether its public key belongs to the private key with this modulus.
    #[must_use]
    pub fn has_modulus(&self, modulus: &[u8]) -> bool {
        self.rsa_modulus().is_some_and(|own| own == modulus)
    }

    /// The bytes of its public key: an authority's renewed certificate has those of the old one.
    pub(super) fn key_bytes(&self) -> Vec<u8> {
        let bytes = self.parsed.tbs_certificate().subject_public_key_info().subject_public_key.as_bytes();
        bytes.unwrap_or_default().to_vec()
    }

    fn rsa_modulus(&self) -> Option<Vec<u8>> {
        let public = self.public_key(RSA_KEY)?;
        let (numbers, _) = der::split(public)?;
        let (modulus, _) = der::split(numbers)?;
        Some(modulus.iter().copied().skip_while(|byte| *byte == 0).collect())
    }

    /// Whether its RSA key has as many bits as signatures are checked with. Where it cannot be read, the check of the signature
    /// says so.
    fn fitting_bits(&self) -> Result<(), SignError> {
        let Some(modulus) = self.rsa_modulus() else { return Ok(()) };
        let zeros = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
        let bits = (8 * modulus.len()).saturating_sub(zeros);
        if (2048..=8192).contains(&bits) {
            return Ok(());
        }
        Err(SignError::Key { subject: self.subject(), what: format!("has {bits} bits: 2,048 to 8,192 are taken") })
    }

    /// What kind of key it has, for people.
    fn kind(&self) -> String {
        let spki = self.parsed.tbs_certificate().subject_public_key_info();
        match spki.algorithm.oid {
            EC_KEY => "an EC key".to_owned(),
            ED25519 => "an Ed25519 key".to_owned(),
            RSA_PSS => "an RSA-PSS key".to_owned(),
            other => format!("no RSA key ({other})"),
        }
    }

    fn public_key(&self, algorithm: ObjectIdentifier) -> Option<&[u8]> {
        let spki = self.parsed.tbs_certificate().subject_public_key_info();
        (spki.algorithm.oid == algorithm).then(|| spki.subject_public_key.as_bytes()).flatten()
    }

    /// Checks an RSA signature (PKCS#1 v1.5, SHA-256) over `message`.
    ///
    /// # Errors
    /// [`SignError::Mismatch`], or [`SignError::Key`] where its key is no RSA key or has too few bits.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignError> {
        let refuse = |what: String| SignError::Key { subject: self.subject(), what };
        let key = self
            .public_key(RSA_KEY)
            .ok_or_else(|| refuse(format!("is {}, and packages are signed with RSA", self.kind())))?;
        self.fitting_bits()?;
        check(&signature::RSA_PKCS1_2048_8192_SHA256, key, message, signature)
    }

    /// Checks that `self` signed something with this algorithm.
    pub(super) fn verify_with(
        &self,
        algorithm: ObjectIdentifier,
        message: &[u8],
        signed: &[u8],
    ) -> Result<(), SignError> {
        let unknown =
            || SignError::Unsupported(format!("`{}` signed with {algorithm}, which is not known here", self.subject()));
        let key = |kind| -> Result<&[u8], SignError> {
            let found = self.public_key(kind).ok_or_else(unknown)?;
            if kind == RSA_KEY {
                self.fitting_bits()?;
            }
            Ok(found)
        };
        let ec = |on_p256, on_p384| -> Result<&'static dyn VerificationAlgorithm, SignError> {
            let curve = self.parsed.tbs_certificate().subject_public_key_info().algorithm.parameters.as_ref();
            match curve.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok()) {
                Some(P256) => Ok(on_p256),
                Some(P384) => Ok(on_p384),
                _ => Err(unknown()),
            }
        };
        match algorithm.to_string().as_str() {
            "1.2.840.113549.1.1.11" => check(&signature::RSA_PKCS1_2048_8192_SHA256, key(RSA_KEY)?, message, signed),
            "1.2.840.113549.1.1.12" => check(&signature::RSA_PKCS1_2048_8192_SHA384, key(RSA_KEY)?, message, signed),
            "1.2.840.113549.1.1.13" => check(&signature::RSA_PKCS1_2048_8192_SHA512, key(RSA_KEY)?, message, signed),
            "1.2.840.10045.4.3.2" => check(
                ec(&signature::ECDSA_P256_SHA256_ASN1, &signature::ECDSA_P384_SHA256_ASN1)?,
                key(EC_KEY)?,
                message,
                signed,
            ),
            "1.2.840.10045.4.3.3" => check(
                ec(&signature::ECDSA_P256_SHA384_ASN1, &signature::ECDSA_P384_SHA384_ASN1)?,
                key(EC_KEY)?,
                message,
                signed,
            ),
            _ => Err(unknown()),
        }
    }

    /// Checks that `issuer` signed it.
    ///
    /// # Errors
    /// [`SignError::Mismatch`] or [`SignError::Unsupported`].
    pub fn verify_issued_by(&self, issuer: &Self) -> Result<(), SignError> {
        let tbs = der::split(&self.der).and_then(|(content, _)| der::first(content)).ok_or(SignError::Mismatch)?;
        let signed = self.parsed.signature().as_bytes().ok_or(SignError::Mismatch)?;
        if self.parsed.signature_algorithm() != self.parsed.tbs_certificate().signature() {
            return Err(SignError::Mismatch);
        }
        issuer.verify_with(self.parsed.signature_algorithm().oid, tbs, signed)
    }
}

fn check(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signed: &[u8],
) -> Result<(), SignError> {
    UnparsedPublicKey::new(algorithm, key).verify(message, signed).map_err(|_| SignError::Mismatch)
}

pub(super) fn seconds(time: x509_cert::time::Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}
