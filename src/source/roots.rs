//! [`Roots`]: where the paths of a recipe are: in the project, or behind `@<name>/` in the checkout of a source.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use fs_err as fs;

use super::project::{self, SourceError, SourceFile, Whose, fixed_part};
use crate::{
    names::{SourceName, in_source},
    recipe::{Checkout, Checkouts},
    util::digests::Digests,
};

/// The folders that a recipe's paths are relative to.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    project: PathBuf,
    checkouts: Checkouts,
    digests: Arc<Digests>,
}

/// A path of a recipe, taken apart.
enum Place<'r, 'p> {
    Project(&'p str),
    Source { name: &'r SourceName, checkout: &'r Checkout, path: &'p str },
}

impl Roots {
    /// A project without sources.
    #[must_use]
    pub fn of(project: &Path) -> Self {
        Self { project: project.to_owned(), ..Self::default() }
    }

    /// A project with its sources.
    #[must_use]
    pub fn with(project: &Path, checkouts: Checkouts) -> Self {
        Self { project: project.to_owned(), checkouts, ..Self::default() }
    }

    /// The same where the digests of files may be known already.
    #[must_use]
    pub fn knowing(self, digests: &Arc<Digests>) -> Self {
        Self { digests: Arc::clone(digests), ..self }
    }

    /// The checkouts of the sources.
    #[must_use]
    pub fn checkouts(&self) -> &Checkouts {
        &self.checkouts
    }

    /// The source that stands in the user's word for an input (`python folder @bricks/core`), and its commit.
    #[must_use]
    pub fn origin(&self, word: &str) -> Option<(String, String)> {
        let name = word.split(' ').find_map(in_source)?.0;
        let (name, checkout) = self.checkouts.iter().find(|(known, _)| known.as_str() == name)?;
        Some((name.to_string(), checkout.commit.short().to_owned()))
    }

    /// Every file that a path of the recipe names: it, or all of its folder.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn files(&self, path: &Path, except: &[PathBuf]) -> Result<Vec<SourceFile>, SourceError> {
        let text = text(path)?;
        match self.place(text)? {
            Place::Project(path) => project::files(&self.project.join(path), except, Whose::Project, &self.digests),
            Place::Source { name, checkout, path } => {
                project::files(&inside(name, checkout, path, false)?, &[], Whose::Checkout, &self.digests)
            }
        }
    }

    /// The files that a path or a glob of the recipe names; each with its path below the pattern's fixed part, so that
    /// `etc/**` and `etc` both give `a.conf` for `etc/a.conf`.
    ///
    /// # Errors
    /// [`SourceError`]; also when a glob matches nothing.
    pub fn matching(&self, pattern: &str, except: &[PathBuf]) -> Result<Vec<SourceFile>, SourceError> {
        match self.place(pattern)? {
            Place::Project(pattern) => project::matching(&self.project, pattern, except, Whose::Project, &self.digests),
            Place::Source { name, checkout, path } => {
                let fixed = fixed_part(path);
                inside(name, checkout, fixed, fixed != path)?;
                project::matching(&checkout.folder, path, &[], Whose::Checkout, &self.digests).map_err(|error| {
                    match error {
                        SourceError::NoMatch { .. } => SourceError::NoMatch {
                            pattern: pattern.to_owned(),
                            place: format!("source `{name}` at {}", checkout.commit.short()),
                        },
                        error => error,
                    }
                })
            }
        }
    }

    /// Whether a path of the recipe is a file.
    #[must_use]
    pub fn is_file(&self, path: &str) -> bool {
        self.file(Path::new(path)).is_ok_and(|path| path.is_file())
    }

    /// Where a file of the recipe is, for whoever reads it.
    ///
    /// # Errors
    /// When it is in a source that is not there, does not have it, or in which it leads out.
    pub fn file(&self, path: &Path) -> Result<PathBuf, SourceError> {
        match self.place(text(path)?)? {
            Place::Project(path) => Ok(self.project.join(path)),
            Place::Source { name, checkout, path } => inside(name, checkout, path, true),
        }
    }

    fn place<'p>(&self, path: &'p str) -> Result<Place<'_, 'p>, SourceError> {
        let Some((name, rest)) = in_source(path) else { return Ok(Place::Project(path)) };
        let found = self.checkouts.iter().find(|(known, _)| known.as_str() == name);
        let (name, checkout) = found.ok_or_else(|| SourceError::NoSource(name.escape_debug().to_string()))?;
        Ok(Place::Source { name, checkout, path: rest })
    }
}

fn text(path: &Path) -> Result<&str, SourceError> {
    path.to_str().ok_or_else(|| SourceError::Name {
        path: path.to_string_lossy().escape_debug().to_string(),
        reason: "its name is not UTF-8",
    })
}

