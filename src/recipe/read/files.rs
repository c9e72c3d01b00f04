//! Where the files of a recipe are: they must be there, inside the project or a source, and of the right kind; the texts of
//! scripts are taken. What is in a source can only be looked at once it is checked out. Writes nothing.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io,
    path::{Component, Path, PathBuf},
};

use ignore::gitignore::GitignoreBuilder;

use super::{
    FILE, back_end,
    content::{Origin, origin},
    scalars::{Kind, is_unit},
    tables::RawContent,
};
use crate::{
    names::in_source,
    recipe::Checkouts,
    util::{
        folder::{Folder as Opened, Links, Refusal},
        pattern::{self, is_glob},
        script::{self, Wrong},
        shell::word,
        state::{OUTPUTS, is_of_git},
        toml::{At, Given, Issue, Issues, Span, inside, nearest, quoted},
    },
};

/// The texts of scripts by their paths, without the `#!` line.
pub(crate) type Scripts = BTreeMap<PathBuf, String>;

/// No script is larger: 64 KiB.
const LARGEST_SCRIPT: u64 = 64 * 1024;

/// What a path must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    File,
    /// A file or a folder.
    Something,
    Folder,
    PythonFolder,
    /// A folder with a certain file.
    FolderWith(Marked),
}

/// The file by which a folder is known, and what is said of one without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) file: &'static str,
    /// Behind its name: `is no package's folder`.
    pub(crate) is_none: &'static str,
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
}

/// The project's folder and those of its sources.
pub(crate) struct Folders<'f> {
    pub(super) project: &'f Path,
    /// The names of the sources; `None` when one of them could not be read: then nothing is called unknown.
    pub(super) declared: Option<Vec<&'f str>>,
    /// Where they are, once they are there.
    pub(super) checkouts: Option<&'f Checkouts>,
}

