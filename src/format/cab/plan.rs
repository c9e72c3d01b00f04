//! What goes where: the files of a tree in the order of the cabinet, and the folders that hold them.

use super::{
    CabError, Cabinet,
    layout::{NAME, PLAIN, STRETCH},
    names::{self, Known, LONGEST},
};
use crate::stage::{Entry, Kind, Tree, TreePath};

/// What a cabinet can hold. Tests have smaller ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Files.
    pub files: usize,
    /// Bytes of a folder, and so of a file.
    pub folder: u64,
    /// Bytes of the cabinet.
    pub cabinet: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { files: u16::MAX.into(), folder: STRETCH, cabinet: super::layout::LARGEST }
    }
}

/// A file of the cabinet.
#[derive(Debug, Clone)]
pub(super) struct Member<'t> {
    pub path: &'t TreePath,
    /// `\dir\file`.
    pub name: String,
    /// Where its bytes are: another entry than that of the path for a further name of a file.
    pub entry: &'t Entry,
    pub size: u64,
    /// Where it begins in its folder.
    pub start: u64,
}

/// The files of one folder, one behind the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Stretch<'t> {
    pub members: Vec<Member<'t>>,
    pub size: u64,
}

impl Stretch<'_> {
    /// Its blocks.
    pub(super) fn blocks(&self) -> u64 {
        self.size.div_ceil(PLAIN as u64)
    }

    /// The file that a byte of it is of.
    pub(super) fn path_at(&self, place: u64) -> Option<&TreePath> {
        let behind = self.members.partition_point(|member| member.start <= place);
        self.members.get(behind.saturating_sub(1)).map(|member| member.path)
    }
}

impl Cabinet {
    /// The folders of a tree's cabinet. Files at the top come first, the others in canonical order.
    pub(super) fn plan<'t>(&self, tree: &'t Tree, bounds: Bounds) -> Result<Vec<Stretch<'t>>, CabError> {
        tree.check()?;
        names_folder(&self.folder)?;
        let members = self.members(tree, bounds)?;
        let (top, below): (Vec<_>, Vec<_>) = members.into_iter().partition(|member| member.path.parent().is_none());
        let mut stretches: Vec<Stretch> = Vec::new();
        for member in top.into_iter().chain(below) {
            match stretches.last_mut() {
                Some(last) if last.size + member.size <= bounds.folder => last.add(member),
                _ => {
                    let mut stretch = Stretch::default();
                    stretch.add(member);
                    stretches.push(stretch);
                }
            }
        }
        if stretches.is_empty() { Err(CabError::Empty) } else { Ok(stretches) }
    }

    fn members<'t>(&self, tree: &'t Tree, bounds: Bounds) -> Result<Vec<Member<'t>>, CabError> {
        let mut members = Vec::new();
        let mut known = Known::new();
        let mut entries = tree.iter().peekable();
        while let Some((path, entry)) = entries.next() {
            let kind = |what| CabError::Kind { path: path.clone(), origin: entry.origin.to_string(), what };
            let entry = match &entry.kind {
                Kind::Dir if entries.peek().is_some_and(|(next, _)| next.is_within(path)) => continue,
                Kind::Dir => return Err(kind("an empty folder")),
                Kind::Symlink { .. } => return Err(kind("a symbolic link")),
                Kind::Hardlink { target } => tree.get(target).unwrap_or(entry),
                Kind::File { .. } => entry,
            };
            let Kind::File { size, .. } = entry.kind else { return Err(kind("a link to no file")) };
            let name = self.name(path, entry)?;
            if let Some(first) = known.add(path.as_str(), path) {
                return Err(CabError::Clash { first, second: path.clone() });
            }
            if size > bounds.folder {
                return Err(CabError::LargeFile { path: path.clone(), size, most: bounds.folder });
            }
            if members.len() == bounds.files {
                return Err(CabError::Many { path: path.clone() });
            }
            members.push(Member { path, name, entry, size, start: 0 });
        }
        Ok(members)
    }

    /// `\dir\file`, where Windows takes that, and where it is not too long below the folder that it is unpacked into.
    fn name(&self, path: &TreePath, entry: &Entry) -> Result<String, CabError> {
        let refuse = |reason| CabError::Name { path: path.clone(), origin: entry.origin.to_string(), reason };
        let text = path.as_str();
        if text.contains('\\') {
            return Err(refuse("its name has a backslash"));
        }
        names::below(text).map_err(refuse)?;
        let name = format!("\\{}", text.replace('/', "\\"));
        if names::units(self.folder.trim_end_matches('\\')) + names::units(&name) > LONGEST {
            return Err(refuse(
                "with the folder that it is unpacked into it is longer than the 259 characters that a path has",
            ));
        }
        if name.len() > NAME {
            return Err(refuse("it is longer than the 255 bytes that a name has in a cabinet"));
        }
        Ok(name)
    }
}

impl<'t> Stretch<'t> {
    fn add(&mut self, member: Member<'t>) {
        let start = self.size;
        self.size += member.size;
        self.members.push(Member { start, ..member });
    }
}

/// Whether a text is an absolute folder of Windows: `C:\ProgramData\x`.
fn names_folder(folder: &str) -> Result<(), CabError> {
    let refuse = |reason| CabError::Folder { folder: folder.escape_debug().take(300).collect(), reason };
    let rest = match folder.as_bytes() {
        [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic() => &folder[3..],
        _ => return Err(refuse("it does not begin with a drive, like `C:\\`")),
    };
    let rest = rest.strip_suffix('\\').unwrap_or(rest);
    if rest.is_empty() || rest.contains('/') {
        return Err(refuse("it is a drive's top, or has a `/`"));
    }
    rest.split('\\').try_for_each(names::part).map_err(refuse)
}
