//! Names that cannot be unpacked: package managers write a file under a longer name first, beside its place.

use super::refusal::Refusal;

/// The longest component of a path, in bytes: file systems take 255, dpkg adds `.dpkg-new` and `.dpkg-tmp`, rpm `;` and
/// eight digits.
const LONGEST_NAME: usize = 255 - 9;
/// The longest path: the kernel takes 4,096 bytes with the NUL at its end (path_resolution(7)), and that of a symbolic link is
/// no longer.
const LONGEST_PATH: usize = 4095;

/// Finds the first of these paths (without a leading slash) that is too long; `is_config` says that dpkg may put
/// `.dpkg-dist` behind it.
///
/// # Errors
/// The first one.
pub fn check<'p>(package: &str, paths: impl Iterator<Item = (&'p str, bool, Option<&'p str>)>) -> Result<(), Refusal> {
    for (path, is_config, target) in paths {
        // Folders above may have no entry of their own: the package gets them when it is written.
        let long = path.split('/').find(|name| name.len() > LONGEST_NAME);
        let own = long.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path));
        let longest = LONGEST_NAME - usize::from(is_config && long.is_none());
        let (what, length, most) = if own.len() > longest {
            ("its name", own.len(), longest)
        } else if path.len() + 10 > LONGEST_PATH {
            ("its path", path.len(), LONGEST_PATH - 10)
        } else if let Some(target) = target.filter(|target| target.len() > LONGEST_PATH) {
            ("what it links to", target.len(), LONGEST_PATH)
        } else {
            continue;
        };
        let shown: String = own.chars().take(40).collect();
        let folder = path.find(own).map_or("", |at| path[..at].trim_end_matches('/'));
        let folder = if folder.is_empty() { String::new() } else { shorter(folder) };
        return Err(Refusal {
            message: format!(
                "/{folder}{shown}… of {package} cannot be unpacked: {what} has {length} bytes, and at most {most} leave room for \
                 what dpkg and rpm add while they install"
            ),
            help: "give it a shorter name in the image, or leave it out with an entry `type = \"exclude\"`".to_owned(),
        });
    }
    Ok(())
}

/// A folder with its slash, or its beginning.
fn shorter(folder: &str) -> String {
    if folder.len() <= 120 {
        return format!("{folder}/");
    }
    format!("{}…/", folder.chars().take(60).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, is_config: bool, target: Option<&str>) -> String {
        check("shop", [(path, is_config, target)].into_iter()).err().map(|finding| finding.message).unwrap_or_default()
    }

    #[test]
    fn names_leave_room_for_what_is_added() {
        let name = |length| format!("opt/{}", "n".repeat(length));
        assert_eq!(said(&name(246), false, None), "");
        assert!(said(&name(247), false, None).contains("its name has 247 bytes, and at most 246"));
        assert_eq!(said(&name(245), true, None), "");
        assert!(said(&name(246), true, None).contains("at most 245"));
        assert!(said(&format!("opt/{}", "é".repeat(124)), false, None).contains("248 bytes"));
        assert_eq!(said(&format!("{}/x", "n".repeat(246)), true, None), "");
        assert!(said(&format!("opt/{}/x", "n".repeat(247)), false, None).starts_with("/opt/nnn"));
    }

    #[test]
    fn paths_and_links_fit_the_kernel() {
        let deep = "d/".repeat(2040);
        assert_eq!(said(&format!("{deep}xyzzy"), false, None), "");
        assert!(said(&format!("{deep}xyzzy1"), false, None).contains("its path has 4086 bytes"));
        assert_eq!(said("a", false, Some(&"t".repeat(4095))), "");
        assert!(said("a", false, Some(&"t".repeat(4096))).contains("what it links to"));
    }
}
