//! The index of an image's packages and libraries: made of its own files once, and kept in the store for as long as it has the same
//! packages.

use std::{collections::BTreeMap, io::Read as _};

use super::super::{Job, take::blocking_reader};
use crate::{
    depends::{
        deb::{Index, Maker},
        linker,
    },
    engine::ContainerId,
    execute::{Session, StepError, records::blocking},
    names::Sha256,
    source::store::{Fetched, Key, Kind, Label},
    util::{
        files::{Guarded, read_bounded},
        shop::Shop,
    },
};

/// Where dpkg keeps what it knows.
const STATUS: &str = "/var/lib/dpkg/status";
const DIVERSIONS: &str = "/var/lib/dpkg/diversions";
const INFO: &str = "/var/lib/dpkg/info";
/// Where the dynamic linker is told of folders.
const LINKER: [&str; 2] = ["/etc/ld.so.conf", "/etc/ld.so.conf.d"];
/// The largest file that is read, and all of a folder's together, in bytes: a full desktop has a tenth of it.
const LARGEST: u64 = Kind::Index.largest();
const LARGEST_ALL: u64 = 4 << 30;
/// The form of indexes that this program keeps.
const FORM: &str = "deb index 1";
/// What an entry of the store is called; its key says all there is to say.
const NAME: &str = "index.json";

/// The index of a container's system, with the digest of its form in the store; `None` where it is none of Debian's kind.
pub(super) async fn index(job: &Job, container: &ContainerId) -> Result<Option<(Index, Sha256)>, StepError> {
    let system = System { session: &job.session, container };
    let Some(status) = system.text(STATUS).await? else { return Ok(None) };
    let diversions = system.text(DIVERSIONS).await?.unwrap_or_default();
    let mut configured = BTreeMap::new();
    for place in LINKER {
        configured.extend(system.texts(place, |_| true).await?);
    }
    let (arch, machine) = (job.work.arch.as_str(), job.work.host.machine.as_str());
    let made_of = serde_json::json!([FORM, arch, machine, status, diversions, configured]);
    let key = Key { kind: Kind::Index, digest: Sha256::of(made_of.to_string()) };
    if let Some(known) = kept(&key, &job.session).await? {
        return Ok(Some(known));
    }
    let mut maker = Maker::new(arch, &status, &diversions);
    let known = maker.clone();
    for (name, text) in system.texts(INFO, move |name| known.wants(name)).await? {
        maker.add(name.rsplit('/').next().unwrap_or_default(), &text);
    }
    let text = |path: &str| configured.get(path).cloned();
    let below = |folder: &str| {
        let folder = format!("{folder}/");
        configured.keys().filter(|path| path.starts_with(&folder)).cloned().collect()
    };
    let index = maker.finish(&linker::configured(&text, &below), &triplet(machine));
    let text = serde_json::to_vec(&index).map_err(std::io::Error::from)?;
    keep(&key, &text, &job.session).await;
    Ok(Some((index, Sha256::of(&text))))
}

/// What Debian calls the folder of a machine's libraries.
fn triplet(machine: &str) -> String {
    match machine {
        "i686" | "i386" => "i386-linux-gnu".to_owned(),
        "armv7l" => "arm-linux-gnueabihf".to_owned(),
        "armv6l" => "arm-linux-gnueabi".to_owned(),
        "ppc64le" => "powerpc64le-linux-gnu".to_owned(),
        machine => format!("{machine}-linux-gnu"),
    }
}

/// The index that the store has, where it can be believed and read.
async fn kept(key: &Key, session: &Session) -> Result<Option<(Index, Sha256)>, StepError> {
    let aside = Shop::new(tempfile::tempdir()?);
    match session.services.store.fetch(key, &aside).await {
        Ok(Fetched::Whole(whole)) if whole.label().name == NAME => {}
        Ok(Fetched::Whole(_) | Fetched::Absent) => return Ok(None),
        Ok(Fetched::Doubted(why) | Fetched::Damaged(why)) => {
            session.services.events.warn(format!("the store: {why}; the image's packages are read again"));
            return Ok(None);
        }
        Err(error) => {
            session.services.events.warn(format!("{error}; going on without it"));
            return Ok(None);
        }
    }
    let read = blocking(move || {
        let bytes = read_bounded(&aside.path().join(NAME), LARGEST)?;
        Ok(bytes.and_then(|bytes| Some((serde_json::from_slice(&bytes).ok()?, Sha256::of(&bytes)))))
    });
    read.await
}

/// Keeps an index. A store that cannot be written costs time later, nothing else.
async fn keep(key: &Key, text: &[u8], session: &Session) {
    let kept = async {
        let label = Label { name: NAME.to_owned(), sha256: Sha256::of(text), size: text.len() as u64 };
        let mut file = tempfile::NamedTempFile::new()?;
        std::io::Write::write_all(&mut file, text)?;
        session.services.store.put(key, &label, file.path()).await
    };
    if let Err(error) = kept.await {
        session.services.events.warn(format!("{error}; the image's packages are read again the next time"));
    }
}

/// A container that is asked for files.
struct System<'s> {
    session: &'s Session,
    container: &'s ContainerId,
}

impl System<'_> {
    /// A file; `None` where there is none. What is no text is taken as far as it is.
    async fn text(&self, path: &str) -> Result<Option<String>, StepError> {
        Ok(self.texts(path, |_| true).await?.into_values().next())
    }

    /// A file, or those of a folder whose names are wanted, by their paths.
    async fn texts(
        &self,
        path: &str,
        wants: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<BTreeMap<String, String>, StepError> {
        let Some(stream) = self.session.services.engine.download(self.container, path).await? else {
            return Ok(BTreeMap::new());
        };
        let reader = Guarded::new(blocking_reader(stream), self.session.services.cancel.clone()).take(LARGEST_ALL);
        let above = path.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        blocking(move || {
            let mut found = BTreeMap::new();
            let mut archive = tar::Archive::new(reader);
            for entry in archive.entries()? {
                let entry = entry?;
                if !entry.header().entry_type().is_file() {
                    continue;
                }
                let Ok(place) = String::from_utf8(entry.path_bytes().into_owned()) else { continue };
                if !wants(place.rsplit('/').next().unwrap_or_default()) {
                    continue;
                }
                if entry.size() > LARGEST {
                    return Err(too_large(&format!("{above}/{place}")));
                }
                let mut bytes = Vec::new();
                entry.take(LARGEST).read_to_end(&mut bytes)?;
                found.insert(format!("{above}/{place}"), String::from_utf8_lossy(&bytes).into_owned());
            }
            Ok(found)
        })
        .await
    }
}

fn too_large(path: &str) -> StepError {
    StepError::Contents {
        message: format!("{path:?} of the image is larger than {} MiB", LARGEST >> 20),
        help: "look at what the image does to its package database, or say `auto_depends = false`".to_owned(),
    }
}
