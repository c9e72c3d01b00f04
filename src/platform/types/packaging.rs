//! How a platform's packages are written.

use std::collections::BTreeMap;

use crate::{
    format::facts::{Codec, Native, PackageFormat},
    names::{ArchName, BadRelation, Relation},
};

/// How a platform's packages are written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Packaging {
    /// Which format.
    pub format: PackageFormat,
    /// The format's word for each machine (`x86_64` -> `amd64`).
    pub arch: BTreeMap<String, ArchName>,
    /// The format's word for packages without native code: `all`, `noarch`.
    pub any: ArchName,
    /// Put behind the release number: `~deb12`, `.el7`.
    pub suffix: String,
    /// The suite in a deb's changelog; empty elsewhere.
    pub suite: String,
    /// Compression of the payload.
    pub codec: Codec,
    /// Where systemd finds units of packages: `/usr/lib/systemd/system`.
    pub units: String,
    /// What the release's tools know beyond plain relations.
    pub relations: Relations,
    /// How its rpmbuild says what distributions of Python give and need; `None` where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python_dists: Option<PythonDists>,
    /// Signatures that the release's own tools accept, strongest first. They change no byte of a package.
    #[serde(skip)]
    pub signatures: Vec<Signature>,
}

impl Packaging {
    /// What platforms say of its format.
    #[must_use]
    pub fn native(&self) -> Option<&'static Native> {
        self.format.facts().native.as_ref()
    }

    /// A relation in the words of this platform's packages.
    ///
    /// # Errors
    /// When they have none for it.
    pub fn say(&self, relation: &Relation) -> Result<String, BadRelation> {
        match self.native() {
            Some(native) => (native.say)(relation, self.relations.rich),
            None => Ok(relation.as_str().to_owned()),
        }
    }
}

/// Kinds of relations between packages that came late to rpm. Other formats have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Relations {
    /// `Recommends`, `Suggests` (rpm 4.12).
    pub weak: bool,
    /// `(a or b)` (rpm 4.13).
    pub rich: bool,
}

/// How a platform's rpmbuild says what distributions of Python give and need: `python3.9dist(requests)` (python-rpm-generators).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PythonDists {
    /// Whether what they need is written by default, too, and versions in rpm's words; EL 8 gives them with their versions as written.
    pub needs: bool,
    /// The version of the system's `python3`, which is another one than that of `[python]` on EL 8 and 9: `3.9`.
    pub default: String,
}

/// Algorithms of signatures over packages and repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// EdDSA over Curve25519 (RFC 8032).
    Ed25519,
    /// RSA of 4096 bits over SHA-512.
    #[serde(rename = "rsa-4096-sha512")]
    Rsa4096Sha512,
    /// RSA of 4096 bits over SHA-256.
    #[serde(rename = "rsa-4096-sha256")]
    Rsa4096Sha256,
    /// RSA of 2048 bits over SHA-256.
    #[serde(rename = "rsa-2048-sha256")]
    Rsa2048Sha256,
}
