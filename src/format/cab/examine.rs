//! Cabinets that anybody made: read once from start to end, each block held against its checksum and unpacked, each name judged.
//!
//! Refused as a whole: sets of several cabinets, and whatever would let two readers see different files.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::{
    directory::{Directory, Named, Place},
    names::{self, Known},
    unpack::{Blocks, Packing},
};
use crate::{
    format::{
        PackageFormat, dos,
        foreign::{Bounds, ForeignError, Seen, error::malformed},
        reader::{Part, Piece, Reader, Streamed},
    },
    stage::Limits,
};

/// How cabinets are read. `collect` takes packages of package managers only, so nothing is known by its first bytes.
pub(super) const READER: &dyn Reader = &Streamed { format: PackageFormat::Cab, magic: &[], examine };

/// Attributes of files that are said, each with its word.
const ATTRIBUTES: [(u16, &str); 4] = [(1, "read-only"), (2, "hidden"), (4, "system"), (0x40, "run when unpacked")];

pub(super) fn examine(
    reader: &mut dyn Read,
    limits: &Limits,
    bounds: Bounds,
    seen: &mut Seen,
) -> Result<(), ForeignError> {
    let mut place = Place::new(reader);
    let directory = Directory::read(&mut place, limits)?;
    describe(&directory, seen);
    judge_names(&directory.files, seen);
    let mut contents = Contents::of(&directory, seen.lists_files)?;
    let mut blocks = Blocks::new(directory.kept_by_block);
    let mut left = bounds.most();
    for (number, folder) in directory.folders.iter().enumerate() {
        let passed = place.go_to(folder.at.into(), &format!("its folder {}", number + 1))?;
        said_unused(passed, seen);
        blocks.begin(*folder, seen.take(Packing::of(*folder).map_err(ForeignError::Unsupported)));
        contents.begin(number);
        read_folder(&mut place, &mut blocks, &mut contents, &mut left, seen)?;
    }
    if contents.unused > 0 {
        seen.description.remarks.push(format!("{} bytes in its folders are of no file", contents.unused));
    }
    if blocks.unsummed > 0 {
        seen.description.remarks.push(format!("{} of its blocks have no checksum", blocks.unsummed));
    }
    end(&mut place, &directory, seen)
}

/// What it says of itself.
fn describe(directory: &Directory, seen: &mut Seen) {
    let mut packings: Vec<String> =
        directory.folders.iter().map(|it| Packing::of(*it).map_or_else(|it| it, Packing::name)).collect();
    packings.sort();
    packings.dedup();
    let it = &mut seen.description;
    it.say("Compression", packings.join("; "));
    if directory.folders.len() > 1 {
        it.say("Folders", directory.folders.len().to_string());
    }
    if directory.header.set != 0 {
        it.say("Set", directory.header.set.to_string());
    }
    let foreign = directory.files.iter().filter(|named| named.is_foreign).count();
    if foreign > 0 {
        it.remarks.push(format!(
            "{foreign} of its names are in a code that it does not say; they are read as UTF-8 or ISO 8859-1"
        ));
    }
    it.unchecked.push("who made it: signatures of cabinets are not looked at".to_owned());
    if seen.lists_files {
        seen.description.files = directory.files.iter().map(part).collect();
    }
    said_unused(directory.unused, seen);
}

fn part(named: &Named) -> Part {
    let marks = ATTRIBUTES.iter().filter(|(bit, _)| named.file.attributes & bit != 0).map(|(_, word)| *word);
    Part {
        path: named.name.clone(),
        size: Some(named.file.size.into()),
        time: dos::text_of(named.file.date, named.file.time),
        marks: marks.collect(),
        ..Part::default()
    }
}

/// Bytes that nothing in the cabinet names.
fn said_unused(bytes: u64, seen: &mut Seen) {
    if bytes > 0 {
        seen.fault(malformed(format!("{bytes} bytes in it belong to nothing")));
    }
}

/// Says every name that leads astray on Windows, and those that are one there.
fn judge_names(files: &[Named], seen: &mut Seen) {
    let mut known = Known::new();
    for Named { name, .. } in files {
        if let Err(why) = names::below(name) {
            seen.fault(malformed(format!("the name `{}`: {why}", names::shown(name))));
        } else if let Some(other) = known.add(name, &name) {
            let [name, other] = [name, other].map(|name| names::shown(name));
            seen.fault(malformed(format!("`{other}` and `{name}` are one on Windows")));
        }
    }
}

