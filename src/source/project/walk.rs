//! [`Within`]: the files that a path or a pattern names, below an opened folder. No link among them is followed.

use std::{
    ffi::{OsStr, OsString},
    fs::FileType,
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use fs_err as fs;
use globset::GlobMatcher;

use super::{
    Effort, Found, IGNORE_FILE, Kept, SourceError, SourceFile, SourceKind,
    ignoring::{By, Git, Ignoring, Verdict},
    utf8,
};
use crate::util::{
    digests::Digests,
    folder::Folder,
    pattern::{self, glob, is_glob},
};

/// Most files and folders that one path may name, with those that are left out.
const MOST_FILES: usize = 200_000;

/// How deep folders may lie in each other: a bound against a hostile project.
const DEEPEST: usize = 200;

/// What git and this program keep in a folder, wherever it is, and whose it is.
const NEVER: [(&str, &str); 2] =
    [(".git", "git keeps its own files there"), (".factory", "factory keeps its own files there")];
const MADE_HERE: &str = "factory writes there what it makes";

/// Which files of a folder are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Take {
    /// All of them.
    Everything,
    /// Those that a Python package is built of: no empty folders, no byte code, and nothing that git ignores where that is asked.
    Python {
        /// Whether what `.gitignore` names is left out.
        git: bool,
    },
}

/// The folder that paths are in, and what of it is never an input.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Within<'w> {
    /// The project's or a source's.
    pub(in crate::source) root: &'w Folder,
    /// What this program writes there.
    pub(in crate::source) kept: &'w [Kept],
    /// The digests of files.
    pub(in crate::source) digests: &'w Digests,
    /// What it costs, together with other walks.
    pub(in crate::source) effort: &'w Effort,
}

/// A glob.
struct Pattern {
    /// How long it is.
    letters: u64,
    matcher: GlobMatcher,
    /// The folders before its first wildcard.
    fixed: PathBuf,
    /// What the folders behind those must match for something in them to be meant, from the first one on.
    way: Vec<GlobMatcher>,
    /// Whether deeper ones may be anything.
    is_deep: bool,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, SourceError> {
        let (fixed, rest) = pattern::parts(text);
        let (mut way, mut is_deep) = (Vec::new(), false);
        let mut until = pattern::escaped(&fixed);
        for part in rest.split('/') {
            // Alternatives may have slashes in them.
            if part.contains("**") || part.contains(['{', '}', '[', ']', '\\']) {
                is_deep = true;
                break;
            }
            until = if until.is_empty() { part.to_owned() } else { format!("{until}/{part}") };
            way.push(glob(&until)?);
        }
        Ok(Self { letters: text.len() as u64, matcher: glob(text)?, fixed: fixed.into_owned().into(), way, is_deep })
    }

    /// Whether it matches a path behind its fixed part.
    fn is_match(&self, path: &Path) -> bool {
        self.matcher.is_match(self.fixed.join(path))
    }

    /// Whether it may match something in a folder behind its fixed part.
    fn leads_into(&self, path: &Path) -> bool {
        match self.way.get(path.components().count().saturating_sub(1)) {
            Some(way) => way.is_match(self.fixed.join(path)),
            None => self.is_deep,
        }
    }
}

/// One look through a folder.
struct Walk<'w> {
    within: Within<'w>,
    take: Take,
    /// Where it is, below the root.
    base: PathBuf,
    pattern: Option<Pattern>,
    /// Devices and inodes of what is never an input, and the names of the files among it.
    kept: Vec<(u64, u64)>,
    kept_names: Vec<&'w OsStr>,
    seen: usize,
    found: Found,
    /// The first thing that was left out though it is named, or may hold what is.
    missed: Option<(PathBuf, By)>,
}

