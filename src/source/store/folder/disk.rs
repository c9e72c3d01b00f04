//! A store in a folder: `<kind>/<two digits>/<digest>/{entry.json,content}`.
//!
//! An entry is written as `.tmp-…` and renamed, so it is whole or absent, whoever else writes at the same time. The time of
//! `entry.json` is that of its last use; beyond the size limit, what was not used for longest goes first.

mod room;

use std::{
    io::{self, Read as _},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use fs_err as fs;

use tokio_util::sync::CancellationToken;

use super::{
    super::{
        Fetched, Key, Label, PublicKey, StoreError,
        belief::{Believed, Incoming, Judged, Offer, Reason, Whole},
        is_plain, marker,
        shape::{self, ASIDE, CONTENT, ENTRY},
        signature::Signature,
    },
    Guard,
};
use crate::{
    source::owner::Doubt,
    util::{
        files::{Guarded, TEMPORARY, Tee, digest_of, write_whole},
        folder::{self as util_folder, IGNORED, Links, open_file},
        shop::Shop,
    },
};

/// The form of entries that this program writes and reads.
const VERSION: u32 = 1;

/// The largest `entry.json`, in bytes.
const LARGEST_ENTRY: u64 = 4096;

/// An entry as it is written.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u32,
    key: String,
    #[serde(rename = "file")]
    label: Label,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
    /// Whether another store gave it: its place is then no reason to believe it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    adopted: bool,
}

/// What is to be kept.
struct Given<'a> {
    label: &'a Label,
    signature: Option<Signature>,
    adopted: bool,
}

/// A store in a folder, for whoever may wait for it.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    limit: u64,
    guard: Guard,
    /// Whether a doubt was told.
    told: AtomicBool,
    /// Whether it was told that an entry of another store does not prove itself.
    told_unproven: AtomicBool,
    /// Bytes of all entries, as far as this process knows; not counted yet when `None`.
    kept: Mutex<Option<u64>>,
}

/// What an entry is worth here.
enum Worth {
    Believed(Believed),
    Doubted(Doubt),
    /// Another store gave it, and no listed key has signed it.
    Unproven,
}

impl Disk {
    pub(super) fn keys(&self) -> &[PublicKey] {
        &self.guard.keys
    }

    pub(super) fn new(root: PathBuf, limit: u64, guard: Guard) -> Self {
        Self {
            root,
            limit,
            guard,
            told: AtomicBool::new(false),
            told_unproven: AtomicBool::new(false),
            kept: Mutex::new(None),
        }
    }

    /// What the entry of a key that is there is worth; why it is none otherwise.
    fn judge(&self, key: &Key, entry: Entry) -> io::Result<Result<Worth, String>> {
        let adopted = entry.adopted;
        let offer = Offer { label: entry.label, signature: entry.signature };
        Ok(match offer.judge(key, &self.guard.keys) {
            Judged::Believed(believed) => Ok(Worth::Believed(believed)),
            Judged::Foreign => Err(format!("{key} holds something else")),
            Judged::Unsigned(_) if adopted => Ok(Worth::Unproven),
            Judged::Unsigned(offer) => match offer.believe_in(&self.root, key, &self.guard.trusted)? {
                Ok(believed) => Ok(Worth::Believed(believed)),
                Err(doubt) => Ok(Worth::Doubted(doubt)),
            },
        })
    }

    fn tell(&self, doubt: &Doubt) -> Fetched {
        if self.told.swap(true, Ordering::Relaxed) {
            return Fetched::Absent;
        }
        Fetched::Doubted(format!(
            "the store `{}` is not believed, because {doubt}: wheels that were built and what steps gave are made again, and only \
             files whose digest is known are taken; {} if all of it is yours, or list the key that signs it: \
             `FACTORY_STORE_KEYS=ed25519:…`",
            self.root.display(),
            doubt.help(),
        ))
    }

    fn tell_unproven(&self) -> Fetched {
        if self.told_unproven.swap(true, Ordering::Relaxed) {
            return Fetched::Absent;
        }
        Fetched::Doubted(format!(
            "entries that the store `{}` has from another one are not believed, because no key that is listed has signed them: what \
             they hold is made again; list the key that signs them: `FACTORY_STORE_KEYS=ed25519:…`",
            self.root.display(),
        ))
    }

    fn place(&self, key: &Key) -> PathBuf {
        self.root.join(shape::parts(key).iter().collect::<PathBuf>())
    }

