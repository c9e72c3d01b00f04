//! `changelog.Debian.gz`: what changed, for people and for tools that read deb-changelog(5).

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    super::{ChangelogEntry, FormatError, Meta},
    control, text,
};

/// The text of the changelog (policy 4.4), newest entry first, changes wrapped to 79 columns, times in UTC.
///
/// # Errors
/// No entry at all, a suite or version that is no word, a time outside of the years 1970 to 9999.
pub(super) fn changelog(meta: &Meta) -> Result<String, FormatError> {
    if meta.changelog.is_empty() {
        return Err(FormatError::field("changelog", "", "it has no entry"));
    }
    let maintainer = control::maintainer(meta)?;
    let suite = word("suite", &meta.suite)?;
    let mut out = String::new();
    for (index, entry) in meta.changelog.iter().enumerate() {
        let gap = if index == 0 { "" } else { "\n" };
        let version = word("changelog version", &entry.version)?;
        let _ = write!(out, "{gap}{} ({version}) {suite}; urgency=medium\n\n", meta.name);
        for change in changes(entry) {
            out.push_str(&text::wrap(&change, "  * ", "    ").join("\n"));
            out.push('\n');
        }
        let _ = write!(out, "\n -- {maintainer}  {}\n", date(entry.date)?);
    }
    Ok(out)
}

/// What an entry says; a release without a word about it is still an entry.
fn changes(entry: &ChangelogEntry) -> Vec<String> {
    let said: Vec<String> = entry
        .changes
        .iter()
        .map(|change| change.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect::<String>())
        .filter(|change| !change.trim().is_empty())
        .collect();
    if said.is_empty() { vec![format!("Release {}.", entry.version)] } else { said }
}

/// RFC 5322 with a numeric zone, as deb-changelog(5) wants it.
fn date(seconds: i64) -> Result<String, FormatError> {
    let refuse = |_| FormatError::field("changelog date", &seconds.to_string(), "it is no time since 1970");
    let time = Timestamp::from_second(seconds.max(0)).map_err(refuse)?;
    Ok(time.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S %z").to_string())
}

fn word<'a>(field: &'static str, value: &'a str) -> Result<&'a str, FormatError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.+~:_".contains(&b);
    if value.is_empty() || !value.bytes().all(plain) {
        return Err(FormatError::field(field, value, "it has to be one word of letters, digits and `-.+~:_`"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn entries_are_what_dpkg_reads() {
        let entry = |version: &str, date, changes: &[&str]| ChangelogEntry {
            version: version.to_owned(),
            date,
            changes: changes.iter().map(ToString::to_string).collect(),
        };
        let long = "A change that needs a second line because somebody had very much to say about what it does.";
        let meta = Meta {
            changelog: vec![entry("2.0-1", 1_700_000_000, &[long, "b\nc"]), entry("1.0-1", -5, &[" "])],
            ..sample::meta()
        };
        insta::assert_snapshot!(changelog(&meta).unwrap(), @r"
        factory-sample (2.0-1) bookworm; urgency=medium

          * A change that needs a second line because somebody had very much to say
            about what it does.
          * b c

         -- Example Team <packages@example.org>  Tue, 14 Nov 2023 22:13:20 +0000

        factory-sample (1.0-1) bookworm; urgency=medium

          * Release 1.0-1.

         -- Example Team <packages@example.org>  Thu, 01 Jan 1970 00:00:00 +0000
        ");
    }

    #[test]
    fn an_entry_cannot_forge_another() {
        let base = sample::meta;
        assert!(changelog(&Meta { changelog: Vec::new(), ..base() }).is_err());
        assert!(changelog(&Meta { suite: "a; urgency=high".to_owned(), ..base() }).is_err());
        let mut meta = base();
        meta.changelog[0].version = "1)\n".to_owned();
        assert!(changelog(&meta).is_err());
        let mut meta = base();
        meta.changelog[0].date = i64::MAX;
        assert!(changelog(&meta).is_err());
    }
}
