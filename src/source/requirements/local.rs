//! [`Local`]: a line that asks for something that no index gives: a folder or a file of the project, or a checkout of a repository.
//! What is a path and what is a name is decided as pip decides it.

use std::path::{Component, Path, PathBuf};

use super::super::wheelhouse::normalise;
use crate::names::{GitUrl, RefName, Sha256, SourceName};

/// A line that asks for what no index gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The path or the address, as written.
    pub written: String,
    /// Which of them.
    pub what: What,
    /// The distribution, normalised, where the line names it.
    pub name: Option<String>,
    /// Whether it is asked for with `-e`.
    pub editable: bool,
    /// Its extras, as written between the brackets.
    pub extras: String,
    /// When it applies: an environment marker, or nothing.
    pub marker: String,
    /// What it says to the build.
    pub options: Vec<String>,
    /// The digests that its file may have: `sha256:…`.
    pub hashes: Vec<String>,
}

/// What a [`Local`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A folder or a file.
    Path(PathBuf),
    /// A checkout.
    Git(Box<GitWish>),
}

/// A checkout of a repository that a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitWish {
    /// What it is called among the sources of the project: the distribution and a digest of where it is.
    pub name: SourceName,
    /// Where it is.
    pub url: GitUrl,
    /// What of it.
    pub reference: RefName,
    /// The folder in it.
    pub subdirectory: PathBuf,
}

impl GitWish {
    /// Its path in the words of a recipe: `@name/folder`.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        Path::new(&format!("@{}", self.name)).join(&self.subdirectory)
    }
}

/// What pip takes for an archive.
const ARCHIVES: [&str; 11] =
    [".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.lz", ".tar.lzma"];

/// Systems of versions that pip knows beside git.
const OTHERS: [&str; 3] = ["hg+", "svn+", "bzr+"];

/// Reads what comes before the options of a line. `None` where it asks an index, or names an address of a file there.
///
/// # Errors
/// Why it is not to be had here.
pub fn read(asked: &str, editable: bool) -> Result<Option<Local>, &'static str> {
    let (named, place) = match asked.split_once('@') {
        Some((name, place)) if is_name(name) && (is_address(place.trim()) || is_path(place.trim())) => {
            (Some(name.trim()), place.trim())
        }
        _ => (None, asked.trim()),
    };
    // In an address, `;` only begins a marker before a blank; pip before 19 wants one behind it, too.
    let cut = if is_address(place) {
        place.split_once(" ;").or_else(|| place.split_once("; "))
    } else {
        place.split_once(';')
    };
    let (place, marker) = cut.map_or((place, ""), |(place, marker)| (place.trim(), marker.trim()));
    let (name, extras) = match named {
        Some(name) => without_extras(name),
        None => ("", ""),
    };
    let local = |written: &str, what: What, extras: &str, name: Option<&str>| Local {
        written: written.to_owned(),
        what,
        name: name.filter(|name| !name.is_empty()).map(normalise),
        editable,
        extras: extras.to_owned(),
        marker: marker.to_owned(),
        options: Vec::new(),
        hashes: Vec::new(),
    };
    let lower = place.to_ascii_lowercase();
    if let Some(url) = lower.starts_with("git+").then(|| &place[4..]) {
        let (egg, rest) = fragment(url);
        let (egg, egg_extras) = without_extras(egg);
        let name = if name.is_empty() { egg } else { name };
        let extras = if extras.is_empty() { egg_extras } else { extras };
        return Ok(Some(local(place, What::Git(Box::new(git(url, rest, name)?)), extras, Some(name))));
    }
    if OTHERS.iter().any(|other| lower.starts_with(other)) {
        return Err(
            "only git is fetched: name an archive of it (`x @ https://…/x-1.0.tar.gz`), or copy it into the project",
        );
    }
    let file = lower.starts_with("file:").then(|| place["file:".len()..].split('#').next().unwrap_or_default());
    if let Some(path) = file {
        let path = path.strip_prefix("//localhost").or_else(|| path.strip_prefix("//")).unwrap_or(path);
        return Ok(Some(local(place, What::Path(path.into()), extras, Some(name))));
    }
    if is_address(place) {
        return if editable {
            Err("`-e` takes a folder of the project or a repository (`git+https://…`)")
        } else {
            Ok(None)
        };
    }
    if named.is_some() {
        return Err("a path is alone in its line: leave the name and the `@` away");
    }
    let (path, extras) = without_extras(place);
    Ok((editable || is_path(path)).then(|| local(path, What::Path(path.into()), extras, None)))
}

