//! [`Verdict`]: what is wrong with a package, or with an index of packages, and what was not looked at.

use serde::Serialize;

use crate::sign::Trust;

/// What a verdict goes by beside the package.
#[derive(Debug, Clone, Default)]
pub struct Believed {
    /// Whose signatures are trusted; asked for only where a format's packages are signed so.
    pub trust: Trust,
    /// The time at which certificates must hold, seconds since 1970 UTC.
    pub now: i64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What.
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self { text, help: None }
    }
}

/// Why a package cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What is said of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verdict {
    /// The name and version of the package, or what an index holds; empty where that cannot be read.
    pub package: String,
    /// Who has signed it; empty where that is not checked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signer: String,
    /// Everything that is wrong: it is refused where there is something.
    pub faults: Vec<Fault>,
    /// What should be said of it, and is no reason to refuse it.
    pub warnings: Vec<String>,
    /// What was not checked, in words for people.
    pub unchecked: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    /// Everything that is wrong, in one line.
    #[must_use]
    pub fn reasons(&self) -> String {
        self.faults.iter().map(|fault| fault.text.as_str()).collect::<Vec<_>>().join("; ")
    }
}