/// A folder that is to be looked at.
struct Waiting {
    parent: Folder,
    name: OsString,
    /// Below the base.
    path: PathBuf,
    depth: usize,
    ignoring: Arc<Ignoring>,
    /// Whether the pattern matches it or a folder above it: then all of it is meant.
    is_meant: bool,
    /// Whether git ignores it.
    is_ignored: bool,
}

impl Within<'_> {
    /// All of a folder, which may be named by a link.
    ///
    /// # Errors
    /// When something cannot be read, is neither file, folder nor link, or has a name that is not UTF-8; when the path leads out; when
    /// nothing of it is taken.
    pub(in crate::source) fn whole(self, path: &str, take: Take) -> Result<Found, SourceError> {
        let path = self.below(&self.root.real(Path::new(path))?);
        self.refuse(&path)?;
        self.walk(path, take, None)
    }

    /// What a path or a glob names, each file with its path below the pattern's fixed part, so that `etc/**` and `etc` both give
    /// `a.conf` for `etc/a.conf`. A link that is named by its path stays one.
    ///
    /// # Errors
    /// As [`Within::whole`]; also when a glob matches nothing.
    pub(in crate::source) fn matching(self, pattern: &str) -> Result<Found, SourceError> {
        let (fixed, _) = pattern::parts(pattern);
        let fixed = Path::new(fixed.as_ref());
        if !is_glob(pattern) {
            let path = self.below(&self.root.real_itself(fixed)?);
            self.refuse(&path)?;
            let is_dir = self.root.meta_itself(&path)?.is_some_and(|meta| meta.is_dir());
            return if is_dir { self.walk(path, Take::Everything, None) } else { self.single(&path) };
        }
        let meant = self.by_name(pattern);
        let no_match = |but: String| SourceError::NoMatch {
            pattern: pattern.to_owned(),
            place: "the project".to_owned(),
            but,
            meant: meant.clone(),
        };
        let none = || no_match(String::new());
        let parsed = Pattern::parse(pattern)?;
        // A glob looks into the folder that a link leads to.
        let path = match self.root.real(fixed) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = fixed.display();
                let but = if self.is_ignored(fixed) {
                    format!("; `{folder}` is built, not committed: `.gitignore` names it, and it is not there yet")
                } else {
                    String::new()
                };
                return Err(no_match(but));
            }
            path => self.below(&path?),
        };
        if !self.root.meta(&path)?.is_some_and(|meta| meta.is_dir()) {
            return Err(none());
        }
        self.refuse_ours(&path)?;
        match self.walk(path, Take::Everything, Some(parsed)) {
            Ok(found) if found.files.is_empty() => Err(none()),
            Err(SourceError::LeftOut { path, file, pattern: by }) => {
                Err(no_match(format!("; `{path}` is left out there: `{file}` has `{by}`")))
            }
            found => found,
        }
    }

    /// The text that names what a pattern is the very name of, but for its last wildcards; `None` where there is nothing.
    fn by_name(self, pattern: &str) -> Option<String> {
        let parts: Vec<&str> = pattern.split('/').collect();
        let whole = self.root.meta_itself(Path::new(pattern)).is_ok_and(|meta| meta.is_some());
        let end = if whole { parts.len() } else { parts.iter().position(|part| part.contains(['*', '?']))? };
        let name = parts[..end].join("/");
        let is_there = || self.root.meta_itself(Path::new(&name)).is_ok_and(|meta| meta.is_some());
        let is_meant = is_glob(&name) && !name.contains('\\') && is_there();
        is_meant.then(|| {
            let rest = parts[end..].iter().map(|part| (*part).to_owned());
            std::iter::once(pattern::escaped(&name)).chain(rest).collect::<Vec<_>>().join("/")
        })
    }

    /// One file or link.
    fn single(self, path: &Path) -> Result<Found, SourceError> {
        let (_, is_ignored) = self.ignoring(path, false, Git::Told)?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let folder = path.parent().unwrap_or(Path::new(""));
        let folder = self.root.below(folder)?.unwrap_or_else(|| self.root.clone());
        let file = describe(&folder, name, utf8(Path::new(name))?, self.digests)?;
        let files = vec![SourceFile { is_ignored, ..file }];
        Ok(Found { files, is_single: true, ..Found::default() })
    }

    fn walk(self, path: PathBuf, take: Take, pattern: Option<Pattern>) -> Result<Found, SourceError> {
        let (ignoring, is_ignored) = self.ignoring(&path, true, take.git())?;
        let kept = self.kept.iter().filter_map(|kept| fs::metadata(&kept.path).ok()).collect::<Vec<_>>();
        let names = self.kept.iter().filter_map(|kept| kept.path.file_name());
        let walk = Walk {
            within: self,
            take,
            base: path,
            pattern,
            kept: kept.iter().map(|meta| (meta.dev(), meta.ino())).collect(),
            kept_names: if kept.is_empty() { Vec::new() } else { names.collect() },
            seen: 0,
            found: Found::default(),
            missed: None,
        };
        walk.run(&ignoring, is_ignored)
    }

    /// A path below the root, free of links.
    fn below(self, shown: &Path) -> PathBuf {
        let path = shown.strip_prefix(self.root.path()).unwrap_or(shown);
        path.components().collect()
    }

    /// Refuses what is never an input though a recipe names it.
    fn refuse(self, path: &Path) -> Result<(), SourceError> {
        self.refuse_ours(path)?;
        let Some(meta) = self.root.meta_itself(path)? else { return Ok(()) };
        let is_it = |kept: &Kept| fs::metadata(&kept.path).is_ok_and(|of| same(&of, &meta));
        if self.kept.iter().any(is_it) { Err(never(path, MADE_HERE)) } else { Ok(()) }
    }

    /// The same but for a folder that a project may share with this program.
    fn refuse_ours(self, path: &Path) -> Result<(), SourceError> {
        not_ours(path)?;
        let closed: Vec<_> = self.kept.iter().filter(|kept| !kept.is_shared).collect();
        let closed: Vec<_> = closed.iter().filter_map(|kept| fs::metadata(&kept.path).ok()).collect();
        for folder in path.ancestors() {
            let Some(meta) = self.root.meta_itself(folder)? else { continue };
            if !folder.as_os_str().is_empty() && closed.iter().any(|of| same(of, &meta)) {
                return Err(never(path, MADE_HERE));
            }
        }
        Ok(())
    }

    /// What decides which files of a path are taken: the patterns of the folders on the way, and its own where it is a folder.
    ///
    /// # Errors
    /// [`SourceError::LeftOut`] where the path itself is left out.
    fn ignoring(self, path: &Path, is_dir: bool, git: Git) -> Result<(Arc<Ignoring>, bool), SourceError> {
        let mut ignoring = Ignoring::for_folder(self.root, Path::new(""), git, None, self.effort)?;
        let mut is_ignored = false;
        let mut here = PathBuf::new();
        let last = path.components().count();
        for (number, part) in path.iter().enumerate() {
            here.push(part);
            let is_dir = is_dir || number + 1 < last;
            match ignoring.verdict(&here, is_dir, self.effort)? {
                Verdict::LeftOut(by) => return Err(left_out(path, by)),
                Verdict::OfGit => is_ignored = true,
                Verdict::Counts => {}
            }
            if is_dir && let Some(folder) = self.root.below(&here)? {
                ignoring = Ignoring::for_folder(&folder, &here, git, Some(ignoring), self.effort)?;
            }
        }
        Ok((ignoring, is_ignored))
    }

    /// Whether git would ignore a folder that is not there.
    fn is_ignored(self, path: &Path) -> bool {
        self.ignoring(path, true, Git::Told).is_ok_and(|(_, is_ignored)| is_ignored)
    }
}

