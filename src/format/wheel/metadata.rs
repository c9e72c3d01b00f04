//! What a wheel says of itself: `WHEEL` and `METADATA`, whose first lines are headers of RFC 822.

use std::io::{Read, Seek};

use super::{WheelError, malformed};
use crate::{format::zip::Archive, names::normalise};

/// The most bytes of `WHEEL` and of the entry points: 1 MiB.
pub(super) const SMALL: u64 = 1 << 20;
/// The most bytes of `METADATA`, which has the whole description: 16 MiB.
pub(super) const LARGE: u64 = 16 << 20;

/// A file's text; `None` where there is no such file.
pub(super) fn text<R: Read + Seek>(
    archive: &mut Archive<R>,
    name: &str,
    most: u64,
) -> Result<Option<String>, WheelError> {
    let Some(bytes) = archive.small(name, most)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| malformed(format!("`{name}` is not UTF-8")))
}

/// The first value of a header.
fn header<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let values = lines.filter_map(|line| line.split_once(':'));
    let mut found = values.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.trim());
    found.next()
}

/// All values of a header.
pub(super) fn headers<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let values = lines.filter_map(|line| line.split_once(':'));
    values.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.trim()).collect()
}

/// Whether the wheel is in the format that is known.
pub(super) fn judge_format(text: &str) -> Result<(), WheelError> {
    let version = header(text, "Wheel-Version").ok_or_else(|| malformed("its WHEEL has no Wheel-Version"))?;
    if version.split('.').next() == Some("1") {
        return Ok(());
    }
    let version = version.escape_debug().take(20).collect::<String>();
    Err(WheelError::Unsupported(format!("version {version} of the format: only 1 is known")))
}

/// Name and version, which its folder of metadata has, too.
pub(super) fn names(text: &str, info: &str) -> Result<(String, String), WheelError> {
    let value = |key: &str| header(text, key).ok_or_else(|| malformed(format!("its METADATA has no {key}")));
    let (name, version) = (value("Name")?, value("Version")?);
    let of_folder = info.strip_suffix(".dist-info").unwrap_or(info);
    if normalise(of_folder) != normalise(&format!("{name}-{version}")) {
        let said = format!("{name} {version}").escape_debug().take(200).collect::<String>();
        return Err(malformed(format!("its METADATA are those of {said}, and its folder is `{info}`")));
    }
    Ok((name.to_owned(), version.to_owned()))
}
