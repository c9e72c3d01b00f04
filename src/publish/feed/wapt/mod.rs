//! A WAPT repository: a folder with packages, their icons and the index `Packages`, for agents of both generations.
//!
//! What the old index says of a file that is still there, with its size, is believed: adding one package to thousands
//! reads the new one only.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use fs_err as fs;
use md5::Digest as _;

use super::FeedError;
use crate::{
    format::wapt::{self, Index, Listed, Refusal, WaptError},
    sign::{Crl, Trust},
    util::{
        files::{open_regular, persist, sweep, temporary_in, write_whole},
        folder::{Folder, Links},
        lock::{Lock, Tried, try_lock},
        state::State,
    },
};

impl From<WaptError> for FeedError {
    fn from(error: WaptError) -> Self {
        Self::Format(error.into())
    }
}

/// The index's file.
pub const INDEX: &str = "Packages";

/// Sections whose packages have no icon.
const WITHOUT_ICON: [&str; 5] = ["group", "host", "unit", "profile", "wsus"];

/// What is published.
#[derive(Debug, Default)]
pub struct PublishRequest {
    /// Packages to be added; one of the same file name is replaced.
    pub files: Vec<PathBuf>,
    /// Who must have signed them; whoever did where `None`: then only that they are whole is checked.
    pub trust: Option<Trust>,
    /// Revocation lists that go into the index.
    pub crls: Vec<Crl>,
    /// Read every package of the repository again, instead of believing the old index.
    pub rescan: bool,
    /// The time at which certificates must hold, seconds since 1970 UTC.
    pub now: i64,
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Files that are new or replaced, in the repository.
    pub added: Vec<String>,
    /// Files that the old index had and that are gone.
    pub gone: Vec<String>,
    /// Files in the repository that are not in the index.
    pub unlisted: Vec<String>,
    /// Packages of hosts in the repository: agents look for them elsewhere, and no index has them.
    pub hosts: Vec<String>,
    /// Packages in the index.
    pub total: usize,
    /// Packages that were read.
    pub read: usize,
    /// Whether the index is another one now.
    pub changed: bool,
}

/// A package that was found good, before it is in the repository under its name.
struct Checked {
    /// The copy that was checked; `None` where the file is there already.
    copy: Option<tempfile::TempPath>,
    listed: Listed,
    icon: Option<Vec<u8>>,
    certificates: Vec<crate::sign::Certificate>,
}

