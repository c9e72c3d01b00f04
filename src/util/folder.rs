//! [`Folder`]: an open directory. Whatever belongs to a project is reached below one: nothing on the way leads out of it, and
//! only regular files are opened: a pipe would be waited for, a device woken.
//!
//! It goes from component to component with openat(2) and `O_NOFOLLOW`, with rustix, which is here already: `cap-std` has no way
//! that refuses every link and does not say which link it was, and openat2(2) needs Linux 5.6 and a seccomp profile that knows it.

mod refusal;
mod write;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::{File, FileType, Metadata},
    io::{self, Read as _},
    os::{fd::OwnedFd, unix::ffi::OsStringExt as _},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use fs_err as fs;
use rustix::fs::{Mode, OFlags, openat, readlinkat};

pub use refusal::Refusal;
use refusal::{kind_of, named};
pub use write::IGNORED;

/// How many links one path may lead through, as the system has it (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// Most entries of one folder that are listed: a bound against a hostile project.
const MOST_ENTRIES: usize = 1_000_000;

/// Which symbolic links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// None: for what this program keeps itself, which has none.
    Refused,
    /// Those that stay below the folder: for the files of a project.
    Inside,
}

/// An open directory. Clones share it.
#[derive(Debug, Clone)]
pub struct Folder {
    fd: Arc<OwnedFd>,
    path: PathBuf,
    links: Links,
}

/// What a path below a folder leads to.
#[derive(Debug)]
struct Place {
    /// The directory that it is in.
    parent: Arc<OwnedFd>,
    /// Its name there; `.` for the folder itself.
    name: OsString,
    /// Its path below the folder, free of links.
    below: PathBuf,
    /// What is there, opened for nothing; `None` where nothing is.
    found: Option<(File, Metadata)>,
}

/// Where a link leads.
struct Target {
    path: PathBuf,
    /// From the folder, not from where the link is.
    from_top: bool,
}

