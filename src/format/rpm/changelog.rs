//! The changelog: three lists of times, headings and texts, newest first.

use super::{
    super::{FormatError, Meta, text::line},
    header::{Header, Value},
    tags, time,
};

/// Seconds of a day, and of the time that rpmbuild gives to a date: noon UTC, the same day from UTC-12 to UTC+11.
const DAY: i64 = 86_400;
const NOON: i64 = 43_200;

/// Writes the changelog into a header: `Name <mail> - version-release` and `- change` lines, as spec files have them.
///
/// # Errors
/// [`FormatError::Field`] for a version or change of more than one line, and for a date that rpm cannot count.
pub(super) fn describe(meta: &Meta, header: &mut Header) -> Result<(), FormatError> {
    let maintainer = line("maintainer", &meta.maintainer)?;
    let (mut times, mut names, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &meta.changelog {
        let mut changes = Vec::new();
        for change in &entry.changes {
            changes.push(format!("- {}", line("changelog.changes", change)?));
        }
        times.push(time("changelog.date", entry.date.div_euclid(DAY).saturating_mul(DAY).saturating_add(NOON))?);
        names.push(format!("{maintainer} - {}", line("changelog.version", &entry.version)?));
        texts.push(changes.join("\n"));
    }
    header.set(tags::CHANGELOG_TIME, Value::Int32(times));
    header.set(tags::CHANGELOG_NAME, Value::Texts(names));
    header.set(tags::CHANGELOG_TEXT, Value::Texts(texts));
    Ok(())
}