/// Whether pip takes a word for a path: it has a slash, begins with a dot, or ends as an archive does.
fn is_path(word: &str) -> bool {
    word.contains('/') || word.starts_with('.') || is_archive(word)
}

/// Whether a file's name ends as an archive's does.
#[must_use]
pub fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ARCHIVES.iter().any(|ending| name.ends_with(ending))
}

/// Whether a word is an address: `scheme:` in front, as pip knows it.
fn is_address(word: &str) -> bool {
    let scheme = word.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    ["http", "https", "file", "ftp"].contains(&scheme.as_str())
        || scheme.starts_with("git+")
        || OTHERS.iter().any(|other| scheme.starts_with(other))
}

/// Whether this is a distribution's name, with extras or without.
fn is_name(text: &str) -> bool {
    let (name, _) = without_extras(text.trim());
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// `x[a,b]` without what is in the brackets, and that.
fn without_extras(text: &str) -> (&str, &str) {
    let inside = || text.strip_suffix(']')?.rsplit_once('[');
    inside().filter(|(name, _)| !name.is_empty()).map_or((text, ""), |(name, extras)| (name.trim_end(), extras.trim()))
}

/// `egg` of an address' fragment, and the fragment.
fn fragment(url: &str) -> (&str, &str) {
    let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment);
    (value(fragment, "egg"), fragment)
}

fn value<'f>(fragment: &'f str, key: &str) -> &'f str {
    let mut parts = fragment.split('&').filter_map(|part| part.split_once('='));
    parts.find(|(name, _)| *name == key).map_or("", |(_, value)| value)
}

/// The repository of an address behind `git+`.
fn git(url: &str, fragment: &str, name: &str) -> Result<GitWish, &'static str> {
    let url = url.split('#').next().unwrap_or_default();
    // A reference is behind the last `@` of the path; one before it belongs to the host.
    let path = url.find("://").and_then(|at| url[at + 3..].find('/').map(|slash| at + 3 + slash)).unwrap_or(url.len());
    let (address, reference) = match url[path..].rsplit_once('@') {
        Some((before, reference)) => (&url[..path + before.len()], reference),
        None => (url, "HEAD"),
    };
    let reference = RefName::new(reference).map_err(|_| "what is behind its `@` is no branch, tag or commit")?;
    if !address.contains("://") {
        return Err("write the address with `://`: `git+ssh://git@host/path.git`");
    }
    let subdirectory = settled(Path::new(value(fragment, "subdirectory")));
    let subdirectory = subdirectory.ok_or("its `subdirectory` leads out of the repository")?;
    let given = GitUrl::new(address).map_err(|bad| bad.message)?;
    let stem = match name {
        "" => address.trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim_end_matches(".git"),
        name => name,
    };
    let letters: String = normalise(stem).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    let digest = Sha256::of(format!("{address}\n{}", reference.as_str()));
    let called = format!("{}-{}", letters.trim_matches('-'), &digest.as_str()[..8]);
    let name = SourceName::new(called.trim_matches('-')).map_err(|_| "its name is none of a distribution")?;
    Ok(GitWish { name, url: given, reference, subdirectory })
}