const LOOK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const READ_FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// How a file is opened, beside what for.
const CAREFULLY: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens a folder. Its own path may lead through links: whoever names it means it.
    ///
    /// # Errors
    /// When it is not there, or no folder.
    pub fn open(path: &Path, links: Links) -> io::Result<Self> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| named(path, error))?;
        Ok(Self { fd: Arc::new(fd), path: path.to_owned(), links })
    }

    /// The folder at a path, which must have no link on its way; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be reached, or is no folder.
    pub fn below(&self, path: &Path) -> io::Result<Option<Self>> {
        match self.walk(path, true)? {
            Place { found: Some((file, meta)), below, .. } if meta.is_dir() => {
                Ok(Some(Self { fd: Arc::new(file.into()), path: self.shown(&below), links: self.links }))
            }
            Place { found: Some((_, meta)), below, .. } => {
                Err(Refusal::kind(&self.shown(&below), meta.file_type(), "a folder").into())
            }
            Place { found: None, .. } => Ok(None),
        }
    }

    /// The same folder, in which no link is followed.
    #[must_use]
    pub fn without_links(self) -> Self {
        Self { links: Links::Refused, ..self }
    }

    /// Its path, as it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of something in it without any link on the way, for messages and for programs that only take paths.
    ///
    /// # Errors
    /// When it is not there, or a link on the way is not followed.
    pub fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let place = self.walk(path, true)?;
        if place.found.is_none() { Err(self.missing(&place.below)) } else { Ok(self.shown(&place.below)) }
    }

    /// The same with its last component as it is, also where that is a link.
    ///
    /// # Errors
    /// As [`Folder::real`].
    pub fn real_itself(&self, path: &Path) -> io::Result<PathBuf> {
        let place = self.walk(path, false)?;
        if place.found.is_none() { Err(self.missing(&place.below)) } else { Ok(self.shown(&place.below)) }
    }

    /// What is at a path, after the last link; `None` where nothing is.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn meta(&self, path: &Path) -> io::Result<Option<Metadata>> {
        Ok(self.walk(path, true)?.found.map(|(_, meta)| meta))
    }

    /// What is at a path itself, also where that is a link; `None` where nothing is.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn meta_itself(&self, path: &Path) -> io::Result<Option<Metadata>> {
        Ok(self.walk(path, false)?.found.map(|(_, meta)| meta))
    }

    /// Whether a regular file is at a path, and nothing on the way is refused.
    #[must_use]
    pub fn is_file(&self, path: &Path) -> bool {
        self.meta(path).is_ok_and(|meta| meta.is_some_and(|meta| meta.is_file()))
    }

    /// What a link says, as it is written.
    ///
    /// # Errors
    /// When there is no link.
    pub fn target(&self, path: &Path) -> io::Result<PathBuf> {
        let place = self.walk(path, false)?;
        let shown = self.shown(&place.below);
        let (file, _) = place.found.ok_or_else(|| self.missing(&place.below))?;
        link_target(&file).map_err(|error| named(&shown, error))
    }

    /// A regular file, to be read.
    ///
    /// # Errors
    /// When it is not there, is no regular file, or a link on the way is not followed.
    pub fn file(&self, path: &Path) -> io::Result<fs::File> {
        let place = self.walk(path, true)?;
        if place.found.is_none() {
            return Err(self.missing(&place.below));
        }
        self.open_file(&place, OFlags::RDONLY)
    }

    /// The bytes of a regular file of at most `most`; `None` where nothing is at its path.
    ///
    /// # Errors
    /// As [`Folder::file`]; [`Refusal::TooLarge`].
    pub fn read(&self, path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
        let place = self.walk(path, true)?;
        if place.found.is_none() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.open_file(&place, OFlags::RDONLY)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(Refusal::TooLarge { path: self.shown(&place.below), most }.into());
        }
        Ok(Some(bytes))
    }

    /// The text of a file that has to be there, of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Folder::read`]; also where it is not there, or not UTF-8.
    pub fn text(&self, path: &Path, most: u64) -> io::Result<String> {
        let bytes = self.read(path, most)?.ok_or_else(|| self.missing(path))?;
        let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is not UTF-8 text", self.show(path)));
        String::from_utf8(bytes).map_err(wrong)
    }

    /// The names in a folder with what each is, a link as itself; none where there is no such folder.
    ///
    /// # Errors
    /// When it is no folder, or cannot be read.
    pub fn entries(&self, path: &Path) -> io::Result<BTreeMap<OsString, FileType>> {
        let Some(folder) = self.below(path)? else { return Ok(BTreeMap::new()) };
        let fail = |error: io::Error| named(&folder.path, error);
        let failed = |error: rustix::io::Errno| fail(error.into());
        let open = openat(&*folder.fd, ".", READ_FOLDER, Mode::empty()).map_err(failed)?;
        let mut found = BTreeMap::new();
        for entry in rustix::fs::Dir::new(open).map_err(failed)? {
            if found.len() == MOST_ENTRIES {
                return Err(fail(io::Error::other(format!("it has more than {MOST_ENTRIES} entries"))));
            }
            let name = OsString::from_vec(entry.map_err(failed)?.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            match openat(&*folder.fd, &*name, LOOK, Mode::empty()) {
                Ok(fd) => {
                    found.insert(name, File::from(fd).metadata()?.file_type());
                }
                // Gone in the meantime is not there.
                Err(rustix::io::Errno::NOENT) => {}
                // A folder may be listed and not be entered.
                Err(error) => return Err(named(&folder.path.join(&name), error)),
            }
        }
        Ok(found)
    }

    fn missing(&self, below: &Path) -> io::Error {
        named(&self.shown(below), rustix::io::Errno::NOENT)
    }

    fn shown(&self, below: &Path) -> PathBuf {
        if below.as_os_str().is_empty() { self.path.clone() } else { self.path.join(below) }
    }

    fn show(&self, below: &Path) -> String {
        refusal::shown(&self.shown(below))
    }

    /// Opens what a place has, which must be a regular file before and after.
    fn open_file(&self, place: &Place, flags: OFlags) -> io::Result<fs::File> {
        let path = self.shown(&place.below);
        let is_file = |kind: FileType| {
            if kind.is_file() { Ok(()) } else { Err(io::Error::from(Refusal::kind(&path, kind, "a file"))) }
        };
        if let Some((_, meta)) = &place.found {
            is_file(meta.file_type())?;
        }
        let mode = Mode::from_raw_mode(0o644);
        let fd = openat(&*place.parent, &*place.name, flags | CAREFULLY, mode).map_err(|error| named(&path, error))?;
        let file = File::from(fd);
        is_file(file.metadata()?.file_type())?;
        Ok(fs::File::from_parts(file, path))
    }

    /// Goes along a path. The last component may be missing; it is looked at itself where it is not `followed`.
    fn walk(&self, path: &Path, followed: bool) -> io::Result<Place> {
        let mut way: Vec<(OsString, Arc<OwnedFd>)> = Vec::new();
        let mut left = parts(path).ok_or_else(|| Refusal::leads_out(&self.shown(path), None, &self.path))?;
        let (mut links, mut last) = (0, None);
        while let Some(part) = left.pop() {
            if part == ".." {
                // Only a link says so.
                if way.pop().is_none() {
                    let (link, target): (PathBuf, PathBuf) = last.unwrap_or_default();
                    return Err(Refusal::leads_out(&link, Some(&target), &self.path).into());
                }
                continue;
            }
            let here = Arc::clone(way.last().map_or(&self.fd, |(_, fd)| fd));
            let below: PathBuf = way.iter().map(|(name, _)| name).chain([&part]).collect();
            let file = match openat(&*here, &*part, LOOK, Mode::empty()) {
                Ok(fd) => File::from(fd),
                Err(rustix::io::Errno::NOENT) if left.is_empty() => {
                    return Ok(Place { parent: here, name: part, below, found: None });
                }
                Err(error) => return Err(named(&self.shown(&below), error)),
            };
            let meta = file.metadata()?;
            if meta.is_symlink() && (followed || !left.is_empty()) {
                links += 1;
                let link = self.shown(&below);
                let target = self.followed(&link, &file, links)?;
                if target.from_top {
                    way.clear();
                }
                left.extend(steps(&target.path).unwrap_or_default());
                last = Some((link, target.path));
            } else if left.is_empty() {
                return Ok(Place { parent: here, name: part, below, found: Some((file, meta)) });
            } else if meta.is_dir() {
                way.push((part, Arc::new(file.into())));
            } else {
                return Err(named(&self.shown(&below), rustix::io::Errno::NOTDIR));
            }
        }
        let here = Arc::clone(way.last().map_or(&self.fd, |(_, fd)| fd));
        let fd = openat(&*here, ".", LOOK, Mode::empty()).map_err(|error| named(&self.path, error))?;
        let (file, below) = (File::from(fd), way.iter().map(|(name, _)| name).collect());
        let meta = file.metadata()?;
        Ok(Place { parent: here, name: ".".into(), below, found: Some((file, meta)) })
    }

    /// Where a link leads, where it may be followed.
    fn followed(&self, link: &Path, file: &File, links: usize) -> io::Result<Target> {
        let path = link_target(file).map_err(|error| named(link, error))?;
        if self.links == Links::Refused {
            return Err(Refusal::Link { path: link.to_owned(), target: path }.into());
        }
        if links > MOST_LINKS {
            return Err(named(link, rustix::io::Errno::LOOP));
        }
        if !path.is_absolute() {
            return Ok(Target { path, from_top: false });
        }
        // One that says where the folder itself is stays inside, too.
        match path.strip_prefix(fs::canonicalize(&self.path)?) {
            Ok(below) => Ok(Target { path: below.to_owned(), from_top: true }),
            Err(_) => Err(Refusal::leads_out(link, Some(&path), &self.path).into()),
        }
    }
}

/// A regular file at a path that is known to be free of links up to its last component, which is none either.
///
/// # Errors
/// When it is not there, or no regular file.
pub fn open_file(path: &Path) -> io::Result<fs::File> {
    let (parent, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or(OsStr::new(".")));
    Folder::open(parent, Links::Refused)?.file(Path::new(name))
}

/// What a thing in a folder is, for people: `a symbolic link`, `a named pipe`.
#[must_use]
pub fn kind(kind: FileType) -> &'static str {
    kind_of(kind)
}

/// The components of a path, the first one last; `None` where it is absolute or has a `..`.
fn parts(path: &Path) -> Option<Vec<OsString>> {
    let plain = path.components().all(|part| matches!(part, Component::CurDir | Component::Normal(_)));
    if plain { steps(path) } else { None }
}

/// The same where `..` is a step up.
fn steps(path: &Path) -> Option<Vec<OsString>> {
    let mut steps = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => steps.push(name.to_owned()),
            Component::ParentDir => steps.push("..".into()),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    steps.reverse();
    Some(steps)
}

/// What an opened link says.
fn link_target(link: &File) -> io::Result<PathBuf> {
    let target = readlinkat(link, "", Vec::new())?;
    Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
}

#[cfg(test)]
mod tests;
