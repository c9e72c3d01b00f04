//! What the packages of an image say, read of its own files once, and kept in the store for as long as it has the same packages: the index
//! of their libraries, and their lists of files.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead, BufReader, Read as _, Write as _},
};

use tempfile::NamedTempFile;

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
        files::{Guarded, digest, read_bounded},
        folder::open_file,
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
/// The longest line of a list of files, in bytes: no path is longer.
const LONGEST_LINE: u64 = 8192;
/// The forms that this program keeps, and what they are called in the store; their keys say all there is to say.
const INDEX: (&str, &str) = ("deb index 1", "index.json");
const LISTS: (&str, &str) = ("deb lists 1", "lists");

/// The index of a container's system, with the digest of its form in the store; `None` where it is none of Debian's kind.
pub(super) async fn index(job: &Job, container: &ContainerId) -> Result<Option<(Index, Sha256)>, StepError> {
    let system = System { session: &job.session, container };
    let Some(told) = Told::of(job, &system).await? else { return Ok(None) };
    let aside = Shop::new(tempfile::tempdir()?);
    if fetched(&told.index, INDEX.1, &aside, &job.session).await {
        let read = blocking(move || {
            let bytes = read_bounded(&aside.path().join(INDEX.1), LARGEST)?;
            Ok(bytes.and_then(|bytes| Some((serde_json::from_slice(&bytes).ok()?, Sha256::of(&bytes)))))
        });
        if let Some(known) = read.await? {
            return Ok(Some(known));
        }
    }
    let (index, _) = told.read(job, &system).await?;
    Ok(Some(index))
}

/// The packages of a container's system that own paths, which are given as dpkg writes them; `None` where it has no lists of files.
pub(in crate::work::package::run) async fn owners(
    job: &Job,
    container: &ContainerId,
    wanted: BTreeSet<String>,
) -> Result<Option<BTreeMap<String, String>>, StepError> {
    let system = System { session: &job.session, container };
    let aside = Shop::new(tempfile::tempdir()?);
    let lists = match Told::of(job, &system).await? {
        Some(told) if fetched(&told.lists, LISTS.1, &aside, &job.session).await => {
            open_file(&aside.path().join(LISTS.1))?.into_parts().0
        }
        Some(told) => match told.read(job, &system).await?.1 {
            Some(lists) => lists.into_file(),
            None => return Ok(None),
        },
        // Nothing says which packages these are, so nothing is kept.
        None => match system.info(Maker::new(job.work.arch.as_str(), "", "")).await?.1 {
            Some(lists) => lists.into_file(),
            None => return Ok(None),
        },
    };
    let found = blocking(move || {
        let _aside = aside;
        let mut lists = lists;
        io::Seek::rewind(&mut lists)?;
        Ok(owners_in(BufReader::new(lists), &wanted)?)
    });
    found.await.map(Some)
}

/// Who owns which of these paths, as lists of files say: each behind a line with `>` and its package's name.
fn owners_in(mut lists: impl BufRead, wanted: &BTreeSet<String>) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let (mut package, mut line) = (String::new(), Vec::new());
    while lists.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
        if let Ok(text) = std::str::from_utf8(line.trim_ascii_end()) {
            match text.strip_prefix('>') {
                // Of packages for several machines, the machine follows a colon.
                Some(name) => name.split(':').next().unwrap_or(name).clone_into(&mut package),
                None if wanted.contains(text) => {
                    found.entry(text.to_owned()).or_insert_with(|| package.clone());
                }
                None => {}
            }
        }
        line.clear();
    }
    Ok(found)
}

/// What a system says of its packages before their own files are read, and the keys of what is made of those.
struct Told {
    status: String,
    diversions: String,
    configured: BTreeMap<String, String>,
    index: Key,
    lists: Key,
}

impl Told {
    /// That of a container; `None` where it has no packages of Debian's.
    async fn of(job: &Job, system: &System<'_>) -> Result<Option<Self>, StepError> {
        let Some(status) = system.text(STATUS).await? else { return Ok(None) };
        let diversions = system.text(DIVERSIONS).await?.unwrap_or_default();
        let mut configured = BTreeMap::new();
        for place in LINKER {
            configured.extend(system.texts(place).await?);
        }
        let (arch, machine) = (job.work.arch.as_str(), job.work.host.machine.as_str());
        let key = |made_of: serde_json::Value| Key { kind: Kind::Index, digest: Sha256::of(made_of.to_string()) };
        let index = key(serde_json::json!([INDEX.0, arch, machine, status, diversions, configured]));
        let lists = key(serde_json::json!([LISTS.0, status]));
        Ok(Some(Self { status, diversions, configured, index, lists }))
    }

