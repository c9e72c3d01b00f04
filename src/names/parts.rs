//! Small things that a recipe says and a package carries, checked where the recipe is read.

use super::UserName;

/// A system user with a group of the same name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct User {
    /// Its name.
    pub name: UserName,
    /// Home folder, absolute; not created.
    pub home: String,
    /// Login shell, absolute: `/usr/sbin/nologin`.
    pub shell: String,
    /// GECOS: what it is for; may be empty. No colon, comma or control character.
    pub comment: String,
}

/// Parts of maintainer scripts written by the project: POSIX shell, without the `#!` line.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Scripts {
    /// Before unpacking.
    pub preinstall: String,
    /// After unpacking and configuring.
    pub postinstall: String,
    /// Before removal.
    pub preremove: String,
    /// After removal.
    pub postremove: String,
}

/// A finding of the distro's lint tool that is meant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Override {
    /// The tag with its context, as the tool's override file wants it: `dir-or-file-in-opt *`.
    pub tag: String,
    /// Why, one sentence.
    pub reason: String,
}

/// What a package seldom ships on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concern {
    /// A private key, or a file that may hold one.
    PrivateKey,
    /// A program that runs as its owner.
    Setuid,
    /// A program that runs as its group.
    Setgid,
    /// A file that everybody may write, or a folder without a sticky bit.
    WorldWritable,
    /// File capabilities (capabilities(7)).
    Capabilities,
    /// A program or library for another machine.
    Machine,
    /// One that needs a newer libc, or symbols that a library there does not have.
    Libc,
    /// A program or script whose interpreter is not there.
    Interpreter,
    /// One that needs a library that is not there.
    Library,
    /// A program in a folder of programs that nobody may execute.
    NotExecutable,
    /// A module of the project that is no Python of the platform.
    Syntax,
    /// The program that an image starts with is not in it: a volume brings it.
    Start,
    /// A systemd unit whose text systemd refuses or passes over in part.
    Unit,
    /// A unit whose user or group nobody makes.
    UnitUser,
    /// A unit that names a program, file or folder that is not there.
    UnitFile,
    /// A unit that is enabled for nothing, or wanted by a target that is not there.
    UnitInstall,
}

impl Concern {
    /// Each with its word in recipes.
    pub const WORDS: [(&str, Self); 16] = [
        ("private-key", Self::PrivateKey),
        ("setuid", Self::Setuid),
        ("setgid", Self::Setgid),
        ("world-writable", Self::WorldWritable),
        ("capabilities", Self::Capabilities),
        ("machine", Self::Machine),
        ("libc", Self::Libc),
        ("interpreter", Self::Interpreter),
        ("library", Self::Library),
        ("not-executable", Self::NotExecutable),
        ("syntax", Self::Syntax),
        ("start", Self::Start),
        ("unit", Self::Unit),
        ("unit-user", Self::UnitUser),
        ("unit-file", Self::UnitFile),
        ("unit-install", Self::UnitInstall),
    ];

    /// What it is about.
    #[must_use]
    pub fn topic(self) -> Topic {
        match self {
            Self::PrivateKey | Self::Setuid | Self::Setgid | Self::WorldWritable | Self::Capabilities => {
                Topic::Surprise
            }
            Self::Machine | Self::Libc | Self::Interpreter | Self::Library | Self::NotExecutable | Self::Syntax => {
                Topic::Program
            }
            Self::Start => Topic::Start,
            Self::Unit | Self::UnitUser | Self::UnitFile | Self::UnitInstall => Topic::Unit,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, concern)| *concern == self).map_or("", |(word, _)| word)
    }
}

/// What concerns are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Programs that cannot run where they are installed.
    Program,
    /// The program that an image starts with.
    Start,
    /// systemd units, which only packages ship.
    Unit,
    /// What nobody ships on purpose.
    Surprise,
}

impl Topic {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Program, Self::Start, Self::Unit, Self::Surprise];
}

/// Something that is meant all the same.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Allowance {
    /// What.
    pub check: Concern,
    /// Where: a path or a glob in what is shipped.
    pub path: String,
    /// Why, one sentence.
    pub reason: String,
}
