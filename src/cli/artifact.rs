//! What a file or folder on the command line is. The verbs that take one (`build`, `show`, `verify`, `publish`) ask here;
//! a format more is a variant more.

use std::path::{Path, PathBuf};

use crate::diag::{Exit, Failure};

/// Something that was made, or that a package is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// A WAPT package's file.
    Wapt(PathBuf),
    /// The index of a WAPT repository, `Packages`.
    WaptIndex(PathBuf),
    /// A WAPT package's folder, with a `WAPT/control`.
    WaptFolder(PathBuf),
}

impl Artifact {
    /// Whether a file is called as WAPT packages are.
    #[must_use]
    pub fn is_wapt(file: &str) -> bool {
        Path::new(file).extension().is_some_and(|end| end == "wapt")
    }

    /// Whether a word of the command line is meant as a path.
    #[must_use]
    pub fn is_path(word: &str) -> bool {
        word.contains('/') || word == "." || word == ".." || Self::is_wapt(word)
    }

    /// What a path is.
    ///
    /// # Errors
    /// Exit code 2 for something that is not there, or is nothing that is known here.
    pub fn of(path: &Path) -> Result<Self, Failure> {
        let refuse = |why: &str| Failure::new(Exit::Usage, format!("`{}` {why}", path.display()));
        let Ok(meta) = fs_err::metadata(path) else {
            return Err(refuse("is not there"));
        };
        if meta.is_dir() {
            return if path.join("WAPT").is_dir() {
                Ok(Self::WaptFolder(path.to_owned()))
            } else {
                Err(refuse("is no package's folder")
                    .help("a WAPT package's folder has a `WAPT/control`: `factory init --wapt DIR` makes one"))
            };
        }
        match path.extension().and_then(|end| end.to_str()) {
            Some("wapt") => Ok(Self::Wapt(path.to_owned())),
            None if path.ends_with("Packages") => Ok(Self::WaptIndex(path.to_owned())),
            Some("crt" | "pem" | "cer" | "crl") => {
                Err(refuse("is no package, but a certificate, a key or a list of revoked ones")
                    .help("`--trust` and `--crl` take one file each: write the option before every one"))
            }
            Some("deb") => Err(refuse("is a Debian package, and this is for WAPT packages")
                .help("`dpkg-deb --info` and `dpkg-deb --contents` show it; `factory test` installs and removes it")),
            Some("rpm") => Err(refuse("is an rpm package, and this is for WAPT packages")
                .help("`rpm -qip` and `rpm -qlp` show it; `factory test` installs and removes it")),
            _ => {
                Err(refuse("is of no kind that is known here")
                    .help("known: .wapt, and `Packages` of a WAPT repository"))
            }
        }
    }
}
