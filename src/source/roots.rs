//! [`Roots`]: where the paths of a recipe are: in the project, or behind `@<name>/` in the checkout of a source.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use fs_err as fs;

use super::{
    project::{Effort, Found, Kept, SourceError, Take, Within, not_ours},
    variables::Variables,
};
use crate::{
    names::{SourceName, in_source},
    recipe::{Checkout, Checkouts},
    util::{
        digests::Digests,
        folder::{Folder, Links},
        pattern,
    },
};

/// The folders that a recipe's paths are relative to.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    project: PathBuf,
    checkouts: Checkouts,
    /// What of the project is never an input.
    kept: Arc<Vec<Kept>>,
    digests: Arc<Digests>,
    variables: Variables,
    effort: Arc<Effort>,
}

/// A path of a recipe, taken apart: whose it is, and where in that folder. Nothing else opens a file of a project.
struct Place<'r, 'p> {
    source: Option<(&'r SourceName, &'r Checkout)>,
    folder: Folder,
    path: &'p str,
}

impl Place<'_, '_> {
    /// Git ignores nothing of what it has committed.
    fn python(&self) -> Take {
        Take::Python { git: self.source.is_none() }
    }

    /// What an error means for whoever wrote the path.
    fn explain(&self, error: SourceError) -> SourceError {
        let Some((name, checkout)) = self.source else { return error };
        let path = self.path.to_owned();
        match error {
            SourceError::Io(error) if SourceError::leads_out(&error) => {
                SourceError::LeadsOut { source_name: name.clone(), path }
            }
            SourceError::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                SourceError::NotThere { source_name: name.clone(), commit: checkout.commit.clone(), path }
            }
            SourceError::NoMatch { but, meant, .. } => SourceError::NoMatch {
                meant: meant.map(|meant| format!("@{name}/{meant}")),
                pattern: format!("@{name}/{path}"),
                place: format!("source `{name}` at {}", checkout.commit.short()),
                but,
            },
            SourceError::LeftOut { path, file, pattern } => {
                SourceError::LeftOut { path: format!("@{name}/{path}"), file: format!("@{name}/{file}"), pattern }
            }
            error => error,
        }
    }
}

impl Roots {
    /// A project without sources.
    #[must_use]
    pub fn for_project(project: &Path) -> Self {
        Self { project: project.to_owned(), ..Self::default() }
    }

    /// The same where the digests of files may be known already.
    #[must_use]
    pub fn knowing(self, digests: &Arc<Digests>) -> Self {
        Self { digests: Arc::clone(digests), ..self }
    }

    /// The same where this program writes into the project.
    #[must_use]
    pub fn keeping(self, kept: Vec<Kept>) -> Self {
        Self { kept: Arc::new(kept), ..self }
    }

    /// The same for one plan, which walks may not cost more than enough.
    #[must_use]
    pub fn bounded(self) -> Self {
        Self { effort: Arc::new(Effort::bounded()), ..self }
    }

    /// The same with the checkouts of sources.
    #[must_use]
    pub fn having(self, checkouts: Checkouts) -> Self {
        Self { checkouts, ..self }
    }

    /// The same where requirements may name variables.
    #[must_use]
    pub fn reading(self, variables: Variables) -> Self {
        Self { variables, ..self }
    }

