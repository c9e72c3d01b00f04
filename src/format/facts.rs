//! [`PackageFormat`]: the package formats, and [`Facts`]: what is known of each without writing or reading one. The recipe, the
//! platforms and everything above ask here, so that a format is its folder and its line in `package_formats`.

use crate::names::{BadRelation, Relation};

/// The formats: a variant and its folder for each. What is made of the list is said by the macro that it is handed to.
macro_rules! package_formats {
    ($then:ident) => {
        $then! {
            /// deb(5).
            Deb = deb,
            /// RPM, header format 4.
            Rpm = rpm,
            /// Alpine's. Images of such a platform are built; its packages are not written yet.
            Apk = apk,
            /// WAPT's packages for its agents on Windows, Linux and macOS.
            Wapt = wapt,
            /// A compressed tar, for those who unpack a release by hand.
            Archive = archive,
            /// Microsoft's cabinets, in which agents on Windows get their modules.
            Cab = cab,
        }
    };
}
pub(super) use package_formats;

macro_rules! enumerate {
    ($($(#[doc = $doc:literal])* $name:ident = $folder:ident,)+) => {
        /// Package formats.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum PackageFormat {
            $($(#[doc = $doc])* $name,)+
        }

        impl PackageFormat {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What is known of it.
            #[must_use]
            pub const fn facts(self) -> &'static Facts {
                match self {
                    $(Self::$name => &super::$folder::facts::FACTS,)+
                }
            }
        }
    };
}
package_formats!(enumerate);

/// What is known of a format.
#[derive(Debug)]
pub struct Facts {
    /// The word for it in recipes and platform files.
    pub word: &'static str,
    /// What a package's `formats` calls it: with a codec where every platform can have it, without one where the platform says how.
    pub asked: &'static [(&'static str, Option<Codec>)],
    /// The extensions of its files, each with its media type (IANA's where it is registered).
    pub files: &'static [(&'static str, &'static str)],
    /// What it is called in a sentence, in the singular: `Debian package`.
    pub title: &'static str,
    /// What a package is made from where that is no recipe, and where packages are listed.
    pub sources: Option<Sources>,
    /// Whether it holds files only: no relations, accounts, units or scripts that anything would heed.
    pub is_bare: bool,
    /// What a platform that takes it says of it; `None` of a format that no platform's package manager takes.
    pub native: Option<Native>,
}

/// Where packages of a format come from, beside the ways of all formats.
#[derive(Debug)]
pub struct Sources {
    /// The name of the file that lists a repository's packages.
    pub index: &'static str,
    /// What the folder that a package is made from has in it.
    pub folder: &'static str,
    /// How such a folder is made, for people.
    pub folder_help: &'static str,
}

/// What a platform says of the format that its package manager takes.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "questions that each format answers")]
pub struct Native {
    /// Whether packages of it are written here.
    pub is_written: bool,
    /// How its payload may be compressed.
    pub codecs: &'static [Codec],
    /// Whether its versions have a place for the platform's suffix.
    pub has_suffix: bool,
    /// Whether it names the platform's suite.
    pub has_suite: bool,
    /// Whether weak and rich relations came late to it, so that a platform says whether it knows them.
    pub grew_relations: bool,
    /// Whether two packages may ship one file that is equal in both.
    pub shares_equal_files: bool,
    /// Whether it has priorities and overrides of lintian's tags.
    pub has_priorities: bool,
    /// Whether what a package replaces is removed when it is installed.
    pub replaces_removes: bool,
    /// Folders of its systemd units, without a slash at their beginning: what is enabled and started at installation is in one of them.
    pub units: &'static [&'static str],
    /// The package managers that install it, in the words of platform files.
    pub managers: &'static [&'static str],
    /// What its tools call a file, of a name, a version with its revision, and an architecture.
    pub file_name: fn(&str, &str, &str) -> String,
    /// A relation in its words; the second value says whether the platform knows rich ones.
    pub say: fn(&Relation, bool) -> Result<String, BadRelation>,
}

/// Compression of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// RFC 1952.
    Gzip,
    /// .xz.
    Xz,
    /// RFC 8878.
    Zstd,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Gzip, Self::Xz, Self::Zstd];

    /// The word for it, in platform files and in rpm's `PAYLOADCOMPRESSOR`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    /// The extension of a file that is compressed so.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Xz => "xz",
            Self::Zstd => "zst",
        }
    }
}

impl PackageFormat {
    /// The word in recipes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.facts().word
    }

    /// Those that a platform's package manager takes.
    pub fn native() -> impl Iterator<Item = (Self, &'static Native)> {
        Self::ALL.iter().filter_map(|format| Some((*format, format.facts().native.as_ref()?)))
    }

    /// What a package's `formats` may name.
    #[must_use]
    pub fn asked() -> Vec<(&'static str, (Self, Option<Codec>))> {
        let all = Self::ALL
            .iter()
            .flat_map(|format| format.facts().asked.iter().map(|(word, codec)| (*format, *word, *codec)));
        all.map(|(format, word, codec)| (word, (format, codec))).collect()
    }

    /// The format whose repositories have an index of this name.
    #[must_use]
    pub fn of_index(name: &str) -> Option<Self> {
        let is_its = |format: &Self| format.facts().sources.as_ref().is_some_and(|sources| sources.index == name);
        Self::ALL.iter().copied().find(is_its)
    }

    /// The format that a file's name promises, and the media type of such a file. A hidden file is none.
    #[must_use]
    pub fn of_file(name: &str) -> Option<(Self, &'static str)> {
        let extension =
            |extension: &str| name.strip_suffix(extension).is_some_and(|stem| stem.len() > 1 && stem.ends_with('.'));
        let all = Self::ALL.iter().flat_map(|format| format.facts().files.iter().map(|file| (*format, file)));
        let mut found = all.filter(|(_, (end, _))| extension(end) && !name.starts_with('.'));
        found.next().map(|(format, (_, media))| (format, *media))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_promises_a_format() {
        let of = |name| PackageFormat::of_file(name).map(|(format, _)| format.as_str());
        assert_eq!(of("shop_1-1_all.deb"), Some("deb"));
        assert_eq!(of("shop-1-1.x86_64.rpm"), Some("rpm"));
        assert_eq!(of("tis-shop_1-1.wapt"), Some("wapt"));
        for other in [".deb", ".x.deb", "deb", "x.debx", "SHA256SUMS", ""] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn words_and_extensions_are_of_one_format() {
        let mut of: std::collections::BTreeMap<&str, PackageFormat> = std::collections::BTreeMap::new();
        for format in PackageFormat::ALL {
            let Facts { word, asked, files, .. } = format.facts();
            let words = asked.iter().map(|(word, _)| *word).chain(files.iter().map(|(end, _)| *end)).chain([*word]);
            for word in words {
                assert_eq!(of.insert(word, *format).unwrap_or(*format), *format, "{word}");
            }
        }
        assert!(of.len() >= PackageFormat::ALL.len());
    }
}
