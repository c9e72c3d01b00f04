//! Files of the project and of its sources: which of a folder count, and what is in them. Never writes.

mod ignoring;

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use fs_err as fs;

use crate::{
    names::{Commit, Sha256, SourceName},
    util::{
        digests::Digests,
        folder::{Folder, Refusal, open_file},
    },
};
use ignoring::Ignoring;

/// The file that names, in gitignore(5) patterns, what else of a folder does not count.
pub const IGNORE_FILE: &str = ".factoryignore";

/// Most files that one folder of a project may hold.
const MOST_FILES: usize = 200_000;

/// A file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path below the folder that was asked for, with `/`; the file's own name when a file was asked for.
    pub relative: String,
    /// Where it is: no component of it but the last is a link.
    pub path: PathBuf,
    /// What it is.
    pub kind: SourceKind,
    /// Permission bits of a checkout without its umask: 0755 when the owner may execute it, else 0644
    /// (CVE-2023-32698: modes of a checkout are not modes of a package).
    pub mode: u32,
}

impl SourceFile {
    /// The file, to be read.
    ///
    /// # Errors
    /// When it is gone, or no regular file any more.
    pub fn open(&self) -> io::Result<fs::File> {
        open_file(&self.path)
    }
}

/// The kinds of files that a project may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A regular file.
    File {
        /// Of its bytes.
        sha256: Sha256,
        /// In bytes.
        size: u64,
    },
    /// A symbolic link with its target as written.
    Symlink {
        /// The target.
        target: String,
    },
}

