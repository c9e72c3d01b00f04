//! [`Scratch`]: a git dir of our own, through which git looks at a checkout. It has a configuration of ours, the checkout's
//! index, and its objects as alternates; nothing that the repository configures is in it.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::File,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use fs_err as fs;
use tempfile::TempDir;

use super::{
    ask::{self, Answer},
    error::WorktreeError,
    place::{LONGEST_LINE, Place},
    plain::{self, broken},
    refs::{self, Head},
    settings::{self, Settings, User},
    sound::Sound,
};
use crate::names::{self, GitUrl};

/// The largest index, in bytes: five million files.
const LARGEST_INDEX: u64 = 512 << 20;
/// Most folders of objects, and how far one may lead to the next (git's own bound).
const MOST_STORES: usize = 64;
const DEEPEST: usize = 5;
/// Most parts of a split index that are looked at.
const MOST_PARTS: usize = 64;
/// The largest list of commits at which a shallow history ends, in bytes.
const LARGEST_LIST: u64 = 16 << 20;

/// Attributes that a commit cannot give to its files: what they rewrite is not what is packed (gitattributes(5)).
const ATTRIBUTES: &str = "* -ident -working-tree-encoding -filter\n";

/// Where a copy of the repository's own configuration is, which git reads when it is asked for this file and at no other time.
const THEIRS: &str = "home/config";

/// A git dir of our own; gone with this value.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    /// The git dir that it stands for.
    instead: PathBuf,
}

impl Scratch {
    /// Makes one for a checkout, and says what is checked out.
    pub fn new(place: &Place, user: &User) -> Result<(Self, Head), WorktreeError> {
        let mut sound = Sound::of_own(place);
        look(place, &mut sound)?;
        let folder = empty()?;
        let path = |name: &str| folder.path().join(name);
        let settings = Settings::read(place, user, &path(THEIRS))?;
        fs::write(path("config"), settings.text())?;
        fs::write(path("info/attributes"), ATTRIBUTES)?;
        let head = refs::head(place)?;
        let line = match &head {
            Head::Commit(commit) => format!("{commit}\n"),
            Head::Unborn => "ref: refs/heads/unborn\n".to_owned(),
        };
        fs::write(path("HEAD"), line)?;
        objects(place, &mut sound, &path("objects/info/alternates"))?;
        index(place, &mut sound, folder.path())?;
        shallow(place, &path("shallow"))?;
        Ok((Self { folder, instead: place.private.clone() }, head))
    }

    /// Makes one for a repository that is fetched from, with its references. Nothing of the repository is read that lies outside of
    /// these folders, also behind links.
    pub fn to_fetch_from(place: &Place, bounds: &[PathBuf]) -> Result<Self, WorktreeError> {
        let mut sound = Sound::new(bounds);
        look(place, &mut sound)?;
        let folder = empty()?;
        let path = |name: &str| folder.path().join(name);
        objects(place, &mut sound, &path("objects/info/alternates"))?;
        let settings = Settings::read(place, &User::default(), &path(THEIRS))?;
        fs::write(path("config"), settings.text())?;
        fs::write(path("HEAD"), refs::head_line(place)?)?;
        let mut text = Vec::new();
        for (name, commit) in refs::all(place)? {
            text.extend([commit.as_str().as_bytes(), b" ", &name, b"\n"].concat());
        }
        fs::write(path("packed-refs"), text)?;
        shallow(place, &path("shallow"))?;
        Ok(Self { folder, instead: place.private.clone() })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts the repository's tags into it.
    pub fn with_tags(&self, place: &Place) -> Result<(), WorktreeError> {
        let mut text = Vec::new();
        for (name, commit) in refs::tags(place)? {
            text.extend([commit.as_str().as_bytes(), b" ", &name, b"\n"].concat());
        }
        Ok(fs::write(self.folder.path().join("packed-refs"), text)?)
    }

    /// What git answers in it, in at most `limit` bytes; `stdin` is what it reads.
    pub fn ask(&self, root: &Path, words: &[&OsStr], stdin: Option<File>, limit: u64) -> Result<Answer, WorktreeError> {
        let mut command = self.command(root, words);
        let mut answer = ask::run(&mut command, stdin.map_or_else(Stdio::null, Stdio::from), limit, root)?;
        let (ours, theirs) = (self.folder.path().to_string_lossy(), self.instead.to_string_lossy());
        answer.complaints = answer.complaints.replace(&*ours, &theirs);
        Ok(answer)
    }
}

impl Scratch {
    /// Git in it, not started yet.
    pub fn command(&self, root: &Path, words: &[&OsStr]) -> Command {
        let mut git_dir = std::ffi::OsString::from("--git-dir=");
        git_dir.push(self.folder.path());
        let mut worktree = std::ffi::OsString::from("--work-tree=");
        worktree.push(root);
        let words: Vec<&OsStr> = [git_dir.as_os_str(), &worktree].into_iter().chain(words.iter().copied()).collect();
        ask::alone(&self.folder.path().join("home"), root, &words)
    }

