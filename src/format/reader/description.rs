//! [`Description`]: what a package of any format says of itself and holds. Values are whole; who shows them may shorten.

use serde::{Serialize, Serializer};

use crate::format::PackageFormat;

/// The most relations of a package that are described: in an rpm's header, tags may share bytes, so that its size is no bound.
pub(in crate::format) const MOST_RELATIONS: usize = 200_000;

/// What a package says of itself and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Description {
    /// Its format's word.
    pub format: &'static str,
    /// Its name and version; the file's name where the format has none.
    pub title: String,
    /// Everything that it says of itself, in the package's order; in JSON an object.
    #[serde(serialize_with = "as_object")]
    pub fields: Vec<Field>,
    /// What it needs, gives and bars: one for each relation.
    pub relations: Vec<Relation>,
    /// What runs when it is installed and removed.
    pub scripts: Vec<Script>,
    /// The newest entry of the changelog in its metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What its file is made of.
    pub pieces: Vec<Piece>,
    /// Digests of the file and of its pieces. Those that the package carries itself are those that were said, not what was found.
    pub digests: Vec<Digest>,
    /// What it installs, in canonical order.
    pub files: Vec<Part>,
    /// What is odd in it though its package manager takes it, in words for people.
    pub remarks: Vec<String>,
    /// What was not held against anything, in words for people.
    pub unchecked: Vec<String>,
    /// The names that the file may have, the usual one first; none where there is no rule.
    #[serde(skip)]
    pub file_names: Vec<String>,
}

/// One thing that a package says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field {
    /// Its name in the format's words.
    pub name: String,
    /// Its value, whole: lines end with `\n`.
    pub value: String,
    /// What people are shown instead.
    pub brief: Option<String>,
    /// Whether it is another one whenever the package is made or signed anew: no difference.
    pub made_anew: bool,
}

/// One relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Relation {
    /// `Depends`, `Requires(post)`.
    pub kind: String,
    /// In the format's own words: `libc6 (>= 2.28) | libc6-alt`, `bash >= 4`.
    pub text: String,
}

/// One script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Script {
    /// `postinst`, `%post`, `setup.py`.
    pub name: String,
    /// What runs it; `None` where nothing says so.
    pub interpreter: Option<String>,
    /// All of it.
    pub text: String,
}

/// An entry of a changelog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When, RFC 3339.
    pub time: String,
    /// Who, and often the version.
    pub name: String,
    /// What.
    pub text: String,
}

/// A piece of the package's file: `data.tar.xz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its name, with how it is compressed.
    pub name: String,
    /// Bytes as they are in the file; `None` where nothing says so.
    pub size: Option<u64>,
}

/// A digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// Of what: `file`, `header`, `payload`.
    pub of: &'static str,
    /// `sha256`.
    pub algorithm: &'static str,
    /// Lower-case hex.
    pub value: String,
}

/// What a part of a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// A folder.
    Dir,
    /// A regular file.
    #[default]
    File,
    /// A symbolic link.
    Symlink,
    /// A further name of a file that is in the package.
    Hardlink,
    /// A device, pipe or socket.
    Special,
}

impl PartKind {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dir => "folder",
            Self::File => "file",
            Self::Symlink => "link",
            Self::Hardlink => "hard link",
            Self::Special => "special file",
        }
    }
}

/// One thing that a package installs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Part {
    /// Where: absolute where the format says so.
    pub path: String,
    /// What.
    pub kind: PartKind,
    /// Permission bits, four octal digits; `None` in a format without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Bytes of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When it was changed last, `2026-01-01T12:00:00` of no time zone; only of formats whose times mean that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Of its content, lower-case hex, as it was found; of a format that is not unpacked for that, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What the package itself says of its content, where that is an MD5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// `conffile`, `config`, `ghost`: the format's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<&'static str>,
    /// capabilities(7), as cap_to_text(3) has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<String>,
    /// Whether it is another one whenever the package is made or signed anew: no difference.
    #[serde(skip)]
    pub made_anew: bool,
}

impl Description {
    /// An empty one of a format.
    #[must_use]
    pub fn new(format: PackageFormat) -> Self {
        Self { format: format.as_str(), ..Self::default() }
    }

    /// Adds a field that is not empty.
    pub fn say(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.fields.push(Field { name: name.to_owned(), value, ..Field::default() });
        }
    }
}

fn as_object<S: Serializer>(fields: &[Field], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields.iter().map(|field| (&field.name, &field.value)))
}