impl Folders<'_> {
    pub(crate) fn check_given(&self, path: &Given<PathBuf>, issues: &mut Issues) {
        if let Some(path) = path.at() {
            self.check(path, Want::File, issues);
        }
    }

    pub(crate) fn check_content(&self, entry: &RawContent, is_image: bool, issues: &mut Issues) {
        let (Some(src), false) = (entry.src.at(), matches!(entry.kind, Given::Wrong(_))) else {
            return;
        };
        let kind = entry.kind.value().copied();
        let in_the_project = match origin(kind, is_image) {
            Origin::Project => true,
            Origin::Either => !src.value.starts_with('/'),
            Origin::Container | Origin::Link | Origin::Nothing => false,
        };
        if let (true, Ok(path)) = (in_the_project, inside(&src.value)) {
            if is_glob(&path) {
                self.check_glob(&path, &src.span, issues);
                return;
            }
            if kind == Some(Kind::Service) && !is_unit(path.rsplit('/').next().unwrap_or_default()) {
                return;
            }
            let want = if kind == Some(Kind::Service) { Want::File } else { Want::Something };
            let path = PathBuf::from(pattern::plain(&path).as_ref());
            self.check(&At { value: path, span: src.span.clone() }, want, issues);
        }
    }

    pub(crate) fn check(&self, path: &At<PathBuf>, want: Want, issues: &mut Issues) {
        if let Some(Err(issue)) = self.find(path, issues).map(|(folder, rest)| folder.find(path, &rest, want)) {
            issues.add(issue);
        }
    }

    /// The folder that a glob looks into: it may match nothing here, but it may not lead out.
    pub(crate) fn check_glob(&self, pattern: &str, span: &Span, issues: &mut Issues) {
        let whole = At { value: PathBuf::from(pattern), span: span.clone() };
        let Some((folder, rest)) = self.find(&whole, issues) else { return };
        let rest = rest.to_string_lossy();
        let (fixed, _) = pattern::parts(&rest);
        if let Err(error) = folder.open().and_then(|open| open.meta(Path::new(fixed.as_ref())))
            && let Some(Refusal::LeadsOut { .. }) = Refusal::from_error(&error)
        {
            issues.add(folder.leads_out(&whole, &error));
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

    /// The folder that a path is in, the project's or a source's, and where in it; `None` where that is not known yet.
    fn find(&self, path: &At<PathBuf>, issues: &mut Issues) -> Option<(Folder<'_>, PathBuf)> {
        let text = path.value.to_string_lossy();
        let Some((name, rest)) = in_source(&text) else {
            return Some((Folder { given: self.project, source: None }, path.value.clone()));
        };
        if !self.check_name(&text, &path.span, issues) {
            return None;
        }
        let (name, checkout) = self.checkouts?.iter().find(|(source, _)| source.as_str() == name)?;
        let called = format!("source `{name}` at {}", checkout.commit.short());
        Some((Folder { given: &checkout.folder, source: Some((name.as_str(), called)) }, rest.into()))
    }

    pub(crate) fn script(&self, path: &At<PathBuf>, issues: &mut Issues) -> Option<String> {
        let shown = quoted(&path.value.to_string_lossy());
        let (folder, rest) = self.find(path, issues)?;
        let text = folder.find(path, &rest, Want::File).and_then(|open| {
            let bytes = open.read(&rest, LARGEST_SCRIPT).map_err(|error| match Refusal::from_error(&error) {
                Some(Refusal::TooLarge { .. }) => Issue::new(&path.span, format!("{shown} is larger than 64 KiB"))
                    .label("too large")
                    .help("ship a program in the package and call it from the script"),
                _ => Issue::new(&path.span, format!("cannot read {shown}")).help(error.to_string()),
            })?;
            let bytes = bytes.unwrap_or_default();
            let text = script_text(&bytes).map_err(|(what, help)| {
                Issue::new(&path.span, format!("{shown} {what}")).label("not a script for a package").help(help)
            })?;
            script::check(&String::from_utf8_lossy(&bytes)).map_err(|wrong| unread(path, &wrong))?;
            Ok(text)
        });
        text.map_err(|issue| issues.add(issue)).ok()
    }
}

/// A folder that paths are in: the project's, or a source's with its name and what people call it.
struct Folder<'f> {
    given: &'f Path,
    source: Option<(&'f str, String)>,
}

impl Folder<'_> {
    fn called(&self) -> &str {
        self.source.as_ref().map_or("the project", |(_, called)| called)
    }

    fn open(&self) -> io::Result<Opened> {
        Opened::open(self.given, Links::Inside)
    }

    fn leads_out(&self, path: &At<PathBuf>, error: &io::Error) -> Issue {
        let shown = quoted(&path.value.to_string_lossy());
        let issue = Issue::new(&path.span, format!("{shown} leads out of {} through a symbolic link", self.called()));
        let issue = issue.label(format!("not in {}", self.called()));
        let link = match Refusal::from_error(error) {
            Some(Refusal::LeadsOut { path, target: Some(target), .. }) => path
                .strip_prefix(self.given)
                .ok()
                .map(|link| format!("; `{}` is a link to {}", link.display(), quoted(&target.to_string_lossy()))),
            _ => None,
        };
        issue.help(format!("copy the file into the project{}", link.unwrap_or_default()))
    }

    /// What is `relative` to the folder and of the wanted kind; gives the folder. `path` is what the user wrote.
    fn find(&self, path: &At<PathBuf>, relative: &Path, want: Want) -> Result<Opened, Issue> {
        let shown = quoted(&path.value.to_string_lossy());
        let issue = |message: String| Issue::new(&path.span, message);
        let fail = |error: io::Error| match (error.kind(), Refusal::from_error(&error)) {
            (_, Some(Refusal::LeadsOut { .. })) => self.leads_out(path, &error),
            (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, _) => self.missing(path, relative),
            _ => issue(format!("cannot look at {shown}")).label("not to be reached").help(error.to_string()),
        };
        let open = self.open().map_err(fail)?;
        let Some(meta) = open.meta(relative).map_err(fail)? else { return Err(self.missing(path, relative)) };
        let real = open.real(relative).map_err(fail)?;
        let ours = OUTPUTS.iter().any(|output| real.starts_with(self.given.join(output)));
        let of_git = real.strip_prefix(self.given).is_ok_and(is_of_git);
        if self.source.is_none() && (ours || of_git) {
            let whose = if ours { "is where this program writes" } else { "is in a folder of git itself" };
            let issue = issue(format!("{shown} {whose}")).label("never an input");
            return Err(issue.help("no commit holds what is there: have it in another folder of the project"));
        }
        let has = |file: &str| match open.meta(&relative.join(file)) {
            Err(error) if matches!(Refusal::from_error(&error), Some(Refusal::LeadsOut { .. })) => {
                Err(self.leads_out(path, &error))
            }
            found => Ok(found.ok().flatten().is_some_and(|meta| meta.is_file())),
        };
        match want {
            Want::File if !meta.is_file() => Err(issue(format!("{shown} is not a file")).label("expected a file")),
            Want::Something if !meta.is_file() && !meta.is_dir() => {
                Err(issue(format!("{shown} is neither a file nor a folder")).label("expected a file or a folder"))
            }
            Want::Folder if !meta.is_dir() => {
                let help = "single files are named in `contents`, each with its `dst`";
                Err(issue(format!("{shown} is not a folder")).label("expected a folder").help(help))
            }
            Want::PythonFolder if !meta.is_dir() => {
                Err(issue(format!("{shown} is not a folder")).label("expected a folder"))
            }
            Want::PythonFolder if !(has("pyproject.toml")? || has("setup.py")?) => {
                let label = "expected a Python project";
                let message = format!("{shown} is no Python project: it has neither `pyproject.toml` nor `setup.py`");
                let help =
                    "pip installs folders with one of them: name such a folder, or write a `pyproject.toml` (PEP 621)";
                Err(issue(message).label(label).help(help))
            }
            Want::PythonFolder => self.check_back_end(path, relative, &open).map(|()| open),
            Want::FolderWith(marked) if !has(marked.file)? => {
                Err(issue(format!("{shown} {}", marked.is_none)).label(marked.label).help(marked.help))
            }
            _ => Ok(open),
        }
    }

    /// Whether setuptools, without network, builds a folder: what else there is would fail after everything else was built.
    fn check_back_end(&self, path: &At<PathBuf>, relative: &Path, open: &Opened) -> Result<(), Issue> {
        let file = relative.join("pyproject.toml");
        let name: PathBuf =
            path.value.iter().filter(|part| *part != ".").chain([OsStr::new("pyproject.toml")]).collect();
        let name = name.display().to_string();
        let unread = |error: String| {
            Issue::new(&path.span, format!("cannot read {}", quoted(&name))).label("not to be read").help(error)
        };
        let Some(bytes) = open.read(&file, back_end::LARGEST).map_err(|error| unread(error.to_string()))? else {
            return Ok(());
        };
        let text = String::from_utf8(bytes).map_err(|error| unread(error.to_string()))?;
        let shown = path.value.display().to_string();
        let requirement = match &self.source {
            None => format!("./{shown}"),
            Some(_) => "git+https://…".to_owned(),
        };
        let has = |file: &str| open.meta(&relative.join(file)).is_ok_and(|meta| meta.is_some());
        let has_setup = has("setup.py") || has("setup.cfg");
        back_end::check(&text, back_end::Folder { name: &shown, file: &name, has_setup }, &requirement)
    }

    /// What to say of a path where nothing is: the nearest that is there.
    fn missing(&self, path: &At<PathBuf>, relative: &Path) -> Issue {
        let help = self.source.as_ref().map_or_else(
            || RELATIVE.to_owned(),
            |(name, _)| format!("`@{name}/` is the top folder of its repository; `ref` says which state of it"),
        );
        let shown = quoted(&path.value.to_string_lossy());
        let issue = Issue::new(&path.span, format!("{shown} does not exist"));
        let (mut folder, open) = (PathBuf::new(), self.open().ok());
        if self.source.is_none() && open.as_ref().is_some_and(|open| is_ignored(open, relative)) {
            return issue
                .label("built, not committed: `.gitignore` names it")
                .help(format!("make {shown} first (a fresh checkout does not have it), then run the same command"));
        }
        for part in relative.components() {
            let (Component::Normal(name), Some(open)) = (part, &open) else {
                continue;
            };
            if open.meta(&folder.join(name)).is_ok_and(|meta| meta.is_some()) {
                folder.push(name);
                continue;
            }
            let there = open.entries(&folder).unwrap_or_default().into_keys();
            let there: Vec<String> = there.filter_map(|name| name.into_string().ok()).take(1000).collect();
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
/// The largest `.gitignore` that is read, in bytes.
const LARGEST_IGNORE: u64 = 256 << 10;

/// Whether the `.gitignore` of the project's folder names a path, as a file or as a folder.
fn is_ignored(open: &Opened, relative: &Path) -> bool {
    let Ok(Some(bytes)) = open.read(Path::new(".gitignore"), LARGEST_IGNORE) else { return false };
    let mut builder = GitignoreBuilder::new("");
    for line in String::from_utf8_lossy(&bytes).lines() {
        // Git minds no line that is no pattern.
        let _ = builder.add_line(None, line);
    }
    let relative: PathBuf = relative.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    builder.build().is_ok_and(|patterns| patterns.matched_path_or_any_parents(&relative, true).is_ignore())
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

/// That the shell does not read a script.
fn unread(path: &At<PathBuf>, wrong: &Wrong) -> Issue {
    let shown = path.value.to_string_lossy();
    match wrong {
        Wrong::Syntax { line, what } => {
            let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            let issue = Issue::new(&path.span, format!("{} is no script of /bin/sh: {place}{what}", quoted(&shown)));
            let command = format!("sh -n {}", word(&shown));
            issue.label("the shell does not read it").help(format!(
                "the package manager would fail on every machine; `{command}` parses it again, and runs nothing of it"
            ))
        }
        Wrong::Unasked(why) => {
            let issue =
                Issue::new(&path.span, format!("whether {} is a script of /bin/sh is not known", quoted(&shown)));
            issue.label("not parsed").help(why.clone())
        }
    }
}

/// A path as the user would type it: relative to the current folder where it is below.
pub(crate) fn as_typed(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    let path: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() }
}

/// The nearest folder above this one that has a recipe, as the user would type it.
pub(super) fn recipe_above(folder: &Path) -> Option<String> {
    let folder = fs_err::canonicalize(folder).ok()?;
    let found = folder.ancestors().skip(1).find(|above| above.join(FILE).is_file())?;
    let here = std::env::current_dir().unwrap_or_default();
    let up = here.strip_prefix(found).map_or(0, |below| below.components().count());
    Some(if up == 0 { as_typed(found) } else { vec![".."; up].join("/") })
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
