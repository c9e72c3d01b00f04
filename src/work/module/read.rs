//! `[[module]]` as written, and what one platform of Windows sees of it.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::recipe::{Module, ModuleContent, Runtime, RuntimeKind, RuntimeSource};
use crate::{
    names::{Machine, PackageName, PythonVersion, Sha256},
    platform::{Catalogue, Platform},
    recipe::read::{
        effect::layers,
        files::{Folders, Scripts, Want},
        known::Names,
        layers::{Layered, layered},
        part::Part,
        view::View,
    },
    util::{
        pattern::{self, is_glob},
        toml::{
            At, Given, Issue, Issues, Value, check_glob, few, inside, line, list, map, one_of, parsed, project, quoted,
            required, set, sub_table, table, url,
        },
    },
};

const KINDS: [(&str, RuntimeKind); 1] = [("nuget", RuntimeKind::Nuget)];
/// What the names of requirements end in that are something else than what pip reads.
const PIPFILE: &str = "Pipfile";

table! {
    "[[module]]" struct RawModule {
        name: PackageName = parsed,
        requirements: PathBuf = project,
        folder: String = folder,
        python: PythonVersion = version,
        runtimes: BTreeMap<String, RawRuntime> = map(version_key, sub_table),
        runtime_dlls: PathBuf = project,
        postinstall: PathBuf = project,
        strip: Vec<At<String>> = set(member),
        contents: Vec<At<RawModuleContent>> = list(sub_table),
        must_have: Vec<At<String>> = set(member),
        must_not_have: Vec<At<String>> = set(member),
    }
}

table! {
    "a runtime of [[module]]" struct RawRuntime {
        kind: RuntimeKind = one_of("kind of runtime", &KINDS),
        url: String = url(&["https"], "a login goes into no recipe: put the file beside it, and name it with `file`"),
        file: PathBuf = project,
        sha256: Sha256 = parsed,
    }
}

table! {
    "an entry of `contents` of [[module]]" struct RawModuleContent {
        src: String = line,
        dst: String = line,
    }
}

impl Part for Module {
    type Raw = Layered<RawModule>;

    fn read(value: Value<'_>, issues: &mut Issues) -> Option<Vec<At<Self::Raw>>> {
        few("[[module]]", layered)(value, issues)
    }

    fn overrides(tables: &[At<Self::Raw>], catalogue: &Catalogue, issues: &mut Issues) {
        for table in tables {
            table.value.check(catalogue, issues);
        }
    }

    fn references(tables: &[At<Self::Raw>], _names: &Names<'_>, issues: &mut Issues) {
        let mut first: BTreeMap<&str, &At<PackageName>> = BTreeMap::new();
        for table in tables {
            let own = &table.value.base;
            required(&own.name, ("name", "\"python-3\""), ("[[module]]", &own.span), issues);
            let Some(name) = own.name.at() else { continue };
            if let Some(before) = first.insert(name.value.as_str(), name) {
                let issue = Issue::new(&name.span, format!("two modules are called `{}`", name.value));
                let issue = issue.label("again here").also(&before.span, "first here");
                issues.add(issue.help("give each a name of its own"));
            }
        }
    }

    fn files(tables: &[At<Self::Raw>], folders: &Folders<'_>, _scripts: &mut Scripts, issues: &mut Issues) {
        tables.iter().flat_map(|table| table.value.all()).for_each(|table| look(table, folders, issues));
    }

    fn unused(tables: &[At<Self::Raw>], platforms: &[&Platform]) -> Vec<Issue> {
        let own: Vec<&Platform> = platforms.iter().copied().filter(|platform| Self::is_seen_on(platform)).collect();
        if own.is_empty() {
            let none = tables.iter().map(|table| {
                let issue = Issue::new(&table.span, "[[module]] is made on no platform of the recipe");
                issue.help("add `windows-amd64`, `windows-x86` or `windows-arm64` to `[project] platforms`")
            });
            return none.collect();
        }
        tables.iter().flat_map(|table| layers(&table.value, "[[module]]", &own)).collect()
    }

    fn is_seen_on(platform: &Platform) -> bool {
        platform.windows.is_some()
    }

    fn resolve(tables: &[At<Self::Raw>], view: &View<'_>, issues: &mut Issues) -> Option<Vec<Self>> {
        let machine = view.platform.windows?;
        let all: Vec<_> = tables.iter().map(|table| module(&table.value.on(view.platform), machine, issues)).collect();
        all.into_iter().collect()
    }
}

