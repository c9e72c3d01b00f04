//! What a file or folder on the command line is. The verbs that take one (`build`, `show`, `verify`, `publish`) ask here, and this asks
//! the table of formats: a format more is no line more.

use std::path::{Path, PathBuf};

use crate::{
    diag::{Exit, Failure},
    format::{PackageFormat, Reader, reader},
    publish::{feed, sums},
};

/// Something that was made, or that a package is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// A package's file.
    Package(PackageFormat, PathBuf),
    /// The index of a repository of such packages.
    Index(PackageFormat, PathBuf),
    /// A folder that such a package is made from.
    Folder(PackageFormat, PathBuf),
    /// The folder of an update feed.
    Feed(PathBuf),
    /// A list of checksums, `SHA256SUMS`.
    Sums(PathBuf),
}

impl Artifact {
    /// Whether a word of the command line is meant as a path.
    #[must_use]
    pub fn is_path(word: &str) -> bool {
        word.contains('/') || word == "." || word == ".." || PackageFormat::of_file(word).is_some()
    }

    /// What a path is.
    ///
    /// # Errors
    /// Exit code 2 for something that is not there, or is nothing that is known here.
    pub fn from_path(path: &Path) -> Result<Self, Failure> {
        let refuse = |why: &str| Failure::new(Exit::Usage, format!("`{}` {why}", path.display()));
        let Ok(meta) = fs_err::metadata(path) else {
            return Err(refuse("is not there"));
        };
        if meta.is_dir() && feed::update::is_feed(path) {
            return Ok(Self::Feed(path.to_owned()));
        }
        if meta.is_dir() {
            return folder(path).map_or_else(|help| Err(refuse("is no package's folder").help(help)), Ok);
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name == sums::NAME {
            return Ok(Self::Sums(path.to_owned()));
        }
        if let Some(format) = PackageFormat::of_index(&name) {
            return Ok(Self::Index(format, path.to_owned()));
        }
        // Windows and DOS write `X.CAB`.
        let found = PackageFormat::of_file(&name).or_else(|| PackageFormat::of_file(&name.to_ascii_lowercase()));
        if let Some((format, _)) = found {
            return Ok(Self::Package(format, path.to_owned()));
        }
        match path.extension().and_then(|end| end.to_str()) {
            Some("crt" | "pem" | "cer" | "crl") => {
                Err(refuse("is no package, but a certificate, a key or a list of revoked ones")
                    .help("`--trust` and `--crl` take one file each: write the option before every one"))
            }
            _ => Err(refuse("is of no kind that is known here").help(format!("known: {}", known()))),
        }
    }
}

/// The folder that a package is made from, or how one is made.
fn folder(path: &Path) -> Result<Artifact, String> {
    let mut help = Vec::new();
    for format in PackageFormat::ALL {
        let Some(sources) = &format.facts().sources else { continue };
        if path.join(sources.folder).is_dir() {
            return Ok(Artifact::Folder(*format, path.to_owned()));
        }
        help.push(sources.folder_help);
    }
    Err(help.join("; "))
}

/// The reader of a package's format.
///
/// # Errors
/// Exit code 2 for a format that is not read.
pub fn reader_of(format: PackageFormat, path: &Path) -> Result<&'static dyn Reader, Failure> {
    reader(format).ok_or_else(|| {
        let what = format!("`{}` is called as {}s are, which are not read here", path.display(), format.facts().title);
        Failure::new(Exit::Usage, what).help(format!("known: {}", known()))
    })
}

/// The names of all files that are read, for people.
#[must_use]
pub fn known() -> String {
    let read = || PackageFormat::ALL.iter().filter(|format| reader(**format).is_some()).map(|format| format.facts());
    let ends = read().flat_map(|facts| facts.files.iter()).map(|(end, _)| format!(".{end}"));
    let indexes = read().filter_map(|facts| Some((facts.title, facts.sources.as_ref()?.index)));
    let indexes = indexes.map(|(title, index)| format!("`{index}` of a repository of {title}s"));
    let last = format!("`{}`", sums::NAME);
    ends.chain(indexes).chain([last]).collect::<Vec<_>>().join(", ")
}

/// What the files of packages end in, for help texts.
#[must_use]
pub fn extensions() -> String {
    let read = PackageFormat::ALL.iter().filter(|format| reader(**format).is_some());
    let ends = read.flat_map(|format| format.facts().files.iter()).map(|(end, _)| format!("`.{end}`"));
    ends.collect::<Vec<_>>().join(", ")
}
