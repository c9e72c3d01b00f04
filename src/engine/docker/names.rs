//! The last check on names before they become part of a URL: bollard puts them there as they are.
//!
//! It does not say whether a name is a good one (`names/` does), only that it cannot mean another request.

use super::errors::Doing;
use crate::engine::EngineError;

/// An image's name, tag, digest or id.
pub(super) fn image(reference: &str, doing: Doing) -> Result<&str, EngineError> {
    checked(reference, "._-/:@+", doing, "an image's name")
}

/// A container's name or id.
pub(super) fn container(id: &str, doing: Doing) -> Result<&str, EngineError> {
    checked(id, "._-", doing, "a container's id")
}

fn checked<'a>(name: &'a str, also: &str, doing: Doing, kind: &str) -> Result<&'a str, EngineError> {
    let known = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    let fine = !name.is_empty() && name.len() <= 512 && name.chars().all(known);
    // An empty or dotted component would be resolved away.
    if fine && name.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        Ok(name)
    } else {
        Err(doing.refused(None, format!("`{}` is not {kind}", name.escape_debug())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::docker::errors::{INSPECT, INSPECT_IMAGE};

    #[test]
    fn names_that_would_change_the_request_are_refused() {
        for good in ["debian:12", "localhost:5000/a/b:1", "sha256:00ff", "a/b@sha256:00", "a/b:1.0-rc.1_x"] {
            assert_eq!(image(good, INSPECT_IMAGE).unwrap(), good);
        }
        for bad in ["", "a b", "a?x=1", "a#b", "../containers/x", "a//b", "/a", "a/", "a/./b", "a%2fb", "a\nb", "é"] {
            assert!(matches!(image(bad, INSPECT_IMAGE), Err(EngineError::Refused { .. })), "{bad:?}");
        }
        assert!(container("a/b", INSPECT).is_err());
        assert!(container("0123abcdef", INSPECT).is_ok());
    }
}
