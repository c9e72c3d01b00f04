//! The files that a recipe names: they must be there, inside the project or a source, and of the right kind; the texts of
//! scripts are taken. What is in a source can only be looked at once it is checked out. Writes nothing.

use std::{
    collections::BTreeMap,
    io,
    path::{Component, Path, PathBuf},
};

use fs_err as fs;

use super::{
    content::{Origin, origin},
    raw::{RawContent, RawImage, RawPackage, RawRecipe},
    scalars::{Kind, is_unit},
    wapt::RawWapt,
};
use crate::{
    names::{SourceName, in_source},
    recipe::Checkouts,
    util::{
        files::read_bounded,
        toml::{At, Given, Issue, Issues, Span, in_project, is_glob, nearest, quoted},
    },
};

/// The texts of scripts by their paths, without the `#!` line.
pub(super) type Scripts = BTreeMap<PathBuf, String>;

/// No script is larger: 64 KiB.
const LARGEST_SCRIPT: u64 = 64 * 1024;

/// What a path must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    File,
    Something,
    PythonFolder,
    WaptFolder,
}

/// Checks every path of the recipe, overrides included, and reads the scripts. Without `checkouts`, a path in a source
/// only has to name one.
pub(super) fn check(raw: &RawRecipe, project: &Path, checkouts: Option<&Checkouts>, issues: &mut Issues) -> Scripts {
    let names = raw.source.items().iter().map(|source| source.value.name.value().map(SourceName::as_str));
    let declared = names.collect::<Option<Vec<_>>>().filter(|_| !matches!(raw.source, Given::Wrong(_)));
    let folder = Folders { project: Folder::new(project, None), declared, checkouts };
    if let Some(python) = raw.python.value() {
        for table in python.all() {
            folder.check_given(&table.requirements, issues);
            table.constraints.items().iter().for_each(|path| folder.check(path, Want::File, issues));
        }
    }
    for image in raw.image.items().iter().flat_map(|image| image.value.all()) {
        check_image(&folder, image, issues);
    }
    for wapt in raw.wapt.items().iter().map(|table| &table.value) {
        check_wapt(&folder, wapt, issues);
    }
    let mut scripts = Scripts::new();
    for package in raw.package.items().iter().flat_map(|package| package.value.all()) {
        check_package(&folder, package, &mut scripts, issues);
    }
    scripts
}

fn check_image(folder: &Folders<'_>, image: &RawImage, issues: &mut Issues) {
    folder.check_given(&image.dockerfile, issues);
    folder.check_given(&image.requirements, issues);
    image.python.items().iter().for_each(|path| folder.check(path, Want::PythonFolder, issues));
    image.contents.items().iter().for_each(|entry| folder.check_content(&entry.value, true, issues));
}

fn check_wapt(folder: &Folders<'_>, wapt: &RawWapt, issues: &mut Issues) {
    wapt.dir.at().into_iter().for_each(|path| folder.check(path, Want::WaptFolder, issues));
    for path in [&wapt.setup, &wapt.icon] {
        folder.check_given(path, issues);
    }
    for src in wapt.contents.items().iter().filter_map(|entry| entry.value.src.at()) {
        if src.value.starts_with('/') {
            continue;
        }
        match in_project(&src.value) {
            Ok(path) if is_glob(&path) => {
                folder.check_name(&path, &src.span, issues);
            }
            Ok(path) => {
                let path = At { value: PathBuf::from(path), span: src.span.clone() };
                folder.check(&path, Want::Something, issues);
            }
            Err(_) => {}
        }
    }
}

fn check_package(folder: &Folders<'_>, package: &RawPackage, scripts: &mut Scripts, issues: &mut Issues) {
    folder.check_given(&package.license_file, issues);
    folder.check_given(&package.changelog, issues);
    package.contents.items().iter().for_each(|entry| folder.check_content(&entry.value, false, issues));
    let Some(parts) = package.scripts.value() else {
        return;
    };
    for path in [&parts.preinstall, &parts.postinstall, &parts.preremove, &parts.postremove] {
        if let Some(text) = path.at().and_then(|path| folder.script(path, issues).map(|text| (path, text))) {
            scripts.insert(text.0.value.clone(), text.1);
        }
    }
}

/// The project's folder and those of its sources.
struct Folders<'f> {
    project: Folder<'f>,
    /// The names of the sources; `None` when one of them could not be read: then nothing is called unknown.
    declared: Option<Vec<&'f str>>,
    /// Where they are, once they are there.
    checkouts: Option<&'f Checkouts>,
}

