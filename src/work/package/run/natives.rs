//! What programs of a package find where they run: in the tree, else in the image. Nothing is started: single files are asked
//! for in a container of the image, and its `/etc/ld.so.cache` is read, the list that ldconfig(8) writes of all libraries.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{Cursor, Read as _},
    sync::Arc,
};

use super::{
    files::{Files, Thing, behind},
    take::blocking_reader,
    unseen::Unseen,
};
use crate::{
    check::{
        Finding,
        programs::{
            Native, Natives,
            interpreter::no_loader,
            libc::{is_libc, older},
            library::missing,
            search_path,
        },
    },
    depends::elf::{Depth, Elf},
    engine::ContainerId,
    execute::{Session, StepError, records::blocking},
    platform::Host,
};

/// The largest library that is read to see which versions of symbols it has, and the largest `ld.so.cache`, in bytes.
const LARGEST: u64 = 64 << 20;
/// The most links that are followed one after the other, as the kernel has it (path_resolution(7)).
const MOST_LINKS: u32 = 40;

/// Everything that cannot run, in the tree and with the image; an interpreter that is in `only_here` is nowhere else.
pub async fn lacks(
    mut natives: Natives,
    host: &Host,
    session: &Session,
    container: &ContainerId,
    only_here: &Arc<BTreeSet<String>>,
) -> Result<Vec<Finding>, StepError> {
    natives.judge_libc(host);
    let files = Files::new(session, container).without(only_here);
    let folders = nowhere(&natives, files).await?;
    natives.lacks.extend(folders);
    let files = Files::new(session, container);
    let mut image = Image { session, container, cache: None, files, versions: HashMap::new() };
    for native in std::mem::take(&mut natives.natives) {
        let lacks = image.judge(&native, &natives, host).await?;
        natives.lacks.extend(lacks);
    }
    let mut files = Files::new(session, container).without(only_here);
    for script in std::mem::take(&mut natives.scripts) {
        if !files.any(&script.wanted, Thing::is_program).await? {
            natives.lacks.push(script.lack);
        }
    }
    Ok(natives.lacks)
}

/// Folders where programs have their libraries looked for, and that are neither in the tree nor in the image.
async fn nowhere(natives: &Natives, mut files: Files<'_>) -> Result<Vec<Finding>, StepError> {
    let mut found = Vec::new();
    for native in &natives.natives {
        for folder in search_path::others(native) {
            if !natives.has_folder(&folder) && *files.look(&folder).await? != Thing::Folder {
                found.push(search_path::nowhere(native, &folder));
            }
        }
    }
    Ok(found)
}

/// What cannot run by the tree alone. What else programs need is `unseen`, but for the libc of the platform and what every system
/// has.
pub fn alone(mut natives: Natives, host: &Host, unseen: &mut Unseen) -> Vec<Finding> {
    natives.judge_libc(host);
    let is_of_libc = |name: &str| host.libc.starts_with("glibc-") && is_of_glibc(name);
    for native in std::mem::take(&mut natives.natives) {
        if let Some(loader) = &native.elf.interpreter
            && !natives.has(loader)
            && !is_of_libc(loader.rsplit('/').next().unwrap_or_default())
        {
            unseen.program(std::slice::from_ref(loader), no_loader(&native.path, loader));
        }
        for folder in search_path::others(&native).iter().filter(|folder| !natives.has_folder(folder)) {
            unseen.program(std::slice::from_ref(folder), search_path::nowhere(&native, folder));
        }
        for name in &native.elf.needed {
            match natives.library(name).map(|known| older(&native, name, known)) {
                Some(lacks) => natives.lacks.extend(lacks),
                None if is_of_libc(name) => {}
                None => unseen.library(name, missing(&native.path, name, host)),
            }
        }
    }
    for script in std::mem::take(&mut natives.scripts) {
        if !script.wanted.iter().any(|path| EVERYWHERE.contains(&path.as_str())) {
            unseen.program(&script.wanted, script.lack);
        }
    }
    natives.lacks
}

/// Programs that every system has which installs packages: their own scripts need the one, and coreutils are essential or in every
/// base image.
const EVERYWHERE: [&str; 3] = ["/bin/sh", "/usr/bin/sh", "/usr/bin/env"];

/// Whether a library is one that glibc itself brings, or its loader (glibc manual, "Library Summary"; ld.so(8)).
fn is_of_glibc(name: &str) -> bool {
    const OF_GLIBC: [&str; 8] = [
        "libc.so.6",
        "libm.so.6",
        "libdl.so.2",
        "libpthread.so.0",
        "librt.so.1",
        "libutil.so.1",
        "libresolv.so.2",
        "libanl.so.1",
    ];
    OF_GLIBC.contains(&name) || name.starts_with("ld-linux") || name.starts_with("ld64.so.")
}

/// What is asked of the image, and what it has said.
struct Image<'s> {
    session: &'s Session,
    container: &'s ContainerId,
    cache: Option<BTreeMap<String, BTreeSet<String>>>,
    files: Files<'s>,
    /// The versions of symbols of libraries that were read.
    versions: HashMap<String, Vec<String>>,
}

