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
    /// The mirror of an address, made where it is missing. What a killed fetch has left in it is taken away: no other process
    /// is at work here. One that came with the project is none of ours: it is made anew where it has a link, a hook or
    /// alternates, and its configuration is always ours.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn open(store: &Path, url: &GitUrl, commit: Option<&Commit>, git: &Git<'_>) -> Result<Self, GitError> {
        let sha256 = commit.is_some_and(|commit| commit.as_str().len() == 64);
        let kind = if sha256 { " sha256" } else { "" };
        let digest = Sha256::of(format!("{}{kind}", url.without_userinfo()));
        let folder = store.join(format!("{}.git", digest.short()));
        if sweep(&folder, 0) {
            write_whole(&folder.join("config"), configuration(sha256).as_bytes())?;
        } else {
            if fs::symlink_metadata(&folder).is_ok() {
                let shown = folder.display();
                git.events().warn(format!("`{shown}` is no repository that this program made, and is made anew"));
            }
            fs::create_dir_all(store)?;
            let made = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(store)?;
            let format = if sha256 { "--object-format=sha256" } else { "--object-format=sha1" };
            git.output(made.path(), &["init", "--quiet", "--bare", format], 1 << 16).await?;
            write_whole(&made.path().join("config"), configuration(sha256).as_bytes())?;
            // A link goes, and not what it leads to.
            let _ = fs::remove_dir_all(&folder).or_else(|_| fs::remove_file(&folder));
            fs::rename(made.path(), &folder)?;
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
        match self.call(&["--depth=1"], &[&kept], who, git).await {
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
        let whole = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        let cut_off = self.folder.join("shallow").exists();
        self.call(if cut_off { &["--prune", "--unshallow"] } else { &["--prune"] }, &whole, who, git).await
    }

    async fn call(&self, options: &[&str], what: &[&str], who: &str, git: &Git<'_>) -> Result<(), GitError> {
        let address = git.host().local.to_fetch_from(&self.url).await?;
        let said = Mutex::new(Instant::now());
        let line = |line: &str| {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if line.contains("% (") && said.elapsed() > EVERY {
                *said = Instant::now();
                git.events().info(format!("source {who}: {}", line.trim()));
            }
        };
        let fetch = ["fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        git.transfer(&self.folder, &[&fetch, options, &["--", address.as_str()], what].concat(), &line).await
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

/// The whole configuration of a mirror.
fn configuration(sha256: bool) -> String {
    let version = u8::from(sha256);
    let format = if sha256 { "[extensions]\n\tobjectFormat = sha256\n" } else { "" };
    format!("[core]\n\trepositoryFormatVersion = {version}\n\tbare = true\n{format}")
}

/// What is in a mirror of ours.
const OURS: [&str; 7] = ["HEAD", "FETCH_HEAD", "config", "objects", "packed-refs", "refs", "shallow"];
/// How deep its folders go at most: `refs/heads/` and a name with as many parts as it may have.
const DEEPEST: usize = 120;

/// Removes the locks and the half packs of a git that was killed. Says whether the folder is a mirror as this program makes
/// it: files and folders of known names, no link, and no way to objects that are elsewhere.
fn sweep(folder: &Path, deep: usize) -> bool {
    if deep > DEEPEST || !fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_dir()) {
        return false;
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let kind = entry.file_type().ok();
        let is_folder = kind.is_some_and(|kind| kind.is_dir());
        let half =
            name.starts_with("tmp_") || (Path::new(&name).extension().is_some_and(|end| end == "lock") && !is_folder);
        let removed: io::Result<()> = match (half, is_folder) {
            (true, true) => fs::remove_dir_all(&path),
            (true, false) => fs::remove_file(&path),
            (false, true) if !sweep(&path, deep + 1) => return false,
            (false, false) if !kind.is_some_and(|kind| kind.is_file()) => return false,
            (false, _) => {
                names.push(name);
                Ok(())
            }
        };
        // One that stays is git's own next complaint.
        let _ = removed;
    }
    let leads_out = |name: &String| ["alternates", "http-alternates"].contains(&name.as_str()) && is_info(folder);
    match deep {
        0 => names.iter().any(|name| name == "HEAD") && names.iter().all(|name| OURS.contains(&name.as_str())),
        _ => !names.iter().any(leads_out),
    }
}

/// Whether a folder is `objects/info`, and no part of a reference's name.
fn is_info(folder: &Path) -> bool {
    folder.ends_with("objects/info")
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
        assert!(sweep(folder.path(), 0));
        let left = |path: &str| folder.path().join(path).exists();
        assert!(!left("shallow.lock") && !left("refs/factory/a.lock") && !left("objects/pack/tmp_pack_x"));
        assert!(left("objects/pack/a.pack") && left("HEAD"));
    }

    #[test]
    fn what_came_with_a_project_is_no_mirror() {
        let is_ours = |change: &dyn Fn(&Path)| {
            let folder = tempfile::tempdir().unwrap();
            let place = folder.path().join("a.git");
            for path in ["refs/heads/info/alternates", "objects/pack/a.pack", "objects/info/packs", "HEAD", "config"] {
                fs::create_dir_all(place.join(path).parent().unwrap()).unwrap();
                fs::write(place.join(path), "x").unwrap();
            }
            change(&place);
            sweep(&place, 0)
        };
        let link = |name: &'static str| {
            is_ours(&move |place: &Path| {
                let at = if name.is_empty() { place.to_owned() } else { place.join(name) };
                let _ = fs::remove_dir_all(&at).or_else(|_| fs::remove_file(&at));
                std::os::unix::fs::symlink("/etc", at).unwrap();
            })
        };
        assert!(is_ours(&|_| {}));
        for name in ["objects", "refs/heads", "config", "HEAD", "objects/pack/b.pack", ""] {
            assert!(!link(name), "{name}");
        }
        for name in ["commondir", "config.worktree", "objects/info/alternates", "objects/info/http-alternates"] {
            assert!(!is_ours(&|place| fs::write(place.join(name), "x").unwrap()), "{name}");
        }
        assert!(!is_ours(&|place| fs::create_dir(place.join("hooks")).unwrap()));
        assert!(!is_ours(&|place| fs::remove_dir_all(place).unwrap()));
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
