//! A commit as a folder: each file's bytes as they were committed. No filter runs, no attribute is heeded and no line end is
//! changed, so that a commit gives the same files everywhere. It appears under its name whole, or not at all.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io::{self, BufRead as _, BufReader, Read, Seek as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;
use tokio_util::sync::CancellationToken;

use super::{
    command::Git,
    error::GitError,
    manifest::{FILES, Manifest},
    mirror::Mirror,
    tree::{self, TreeFile, TreeKind},
};
use crate::{
    names::{Commit, GitUrl, SourceName},
    util::{
        digests::Digests,
        files::{TEMPORARY, replace_folder},
    },
};

/// Most files of a source with all its submodules, and most bytes of them.
const MOST_FILES: usize = 200_000;
const MOST_BYTES: u64 = 4 << 30;
/// Most submodules, and how deep they may be in each other.
const MOST_MODULES: usize = 200;
const DEEPEST: usize = 8;

/// How a file begins whose content is in Git LFS, and how long such a file is at most.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
const LONGEST_POINTER: u64 = 1024;

/// What is to be checked out.
#[derive(Debug, Clone)]
pub struct What<'w> {
    /// The source's name.
    pub name: &'w SourceName,
    /// Where it is.
    pub url: &'w GitUrl,
    /// The commit.
    pub commit: &'w Commit,
    /// Whether submodules are wanted.
    pub submodules: bool,
}

impl What<'_> {
    /// Where its checkout is.
    #[must_use]
    pub fn folder(&self, store: &Path) -> PathBuf {
        let alone = if self.submodules { "" } else { "-alone" };
        store.join(format!("{}-{}{alone}", self.name, self.commit.folder()))
    }

    /// The checkout that is there already, when it is whole.
    #[must_use]
    pub fn find(&self, store: &Path, digests: &Digests) -> Option<Manifest> {
        Manifest::find(&self.folder(store), self.commit, self.submodules, digests)
    }
}

/// The files of one repository.
struct Layer {
    mirror: Mirror,
    /// Where they go, below the checkout's folder.
    place: PathBuf,
    files: Vec<TreeFile>,
}

/// Fetches what is missing and writes the checkout. Gives how many bytes came over the network.
///
/// # Errors
/// [`GitError`].
pub async fn make(what: &What<'_>, store: &Path, git: &Git<'_>) -> Result<u64, GitError> {
    let (layers, bytes) = layers(what, store, git).await?;
    fs::create_dir_all(store)?;
    let made = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(store)?;
    let files = made.path().join(FILES);
    fs::create_dir(&files)?;
    let mut pointers = Vec::new();
    for layer in layers {
        pointers.extend(write(layer, &files, store, git).await?);
    }
    let elsewhere = pointers.first().map(|first| (pointers.len(), first.clone()));
    let (commit, submodules, folder) = (what.commit.clone(), what.submodules, what.folder(store));
    blocking(move || {
        use std::os::unix::fs::PermissionsExt as _;
        Manifest::write(made.path(), &commit, submodules, elsewhere)?;
        fs::set_permissions(made.path(), std::fs::Permissions::from_mode(0o755))?;
        replace_folder(made.path(), &folder)?;
        Ok(bytes)
    })
    .await
}

/// The repositories of a source: its own, and those of its submodules, each fetched where it is missing.
async fn layers(what: &What<'_>, store: &Path, git: &Git<'_>) -> Result<(Vec<Layer>, u64), GitError> {
    let (mut layers, mut fetched) = (Vec::new(), 0);
    let (mut files, mut bytes) = (0, 0);
    let mut waiting = vec![(PathBuf::new(), what.url.clone(), what.commit.clone(), Vec::<GitUrl>::new())];
    while let Some((place, url, commit, above)) = waiting.pop() {
        let within = |error: GitError| {
            if place.as_os_str().is_empty() || matches!(error, GitError::Interrupted) {
                return error;
            }
            GitError::Submodule { path: place.to_string_lossy().escape_debug().to_string(), error: Box::new(error) }
        };
        let one = async {
            let _turn = git.turn(&url.without_userinfo()).await;
            let mirror = Mirror::open(store, &url, Some(&commit), git).await?;
            let mut came = 0;
            if !mirror.has(&commit, git).await? {
                if place.as_os_str().is_empty() {
                    git.events().info(format!("source {}: fetching {} from {url}", what.name, commit.short()));
                }
                came = mirror.fetch(&commit, what.name.as_str(), git).await?;
            }
            let listing = tree::list(&mirror, &commit, git).await?;
            let modules = if what.submodules {
                tree::addresses(&mirror, &commit, &url, &listing, git).await?
            } else {
                Vec::new()
            };
            Ok((mirror, listing, modules, came))
        };
        let (mirror, listing, modules, came) = one.await.map_err(within)?;
        fetched += came;
        files += listing.files.len();
        bytes += listing.files.iter().map(|file| file.size).sum::<u64>();
        let refuse = |reason: &str| Err(GitError::Tree { commit: what.commit.clone(), reason: reason.to_owned() });
        if files > MOST_FILES || bytes > MOST_BYTES {
            return refuse("it holds more than 200,000 files or 4 GiB");
        }
        let mut way = above;
        way.push(url);
        for (module, url) in modules {
            let path = place.join(OsStr::from_bytes(&module.path));
            if way.len() > DEEPEST || layers.len() + waiting.len() > MOST_MODULES {
                return refuse("more than 200 submodules, or deeper than 8 in each other");
            }
            if way.iter().filter(|above| **above == url).count() > 1 {
                return refuse(&format!("the submodule `{}` is in itself", path.to_string_lossy().escape_debug()));
            }
            waiting.push((path, url, module.commit, way.clone()));
        }
        layers.push(Layer { mirror, place, files: listing.files });
    }
    Ok((layers, fetched))
}