impl Take {
    /// What `.gitignore` does.
    fn git(self) -> Git {
        match self {
            Self::Everything => Git::Told,
            Self::Python { git: true } => Git::Counts,
            Self::Python { git: false } => Git::No,
        }
    }
}

impl Walk<'_> {
    fn run(mut self, own: &Arc<Ignoring>, is_ignored: bool) -> Result<Found, SourceError> {
        let top = Self::open(self.within.root, &self.base)?;
        let mut waiting = Vec::new();
        let is_meant = self.pattern.is_none();
        self.look(&top, Path::new(""), 0, own, (is_meant, is_ignored), &mut waiting)?;
        while let Some(Waiting { parent, name, path, depth, ignoring, is_meant, is_ignored }) = waiting.pop() {
            let folder = Self::open(&parent, Path::new(&name))?;
            let (base, effort) = (self.base.join(&path), self.within.effort);
            let ignoring = Ignoring::for_folder(&folder, &base, self.take.git(), Some(ignoring), effort)?;
            self.look(&folder, &path, depth, &ignoring, (is_meant, is_ignored), &mut waiting)?;
        }
        let only_itself = matches!(self.found.files.as_slice(), [file] if file.relative.is_empty());
        if let (true, Some((path, by))) = (self.found.files.is_empty() || only_itself, self.missed) {
            return Err(left_out(&path, by));
        }
        self.found.files.sort_by(|a, b| a.relative.split('/').cmp(b.relative.split('/')));
        Ok(self.found)
    }

    fn open(parent: &Folder, path: &Path) -> Result<Folder, SourceError> {
        let gone =
            || io::Error::new(io::ErrorKind::NotFound, format!("`{}` is gone", parent.path().join(path).display()));
        Ok(parent.below(path)?.ok_or_else(gone)?.without_links())
    }

    /// Takes the files of one folder that are not left out; its own folders wait.
    fn look(
        &mut self,
        folder: &Folder,
        path: &Path,
        depth: usize,
        ignoring: &Arc<Ignoring>,
        (is_meant, is_ignored): (bool, bool),
        waiting: &mut Vec<Waiting>,
    ) -> Result<(), SourceError> {
        let entries = folder.entries(Path::new(""))?;
        let mut is_empty = true;
        for (name, kind) in &entries {
            self.seen += 1;
            if self.seen > MOST_FILES || depth > DEEPEST {
                return Err(self.too_much(folder, depth));
            }
            let inner = path.join(name);
            self.spend(&inner, is_meant)?;
            let is_meant = is_meant || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(&inner));
            let leads = kind.is_dir() && self.pattern.as_ref().is_some_and(|pattern| pattern.leads_into(&inner));
            if self.is_never(folder, name, *kind)? || (self.is_python() && is_no_source(name, *kind)) {
                continue;
            }
            let verdict = ignoring.verdict(&self.base.join(&inner), kind.is_dir(), self.within.effort)?;
            let is_ignored = is_ignored || verdict == Verdict::OfGit;
            match verdict {
                Verdict::Counts => is_empty = false,
                Verdict::OfGit if self.take.git() == Git::Told => is_empty = false,
                Verdict::OfGit => {
                    self.found.left_out.add(self.base.join(&inner));
                    continue;
                }
                Verdict::LeftOut(by) => {
                    if (is_meant || leads) && self.missed.is_none() {
                        self.missed = Some((self.base.join(&inner), by));
                    }
                    continue;
                }
            }
            if kind.is_dir() && (is_meant || leads) {
                let (parent, name, ignoring) = (folder.clone(), name.clone(), Arc::clone(ignoring));
                waiting.push(Waiting { parent, name, path: inner, depth: depth + 1, ignoring, is_meant, is_ignored });
            } else if is_meant && !kind.is_dir() {
                let file = describe(folder, name, utf8(&inner)?, self.within.digests)?;
                self.found.files.push(SourceFile { is_ignored, ..file });
            }
        }
        if is_empty && is_meant && !self.is_python() {
            let (relative, path) = (utf8(path)?, folder.path().to_owned());
            let kind = SourceKind::Folder;
            // Git knows no empty folders.
            self.found.files.push(SourceFile { relative, path, kind, mode: 0o755, is_ignored: false });
        }
        Ok(())
    }

    /// Counts an entry, and what it takes to hold it against the pattern.
    fn spend(&self, inner: &Path, is_meant: bool) -> Result<(), SourceError> {
        let letters = self.pattern.as_ref().filter(|_| !is_meant).map_or(0, |pattern| pattern.letters);
        let effort = self.within.effort;
        let spent = effort.see().and_then(|()| effort.hold(letters, inner.as_os_str().len()));
        spent.map_err(|reason| SourceError::Name { path: self.base.display().to_string(), reason })
    }

    fn is_python(&self) -> bool {
        self.take != Take::Everything
    }

    /// Whether something is never an input.
    fn is_never(&self, folder: &Folder, name: &OsStr, kind: FileType) -> io::Result<bool> {
        if NEVER.iter().any(|(never, _)| name == *never) || (name == IGNORE_FILE && !kind.is_dir()) {
            return Ok(true);
        }
        if self.kept.is_empty() || !(kind.is_dir() || self.kept_names.contains(&name)) {
            return Ok(false);
        }
        let meta = folder.meta_itself(Path::new(name))?;
        Ok(meta.is_some_and(|meta| self.kept.contains(&(meta.dev(), meta.ino()))))
    }

    fn too_much(&self, folder: &Folder, depth: usize) -> SourceError {
        let of = if depth > DEEPEST { folder.path().to_owned() } else { self.within.root.path().join(&self.base) };
        let reason = if depth > DEEPEST {
            "it is more than 200 folders deep"
        } else {
            "it holds more than 200,000 files: name the others in .factoryignore"
        };
        SourceError::Name { path: of.display().to_string(), reason }
    }
}