/// A folder of Windows, absolute, without a backslash at its end. What Windows takes in no name is refused with the rest of the paths.
fn folder(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = line(value, issues)?;
    let folder = text.strip_suffix('\\').unwrap_or(&text);
    let is_part = |part: &str| !part.is_empty() && !part.contains(['/', ':', '"', '<', '>', '|', '?', '*']);
    let is_folder = match folder.as_bytes() {
        [drive, b':', b'\\', ..] => drive.is_ascii_alphabetic() && folder[3..].split('\\').all(is_part),
        _ => false,
    };
    if !is_folder {
        let issue = Issue::new(&value.span(), format!("{} is no folder of Windows", quoted(&text)));
        let example = "for example `folder = 'C:\\ProgramData\\example\\python-3'`, in single quotes";
        issues.add(issue.label("expected a drive and a folder").help(example));
    }
    is_folder.then(|| folder.to_owned())
}

fn version(value: Value<'_>, issues: &mut Issues) -> Option<PythonVersion> {
    let text = line(value, issues)?;
    let version = PythonVersion::new(&text);
    if version.is_none() {
        let issue = Issue::new(&value.span(), format!("{} is no version of Python", quoted(&text)));
        issues.add(issue.label("expected three numbers").help("for example `python = \"3.12.9\"`"));
    }
    version
}

fn version_key(key: &str) -> Result<(), String> {
    PythonVersion::new(key).map(drop).ok_or_else(|| "a version of three numbers in quotes, `\"3.12.9\"`".to_owned())
}

/// A pattern of paths in a module.
fn member(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = line(value, issues)?;
    let bad = |issue: Issue| issue.help("a path in the module, as `Lib/turtle.py`, `**/*.txt`, `DLLs/**`");
    if text.contains('\\') || text.starts_with('/') {
        let issue = Issue::new(&value.span(), format!("{} is no pattern of paths in a module", quoted(&text)));
        issues.add(bad(issue.label("relative, with `/`")));
        return None;
    }
    match inside(&text).and_then(|path| check_glob(&path).map(|()| path)) {
        Ok(path) => Some(path),
        Err(error) => {
            issues.add(bad(error.at(&value.span())));
            None
        }
    }
}

/// The files that a table names.
fn look(table: &RawModule, folders: &Folders<'_>, issues: &mut Issues) {
    if let Some(path) = table.requirements.at() {
        folders.check(path, Want::File, issues);
    }
    if let Some(path) = table.runtime_dlls.at() {
        folders.check(path, Want::Folder, issues);
    }
    folders.check_given(&table.postinstall, issues);
    for runtime in table.runtimes.value().into_iter().flat_map(BTreeMap::values) {
        folders.check_given(&runtime.file, issues);
    }
    for src in table.contents.items().iter().filter_map(|entry| entry.value.src.at()) {
        match inside(&src.value) {
            Ok(path) if is_glob(&path) => folders.check_glob(&path, &src.span, issues),
            Ok(path) => {
                let path = At { value: PathBuf::from(pattern::plain(&path).as_ref()), span: src.span.clone() };
                folders.check(&path, Want::Something, issues);
            }
            Err(_) => {}
        }
    }
}

fn module(raw: &RawModule, machine: Machine, issues: &mut Issues) -> Option<Module> {
    let at = ("[[module]]", &raw.span);
    let requirements = required(&raw.requirements, ("requirements", "\"requirements.txt\""), at, issues);
    let requirements = requirements.filter(|path| is_read(path, issues));
    let folder = required(&raw.folder, ("folder", "'C:\\ProgramData\\example\\python-3'"), at, issues);
    let example = "{ \"3.12.9\" = { kind = \"nuget\", url = \"https://…\", sha256 = \"…\" } }";
    let table = required(&raw.runtimes, ("runtimes", example), at, issues);
    let runtimes = table.map(|table| runtimes(table, issues));
    let contents: Vec<_> = raw.contents.items().iter().map(|entry| content(&entry.value, issues)).collect();
    let contents: Option<Vec<_>> = contents.into_iter().collect();
    let (requirements, table, runtimes) = (requirements?, table?, runtimes??);
    if let Some(python) = raw.python.at().filter(|python| !runtimes.contains_key(&python.value)) {
        let known: Vec<String> = runtimes.keys().map(ToString::to_string).collect();
        let issue = Issue::new(&python.span, format!("`runtimes` has no Python {}", python.value)).for_platforms();
        issues.add(issue.label("not there").also(&table.span, "of these").help(format!("it has {}", known.join(", "))));
    }
    Some(Module {
        name: raw.name.value()?.clone(),
        requirements: requirements.value.clone(),
        requirements_at: requirements.span.clone(),
        folder: folder?.value.clone(),
        python: raw.python.value().copied(),
        runtimes,
        runtimes_at: table.span.clone(),
        runtime_dlls: raw.runtime_dlls.value().cloned(),
        postinstall: raw.postinstall.value().cloned(),
        strip: raw.strip.values(),
        contents: contents.filter(|_| !matches!(raw.contents, Given::Wrong(_)))?,
        must_have: raw.must_have.values(),
        must_not_have: raw.must_not_have.values(),
        machine,
    })
}

