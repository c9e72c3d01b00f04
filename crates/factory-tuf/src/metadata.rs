//! A file of metadata: a role, and the signatures over it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    error::ReadError,
    json,
    key::{KeyId, PublicKey},
    role::{Role, RoleKeys, Root},
    sign::{KeyError, Sign},
};

/// The version of the specification that is written.
const SPECIFICATION: &str = "1.0.34";

/// A role's metadata with its signatures. That it was read says nothing of who made it: [`Metadata::count`] does.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata<R> {
    /// What is said.
    pub role: R,
    /// Who says so.
    pub signatures: Vec<Signature>,
    /// What the signatures are over.
    message: Vec<u8>,
    /// The file.
    bytes: Vec<u8>,
}

/// A signature. One that is not hexadecimal is ignored, and is no reason to refuse the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The key's name.
    #[serde(rename = "keyid")]
    pub id: KeyId,
    /// In hexadecimal.
    pub sig: String,
}

#[derive(Deserialize)]
struct Envelope {
    signatures: Vec<Signature>,
    signed: Map<String, Value>,
}

impl<R: Role> Metadata<R> {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(bytes: Vec<u8>) -> Result<Self, ReadError> {
        let Envelope { signatures, signed } = serde_json::from_value(json::read(&bytes)?)?;
        let text = |key: &str| signed.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("_type") != R::NAME {
            return Err(ReadError::Type { found: text("_type").chars().take(40).collect(), wanted: R::NAME });
        }
        if text("spec_version").split('.').next() != Some("1") {
            return Err(ReadError::Specification(text("spec_version").chars().take(40).collect()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = signatures.iter().find(|signature| !seen.insert(&signature.id)) {
            return Err(ReadError::SignedTwice(twice.id.to_string()));
        }
        let signed = Value::Object(signed);
        let message = json::canonical(&signed);
        let role: R = serde_json::from_value(signed)?;
        role.fault().map_or(Ok(()), |fault| Err(ReadError::Fault(fault)))?;
        Ok(Self { role, signatures, message, bytes })
    }

    /// Signs a role.
    pub(crate) fn write(role: &R, signers: &[&dyn Sign]) -> Result<Self, WriteError> {
        let mut signed = serde_json::to_value(role)?;
        if let Value::Object(entries) = &mut signed {
            entries.insert("_type".to_owned(), R::NAME.into());
            entries.insert("spec_version".to_owned(), SPECIFICATION.into());
        }
        let message = json::canonical(&signed);
        let mut signatures: Vec<Signature> = Vec::new();
        for signer in signers {
            let id = signer.public().id();
            if signatures.iter().all(|signature| signature.id != id) {
                signatures.push(Signature { id, sig: hex::encode(signer.sign(&message)?) });
            }
        }
        let bytes = serde_json::to_vec(&json!({"signatures": signatures, "signed": signed}))?;
        // Read as a client does: whatever is written can be read, or is not written.
        Ok(Self::read(bytes)?)
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many keys of a role have signed, each counted once whatever names it has.
    #[must_use]
    pub fn count(&self, root: &Root, role: &RoleKeys) -> u64 {
        let allowed: BTreeSet<&KeyId> = role.ids.iter().collect();
        let mut good: BTreeSet<&PublicKey> = BTreeSet::new();
        for Signature { id, sig } in self.signatures.iter().filter(|signature| allowed.contains(&signature.id)) {
            let key = root.keys.get(id).filter(|key| !good.contains(key));
            good.extend(key.filter(|key| hex::decode(sig).is_ok_and(|sig| key.verifies(&self.message, &sig))));
        }
        good.len() as u64
    }
}

/// Why a role cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// A key does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It cannot be JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
