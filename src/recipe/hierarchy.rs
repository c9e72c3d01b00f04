//! The folders of a system as the Filesystem Hierarchy Standard 3.0 has them, and what distributions add: whether a path is in one of them,
//! and which one is probably meant.

use crate::util::toml::nearest;

/// Folders of `/`.
const TOP: &str = "\
    afs bin boot dev etc home lib lib32 lib64 libx32 lost+found media mnt nonexistent opt proc root run sbin selinux snap srv sys tmp usr var";
/// Folders of `/usr`.
const USR: &str = "X11R6 bin etc games include lib lib32 lib64 libexec libx32 local sbin share src tmp";
/// Folders of `/usr/local`.
const USR_LOCAL: &str = "bin etc games include lib lib32 lib64 libexec man sbin share src";
/// Folders of `/var`.
const VAR: &str = "\
    account adm backups cache crash cvs db empty ftp games kerberos lib local lock log mail nis opt preserve run snap spool tmp www yp";

/// A folder that is none of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// Its path, absolute.
    pub folder: String,
    /// The one that is probably meant.
    pub near: Option<String>,
}

/// The first folder of an absolute path that no system has.
#[must_use]
pub fn odd(path: &str) -> Option<Odd> {
    let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let mut above = String::new();
    loop {
        let known = match above.as_str() {
            "" => TOP,
            "/usr" => USR,
            "/usr/local" => USR_LOCAL,
            "/var" => VAR,
            _ => return None,
        };
        let part = parts.next()?;
        if !known.split_whitespace().any(|folder| folder == part) {
            let near = nearest(part, known.split_whitespace()).map(|near| format!("{above}/{near}"));
            return Some(Odd { folder: format!("{above}/{part}"), near });
        }
        above = format!("{above}/{part}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_no_system_has() {
        for (path, folder, near) in [
            ("/ect/shop/x", "/ect", Some("/etc")),
            ("/ect", "/ect", Some("/etc")),
            ("/usr/ib/shop", "/usr/ib", Some("/usr/lib")),
            ("/usr/local/bni/x", "/usr/local/bni", Some("/usr/local/bin")),
            ("/var/lgo/x", "/var/lgo", Some("/var/log")),
            ("/workspace/x", "/workspace", None),
        ] {
            assert_eq!(odd(path), Some(Odd { folder: folder.to_owned(), near: near.map(str::to_owned) }), "{path}");
        }
        for fine in [
            "/",
            "/etc/shop",
            "/opt/shop",
            "/usr/lib/x",
            "/usr/share/ect",
            "/nonexistent",
            "/var/lib/shop",
            "/home/shop",
        ] {
            assert_eq!(odd(fine), None, "{fine}");
        }
    }
}
