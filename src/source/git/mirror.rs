//! [`Mirror`]: one bare repository for each address, in which fetched commits stay: the next one costs only what is new.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use fs_err as fs;

use super::{command::Git, error::GitError};
use crate::{
    names::{Commit, GitUrl, RefName, Sha256},
    util::files::{TEMPORARY, write_whole},
};

/// How often a long transfer says how far it is.
const EVERY: Duration = Duration::from_secs(15);

/// A bare repository.
#[derive(Debug, Clone)]
pub struct Mirror {
    folder: PathBuf,
    url: GitUrl,
}

impl Mirror {
    /// The mirror of an address, made where it is missing. What a killed fetch has left in it is taken away: nobody else
    /// is at work here.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn open(store: &Path, url: &GitUrl, commit: Option<&Commit>, git: &Git<'_>) -> Result<Self, GitError> {
        let sha256 = commit.is_some_and(|commit| commit.as_str().len() == 64);
        let kind = if sha256 { " sha256" } else { "" };
        let digest = Sha256::of(format!("{}{kind}", url.without_userinfo()));
        let folder = store.join(format!("{}.git", digest.short()));
        if folder.join("HEAD").is_file() && is_plain(&folder) {
            sweep(&folder);
            settle(&folder, sha256)?;
        } else {
            fs::create_dir_all(store)?;
            let made = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(store)?;
            let format = if sha256 { "--object-format=sha256" } else { "--object-format=sha1" };
            git.output(made.path(), &["init", "--quiet", "--bare", format], 1 << 16).await?;
            if fs::symlink_metadata(&folder).is_ok() {
                // Out of the way in one step, then away: it may be of any kind.
                let old = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(store)?;
                fs::rename(&folder, old.path().join("old"))?;
            }
            fs::rename(made.path(), &folder)?;
            settle(&folder, sha256)?;
            // It has another name now.
            let _ = made.keep();
        }
        Ok(Self { folder, url: url.clone() })
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it has all of a commit.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn has(&self, commit: &Commit, git: &Git<'_>) -> Result<bool, GitError> {
        self.finds(&kept(commit), git).await.map(|found| found.as_ref() == Some(commit))
    }

    /// The commit that a revision is; `None` where there is none.
    async fn finds(&self, revision: &str, git: &Git<'_>) -> Result<Option<Commit>, GitError> {
        let revision = format!("{revision}^{{commit}}");
        match git
            .output(&self.folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &revision], 1 << 12)
            .await
        {
            Ok(text) => Ok(Commit::new(String::from_utf8_lossy(&text).trim()).ok()),
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Fetches a commit: just that, where the server allows it, else every branch and tag. Gives how many bytes came.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn fetch(&self, commit: &Commit, who: &str, git: &Git<'_>) -> Result<u64, GitError> {
        let before = size(&self.folder);
        let kept = format!("+{commit}:{}", kept(commit));
        let shallow = ["--depth=1", "--", self.url.as_str(), &kept];
        match self.call(&shallow, who, git).await {
            Ok(()) if self.has(commit, git).await? => return Ok(size(&self.folder).saturating_sub(before)),
            Ok(()) => {}
            Err(error) if is_refusal(&error) => {}
            Err(error) => return Err(error),
        }
        self.fetch_all(who, git).await?;
        if self.finds(commit.as_str(), git).await?.as_ref() != Some(commit) {
            return Err(GitError::NoCommit { commit: commit.to_string() });
        }
        self.keep(commit, git).await?;
        Ok(size(&self.folder).saturating_sub(before))
    }

    /// Completes a short hash, with the whole repository.
    ///
    /// # Errors
    /// [`GitError`]: also when there is no such commit, or several.
    pub async fn complete(&self, reference: &RefName, who: &str, git: &Git<'_>) -> Result<Commit, GitError> {
        // A whole history that is here already knows it; one that was cut off does not know what else begins so.
        let whole = !self.folder.join("shallow").exists();
        let mut commits = if whole { self.beginning_with(reference, git).await? } else { Vec::new() };
        if commits.len() != 1 {
            git.events().info(format!("source {who}: fetching {} to find {reference}", self.url));
            self.fetch_all(who, git).await?;
            commits = self.beginning_with(reference, git).await?;
        }
        match commits.as_slice() {
            [] => Err(GitError::NoCommit { commit: reference.to_string() }),
            [commit] => {
                self.keep(commit, git).await?;
                Ok(commit.clone())
            }
            _ => Err(GitError::AmbiguousCommit { reference: reference.clone() }),
        }
    }

    /// The commits here whose hash begins so.
    async fn beginning_with(&self, reference: &RefName, git: &Git<'_>) -> Result<Vec<Commit>, GitError> {
        let option = format!("--disambiguate={reference}");
        let found = git.output(&self.folder, &["rev-parse", &option], 1 << 16).await?;
        let mut commits = Vec::new();
        for hash in String::from_utf8_lossy(&found).lines() {
            // Trees and files have hashes, too.
            let commit = self.finds(hash, git).await?;
            commits.extend(commit.filter(|commit| commit.as_str() == hash));
        }
        Ok(commits)
    }

    async fn keep(&self, commit: &Commit, git: &Git<'_>) -> Result<(), GitError> {
        git.output(&self.folder, &["update-ref", &kept(commit), commit.as_str()], 1 << 12).await.map(drop)
    }

    async fn fetch_all(&self, who: &str, git: &Git<'_>) -> Result<(), GitError> {
        let url = self.url.as_str();
        let whole = ["--prune", "--", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        if self.folder.join("shallow").exists() {
            return self.call(&[&["--unshallow"], &whole[..]].concat(), who, git).await;
        }
        self.call(&whole, who, git).await
    }

    async fn call(&self, words: &[&str], who: &str, git: &Git<'_>) -> Result<(), GitError> {
        let said = Mutex::new(Instant::now());
        let line = |line: &str| {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if line.contains("% (") && said.elapsed() > EVERY {
                *said = Instant::now();
                git.events().info(format!("source {who}: {}", line.trim()));
            }
        };
        let fetch = ["fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        git.fetch(&self.folder, &[&fetch, words].concat(), &line).await
    }
}

/// The reference under which a commit stays: what is complete has one, and git knows by them what it need not fetch.
fn kept(commit: &Commit) -> String {
    format!("refs/factory/{commit}")
}

/// Whether a server does not give single commits, or gives no shallow history: then it is asked for everything.
fn is_refusal(error: &GitError) -> bool {
    let parts = ["not our ref", "unadvertised object", "shallow", "couldn't find remote ref", "no such remote ref"];
    match error {
        GitError::Failed { reason } | GitError::NoRepository { reason } => {
            parts.iter().any(|part| reason.contains(part))
        }
        _ => false,
    }
}

/// Bytes of everything in a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Whether a repository has nothing but files and folders: a link or a pipe in it came from somebody else.
fn is_plain(folder: &Path) -> bool {
    let plain = |entry: fs::DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_file() || (kind.is_dir() && is_plain(&entry.path())))
    };
    fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_dir())
        && fs::read_dir(folder).is_ok_and(|entries| entries.flatten().all(plain))
}

