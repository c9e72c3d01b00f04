//! A target comes over the network, goes on where it was interrupted, and lies ready when it is whole and good.

use std::{
    io::{self, Read as _, Write as _},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use factory_tuf::{Check, CheckError, FetchError, TargetFile};

use crate::{
    disk::{Disk as _, Op, Real},
    feed::Feed,
    names::Names,
};

/// Why it does not lie ready.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The feed.
    #[error("{place} could not be had; what came so far is kept")]
    Feed {
        /// Where it is in the feed.
        place: String,
        /// Why.
        source: FetchError,
    },
    /// What came is not the file.
    #[error("{place} is not the file that was signed: {source}")]
    Other {
        /// Where it is in the feed.
        place: String,
        /// What differs.
        source: CheckError,
    },
    /// More than this machine takes.
    #[error("{place} has {length} bytes, and {limit} are taken at most")]
    TooLarge {
        /// Where it is in the feed.
        place: String,
        /// What is said.
        length: u64,
        /// The bound.
        limit: u64,
    },
    /// A file of this machine.
    #[error("it could not be written")]
    Disk(#[from] io::Error),
}

/// What a download may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The largest file, in bytes.
    pub size: u64,
    /// The most bytes a second; 0 is no bound.
    pub speed: u64,
}

/// Makes a target lie ready under [`Names::update`].
///
/// # Errors
/// [`DownloadError`]. What is whole and is another file is removed; what is only a part stays, and the next one goes on there.
pub fn download(
    feed: &mut Feed,
    place: &str,
    file: &TargetFile,
    names: &Names,
    bounds: Bounds,
) -> Result<(), DownloadError> {
    if file.length > bounds.size {
        return Err(DownloadError::TooLarge { place: place.to_owned(), length: file.length, limit: bounds.size });
    }
    // It lay ready, and nothing was begun with it. A link there is no file that lies ready: it is replaced.
    if Real.digest(&names.update()).is_ok_and(|digest| digest.as_deref() == Some(file.hashes.first())) {
        return Ok(());
    }
    let part = names.part(file.hashes.first());
    arrive(feed, place, file, names, &part, bounds)?;
    like(&part, &names.program())?;
    Ok(Real.apply_all(&[
        Op::Sync(part.clone()),
        Op::Rename { from: part, to: names.update() },
        Op::SyncFolder(names.state()),
        Op::SyncFolder(names.folder().to_owned()),
    ])?)
}

/// Makes a target whole and good under a name in the updater's folder. It goes on where it was interrupted.
///
/// # Errors
/// As [`download`].
pub(crate) fn arrive(
    feed: &mut Feed,
    place: &str,
    file: &TargetFile,
    names: &Names,
    part: &Path,
    bounds: Bounds,
) -> Result<(), DownloadError> {
    remove_others(names, part)?;
    let seen = resume(part, file)?;
    match fill(feed, place, file, part, seen, bounds) {
        // It went on from a part that was damaged here: once more from the begin.
        Err(DownloadError::Other { .. }) if seen > 0 => {
            Real.apply(&Op::Remove(part.to_owned()))?;
            fill(feed, place, file, part, 0, bounds)
        }
        done => done,
    }
    .inspect_err(|error| {
        if matches!(error, DownloadError::Other { .. }) {
            let _ = fs_err::remove_file(part);
        }
    })
}

/// How many bytes of it are here.
fn resume(part: &Path, file: &TargetFile) -> io::Result<u64> {
    match fs_err::symlink_metadata(part) {
        Ok(found) if found.is_file() && found.len() <= file.length => Ok(found.len()),
        Ok(_) => fs_err::remove_file(part).map(|()| 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Brings what is missing behind the first bytes, and holds all of it against what was signed.
fn fill(
    feed: &mut Feed,
    place: &str,
    file: &TargetFile,
    part: &Path,
    seen: u64,
    bounds: Bounds,
) -> Result<(), DownloadError> {
    let other = |source| DownloadError::Other { place: place.to_owned(), source };
    let failed = |source| DownloadError::Feed { place: place.to_owned(), source };
    let mut check = Check::new(file);
    if seen < file.length || seen == 0 {
        let mut comes = feed.part(place, seen, file.length).map_err(failed)?;
        let mut out = if comes.from == 0 {
            Real.apply(&Op::Remove(part.to_owned()))?;
            fs_err::File::create_new(part)?
        } else {
            known(part, &mut check, seen).map_err(|error| error.or(other))?;
            fs_err::OpenOptions::new().append(true).open(part)?
        };
        let mut buffer = vec![0; 64 << 10];
        let begin = Instant::now();
        let mut came = 0_u64;
        loop {
            let read = match comes.bytes.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error.into())),
            };
            check.update(&buffer[..read]).map_err(other)?;
            out.write_all(&buffer[..read])?;
            came += read as u64;
            hold_back(begin, came, bounds.speed);
        }
        if check.seen() < file.length {
            let text = format!("it ended after {} of {} bytes", check.seen(), file.length);
            return Err(failed(io::Error::new(io::ErrorKind::UnexpectedEof, text).into()));
        }
    } else {
        known(part, &mut check, seen).map_err(|error| error.or(other))?;
    }
    check.finish().map_err(other)
}

/// A file that cannot be read, or is another one.
enum Known {
    Disk(io::Error),
    Check(CheckError),
}

impl Known {
    fn or(self, other: impl Fn(CheckError) -> DownloadError) -> DownloadError {
        match self {
            Self::Disk(error) => error.into(),
            Self::Check(error) => other(error),
        }
    }
}

/// Takes the bytes that are here.
fn known(part: &Path, check: &mut Check, length: u64) -> Result<(), Known> {
    let mut from = fs_err::File::open(part).map_err(Known::Disk)?.take(length);
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer).map_err(Known::Disk)? {
            0 => return Ok(()),
            read => check.update(&buffer[..read]).map_err(Known::Check)?,
        }
    }
}

/// Waits for as long as these bytes should have taken.
fn hold_back(begin: Instant, came: u64, speed: u64) {
    if speed > 0 {
        let wanted = Duration::from_secs_f64(
            f64::from(u32::try_from(came / 1024).unwrap_or(u32::MAX)) * 1024.0 / speed_of(speed),
        );
        sleep(wanted.saturating_sub(begin.elapsed()));
    }
}

fn speed_of(speed: u64) -> f64 {
    f64::from(u32::try_from(speed).unwrap_or(u32::MAX))
}

/// Parts of other files: they are not gone on with.
fn remove_others(names: &Names, part: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(names.state())? {
        let path = entry?.path();
        if path != part && path.extension().is_some_and(|end| end == "part") {
            fs_err::remove_file(path)?;
        }
    }
    Ok(())
}

/// The mode and the owner of the program that is there; one that anybody may run where there is none.
#[cfg(unix)]
fn like(part: &Path, program: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let found = match fs_err::symlink_metadata(program) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mode = found.as_ref().map_or(0o755, |found| found.mode() & 0o7777);
    let here = fs_err::symlink_metadata(part)?;
    if let Some(found) = found.filter(|found| (found.uid(), found.gid()) != (here.uid(), here.gid())) {
        std::os::unix::fs::chown(part, Some(found.uid()), Some(found.gid()))?;
    }
    // Last: another owner takes bits away.
    fs_err::set_permissions(part, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as elsewhere")]
fn like(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}
