//! Whose signature it gets: the options for a key, its certificate and its password.

use std::path::{Path, PathBuf};

use super::{env, prompt};
use crate::{
    diag::{Exit, Failure},
    names::Sha256,
    sign::{Certificate, Identity, Password, RsaKey, SignError},
    util::files::read_bounded,
};

/// No file of keys or certificates is larger: 1 MiB.
const LARGEST: u64 = 1 << 20;

/// Whose certificate: enough to say what would be done.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CertificateArgs {
    /// The signer's certificate, a PEM file, with those between it and what agents trust behind it
    #[arg(long, value_name = "FILE", env = env::FACTORY_WAPT_CERTIFICATE, help_heading = "Signing WAPT packages")]
    certificate: Option<PathBuf>,
}

/// Key, certificate and password.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SignerArgs {
    #[command(flatten)]
    pub certificate: CertificateArgs,
    /// The private key that signs, a PEM file: RSA, PKCS#1 or PKCS#8, encrypted or not
    #[arg(long, value_name = "FILE", env = env::FACTORY_WAPT_KEY, help_heading = "Signing WAPT packages")]
    key: Option<PathBuf>,
    /// A file with the key's password; it is asked for on the terminal otherwise
    #[arg(long, value_name = "FILE", env = env::FACTORY_WAPT_PASSWORD_FILE, help_heading = "Signing WAPT packages")]
    password_file: Option<PathBuf>,
}

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

impl CertificateArgs {
    /// A digest of the certificates, where some are named: what is signed by others is another thing.
    ///
    /// # Errors
    /// Exit code 2 where the file is not what it should be.
    pub fn fingerprint(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.certificate else { return Ok(None) };
        let all: String = certificates(path)?.iter().map(Certificate::fingerprint).collect();
        Ok(Some(Sha256::of(all).to_string()))
    }
}

impl SignerArgs {
    /// Who signs.
    ///
    /// # Errors
    /// Exit code 2 where something is missing or does not fit.
    pub fn identity(&self) -> Result<Identity, Failure> {
        let missing = |what: &str, option: &str, variable: &str| {
            Failure::new(Exit::Usage, format!("nothing says {what} signs the WAPT package"))
                .help(format!("name it: `{option} FILE` or `{variable}=FILE`; `factory keys wapt` makes one for tests"))
        };
        let key_file = self.key.as_deref();
        let key_file = key_file.ok_or_else(|| missing("which key", "--key", env::FACTORY_WAPT_KEY))?;
        let certificate = self.certificate.certificate.as_deref();
        let certificate =
            certificate.ok_or_else(|| missing("whose certificate", "--certificate", env::FACTORY_WAPT_CERTIFICATE))?;
        let chain = certificates(certificate)?;
        let key = key(key_file, self.password_file.as_deref())?;
        Identity::new(key, chain).map_err(|error| refused(key_file, &error))
    }
}
