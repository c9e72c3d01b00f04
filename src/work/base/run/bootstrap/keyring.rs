//! The keys of an archive that the host does not know: out of a package of an archive that it does know.

use std::{
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use super::failed;
use crate::{
    engine::Output as _,
    execute::{StepContext, StepError},
    names::Sha256,
    platform::{KEYRING_FOLDERS, Keyring},
    util::{
        exec::ExecError,
        folder::{Folder, Links},
    },
    work::base::BaseWork,
};

/// No keyring is larger, in bytes: Ubuntu's has 4 kB.
const LARGEST: u64 = 4 << 20;

/// A file with the keys, which goes away when it is dropped: the host's own, else one out of the package; or the project's.
///
/// # Errors
/// When the package cannot be fetched or does not hold the file, or the file is not what the platform says.
pub async fn keys(
    keyring: &Keyring,
    work: &BaseWork,
    at: StepContext<'_>,
) -> Result<tempfile::NamedTempFile, StepError> {
    let StepContext { session, output, .. } = at;
    let image = &work.image;
    // Public keys; apt reads them as a user of its own.
    let readable = std::fs::Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().prefix("factory-").suffix(".gpg").permissions(readable).tempfile()?;
    match keyring {
        Keyring::Project { file: path, sha256 } => {
            session.services.events.warn(format!(
                "{image} is made from an archive that a key of the project vouches for, `{path}`: programs of its \
                 packages run on this machine"
            ));
            file.write_all(&of_project(path, sha256, &session.paths.project)?)?;
            Ok(file)
        }
        Keyring::System { package, suite, file: path } => {
            if work.own_keys {
                let retired = if path.contains("removed") { " (keys that were taken out of use)" } else { "" };
                session.services.events.warn(format!(
                    "{image} is made from an archive that `{path}`{retired} vouches for, because a platform file of the project says \
                     so: programs of its packages run on this machine"
                ));
            }
            if let Some(bytes) = of_system(path)? {
                output.line(&format!("the archive's keys are in {path}"));
                file.write_all(&bytes)?;
                return Ok(file);
            }
            packaged((package, suite, path), image, at, &mut file).await?;
            Ok(file)
        }
    }
}

/// The keys in a file of the project, reached through no link.
fn of_project(path: &str, sha256: &Sha256, project: &Path) -> Result<Vec<u8>, StepError> {
    let refuse = |what: String| StepError::Contents {
        message: format!("the keys of the base's archive cannot be taken from `{path}`: {what}"),
        help: "`keyring` in the platform's `[base.bootstrap]` names a file below the project, and its `sha256`"
            .to_owned(),
    };
    let found = Folder::open(project, Links::Refused).and_then(|folder| folder.read(Path::new(path), LARGEST));
    let bytes =
        found.map_err(|error| refuse(error.to_string()))?.ok_or_else(|| refuse("there is no such file".to_owned()))?;
    let found = Sha256::of(&bytes);
    if found != *sha256 {
        return Err(refuse(format!("its SHA-256 is {found}, not {sha256}")));
    }
    Ok(bytes)
}

/// The keys in a file of this machine; `None` where there is none. Links may lead to another of its keyrings, not elsewhere.
fn of_system(path: &str) -> Result<Option<Vec<u8>>, StepError> {
    let Ok(place) = fs_err::canonicalize(path) else { return Ok(None) };
    let folders = KEYRING_FOLDERS.iter().filter_map(|folder| fs_err::canonicalize(folder).ok());
    let refuse = |what: &str| StepError::Contents {
        message: format!("the keys of the base's archive cannot be taken from {path}: {what}"),
        help: format!("put the file itself there, in one of {}", KEYRING_FOLDERS.join(", ")),
    };
    if !folders.into_iter().any(|folder| place.starts_with(folder)) {
        return Err(refuse("it leads out of this machine's keyrings"));
    }
    if !fs_err::metadata(&place)?.is_file() {
        return Err(refuse("it is no file"));
    }
    match bounded(fs_err::File::open(&place)?.into_parts().0)? {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(refuse("it is too large")),
    }
}

fn bounded(file: std::fs::File) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok((read as u64 <= LARGEST).then_some(bytes))
}

/// Has the keys' package unpacked, and takes the file out of it.
async fn packaged(
    (package, suite, path): (&str, &str, &str),
    image: &str,
    at: StepContext<'_>,
    file: &mut tempfile::NamedTempFile,
) -> Result<(), StepError> {
    let StepContext { output, .. } = at;
    output.line(&format!("the archive's keys come out of {package} in {suite}"));
    let arguments = [
        "--variant=extract".to_owned(),
        "--format=tar".to_owned(),
        format!("--include={package}"),
        suite.to_owned(),
        "-".to_owned(),
    ];
    let tar = super::run(&arguments, at).await.map_err(|error| match failed(error, image) {
        StepError::Bootstrap { error: error @ ExecError::Failed { .. }, .. } => StepError::Bootstrap {
            error,
            help: format!(
                "it was fetching `{package}` of {suite} for the archive's keys; where {path} is on this machine, nothing is \
                 fetched"
            ),
        },
        error => error,
    })?;
    if take(path, tar, file)? {
        return Ok(());
    }
    Err(StepError::Contents {
        message: format!("the package `{package}` of {suite} has no file {path}"),
        help: format!(
            "mend `keyring` in the platform's `[base.bootstrap]`, or put the archive's keys in {path} on this machine"
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