/// Publishes into the repository in `folder`, which is made where it is missing.
///
/// # Errors
/// [`FeedError`]; the index is then as before, and names nothing that is not there.
pub fn publish(folder: &Path, request: &PublishRequest) -> Result<Published, FeedError> {
    if request.crls.iter().any(|crl| crl.authority_key_id().is_none()) {
        return Err(FeedError::Unfit {
            file: "--crl".to_owned(),
            reason: "a revocation list does not name its issuer's key, by which agents find it in an index".to_owned(),
            help: "have it made with the extension `authorityKeyIdentifier`",
        });
    }
    fs::create_dir_all(folder)?;
    let _lock = lock(folder)?;
    // No other process writes here now, and a web server would give away what a killed run has left.
    sweep(&Folder::open(folder, Links::Refused)?);
    let mut published = Published::default();
    let mut index = old_index(folder, request.rescan)?;
    let listed: BTreeSet<String> = index.packages.iter().map(|listed| listed.file.clone()).collect();
    let here = packages(folder)?;
    let written = fs::metadata(folder.join(INDEX)).and_then(|found| found.modified()).ok();
    index.packages.retain(|listed| {
        // One that is younger than the index was put there by a run that broke off, or by somebody: it is read again.
        let is_known = |file: &OnDisk| {
            file.size == listed.size && file.written <= written && listed.control.get("section") != "host"
        };
        let stays = here.get(&listed.file).is_some_and(is_known);
        if !stays && !here.contains_key(&listed.file) {
            published.gone.push(listed.file.clone());
        }
        stays
    });
    let known: BTreeSet<String> = index.packages.iter().map(|listed| listed.file.clone()).collect();
    let mut sources = one_of_each_name(&request.files)?;
    let own: BTreeSet<String> = sources.iter().map(|path| file_name(path)).collect();
    for file in here.keys().filter(|file| !known.contains(*file) && !own.contains(*file)) {
        if is_of_host(&folder.join(file)) {
            published.hosts.push(file.clone());
        } else if request.rescan || listed.contains(file) {
            sources.push(folder.join(file));
        } else {
            published.unlisted.push(file.clone());
        }
    }
    let mut checked = sources.iter().map(|path| check(path, folder, request)).collect::<Result<Vec<_>, _>>()?;
    published.read = checked.len();
    alone(&index, &checked)?;

    for one in &checked {
        put_icons(folder, one)?;
        let file = &one.listed.file;
        index.packages.retain(|listed| listed.file != *file);
        index.packages.push(one.listed.clone());
        let certificates = one.certificates.iter().map(|certificate| (certificate.fingerprint(), certificate.clone()));
        index.certificates.extend(certificates);
        if own.contains(file) {
            published.added.push(file.clone());
        }
    }
    request.crls.iter().for_each(|crl| index.add_crl(crl.clone()));
    index.settle();
    published.total = index.packages.len();
    let bytes = index.write()?;
    let path = folder.join(INDEX);
    published.changed = !fs::read(&path).is_ok_and(|old| old == bytes);
    let mut new = temporary_in(folder)?;
    new.write_all(&bytes)?;
    new.as_file().sync_all()?;
    // All is written, and only gets its name now: new packages, then those in the place of one that the old index names, and the
    // new index at once behind them. Until here the old one holds.
    checked.sort_by_key(|one| listed.contains(&one.listed.file));
    let mut is_younger = false;
    for one in &mut checked {
        if let Some(copy) = one.copy.take() {
            copy.persist(folder.join(&one.listed.file)).map_err(|failed| failed.error)?;
            is_younger = true;
        }
    }
    if published.changed || is_younger {
        persist(new, &path)?;
    }
    Ok(published)
}

fn lock(folder: &Path) -> Result<Lock, FeedError> {
    match try_lock(&State::for_project(folder).make()?)? {
        Tried::Held(lock) => Ok(lock),
        Tried::Busy(holder) => Err(FeedError::Busy(holder.map(|holder| format!(" ({holder})")).unwrap_or_default())),
    }
}

fn old_index(folder: &Path, rescan: bool) -> Result<Index, FeedError> {
    let path = folder.join(INDEX);
    if rescan || !path.exists() { Ok(Index::default()) } else { read_index(&path) }
}

/// Reads an index.
///
/// # Errors
/// [`FeedError::Index`].
pub fn read_index(path: &Path) -> Result<Index, FeedError> {
    wapt::read_index(path).map_err(|error| FeedError::Index { path: path.display().to_string(), error: error.into() })
}

/// A package's file in the repository.
struct OnDisk {
    size: u64,
    written: Option<std::time::SystemTime>,
}

/// Every package's file in the repository.
fn packages(folder: &Path) -> Result<BTreeMap<String, OnDisk>, FeedError> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_package(&name) && !name.starts_with('.') && entry.file_type()?.is_file() {
            let data = entry.metadata()?;
            found.insert(name, OnDisk { size: data.len(), written: data.modified().ok() });
        }
    }
    Ok(found)
}

/// Whether a file of the repository is the package of a host. One that cannot be read is none: whoever reads it says why.
fn is_of_host(path: &Path) -> bool {
    wapt::open(path).and_then(|mut package| package.control()).is_ok_and(|control| control.get("section") == "host")
}