/// Why the project's files could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The system's words, with the path.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A name that cannot go into an archive.
    #[error("`{path}`: {reason}")]
    Name {
        /// The path, escaped.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// A walk that failed.
    #[error("{0}")]
    Walk(#[from] ignore::Error),
    /// A glob that matched nothing.
    #[error("`{pattern}` matches no file of {place}")]
    NoMatch {
        /// As written.
        pattern: String,
        /// `the project`, or the source and its commit.
        place: String,
    },
    /// A source that is not declared, or not there yet.
    #[error("`@{0}` is no source of this recipe")]
    NoSource(String),
    /// A path that a source does not have.
    #[error("source `{source_name}` has no `{path}` at {}", commit.short())]
    NotThere {
        /// Its name.
        source_name: SourceName,
        /// Of its checkout.
        commit: Commit,
        /// The path in it.
        path: String,
    },
    /// A path to where this program or git writes.
    #[error("`{path}` is where this program or git itself writes: have it in another folder of the project")]
    Output {
        /// As written.
        path: String,
    },
    /// A line of a requirements file that takes in what is not to be had.
    #[error("{place}: {error}")]
    TakenIn {
        /// The file and the line.
        place: String,
        /// Why.
        error: Box<SourceError>,
    },
    /// A path that leads out of a source.
    #[error("`@{source_name}/{path}` leads out of the source through a symbolic link")]
    LeadsOut {
        /// Its name.
        source_name: SourceName,
        /// The path in it.
        path: String,
    },
    /// A pattern that is not one.
    #[error("{0}")]
    Glob(#[from] globset::Error),
}

/// Whose files they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The project's: what git ignores does not count.
    Project,
    /// A checkout's: everything in it was committed, and the project around it says nothing about it.
    Checkout,
    /// A package's folder, in which every file counts.
    Package,
}

/// Every file at `path` of `root` that counts, sorted by path: hidden files, what `.gitignore` (of the project only) and
/// [`IGNORE_FILE`] name, byte code and the folders in `except` do not. A file's path gives just that file, a link's just the link.
///
/// # Errors
/// When something cannot be read, has a name that is not UTF-8, or is neither file, folder nor link; when `path` leads out.
pub(super) fn files(
    root: &Folder,
    path: &str,
    except: &[PathBuf],
    whose: Whose,
    digests: &Digests,
) -> Result<Vec<SourceFile>, SourceError> {
    let place = root.real_itself(Path::new(path))?;
    if !fs::symlink_metadata(&place)?.is_dir() {
        let relative = utf8(place.file_name().map_or(&place, Path::new))?;
        return Ok(vec![describe(&place, relative, digests)?]);
    }
    below(&place, root, except, whose, digests)
}

/// Every file below a folder that is known to be where its path says, links as themselves.
fn below(
    folder: &Path,
    root: &Folder,
    except: &[PathBuf],
    whose: Whose,
    digests: &Digests,
) -> Result<Vec<SourceFile>, SourceError> {
    let ignoring = Ignoring::of(whose);
    ignoring.check_from(folder, root.path())?;
    let (except, checked) = (except.to_vec(), ignoring.clone());
    let mut walk = ignore::WalkBuilder::new(folder);
    if whose != Whose::Package {
        walk.add_custom_ignore_filename(IGNORE_FILE);
    }
    let walk = walk
        .hidden(whose != Whose::Package)
        .follow_links(false)
        .require_git(false)
        .parents(whose == Whose::Project)
        .ignore(whose == Whose::Project)
        .git_ignore(whose == Whose::Project)
        .git_global(false)
        .git_exclude(false)
        .filter_entry(move |entry| {
            let counts = !except.iter().any(|path| path == entry.path())
                && (whose == Whose::Package
                    || (entry.file_name() != "__pycache__"
                        && entry.path().extension().is_none_or(|extension| extension != "pyc")));
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            // Before the walk reads what the folder says of its files.
            counts && !(is_folder && checked.refuses(entry.path()))
        })
        .build();
    let mut found = Vec::new();
    for entry in walk {
        let entry = entry?;
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        let relative = utf8(entry.path().strip_prefix(folder).unwrap_or(entry.path()))?;
        found.push(describe(entry.path(), relative, digests)?);
        if found.len() > MOST_FILES {
            return Err(SourceError::Name {
                path: folder.display().to_string(),
                reason: "it holds more than 200,000 files: name the others in .factoryignore",
            });
        }
    }
    ignoring.refused()?;
    found.sort_by(|a, b| a.relative.split('/').cmp(b.relative.split('/')));
    Ok(found)
}

/// Every file of a folder, hidden and ignored ones too, sorted by path.
///
/// # Errors
/// As of a project's files.
pub fn every_file(folder: &Folder) -> Result<Vec<SourceFile>, SourceError> {
    files(folder, "", &[], Whose::Package, &Digests::forgetful())
}

/// The files that `pattern` (a path or a glob, relative to `root`) names; each with its path below the pattern's
/// fixed part, so that `etc/**` and `etc` both give `a.conf` for `etc/a.conf`.
///
/// # Errors
/// As [`files`]; also when a glob matches nothing.
pub(super) fn matching(
    root: &Folder,
    pattern: &str,
    except: &[PathBuf],
    whose: Whose,
    digests: &Digests,
) -> Result<Vec<SourceFile>, SourceError> {
    let fixed = fixed_part(pattern);
    if fixed == pattern {
        return files(root, pattern, except, whose, digests);
    }
    let matcher = glob(pattern)?;
    // A glob looks into the folder that a link leads to.
    let base = root.real(Path::new(fixed))?;
    let prefix = if fixed.is_empty() { String::new() } else { format!("{fixed}/") };
    let mut found =
        if fs::symlink_metadata(&base)?.is_dir() { below(&base, root, except, whose, digests)? } else { Vec::new() };
    found.retain(|file| matcher.is_match(format!("{prefix}{}", file.relative)));
    if found.is_empty() {
        return Err(SourceError::NoMatch { pattern: pattern.to_owned(), place: "the project".to_owned() });
    }
    Ok(found)
}

/// The folders of a pattern before the first one with a wildcard; the whole pattern when there is none.
#[must_use]
pub fn fixed_part(pattern: &str) -> &str {
    let Some(wild) = pattern.find(['*', '?', '[', '{']) else { return pattern.trim_end_matches('/') };
    pattern[..wild].rfind('/').map_or("", |slash| &pattern[..slash])
}

/// A matcher in which `*` and `?` stop at `/`, and `dir/**` matches everything below `dir`.
///
/// # Errors
/// When the pattern is not one.
pub fn glob(pattern: &str) -> Result<globset::GlobMatcher, globset::Error> {
    Ok(globset::GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build()?.compile_matcher())
}

fn describe(path: &Path, relative: String, digests: &Digests) -> Result<SourceFile, SourceError> {
    use std::os::unix::fs::PermissionsExt as _;
    let meta = fs::symlink_metadata(path)?;
    let (kind, mode) = if meta.is_symlink() {
        (SourceKind::Symlink { target: utf8(&fs::read_link(path)?)? }, 0o777)
    } else if meta.is_file() {
        let (sha256, size) = digests.of_file(path)?;
        let mode = if meta.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
        (SourceKind::File { sha256, size }, mode)
    } else {
        return Err(SourceError::Name {
            path: path.display().to_string(),
            reason: "it is neither a file, a folder nor a symbolic link",
        });
    };
    Ok(SourceFile { relative, path: path.to_owned(), kind, mode })
}

impl SourceError {
    /// Whether a path led out of the folder that it is in.
    pub(super) fn leads_out(error: &io::Error) -> bool {
        matches!(Refusal::of(error), Some(Refusal::LeadsOut { .. }))
    }
}

fn utf8(path: &Path) -> Result<String, SourceError> {
    let refuse = |reason| SourceError::Name { path: path.to_string_lossy().escape_debug().to_string(), reason };
    let text = path.to_str().ok_or_else(|| refuse("its name is not UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(refuse("its name has a control character"));
    }
    Ok(text.to_owned())
}

/// A path without `.` components, and without any way up; `None` when it leads out.
#[must_use]
pub fn within(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => clean.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::folder::Links;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn open(folder: &tempfile::TempDir) -> Folder {
        Folder::open(folder.path(), Links::Inside).unwrap()
    }

    fn names(files: &[SourceFile]) -> Vec<&str> {
        files.iter().map(|file| file.relative.as_str()).collect()
    }

    #[test]
    fn what_counts() {
        let folder = tree(&[
            ("b.py", ""),
            ("a/x.py", ""),
            ("a-b", ""),
            ("a/__pycache__/x.cpython-311.pyc", ""),
            (".git/HEAD", ""),
            ("build/y", ""),
            (".gitignore", "build/\n"),
            (".factoryignore", "notes.txt\n"),
            ("notes.txt", ""),
            ("packages/p.deb", ""),
        ]);
        let found = files(&open(&folder), "", &[folder.path().join("packages")], Whose::Project, &Digests::forgetful())
            .unwrap();
        assert_eq!(names(&found), ["a/x.py", "a-b", "b.py"]);
    }

    #[test]
    fn globs_start_below_their_fixed_part() {
        let folder = tree(&[("etc/a.conf", ""), ("etc/b/c.conf", ""), ("etc/b/d.txt", "")]);
        let found = matching(&open(&folder), "etc/**/*.conf", &[], Whose::Project, &Digests::forgetful()).unwrap();
        assert_eq!(names(&found), ["a.conf", "b/c.conf"]);
        assert_eq!(
            names(&matching(&open(&folder), "etc", &[], Whose::Project, &Digests::forgetful()).unwrap()),
            ["a.conf", "b/c.conf", "b/d.txt"]
        );
        assert_eq!(
            names(&matching(&open(&folder), "etc/a.conf", &[], Whose::Project, &Digests::forgetful()).unwrap()),
            ["a.conf"]
        );
        assert!(matches!(
            matching(&open(&folder), "etc/*.nope", &[], Whose::Project, &Digests::forgetful()),
            Err(SourceError::NoMatch { .. })
        ));
    }

    #[test]
    fn fixed_parts() {
        assert_eq!(fixed_part("/opt/canopsis/etc/**"), "/opt/canopsis/etc");
        assert_eq!(fixed_part("/opt/{a,b}"), "/opt");
        assert_eq!(fixed_part("units/x.service"), "units/x.service");
        assert_eq!(fixed_part("*.conf"), "");
    }
}