    /// Reads the packages' own files in one pass, and keeps what is made of them.
    async fn read(
        &self,
        job: &Job,
        system: &System<'_>,
    ) -> Result<((Index, Sha256), Option<NamedTempFile>), StepError> {
        let maker = Maker::new(job.work.arch.as_str(), &self.status, &self.diversions);
        let (maker, lists) = system.info(maker).await?;
        let text = |path: &str| self.configured.get(path).cloned();
        let below = |folder: &str| {
            let folder = format!("{folder}/");
            self.configured.keys().filter(|path| path.starts_with(&folder)).cloned().collect()
        };
        let index = maker.finish(&linker::configured(&text, &below), &triplet(job.work.host.machine.as_str()));
        let text = serde_json::to_vec(&index).map_err(io::Error::from)?;
        let mut file = NamedTempFile::new()?;
        file.write_all(&text)?;
        keep(&self.index, INDEX.1, &file, &job.session).await;
        if let Some(lists) = &lists {
            keep(&self.lists, LISTS.1, lists, &job.session).await;
        }
        Ok(((index, Sha256::of(&text)), lists))
    }
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

/// Whether the store had an entry that can be believed, which is aside then.
async fn fetched(key: &Key, name: &str, aside: &Shop, session: &Session) -> bool {
    match session.services.store.fetch(key, aside).await {
        Ok(Fetched::Whole(whole)) if whole.label().name == name => return true,
        Ok(Fetched::Whole(_) | Fetched::Absent) => {}
        Ok(Fetched::Doubted(why) | Fetched::Damaged(why)) => {
            session.services.events.warn(format!("the store: {why}; the image's packages are read again"));
        }
        Err(error) => session.services.events.warn(format!("{error}; going on without it")),
    }
    false
}

/// Keeps a file. A store that cannot be written costs time later, nothing else.
async fn keep(key: &Key, name: &str, file: &NamedTempFile, session: &Session) {
    let kept = async {
        let (sha256, size) = digest(file.path())?;
        let label = Label { name: name.to_owned(), sha256, size };
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
        Ok(self.texts(path).await?.into_values().next())
    }

    /// A file, or those of a folder, by their paths.
    async fn texts(&self, path: &str) -> Result<BTreeMap<String, String>, StepError> {
        let mut found = BTreeMap::new();
        let above = path.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        let Some(reader) = self.stream(path).await? else { return Ok(found) };
        blocking(move || {
            each_file(reader, |place, read| {
                if let Some(bytes) = read(&above)? {
                    found.insert(format!("{above}/{place}"), String::from_utf8_lossy(&bytes).into_owned());
                }
                Ok(())
            })?;
            Ok(found)
        })
        .await
    }

    /// Hands the packages' own files to a maker of indexes, and puts their lists of files into a file; `None` where there are none.
    async fn info(&self, mut maker: Maker) -> Result<(Maker, Option<NamedTempFile>), StepError> {
        let Some(reader) = self.stream(INFO).await? else { return Ok((maker, None)) };
        blocking(move || {
            let mut lists = io::BufWriter::new(NamedTempFile::new()?);
            each_file(reader, |place, read| {
                let name = place.rsplit('/').next().unwrap_or_default();
                let list = name.strip_suffix(".list");
                if list.is_none() && !maker.wants(name) {
                    return Ok(());
                }
                let Some(bytes) = read(INFO)? else { return Ok(()) };
                if let Some(package) = list {
                    lists.write_all(format!(">{package}\n").as_bytes())?;
                    lists.write_all(&bytes)?;
                    lists.write_all(b"\n")?;
                }
                maker.add(name, &String::from_utf8_lossy(&bytes));
                Ok(())
            })?;
            let lists = lists.into_inner().map_err(io::IntoInnerError::into_error)?;
            Ok((maker, Some(lists)))
        })
        .await
    }

    async fn stream(&self, path: &str) -> Result<Option<impl io::Read + Send + 'static>, StepError> {
        let stream = self.session.services.engine.download(self.container, path).await?;
        let cancel = self.session.services.cancel.clone();
        Ok(stream.map(|stream| Guarded::new(blocking_reader(stream), cancel).take(LARGEST_ALL)))
    }
}

/// Calls for each regular file of an archive, with its path there, and what reads it: that is told where the archive is from.
fn each_file(
    archive: impl io::Read,
    mut call: impl FnMut(&str, &mut dyn FnMut(&str) -> Result<Option<Vec<u8>>, StepError>) -> Result<(), StepError>,
) -> Result<(), StepError> {
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let Ok(place) = String::from_utf8(entry.path_bytes().into_owned()) else { continue };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let size = entry.size();
        let path = place.clone();
        call(&place, &mut |above| {
            if size > LARGEST {
                return Err(too_large(&format!("{above}/{path}")));
            }
            let mut bytes = Vec::new();
            (&mut entry).take(LARGEST).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        })?;
    }
    Ok(())
}

fn too_large(path: &str) -> StepError {
    StepError::Contents {
        message: format!("{path:?} of the image is larger than {} MiB", LARGEST >> 20),
        help: "look at what the image does to its package database, or say `auto_depends = false`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_the_owners_of_files() {
        let lists = ">perl-base\n/.\n/usr\n/usr/bin\n/usr/bin/perl\n\n>libc6:amd64\n/usr/lib/x\n/usr/bin/perl\n";
        let wanted: BTreeSet<String> = ["/usr/bin/perl", "/usr/lib/x", "usr/lib/x"].map(str::to_owned).into();
        let found = owners_in(lists.as_bytes(), &wanted).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(path, owner)| (path.as_str(), owner.as_str())).collect();
        assert_eq!(found, [("/usr/bin/perl", "perl-base"), ("/usr/lib/x", "libc6")]);
    }
}
