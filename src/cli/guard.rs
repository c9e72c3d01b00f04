//! Whom the store believes: the caller's environment says it.

use std::{path::Path, sync::Arc};

use super::env;
use crate::{
    diag::{Exit, Failure},
    pipeline::Project,
    sign::pem_bytes,
    source::{owner::TrustedOwners, store},
    util::files::read_bounded,
};

/// Whose entries are believed without a signature, whose with one, and what signs.
///
/// # Errors
/// Exit code 2 when a key is none.
pub fn of(project: &Project) -> Result<store::Guard, Failure> {
    let listed = env::get(env::FACTORY_STORE_KEYS).unwrap_or_default();
    let recipe = project.targets.first().map(|target| target.recipe.project.store_keys.as_slice()).unwrap_or_default();
    let mut keys = Vec::new();
    for key in recipe {
        keys.push(key.as_str().parse().map_err(|error: store::KeyError| Failure::new(Exit::Usage, error.to_string()))?);
    }
    for text in listed.split([',', ' ', '\t', '\n']).filter(|text| !text.is_empty()) {
        let key: store::PublicKey = text.parse().map_err(|error: store::KeyError| {
            let why = format!("FACTORY_STORE_KEYS has `{}`: {error}", text.escape_debug());
            Failure::new(Exit::Usage, why).help("take the line that `factory keys store` has shown")
        })?;
        keys.push(key);
    }
    let signer = match env::get(env::FACTORY_STORE_KEY) {
        None => None,
        Some(path) => Some(Arc::new(read(Path::new(&path))?)),
    };
    // Whoever signs believes the own signature.
    keys.extend(signer.iter().map(|signer| signer.public()));
    Ok(store::Guard { trusted: TrustedOwners::for_project(&project.folder), keys, signer })
}

fn read(path: &Path) -> Result<store::Signer, Failure> {
    let failed = |why: String| {
        let why = format!("the key of the store in `{}` cannot be taken: {why}", path.display());
        Failure::new(Exit::Usage, why).help("`factory keys store NAME` makes one; FACTORY_STORE_KEY names its file")
    };
    let text = read_bounded(path, 1 << 16).map_err(|error| failed(error.to_string()))?;
    let bytes = pem_bytes(&text.unwrap_or_default(), "PRIVATE KEY").map_err(|error| failed(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| failed("it has none".to_owned()))?;
    store::Signer::new(&bytes).map_err(|error| failed(error.to_string()))
}
