//! Why an update feed cannot be written.

use factory_tuf::{RepositoryError, TufError};

/// Why an update feed cannot be written. What clients see of it is as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// There is none.
    #[error("`{0}` is no update feed: it has no `metadata/1.root.json`")]
    NoFeed(String),
    /// There is one.
    #[error("`{0}` is an update feed already")]
    IsFeed(String),
    /// Somebody else writes.
    #[error("another factory{0} publishes there")]
    Busy(String),
    /// A file of keys.
    #[error("`{file}` is no key of an update feed: {why}")]
    Key {
        /// Which.
        file: String,
        /// Why not.
        why: String,
    },
    /// No keys at all.
    #[error("there is no key in `{0}`: it has no `.pem` file")]
    NoKey(String),
    /// Too few of the right ones.
    #[error("{role} needs {threshold} of the keys that {by} gives it to sign, and {valid} of them are at hand")]
    Keys {
        /// Whose.
        role: &'static str,
        /// The root that says so: `root 3`.
        by: String,
        /// How many there are.
        valid: u64,
        /// How many are needed.
        threshold: u64,
    },
    /// The folder holds something else than the root leads to.
    #[error("the feed is not what its root leads to, and is not signed again")]
    Believed(#[source] TufError),
    /// The folder has another root than the one that was kept leads to.
    #[error("root {0} of the feed is not the one that the kept root leads to")]
    OtherRoot(u64),
    /// What clients begin with is gone.
    #[error(
        "the feed has metadata, but no `metadata/timestamp.json`: clients would take new metadata for older than theirs"
    )]
    NoTimestamp,
    /// Metadata.
    #[error(transparent)]
    Metadata(RepositoryError),
    /// A release of a version that is there.
    #[error("{0} is published already with other bytes, and what is published does not change")]
    Changed(String),
    /// The same release once more, with other words.
    #[error("{0} is published already, and the feed says something else of it")]
    Says(String),
    /// A release that was taken back.
    #[error("{0} was withdrawn, and stays so")]
    Withdrawn(String),
    /// Nothing fits.
    #[error("the feed has no release {0}")]
    NoRelease(String),
    /// What cannot be asked of the keys.
    #[error("{0}")]
    Plan(&'static str),
    /// The system's words.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl From<RepositoryError> for UpdateError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Threshold { role, by, valid, threshold } => Self::Keys { role, by, valid, threshold },
            RepositoryError::Changed(path) => Self::Changed(path.to_string()),
            other => Self::Metadata(other),
        }
    }
}

impl UpdateError {
    /// Whether what is published is at fault, not the disk.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Believed(_) | Self::OtherRoot(_) | Self::Changed(_) | Self::Says(_) | Self::NoTimestamp)
    }

    /// Whether something else has to be typed.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoFeed(_)
                | Self::IsFeed(_)
                | Self::Key { .. }
                | Self::NoKey(_)
                | Self::Keys { .. }
                | Self::NoRelease(_)
                | Self::Withdrawn(_)
                | Self::Plan(_)
        )
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoFeed(_) => "`factory keys update --feed DIR --into KEYS` makes one, with its keys",
            Self::IsFeed(_) => "`--renew` signs its root again for longer; `--replace ROLE` gives a role new keys",
            Self::Busy(_) => "try again when it has ended",
            Self::Key { .. } | Self::NoKey(_) => {
                "`--keys` takes what `factory keys update` wrote: a folder, or one file"
            }
            Self::Keys { .. } => "name the folders or files of all of them: `--keys DIR --keys FILE`",
            Self::Believed(_) => "`factory verify DIR --root FILE` says more; put back what was published last",
            Self::OtherRoot(_) => "name the keys and the root of this feed: `--keys DIR --root FILE`",
            Self::NoTimestamp => "put back what was published last, from wherever the feed was copied to",
            Self::Changed(_) => "give it a higher version",
            Self::Says(_) => "`factory publish --change VERSION` says something else of a release that is there",
            Self::NoRelease(_) => "`factory show DIR` lists what it has",
            Self::Withdrawn(_) => "publish it again under a higher version",
            Self::Metadata(_) | Self::Plan(_) | Self::Io(_) => return None,
        })
    }
}
