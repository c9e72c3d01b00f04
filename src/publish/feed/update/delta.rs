//! Deltas: what a release has that an older one had not, as a zstd stream with the old file as its prefix (`zstd --patch-from`).

use std::{
    io::{self, Read, Write as _},
    path::Path,
};

use factory_tuf::{Check, Delta, Says, TargetFile, TargetPath};

use super::change::{Targets, said};

/// From so many older releases a new one has a delta: the newest ones, which most machines have.
pub const OLDER: usize = 3;

/// The largest old and new file together, in bytes: both are in memory meanwhile.
pub const LARGEST: u64 = 512 << 20;

/// How hard zstd tries. A delta is made once and loaded by every machine.
const LEVEL: i32 = 15;

/// The releases that a delta leads from: the highest older versions of the same program for the same machines that were not withdrawn.
pub fn older<'a>(targets: &'a Targets, new: &Says) -> Vec<(&'a TargetPath, &'a TargetFile, Says)> {
    let is_older = |says: &Says| {
        says.product == new.product
            && says.platform == new.platform
            && !says.withdrawn
            && says.version.cmp_precedence(&new.version).is_lt()
    };
    let mut found: Vec<_> = targets.iter().filter_map(|(path, file)| Some((path, file, said(file)?))).collect();
    found.retain(|(_, _, says)| is_older(says));
    found.sort_by(|(.., one), (.., other)| other.version.cmp_precedence(&one.version));
    found.truncate(OLDER);
    found
}

/// The target of a delta: beside the new file, after the old version.
pub fn target(
    path: &TargetPath,
    from: &Says,
    old: &TargetFile,
    new: &TargetFile,
    bytes: &[u8],
) -> Option<(TargetPath, TargetFile)> {
    let name = TargetPath::new(format!("{path}.from-{}.zst", from.version)).ok()?;
    let mut file = TargetFile::of(bytes);
    file.custom = Delta { from: old.hashes.first().to_owned(), to: new.hashes.first().to_owned() }.custom();
    Some((name, file))
}

/// Makes one, where it is at most half as large as the new file; what it gives was held against that file. `said` is what the feed says of the
/// old one: a delta from other bytes would be of use to nobody.
///
/// # Errors
/// Where a file cannot be read, or the old one is not what was published.
pub fn make(old: &mut dyn Read, said: &TargetFile, new: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut before = Vec::new();
    old.take(said.length.saturating_add(1)).read_to_end(&mut before)?;
    let mut check = Check::new(said);
    check.update(&before).and_then(|()| check.finish()).map_err(io::Error::other)?;
    let after = fs_err::read(new)?;
    let log = window((before.len() + after.len()) as u64);
    let mut encoder = zstd::stream::write::Encoder::with_ref_prefix(Vec::new(), LEVEL, &before)?;
    encoder.window_log(log)?;
    encoder.long_distance_matching(true)?;
    encoder.set_pledged_src_size(Some(after.len() as u64))?;
    encoder.write_all(&after)?;
    let delta = encoder.finish()?;
    if delta.len() > after.len() / 2 {
        return Ok(None);
    }
    let mut decoder = zstd::stream::read::Decoder::with_ref_prefix(&delta[..], &before)?;
    decoder.window_log_max(log)?;
    let mut given = Vec::with_capacity(after.len());
    decoder.take(after.len() as u64 + 1).read_to_end(&mut given)?;
    if given == after {
        Ok(Some(delta))
    } else {
        Err(io::Error::other("a delta does not give the file that it was made of"))
    }
}

/// The logarithm of a window over all of it, within what zstd has. Updaters open the same one.
fn window(size: u64) -> u32 {
    (u64::BITS - size.leading_zeros()).clamp(10, 30)
}
