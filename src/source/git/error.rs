//! [`GitError`]: why a source could not be had. Read from what git and ssh complain of in English
//! (they are run with `LC_ALL=C`).

use std::{io, path::PathBuf};

use super::worktree::WorktreeError;
use crate::{
    names::{BadGitUrl, Commit, RefName},
    util::exec::ExecError,
};

/// Why a source could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The run was stopped.
    #[error("interrupted")]
    Interrupted,
    /// Git is not there.
    #[error("`git` is not installed")]
    NoGit,
    /// The reference needs a branch, and none was named.
    #[error("nothing says which branch this is of")]
    NoBranch,
    /// What the reference became is none.
    #[error("{0}")]
    BadReference(crate::names::InvalidName),
    /// The repository has no such reference.
    #[error("there is no branch or tag `{reference}` in this repository")]
    NoReference {
        /// What was asked for.
        reference: RefName,
        /// Those whose names are near, or the first ones.
        near: Vec<String>,
    },
    /// A branch and a tag have the same name.
    #[error("`{reference}` is a branch and a tag")]
    Ambiguous {
        /// The name.
        reference: RefName,
    },
    /// A short hash that several commits begin with.
    #[error("several commits begin with `{reference}`")]
    AmbiguousCommit {
        /// The short hash.
        reference: RefName,
    },
    /// The repository does not have the commit.
    #[error("there is no commit {commit} in this repository")]
    NoCommit {
        /// Its hash, as asked for.
        commit: String,
    },
    /// The host does not answer.
    #[error("the server cannot be reached: {reason}")]
    Unreachable {
        /// Git's or ssh's words.
        reason: String,
    },
    /// The server's certificate.
    #[error("the server's certificate is not trusted: {reason}")]
    Certificate {
        /// Git's words.
        reason: String,
    },
    /// The server wants to know who asks.
    #[error("the server wants a login, and no credential helper of git has one that it takes")]
    Login,
    /// The server does not take any of our keys.
    #[error("the server takes none of our ssh keys")]
    Key,
    /// The server's key is not known.
    #[error("the server's ssh key is not known here")]
    HostKey,
    /// The server's key has changed.
    #[error("the server's ssh key is not the one that is known here: this may be an attack")]
    HostKeyChanged,
    /// There is no repository.
    #[error("there is no repository there, or none that may be read: {reason}")]
    NoRepository {
        /// Git's words.
        reason: String,
    },
    /// A repository of another user of this machine.
    #[error("the repository belongs to another user, and git does not trust it")]
    Ownership {
        /// Its folder, as git says it.
        folder: String,
    },
    /// A repository of this machine that the user did not allow.
    #[error(
        "`{}` is a repository of this machine{}",
        path.display(),
        if *push { ", and is pushed to only where you say so" } else { " that is not in the project, and is read only where you say so" }
    )]
    NotAllowed {
        /// Where it is.
        path: PathBuf,
        /// Whether it is pushed to.
        push: bool,
    },
    /// A repository of this machine that is not as git writes one.
    #[error("{0}")]
    Local(Box<WorktreeError>),
    /// An `insteadOf` of the user's configuration, or a redirection.
    #[error("git was led to a transport that is not used here: {reason}")]
    Transport {
        /// Git's words.
        reason: String,
    },
    /// A repository whose objects are bad.
    #[error("the repository holds an object that is not sound: {reason}")]
    Unsound {
        /// Git's words.
        reason: String,
    },
    /// A submodule.
    #[error("submodule `{path}`: {error}")]
    Submodule {
        /// Where it is in the source.
        path: String,
        /// What is wrong.
        error: Box<GitError>,
    },
    /// The address of a submodule.
    #[error("{0}")]
    Address(BadGitUrl),
    /// The tree of the commit.
    #[error("the commit {} cannot be checked out: {reason}", commit.short())]
    Tree {
        /// The commit.
        commit: Commit,
        /// Why.
        reason: String,
    },
    /// The server did not take what was pushed.
    #[error("the server refused: {reason}")]
    Refused {
        /// Its words.
        reason: String,
    },
    /// Git said nothing for too long.
    #[error("the server said nothing for too long")]
    Silent,
    /// Git failed in another way.
    #[error("git failed: {reason}")]
    Failed {
        /// Its words.
        reason: String,
    },
    /// A file of ours.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl GitError {
    /// What became of a call, by what git complained of.
    pub(super) fn from_exec(error: ExecError, lines: &[String]) -> Self {
        match error {
            ExecError::Interrupted => Self::Interrupted,
            ExecError::Missing { .. } => Self::NoGit,
            ExecError::Silent { .. } => Self::Silent,
            ExecError::Failed { .. } => read(lines),
            ExecError::TooMuch { limit, .. } => Self::Failed { reason: format!("it gave more than {limit} bytes") },
            ExecError::Io { error, .. } => Self::Io(error),
        }
    }
}

