//! [`Dist`]: a file that an index gives, and whose it is. What it is called is held against what was asked for: a name alone
//! does not say where the version begins (`functools32-3.2.3-2.zip` is version 3.2.3.post2 of functools32).

use std::str::FromStr as _;

use pep440_rs::Version;

use super::{WheelName, normalise};
use crate::names::SdistFile;

/// How well a name (normalised) and a version go with what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Such a name was not asked for.
    Unknown,
    /// The name was asked for, in another version.
    Name,
    /// The name was asked for, and this version will do.
    Version,
}

/// Says what was asked for.
pub type Fits<'f> = &'f dyn Fn(&str, &str) -> Fit;

/// Where nothing is known of what was asked for.
pub const ANYTHING: Fits<'static> = &|_, _| Fit::Unknown;

/// What an index gives of a distribution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dist {
    /// A wheel.
    Wheel(WheelName),
    /// A source distribution.
    Sdist(SdistName),
}

impl Dist {
    /// Checks a file name. `fits` says which of several distributions an older name is of.
    #[must_use]
    pub fn new(name: &str, fits: Fits<'_>) -> Option<Self> {
        match WheelName::new(name) {
            Some(wheel) => Some(Self::Wheel(wheel)),
            None => SdistFile::new(name).ok().map(|file| Self::Sdist(SdistName::new(file, fits))),
        }
    }

    /// The file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Wheel(name) => name.as_str(),
            Self::Sdist(name) => name.file.as_str(),
        }
    }

    /// The distribution's name, normalised (PEP 503).
    #[must_use]
    pub fn distribution(&self) -> String {
        match self {
            Self::Wheel(name) => name.distribution(),
            Self::Sdist(name) => name.distribution.clone(),
        }
    }

    /// The version, as the file name has it.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Wheel(name) => name.version(),
            Self::Sdist(name) => &name.version,
        }
    }
}

/// A source distribution's file name, and what it is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SdistName {
    file: SdistFile,
    distribution: String,
    version: String,
}

impl SdistName {
    /// Of all ways to read the name, the one that was asked for; else the shortest name before a version (PEP 440), else before a
    /// digit, else before the last dash.
    fn new(file: SdistFile, fits: Fits<'_>) -> Self {
        let rank = |(name, version): &(&str, &str)| {
            let is_version = Version::from_str(version).is_ok();
            (fits(&normalise(name), version), is_version, version.starts_with(|c: char| c.is_ascii_digit()))
        };
        let mut best: Option<(&str, &str)> = None;
        for split in file.splits() {
            let (now, before) = (rank(&split), best.as_ref().map(rank));
            if before.is_none_or(|before| now > before || (now == before && now == (Fit::Unknown, false, false))) {
                best = Some(split);
            }
        }
        let (name, version) = best.unwrap_or((file.as_str(), ""));
        let (distribution, version) = (normalise(name), version.to_owned());
        Self { file, distribution, version }
    }

    /// The file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.file.as_str()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use proptest::prelude::*;

    use super::*;
    use crate::source::requirements::{Wanted, same_version};

    fn asked(text: &str) -> Wanted {
        Wanted::from_texts(&BTreeMap::from([(PathBuf::from("r.txt"), text.to_owned())]), "r.txt".as_ref())
    }

    fn read(file: &str, text: &str) -> (String, String) {
        let wanted = asked(text);
        let dist = Dist::new(file, &|name, version| wanted.fit(name, version)).unwrap();
        (dist.distribution(), dist.version().to_owned())
    }

    #[test]
    fn a_file_is_what_was_asked_for() {
        for (file, text, name, version) in [
            ("functools32-3.2.3-2.zip", "functools32==3.2.3.post2", "functools32", "3.2.3-2"),
            ("functools32-3.2.3-2.zip", "", "functools32", "3.2.3-2"),
            ("functools32-3.2.3-2.zip", "functools32-3-2-3==2", "functools32-3-2-3", "2"),
            ("foo-2-1.tar.gz", "foo==1.0\nfoo-2==1", "foo-2", "1"),
            ("foo-2-1.tar.gz", "foo==2.post1\nfoo-2==7", "foo", "2-1"),
            ("foo-2-1.tar.gz", "Foo.2", "foo-2", "1"),
            ("python-dateutil-2.9.0.post0.tar.gz", "", "python-dateutil", "2.9.0.post0"),
            ("python-3parclient-4.2.9.tar.gz", "", "python-3parclient", "4.2.9"),
            ("zope.interface-8.0.1.tar.gz", "", "zope-interface", "8.0.1"),
            ("pytz-2004d.tar.gz", "pytz==2004d", "pytz", "2004d"),
            ("x-1.0-gold.tar.gz", "", "x", "1.0-gold"),
            ("x-1.0-gold.tar.gz", "x==1.0-gold", "x", "1.0-gold"),
            ("x-y-gold.tar.gz", "", "x-y", "gold"),
            ("mercurial-1.0-rc1.tgz", "mercurial==1.0rc1", "mercurial", "1.0-rc1"),
            ("six-1.16.0-py2.py3-none-any.whl", "", "six", "1.16.0"),
        ] {
            assert_eq!(read(file, text), (name.to_owned(), version.to_owned()), "{file} for {text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        /// Whatever its name and however its version is spelled, a file is of the pin that it answers.
        #[test]
        fn a_pin_is_found_in_every_spelling(
            name in "[a-z0-9]([a-z0-9._-]{0,8}[a-z0-9])?",
            release in "[0-9]{1,4}(\\.[0-9]{1,2}){0,3}",
            (pin, written) in prop_oneof![
                Just(("", "")), Just((".post2", "-2")), Just((".post2", ".post2")), Just((".post2", "-r2")),
                Just(("rc1", "-rc1")), Just(("rc1", ".RC.1")), Just(("a3", "-alpha3")), Just((".dev4", "-dev4")),
                Just(("+local.1", "+local.1")), Just(("b0", "-beta")),
            ],
            ending in prop_oneof![Just("tar.gz"), Just("zip"), Just("tar.bz2"), Just("tgz")],
            modern in any::<bool>(),
        ) {
            let spelled = if modern { normalise(&name).replace('-', "_") } else { name.clone() };
            let (distribution, version) =
                read(&format!("{spelled}-{release}{written}.{ending}"), &format!("{name}=={release}{pin}\n"));
            prop_assert_eq!(distribution, normalise(&name));
            prop_assert!(same_version(&version, &format!("{release}{pin}")), "{}", version);
        }
    }
}