/// Unpacks a folder into its files.
fn read_folder(
    place: &mut Place,
    blocks: &mut Blocks,
    contents: &mut Contents,
    left: &mut u64,
    seen: &mut Seen,
) -> Result<(), ForeignError> {
    while let Some(plain) = blocks.next(place, |fault| seen.fault(fault))? {
        *left = left
            .checked_sub(plain.len() as u64)
            .ok_or_else(|| ForeignError::Unsupported("more to unpack than is read of a file of its size".to_owned()))?;
        contents.take(plain);
    }
    if seen.is_describing {
        let name = format!("folder {}", contents.folder + 1);
        seen.description.pieces.push(Piece { name, size: Some(blocks.size) });
    }
    if blocks.is_whole() {
        contents.finish(seen);
    }
    Ok(())
}

/// What is behind the last folder.
fn end(place: &mut Place, directory: &Directory, seen: &mut Seen) -> Result<(), ForeignError> {
    let passed = place.go_to(directory.header.size.into(), "its end")?;
    said_unused(passed, seen);
    match io::copy(place, &mut io::sink())? {
        0 => {}
        behind if directory.kept > 0 => {
            seen.description.unchecked.push(format!("the {behind} bytes behind its end, where signatures stand"));
        }
        behind => seen.fault(malformed(format!("{behind} bytes follow its end"))),
    }
    Ok(())
}

/// The files of folders while these are unpacked.
struct Contents<'d> {
    directory: &'d Directory,
    /// In the order of folders and of their bytes: the numbers of files.
    order: Vec<usize>,
    /// The first of them that is not complete.
    next: usize,
    folder: usize,
    /// Bytes of the folder so far.
    at: u64,
    /// Of the next file; none where it is not asked for.
    hash: Option<Sha256>,
    /// Bytes of all folders that are of no file.
    unused: u64,
    digests: Vec<(usize, String)>,
}

impl<'d> Contents<'d> {
    /// Refuses files that share bytes.
    fn of(directory: &'d Directory, is_hashed: bool) -> Result<Self, ForeignError> {
        let files = &directory.files;
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|number| {
            let file = files[*number].file;
            (file.folder, file.start, file.end())
        });
        for pair in order.windows(2) {
            let [one, other] = [&files[pair[0]], &files[pair[1]]];
            if one.file.folder == other.file.folder && u64::from(other.file.start) < one.file.end() {
                let [one, other] = [one, other].map(|named| names::shown(&named.name));
                return Err(malformed(format!("`{one}` and `{other}` share bytes")));
            }
        }
        let hash = is_hashed.then(Sha256::new);
        Ok(Self { directory, order, next: 0, folder: 0, at: 0, hash, unused: 0, digests: Vec::new() })
    }

    /// Goes on with a folder.
    fn begin(&mut self, folder: usize) {
        while self.order.get(self.next).is_some_and(|number| self.folder_of(*number) < folder) {
            self.next += 1;
        }
        (self.folder, self.at) = (folder, 0);
        self.hash.as_mut().map(Sha256::reset);
    }

    fn folder_of(&self, number: usize) -> usize {
        self.directory.files[number].file.folder.into()
    }

    /// The file of the folder that is not complete: its number, where it begins, and its end.
    fn file(&self) -> Option<(usize, u64, u64)> {
        let number = self.order.get(self.next).copied().filter(|number| self.folder_of(*number) == self.folder)?;
        let file = self.directory.files[number].file;
        Some((number, file.start.into(), file.end()))
    }

    /// The next bytes of the folder.
    fn take(&mut self, mut plain: &[u8]) {
        while !plain.is_empty() {
            self.close();
            let (is_of_file, until) = match self.file() {
                Some((_, start, end)) if self.at >= start => (true, end),
                Some((_, start, _)) => (false, start),
                None => (false, u64::MAX),
            };
            let length = usize::try_from(until - self.at).unwrap_or(usize::MAX).min(plain.len());
            let (now, rest) = plain.split_at(length);
            match &mut self.hash {
                Some(hash) if is_of_file => hash.update(now),
                _ if is_of_file => {}
                _ => self.unused += now.len() as u64,
            }
            self.at += now.len() as u64;
            plain = rest;
        }
    }

    /// Ends the files that are complete.
    fn close(&mut self) {
        while let Some((number, ..)) = self.file().filter(|(_, _, end)| self.at >= *end) {
            let digest = self.hash.as_mut().map(|hash| hex::encode(hash.finalize_reset()));
            self.digests.extend(digest.map(|digest| (number, digest)));
            self.next += 1;
        }
    }

    /// Hands on the digests of a folder that was unpacked to its end, and says what is missing in it.
    fn finish(&mut self, seen: &mut Seen) {
        self.close();
        if let Some((number, ..)) = self.file() {
            let name = names::shown(&self.directory.files[number].name);
            seen.fault(malformed(format!("`{name}` ends early: its folder has fewer bytes")));
        }
        for (number, digest) in self.digests.drain(..) {
            if let Some(part) = seen.description.files.get_mut(number) {
                part.sha256 = Some(digest);
            }
        }
    }
}