/// Whether requirements are in a form that is read: a `Pipfile` pins nothing.
fn is_read(path: &At<PathBuf>, issues: &mut Issues) -> bool {
    if path.value.file_name().is_none_or(|name| name != PIPFILE) {
        return true;
    }
    let issue = Issue::new(&path.span, format!("{} pins nothing", quoted(&path.value.to_string_lossy())));
    let lock = path.value.with_file_name("Pipfile.lock");
    let help = format!("`pipenv lock` writes what it leads to; name that: `requirements = \"{}\"`", lock.display());
    issues.add(issue.label("not locked").help(help));
    false
}

fn runtimes(table: &At<BTreeMap<String, RawRuntime>>, issues: &mut Issues) -> Option<BTreeMap<PythonVersion, Runtime>> {
    if table.value.is_empty() {
        issues.add(Issue::new(&table.span, "no runtime").label("expected one at least"));
        return None;
    }
    let read: Vec<_> =
        table.value.iter().map(|(version, raw)| Some((PythonVersion::new(version)?, runtime(raw, issues)?))).collect();
    read.into_iter().collect()
}

fn runtime(raw: &RawRuntime, issues: &mut Issues) -> Option<Runtime> {
    let at = ("a runtime of [[module]]", &raw.span);
    let kind = required(&raw.kind, ("kind", "\"nuget\""), at, issues);
    let from = match (raw.url.at(), raw.file.at()) {
        (Some(url), Some(file)) => {
            let issue = Issue::new(&file.span, "`url` and `file` of one runtime").label("one of both");
            issues.add(issue.also(&url.span, "and this").help("keep one of them"));
            return None;
        }
        (Some(url), None) => {
            let sha256 = required(&raw.sha256, ("sha256", "\"9f86d0…\""), at, issues)?.value.clone();
            RuntimeSource::Url { url: url.value.clone(), sha256 }
        }
        (None, Some(file)) => {
            let sha256 = raw.sha256.value().cloned();
            RuntimeSource::File { file: file.value.clone(), sha256 }
        }
        (None, None) => {
            if matches!((&raw.url, &raw.file), (Given::No, Given::No)) {
                let issue = Issue::new(&raw.span, "a runtime that is nowhere").label("`url` or `file` is needed here");
                let help =
                    "for example `url = \"https://www.nuget.org/api/v2/package/python/3.12.9\"` with its `sha256`";
                issues.add(issue.help(help));
            }
            return None;
        }
    };
    Some(Runtime { kind: kind?.value, from })
}

fn content(raw: &RawModuleContent, issues: &mut Issues) -> Option<ModuleContent> {
    let src = required(&raw.src, ("src", "\"files/example.ini\""), ("an entry of `contents`", &raw.span), issues)?;
    let path = inside(&src.value).and_then(|path| check_glob(&path).map(|()| path.trim_end_matches('/').to_owned()));
    let path = path.map_err(|bad| issues.add(bad.at(&src.span))).ok()?;
    let name = if is_glob(&path) { "".into() } else { pattern::plain(path.rsplit('/').next().unwrap_or_default()) };
    let dst = match raw.dst.at() {
        None => name.to_string(),
        Some(dst) => {
            let folder = inside(&dst.value).map_err(|bad| issues.add(bad.at(&dst.span))).ok()?;
            let folder = if folder == "." { String::new() } else { folder.trim_end_matches('/').to_owned() };
            let is_into = dst.value.ends_with('/') && !name.is_empty();
            if is_into { Path::new(&folder).join(name.as_ref()).display().to_string() } else { folder }
        }
    };
    Some(ModuleContent { src: path, dst, at: src.span.clone() })
}