    /// The addresses in the repository's own configuration.
    pub fn remotes(&self, root: &Path) -> Result<Vec<GitUrl>, WorktreeError> {
        let file = self.folder.path().join(THEIRS);
        if !file.exists() {
            return Ok(Vec::new());
        }
        let words = ["config", "-z", "--no-includes", "--file"].map(OsStr::new);
        let asked = ["--get-regexp", r"^remote\..*\.url$"].map(OsStr::new);
        let words: Vec<&OsStr> = words.into_iter().chain([file.as_os_str()]).chain(asked).collect();
        let answer = self.ask(root, &words, None, settings::LARGEST_CONFIG)?;
        // 1 is git's word for "none of them is set".
        let listed = if answer.code == Some(1) { Vec::new() } else { answer.good(root)? };
        Ok(settings::entries(&listed)
            .into_iter()
            .filter_map(|(_, value)| GitUrl::new(&without_login(&value)).ok())
            .collect())
    }

    /// The commits at which a shallow history ends.
    pub fn ends(&self) -> Result<BTreeSet<Vec<u8>>, WorktreeError> {
        let text = plain::read(&self.folder.path().join("shallow"), LARGEST_LIST)?.unwrap_or_default();
        Ok(text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
    }
}

/// An `https` address without user and password, as machines of continuous integration configure them.
fn without_login(url: &str) -> String {
    if url.starts_with("https://") { names::without_login(url) } else { url.to_owned() }
}

/// The folders of a git dir, with nothing in them.
fn empty() -> Result<TempDir, WorktreeError> {
    let folder = tempfile::Builder::new().prefix("factory-git-").tempdir()?;
    for name in ["home", "objects/info", "refs", "info"] {
        fs::create_dir_all(folder.path().join(name))?;
    }
    Ok(folder)
}

/// Looks at what of a repository is read here and copied for git, before any of it is.
fn look(place: &Place, sound: &mut Sound) -> Result<(), WorktreeError> {
    for file in ["HEAD", "refs"].map(|name| place.private.join(name)) {
        sound.check(&file)?;
    }
    for file in ["refs", "packed-refs", "config", "shallow"].map(|name| place.common.join(name)) {
        sound.check(&file)?;
    }
    Ok(())
}

/// Has git read the repository's objects. What is there is looked at first: git waits for a pipe.
fn objects(place: &Place, sound: &mut Sound, alternates: &Path) -> Result<(), WorktreeError> {
    let mut found = Vec::new();
    stores(&place.common.join("objects"), 0, sound, &mut found)?;
    let mut text = Vec::new();
    for folder in found {
        let folder = folder.into_os_string().into_vec();
        if folder.contains(&b'\n') {
            return Err(broken(&place.root, "has a line break in the path of its objects"));
        }
        text.extend([&folder[..], b"\n"].concat());
    }
    Ok(fs::write(alternates, text)?)
}

/// A folder of objects and those that it names in turn (`objects/info/alternates` in gitrepository-layout(5)). Git itself
/// would take no relative path from one that it was led to.
fn stores(folder: &Path, deep: usize, sound: &mut Sound, found: &mut Vec<PathBuf>) -> Result<(), WorktreeError> {
    let named = folder;
    let Ok(folder) = fs::canonicalize(named) else { return Ok(()) };
    if deep > DEEPEST || found.len() >= MOST_STORES || found.contains(&folder) {
        return Ok(());
    }
    sound.check_store(named, deep > 0)?;
    let file = folder.join("info/alternates");
    found.push(folder.clone());
    let lines = plain::read(&file, LONGEST_LINE)?.unwrap_or_default();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
        stores(&folder.join(OsStr::from_bytes(line)), deep + 1, sound, found)?;
    }
    Ok(())
}

/// The index, with the parts that it may be split into.
fn index(place: &Place, sound: &mut Sound, into: &Path) -> Result<(), WorktreeError> {
    sound.check(&place.private.join("index"))?;
    if !plain::copy(&place.private.join("index"), &into.join("index"), LARGEST_INDEX)? {
        return Ok(());
    }
    let parts = fs::read_dir(&place.private)?.flatten().filter(|entry| {
        let name = entry.file_name();
        let hash = name.as_bytes().strip_prefix(b"sharedindex.");
        hash.is_some_and(|hash| hash.iter().all(u8::is_ascii_hexdigit))
    });
    for (count, entry) in parts.enumerate() {
        if count >= MOST_PARTS {
            return Err(broken(&place.private, "holds more parts of a split index than are read"));
        }
        sound.check(&entry.path())?;
        plain::copy(&entry.path(), &into.join(entry.file_name()), LARGEST_INDEX)?;
    }
    Ok(())
}

/// The commits at which a shallow history ends. Git quotes what it does not understand: it gets hashes only.
fn shallow(place: &Place, to: &Path) -> Result<(), WorktreeError> {
    let file = place.common.join("shallow");
    let Some(bytes) = plain::read(&file, LARGEST_LIST)? else { return Ok(()) };
    if !bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'\n') {
        return Err(broken(&file, "holds more than hashes"));
    }
    Ok(fs::write(to, bytes)?)
}
