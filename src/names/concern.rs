//! [`Concern`]: what a lint can find, with its id, its severity and what is to be known of it; and [`Allowance`], which allows it.

macro_rules! concerns {
    ($($name:ident = $word:literal, $severity:ident in $topic:ident {
        what: $what:literal, why: $why:literal, mend: $mend:literal $(,)?
    })+) => {
        /// What a lint finds in a package or an image.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Concern {
            $(#[doc = $what] $name,)+
        }

        impl Concern {
            /// Each with its id, the word of recipes.
            pub const WORDS: &[(&'static str, Self)] = &[$(($word, Self::$name)),+];

            /// What it is about.
            #[must_use]
            pub const fn topic(self) -> Topic {
                match self {
                    $(Self::$name => Topic::$topic,)+
                }
            }

            /// What happens where it is found.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)+
                }
            }

            /// Its id, the word of recipes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What is found.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$name => $what,)+
                }
            }

            /// Why that matters, a sentence.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self {
                    $(Self::$name => $why,)+
                }
            }

            /// How it is mended where nothing more is known of it.
            #[must_use]
            pub const fn mend(self) -> &'static str {
                match self {
                    $(Self::$name => $mend,)+
                }
            }
        }
    };
}
concerns! {
    PrivateKey = "private-key", Error in Surprise {
        what: "a private key, or a file that may hold one",
        why: "whoever has the package has the key, and a key that was shipped is to be replaced",
        mend: "leave it out",
    }
    Setuid = "setuid", Error in Surprise {
        what: "a file that runs as its owner",
        why: "everybody who may start it acts as its owner, so a fault in it gives those rights away",
        mend: "take the bit away (`chmod u-s`), or leave it out",
    }
    Setgid = "setgid", Error in Surprise {
        what: "a file that runs as its group",
        why: "everybody who may start it acts as its group, so a fault in it gives those rights away",
        mend: "take the bit away (`chmod g-s`), or leave it out",
    }
    WorldWritable = "world-writable", Error in Surprise {
        what: "a file that everybody may write, or a folder without the sticky bit that `/tmp` has",
        why: "any user of the machine can change what others read or run",
        mend: "take the right away (`chmod o-w`), or leave it out",
    }
    Capabilities = "capabilities", Error in Surprise {
        what: "file capabilities (capabilities(7))",
        why: "a package made of `contents` loses them, and one that is collected brings rights that nobody sees in its mode",
        mend: "set them in `scripts.postinstall`, or leave it out",
    }
    Machine = "machine", Error in Program {
        what: "a program or library for another machine, or a broken one",
        why: "it cannot run where the package is installed",
        mend: "build it for this machine, or leave it out",
    }
    Libc = "libc", Error in Program {
        what: "a program that needs a newer libc, or symbols that a library there does not have",
        why: "the dynamic linker refuses to load it",
        mend: "build it on the platform itself, or on an older one",
    }
    Interpreter = "interpreter", Error in Program {
        what: "a program or script whose interpreter is not there, or that names none",
        why: "the kernel cannot start it",
        mend: "add what has the interpreter to the image's `packages` (and to the package's `depends`)",
    }
    Library = "library", Error in Program {
        what: "a program that needs a library that is not there",
        why: "the dynamic linker refuses to load it",
        mend: "add the OS package that has the library to the image's `packages` (and to the package's `depends`)",
    }
    NotExecutable = "not-executable", Error in Program {
        what: "a program in a folder of programs that nobody may execute",
        why: "a shell says `Permission denied` where it should be started",
        mend: "say `file_info = { mode = 0o755 }` in its entry of `contents`",
    }
    LineEnds = "line-ends", Error in Program {
        what: "a script whose `#!` line ends as those of Windows do (CR LF)",
        why: "the kernel takes the carriage return for a part of the interpreter's name, and finds none",
        mend: "convert the file (`dos2unix FILE`), and keep git from turning it back: `*.sh text eol=lf` in `.gitattributes`",
    }
    BuildPath = "build-path", Error in Program {
        what: "a program whose RUNPATH names a folder of a build: `/build`, `/tmp`, `/home` and the like",
        why: "whoever can write there decides which libraries it loads",
        mend: "link it without `-Wl,-rpath` of that folder, or take it away: `patchelf --remove-rpath FILE`, `chrpath --delete FILE`",
    }
    SearchPath = "search-path", Warning in Program {
        what: "a program whose RUNPATH names a folder that is neither in the package nor in the image",
        why: "libraries that should be there are looked for in vain, or found elsewhere",
        mend: "link it for the folder where its libraries are installed, or take the entry away: `patchelf --remove-rpath FILE`",
    }
    Syntax = "syntax", Error in Program {
        what: "a module of the project that the platform's Python does not compile",
        why: "it fails as soon as it is imported",
        mend: "mend it, or leave it out",
    }
    Start = "start", Error in Start {
        what: "the program that an image starts with is not in it, or cannot be started",
        why: "a container of the image ends at once",
        mend: "name a program that `contents`, `python`, `packages` or the base image brings",
    }
    Workdir = "workdir", Warning in Start {
        what: "a `workdir` that neither the image nor its Dockerfile has",
        why: "the engine makes the folder, empty and without a word, so nothing that is looked for there is found",
        mend: "name the folder that is meant, or make it: `{ type = \"dir\", dst = \"…\" }` in the image's `contents`",
    }
    Unit = "unit", Error in Unit {
        what: "a systemd unit whose text systemd refuses, or passes over in part",
        why: "the unit does not start, or does not do what its lines say",
        mend: "mend the unit: systemd refuses it, or passes over that line",
    }
    UnitUser = "unit-user", Error in Unit {
        what: "a unit whose user or group nobody makes",
        why: "systemd ends it with 217/USER or 216/GROUP before its program starts",
        mend: "declare the user in `[[user]]` and in the package's `users`, or depend on the package that makes it",
    }
    UnitFile = "unit-file", Error in Unit {
        what: "a unit that names a program, file, folder or unit that is not there",
        why: "systemd ends it with 203/EXEC, 200/CHDIR or 226/NAMESPACE, or starts nothing",
        mend: "take it into `contents`, mend the unit, or write `-` before what need not be there",
    }
    UnitRequires = "unit-requires", Error in Unit {
        what: "a unit that requires another one that is not there",
        why: "systemd does not start it: `Unit x.service not found`",
        mend: "name the unit that is meant, ship it, or depend on the package that has it; `Wants=` starts without it, too",
    }
    UnitWants = "unit-wants", Warning in Unit {
        what: "a unit that wants, or is ordered after, another one that is not there",
        why: "systemd passes over that word, so nothing is started and nothing is waited for",
        mend: "name the unit that is meant, ship it, or depend on the package that has it",
    }
    UnitInstall = "unit-install", Error in Unit {
        what: "a unit that is enabled for nothing, or wanted by a target that is not there",
        why: "the unit never starts by itself",
        mend: "add `[Install]` with `WantedBy=`, or leave `enable` out",
    }
    UnitIdle = "unit-idle", Warning in Unit {
        what: "a unit without `[Install]` that no other unit of the package starts",
        why: "nothing starts it, unless somebody does by hand",
        mend: "write `WantedBy=` below `[Install]`, or `enable = false` in its entry",
    }
    DanglingLink = "dangling-link", Warning in File {
        what: "a link that leads to what is neither in the package nor where it is installed",
        why: "whoever follows it finds nothing, unless it is made later",
        mend: "mend the target, ship what it leads to, or depend on the package that has it",
    }
    UnmarkedConfig = "unmarked-config", Warning in File {
        what: "a file below `/etc` that is no configuration to the package manager",
        why: "an upgrade overwrites what an administrator changed in it (Debian policy 10.7)",
        mend: "say `type = \"config\"` in its entry of `contents`",
    }
    Empty = "empty", Error in File {
        what: "a package without files",
        why: "whoever installs it gets nothing",
        mend: "take files into `contents`; one that only needs others has `contents = []` and names them in `depends`",
    }
    Passing = "passing", Warning in File {
        what: "a file or folder below `/run`, `/tmp` and the like",
        why: "the next start of the machine empties those folders",
        mend: "make it when it is needed: `RuntimeDirectory=` of its unit, or a file for tmpfiles.d(5)",
    }
    UsrMerge = "usr-merge", Error in File {
        what: "two files that are one where `/bin` and the like lead into `/usr`",
        why: "one is unpacked over the other, and dpkg loses a file of them later",
        mend: "ship it once, below `/usr`",
    }
    StaleBytecode = "stale-bytecode", Warning in File {
        what: "byte code in `__pycache__` whose source is not in the package, or another one",
        why: "it is passed over, and the module is compiled each time where Python may not write",
        mend: "leave it out (`type = \"exclude\"`), or compile it again",
    }
    OddPlace = "odd-place", Warning in File {
        what: "a file, a folder or a home in a folder that neither the Filesystem Hierarchy Standard nor the image has",
        why: "a slip like `/ect` makes a new folder, and nothing looks there for it",
        mend: "name the folder that is meant",
    }
    FilesGone = "files-gone", Warning in Before {
        what: "files that the last package of this name had, and this one has not",
        why: "an upgrade takes them off every machine, and leaves there what a package manager keeps: configuration, and what enabled a unit",
        mend: "take them into `contents` again, if they were not meant to go",
    }
    PythonVersion = "python-version", Warning in Recipe {
        what: "a Python project that says another version than the release",
        why: "what it says is what pip and the program itself show, so two versions are called one",
        mend: "write the release's version in the project, or choose the tag of its version",
    }
    Section = "section", Warning in Recipe {
        what: "a `section` that Debian does not have",
        why: "archives sort packages by it, and tools that know Debian's list find it nowhere (Debian policy 2.4)",
        mend: "name one of Debian's sections",
    }
    License = "license", Warning in Recipe {
        what: "a word of `license` that SPDX writes otherwise today",
        why: "tools that read licences know the ids of SPDX's list",
        mend: "write the id of today",
    }
    Overwrite = "overwrite", Error in File {
        what: "a file that a package of the distribution owns in the image",
        why: "dpkg refuses to install one package over a file of another",
        mend: "leave it out, and depend on the package that owns it",
    }
}

