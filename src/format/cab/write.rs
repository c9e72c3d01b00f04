//! Writing a cabinet: the same tree and time give the same bytes, on every machine and for any number of threads.

use std::io::{self, Read, SeekFrom};

use super::{
    CabError,
    layout::{ARCHIVE, FOLDER, File, Folder, HEADER, Header, MSZIP, UTF8},
    pack::Packing,
    plan::{Bounds, Member, Stretch},
};
use crate::{
    format::{Target, dos},
    stage::Tree,
};

/// zlib's level where none is chosen.
pub const LEVEL: u8 = 9;

/// How a tree becomes a cabinet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cabinet {
    /// The folder that it will be unpacked into, absolute: `C:\ProgramData\example`. No path in it is longer than Windows takes.
    pub folder: String,
    /// zlib's level, 1 to 9 ([`LEVEL`]).
    pub level: u8,
    /// Threads that compress. They never change the bytes; each takes up to 6 MiB of memory.
    pub threads: u32,
}

impl Cabinet {
    /// One that is unpacked into this folder, compressed as it is without a choice.
    #[must_use]
    pub fn into_folder(folder: &str) -> Self {
        Self { folder: folder.to_owned(), level: LEVEL, threads: crate::format::codec::threads() }
    }

    /// Writes the files of a tree, each with this time (seconds since 1970 UTC; 1980 to 2107, two seconds exact). They are called
    /// `\dir\file`, in one folder of the cabinet as long as they have less than 2 GiB. A cabinet knows neither modes nor owners; a
    /// further name of a file becomes a file, too.
    ///
    /// Memory grows with the number of files, never with what is in them.
    ///
    /// # Errors
    /// [`CabError`]: what a cabinet cannot hold or Windows could not unpack, with its path; what was written so far is useless then.
    pub fn write(&self, tree: &Tree, time: i64, out: &mut dyn Target) -> Result<(), CabError> {
        self.write_within(tree, time, out, Bounds::default())
    }

    pub(super) fn write_within(
        &self,
        tree: &Tree,
        time: i64,
        out: &mut dyn Target,
        bounds: Bounds,
    ) -> Result<(), CabError> {
        let plan = self.plan(tree, bounds)?;
        let list = list(&plan, time)?;
        let files_at = HEADER + FOLDER * plan.len() as u64;
        let mut at = files_at + list.len() as u64;
        out.rewind()?;
        // Where folders begin is known when all before them are there.
        io::copy(&mut io::repeat(0).take(files_at), out)?;
        out.write_all(&list)?;
        let packing = Packing { level: self.level, threads: usize::try_from(self.threads).unwrap_or(1) };
        let mut folders = Vec::new();
        for stretch in &plan {
            let blocks = u16::try_from(stretch.blocks()).unwrap_or(u16::MAX);
            folders.push(Folder { at: small(at, stretch, 0)?, blocks, packing: MSZIP }.bytes());
            at = write_stretch(stretch, tree, packing, at, bounds.cabinet, out)?;
        }
        let files = plan.iter().map(|stretch| stretch.members.len()).sum::<usize>();
        let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let header = Header {
            size: u32::try_from(at).unwrap_or(u32::MAX),
            files_at: u32::try_from(files_at).unwrap_or(u32::MAX),
            version: [3, 1],
            folders: number(plan.len()),
            files: number(files),
            flags: 0,
            set: 0,
            number: 0,
        };
        out.rewind()?;
        out.write_all(&header.bytes())?;
        out.write_all(&folders.concat())?;
        out.seek(SeekFrom::Start(at))?;
        Ok(out.flush()?)
    }
}

/// The list of files.
fn list(plan: &[Stretch], time: i64) -> Result<Vec<u8>, CabError> {
    let (date, time) = dos::time_of(time);
    let mut list = Vec::new();
    for (folder, stretch) in (0_u16..).zip(plan) {
        for member in &stretch.members {
            let attributes = if member.name.is_ascii() { ARCHIVE } else { ARCHIVE | UTF8 };
            let (size, start) = (small(member.size, stretch, 0)?, small(member.start, stretch, 0)?);
            list.extend(File { size, start, folder, date, time, attributes }.bytes());
            list.extend(member.name.bytes());
            list.push(0);
        }
    }
    Ok(list)
}

/// Writes the blocks of one folder from `at` on; gives the place behind them.
fn write_stretch(
    stretch: &Stretch,
    tree: &Tree,
    packing: Packing,
    mut at: u64,
    most: u64,
    out: &mut dyn Target,
) -> Result<u64, CabError> {
    let mut plain = Contents { tree, members: stretch.members.iter(), open: None };
    let mut read = 0;
    packing.run(&mut plain, &mut |blocks, length| {
        at += blocks.len() as u64;
        read += length;
        if at > most {
            return Err(large(stretch, read.saturating_sub(1), most));
        }
        Ok(out.write_all(blocks)?)
    })?;
    let is_whole = read == stretch.size;
    if is_whole { Ok(at) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) }
}

/// A number of a cabinet of less than 4 GiB.
fn small(number: u64, stretch: &Stretch, place: u64) -> Result<u32, CabError> {
    u32::try_from(number).map_err(|_| large(stretch, place, u32::MAX.into()))
}

fn large(stretch: &Stretch, place: u64, most: u64) -> CabError {
    match stretch.path_at(place) {
        Some(path) => CabError::Large { path: path.clone(), most },
        None => CabError::Empty,
    }
}

/// The contents of files, one behind the other.
struct Contents<'t, 'm, M> {
    tree: &'t Tree,
    members: M,
    open: Option<Box<dyn Read + 'm>>,
}

impl<'t: 'm, 'm, M: Iterator<Item = &'m Member<'t>>> Read for Contents<'t, 'm, M> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(open) = &mut self.open {
                let got = open.read(buffer)?;
                if got > 0 || buffer.is_empty() {
                    return Ok(got);
                }
            }
            let Some(member) = self.members.next() else { return Ok(0) };
            self.open = Some(Box::new(self.tree.open(member.entry)));
        }
    }
}
