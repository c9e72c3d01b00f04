//! Which file of an index a package of a module is: the wheel that its interpreter likes best among those whose digests are pinned. Pure.

use crate::{
    names::{Machine, PythonVersion, SdistFile, WheelFile, build_of, normalise, windows_fit},
    source::{index::Offered, requirements::same_version},
    work::module::data::Pin,
};

/// So many names are told.
const TOLD: usize = 6;

/// Why no file of an index will do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoFile {
    /// No index has the version.
    #[error("no index has {name} {version}")]
    NoVersion {
        /// The distribution.
        name: String,
        /// The version.
        version: String,
    },
    /// There is no wheel at all.
    #[error("{name} {version} is there as a source distribution only, and nothing is compiled for Windows here")]
    OnlySource {
        /// The distribution.
        name: String,
        /// The version.
        version: String,
    },
    /// No wheel is for this interpreter.
    #[error("{name} {version} has no wheel for CPython {python} on Windows ({machine}); its wheels are for {tags}")]
    OtherTags {
        /// The distribution.
        name: String,
        /// The version.
        version: String,
        /// The interpreter.
        python: String,
        /// Its machine.
        machine: &'static str,
        /// The tags that there are.
        tags: String,
    },
    /// The wheels that are for it are not pinned.
    #[error("the wheel for Windows, `{file}`, has none of the digests that pin {name} {version}")]
    OtherDigest {
        /// The distribution.
        name: String,
        /// The version.
        version: String,
        /// The best wheel.
        file: String,
    },
}

impl NoFile {
    /// The ways out.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::NoVersion { .. } => "pin a version that there is, or name the index that has it: `--extra-index-url`",
            Self::OnlySource { .. } | Self::OtherTags { .. } => {
                "pin a version that has such a wheel; or make one on Windows (`pip wheel --no-deps`), put it into an index that \
                 `--extra-index-url` names, and pin its digest; or leave the package out there: `; sys_platform != \"win32\"`"
            }
            Self::OtherDigest { .. } => {
                "the requirements were locked for another system: lock them again with `uv pip compile --generate-hashes \
                 --python-platform windows`, which writes the digests of all files"
            }
        }
    }
}

/// The file of a pin among those that indexes have.
pub(super) fn choose<'o>(
    pin: &Pin,
    offered: &'o [Offered],
    python: PythonVersion,
    machine: Machine,
) -> Result<&'o Offered, NoFile> {
    let (name, version) = (pin.name.clone(), pin.version.clone());
    let wheels: Vec<(WheelFile, &Offered)> = offered
        .iter()
        .filter_map(|file| Some((WheelFile::new(&file.name).ok()?, file)))
        .filter(|(file, _)| is_of(file.as_str(), pin))
        .collect();
    if wheels.is_empty() {
        let has_source = offered.iter().any(|file| is_source_of(&file.name, pin));
        return Err(if has_source {
            NoFile::OnlySource { name, version }
        } else {
            NoFile::NoVersion { name, version }
        });
    }
    let fit = |file: &WheelFile| windows_fit(file, (python.major, python.minor), machine);
    let mut fitting: Vec<_> = wheels.iter().filter_map(|(file, it)| Some((fit(file)?, file, *it))).collect();
    // The best first: of two that fit as well, the later build; of one in two indexes, the first.
    fitting.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| build_of(other.1).cmp(&build_of(one.1))));
    let Some((_, best, _)) = fitting.first() else {
        let (python, machine, tags) = (python.short(), machine.as_str(), tags(&wheels));
        return Err(NoFile::OtherTags { name, version, python, machine, tags });
    };
    let is_pinned = |file: &Offered| file.sha256.as_ref().is_some_and(|sha256| pin.hashes.contains(sha256));
    let found = fitting.iter().find(|(_, _, file)| is_pinned(file)).map(|(_, _, file)| *file);
    found.ok_or_else(|| NoFile::OtherDigest { name, version, file: best.as_str().to_owned() })
}

/// Whether a wheel's name is that of a pin.
fn is_of(file: &str, pin: &Pin) -> bool {
    let mut parts = file.split('-');
    let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    normalise(name) == pin.name && same_version(version, &pin.version)
}

/// The same of a source distribution, whose name may have dashes.
fn is_source_of(file: &str, pin: &Pin) -> bool {
    let endings = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"];
    let stem = endings.iter().find_map(|ending| file.strip_suffix(ending));
    let parts = stem.filter(|_| SdistFile::new(file).is_ok()).and_then(|stem| stem.rsplit_once('-'));
    parts.is_some_and(|(name, version)| normalise(name) == pin.name && same_version(version, &pin.version))
}

/// The tags of some wheels, in words.
fn tags(wheels: &[(WheelFile, &Offered)]) -> String {
    let tag = |file: &WheelFile| {
        let parts: Vec<&str> = file.as_str().trim_end_matches(".whl").rsplitn(4, '-').take(3).collect();
        parts.into_iter().rev().collect::<Vec<_>>().join("-")
    };
    let mut tags: Vec<String> = wheels.iter().map(|(file, _)| tag(file)).collect();
    tags.sort();
    tags.dedup();
    let more = tags.len().saturating_sub(TOLD);
    tags.truncate(TOLD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    tags.join(", ") + &more
}
