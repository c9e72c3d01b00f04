//! The places in a project that this program itself writes: `.factory`, `packages`, `wheels` and `factory.lock`. A clone may bring
//! anything under these names. They are looked at before anything is read or written: a link there would lead a build to files
//! that are none of its business, and a pipe would keep it waiting for ever.

use std::{
    fs::FileType,
    io,
    path::{Path, PathBuf},
};

use crate::{
    platform::Catalogue,
    publish::release,
    source::{lockfile, project::Kept},
    util::{
        folder::{Folder, Links, Refusal},
        shell, state,
    },
};

/// How deep each place is looked into. Checkouts of sources are further down, and have links.
const DEPTHS: [(&str, usize); 3] = [(state::NAME, 3), (PACKAGES, 2), (WHEELS, 2)];

const PACKAGES: &str = "packages";
const WHEELS: &str = "wheels";

/// What of a project is never an input: the places where this program writes. In `packages` others may keep packages of their own
/// kind, which a recipe can name one by one.
pub(super) fn kept(project: &Path, wheel_dir: &Path, catalogue: &Catalogue) -> Vec<Kept> {
    let packages = project.join(PACKAGES);
    let ours = catalogue.iter().map(|platform| packages.join(platform.id.as_str()));
    let closed =
        [wheel_dir.to_owned(), project.join(WHEELS), project.join(lockfile::NAME), packages.join(release::NAME)];
    let kept = closed.into_iter().chain(ours).map(|path| Kept { path, is_shared: false });
    kept.chain([Kept { path: packages.clone(), is_shared: true }]).collect()
}

/// Where this program writes in a project, each place of its own.
pub(super) fn written(project: &Path, kept: &[Kept]) -> Vec<PathBuf> {
    let own = kept.iter().filter(|kept| !kept.is_shared).map(|kept| kept.path.clone());
    // Packages of others may be beside ours; what has git ignore ours is of this program.
    own.chain([project.join(state::NAME), project.join(PACKAGES).join(".gitignore")]).collect()
}

/// Something in a place of ours that this program has not made.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Misplaced {
    message: String,
    help: String,
}

impl Misplaced {
    /// What to type next.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    fn new(project: &Folder, path: &Path, is: FileType, wanted: &'static str) -> Self {
        let shown = project.path().strip_prefix(".").unwrap_or(project.path()).join(path);
        let target = if is.is_symlink() { project.target(path).ok() } else { None };
        let shown_text = shown.to_string_lossy().into_owned();
        let typed = shell::word(&shown_text);
        let message = match &target {
            Some(target) => {
                let refusal = Refusal::Link { path: shown, target: target.clone() };
                refusal.to_string().replace("none is followed here", "what factory keeps is not kept behind one")
            }
            None => Refusal::kind(&shown, is, wanted).to_string(),
        };
        let target = target.map_or_else(String::new, |target| shell::word(&target.to_string_lossy()));
        let help = match path.to_str() {
            Some(WHEELS) if !target.is_empty() => {
                format!("say by yourself where wheels are: `rm {typed}`, then `WHEEL_DIR={target} factory build`")
            }
            Some(PACKAGES) if !target.is_empty() => {
                format!("remove the link: `rm {typed}`; packages are always made in the project, and moved afterwards")
            }
            // `rm` removes no folder, and what is in it may be wanted.
            _ if is.is_dir() => format!(
                "move it away: `mv {typed} {}`; factory makes anew what it needs",
                shell::word(&format!("{shown_text}.old"))
            ),
            _ => format!("remove it: `rm {typed}`; factory makes anew what it needs"),
        };
        Self { message, help }
    }
}

/// Looks at the places of a project; at `wheels` only where it is the wheel cache.
///
/// # Errors
/// [`Misplaced`] for the first thing there that is neither a file nor a folder, as an [`io::Error`]'s own where it cannot be
/// looked at.
pub fn check(project: &Path, wheels: bool) -> Result<(), Misplaced> {
    // Whoever reads the recipe says it better that there is none.
    let Ok(open) = Folder::open(project, Links::Refused) else { return Ok(()) };
    let unreadable = |error: io::Error| Misplaced {
        message: format!("what factory keeps in the project cannot be looked at: {error}"),
        help: "`ls -l` says whose it is".to_owned(),
    };
    let lock = Path::new(lockfile::NAME);
    if let Some(meta) = open.meta_itself(lock).map_err(unreadable)?.filter(|meta| !meta.is_file()) {
        return Err(Misplaced::new(&open, lock, meta.file_type(), "a file"));
    }
    for (name, depth) in DEPTHS.into_iter().filter(|(name, _)| wheels || *name != WHEELS) {
        let path = Path::new(name);
        let Some(meta) = open.meta_itself(path).map_err(unreadable)? else { continue };
        if !meta.is_dir() {
            return Err(Misplaced::new(&open, path, meta.file_type(), "a folder"));
        }
        if let Some((path, is)) = foreign(&open, path, depth).map_err(unreadable)? {
            return Err(Misplaced::new(&open, &path, is, "a file or a folder"));
        }
    }
    Ok(())
}

/// The first thing below a folder that is neither a file nor a folder, so deep.
fn foreign(project: &Folder, path: &Path, depth: usize) -> io::Result<Option<(PathBuf, FileType)>> {
    for (name, is) in project.entries(path)? {
        let path = path.join(name);
        if !is.is_dir() && !is.is_file() {
            return Ok(Some((path, is)));
        }
        let checkouts = path.starts_with(state::place("sources")) && path.components().count() > 2;
        if is.is_dir()
            && depth > 1
            && !checkouts
            && let Some(found) = foreign(project, &path, depth - 1)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn whatever_is_no_file_and_no_folder_is_named() {
        let other = tempfile::tempdir().unwrap();
        let cases = [
            ("factory.lock", true),
            (".factory", true),
            (".factory/lock", true),
            (".factory/logs/run.jsonl", true),
            (".factory/logs/debian-12/core.log", true),
            (".factory/records/debian-12", true),
            (".factory/sources", true),
            (".factory/sources/bricks-1", true),
            ("packages", true),
            ("packages/debian-12/a.deb", true),
            ("packages/release.json", true),
            ("wheels", true),
            ("wheels/store", true),
            // A link in a checkout is a file like any other.
            (".factory/sources/bricks-1/files/link", false),
            ("src/link", false),
        ];
        for (path, refused) in cases {
            let project = tempfile::tempdir().unwrap();
            let place = project.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            symlink(other.path(), &place).unwrap();
            let found = check(project.path(), true).err();
            assert_eq!(found.is_some(), refused, "{path}");
            if let Some(found) = found {
                let expected = format!("`{}` is a symbolic link to `{}`", place.display(), other.path().display());
                assert!(found.to_string().starts_with(&expected), "{found}");
                assert!(found.help().contains(&format!("rm {}", place.display())), "{}", found.help());
            }
            assert_eq!(check(project.path(), false).is_err(), refused && !path.starts_with("wheels"), "{path}");
        }
        assert!(check(Path::new("/nonexistent"), true).is_ok());
    }
}
