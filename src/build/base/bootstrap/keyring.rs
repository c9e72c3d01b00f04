//! The keys of an archive that the host does not know: out of a package of an archive that it does know.

use std::{io::Read as _, os::unix::fs::PermissionsExt as _, path::Path};

use super::{
    super::super::{Lines, Session, StepError},
    failed,
};
use crate::{engine::Output as _, platform::Keyring, util::exec::ExecError};

/// No keyring is larger, in bytes: Ubuntu's has 4 kB.
const LARGEST: u64 = 4 << 20;

/// A file with the keys, which goes away when it is dropped: the host's own, else one out of the package.
///
/// # Errors
/// When the package cannot be fetched or does not hold the file.
pub async fn keys(
    keyring: &Keyring,
    image: &str,
    session: &Session,
    lines: &Lines,
) -> Result<tempfile::NamedTempFile, StepError> {
    // Public keys; apt reads them as a user of its own.
    let readable = std::fs::Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().prefix("factory-").suffix(".gpg").permissions(readable).tempfile()?;
    if Path::new(&keyring.file).is_file() {
        lines.line(&format!("the archive's keys are in {}", keyring.file));
        std::io::copy(&mut fs_err::File::open(&keyring.file)?, &mut file)?;
        return Ok(file);
    }
    lines.line(&format!("the archive's keys come out of {} in {}", keyring.package, keyring.suite));
    let arguments = [
        "--variant=extract".to_owned(),
        "--format=tar".to_owned(),
        format!("--include={}", keyring.package),
        keyring.suite.clone(),
        "-".to_owned(),
    ];
    let tar = super::run(&arguments, session, lines).await.map_err(|error| match failed(error, image) {
        StepError::Bootstrap { error: error @ ExecError::Failed { .. }, .. } => StepError::Bootstrap {
            error,
            help: format!(
                "it was fetching `{}` of {} for the archive's keys; where {} is on this machine, nothing is fetched",
                keyring.package, keyring.suite, keyring.file
            ),
        },
        error => error,
    })?;
    if take(&keyring.file, tar, &mut file)? {
        return Ok(file);
    }
    Err(StepError::Contents {
        message: format!("the package `{}` of {} has no file {}", keyring.package, keyring.suite, keyring.file),
        help: format!(
            "mend `keyring` in the platform's `[base.bootstrap]`, or put the archive's keys in {} on this machine",
            keyring.file
        ),
    })
}

/// Takes the file of this absolute path out of a tar of a root file system; is there one?
fn take(path: &str, tar: std::fs::File, out: &mut tempfile::NamedTempFile) -> Result<bool, StepError> {
    let mut archive = tar::Archive::new(std::io::BufReader::new(tar));
    for entry in archive.entries()? {
        let entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let place = name.strip_prefix("./").unwrap_or(&name).trim_start_matches('/');
        if place == path.trim_start_matches('/') && entry.header().entry_type().is_file() {
            std::io::copy(&mut entry.take(LARGEST), out)?;
            return Ok(true);
        }
    }
    Ok(false)
}