    /// What requirements may name as `${NAME}`.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// A path of the project for one that is absolute and lies in it.
    #[must_use]
    pub fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.project).unwrap_or(path).to_owned()
    }

    /// The checkouts of the sources.
    #[must_use]
    pub fn checkouts(&self) -> &Checkouts {
        &self.checkouts
    }

    /// The source that is in the user's word for an input (`python folder @bricks/core`), and its commit.
    #[must_use]
    pub fn origin(&self, word: &str) -> Option<(String, String)> {
        let name = word.split(' ').find_map(in_source)?.0;
        let (name, checkout) = self.checkouts.iter().find(|(known, _)| known.as_str() == name)?;
        Some((name.to_string(), checkout.commit.short().to_owned()))
    }

    /// The files of a folder that a Python package is built of: neither byte code nor, in the project, what `.gitignore` names.
    ///
    /// # Errors
    /// [`SourceError`]; also when nothing of it is taken.
    pub fn python(&self, path: &Path) -> Result<Found, SourceError> {
        let place = self.place(text(path)?)?;
        let found = self.within(&place).whole(place.path, place.python()).map_err(|error| place.explain(error))?;
        if found.files.is_empty() {
            let reason =
                if found.left_out.count > 0 { "git ignores everything in it" } else { "there is no file in it" };
            return Err(SourceError::Name { path: path.display().to_string(), reason });
        }
        Ok(found)
    }

    /// All of a folder.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn whole(&self, path: &Path) -> Result<Found, SourceError> {
        let place = self.place(text(path)?)?;
        self.within(&place).whole(place.path, Take::Everything).map_err(|error| place.explain(error))
    }

    /// What a path or a glob of the recipe names: a file or a link itself, all of a folder, or what is matched and all of the
    /// folders that are. Each file has its path below the pattern's fixed part, so that `etc/**` and `etc` both give `a.conf` for
    /// `etc/a.conf`.
    ///
    /// # Errors
    /// [`SourceError`]; also when a glob matches nothing.
    pub fn matching(&self, pattern: &str) -> Result<Found, SourceError> {
        let place = self.place_of(pattern, &pattern::parts(pattern).0)?;
        self.within(&place).matching(place.path).map_err(|error| place.explain(error))
    }

    fn within<'w>(&'w self, place: &'w Place<'_, '_>) -> Within<'w> {
        let kept = if place.source.is_some() { &[][..] } else { &self.kept };
        Within { root: &place.folder, kept, digests: &self.digests, effort: &self.effort }
    }

    /// Whether a path of the recipe is a file.
    #[must_use]
    pub fn is_file(&self, path: &Path) -> bool {
        text(path).and_then(|path| self.place(path)).is_ok_and(|place| place.folder.is_file(Path::new(place.path)))
    }

    /// Whether anything is at a path of the recipe.
    ///
    /// # Errors
    /// When it leads out of the project or the source that it is in.
    pub fn is_there(&self, path: &Path) -> Result<bool, SourceError> {
        let place = match self.place(text(path)?) {
            Err(SourceError::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            place => place?,
        };
        match place.folder.meta(Path::new(place.path)) {
            Ok(meta) => Ok(meta.is_some()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(place.explain(error.into())),
        }
    }

    /// A file of the recipe, to be read.
    ///
    /// # Errors
    /// When it is not there or no regular file, or leads out of the project or the source that it is in.
    pub fn open(&self, path: &Path) -> Result<fs::File, SourceError> {
        let place = self.place(text(path)?)?;
        place.folder.file(Path::new(place.path)).map_err(|error| place.explain(error.into()))
    }

    /// The text of a file of the recipe, of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Roots::open`]; also when it is larger, or not UTF-8.
    pub fn text(&self, path: &Path, most: u64) -> Result<String, SourceError> {
        let place = self.place(text(path)?)?;
        place.folder.text(Path::new(place.path), most).map_err(|error| place.explain(error.into()))
    }

    /// The bytes of a file of the recipe, at most `most`.
    ///
    /// # Errors
    /// As [`Roots::open`]; also when it is larger.
    pub fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, SourceError> {
        let place = self.place(text(path)?)?;
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("`{}` is not there", path.display()));
        let read = place.folder.read(Path::new(place.path), most);
        read.and_then(|bytes| bytes.ok_or_else(missing)).map_err(|error| place.explain(error.into()))
    }

    /// The folder that a path of the recipe names, where there is one.
    ///
    /// # Errors
    /// As [`Roots::open`].
    pub fn folder(&self, path: &Path) -> Result<Folder, SourceError> {
        let place = self.place(text(path)?)?;
        let found = place.folder.below(Path::new(place.path));
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("`{}` is not there", path.display()));
        found.and_then(|found| found.ok_or_else(missing)).map_err(|error| place.explain(error.into()))
    }

    /// Where a file of the recipe is, free of links: for messages, and for programs that take paths.
    ///
    /// # Errors
    /// As [`Roots::open`].
    pub fn file(&self, path: &Path) -> Result<PathBuf, SourceError> {
        let place = self.place(text(path)?)?;
        place.folder.real(Path::new(place.path)).map_err(|error| place.explain(error.into()))
    }

    fn place<'p>(&self, path: &'p str) -> Result<Place<'_, 'p>, SourceError> {
        self.place_of(path, path)
    }

    /// The place of a pattern whose folders before the first wildcard are `fixed`.
    fn place_of<'p>(&self, path: &'p str, fixed: &str) -> Result<Place<'_, 'p>, SourceError> {
        let Some((name, rest)) = in_source(path) else {
            not_ours(path)?;
            let folder = Folder::open(&self.project, Links::Inside)?;
            self.leads_to_input(&folder, Path::new(fixed))?;
            return Ok(Place { source: None, folder, path });
        };
        let found = self.checkouts.iter().find(|(known, _)| known.as_str() == name);
        let source = found.ok_or_else(|| SourceError::NoSource(name.escape_debug().to_string()))?;
        not_ours(rest)?;
        let folder = Folder::open(&source.1.folder, Links::Inside)?;
        Ok(Place { source: Some(source), folder, path: rest })
    }

    /// Refuses a path that leads through links into what git or this program keeps.
    fn leads_to_input(&self, folder: &Folder, fixed: &Path) -> Result<(), SourceError> {
        for real in [folder.real_itself(fixed), folder.real(fixed)].into_iter().flatten() {
            real.strip_prefix(&self.project).map_or(Ok(()), not_ours)?;
        }
        Ok(())
    }
}