/// Where a path of a checkout is. No link on the way leads out of it, nor does the last component when it is `followed`.
fn inside(name: &SourceName, checkout: &Checkout, path: &str, followed: bool) -> Result<PathBuf, SourceError> {
    let not_there =
        |_| SourceError::NotThere { source_name: name.clone(), commit: checkout.commit.clone(), path: path.to_owned() };
    let clean = project::within(Path::new(path))
        .ok_or_else(|| SourceError::LeadsOut { source_name: name.clone(), path: path.to_owned() })?;
    if clean.as_os_str().is_empty() {
        return Ok(checkout.folder.clone());
    }
    let whole = checkout.folder.join(&clean);
    fs::symlink_metadata(&whole).map_err(not_there)?;
    let asked = if followed { &whole } else { whole.parent().unwrap_or(&checkout.folder) };
    let real = fs::canonicalize(asked).map_err(not_there)?;
    if !real.starts_with(fs::canonicalize(&checkout.folder)?) {
        return Err(SourceError::LeadsOut { source_name: name.clone(), path: path.to_owned() });
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::names::Commit;

    fn world() -> (tempfile::TempDir, Roots) {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join(".factory/sources/bricks-1");
        for (path, text) in [
            ("a.txt", "project"),
            (".gitignore", "*.js\n.factory/\n"),
            (".factoryignore", "dist\n"),
            (".factory/sources/bricks-1/dist/a.js", "a"),
            (".factory/sources/bricks-1/dist/b.css", "b"),
            (".factory/sources/bricks-1/dist/.hidden", ""),
            (".factory/sources/bricks-1/.gitignore", "dist\n"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        symlink("/etc", checkout.join("out")).unwrap();
        symlink("dist/a.js", checkout.join("in.js")).unwrap();
        let commit = Commit::new("1a2b3c4d".repeat(5)).unwrap();
        let name = SourceName::new("bricks").unwrap();
        let checkouts = [(name, Checkout { folder: checkout, commit })].into();
        let roots = Roots::with(folder.path(), checkouts);
        (folder, roots)
    }

    fn names(found: Result<Vec<SourceFile>, SourceError>) -> Vec<String> {
        found.unwrap().into_iter().map(|file| file.relative).collect()
    }

    #[test]
    fn what_is_committed_counts() {
        let (_folder, roots) = world();
        assert_eq!(names(roots.files(Path::new("@bricks/dist"), &[])), ["a.js", "b.css"]);
        assert_eq!(names(roots.matching("@bricks/dist/*.js", &[])), ["a.js"]);
        assert_eq!(names(roots.matching("@bricks/**/*.css", &[])), ["dist/b.css"]);
        assert_eq!(names(roots.files(Path::new("@bricks"), &[])), ["dist/a.js", "dist/b.css", "in.js", "out"]);
        assert_eq!(names(roots.files(Path::new("a.txt"), &[])), ["a.txt"]);
        assert!(roots.is_file("@bricks/dist/a.js") && roots.is_file("@bricks/in.js") && !roots.is_file("@bricks/dist"));
    }

    #[test]
    fn nothing_leads_out() {
        let (_folder, roots) = world();
        for path in ["@bricks/out/passwd", "@bricks/../../../a.txt"] {
            assert!(matches!(roots.files(Path::new(path), &[]), Err(SourceError::LeadsOut { .. })), "{path}");
            assert!(matches!(roots.file(Path::new(path)), Err(SourceError::LeadsOut { .. })), "{path}");
        }
        assert!(matches!(roots.matching("@bricks/out/*", &[]), Err(SourceError::LeadsOut { .. })));
        assert!(matches!(roots.file(Path::new("@bricks/out")), Err(SourceError::LeadsOut { .. })));
        // A link itself is a file like any other: it is packed, not followed.
        assert_eq!(names(roots.files(Path::new("@bricks/out"), &[])), ["out"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let (_folder, roots) = world();
        let error = roots.files(Path::new("@bricks/nope"), &[]).unwrap_err();
        assert_eq!(error.to_string(), "source `bricks` has no `nope` at 1a2b3c4");
        let error = roots.matching("@bricks/dist/*.py", &[]).unwrap_err();
        assert_eq!(error.to_string(), "`@bricks/dist/*.py` matches no file of source `bricks` at 1a2b3c4");
        assert_eq!(roots.file(Path::new("@brick/x")).unwrap_err().to_string(), "`@brick` is no source of this recipe");
    }

    #[test]
    fn origins_of_inputs() {
        let (_folder, roots) = world();
        let origin = Some(("bricks".to_owned(), "1a2b3c4".to_owned()));
        assert_eq!(roots.origin("python folder @bricks/core"), origin);
        assert_eq!(roots.origin("@bricks"), origin);
        assert_eq!(roots.origin("requirements.txt"), None);
        assert_eq!(roots.origin("@other/x"), None);
    }
}
