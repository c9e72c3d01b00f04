//! [`WorktreeError`]: why nothing can be said of the project's own checkout, and what mends it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::util::shell;

/// Why nothing can be said of a checkout that is there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorktreeError {
    /// Git is not there.
    #[error("`{}` is a checkout of git, and `git` is not installed", shown(.root))]
    NoGit {
        /// The folder with `.git`.
        root: PathBuf,
    },
    /// Dubious ownership, as git calls it.
    #[error("the checkout `{}` belongs to another user: `{}` is of uid {owner}", shown(.root), shown(.path))]
    Foreign {
        /// The folder with `.git`.
        root: PathBuf,
        /// What belongs to somebody else.
        path: PathBuf,
        /// To whom.
        owner: u32,
    },
    /// A linked worktree or a submodule whose repository was moved.
    ///
    /// What is in the file is not told: whoever made the project chose the file.
    #[error("`{}` says that the repository is elsewhere, and there is none", shown(.file))]
    Gone {
        /// The file `.git`.
        file: PathBuf,
    },
    /// A repository outside of the checkout that does not name it.
    #[error("the checkout `{}` says that `{}` is its repository, which does not know the checkout", shown(.root), shown(.repository))]
    NotOurs {
        /// The folder with `.git`.
        root: PathBuf,
        /// Where it leads to.
        repository: PathBuf,
    },
    /// Something in the repository is not as git writes it.
    #[error("the repository of the checkout cannot be read: `{}` {reason}", shown(.path))]
    Broken {
        /// What is not.
        path: PathBuf,
        /// In words that go on after its name.
        reason: String,
    },
    /// Something in the checkout that cannot be read.
    #[error("`{}` is no regular file: git would wait for it", shown(.path))]
    Special {
        /// What it is.
        path: PathBuf,
    },
    /// A link in a repository that is fetched from.
    #[error("`{}` leads to `{}`, which is no part of a repository that may be read", shown(.path), shown(.target))]
    Outside {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A link in the checkout's own repository.
    #[error("`{}` is a link that leads out of the repository, where another one would be taken for this one", shown(.path))]
    Led {
        /// The link.
        path: PathBuf,
    },
    /// An extension of the repository's format that this program does not know.
    #[error("the repository of `{}` uses `extensions.{name}`, which is not read here", shown(.root))]
    Extension {
        /// The folder with `.git`.
        root: PathBuf,
        /// Its name.
        name: String,
    },
    /// A commit from before or after everything.
    #[error("the checked-out commit is of {seconds} seconds since 1970, not of a time from 1980 to 2106")]
    Time {
        /// The commit's time.
        seconds: String,
    },
    /// Git said nothing for too long.
    #[error("git was stopped: it looked at `{}` for more than five minutes", shown(.root))]
    Silent {
        /// The folder with `.git`.
        root: PathBuf,
    },
    /// Git failed.
    #[error("git cannot say what is checked out in `{}`: {reason}", shown(.root))]
    Failed {
        /// The folder with `.git`.
        root: PathBuf,
        /// Its words.
        reason: String,
    },
    /// A file that cannot be read, or one of ours.
    #[error("the checkout cannot be looked at: {0}")]
    Io(#[from] io::Error),
}

impl WorktreeError {
    /// Git gave a line of another form.
    pub(super) fn odd(root: &Path) -> Self {
        Self::Failed { root: root.to_owned(), reason: "it gave a line of another form".to_owned() }
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::NoGit { .. } => "install it: `sudo apt-get install git`".to_owned(),
            Self::Foreign { root, .. } => {
                format!("where you trust it: `git config --global --add safe.directory {}`", quoted(root))
            }
            Self::Gone { file } => {
                let place = file.parent().unwrap_or(file);
                format!(
                    "put the repository where it was and run `git worktree repair {}` in it, or remove `{}`: outside git, \
                     `SOURCE_DATE_EPOCH` and `--tag` say what a commit would",
                    quoted(place),
                    shown(file)
                )
            }
            Self::NotOurs { root, repository } => {
                let (root, file) = (quoted(root), quoted(&repository.join("config")));
                format!(
                    "where both are yours: `git worktree repair` in {root} if it is a linked worktree that was moved, else \
                     `git config --file {file} core.worktree {root}`"
                )
            }
            Self::Broken { .. } | Self::Failed { .. } => {
                "`git status` and `git fsck` say more, where you trust this checkout; a new `git clone` is whole"
                    .to_owned()
            }
            Self::Led { path } => format!(
                "`ls -l {}` says where; a new `git clone` has no links, `git worktree add` makes a second checkout without them, \
                 and `git clone --reference` borrows objects",
                quoted(path)
            ),
            Self::Special { path } => format!("`ls -l {}` says what it is", quoted(path)),
            Self::Outside { target, .. } => {
                let folder = target.parent().unwrap_or(target);
                format!("where you trust the project: `FACTORY_LOCAL_GIT={}` allows what is below it", quoted(folder))
            }
            Self::Extension { name, .. } if name == "refstorage" => {
                "`git refs migrate --ref-format=files` (git 2.46) keeps its references in files".to_owned()
            }
            Self::Extension { .. } => "a new `git clone` does without it".to_owned(),
            Self::Time { .. } => "name a time: `SOURCE_DATE_EPOCH=$(date +%s)`".to_owned(),
            Self::Silent { .. } => "`git status` says whether it is slow or stuck".to_owned(),
            Self::Io(_) => "let the user who builds read the whole checkout, `.git` included".to_owned(),
        }
    }
}

/// A path in a sentence.
fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    shell::word(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_can_be_pasted() {
        let help = |root: &str| {
            let (root, path) = (PathBuf::from(root), PathBuf::from("/x"));
            WorktreeError::Foreign { root, path, owner: 1000 }.help()
        };
        assert!(help("/srv/a").ends_with("safe.directory /srv/a`"));
        assert!(help("/srv/a b").ends_with("safe.directory '/srv/a b'`"));
        assert!(help("/srv/$(id)'").ends_with("safe.directory '/srv/$(id)'\\'''`"));
    }
}
