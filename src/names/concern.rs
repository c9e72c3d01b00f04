//! [`Concern`]: what a lint can find that a recipe may allow, each with its word there; and [`Allowance`], which does.

macro_rules! concerns {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal in $topic:ident,)+) => {
        /// What a package or an image seldom ships on purpose.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Concern {
            $($(#[doc = $doc])* $name,)+
        }

        impl Concern {
            /// Each with its word in recipes.
            pub const WORDS: &[(&'static str, Self)] = &[$(($word, Self::$name)),+];

            /// What it is about.
            #[must_use]
            pub const fn topic(self) -> Topic {
                match self {
                    $(Self::$name => Topic::$topic,)+
                }
            }

            /// The word for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}
concerns! {
    /// A private key, or a file that may hold one.
    PrivateKey = "private-key" in Surprise,
    /// A program that runs as its owner.
    Setuid = "setuid" in Surprise,
    /// A program that runs as its group.
    Setgid = "setgid" in Surprise,
    /// A file that everybody may write, or a folder without a sticky bit.
    WorldWritable = "world-writable" in Surprise,
    /// File capabilities (capabilities(7)).
    Capabilities = "capabilities" in Surprise,
    /// A program or library for another machine.
    Machine = "machine" in Program,
    /// One that needs a newer libc, or symbols that a library there does not have.
    Libc = "libc" in Program,
    /// A program or script whose interpreter is not there.
    Interpreter = "interpreter" in Program,
    /// One that needs a library that is not there.
    Library = "library" in Program,
    /// A program in a folder of programs that nobody may execute.
    NotExecutable = "not-executable" in Program,
    /// A module of the project that is no Python of the platform.
    Syntax = "syntax" in Program,
    /// The program that an image starts with is not in it: a volume brings it.
    Start = "start" in Start,
    /// A systemd unit whose text systemd refuses or passes over in part.
    Unit = "unit" in Unit,
    /// A unit whose user or group nobody makes.
    UnitUser = "unit-user" in Unit,
    /// A unit that names a program, file or folder that is not there.
    UnitFile = "unit-file" in Unit,
    /// A unit that is enabled for nothing, or wanted by a target that is not there.
    UnitInstall = "unit-install" in Unit,
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
    /// Where it stands in the recipe, in bytes. Nothing depends on it.
    #[serde(skip)]
    pub at: std::ops::Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_recipes_have_one_word() {
        for (word, concern) in Concern::WORDS {
            assert_eq!(serde_json::json!(concern), *word);
        }
    }
}