impl Image<'_> {
    async fn judge(&mut self, native: &Native, tree: &Natives, host: &Host) -> Result<Vec<Finding>, StepError> {
        let mut lacks = Vec::new();
        if let Some(interpreter) = &native.elf.interpreter
            && !tree.has(interpreter)
            && !self.has(interpreter).await?
        {
            lacks.push(no_loader(&native.path, interpreter));
        }
        for name in &native.elf.needed {
            let known = match tree.library(name) {
                Some(versions) => Some(versions.to_vec()),
                None => match self.library(name, &native.search(), host).await? {
                    None => None,
                    // The platform says which libc it has.
                    Some(_) if !native.elf.hard().any(|(file, version)| file == name && !is_libc(version)) => {
                        continue;
                    }
                    Some(path) => Some(self.versions(&path).await?),
                },
            };
            let Some(known) = known else {
                lacks.push(missing(&native.path, name, host));
                continue;
            };
            lacks.extend(older(native, name, &known));
        }
        Ok(lacks)
    }

    /// Where a library is that the tree does not have, as ld.so(8) looks for it.
    async fn library(&mut self, name: &str, search: &[String], host: &Host) -> Result<Option<String>, StepError> {
        if name.starts_with('/') {
            return Ok(self.has(name).await?.then(|| name.to_owned()));
        }
        if self.cache.is_none() {
            let bytes = self.file("/etc/ld.so.cache").await?.unwrap_or_default();
            self.cache = Some(cached(&bytes, &host.machine));
        }
        let known = self.cache.as_ref().and_then(|cache| cache.get(name)).and_then(|paths| paths.first()).cloned();
        if let Some(path) = known {
            return Ok(Some(path));
        }
        let triplet = format!("{}-linux-gnu", host.machine);
        let own = [format!("/lib/{triplet}"), format!("/usr/lib/{triplet}")];
        let common = ["/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"].map(str::to_owned);
        for folder in search.iter().chain(&own).chain(&common) {
            let path = format!("{folder}/{name}");
            if self.has(&path).await? {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Whether the image has a file.
    async fn has(&mut self, path: &str) -> Result<bool, StepError> {
        Ok(self.files.look(path).await?.is_file())
    }

    /// The versions of symbols that a library of the image has; none where it is no library.
    async fn versions(&mut self, path: &str) -> Result<Vec<String>, StepError> {
        if let Some(known) = self.versions.get(path) {
            return Ok(known.clone());
        }
        let bytes = self.file(path).await?.unwrap_or_default();
        let found =
            Elf::read(Cursor::new(bytes), Depth::Names).ok().flatten().map(|elf| elf.defines).unwrap_or_default();
        self.versions.insert(path.to_owned(), found.clone());
        Ok(found)
    }

    /// A file of the image, links followed; `None` where there is none, or one that is too large.
    async fn file(&self, path: &str) -> Result<Option<Vec<u8>>, StepError> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let Some(stream) = self.session.services.engine.download(self.container, &path).await? else {
                return Ok(None);
            };
            let reader = blocking_reader(stream);
            let found = blocking(move || {
                let mut archive = tar::Archive::new(reader.take(LARGEST + 4096));
                let Some(entry) = archive.entries()?.next() else { return Ok(Found::Nothing) };
                let mut entry = entry?;
                if let Some(target) = entry.link_name()?.filter(|_| entry.header().entry_type().is_symlink()) {
                    return Ok(Found::Link(target.to_string_lossy().into_owned()));
                }
                if entry.size() > LARGEST {
                    return Ok(Found::Nothing);
                }
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                Ok(Found::File(bytes))
            })
            .await?;
            match found {
                Found::Nothing => return Ok(None),
                Found::File(bytes) => return Ok(Some(bytes)),
                Found::Link(target) => path = behind(&path, &target),
            }
        }
        Ok(None)
    }
}

enum Found {
    Nothing,
    File(Vec<u8>),
    Link(String),
}

/// The libraries of an `ld.so.cache` in the form of glibc 2.2 and later (`dl-cache.h`), that fit a machine: name -> paths.
/// Empty where it is none; what is cut off is left out.
fn cached(bytes: &[u8], machine: &str) -> BTreeMap<String, BTreeSet<String>> {
    const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
    const HEADER: usize = 48;
    const ENTRY: usize = 24;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Some(start) = bytes.windows(MAGIC.len()).position(|window| window == MAGIC) else { return found };
    let table = &bytes[start..];
    let number = |at: usize| Some(u32::from_le_bytes(table.get(at..at + 4)?.try_into().ok()?));
    let text = |at: u32| {
        let text = table.get(usize::try_from(at).ok()?..)?;
        let text = &text[..text.iter().take(4096).position(|byte| *byte == 0)?];
        std::str::from_utf8(text).ok()
    };
    // Of the flags, the high byte says for which machine.
    let kind = match machine {
        "x86_64" => Some(0x03),
        "aarch64" => Some(0x0a),
        _ => None,
    };
    let count = usize::try_from(number(MAGIC.len()).unwrap_or_default()).unwrap_or_default();
    for entry in (0..count.min(table.len() / ENTRY)).map(|entry| HEADER + entry * ENTRY) {
        let (Some(flags), Some(key), Some(value)) = (number(entry), number(entry + 4), number(entry + 8)) else {
            break;
        };
        let (Some(name), Some(path)) = (text(key), text(value)) else { continue };
        if kind.is_none_or(|kind| (flags >> 8) & 0xff == kind) {
            found.entry(name.to_owned()).or_default().insert(path.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_of_this_machine_names_its_libc() {
        let Ok(bytes) = fs_err::read("/etc/ld.so.cache") else {
            eprintln!("skipped: there is no ld.so.cache here");
            return;
        };
        let found = cached(&bytes, std::env::consts::ARCH);
        let paths = found.get("libc.so.6").expect("libc.so.6");
        assert!(paths.iter().all(|path| path.ends_with("/libc.so.6")), "{paths:?}");
        for end in [0, 20, 47, 48, 60, bytes.len() / 2] {
            cached(&bytes[..end.min(bytes.len())], "x86_64");
        }
    }
}
