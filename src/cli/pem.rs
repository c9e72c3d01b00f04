//! Files with keys, certificates and passwords that the user names.

use std::path::Path;

use super::prompt;
use crate::{
    diag::{Exit, Failure},
    sign::{Certificate, Password, RsaKey, SignError},
    util::files::read_bounded,
};

/// No file of keys or certificates is larger: 1 MiB.
const LARGEST: u64 = 1 << 20;

/// A small file that the user named.
///
/// # Errors
/// Exit code 2.
pub fn small_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let refuse = |why: String| Failure::new(Exit::Usage, why);
    match read_bounded(path, LARGEST) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(refuse(format!("`{}` is larger than 1 MiB", path.display()))),
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// An error of a file with a key or certificates.
pub fn refused(path: &Path, error: &SignError) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("`{}`: {error}", path.display()));
    match error.help() {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// All certificates of a PEM file.
///
/// # Errors
/// Exit code 2.
pub fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    Certificate::all_from_pem(&small_file(path)?).map_err(|error| refused(path, &error))
}

/// The password in a file.
///
/// # Errors
/// Exit code 2.
pub fn password_of(path: &Path) -> Result<Password, Failure> {
    let bytes = small_file(path)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(Exit::Usage, format!("`{}` is not UTF-8 text", path.display())))?;
    Ok(Password::new(&text))
}

/// A key from a PEM file; a password that it needs is read or asked for.
///
/// # Errors
/// Exit code 2.
pub fn key(path: &Path, password_file: Option<&Path>) -> Result<RsaKey, Failure> {
    let pem = small_file(path)?;
    let password = match password_file {
        Some(file) => Some(password_of(file)?),
        None if RsaKey::is_encrypted(&pem) => Some(prompt::password(&format!("Password of {}", path.display()))?),
        None => None,
    };
    RsaKey::read(&pem, password.as_ref()).map_err(|error| refused(path, &error))
}
