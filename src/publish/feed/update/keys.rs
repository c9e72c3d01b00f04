//! Keys of update feeds: Ed25519 in PKCS#8, one a PEM file. Which role a key has is what the root says, not its file's name.

use std::path::{Path, PathBuf};

use factory_tuf::{PublicKey, RoleKeys, Root, Sign, SigningKey};

use super::UpdateError;
use crate::{sign, util::files::read_bounded};

/// The largest file of a key, in bytes.
const LARGEST: u64 = 64 << 10;

/// What PEM calls a key in PKCS#8.
pub const LABEL: &str = "PRIVATE KEY";

/// Who has keys. Snapshot and timestamp have the same one: it lies on the machine that renews both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyRole {
    /// Says who the others are; offline.
    Root,
    /// Signs what is published; offline.
    Targets,
    /// Signs snapshot and timestamp.
    Online,
}

impl KeyRole {
    /// As files of keys begin.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Targets => "targets",
            Self::Online => "online",
        }
    }
}

/// A key that was just made.
pub struct NewKey {
    /// Whose.
    pub role: KeyRole,
    /// PKCS#8, DER.
    pub pkcs8: Vec<u8>,
    /// Its public half.
    pub public: PublicKey,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("NewKey").field("role", &self.role).field("public", &self.public).finish_non_exhaustive()
    }
}

impl NewKey {
    /// Makes one.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn make(role: KeyRole) -> Result<Self, UpdateError> {
        let key = |error: factory_tuf::KeyError| UpdateError::Metadata(error.into());
        let pkcs8 = SigningKey::make().map_err(key)?;
        let public = SigningKey::from_pkcs8(&pkcs8).map_err(key)?.public();
        Ok(Self { role, pkcs8, public })
    }

    /// `targets-3f0c19d2.pem`: the role that it is made for, and the begin of its id.
    #[must_use]
    pub fn file_name(&self) -> String {
        let id = self.public.id().to_string();
        format!("{}-{}.pem", self.role.word(), id.get(..8).unwrap_or(&id))
    }

    /// The file's text.
    #[must_use]
    pub fn pem(&self) -> String {
        sign::to_pem(LABEL, &self.pkcs8)
    }
}

/// The keys that are at hand.
#[derive(Debug, Default)]
pub struct Keys(Vec<SigningKey>);

impl Keys {
    /// Of these files, and of the `.pem` files of these folders.
    ///
    /// # Errors
    /// [`UpdateError::Key`], [`UpdateError::NoKey`].
    pub fn read(paths: &[PathBuf]) -> Result<Self, UpdateError> {
        let mut keys = Vec::new();
        for path in paths {
            for file in files(path)? {
                keys.push(read(&file)?);
            }
        }
        Ok(Self(keys))
    }

    /// Those that were just made.
    ///
    /// # Errors
    /// None that [`NewKey::make`] had not met before.
    pub fn made(new: &[NewKey]) -> Result<Self, UpdateError> {
        let key =
            |new: &NewKey| SigningKey::from_pkcs8(&new.pkcs8).map_err(|error| UpdateError::Metadata(error.into()));
        new.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// These and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Those among them that a root gives to one of these roles.
    #[must_use]
    pub fn of(&self, roots: &[&Root], role: &str) -> Vec<&dyn Sign> {
        let is_named = |keys: &RoleKeys, root: &Root, public: &PublicKey| {
            keys.ids.iter().any(|id| root.keys.get(id) == Some(public))
        };
        let is_its = |key: &&SigningKey| {
            let public = key.public();
            roots.iter().any(|root| root.role(role).is_some_and(|keys| is_named(keys, root, &public)))
        };
        self.0.iter().filter(is_its).map(|key| key as &dyn Sign).collect()
    }

    /// Those among them whose public halves these are.
    #[must_use]
    pub fn of_publics(&self, publics: &[PublicKey]) -> Vec<&dyn Sign> {
        let is_one = |key: &&SigningKey| publics.contains(&key.public());
        self.0.iter().filter(is_one).map(|key| key as &dyn Sign).collect()
    }

    /// Whether enough of a role's keys are among them.
    #[must_use]
    pub fn suffice(&self, root: &Root, role: &str) -> bool {
        let threshold = root.role(role).map_or(u64::MAX, |keys| keys.threshold);
        let mut publics: Vec<PublicKey> = self.of(&[root], role).iter().map(|key| key.public()).collect();
        publics.sort();
        publics.dedup();
        publics.len() as u64 >= threshold
    }
}

/// The file itself, or the keys of a folder in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, UpdateError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs_err::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|end| end == "pem") {
            found.push(file);
        }
    }
    found.sort();
    if found.is_empty() { Err(UpdateError::NoKey(path.display().to_string())) } else { Ok(found) }
}

fn read(file: &Path) -> Result<SigningKey, UpdateError> {
    let refuse = |why: String| UpdateError::Key { file: file.display().to_string(), why };
    let bytes = read_bounded(file, LARGEST).map_err(|error| refuse(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| refuse("it has more than 64 KiB".to_owned()))?;
    let pkcs8 = sign::pem_bytes(&bytes, LABEL).map_err(|error| refuse(error.to_string()))?;
    let pkcs8 = pkcs8.ok_or_else(|| refuse(format!("it has no `{LABEL}`")))?;
    SigningKey::from_pkcs8(&pkcs8).map_err(|error| refuse(error.to_string()))
}