/// Files of a repository by which it could have git run programs, fetch from elsewhere or take other objects for its own.
const FOREIGN: [&str; 8] = [
    "hooks",
    "commondir",
    "config.worktree",
    "info",
    "worktrees",
    "modules",
    "objects/info/alternates",
    "objects/info/http-alternates",
];

/// Gives a mirror the one configuration that it may have: a clone may bring a repository under its name, whose own would name
/// programs that git runs (`core.sshCommand`, `credential.helper`).
fn settle(folder: &Path, sha256: bool) -> io::Result<()> {
    for name in FOREIGN {
        let path = folder.join(name);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(&path)?,
            Ok(_) => fs::remove_file(&path)?,
            Err(_) => {}
        }
    }
    let text = if sha256 { SHA256 } else { SHA1 };
    let config = folder.join("config");
    if fs::read(&config).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(());
    }
    write_whole(&config, text.as_bytes())
}

/// The configuration of a mirror (git-config(1), gitrepository-layout(5)).
const SHA1: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";
const SHA256: &str = "[core]\n\trepositoryformatversion = 1\n\tfilemode = true\n\tbare = true\n[extensions]\n\tobjectformat = \
                      sha256\n";

/// Removes the locks and the half packs of a git that was killed.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let half =
            name.starts_with("tmp_") || (Path::new(&name).extension().is_some_and(|end| end == "lock") && !is_folder);
        let removed: io::Result<()> = match (half, is_folder) {
            (true, true) => fs::remove_dir_all(&path),
            (true, false) => fs::remove_file(&path),
            (false, true) => {
                sweep(&path);
                Ok(())
            }
            (false, false) => Ok(()),
        };
        // One that stays is git's own next complaint.
        let _ = removed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_git_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["shallow.lock", "refs/factory/a.lock", "objects/pack/tmp_pack_x", "objects/pack/a.pack", "HEAD"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        sweep(folder.path());
        let left = |path: &str| folder.path().join(path).exists();
        assert!(!left("shallow.lock") && !left("refs/factory/a.lock") && !left("objects/pack/tmp_pack_x"));
        assert!(left("objects/pack/a.pack") && left("HEAD"));
    }

    #[test]
    fn a_repository_of_a_clone_configures_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["hooks/pre-auto-gc", "commondir", "config", "info/grafts", "objects/info/alternates", "HEAD"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "[core]\n\tsshCommand = touch /tmp/x\n").unwrap();
        }
        assert!(is_plain(folder.path()));
        settle(folder.path(), false).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("config")).unwrap(), SHA1);
        let left = |path: &str| folder.path().join(path).exists();
        assert!(!left("hooks") && !left("commondir") && !left("info") && !left("objects/info/alternates"));
        assert!(left("HEAD") && left("objects"));
        fs::os::unix::fs::symlink("/etc", folder.path().join("objects/pack")).unwrap();
        assert!(!is_plain(folder.path()));
    }

    #[test]
    fn only_a_refusal_asks_for_everything() {
        let failed = |reason: &str| GitError::Failed { reason: reason.to_owned() };
        assert!(is_refusal(&failed("remote error: upload-pack: not our ref 1234")));
        assert!(is_refusal(&failed("Server does not allow request for unadvertised object 1234")));
        assert!(!is_refusal(&failed("unable to write file")));
        assert!(!is_refusal(&GitError::Login));
    }
}
