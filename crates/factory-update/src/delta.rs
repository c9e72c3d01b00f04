//! A delta is what a new file has that the old one had not: a zstd stream that needs the old file as its prefix (`zstd --patch-from`). It is a
//! target of its own, held against its digest as any other; what it gives is held against the digest of the whole file, as if that had come.

use std::{
    io::{self, BufReader, Read as _},
    path::Path,
};

use factory_tuf::{Client, Delta, TargetFile, Targets};

use crate::{
    disk::{Disk as _, Op, Real},
    download::{Bounds, DownloadError, arrive},
    feed::Feed,
    names::Names,
};

/// The largest old and new file together, in bytes: both are in memory meanwhile.
const LARGEST: u64 = 512 << 20;

/// Why a delta was of no use. The whole file is loaded then.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// It could not be had, or is another one.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// It is none, or a file of this machine.
    #[error("it gives no file")]
    Io(#[from] io::Error),
    /// It gives another length.
    #[error("it gives {found} bytes, not {wanted}")]
    Length {
        /// What it gives.
        found: u64,
        /// What was said.
        wanted: u64,
    },
}

/// The target that makes the program of this digest the wanted file, where the feed has one that is at most half as large.
#[must_use]
pub fn find<'a>(
    targets: &'a Targets,
    old: &str,
    file: &TargetFile,
) -> Option<(&'a factory_tuf::TargetPath, &'a TargetFile)> {
    let wanted = Delta { from: old.to_owned(), to: file.hashes.first().to_owned() };
    targets
        .targets
        .iter()
        .find(|(_, delta)| Delta::of(delta).is_some_and(|delta| delta == wanted) && delta.length <= file.length / 2)
}

/// Makes a part of the file that is whole, where it was not begun without a delta before: what is loaded next goes on there, and holds all of it
/// against what was signed. Whether there was one.
///
/// # Errors
/// [`DeltaError`]; no part is left.
pub fn patch(
    feed: &mut Feed,
    client: &Client,
    file: &TargetFile,
    names: &Names,
    bounds: Bounds,
) -> Result<bool, DeltaError> {
    let part = names.part(file.hashes.first());
    let Some(old) = Real.digest(&names.program())? else { return Ok(false) };
    let Some((path, delta)) = client.targets().and_then(|targets| find(targets, &old, file)) else { return Ok(false) };
    let size = fs_err::symlink_metadata(names.program())?.len().saturating_add(file.length);
    let is_begun = fs_err::symlink_metadata(&part).is_ok() || fs_err::symlink_metadata(names.update()).is_ok();
    if is_begun || size > LARGEST || file.length > bounds.size {
        return Ok(false);
    }
    let arrived = names.part(delta.hashes.first());
    arrive(feed, &client.place(path, delta), delta, names, &arrived, bounds)?;
    let done = apply(&names.program(), &arrived, &part, file.length);
    Real.apply(&Op::Remove(arrived))?;
    done.inspect_err(|_| {
        let _ = fs_err::remove_file(&part);
    })?;
    Ok(true)
}

/// Writes what a delta gives. No more is kept of it than was said.
fn apply(old: &Path, delta: &Path, to: &Path, length: u64) -> Result<(), DeltaError> {
    let prefix = fs_err::read(old)?;
    let mut decoder =
        zstd::stream::read::Decoder::with_ref_prefix(BufReader::new(fs_err::File::open(delta)?), &prefix)?;
    decoder.window_log_max(window(prefix.len() as u64 + length))?;
    let mut out = fs_err::File::create_new(to)?;
    let found = io::copy(&mut decoder.take(length.saturating_add(1)), &mut out)?;
    if found == length { Ok(()) } else { Err(DeltaError::Length { found, wanted: length }) }
}

/// The logarithm of a window over all of it, within what zstd has.
fn window(size: u64) -> u32 {
    (u64::BITS - size.leading_zeros()).clamp(10, 30)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// As the publisher makes one.
    fn delta(old: &[u8], new: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::with_ref_prefix(Vec::new(), 3, old).unwrap();
        encoder.window_log(window((old.len() + new.len()) as u64)).unwrap();
        encoder.long_distance_matching(true).unwrap();
        encoder.write_all(new).unwrap();
        encoder.finish().unwrap()
    }

    /// Bytes that nothing makes smaller.
    fn noise(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_a_delta_gives_is_the_new_file_and_no_more_than_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let old = noise(3 << 20);
        let new = [&old[..1 << 20], b"something else", &old[1 << 20..]].concat();
        let small = delta(&old, &new);
        assert!(small.len() < 4096, "{}", small.len());
        fs_err::write(path("old"), &old).unwrap();
        fs_err::write(path("delta"), &small).unwrap();
        let length = new.len() as u64;
        apply(&path("old"), &path("delta"), &path("new"), length).unwrap();
        assert!(fs_err::read(path("new")).unwrap() == new);
        for (name, wanted) in [("short", length - 1), ("long", length + 1)] {
            let error = apply(&path("old"), &path("delta"), &path(name), wanted).unwrap_err();
            assert!(matches!(error, DeltaError::Length { .. }), "{name}: {error}");
        }
        // An endless one is cut, and what is none is said.
        fs_err::write(path("delta"), delta(&old, &[0; 10_000])).unwrap();
        assert!(matches!(
            apply(&path("old"), &path("delta"), &path("cut"), 10),
            Err(DeltaError::Length { found: 11, .. })
        ));
        for bad in [&delta(&old, &vec![0; 64 << 20])[..], b"no delta"] {
            fs_err::write(path("delta"), bad).unwrap();
            let error = apply(&path("old"), &path("delta"), &path("none"), 10).unwrap_err();
            assert!(matches!(error, DeltaError::Io(_)), "{error}");
            fs_err::remove_file(path("none")).unwrap();
        }
    }

    #[test]
    fn a_window_spans_both_files() {
        assert_eq!([window(0), window(1 << 20), window((1 << 20) - 1), window(u64::MAX)], [10, 21, 20, 30]);
    }
}