/// The error behind git's complaint. The last lines of it are only advice.
fn read(lines: &[String]) -> GitError {
    let find =
        |parts: &[&str]| lines.iter().find(|line| parts.iter().any(|part| line.contains(part))).map(|line| plain(line));
    let has = |parts: &[&str]| find(parts).is_some();
    if let Some(reason) = refusal(lines) {
        GitError::Refused { reason }
    } else if has(&["REMOTE HOST IDENTIFICATION HAS CHANGED"]) {
        GitError::HostKeyChanged
    } else if has(&["Host key verification failed", "host key is known for"]) {
        GitError::HostKey
    } else if let Some(reason) =
        find(&["SSL certificate", "certificate verif", "SSL routines", "unable to get local issuer"])
    {
        GitError::Certificate { reason }
    } else if has(&[
        "could not read Username",
        "could not read Password",
        "Authentication failed",
        "terminal prompts disabled",
    ]) {
        GitError::Login
    } else if has(&["Permission denied (", "Too many authentication failures"]) {
        GitError::Key
    } else if let Some(line) = find(&["dubious ownership"]) {
        let folder = line.split('\'').nth(1).unwrap_or("*").to_owned();
        GitError::Ownership { folder }
    } else if let Some(reason) = find(&["' not allowed", "is not allowed", "not supported or disabled"]) {
        GitError::Transport { reason }
    } else if let Some(reason) = find(&["fsck error", "bad object", "remote: fatal: loose object"]) {
        GitError::Unsound { reason }
    } else if let Some(reason) = find(&[
        "Could not resolve host",
        "Failed to connect",
        "Couldn't connect",
        "Connection refused",
        "Connection timed out",
        "Connection reset",
        "Connection closed by",
        "No route to host",
        "Network is unreachable",
        "Name or service not known",
        "Operation too slow",
        "Operation timed out",
        "The requested URL returned error: 5",
        "early EOF",
    ]) {
        GitError::Unreachable { reason }
    } else if let Some(reason) = find(&[
        "does not appear to be a git repository",
        "not found",
        "does not exist",
        "The requested URL returned error: 4",
        "not valid: is this a git repository",
    ]) {
        GitError::NoRepository { reason }
    } else {
        let last = lines.iter().rev().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
        GitError::Failed { reason: plain(last.or(lines.last()).map_or("it did not say why", String::as_str)) }
    }
}

/// Why a push was not taken: ` ! [remote rejected] a -> b (pre-receive hook declined)`, after what the server itself says.
fn refusal(lines: &[String]) -> Option<String> {
    let line = lines.iter().find(|line| line.trim_start().starts_with("! ["))?;
    let short = line.rsplit_once('(').map_or(line.as_str(), |(_, reason)| reason.trim_end().trim_end_matches(')'));
    let said = lines.iter().filter_map(|line| line.strip_prefix("remote: ")).map(str::trim);
    let said: Vec<&str> = said.filter(|line| line.contains(char::is_alphanumeric)).take(3).collect();
    let short = plain(short);
    Some(if said.is_empty() { short } else { format!("{short}: {}", plain(&said.join(" "))) })
}

fn plain(line: &str) -> String {
    let line = ["fatal: ", "error: ", "remote: ", "ssh: "]
        .iter()
        .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    line.trim().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_understood() {
        let of = |text: &str| read(&text.lines().map(str::to_owned).collect::<Vec<_>>());
        let rights = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.";
        assert!(matches!(of(&format!("Host key verification failed.\n{rights}")), GitError::HostKey));
        assert!(matches!(of(&format!("git@h: Permission denied (publickey).\n{rights}")), GitError::Key));
        assert!(matches!(
            of("fatal: could not read Username for 'https://h': terminal prompts disabled"),
            GitError::Login
        ));
        let GitError::Unreachable { reason } = of("fatal: unable to access 'https://h/': Could not resolve host: h")
        else {
            panic!("not understood")
        };
        assert_eq!(reason, "unable to access 'https://h/': Could not resolve host: h");
        let declined = " ! [remote rejected] v1 -> v1 (pre-receive hook declined)";
        let GitError::Refused { reason } =
            of(&format!("remote: \nremote: GitLab: protected\n{declined}\nerror: failed"))
        else {
            panic!("not understood")
        };
        assert_eq!(reason, "pre-receive hook declined: GitLab: protected");
        let owned = of("fatal: detected dubious ownership in repository at '/srv/x.git'\nTo add an exception");
        assert!(matches!(owned, GitError::Ownership { folder } if folder == "/srv/x.git"));
        assert!(matches!(of("fatal: transport 'http' not allowed"), GitError::Transport { .. }));
        assert!(
            matches!(of("remote: x\nfatal: something new"), GitError::Failed { reason } if reason == "something new")
        );
    }
}