/// A path without `.` and `..`; `None` where it leads out of the folder that it is seen from, which a source's own is, too.
#[must_use]
pub fn settled(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => clean.push(name),
            Component::ParentDir if clean.file_name().is_some_and(|last| !is_source(&clean, last)) => {
                clean.pop();
            }
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

fn is_source(path: &Path, last: &std::ffi::OsStr) -> bool {
    path.components().count() == 1 && last.as_encoded_bytes().starts_with(b"@")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Local {
        read(text, false).unwrap().unwrap_or_else(|| panic!("{text} is nothing local"))
    }

    #[test]
    fn paths() {
        for (text, path, extras, marker) in [
            ("./own", "./own", "", ""),
            ("libs/own[a, b] ; os_name == 'posix'", "libs/own", "a, b", "os_name == 'posix'"),
            (".", ".", "", ""),
            ("../own", "../own", "", ""),
            ("./with space/x-1-py3-none-any.whl", "./with space/x-1-py3-none-any.whl", "", ""),
            ("x-1-py3-none-any.whl", "x-1-py3-none-any.whl", "", ""),
            ("vendor/x-1.0.tar.gz;os_name=='posix'", "vendor/x-1.0.tar.gz", "", "os_name=='posix'"),
            ("/abs/x", "/abs/x", "", ""),
            ("file:vendor/x-1.zip#sha256=aa", "vendor/x-1.zip", "", ""),
            ("file:///abs/x-1.zip", "/abs/x-1.zip", "", ""),
            ("x[a] @ file:///abs/own ; os_name == 'posix'", "/abs/own", "a", "os_name == 'posix'"),
        ] {
            let found = one(text);
            assert_eq!(found.what, What::Path(path.into()), "{text}");
            assert_eq!((found.extras.as_str(), found.marker.as_str()), (extras, marker), "{text}");
        }
        assert_eq!(one("X.y @ file:///abs/own").name.as_deref(), Some("x-y"));
        assert!(read("own", true).unwrap().is_some_and(|own| own.editable), "with -e a name is a path");
    }

    #[test]
    fn repositories() {
        for (text, url, reference, name, subdirectory) in [
            ("git+https://h.example/x.git", "https://h.example/x.git", "HEAD", None, ""),
            ("x @ git+https://h.example/x.git@v1", "https://h.example/x.git", "v1", Some("x"), ""),
            (
                "git+ssh://git@h.example/g/x.git@a/b#egg=X_y[z]&subdirectory=p/q",
                "ssh://git@h.example/g/x.git",
                "a/b",
                Some("x-y"),
                "p/q",
            ),
        ] {
            let found = one(text);
            let What::Git(git) = found.what else { panic!("{text}") };
            assert_eq!(
                (git.url.as_str(), git.reference.as_str(), found.name.as_deref()),
                (url, reference, name),
                "{text}"
            );
            assert_eq!(git.subdirectory, Path::new(subdirectory));
        }
        let called = |text: &str| match one(text).what {
            What::Git(git) => git.name.to_string(),
            What::Path(path) => panic!("{path:?}"),
        };
        assert!(called("git+https://h.example/Some.Thing.git").starts_with("some-thing-"));
        assert_ne!(called("git+https://h.example/x@v1"), called("git+https://h.example/x@v2"));
        assert_eq!(one("git+https://h.example/x#egg=X[z]").extras, "z");
    }

    #[test]
    fn what_an_index_gives() {
        for text in [
            "six",
            "six==1.16.0",
            "six[a]>=1 ; os_name == 'posix'",
            "x @ https://h.example/x-1.tar.gz",
            "https://h.example/x-1.tar.gz",
        ] {
            assert_eq!(read(text, false), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_not_to_be_had() {
        for text in [
            "hg+https://h.example/x",
            "x @ svn+https://h.example/x",
            "git+git@h.example:x.git",
            "git+http://h.example/x",
            "git+https://u:p@h.example/x",
            "git+https://h.example/x@a..b",
            "git+https://h.example/x#subdirectory=../y",
            "x @ ./own",
        ] {
            assert!(read(text, false).is_err(), "{text}");
        }
        assert!(read("https://h.example/x-1.tar.gz", true).is_err());
    }

    #[test]
    fn nothing_leads_out() {
        for (path, found) in [
            ("./a/../b", Some("b")),
            ("a/b/../../c", Some("c")),
            ("a/../..", None),
            ("..", None),
            ("/a", None),
            ("@s/a/../b", Some("@s/b")),
            ("@s/../b", None),
        ] {
            assert_eq!(settled(Path::new(path)), found.map(PathBuf::from), "{path}");
        }
    }
}
