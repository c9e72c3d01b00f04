//! Whose signature it gets: the options for a key, its certificate and its password.

use std::path::PathBuf;

use super::env;
use crate::{
    cli::pem::{certificates, key, refused},
    diag::{Exit, Failure},
    names::Sha256,
    sign::{Certificate, Identity},
};

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
