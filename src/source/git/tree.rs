//! The files of a commit and its submodules, as git lists them; judged before one is written.

use std::collections::BTreeMap;

use super::{command::Git, error::GitError, mirror::Mirror};
use crate::names::{Commit, GitUrl};

/// The largest listing of a tree, and the largest `.gitmodules`, in bytes.
const LARGEST_LISTING: u64 = 128 << 20;
const LARGEST_MODULES: u64 = 1 << 20;

/// What a tree holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// The files.
    pub files: Vec<TreeFile>,
    /// The submodules.
    pub modules: Vec<Module>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path, as bytes: git knows no encoding.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: TreeKind,
    /// The hash of its content.
    pub object: String,
    /// In bytes.
    pub size: u64,
}

/// The kinds of files that a tree may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeKind {
    /// A regular file, which may be a program.
    File {
        /// Whether it is.
        executable: bool,
    },
    /// A symbolic link.
    Symlink,
}

/// A submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its path.
    pub path: Vec<u8>,
    /// The commit that its parent pins.
    pub commit: Commit,
}

/// Lists a commit.
///
/// # Errors
/// [`GitError`]; also for a path that no checkout may write.
pub async fn list(mirror: &Mirror, commit: &Commit, git: &Git<'_>) -> Result<Listing, GitError> {
    let words = ["ls-tree", "-r", "-z", "-l", "--full-tree", commit.as_str()];
    let bytes = git.output(mirror.folder(), &words, LARGEST_LISTING).await?;
    parse(&bytes).map_err(|reason| GitError::Tree { commit: commit.clone(), reason })
}

/// `<mode> <type> <hash> <size>TAB<path>NUL`.
fn parse(bytes: &[u8]) -> Result<Listing, String> {
    let mut listing = Listing::default();
    for entry in bytes.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let shown = || String::from_utf8_lossy(entry).escape_debug().to_string();
        let tab = entry
            .iter()
            .position(|byte| *byte == b'\t')
            .ok_or_else(|| format!("a line without a path: {}", shown()))?;
        let (meta, path) = (String::from_utf8_lossy(&entry[..tab]), entry[tab + 1..].to_vec());
        check_path(&path)?;
        let words: Vec<&str> = meta.split_ascii_whitespace().collect();
        let [mode, _, object, size] = words.as_slice() else {
            return Err(format!("a line of another form: {}", shown()));
        };
        let kind = match *mode {
            "100644" | "100664" => TreeKind::File { executable: false },
            "100755" => TreeKind::File { executable: true },
            "120000" => TreeKind::Symlink,
            "160000" => {
                let commit = Commit::new(*object).map_err(|error| error.to_string())?;
                listing.modules.push(Module { path, commit });
                continue;
            }
            other => return Err(format!("a file of mode {other}: {}", shown())),
        };
        let size = size.parse().map_err(|_| format!("a file without a size: {}", shown()))?;
        listing.files.push(TreeFile { path, kind, object: (*object).to_owned(), size });
    }
    Ok(listing)
}

/// Whether a checkout may write there: below its folder, and never into something that git would take for its own.
fn check_path(path: &[u8]) -> Result<(), String> {
    let bad = |part: &[u8]| {
        let lower = part.to_ascii_lowercase();
        part.is_empty() || part == b"." || part == b".." || lower == b".git" || lower.starts_with(b"git~")
    };
    if path.len() > 4000 || path.split(|byte| *byte == b'/').any(bad) {
        return Err(format!("it holds the path `{}`", String::from_utf8_lossy(path).escape_debug()));
    }
    Ok(())
}

/// The addresses of a commit's submodules, by path.
///
/// # Errors
/// [`GitError`]; also for names and addresses that are not safe.
pub async fn addresses(
    mirror: &Mirror,
    commit: &Commit,
    url: &GitUrl,
    listing: &Listing,
    git: &Git<'_>,
) -> Result<Vec<(Module, GitUrl)>, GitError> {
    if listing.modules.is_empty() {
        return Ok(Vec::new());
    }
    let tree = |reason: String| GitError::Tree { commit: commit.clone(), reason };
    let named = listing.files.iter().find(|file| file.path == b".gitmodules");
    if named.is_none_or(|file| file.kind == TreeKind::Symlink || file.size > LARGEST_MODULES) {
        return Err(tree("it has submodules, and no file `.gitmodules` that says where they are".to_owned()));
    }
    let blob = format!("--blob={commit}:.gitmodules");
    // With `--blob` git follows `include.path` unless it is told not to: to any file of this machine.
    let text =
        git.output(mirror.folder(), &["config", "-z", "--no-includes", &blob, "--list"], LARGEST_MODULES * 2).await?;
    let known = modules(&String::from_utf8_lossy(&text)).map_err(tree)?;
    let mut found = Vec::new();
    for module in &listing.modules {
        let path = String::from_utf8_lossy(&module.path).into_owned();
        let address = known.get(&path).ok_or_else(|| tree(format!("`.gitmodules` does not say where `{path}` is")))?;
        let address = url.submodule(address).map_err(|bad| GitError::Submodule {
            path: path.escape_debug().to_string(),
            error: Box::new(GitError::Address(bad)),
        })?;
        found.push((module.clone(), address));
    }
    Ok(found)
}

/// Path -> address of a `.gitmodules`, which `git config -z` has read: `<key>LF<value>NUL`.
fn modules(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut by_name: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for entry in text.split('\0') {
        let Some((key, value)) = entry.split_once('\n') else { continue };
        let Some((name, key)) = key.strip_prefix("submodule.").and_then(|key| key.rsplit_once('.')) else { continue };
        // CVE-2018-11235: git keeps submodules under their names. This program does not, and such a repository is hostile.
        if name.split(['/', '\\']).any(|part| part == "..") {
            return Err(format!("a submodule is called `{}`", name.escape_debug()));
        }
        let module = by_name.entry(name).or_default();
        match key {
            "path" => module.0 = Some(value),
            "url" => module.1 = Some(value),
            _ => {}
        }
    }
    let whole = by_name.values().filter_map(|(path, url)| Some((path.as_ref()?, url.as_ref()?)));
    Ok(whole.map(|(path, url)| (path.trim_end_matches('/').to_owned(), (*url).to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "1111111111111111111111111111111111111111";

    fn listing(mode: &str, path: &str) -> Result<Listing, String> {
        let kind = if mode == "160000" { "commit" } else { "blob" };
        let size = if mode == "160000" { "-" } else { "12" };
        parse(format!("{mode} {kind} {HASH} {size:>7}\t{path}\0").as_bytes())
    }

    #[test]
    fn listings() {
        let files = listing("100755", "bin/a b").unwrap().files;
        assert_eq!((files[0].kind, files[0].size), (TreeKind::File { executable: true }, 12));
        assert_eq!(listing("160000", "core").unwrap().modules[0].path, b"core");
        for bad in ["../x", "a/../b", "/etc/x", "a//b", ".git/config", "a/.GIT/hooks/x", "git~1/x", "."] {
            assert!(listing("100644", bad).is_err(), "{bad}");
        }
        assert!(listing("040000", "x").is_err());
    }

    #[test]
    fn gitmodules() {
        let text = "submodule.a.b.path\ncore/\0submodule.a.b.url\n../core.git\0submodule.x.path\ny\0core.bare\ntrue\0";
        assert_eq!(modules(text).unwrap(), [("core".to_owned(), "../core.git".to_owned())].into());
        assert!(modules("submodule.../../x.url\ny\0").is_err());
    }
}
