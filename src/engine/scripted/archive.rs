//! Tar streams of the played daemon: made of files beside the script or written out in it, sorted, always the same.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use base64::Engine as _;
use bytes::Bytes;
use tar::{EntryType, Header};

use super::script::{Content, InlineFile};
use crate::engine::EngineError;

/// The time of every file, 2023-11-14T22:13:20Z.
const TIME: u64 = 1_700_000_000;
/// Bytes in one piece of a stream: small, so that readers meet borders.
const PIECE: usize = 1000;
/// The longest Dockerfile read.
const LONGEST_TEXT: u64 = 1 << 20;

/// The names in a tar of ours, and the text of one of its files.
pub(super) fn names_and_text(tar: &File, wanted: &str) -> Result<(Vec<String>, Option<String>), EngineError> {
    let read = || -> io::Result<(Vec<String>, Option<String>)> {
        let mut file = tar.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let (mut names, mut text) = (Vec::new(), None);
        for entry in tar::Archive::new(io::BufReader::new(file)).entries()? {
            let mut entry = entry?;
            let name = entry.path()?.display().to_string();
            if name.strip_prefix("./").unwrap_or(&name) == wanted {
                let mut bytes = Vec::new();
                entry.by_ref().take(LONGEST_TEXT).read_to_end(&mut bytes)?;
                text = Some(String::from_utf8_lossy(&bytes).into_owned());
            }
            names.push(name);
        }
        Ok((names, text))
    };
    read().map_err(|error| EngineError::Io { doing: "read a tar".into(), reason: error.to_string() })
}

/// The tar of `path`, where the script says what is there or above it.
pub(super) fn of(
    archive: &BTreeMap<String, Content>,
    path: &str,
    script: &Path,
) -> Result<Option<Vec<u8>>, EngineError> {
    let path = path.trim_end_matches('/');
    let Some((content, rest)) = archive.iter().rev().find_map(|(root, content)| {
        let rest = path.strip_prefix(root.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then(|| (content, rest.trim_start_matches('/')))
    }) else {
        return Ok(None);
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    let made = match content {
        Content::Disk(place) => of_disk(&script.parent().unwrap_or(Path::new(".")).join(place).join(rest), name),
        Content::Inline(files) => of_list(files, rest, name),
    };
    made.map_err(|error| EngineError::Io { doing: format!("make a tar of {path}"), reason: error.to_string() })
}

/// Pieces of a stream.
pub(super) fn pieces(bytes: Vec<u8>) -> impl Iterator<Item = Result<Bytes, EngineError>> {
    let bytes = Bytes::from(bytes);
    (0..bytes.len()).step_by(PIECE).map(move |at| Ok(bytes.slice(at..(at + PIECE).min(bytes.len()))))
}

fn of_disk(place: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    // An empty rest leaves a slash behind, which a file does not like.
    let place: std::path::PathBuf = place.components().collect();
    if std::fs::symlink_metadata(&place).is_err() {
        return Ok(None);
    }
    let mut tar = tar::Builder::new(Vec::new());
    let walk = ignore::WalkBuilder::new(&place).standard_filters(false).sort_by_file_name(Ord::cmp).build();
    for entry in walk {
        let entry = entry.map_err(io::Error::other)?;
        let within = entry.path().strip_prefix(&place).map_err(io::Error::other)?;
        let name = if within.as_os_str().is_empty() { name.into() } else { Path::new(name).join(within) };
        let metadata = entry.path().symlink_metadata()?;
        let mode = metadata.permissions().mode() & 0o7777;
        let mut header = header(mode, 0, 0);
        if metadata.is_dir() {
            header.set_entry_type(EntryType::Directory);
            tar.append_data(&mut header, name.join(""), io::empty())?;
        } else if metadata.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            tar.append_link(&mut header, name, std::fs::read_link(entry.path())?)?;
        } else {
            header.set_size(metadata.len());
            tar.append_data(&mut header, name, File::open(entry.path())?)?;
        }
    }
    tar.into_inner().map(Some)
}

fn of_list(files: &[InlineFile], rest: &str, name: &str) -> io::Result<Option<Vec<u8>>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut sorted: Vec<(&str, &InlineFile)> =
        files.iter().filter_map(|file| Some((below(&file.name, rest)?, file))).collect();
    sorted.sort_by_key(|(within, _)| *within);
    if sorted.is_empty() {
        return Ok(None);
    }
    // Files imply the folder they are in.
    if sorted.first().is_some_and(|(within, _)| !within.is_empty()) {
        let mut header = header(0o755, 0, 0);
        header.set_entry_type(EntryType::Directory);
        tar.append_data(&mut header, format!("{name}/"), io::empty())?;
    }
    for (within, file) in sorted {
        let name = if within.is_empty() { name.to_owned() } else { format!("{name}/{within}") };
        let plain = if file.folder { 0o755 } else { 0o644 };
        let mode = if file.mode.is_empty() { Ok(plain) } else { u32::from_str_radix(&file.mode, 8) };
        let mode = mode.map_err(|error| io::Error::other(format!("mode `{}`: {error}", file.mode)))?;
        let mut header = header(mode, file.uid, file.gid);
        if file.folder {
            header.set_entry_type(EntryType::Directory);
            tar.append_data(&mut header, format!("{name}/"), io::empty())?;
        } else if !file.link.is_empty() {
            header.set_entry_type(EntryType::Symlink);
            tar.append_link(&mut header, name, &file.link)?;
        } else {
            let bytes = match file.base64.as_str() {
                "" => file.text.clone().into_bytes(),
                text => base64::engine::general_purpose::STANDARD.decode(text).map_err(io::Error::other)?,
            };
            header.set_size(bytes.len() as u64);
            append(&mut tar, &mut header, &name, &bytes)?;
        }
    }
    tar.into_inner().map(Some)
}

/// Adds a file under any name: also one that leads up, which only a hostile archive has.
fn append(tar: &mut tar::Builder<Vec<u8>>, header: &mut Header, name: &str, bytes: &[u8]) -> io::Result<()> {
    let field = &mut header.as_old_mut().name;
    if name.split('/').any(|part| part == "..") && name.len() <= field.len() {
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        return tar.append(header, bytes);
    }
    tar.append_data(header, name, bytes)
}

/// What is left of `name` below `rest`.
fn below<'a>(name: &'a str, rest: &str) -> Option<&'a str> {
    if rest.is_empty() {
        return Some(name);
    }
    let left = name.strip_prefix(rest)?;
    (left.is_empty() || left.starts_with('/')).then(|| left.trim_start_matches('/'))
}

fn header(mode: u32, uid: u64, gid: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_uid(uid);
    header.set_gid(gid);
    header.set_mtime(TIME);
    header.set_size(0);
    header
}