/// What is no part of a Python package's sources: byte code, and what only git reads.
fn is_no_source(name: &OsStr, kind: FileType) -> bool {
    if kind.is_dir() {
        return name == "__pycache__";
    }
    let is_made = |extension: &OsStr| extension == "pyc" || extension == "pyo";
    name == ".gitignore" || Path::new(name).extension().is_some_and(is_made)
}

/// Refuses a path that leads into what git or this program keeps.
///
/// # Errors
/// [`SourceError::Never`].
pub(in crate::source) fn not_ours(path: impl AsRef<Path>) -> Result<(), SourceError> {
    let path = path.as_ref();
    let found = path.iter().find_map(|part| NEVER.iter().find(|(name, _)| part == *name));
    found.map_or(Ok(()), |(_, why)| Err(never(path, why)))
}

fn same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn never(path: &Path, why: &'static str) -> SourceError {
    SourceError::Never { path: path.display().to_string(), why }
}

fn left_out(path: &Path, by: By) -> SourceError {
    SourceError::LeftOut { path: path.display().to_string(), file: by.file, pattern: by.pattern }
}

/// What is under a name of a folder.
fn describe(folder: &Folder, name: &OsStr, relative: String, digests: &Digests) -> Result<SourceFile, SourceError> {
    let (path, entry) = (folder.path().join(name), Path::new(name));
    let meta = folder.meta_itself(entry)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let (kind, mode) = if meta.is_symlink() {
        (SourceKind::Symlink { target: utf8(&folder.target(entry)?)? }, 0o777)
    } else if meta.is_file() {
        let (sha256, size) = digests.of_file(&path)?;
        let mode = if meta.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
        (SourceKind::File { sha256, size }, mode)
    } else {
        return Err(SourceError::Name {
            path: path.display().to_string(),
            reason: "it is neither a file, a folder nor a symbolic link",
        });
    };
    Ok(SourceFile { relative, path, kind, mode, is_ignored: false })
}