impl Concern {
    /// Whether the script that looks at an image's virtualenv looks for it. What of the project's own programs is wrong by their files
    /// is known before.
    #[must_use]
    pub const fn is_of_virtualenv(self) -> bool {
        matches!(self, Self::Machine | Self::Libc | Self::Interpreter | Self::Library | Self::Syntax)
    }
}

/// What happens where a lint finds something that the recipe does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing is made.
    Error,
    /// It is said, each time.
    Warning,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
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
    /// Files that are not where or what they should be.
    File,
    /// What is not shipped on purpose.
    Surprise,
    /// What a recipe says of itself, or the projects that it names: allowed in `[project]`.
    Recipe,
    /// What the package was before, which only a machine that made it knows.
    Before,
}

impl Topic {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 7] =
        [Self::Program, Self::Start, Self::Unit, Self::File, Self::Surprise, Self::Before, Self::Recipe];

    /// Whether every machine finds the same of it, so that what is allowed and not found is a mistake.
    #[must_use]
    pub const fn is_same_everywhere(self) -> bool {
        !matches!(self, Self::Before)
    }
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
    /// Where it is in the recipe, in bytes. Nothing depends on it.
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

    #[test]
    fn texts_are_parts_of_sentences() {
        for (word, concern) in Concern::WORDS {
            for text in [concern.what(), concern.why(), concern.mend()] {
                let begins_small = !text.starts_with(|c: char| c.is_ascii_uppercase());
                assert!(!text.is_empty() && begins_small && !text.ends_with('.'), "{word}: {text}");
            }
        }
    }
}
