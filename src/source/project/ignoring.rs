//! [`Ignoring`]: what `.factoryignore` and `.gitignore` leave out, in a folder and in those above it up to the project's or the
//! source's own. Nothing above that is asked, and no file of ripgrep's.

use std::{
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::{
    Match,
    gitignore::{GitignoreBuilder, Glob},
};

use super::{
    IGNORE_FILE, SourceError,
    effort::{Effort, Patterns, is_slow},
};
use crate::util::folder::Folder;

/// What git reads, where it is heeded.
const GIT_IGNORE_FILE: &str = ".gitignore";

/// No file of patterns is larger: 256 KiB.
const LARGEST: u64 = 256 * 1024;

/// Most patterns that one walk minds: a bound against a hostile project.
const MOST_PATTERNS: usize = 20_000;

/// The patterns of a folder and, behind it, of those above.
#[derive(Debug)]
pub(super) struct Ignoring {
    /// The folder that they are in, below the project's or the source's.
    folder: PathBuf,
    factory: Arc<Patterns>,
    git: Arc<Patterns>,
    /// How many there are, with those above.
    patterns: usize,
    /// The letters of those among them that are no plain names.
    letters: u64,
    above: Option<Arc<Ignoring>>,
}

/// What `.gitignore` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Git {
    /// What it names is left out.
    Counts,
    /// What it names is told, and taken: one that cannot be read names nothing.
    Told,
    /// Not at all.
    No,
}

/// What is to be done with an entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is taken.
    Counts,
    /// [`IGNORE_FILE`] leaves it out.
    LeftOut(By),
    /// Git leaves it out.
    OfGit,
}

/// What left something out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct By {
    /// The file, below the project's or the source's folder.
    pub(super) file: String,
    /// Its pattern, as written.
    pub(super) pattern: String,
}

impl Ignoring {
    /// The patterns in `folder`, which is `path` below the top, in front of those `above`.
    ///
    /// # Errors
    /// When a file of patterns is no regular file, too large, or has what is none.
    pub(super) fn for_folder(
        folder: &Folder,
        path: &Path,
        git: Git,
        above: Option<Arc<Self>>,
        effort: &Effort,
    ) -> Result<Arc<Self>, SourceError> {
        let before = above.as_ref().map_or(0, |above| above.patterns);
        let factory = read(folder, path, IGNORE_FILE, effort)?;
        let git = match git {
            Git::No => None,
            Git::Counts => read(folder, path, GIT_IGNORE_FILE, effort)?,
            Git::Told => read(folder, path, GIT_IGNORE_FILE, effort)
                .unwrap_or_default()
                .filter(|git| before + git.set.len() <= MOST_PATTERNS / 2),
        };
        let above = match (&factory, &git, above) {
            // Most folders have none.
            (None, None, Some(above)) => return Ok(above),
            (_, _, above) => above,
        };
        let none = || Arc::new(Patterns::empty());
        let (factory, git) = (factory.unwrap_or_else(none), git.unwrap_or_else(none));
        let patterns = before + factory.set.len() + git.set.len();
        let letters = above.as_ref().map_or(0, |above| above.letters) + factory.letters + git.letters;
        if patterns > MOST_PATTERNS {
            return Err(SourceError::Name {
                path: folder.path().display().to_string(),
                reason: "more than 20,000 patterns say what is left out of it",
            });
        }
        Ok(Arc::new(Self { folder: path.to_owned(), factory, git, patterns, letters, above }))
    }

    /// What is to be done with an entry at `path` below the top.
    ///
    /// # Errors
    /// When the walks of a plan have held too many paths against too many patterns.
    pub(super) fn verdict(&self, path: &Path, is_dir: bool, effort: &Effort) -> Result<Verdict, SourceError> {
        let too_much = |reason| SourceError::Name { path: path.to_string_lossy().escape_debug().to_string(), reason };
        effort.hold(self.letters, path.as_os_str().len()).map_err(too_much)?;
        Ok(self.judge(path, is_dir))
    }

    fn judge(&self, path: &Path, is_dir: bool) -> Verdict {
        match self.find(path, is_dir, |own| &own.factory) {
            Match::Ignore(glob) => Verdict::LeftOut(By::from_glob(glob)),
            Match::Whitelist(_) => Verdict::Counts,
            Match::None => match self.find(path, is_dir, |own| &own.git) {
                Match::Ignore(_) => Verdict::OfGit,
                Match::Whitelist(_) | Match::None => Verdict::Counts,
            },
        }
    }

    /// What the nearest folder says that says anything.
    fn find<'s>(&'s self, path: &Path, is_dir: bool, of: impl Fn(&'s Self) -> &'s Patterns) -> Match<&'s Glob> {
        let mut next = Some(self);
        while let Some(own) = next {
            let found = of(own).set.matched(path.strip_prefix(&own.folder).unwrap_or(path), is_dir);
            if !found.is_none() {
                return found;
            }
            next = own.above.as_deref();
        }
        Match::None
    }
}

impl By {
    fn from_glob(glob: &Glob) -> Self {
        let file = glob.from().map_or_else(|| IGNORE_FILE.to_owned(), |file| file.display().to_string());
        Self { file, pattern: glob.original().to_owned() }
    }
}

/// The patterns of one file; `None` where it is not there.
fn read(folder: &Folder, path: &Path, name: &str, effort: &Effort) -> Result<Option<Arc<Patterns>>, SourceError> {
    let Some(meta) = folder.meta_itself(Path::new(name))?.filter(|meta| !meta.is_dir()) else { return Ok(None) };
    let stamp = (folder.path().join(name), path.join(name), meta.ino(), meta.size(), meta.ctime(), meta.ctime_nsec());
    // What a link leads to may change.
    let found = if meta.is_file() {
        effort.patterns(stamp, || parse(folder, path, name, effort))
    } else {
        parse(folder, path, name, effort).map(Arc::new)
    };
    found.map(Some)
}

/// What is no pattern is an error in a file of this program: git minds no such line of its own.
fn parse(folder: &Folder, path: &Path, name: &str, effort: &Effort) -> Result<Patterns, SourceError> {
    let right = name == IGNORE_FILE;
    let Some(bytes) = folder.read(Path::new(name), LARGEST)? else { return Ok(Patterns::empty()) };
    let text = String::from_utf8_lossy(&bytes);
    let from = path.join(name);
    let too_much = |reason| SourceError::Name { path: from.to_string_lossy().escape_debug().to_string(), reason };
    // What is no pattern in the end has cost as much.
    effort.read(text.lines().count()).map_err(too_much)?;
    let mut letters = 0;
    let mut builder = GitignoreBuilder::new("");
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        letters += if is_slow(line) { line.len() as u64 } else { 0 };
        if let (Err(error), true) = (builder.add_line(Some(from.clone()), line), right) {
            let text = format!("`{}`, line {}: {error}", folder.path().join(name).display(), number + 1);
            return Err(SourceError::Io(io::Error::new(io::ErrorKind::InvalidData, text)));
        }
    }
    let set =
        builder.build().map_err(|_| too_much("its patterns are too many, or too long, to be looked for together"))?;
    Ok(Patterns { set, letters })
}