    /// The entry of a key and the folder that it is in, opened; `None` where there is none. What is a link is none.
    fn find(&self, key: &Key) -> io::Result<Option<(OwnedFd, OwnedFd)>> {
        let opened = self.shelf(key).and_then(|above| {
            let place = marker::open_in(&above, key.digest.as_str())?;
            Ok((above, place))
        });
        match opened {
            Ok(found) => Ok(Some(found)),
            Err(error) => match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
                Some(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// The folder that the entry of a key is in, each level opened without following a link.
    fn shelf(&self, key: &Key) -> io::Result<OwnedFd> {
        let kind = marker::open_in(&marker::open(&self.root)?, key.kind.word())?;
        marker::open_in(&kind, &key.digest.as_str()[..2])
    }

    /// Takes an entry out of the way, then removes it: what is half removed has no name any more.
    fn drop_entry(&self, above: &OwnedFd, name: &str) -> io::Result<()> {
        let aside = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(&self.root)?;
        match rustix::fs::renameat(above, name, rustix::fs::CWD, aside.path().join(ASIDE)) {
            // Somebody else was faster.
            Err(rustix::io::Errno::NOENT) => Ok(()),
            renamed => Ok(renamed?),
        }
    }

    /// Makes the folder of the store where it is missing; a new one above it ignores itself in git.
    fn begin(&self) -> io::Result<()> {
        let above = self.root.parent().filter(|above| !above.exists());
        make_folders(&self.root)?;
        if let Some(above) = above {
            util_folder::Folder::open(above, Links::Refused)?.write(Path::new(IGNORED.0), IGNORED.1)?;
        }
        Ok(())
    }

    /// Writes an entry and gives it its name; `false` when there is one already.
    fn write(&self, key: &Key, given: Given<'_>, from: &mut dyn io::Read) -> Result<bool, StoreError> {
        use std::os::unix::fs::PermissionsExt as _;

        use fs_err::os::unix::fs::OpenOptionsExt as _;
        self.begin()?;
        marker::put(&self.root, &shape::is_kind)?;
        let fresh = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(&self.root)?;
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(fresh.path().join(CONTENT))?;
        let Given { label, signature, adopted } = given;
        let (sha256, size) = digest_of(&mut Tee::new(from, &mut file))?;
        if (&sha256, size) != (&label.sha256, label.size) {
            return Err(StoreError::Changed(label.name.clone()));
        }
        file.sync_all()?;
        let entry = Entry { version: VERSION, key: key.to_string(), label: label.clone(), signature, adopted };
        write_whole(&fresh.path().join(ENTRY), &serde_json::to_vec_pretty(&entry).map_err(io::Error::from)?)?;
        fs::set_permissions(fresh.path(), std::fs::Permissions::from_mode(0o755))?;
        let place = self.place(key);
        make_folders(place.parent().unwrap_or(&self.root))?;
        let above = self.shelf(key)?;
        match rustix::fs::renameat(rustix::fs::CWD, fresh.path(), &above, key.digest.as_str()) {
            Ok(()) => {
                // It has its name now: nothing temporary is left to be removed.
                let _ = fresh.keep();
                Ok(true)
            }
            // Another process has kept the same in the meantime.
            Err(rustix::io::Errno::NOTEMPTY | rustix::io::Errno::EXIST) => Ok(false),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }
}

impl Disk {
    /// As [`Store::holds`](super::Store::holds).
    pub(super) fn holds(&self, key: &Key) -> Result<bool, StoreError> {
        let Some((_, place)) = self.find(key)? else { return Ok(false) };
        let Ok(entry) = entry(&place, key) else { return Ok(false) };
        Ok(matches!(self.judge(key, entry)?, Ok(Worth::Believed(_))))
    }

    /// As [`Store::fetch`](super::Store::fetch); ends early when the token is cancelled.
    pub(super) fn fetch(&self, key: &Key, into: &Shop, token: &CancellationToken) -> Result<Fetched, StoreError> {
        let Some((above, place)) = self.find(key)? else { return Ok(Fetched::Absent) };
        let damaged = |why: String| -> Result<Fetched, StoreError> {
            self.drop_entry(&above, key.digest.as_str())?;
            Ok(Fetched::Damaged(why))
        };
        let entry = match entry(&place, key) {
            Ok(entry) => entry,
            Err(why) => return damaged(why),
        };
        let name = entry.label.name.clone();
        let believed = match self.judge(key, entry)? {
            Ok(Worth::Believed(believed)) => believed,
            Ok(Worth::Doubted(doubt)) => return Ok(self.tell(&doubt)),
            Ok(Worth::Unproven) => return Ok(self.tell_unproven()),
            Err(why) => return damaged(why),
        };
        let Ok(content) = marker::open_file(&place, CONTENT) else {
            return damaged(format!("`{name}` is missing"));
        };
        // Nothing is copied of what is seen to be another file.
        if content.metadata()?.len() != believed.size() {
            return damaged(format!("`{name}` has changed"));
        }
        let Some(whole) = copy(&mut Guarded::new(content, token.clone()), believed.receive(into)?)? else {
            return damaged(format!("`{name}` has changed"));
        };
        touch(&place);
        Ok(Fetched::Whole(whole))
    }

    /// As [`Store::put`](super::Store::put); ends early when the token is cancelled.
    pub(super) fn put(
        &self,
        key: &Key,
        label: &Label,
        from: &Path,
        token: &CancellationToken,
    ) -> Result<(), StoreError> {
        let signer = self.guard.signer.as_ref().filter(|_| !key.kind.is_by_content());
        let signature = signer.map(|signer| signer.sign(key, label));
        self.put_given(key, Given { label, signature, adopted: false }, from, token)
    }

    /// Keeps what another store gave with what proves it; what only its place there has proven is not kept.
    pub(super) fn adopt(
        &self,
        key: &Key,
        whole: &Whole,
        from: &Path,
        token: &CancellationToken,
    ) -> Result<(), StoreError> {
        let (signature, adopted) = match whole.reason() {
            Reason::Digest => (None, false),
            Reason::Signature(signature) => (Some(signature.clone()), true),
            Reason::Place => return Ok(()),
        };
        self.put_given(key, Given { label: whole.label(), signature, adopted }, from, token)
    }

    fn put_given(&self, key: &Key, given: Given<'_>, from: &Path, token: &CancellationToken) -> Result<(), StoreError> {
        let label = given.label;
        if !is_plain(&label.name) {
            return Err(StoreError::Name(label.name.escape_debug().to_string()));
        }
        if let Some((above, place)) = self.find(key)?
            && marker::is_file(&place, ENTRY)
        {
            let is_outdated = match entry(&place, key) {
                // What is not believed would be made again each time.
                Ok(there) => {
                    (key.kind.is_made_anew() && there.label != *label)
                        || !matches!(self.judge(key, there)?, Ok(Worth::Believed(_)))
                }
                Err(_) => key.kind.is_made_anew(),
            };
            if !is_outdated {
                touch(&place);
                return Ok(());
            }
            self.drop_entry(&above, key.digest.as_str())?;
        }
        let size = label.size;
        if size > self.limit {
            return Ok(());
        }
        if self.write(key, given, &mut Guarded::new(open_file(from)?, token.clone()))? {
            self.account(size)?;
        }
        Ok(())
    }
}

/// The entry of a key; why it does not count otherwise.
fn entry(place: &OwnedFd, key: &Key) -> Result<Entry, String> {
    let mut text = Vec::new();
    let read = marker::open_file(place, ENTRY).and_then(|file| file.take(LARGEST_ENTRY).read_to_end(&mut text));
    read.map_err(|error| format!("{ENTRY}: {error}"))?;
    let entry: Entry = serde_json::from_slice(&text).map_err(|error| format!("{key} cannot be read: {error}"))?;
    let is_own = entry.version == VERSION && entry.key == key.to_string();
    if is_own { Ok(entry) } else { Err(format!("{key} holds something else")) }
}

/// Copies a file that is on its way out; `None` where it is not what its label says.
fn copy(from: &mut dyn io::Read, mut to: Incoming) -> io::Result<Option<Whole>> {
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return to.finish(),
            Ok(got) if to.write(&buffer[..got])? => {}
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes folders that no other user may write in, whatever the umask.
pub(in crate::source) fn make_folders(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Notes that an entry was used. Where that cannot be noted (a store of somebody else), it only goes earlier.
fn touch(place: &OwnedFd) {
    use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
    let nothing = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    if let Ok(file) = marker::open_file(place, ENTRY) {
        let _ = rustix::fs::futimens(&file, &Timestamps { last_access: nothing, last_modification: now });
    }
}

#[cfg(test)]
mod tests;
