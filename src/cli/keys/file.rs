//! A new file for a key or a certificate.

use std::{io::Write as _, path::Path};

use crate::diag::{Exit, Failure};

/// Writes a file that is not there yet, with this mode.
///
/// # Errors
/// Exit code 1 where it cannot be written.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    use fs_err::os::unix::fs::OpenOptionsExt as _;
    let write = || -> std::io::Result<()> {
        fs_err::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let mut file = fs_err::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| Failure::new(Exit::StepFailed, "the key could not be written").because(error))
}
