//! What to type after a [`GitError`], and where in the recipe it belongs.

use super::error::GitError;
use crate::{names::GitUrl, recipe::SourceKey, util::shell};

impl GitError {
    /// The error itself, without the submodules around it.
    fn inner(&self) -> &Self {
        match self {
            Self::Submodule { error, .. } => error.inner(),
            error => error,
        }
    }

    /// Whether the user's words are wrong, as opposed to the world.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(
            self.inner(),
            Self::NoBranch
                | Self::BadReference(_)
                | Self::NoReference { .. }
                | Self::Ambiguous { .. }
                | Self::AmbiguousCommit { .. }
                | Self::NoCommit { .. }
                | Self::NotAllowed { .. }
        )
    }

    /// Which key of the source it is about.
    #[must_use]
    pub fn key(&self) -> SourceKey {
        let of_place = matches!(self.inner(), Self::NotAllowed { .. });
        if self.is_choice() && !of_place { SourceKey::Ref } else { SourceKey::Git }
    }

    /// A few words under the place.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.inner() {
            Self::NoBranch => "which branch?",
            Self::Ambiguous { .. } | Self::AmbiguousCommit { .. } => "which one?",
            Self::BadReference(_) => "not a reference",
            Self::NoReference { .. } | Self::NoCommit { .. } => "not in the repository",
            Self::Unreachable { .. } | Self::Silent => "no answer",
            Self::Certificate { .. } | Self::HostKey | Self::HostKeyChanged | Self::Ownership { .. } => "not trusted",
            Self::Login | Self::Key => "not let in",
            Self::Refused { .. } => "not taken",
            Self::NoRepository { .. } => "not found",
            Self::NotAllowed { .. } => "not allowed",
            _ => "this source",
        }
    }

    /// What to write or to type next; `host` is that of the source's address.
    #[must_use]
    pub fn help(&self, url: &GitUrl) -> String {
        let host = url.host();
        let typed = shell::word(url.as_str());
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, format!("-p {port} ")),
            _ => (host, String::new()),
        };
        match self.inner() {
            Self::NoGit => "install it: `sudo apt-get install git`".to_owned(),
            Self::NoBranch => "name it: `--branch develop` or `FACTORY_BRANCH=develop`; or write `ref = \"…\"` here".to_owned(),
            Self::NoReference { near, .. } if near.is_empty() => "the repository has no branch and no tag".to_owned(),
            Self::NoReference { near, .. } => format!("there are {}", near.join(", ")),
            Self::Ambiguous { reference } => {
                format!("say which: `ref = \"refs/heads/{reference}\"` or `ref = \"refs/tags/{reference}\"`")
            }
            Self::AmbiguousCommit { .. } => "write the whole hash".to_owned(),
            Self::NoCommit { .. } => "was it pushed? `git branch --remotes --contains HASH` in a checkout says where it is".to_owned(),
            Self::Unreachable { .. } | Self::Silent => {
                format!("check the address, the network and the proxy variables: `git ls-remote {typed}`")
            }
            Self::Certificate { .. } => {
                "behind a private CA, or a proxy that inspects TLS, name its certificates: `FACTORY_CA_BUNDLE=/path/to/ca.pem`"
                    .to_owned()
            }
            Self::Login => format!(
                "store one with a credential helper: `git config --global credential.helper store`, then `git ls-remote {typed}` asks once"
            ),
            Self::Key => format!("add a key to the agent that the server knows: `ssh-add`, then `ssh {port}-T git@{name}`"),
            Self::HostKey => format!(
                "compare its fingerprint with what the server's administrator says, then `ssh-keyscan {port}{name} >> ~/.ssh/known_hosts`"
            ),
            Self::HostKeyChanged => format!(
                "ask the server's administrator; if it was changed, `ssh-keygen -R {}`, then `ssh-keyscan {port}{name} >> ~/.ssh/known_hosts`",
                if port.is_empty() { name.to_owned() } else { format!("'[{name}]:{}'", port.trim_start_matches("-p ").trim()) }
            ),
            Self::NoRepository { .. } => format!("is the address right, and may you read it? `git ls-remote {typed}`"),
            Self::NotAllowed { path, .. } => {
                let folder = shell::word(&path.parent().unwrap_or(path).to_string_lossy());
                format!("where you trust the recipe: `FACTORY_LOCAL_GIT={folder}` allows the repositories in that folder")
            }
            Self::Local(error) => error.help(),
            Self::Ownership { folder } => {
                format!("`git config --global --add safe.directory {}`, if you trust it", shell::word(folder))
            }
            Self::Transport { .. } => "only https, ssh and local repositories are used: `git config --get-regexp insteadOf`".to_owned(),
            Self::Unsound { .. } => {
                "if the repository is old and the defect is known, `git config --global fetch.fsck.<id> ignore` lets it pass".to_owned()
            }
            Self::Refused { .. } => "may you push tags there, and is this one protected? A tag that somebody just changed is \
                                     left alone: look, and run the same command"
                .to_owned(),
            Self::Address(bad) => format!("{}; or leave them out: `submodules = false`", bad.help),
            Self::Tree { .. } => "nothing of it is used".to_owned(),
            _ => format!("try it by hand: `git ls-remote {typed}`"),
        }
    }
}