fn is_package(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|end| end == "wapt")
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Reads a package, and holds it against what its clients ask.
fn check(path: &Path, folder: &Path, request: &PublishRequest) -> Result<Checked, FeedError> {
    let file = file_name(path);
    let unfit = |reason: &str, help| Err(FeedError::Unfit { file: file.clone(), reason: reason.to_owned(), help });
    let plain = |c: char| c.is_alphanumeric() || "-_.+~ ".contains(c);
    // The index is read again with the next package: it must not name what its reader refuses.
    if !is_package(&file) || file.starts_with('.') || !file.chars().all(plain) || wapt::is_safe(&file).is_err() {
        return unfit(
            "its file's name cannot be part of a URL or on a disk of Windows as it is",
            "rename it: letters, digits, `-`, `_` and `.`, then `.wapt`",
        );
    }
    let refused = |reasons: Vec<Refusal>| FeedError::Refused {
        file: file.clone(),
        reasons: reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    // What is checked is what will be published, whatever happens to the file that was named.
    let copy = if is_same(path, &folder.join(&file)) { None } else { Some(copied(path, folder)?) };
    let path = copy.as_deref().unwrap_or(path);
    let mut package = wapt::open(path).map_err(|error| refused(vec![error.into()]))?;
    let certificates = package.certificates().map_err(|error| refused(vec![error.into()]))?;
    let own = || Trust { anchors: certificates.first().cloned().into_iter().collect(), crls: Vec::new() };
    let trust = request.trust.clone().unwrap_or_else(own);
    let verified = wapt::verify(&mut package, &trust, request.now).map_err(refused)?;
    let section = verified.control.get("section").to_owned();
    if section == "host" {
        return unfit("packages of hosts are in no index", "copy it into the folder `wapt-host` beside the repository");
    }
    let icon = if WITHOUT_ICON.contains(&section.as_str()) {
        None
    } else {
        package.small(wapt::ICON, wapt::LARGEST_ICON).map_err(WaptError::from)?
    };
    let (md5, size) = md5_of(path)?;
    Ok(Checked { copy, listed: Listed { control: verified.control, file, size, md5 }, icon, certificates })
}

fn md5_of(path: &Path) -> Result<(String, u64), FeedError> {
    let mut file = open_regular(path)?;
    let (mut hash, mut size) = (md5::Md5::new(), 0);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            return Ok((hex::encode(hash.finalize()), size));
        }
        hash.update(&buffer[..got]);
        size += got as u64;
    }
}

/// Agents of WAPT 2 keep one entry of each id.
fn alone(index: &Index, checked: &[Checked]) -> Result<(), FeedError> {
    let new: BTreeSet<&str> = checked.iter().map(|one| one.listed.file.as_str()).collect();
    let old = index.packages.iter().filter(|listed| !new.contains(listed.file.as_str()));
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for listed in old.chain(checked.iter().map(|one| &one.listed)) {
        if let Some(before) = seen.insert(wapt::identity(&listed.control), &listed.file) {
            return Err(FeedError::Unfit {
                file: listed.file.clone(),
                reason: format!("it has the `package_uuid` of `{before}`, and agents would see only one of them"),
                help: "sign one of them again, which gives it an id of its own: `factory build FILE`",
            });
        }
    }
    Ok(())
}

/// The files without those named twice.
fn one_of_each_name(files: &[PathBuf]) -> Result<Vec<PathBuf>, FeedError> {
    let mut first: BTreeMap<String, &PathBuf> = BTreeMap::new();
    let mut found = Vec::new();
    for path in files {
        match first.insert(file_name(path), path) {
            None => found.push(path.clone()),
            Some(before) if is_same(before, path) => {}
            Some(before) => {
                return Err(FeedError::Unfit {
                    file: path.display().to_string(),
                    reason: format!("two of the files are called so, this one and `{}`", before.display()),
                    help: "name one of them, or rename the other",
                });
            }
        }
    }
    Ok(found)
}

fn is_same(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

/// A copy in the repository under no name of a package, gone when dropped.
fn copied(path: &Path, folder: &Path) -> Result<tempfile::TempPath, FeedError> {
    let mut copy = temporary_in(folder)?;
    std::io::copy(&mut open_regular(path)?, &mut copy)?;
    copy.as_file().sync_all()?;
    Ok(copy.into_temp_path())
}

/// Brings a package's icons into the repository.
fn put_icons(folder: &Path, one: &Checked) -> Result<(), FeedError> {
    let Some(icon) = &one.icon else { return Ok(()) };
    let control = &one.listed.control;
    // 1.8 looks for the package's id, 2 for the icon's digest.
    for name in [control.get("package_uuid"), control.get("icon_sha256sum")].iter().filter(|name| is_name(name)) {
        let path = folder.join("icons").join(format!("{name}.png"));
        if !fs::read(&path).is_ok_and(|old| old == *icon) {
            write_whole(&path, icon)?;
        }
    }
    Ok(())
}

/// Ids and digests are plain; whatever else a package says of itself never becomes a path.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests;
