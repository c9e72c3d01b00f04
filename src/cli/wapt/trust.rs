//! What is trusted: certificates and revocation lists of the command line, or those of the machine's agent.

use std::path::{Path, PathBuf};

use crate::{
    cli::pem::{refused, small_file},
    diag::{Exit, Failure},
    sign::{Certificate, Crl, SignError, Trust},
};

/// Where WAPT's agents keep what they trust.
const OF_AGENT: &str = "/opt/wapt/ssl";

/// Certificates and revocation lists.
#[derive(Debug, Clone, clap::Args)]
pub struct TrustArgs {
    /// What is trusted: a PEM file, or a folder of them (`*.crt`, `*.pem`); of each file the first certificate is taken, as
    /// for agents of WAPT 2; once for each. `/opt/wapt/ssl` when not given
    #[arg(long, value_name = "PATH")]
    trust: Vec<PathBuf>,
    /// A certificate revocation list, PEM or DER; once for each. Of several of one authority the newest is taken
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
}

impl TrustArgs {
    /// Whether something is named.
    #[must_use]
    pub fn is_given(&self) -> bool {
        !self.trust.is_empty()
    }

    /// Whether a revocation list is named.
    #[must_use]
    pub fn has_crls(&self) -> bool {
        !self.crl.is_empty()
    }

    /// What is trusted.
    ///
    /// # Errors
    /// Exit code 2 where there is nothing, or something that cannot be read.
    pub fn read(&self) -> Result<Trust, Failure> {
        // Each with whether it was named itself.
        let mut files: Vec<(PathBuf, bool)> = Vec::new();
        let paths = if self.trust.is_empty() { vec![PathBuf::from(OF_AGENT)] } else { self.trust.clone() };
        for path in &paths {
            if path.is_dir() {
                files.extend(in_folder(path)?.into_iter().map(|file| (file, false)));
            } else if self.trust.is_empty() {
                let failure = Failure::new(Exit::Usage, "nothing says what is trusted");
                return Err(failure.help(format!("name a certificate: `--trust FILE`; there is no `{OF_AGENT}` here")));
            } else {
                files.push((path.clone(), true));
            }
        }
        let mut trust = Trust::default();
        for (file, is_named) in &files {
            match Certificate::all_from_pem(&small_file(file)?) {
                Ok(all) => trust.anchors.extend(all.into_iter().next()),
                // Keys are beside their certificates, as `factory keys wapt` puts them there.
                Err(SignError::NoCertificate) if !is_named => {}
                Err(error) => return Err(refused(file, &error)),
            }
        }
        if trust.anchors.is_empty() {
            let named: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
            return Err(Failure::new(Exit::Usage, format!("there is no certificate in {}", named.join(", "))));
        }
        trust.crls = self.crls()?;
        Ok(trust)
    }

    /// The revocation lists.
    ///
    /// # Errors
    /// Exit code 2 for one that cannot be read.
    pub fn crls(&self) -> Result<Vec<Crl>, Failure> {
        let read = |file: &PathBuf| Crl::read(&small_file(file)?).map_err(|error| refused(file, &error));
        self.crl.iter().map(read).collect()
    }
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let refuse = |error: std::io::Error| Failure::new(Exit::Usage, error.to_string());
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(refuse)? {
        let path = entry.map_err(refuse)?.path();
        if path.extension().is_some_and(|end| end == "crt" || end == "pem") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
