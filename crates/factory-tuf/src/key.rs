//! Public keys and their identifiers, as metadata has them (specification, 4.2).

use std::fmt;

use base64::Engine as _;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What names a key in metadata. It is the digest of the key where this crate writes it; what others write may be any text, since
/// signatures are counted by key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum PublicKey {
    /// Ed25519 (RFC 8032), its 32 bytes.
    Ed25519([u8; 32]),
    /// ECDSA on P-256 with SHA-256, an uncompressed point. Its signatures are in DER.
    EcdsaP256(Box<[u8; 65]>),
    /// A kind that this crate does not know: a signature by it is ignored.
    Unknown {
        /// `keytype`, e.g. `rsa`.
        kind: String,
        /// `scheme`, e.g. `rsassa-pss-sha256`.
        scheme: String,
        /// `keyval.public`.
        public: String,
    },
}

/// A key as it is in metadata.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    #[serde(rename = "keytype")]
    kind: String,
    #[serde(rename = "keyval")]
    value: Value,
    scheme: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct Value {
    public: String,
}

impl PublicKey {
    /// SHA-256 of the key's canonical form, in hexadecimal.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let Written { kind, value, scheme } = self.clone().into();
        let key = json!({"keytype": kind, "keyval": {"public": value.public}, "scheme": scheme});
        KeyId(hex::encode(ring::digest::digest(&ring::digest::SHA256, &crate::json::canonical(&key))))
    }

    /// Whether this key made the signature over the message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
            Self::EcdsaP256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key[..]).verify(message, signature).is_ok()
            }
            Self::Unknown { .. } => false,
        }
    }
}

impl TryFrom<Written> for PublicKey {
    type Error = &'static str;

    fn try_from(Written { kind, value, scheme }: Written) -> Result<Self, Self::Error> {
        match (kind.as_str(), scheme.as_str()) {
            ("ed25519", "ed25519") => {
                let bytes = hex::decode(&value.public).ok().and_then(|bytes| bytes.try_into().ok());
                bytes.map(Self::Ed25519).ok_or("an Ed25519 key is 32 bytes in hexadecimal")
            }
            // The second kind is that of older programs.
            ("ecdsa" | "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => {
                let point = point_of_pem(&value.public).map(|point| Self::EcdsaP256(Box::new(point)));
                point.ok_or("an ECDSA key is a PUBLIC KEY in PEM, an uncompressed point of P-256")
            }
            _ => Ok(Self::Unknown { kind, scheme, public: value.public }),
        }
    }
}

impl From<PublicKey> for Written {
    fn from(key: PublicKey) -> Self {
        let written = |kind: &str, scheme: &str, public| Self {
            kind: kind.into(),
            scheme: scheme.into(),
            value: Value { public },
        };
        match key {
            PublicKey::Ed25519(bytes) => written("ed25519", "ed25519", hex::encode(bytes)),
            PublicKey::EcdsaP256(point) => written("ecdsa", "ecdsa-sha2-nistp256", pem_of_point(&point)),
            PublicKey::Unknown { kind, scheme, public } => written(&kind, &scheme, public),
        }
    }
}

/// What is before the point in a SubjectPublicKeyInfo of P-256 (RFC 5480): it is always the same.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

fn point_of_pem(pem: &str) -> Option<[u8; 65]> {
    let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let letters: String = body.split_ascii_whitespace().collect();
    let der = base64::engine::general_purpose::STANDARD.decode(letters).ok()?;
    let point: [u8; 65] = der.strip_prefix(&P256)?.try_into().ok()?;
    (point[0] == 4).then_some(point)
}

fn pem_of_point(point: &[u8; 65]) -> String {
    let letters = base64::engine::general_purpose::STANDARD.encode([&P256[..], point].concat());
    let (first, second) = letters.split_at(64);
    format!("{BEGIN}\n{first}\n{second}\n{END}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with openssl, and signed with it: `openssl dgst -sha256 -sign`, over `message`.
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEstc+0hJRZOQ9hfrNzwDJcNZ7gduo\n\
        WU8D7SesFw57+FZXBS8IH7cagvgjwU8hiUV8QzYVV1vj9Ye44V7+rVw+Eg==\n-----END PUBLIC KEY-----\n";
    const SIGNATURE: &str = "30460221008baa69fe7cd8bdd7b6084b71a3722f904c4c6cc325b6b66c0c6b905a6628b782022100bc5780e119ddbe74c4643076525b906b7d312587f550fad65151a19f8db4a7bf";

    fn read(kind: &str, scheme: &str, public: &str) -> Result<PublicKey, serde_json::Error> {
        serde_json::from_value(json!({"keytype": kind, "scheme": scheme, "keyval": {"public": public}}))
    }

    #[test]
    fn an_ecdsa_key_is_read_and_written_as_it_was() {
        let key = read("ecdsa", "ecdsa-sha2-nistp256", PEM).unwrap();
        assert_eq!(read("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", PEM.trim()).unwrap(), key);
        assert_eq!(serde_json::to_value(&key).unwrap()["keyval"]["public"], PEM);
        let signature = hex::decode(SIGNATURE).unwrap();
        assert!(key.verifies(b"message", &signature));
        assert!(
            !key.verifies(b"massage", &signature)
                && !key.verifies(b"message", &signature[1..])
                && !key.verifies(b"message", b"")
        );
    }

    #[test]
    fn what_is_no_key_of_its_kind_is_refused() {
        for public in ["", "00", &"0".repeat(63), &"g".repeat(64), &"0".repeat(66)] {
            assert!(read("ed25519", "ed25519", public).is_err(), "{public}");
        }
        let compressed = PEM.replace("QgAE", "QgAC");
        for public in ["", "-----BEGIN PUBLIC KEY-----", &PEM[1..], &compressed, &PEM.replace("PUBLIC", "PRIVATE")] {
            assert!(read("ecdsa", "ecdsa-sha2-nistp256", public).is_err(), "{public}");
        }
    }

    #[test]
    fn a_key_of_an_unknown_kind_verifies_nothing() {
        let key = read("rsa", "rsassa-pss-sha256", "x").unwrap();
        assert!(matches!(key, PublicKey::Unknown { .. }) && !key.verifies(b"", b""));
        assert!(matches!(read("ed25519", "rsa", "x").unwrap(), PublicKey::Unknown { .. }));
    }

    #[test]
    fn the_id_is_the_digest_of_the_canonical_key() {
        // echo -n '{"keytype":"ed25519","keyval":{"public":"00…00"},"scheme":"ed25519"}' | sha256sum
        assert_eq!(
            PublicKey::Ed25519([0; 32]).id().to_string(),
            "7f7373360bc914a5d4a7bd87711615178beb6cf52494fcc49082ec65ba62908c"
        );
    }
}
