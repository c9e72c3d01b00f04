//! Versions of Debian packages, in dpkg's order (Debian policy 5.6.12).

use std::cmp::Ordering;

use crate::names::dpkg_order;

/// As `dpkg --compare-versions` has it: `[epoch:]upstream[-revision]`.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    let (first, second) = (parts(one), parts(other));
    let epochs = first.0.cmp(&second.0);
    epochs.then_with(|| dpkg_order(first.1, second.1)).then_with(|| dpkg_order(first.2, second.2))
}

fn parts(text: &str) -> (u64, &str, &str) {
    let (epoch, rest) = text.split_once(':').map_or((0, text), |(epoch, rest)| (epoch.parse().unwrap_or(0), rest));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

/// Whether a text may be a version in a relation: what is written in a list of symbols is not believed to be one.
#[must_use]
pub fn is_version(text: &str) -> bool {
    text.len() <= 256
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || b".+-~:".contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpkg_s_order() {
        for (small, large) in [
            ("1.0", "1.0-1"),
            ("1.0-1", "1.0-1+b1"),
            ("1.0~rc1-1", "1.0-1"),
            ("2.9", "1:1.0"),
            ("2.14", "2.34"),
            ("2.4", "2.34"),
            ("1-2-3", "1-2-10"),
            ("0", "0.1"),
        ] {
            assert_eq!(compare(small, large), Ordering::Less, "{small} {large}");
            assert_eq!(compare(large, small), Ordering::Greater, "{small} {large}");
        }
        assert_eq!(compare("0:1.0", "1.0"), Ordering::Equal);
        assert_eq!(compare("1.0-0", "1.0"), Ordering::Equal);
    }

    #[test]
    fn only_versions_are_versions() {
        assert!(is_version("1:2.34~rc1-1+b2") && is_version("0"));
        for bad in ["", "(>= 1)", "1), evil (= 1", "v1", "1 2", "1\n", "#MINVER#"] {
            assert!(!is_version(bad), "{bad:?}");
        }
    }
}