impl Folders<'_> {
    fn check_given(&self, path: &Given<PathBuf>, issues: &mut Issues) {
        if let Some(path) = path.at() {
            self.check(path, Want::File, issues);
        }
    }

    fn check_content(&self, entry: &RawContent, is_image: bool, issues: &mut Issues) {
        let (Some(src), false) = (entry.src.at(), matches!(entry.kind, Given::Wrong(_))) else {
            return;
        };
        let kind = entry.kind.value().copied();
        let in_the_project = match origin(kind, is_image) {
            Origin::Project => true,
            Origin::Either => !src.value.starts_with('/'),
            Origin::Container | Origin::Link | Origin::Nothing => false,
        };
        if let (true, Ok(path)) = (in_the_project, in_project(&src.value)) {
            if is_glob(&path) {
                self.check_name(&path, &src.span, issues);
                return;
            }
            if kind == Some(Kind::Service) && !is_unit(path.rsplit('/').next().unwrap_or_default()) {
                return;
            }
            let want = if kind == Some(Kind::Service) { Want::File } else { Want::Something };
            self.check(&At { value: PathBuf::from(path), span: src.span.clone() }, want, issues);
        }
    }

    fn check(&self, path: &At<PathBuf>, want: Want, issues: &mut Issues) {
        if let Some(Err(issue)) = self.find(path, want, issues) {
            issues.add(issue);
        }
    }

    /// Whether a path names a source that there is, where it names one.
    fn check_name(&self, path: &str, span: &Span, issues: &mut Issues) -> bool {
        let (Some((name, _)), Some(declared)) = (in_source(path), &self.declared) else {
            return true;
        };
        let known = declared.contains(&name);
        if !known && issues.are_wanted() {
            let issue = Issue::unknown(span, "source", name, declared);
            issues.add(if declared.is_empty() {
                issue.help("a path that begins with `@` is in a `[[source]]`, and there is none")
            } else {
                issue
            });
        }
        known
    }

    /// The real path of something in the project or in a source; `None` where that is not known yet.
    fn find(&self, path: &At<PathBuf>, want: Want, issues: &mut Issues) -> Option<Result<PathBuf, Issue>> {
        let text = path.value.to_string_lossy();
        let Some((name, rest)) = in_source(&text) else {
            return Some(self.project.find(path, &path.value, want));
        };
        if !self.check_name(&text, &path.span, issues) {
            return None;
        }
        let checkout = self.checkouts?.iter().find(|(source, _)| source.as_str() == name)?.1;
        let called = format!("source `{name}` at {}", checkout.commit.short());
        let folder = Folder::new(&checkout.folder, Some((name, called)));
        Some(folder.find(path, Path::new(rest), want))
    }

    fn script(&self, path: &At<PathBuf>, issues: &mut Issues) -> Option<String> {
        let shown = quoted(&path.value.to_string_lossy());
        let text = self.find(path, Want::File, issues)?.and_then(|real| {
            let bytes = read_bounded(&real, LARGEST_SCRIPT)
                .map_err(|error| Issue::new(&path.span, format!("cannot read {shown}")).help(error.to_string()))?;
            let bytes = bytes.ok_or_else(|| {
                Issue::new(&path.span, format!("{shown} is larger than 64 KiB"))
                    .label("too large")
                    .help("ship a program in the package and call it from the script")
            })?;
            script_text(&bytes).map_err(|(what, help)| {
                Issue::new(&path.span, format!("{shown} {what}")).label("not a script for a package").help(help)
            })
        });
        text.map_err(|issue| issues.add(issue)).ok()
    }
}

/// A folder that paths are in: the project's, or a source's with its name and what people call it.
struct Folder<'f> {
    given: &'f Path,
    real: PathBuf,
    source: Option<(&'f str, String)>,
}

