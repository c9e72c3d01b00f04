//! The members of a tar stream, one after the other: headers checked, extension headers read within bounds and folded
//! into the member they describe, contents handed out as a reader.
//!
//! Why not the `tar` crate's iterator: it reads long names of any size into memory, splits PAX records at line ends
//! (binary values hold some) and takes a stream that was cut at a header for a whole one. Its header type is used.
//! Nothing here knows paths: names are bytes until `tarstream` has checked them.
//!
//! Formats: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Basic Tar Format".

use std::io::{self, Read};

use tar::Header;

use super::{StageError, dialect, pax::Pax};

/// Bytes of one header, and what contents are padded to.
const BLOCK: u64 = 512;
/// The longest GNU long name or long link name that is read, in bytes; what may become a path is shorter.
const MAX_LONG_NAME: u64 = 64 << 10;
/// The largest PAX header that is read, in bytes. Linux allows 64 KiB a extended attribute.
const MAX_PAX: u64 = 1 << 20;
/// How much of what follows the end of the archive is read away, in bytes, so that a connection can be used again.
const MAX_TRAILER: u64 = 1 << 20;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberKind {
    File,
    Dir,
    Symlink,
    Hardlink,
    /// Anything else, by the word for it.
    Special(&'static str),
}

/// One member: the header with its extensions applied.
#[derive(Debug)]
pub(crate) struct Member {
    pub kind: MemberKind,
    pub name: Vec<u8>,
    /// The target of a link.
    pub link: Vec<u8>,
    /// Bytes of content that follow.
    pub size: u64,
    /// Permission bits, 0 to 0o7777.
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    /// The owner's names; empty where it has none.
    pub user: Vec<u8>,
    pub group: Vec<u8>,
    /// Whether a PAX header came before it, which dpkg does not read.
    pub has_pax: bool,
    /// Seconds since 1970 UTC.
    pub mtime: i64,
    /// Whether it carries file capabilities.
    pub capability: bool,
}

/// The members of a stream.
#[derive(Debug)]
pub(crate) struct Members<R> {
    reader: R,
    /// Content bytes of the current member not read yet.
    left: u64,
    /// Padding bytes behind them.
    padding: u64,
    /// Headers read so far, extension headers included.
    headers: u64,
    /// How many are allowed.
    max_headers: u64,
    /// Whether what follows the end mark is read away.
    is_drained: bool,
    /// Why the stream could not be read on; kept here because a content reader can only say `io::Error`.
    broken: Option<StageError>,
}

/// What extension headers say of the member that follows.
#[derive(Debug, Default)]
struct Extensions {
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    pax: Option<Pax>,
}

impl<R: Read> Members<R> {
    /// The members of `reader`, of which `max_headers` headers may be read.
    pub(crate) fn new(reader: R, max_headers: u64) -> Self {
        Self { reader, left: 0, padding: 0, headers: 0, max_headers, is_drained: true, broken: None }
    }

    /// The same of an archive that was found somewhere: what follows the end mark is left to whoever reads it, because programs differ
    /// in what they make of it.
    pub(crate) fn of_archive(reader: R, max_headers: u64) -> Self {
        Self { is_drained: false, ..Self::new(reader, max_headers) }
    }

    /// The next member; `None` at the end mark. Skips what was not read of the one before.
    ///
    /// # Errors
    /// A stream that ends without its end mark, breaks the format or the bounds.
    pub(crate) fn next(&mut self) -> Result<Option<Member>, StageError> {
        self.skip(self.left + self.padding)?;
        (self.left, self.padding) = (0, 0);
        let mut extensions = Extensions::default();
        loop {
            let Some(header) = self.header()? else {
                return if extensions.is_empty() { Ok(None) } else { Err(self.malformed("it describes nothing")) };
            };
            match header.entry_type().as_byte() {
                b'L' => {
                    let name = self.small(&header, MAX_LONG_NAME)?;
                    self.once(&mut extensions.long_name, until_nul(name))?;
                }
                b'K' => {
                    let link = self.small(&header, MAX_LONG_NAME)?;
                    self.once(&mut extensions.long_link, until_nul(link))?;
                }
                b'x' => {
                    let pax = self.pax(&header)?;
                    self.once(&mut extensions.pax, pax)?;
                }
                b'g' => {
                    // A global header may comment the archive (git does), not rename what follows.
                    if self.pax(&header)?.says_something() {
                        return Err(self.malformed("a global PAX header changes all entries"));
                    }
                }
                _ => return self.member(&header, extensions).map(Some),
            }
        }
    }

    /// The content of the current member. It fails rather than end early.
    pub(crate) fn content(&mut self) -> Content<'_, R> {
        Content(self)
    }

    /// Why the content reader failed, where the stream was the cause.
    pub(crate) fn why_broken(&mut self) -> Option<StageError> {
        self.broken.take()
    }

    fn malformed(&self, reason: &'static str) -> StageError {
        StageError::Malformed { entry: self.headers, reason }
    }

    fn once<T>(&self, slot: &mut Option<T>, value: T) -> Result<(), StageError> {
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(self.malformed("two extension headers say the same thing of one entry")),
        }
    }

    /// Reads one header; `None` for the end mark.
    fn header(&mut self) -> Result<Option<Header>, StageError> {
        let mut header = Header::new_old();
        self.reader.read_exact(header.as_mut_bytes()).map_err(read_error)?;
        if header.as_bytes().iter().all(|&b| b == 0) {
            if self.is_drained {
                io::copy(&mut self.reader.by_ref().take(MAX_TRAILER), &mut io::sink()).map_err(StageError::Read)?;
            }
            return Ok(None);
        }
        self.headers += 1;
        if self.headers > self.max_headers {
            return Err(StageError::Limit { what: "entries", limit: self.max_headers, path: String::new() });
        }
        // The checksum is made with its own field (148 to 156) as blanks.
        let sum: u32 = header.as_bytes().iter().map(|&b| u32::from(b)).sum();
        let own: u32 = header.as_bytes()[148..156].iter().map(|&b| u32::from(b)).sum();
        if header.cksum().ok() != Some(sum - own + 8 * u32::from(b' ')) {
            return Err(self.malformed("the checksum of its header is wrong"));
        }
        if let Some(reason) = dialect::fault(header.as_bytes()) {
            return Err(self.malformed(reason));
        }
        Ok(Some(header))
    }

    /// The content of an extension header, `limit` bytes at most.
    fn small(&mut self, header: &Header, limit: u64) -> Result<Vec<u8>, StageError> {
        let size = header.entry_size().map_err(|_| self.malformed("its size is not a number"))?;
        let wanted = usize::try_from(size).ok().filter(|_| size <= limit);
        let mut bytes = vec![0; wanted.ok_or_else(|| self.malformed("an extension header is too large"))?];
        self.reader.read_exact(&mut bytes).map_err(read_error)?;
        self.skip(padding(size))?;
        Ok(bytes)
    }

    fn pax(&mut self, header: &Header) -> Result<Pax, StageError> {
        let records = self.small(header, MAX_PAX)?;
        Pax::parse(&records).ok_or_else(|| self.malformed("its PAX header cannot be understood"))
    }

    fn member(&mut self, header: &Header, extensions: Extensions) -> Result<Member, StageError> {
        let not_a_number = |_| self.malformed("a number in its header is none");
        let has_pax = extensions.pax.is_some();
        let pax = extensions.pax.unwrap_or_default();
        let kind = kind_of(header.entry_type().as_byte());
        if kind == MemberKind::Special(SPARSE) || pax.sparse {
            return Err(self.malformed("it is stored as a sparse file, which no archive of a container is"));
        }
        let size = match pax.size {
            Some(size) => size,
            None => header.entry_size().map_err(not_a_number)?,
        };
        if size != 0 && !matches!(kind, MemberKind::File | MemberKind::Special(UNKNOWN)) {
            return Err(self.malformed("it has contents, but it is no file"));
        }
        if size > u64::MAX - BLOCK {
            return Err(self.malformed("its size is absurd"));
        }
        let member = Member {
            kind,
            name: self.either(extensions.long_name, pax.path)?.unwrap_or_else(|| header.path_bytes().into_owned()),
            link: self
                .either(extensions.long_link, pax.link)?
                .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned))
                .unwrap_or_default(),
            size,
            mode: header.mode().map_err(not_a_number)? & 0o7777,
            uid: pax.uid.map_or_else(|| header.uid(), Ok).map_err(not_a_number)?,
            gid: pax.gid.map_or_else(|| header.gid(), Ok).map_err(not_a_number)?,
            user: pax.user.unwrap_or_else(|| header.username_bytes().unwrap_or_default().to_vec()),
            group: pax.group.unwrap_or_else(|| header.groupname_bytes().unwrap_or_default().to_vec()),
            has_pax,
            mtime: pax.mtime.map_or_else(|| header.mtime().map(u64::cast_signed), Ok).map_err(not_a_number)?,
            capability: pax.capability,
        };
        (self.left, self.padding) = (size, padding(size));
        Ok(member)
    }

    /// GNU's way and PAX's way to give one long name exclude each other: readers disagree which one wins.
    fn either(&self, gnu: Option<Vec<u8>>, pax: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, StageError> {
        if gnu.is_some() && pax.is_some() {
            return Err(self.malformed("two extension headers name one entry"));
        }
        Ok(gnu.or(pax))
    }

    fn skip(&mut self, bytes: u64) -> Result<(), StageError> {
        let skipped = io::copy(&mut self.reader.by_ref().take(bytes), &mut io::sink()).map_err(StageError::Read)?;
        if skipped < bytes { Err(StageError::Truncated) } else { Ok(()) }
    }
}

