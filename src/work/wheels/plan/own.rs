//! What requirements ask for beside what an index gives: folders and files of the project, checkouts of repositories, and folders
//! with wheels (`--find-links`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    names::{Sha256, without_login},
    plan::{
        ContextFile, Holdings, Inputs,
        context::{as_they_are, digest_into, hold_into},
        maker::{Maker, PlanError},
    },
    recipe::python_project,
    source::{
        project::SourceError,
        requirements::{self, Line, Local, Texts, What, is_archive, settled},
        variables::Variables,
        wheelhouse::{ANYTHING, Dist},
    },
    util::toml::Issue,
    work::{
        image::plan::context::of_left_out,
        wheels::{Links, Own, OwnFiles},
    },
};

/// Most files of a folder that `--find-links` names.
const MOST: usize = 5_000;

/// A line of a requirements file, for messages.
struct Place<'p> {
    file: &'p Path,
    line: usize,
}

impl Place<'_> {
    fn refuse(&self, path: &str, reason: &'static str) -> SourceError {
        self.wrap(SourceError::Name { path: path.escape_debug().to_string(), reason })
    }

    fn wrap(&self, error: SourceError) -> SourceError {
        SourceError::TakenIn { place: self.to_string(), error: Box::new(error) }
    }

    /// Where pip sees a path from: the project, or the source that the file is in.
    fn root(&self) -> PathBuf {
        self.file.iter().take(1).filter(|first| first.as_encoded_bytes().starts_with(b"@")).collect()
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

impl Maker<'_> {
    /// What the files that ask (`asking`) ask for and no index gives; `texts` as they are `written`, with the values of variables.
    pub(crate) fn own(
        &self,
        (written, texts): (&Texts, &Texts),
        asking: &BTreeSet<PathBuf>,
        (inputs, holdings): (&mut Inputs, &mut Holdings),
        notes: &mut Vec<String>,
    ) -> Result<Vec<Own>, PlanError> {
        let mut found: BTreeMap<String, Own> = BTreeMap::new();
        let mut refused = Vec::new();
        for (file, text) in texts {
            let named = written.get(file).map(|text| requirements::variables(text, &Variables::default()));
            let named: BTreeSet<usize> = named.into_iter().flatten().map(|variable| variable.line).collect();
            for (line, asked) in requirements::numbered(text) {
                let place = Place { file, line };
                match asked {
                    Line::Local(Local { what: What::Git(_), .. }) if named.contains(&line) => {
                        return Err(place.refuse("git+…", VARIABLE).into());
                    }
                    Line::Refused(reason) => {
                        let text = written.get(file).unwrap_or(text);
                        refused.push(refusal(file, text, line, reason));
                    }
                    Line::Local(local) if asking.contains(file) => {
                        let conditional = !local.marker.is_empty();
                        let own = self.one(&place, local, (inputs, holdings), notes)?;
                        let known = found.entry(own.written.clone()).or_insert(own);
                        known.conditional &= conditional;
                    }
                    _ => {}
                }
            }
        }
        if refused.is_empty() { Ok(found.into_values().collect()) } else { Err(PlanError::Files(refused)) }
    }

    fn one(
        &self,
        place: &Place<'_>,
        local: Local,
        (inputs, holdings): (&mut Inputs, &mut Holdings),
        notes: &mut Vec<String>,
    ) -> Result<Own, PlanError> {
        let listing = &self.context.listing;
        let path = match &local.what {
            What::Git(git) => git.path(),
            What::Path(path) => {
                let path = self.context.roots.relative(path);
                settled(&path)
                    .map(|path| place.root().join(path))
                    .ok_or_else(|| place.refuse(&local.written, OUTSIDE))?
            }
        };
        if !self.context.roots.is_there(&path).map_err(|error| place.wrap(error))? {
            return Err(place.refuse(&local.written, ABSENT).into());
        }
        let word = format!("folder {}", path.display());
        let (files, digest) = if self.context.roots.is_file(&path) {
            let sha256 = listing.digest(&path).map_err(|error| place.wrap(error))?;
            inputs.insert(word, sha256.to_string());
            (self.file(place, &local, &path, &sha256)?, sha256)
        } else {
            let found = listing.python(&path).map_err(|error| place.wrap(error))?;
            notes.extend(of_left_out(&path, &found));
            let files = as_they_are(&found);
            if !files.iter().any(|file| ["pyproject.toml", "setup.py"].contains(&file.path.as_str())) {
                return Err(place.refuse(&local.written, NO_PROJECT).into());
            }
            self.back_end(place, &path, &files)?;
            if !local.hashes.is_empty() {
                return Err(place.refuse(&local.written, "only a file has a hash: leave `--hash` away").into());
            }
            digest_into(inputs, &word, &files);
            hold_into(holdings, &word, &files);
            let digest = Sha256::of(&inputs[&word]);
            (OwnFiles::Folder(files), digest)
        };
        Ok(Own {
            place: place.to_string(),
            path,
            name: local.name,
            editable: local.editable,
            conditional: !local.marker.is_empty(),
            options: local.options,
            written: local.written,
            files,
            digest,
        })
    }

    /// Holds what a folder says of its build against what a build needs.
    fn back_end(&self, place: &Place<'_>, path: &Path, files: &[ContextFile]) -> Result<(), PlanError> {
        let has = |name: &str| files.iter().any(|file| file.path == name);
        if !has("pyproject.toml") {
            return Ok(());
        }
        let file = path.join("pyproject.toml");
        let text = self.context.roots.text(&file, python_project::LARGEST).map_err(|error| place.wrap(error))?;
        let (name, file) = (path.display().to_string(), file.display().to_string());
        let has_setup = has("setup.py") || has("setup.cfg");
        let folder = python_project::Folder { name: &name, file: &file, has_setup };
        python_project::check_any(&text, folder).map_err(|issue| PlanError::Files(vec![issue]))
    }

    /// A wheel or a source distribution of the project, whose hash is the one that its line pins.
    fn file(&self, place: &Place<'_>, local: &Local, path: &Path, sha256: &Sha256) -> Result<OwnFiles, SourceError> {
        let pinned: Vec<&str> = local.hashes.iter().filter_map(|hash| hash.strip_prefix("sha256:")).collect();
        if !local.hashes.is_empty() && !pinned.iter().any(|hash| hash.eq_ignore_ascii_case(sha256.as_str())) {
            return Err(
                place.refuse(&local.written, "it does not have the SHA-256 that its line pins (`pip hash FILE`)")
            );
        }
        let real = self.context.roots.file(path).map_err(|error| place.wrap(error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match Dist::new(&name, ANYTHING) {
            Some(Dist::Wheel(file)) => {
                let size = fs_err::metadata(&real)?.len();
                Ok(OwnFiles::Wheel { file, path: real, sha256: sha256.clone(), size })
            }
            Some(Dist::Sdist(_)) => Ok(OwnFiles::Sdist { name, path: real, sha256: sha256.clone() }),
            None if path.extension() == Some("whl".as_ref()) => {
                Err(place.refuse(&local.written, "a wheel's name is `name-version-python-abi-platform.whl` (PEP 427)"))
            }
            None => Err(place.refuse(&local.written, NO_FILE)),
        }
    }

    /// The folders of the project that the options of a set name.
    pub(crate) fn links(&self, texts: &Texts, inputs: &mut Inputs) -> Result<Vec<Links>, SourceError> {
        let mut found: BTreeMap<PathBuf, Links> = BTreeMap::new();
        for (file, text) in texts {
            for (line, asked) in requirements::numbered(text) {
                let (place, Line::Options(options)) = (Place { file, line }, asked) else { continue };
                for option in options.iter().filter(|option| option.name == "--find-links") {
                    let Some(path) = self.linked(&place, &option.value)? else { continue };
                    let number = found.len();
                    let named = (file.clone(), option.value.clone());
                    if let Some(known) = found.get_mut(&path) {
                        known.named.push(named);
                        continue;
                    }
                    let files = self.linked_files(&place, &option.value, &path)?;
                    let word = format!("links {}", path.display());
                    let lines: Vec<String> =
                        files.iter().map(|(name, _, sha256)| format!("{sha256}  {name}\n")).collect();
                    inputs.insert(word, Sha256::of(lines.concat()).to_string());
                    found.insert(path, Links { named: vec![named], number, files });
                }
            }
        }
        Ok(found.into_values().collect())
    }

    /// The path that `--find-links` means: one beside the file, else one of the project; `None` for an address.
    fn linked(&self, place: &Place<'_>, value: &str) -> Result<Option<PathBuf>, SourceError> {
        let lower = value.to_ascii_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return Ok(None);
        }
        let path = if lower.starts_with("file:") { &value["file:".len()..] } else { value };
        let path = self.context.roots.relative(Path::new(path.strip_prefix("//").unwrap_or(path)));
        let beside = settled(&place.file.parent().unwrap_or(Path::new("")).join(&path));
        let below = settled(&path).map(|path| place.root().join(path));
        if beside.is_none() && below.is_none() {
            return Err(place.refuse(value, OUTSIDE));
        }
        for path in [beside, below].into_iter().flatten() {
            if self.context.roots.is_there(&path).map_err(|error| place.wrap(error))? {
                return Ok(Some(path));
            }
        }
        Err(place.refuse(value, ABSENT))
    }

    /// The wheels and source distributions directly in a folder, or the one that a path names.
    fn linked_files(
        &self,
        place: &Place<'_>,
        written: &str,
        path: &Path,
    ) -> Result<Vec<(String, PathBuf, Sha256)>, SourceError> {
        let (roots, listing) = (&self.context.roots, &self.context.listing);
        let paths: Vec<PathBuf> = if self.context.roots.is_file(path) {
            vec![path.to_owned()]
        } else {
            let folder = roots.folder(path).map_err(|error| place.wrap(error))?;
            let entries = folder.entries(Path::new(""))?;
            entries.into_keys().filter(|name| is_archive(&name.to_string_lossy())).map(|name| path.join(name)).collect()
        };
        let mut found = Vec::new();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if Dist::new(&name, ANYTHING).is_none() || !self.context.roots.is_file(&path) {
                continue;
            }
            let real = roots.file(&path).map_err(|error| place.wrap(error))?;
            let sha256 = listing.digest(&path).map_err(|error| place.wrap(error))?;
            found.push((name, real, sha256));
        }
        match found.len() {
            0 => Err(place.refuse(written, "it holds no wheel and no source distribution")),
            1..=MOST => Ok(found),
            _ => Err(place.refuse(written, "it holds more than 5,000 wheels and source distributions")),
        }
    }
}

const OUTSIDE: &str = "it is outside of the project: only what is in it gets into containers";
const VARIABLE: &str =
    "the address of a repository has no variables: git's credential helpers have logins (`git help credentials`)";
const ABSENT: &str =
    "nothing is there: paths are seen from the project's folder, those of `--find-links` from the file, too";
const NO_PROJECT: &str = "it has neither a `pyproject.toml` nor a `setup.py`";
const NO_FILE: &str = "a file here is a wheel (`.whl`) or a source distribution (`name-version.tar.gz`, `.zip`, …)";

/// A line of a requirements file that cannot be read, at its place.
fn refusal(file: &Path, text: &str, line: usize, reason: &'static str) -> Issue {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let length = text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, |line| line.trim_end().len());
    let name = file.display().to_string();
    let message = format!("{name}:{line}: `{}`: {reason}", shown(text, line).trim());
    Issue::new(&(start..start + length), message).label("this line").within(&name, text)
}

/// What is in a line, without what may be secret in an address.
fn shown(text: &str, line: usize) -> String {
    without_login(text.lines().nth(line.saturating_sub(1)).unwrap_or_default())
}