impl<'f> Folder<'f> {
    fn new(given: &'f Path, source: Option<(&'f str, String)>) -> Self {
        Self { given, real: fs::canonicalize(given).unwrap_or_else(|_| given.to_owned()), source }
    }

    fn called(&self) -> &str {
        self.source.as_ref().map_or("the project", |(_, called)| called)
    }

    /// The real path of what is `relative` to the folder; `path` is what the user wrote.
    fn find(&self, path: &At<PathBuf>, relative: &Path, want: Want) -> Result<PathBuf, Issue> {
        let shown = quoted(&path.value.to_string_lossy());
        let issue = |message: String| Issue::new(&path.span, message);
        let real = fs::canonicalize(self.given.join(relative)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => self.missing(path, relative),
            _ => issue(format!("cannot look at {shown}")).label("not to be reached").help(error.to_string()),
        })?;
        if !real.starts_with(&self.real) {
            let leads = issue(format!("{shown} leads out of {} through a symbolic link", self.called()));
            return Err(leads.label(format!("not in {}", self.called())).help("copy the file into the project"));
        }
        let meta = fs::metadata(&real).map_err(|error| issue(error.to_string()))?;
        match want {
            Want::File if !meta.is_file() => Err(issue(format!("{shown} is not a file")).label("expected a file")),
            Want::Something if !meta.is_file() && !meta.is_dir() => {
                Err(issue(format!("{shown} is neither a file nor a folder")).label("expected a file or a folder"))
            }
            Want::PythonFolder if !meta.is_dir() => {
                Err(issue(format!("{shown} is not a folder")).label("expected a folder"))
            }
            Want::PythonFolder if !["pyproject.toml", "setup.py"].iter().any(|file| real.join(file).is_file()) => {
                let label = "expected a Python project";
                let help = "pip installs folders with a `pyproject.toml` or a `setup.py`";
                Err(issue(format!("{shown} holds no Python project")).label(label).help(help))
            }
            Want::WaptFolder if !real.join("WAPT/control").is_file() => {
                let issue = issue(format!("{shown} is no WAPT package's folder")).label("no `WAPT/control` in it");
                Err(issue.help("`factory init --wapt DIR` makes one; single files are named in `contents`"))
            }
            _ => Ok(real),
        }
    }

    /// What to say of a path where nothing is: the nearest that is there.
    fn missing(&self, path: &At<PathBuf>, relative: &Path) -> Issue {
        let help = self.source.as_ref().map_or_else(
            || RELATIVE.to_owned(),
            |(name, _)| format!("`@{name}/` is the top folder of its repository; `ref` says which state of it"),
        );
        let issue = Issue::new(&path.span, format!("{} does not exist", quoted(&path.value.to_string_lossy())));
        let mut folder = PathBuf::new();
        for part in relative.components() {
            let Component::Normal(name) = part else {
                continue;
            };
            if fs::symlink_metadata(self.given.join(&folder).join(name)).is_ok() {
                folder.push(name);
                continue;
            }
            let there = names_in(&self.given.join(&folder));
            if let Some(near) = nearest(&name.to_string_lossy(), there.iter().map(String::as_str)) {
                let near = folder.join(near);
                let near = match &self.source {
                    Some((name, _)) => Path::new(&format!("@{name}")).join(near),
                    None => near,
                };
                return issue.label(format!("did you mean {}?", quoted(&near.to_string_lossy()))).help(help);
            }
            break;
        }
        issue.label(format!("not in {}", self.called())).help(help)
    }
}
const RELATIVE: &str = "paths are relative to the folder of `factory.toml`";

/// The text of a maintainer script without its `#!` line.
fn script_text(bytes: &[u8]) -> Result<String, (&'static str, &'static str)> {
    let text = std::str::from_utf8(bytes).map_err(|_| ("is not UTF-8 text", "save it with the encoding UTF-8"))?;
    if text.contains('\r') {
        return Err(("has Windows line ends", "save it with Unix line ends: `sed -i 's/\\r$//' FILE`"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(("holds control characters", "use `printf '\\033'` where a script has to print one"));
    }
    let Some(rest) = text.strip_prefix("#!") else {
        return Ok(text.to_owned());
    };
    let (interpreter, body) = rest.split_once('\n').unwrap_or((rest, ""));
    match interpreter.split_ascii_whitespace().next() {
        Some("/bin/sh" | "/usr/bin/sh") => Ok(body.to_owned()),
        _ => Err((
            "is not a script of /bin/sh",
            "parts of maintainer scripts are POSIX shell: the package manager runs them together with its own",
        )),
    }
}

/// Up to a thousand names in a folder.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(1000);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// A path as the user would type it: relative to the current folder where it is below.
pub(super) fn as_typed(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    let path: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_posix_shell() {
        assert_eq!(script_text(b"#!/bin/sh -e\necho hi\n"), Ok("echo hi\n".to_owned()));
        assert_eq!(script_text(b"echo hi\n"), Ok("echo hi\n".to_owned()));
        for bad in [&b"#!/bin/bash\n"[..], b"#!/usr/bin/python3", b"\x00", b"\xff", b"echo\r\n", b"\x1b[31m"] {
            assert!(script_text(bad).is_err(), "{bad:?}");
        }
    }
}
