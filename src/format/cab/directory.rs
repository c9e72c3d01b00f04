//! The beginning of a cabinet: what it says of itself, its folders and its files.

use std::io::{self, Read};

use super::{
    layout::{BEFORE, BEHIND, CONTINUED, DATA, File, Folder, Header, KEPT, MAGIC, NAME, PLAIN, UTF8},
    names::shown,
};
use crate::{
    format::foreign::{ForeignError, error::malformed, text_of},
    stage::Limits,
};

/// A reader that knows where it is.
pub(super) struct Place<'r> {
    reader: &'r mut dyn Read,
    pub at: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.reader.read(buffer)?;
        self.at += got as u64;
        Ok(got)
    }
}

impl<'r> Place<'r> {
    pub(super) fn new(reader: &'r mut dyn Read) -> Self {
        Self { reader, at: 0 }
    }

    /// Goes on to a place; gives how many bytes were passed over. `what` is there.
    pub(super) fn go_to(&mut self, to: u64, what: &str) -> Result<u64, ForeignError> {
        let over =
            to.checked_sub(self.at).ok_or_else(|| malformed(format!("{what} begins inside of what is before it")))?;
        let passed = io::copy(&mut self.by_ref().take(over), &mut io::sink())?;
        if passed == over { Ok(over) } else { Err(ForeignError::Truncated) }
    }
}

/// A file with its name.
#[derive(Debug)]
pub(super) struct Named {
    pub file: File,
    pub name: String,
    /// Whether the name is in no known code.
    pub is_foreign: bool,
}

/// What stands before the contents.
#[derive(Debug)]
pub(super) struct Directory {
    pub header: Header,
    /// Bytes that its maker keeps in its head, as signatures are.
    pub kept: usize,
    /// The same for each block.
    pub kept_by_block: usize,
    pub folders: Vec<Folder>,
    pub files: Vec<Named>,
    /// Bytes before the list of files that belong to nothing.
    pub unused: u64,
}

impl Directory {
    pub(super) fn read(place: &mut Place, limits: &Limits) -> Result<Self, ForeignError> {
        let header = header(place)?;
        let [mut kept, mut kept_by_folder, mut kept_by_block] = [0; 3];
        if header.flags & KEPT != 0 {
            let mut sizes = [0; 4];
            place.read_exact(&mut sizes)?;
            kept = usize::from(u16::from_le_bytes([sizes[0], sizes[1]]));
            [kept_by_folder, kept_by_block] = [sizes[2], sizes[3]].map(usize::from);
            place.read_exact(&mut vec![0; kept])?;
        }
        let mut folders = Vec::new();
        for number in 1..=header.folders {
            let folder = Folder::read(place)?;
            place.read_exact(&mut vec![0; kept_by_folder])?;
            let end = u64::from(folder.at) + u64::from(folder.blocks) * DATA;
            if end > u64::from(header.size) {
                return Err(malformed(format!("its folder {number} lies outside of it")));
            }
            folders.push(folder);
        }
        let unused = place.go_to(header.files_at.into(), "its list of files")?;
        let files = files(place, &header, &folders, limits)?;
        Ok(Self { header, kept, kept_by_block, folders, files, unused })
    }
}

fn header(place: &mut Place) -> Result<Header, ForeignError> {
    let mut magic = [0; 4];
    place.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(malformed("it does not begin with `MSCF`, as a cabinet does"));
    }
    let header = Header::read(place)?;
    if header.version != [3, 1] {
        let [minor, major] = header.version;
        return Err(ForeignError::Unsupported(format!("version {major}.{minor} of the format: only 1.3 is known")));
    }
    if header.flags & (BEFORE | BEHIND) != 0 {
        let text = "a cabinet before or behind it: sets of several cabinets are not read";
        return Err(ForeignError::Unsupported(text.to_owned()));
    }
    if header.folders == 0 || header.files == 0 {
        return Err(malformed("there is nothing in it"));
    }
    Ok(header)
}

fn files(place: &mut Place, header: &Header, folders: &[Folder], limits: &Limits) -> Result<Vec<Named>, ForeignError> {
    if u64::from(header.files) > limits.entries {
        return Err(ForeignError::Unsupported("more files than are read".to_owned()));
    }
    let mut files = Vec::new();
    let mut bytes_of_names = 0;
    for _ in 0..header.files {
        let file = File::read(place)?;
        let bytes = name(place)?;
        bytes_of_names += bytes.len() as u64;
        if bytes_of_names > limits.name_bytes {
            return Err(ForeignError::Unsupported("more bytes in all names than are read".to_owned()));
        }
        let named = Named::of(file, &bytes)?;
        named.judge(folders)?;
        files.push(named);
    }
    Ok(files)
}

impl Named {
    /// With its name, which is UTF-8 where the file says so; in any other case it is ASCII, or in a code that nothing says.
    fn of(file: File, bytes: &[u8]) -> Result<Self, ForeignError> {
        let says_utf8 = file.attributes & UTF8 != 0;
        let (name, is_other) = text_of(bytes);
        if says_utf8 && is_other {
            return Err(malformed(format!("the name `{}` is not UTF-8, as it says", shown(&name))));
        }
        let is_foreign = !says_utf8 && !name.is_ascii();
        Ok(Self { file, name, is_foreign })
    }

    /// Whether its bytes are in one of the folders.
    fn judge(&self, folders: &[Folder]) -> Result<(), ForeignError> {
        let named = || shown(&self.name);
        if self.file.folder >= CONTINUED {
            let text = format!("`{}`, which continues in another cabinet", named());
            return Err(ForeignError::Unsupported(text));
        }
        let Some(folder) = folders.get(usize::from(self.file.folder)) else {
            return Err(malformed(format!("`{}` is in a folder that there is not", named())));
        };
        if self.file.end() > u64::from(folder.blocks) * PLAIN as u64 {
            return Err(malformed(format!("`{}` lies outside of its folder", named())));
        }
        Ok(())
    }
}

/// A name, with the NUL behind it.
fn name(place: &mut Place) -> Result<Vec<u8>, ForeignError> {
    let mut name = Vec::new();
    loop {
        let mut byte = [0];
        place.read_exact(&mut byte)?;
        match byte {
            [0] => return Ok(name),
            _ if name.len() == NAME => {
                return Err(malformed(format!("the name `{}…` has more than 255 bytes", shown(&text_of(&name).0))));
            }
            [byte] => name.push(byte),
        }
    }
}