fn text(path: &Path) -> Result<&str, SourceError> {
    path.to_str().ok_or_else(|| SourceError::Name {
        path: path.to_string_lossy().escape_debug().to_string(),
        reason: "its name is not UTF-8",
    })
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
        let roots = Roots::for_project(folder.path()).having(checkouts);
        (folder, roots)
    }

    fn names(found: Result<Found, SourceError>) -> Vec<String> {
        found.unwrap().files.into_iter().map(|file| file.relative).collect()
    }

    #[test]
    fn what_is_committed_counts() {
        let (_folder, roots) = world();
        assert_eq!(names(roots.matching("@bricks/dist")), [".hidden", "a.js", "b.css"]);
        assert_eq!(names(roots.python(Path::new("@bricks/dist"))), [".hidden", "a.js", "b.css"]);
        assert_eq!(names(roots.matching("@bricks/dist/*.js")), ["a.js"]);
        assert_eq!(names(roots.matching("@bricks/**/*.css")), ["dist/b.css"]);
        let all = [".gitignore", "dist/.hidden", "dist/a.js", "dist/b.css", "in.js", "out"];
        assert_eq!(names(roots.whole(Path::new("@bricks"))), all);
        assert_eq!(names(roots.matching("a.txt")), ["a.txt"]);
        for (path, single) in [("@bricks/dist/a.js", true), ("@bricks/in.js", true), ("@bricks/dist", false)] {
            assert_eq!(roots.matching(path).unwrap().is_single, single, "{path}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let (_folder, roots) = world();
        for path in ["@bricks/out/passwd", "@bricks/../../../a.txt"] {
            assert!(matches!(roots.matching(path), Err(SourceError::LeadsOut { .. })), "{path}");
            assert!(matches!(roots.python(Path::new(path)), Err(SourceError::LeadsOut { .. })), "{path}");
            assert!(matches!(roots.file(Path::new(path)), Err(SourceError::LeadsOut { .. })), "{path}");
        }
        assert!(matches!(roots.matching("@bricks/out/*"), Err(SourceError::LeadsOut { .. })));
        assert!(matches!(roots.file(Path::new("@bricks/out")), Err(SourceError::LeadsOut { .. })));
        // A link itself is a file like any other: it is packed, not followed.
        assert_eq!(names(roots.matching("@bricks/out")), ["out"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let (_folder, roots) = world();
        let error = roots.python(Path::new("@bricks/nope")).unwrap_err();
        assert_eq!(error.to_string(), "source `bricks` has no `nope` at 1a2b3c4");
        let error = roots.matching("@bricks/dist/*.py").unwrap_err();
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