/// The content of the current member of [`Members`].
#[derive(Debug)]
pub(crate) struct Content<'a, R>(&'a mut Members<R>);

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.0.left).unwrap_or(usize::MAX).min(buffer.len());
        if want == 0 {
            return Ok(0);
        }
        match self.0.reader.read(&mut buffer[..want]) {
            Ok(0) => {
                self.0.broken = Some(StageError::Truncated);
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Ok(got) => {
                self.0.left -= got as u64;
                Ok(got)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.0.broken = Some(StageError::Read(error));
                Err(kind.into())
            }
        }
    }
}

impl Extensions {
    fn is_empty(&self) -> bool {
        self.long_name.is_none() && self.long_link.is_none() && self.pax.is_none()
    }
}

const SPARSE: &str = "a sparse file";
/// What a member of any other type is called.
pub(crate) const UNKNOWN: &str = "of a type that is not known";

fn kind_of(flag: u8) -> MemberKind {
    match flag {
        // NUL is the old way to say file. 7, a file that wants to lie in one piece on a disk, is known to some readers only.
        0 | b'0' => MemberKind::File,
        b'1' => MemberKind::Hardlink,
        b'2' => MemberKind::Symlink,
        b'3' => MemberKind::Special("a character device"),
        b'4' => MemberKind::Special("a block device"),
        b'5' => MemberKind::Dir,
        b'6' => MemberKind::Special("a named pipe"),
        b'S' => MemberKind::Special(SPARSE),
        _ => MemberKind::Special(UNKNOWN),
    }
}

fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    // One NUL ends the name; a further one stays and is refused with the path.
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
}

fn read_error(error: io::Error) -> StageError {
    if error.kind() == io::ErrorKind::UnexpectedEof { StageError::Truncated } else { StageError::Read(error) }
}
