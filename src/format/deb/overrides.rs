//! `usr/share/lintian/overrides/<package>`: findings that are meant, each behind its reason (lintian manual 2.4).

use std::fmt::Write as _;

use super::{
    super::{FormatError, Meta},
    text,
};

/// The text of the overrides file; empty where nothing is overridden.
///
/// # Errors
/// A finding without a reason, or either with a line end.
pub(super) fn overrides(meta: &Meta) -> Result<String, FormatError> {
    let mut out = String::new();
    for item in &meta.overrides {
        let tag = text::line("overrides.tag", &item.tag)?;
        if tag.starts_with('#') {
            return Err(FormatError::field("overrides.tag", tag, "lintian takes it for a comment"));
        }
        let reason = text::line("overrides.reason", &item.reason)?;
        for line in text::wrap(reason, "# ", "# ") {
            let _ = writeln!(out, "{line}");
        }
        let _ = writeln!(out, "{tag}");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::Override, sample},
        *,
    };

    #[test]
    fn each_finding_has_its_reason() {
        let meta = |tag: &str, reason: &str| Meta {
            overrides: vec![Override { tag: tag.to_owned(), reason: reason.to_owned() }],
            ..sample::meta()
        };
        let text = overrides(&meta("dir-or-file-in-opt *", "It is an add-on package.")).unwrap();
        assert_eq!(text, "# It is an add-on package.\ndir-or-file-in-opt *\n");
        for (tag, reason) in [("", "x"), ("x", " "), ("x\ny", "z"), ("x", "y\nz"), ("# x", "y")] {
            assert!(overrides(&meta(tag, reason)).is_err(), "{tag:?} {reason:?}");
        }
    }
}