/// Writes the files of one repository; gives those whose content is in Git LFS.
async fn write(layer: Layer, files: &Path, store: &Path, git: &Git<'_>) -> Result<Vec<String>, GitError> {
    let mut asked = tempfile::tempfile_in(store)?;
    let hashes: String = layer.files.iter().flat_map(|file| [file.object.as_str(), "\n"]).collect();
    asked.write_all(hashes.as_bytes())?;
    asked.rewind()?;
    let mut given = tempfile::tempfile_in(store)?;
    git.pipe(layer.mirror.folder(), &["cat-file", "--batch", "--buffer"], asked, given.try_clone()?).await?;
    given.rewind()?;
    let (root, cancel) = (files.join(&layer.place), git.cancel().clone());
    let files = files.to_owned();
    blocking(move || {
        let mut reader = BufReader::with_capacity(1 << 17, given);
        let mut writer = Writer { known: [files].into(), links: Vec::new() };
        let mut pointers = Vec::new();
        writer.folder(&root)?;
        for file in &layer.files {
            check(&cancel)?;
            if writer.take(file, &root, &mut reader)? {
                let path = layer.place.join(OsStr::from_bytes(&file.path));
                pointers.push(path.to_string_lossy().into_owned());
            }
        }
        writer.links()?;
        Ok(pointers)
    })
    .await
}

fn check(cancel: &CancellationToken) -> Result<(), GitError> {
    if cancel.is_cancelled() { Err(GitError::Interrupted) } else { Ok(()) }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    crate::util::blocking::blocking(work).await.map_err(|error| GitError::Io(io::Error::other(error)))?
}

/// Writes files of a tree. Links come last, so that no file is ever written through one.
struct Writer {
    known: BTreeSet<PathBuf>,
    links: Vec<(PathBuf, PathBuf)>,
}

impl Writer {
    /// Takes the next object, `<hash> blob <size>LF<bytes>LF`, which is this file's; says whether it is only a pointer into
    /// Git LFS.
    fn take(&mut self, file: &TreeFile, root: &Path, reader: &mut BufReader<std::fs::File>) -> Result<bool, GitError> {
        let broken = || GitError::Failed { reason: format!("it gave another object than {}", file.object) };
        let mut head = String::new();
        reader.by_ref().take(200).read_line(&mut head)?;
        if head.trim_end() != format!("{} blob {}", file.object, file.size) {
            return Err(broken());
        }
        let path = root.join(OsStr::from_bytes(&file.path));
        let mut bytes = reader.by_ref().take(file.size);
        let mut pointer = false;
        match file.kind {
            TreeKind::Symlink => {
                let mut target = Vec::new();
                bytes.take(4096).read_to_end(&mut target)?;
                if target.is_empty() || target.len() as u64 != file.size || target.contains(&0) {
                    return Err(GitError::Failed {
                        reason: format!("`{}` is no link that can be made", path.display()),
                    });
                }
                self.links.push((path, PathBuf::from(OsStr::from_bytes(&target))));
            }
            TreeKind::File { executable } => {
                self.folder(path.parent().unwrap_or(root))?;
                pointer = write_file(&path, executable, file.size, &mut bytes)?;
            }
        }
        let mut end = [0];
        reader.read_exact(&mut end)?;
        if end == *b"\n" { Ok(pointer) } else { Err(broken()) }
    }

    /// Makes a folder and those above it, each once and by this writer: nothing that is there already is entered.
    fn folder(&mut self, folder: &Path) -> Result<(), GitError> {
        use std::os::unix::fs::PermissionsExt as _;
        if self.known.contains(folder) {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.folder(parent)?;
        }
        match fs::symlink_metadata(folder) {
            // Another layer made it: a link would not be a folder.
            Ok(meta) if meta.is_dir() => {}
            _ => {
                fs::create_dir(folder)?;
                fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
            }
        }
        self.known.insert(folder.to_owned());
        Ok(())
    }

    fn links(&mut self) -> Result<(), GitError> {
        for (path, target) in std::mem::take(&mut self.links) {
            if let Some(parent) = path.parent() {
                self.folder(parent)?;
            }
            fs::os::unix::fs::symlink(target, path)?;
        }
        Ok(())
    }
}

/// Writes one file, which must not be there yet; says whether it is only a pointer into Git LFS.
fn write_file(path: &Path, executable: bool, size: u64, bytes: &mut impl Read) -> Result<bool, GitError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut made = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut start = Vec::new();
    if size <= LONGEST_POINTER {
        bytes.take(LONGEST_POINTER).read_to_end(&mut start)?;
        made.write_all(&start)?;
    }
    let wrote = start.len() as u64 + io::copy(bytes, &mut made)?;
    if wrote != size {
        return Err(GitError::Failed { reason: format!("it gave only {wrote} bytes of `{}`", path.display()) });
    }
    // Whatever the umask is.
    made.set_permissions(std::fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
    Ok(start.starts_with(POINTER))
}
