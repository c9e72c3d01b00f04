//! What a Python project says of how it is built (`pyproject.toml`, PEP 517 and 518), held against what builds folders of `python`:
//! setuptools and wheel, and nothing that would have to be fetched.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::util::toml::{Issue, quoted, unreadable};

/// The largest `pyproject.toml`, in bytes.
pub const LARGEST: u64 = 1 << 20;

/// What setuptools is called as a build back end.
const OURS: [&str; 2] = ["setuptools.build_meta", "setuptools.build_meta:__legacy__"];

/// What of it is there.
const THERE: [&str; 2] = ["setuptools", "wheel"];

/// A folder with a `pyproject.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Folder<'f> {
    /// How the user calls it.
    pub name: &'f str,
    /// How the user calls its `pyproject.toml`.
    pub file: &'f str,
    /// Whether a `setup.py` or a `setup.cfg` in it says what it is.
    pub has_setup: bool,
}

/// Looks at the text of the `pyproject.toml` of a folder that setuptools is to build, without an index; `requirement` is the line
/// that has it built by its own back end.
///
/// # Errors
/// At its place in that text.
pub fn check(text: &str, folder: Folder<'_>, requirement: &str) -> Result<(), Issue> {
    let table = read(text, folder)?;
    let table = table.get_ref();
    let foreign = |span: std::ops::Range<usize>, what: String| {
        Issue::new(&span, format!("{} wants {what}", quoted(folder.file)))
            .label("a folder of `python` is built by setuptools, without an index")
            .help(format!(
                "write a line `{requirement}` into the requirements instead: there it is built by its own back end, fetched from \
                 the index"
            ))
            .within(folder.file, text)
    };
    let Some(system) = system(text, table, folder)? else {
        return names_itself(text, table, folder, requirement);
    };
    // A back end of the project's own is in its folder: so what it needs is looked at.
    let own = value(system, "backend-path").is_some();
    if let Some(back_end) = value(system, "build-backend")
        && let Some(name) = back_end.get_ref().as_str()
        && !own
        && !OURS.contains(&name)
    {
        return Err(foreign(back_end.span(), format!("the build back end `{}`", name.escape_debug())));
    }
    if let Some(DeValue::Array(requires)) = value(system, "requires").map(Spanned::get_ref) {
        for required in requires {
            let text = required.get_ref().as_str().unwrap_or_default();
            let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
            // Of a requirement for some interpreters only, pip says whether it applies.
            if !text.contains(';') && !THERE.contains(&text[..end].to_ascii_lowercase().as_str()) {
                return Err(foreign(required.span(), format!("`{}` to be built with", text.escape_debug())));
            }
        }
    }
    if own { Ok(()) } else { names_itself(text, table, folder, requirement) }
}

/// Looks at the text of the `pyproject.toml` of a folder that its own back end builds.
///
/// # Errors
/// Where it is no TOML; where it names no back end, setuptools must find in it what it is.
pub fn check_any(text: &str, folder: Folder<'_>) -> Result<(), Issue> {
    let table = read(text, folder)?;
    match system(text, table.get_ref(), folder)? {
        Some(_) => Ok(()),
        None => names_itself(text, table.get_ref(), folder, ""),
    }
}

/// `[build-system]`, which pip takes only with a list of what it is built with (PEP 518).
fn system<'t>(text: &str, table: &'t DeTable<'t>, folder: Folder<'_>) -> Result<Option<&'t DeTable<'t>>, Issue> {
    let Some(system) = value(table, "build-system") else { return Ok(None) };
    let broken = |span: std::ops::Range<usize>, what: &str| {
        let issue = Issue::new(&span, format!("{} has {what}", quoted(folder.file))).within(folder.file, text);
        issue.help("write `requires = [\"setuptools\"]` into `[build-system]` (PEP 518), or take that table out")
    };
    let Some(fields) = system.get_ref().as_table() else {
        return Err(broken(system.span(), "a `build-system` that is no table"));
    };
    let Some(requires) = value(fields, "requires") else {
        return Err(broken(system.span(), "no `requires` in `[build-system]`"));
    };
    let is_text = |value: &Spanned<DeValue<'_>>| value.get_ref().as_str().is_some();
    if !requires.get_ref().as_array().is_some_and(|list| list.iter().all(is_text)) {
        return Err(broken(requires.span(), "a `requires` that is no list of texts"));
    }
    match value(fields, "build-backend").filter(|name| !is_text(name)) {
        Some(name) => Err(broken(name.span(), "a `build-backend` that is no text")),
        None => Ok(Some(fields)),
    }
}

fn read<'t>(text: &'t str, folder: Folder<'_>) -> Result<Spanned<DeTable<'t>>, Issue> {
    DeTable::parse(text).map_err(|_| {
        let issue = unreadable(text).unwrap_or_else(|| Issue::new(&(0..0), "this is not TOML"));
        let help = issue.help.clone().map(|help| format!("; {help}")).unwrap_or_default();
        issue
            .help(format!("mend it: nothing can build {} as it is{help}", quoted(folder.name)))
            .within(folder.file, text)
    })
}

/// Whether setuptools finds out what a project is called: else it builds one called `UNKNOWN`, or none.
fn names_itself(text: &str, table: &DeTable<'_>, folder: Folder<'_>, requirement: &str) -> Result<(), Issue> {
    let lacks = |span: std::ops::Range<usize>, what: &str| {
        Issue::new(&span, format!("{} has no {what}", quoted(folder.file))).within(folder.file, text)
    };
    let Some(project) = value(table, "project") else {
        if folder.has_setup {
            return Ok(());
        }
        let other = value(table, "tool").and_then(|tool| tool.get_ref().as_table()).and_then(|tool| {
            ["poetry", "flit", "pdm", "hatch"].into_iter().find_map(|name| Some((name, value(tool, name)?)))
        });
        let issue =
            lacks(other.map_or(0..0, |(_, table)| table.span()), "`[project]` table, which setuptools builds from");
        return Err(match other {
            Some((name, _)) => {
                let instead = if requirement.is_empty() {
                    String::new()
                } else {
                    format!(", and write a line `{requirement}` into the requirements instead")
                };
                let help =
                    format!("name its back end in `[build-system]`, as the documentation of {name} says{instead}");
                issue.label("this is for another back end").help(help)
            }
            None => {
                issue.help("write `[project]` with `name` and `version` (PEP 621) into it, or a `setup.py` beside it")
            }
        });
    };
    let Some(fields) = project.get_ref().as_table() else {
        return Err(lacks(project.span(), "`[project]` table")
            .label("this is no table")
            .help("write `[project]` with `name` and `version`"));
    };
    if value(fields, "name").is_none() {
        return Err(lacks(project.span(), "`name` in `[project]`").help("write `name = \"…\"` into it (PEP 621)"));
    }
    let dynamic = value(fields, "dynamic")
        .and_then(|list| list.get_ref().as_array())
        .is_some_and(|list| list.iter().any(|one| one.get_ref().as_str() == Some("version")));
    if value(fields, "version").is_none() && !dynamic {
        return Err(lacks(project.span(), "`version` in `[project]`")
            .help("write `version = \"…\"` into it, or `dynamic = [\"version\"]` where setuptools finds it elsewhere (PEP 621)"));
    }
    Ok(())
}

fn value<'t>(table: &'t DeTable<'_>, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
    table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(has_setup: bool) -> Folder<'static> {
        Folder { name: "app", file: "app/pyproject.toml", has_setup }
    }

    const PROJECT: &str = "[project]\nname = 'x'\nversion = '1'\n";

    #[test]
    fn what_setuptools_builds() {
        for text in [
            "[build-system]\nrequires = ['setuptools']\n",
            "[build-system]\nrequires = ['setuptools>=61', 'Wheel']\nbuild-backend = 'setuptools.build_meta'\n",
            "[build-system]\nrequires = []\nbuild-backend = 'setuptools.build_meta:__legacy__'\n",
            "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'own'\nbackend-path = ['.']\n",
            "[build-system]\nrequires = ['setuptools', \"tomli; python_version < '3.11'\"]\n",
            "",
            "[project]\nname = 'x'\ndynamic = ['version']\n",
        ] {
            assert_eq!(
                check(
                    &format!("{text}\n{}", if text.contains("[project]") { "" } else { PROJECT }),
                    folder(false),
                    "./app"
                ),
                Ok(()),
                "{text}"
            );
            assert_eq!(check(text, folder(true), "./app"), Ok(()), "{text}");
        }
    }

    /// What is wrong, the line, what is said under it, and the help.
    fn said(text: &str, has_setup: bool) -> (String, usize, String, String) {
        let issue = check(text, folder(has_setup), "./app").unwrap_err();
        let report =
            crate::util::toml::Report::new(crate::util::toml::Source::new("factory.toml", ""), vec![issue.clone()]);
        let located = &report.issues()[0];
        assert_eq!(located.source.name(), "app/pyproject.toml");
        (issue.message, located.position().0, issue.label, issue.help.unwrap_or_default())
    }

    #[test]
    fn what_would_have_to_be_fetched() {
        for (text, what, line) in [
            (
                "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n",
                "`app/pyproject.toml` wants the build back end `hatchling.build`",
                3,
            ),
            (
                "[build-system]\nrequires = ['setuptools',\n  'setuptools_scm>=8']\n",
                "`app/pyproject.toml` wants `setuptools_scm>=8` to be built with",
                3,
            ),
            (
                "\n[build-system]\nrequires = ['cython']\nbuild-backend = 'own'\nbackend-path = ['.']\n",
                "`app/pyproject.toml` wants `cython` to be built with",
                3,
            ),
        ] {
            let (message, at, _, help) = said(&format!("{text}{PROJECT}"), false);
            assert_eq!((message.as_str(), at), (what, line), "{text}");
            assert!(help.starts_with("write a line `./app` into the requirements"), "{help}");
        }
    }

    #[test]
    fn what_is_broken() {
        for (text, has_setup, what, line, help) in [
            (
                "[project]\nname = 'x'\n[build-system\n",
                true,
                "this is not TOML",
                3,
                "mend it: nothing can build `app` as it is",
            ),
            ("[project]\nname = x\n", false, "this is not TOML", 2, "text is written in quotes: `\"x\"`"),
            ("", false, "`app/pyproject.toml` has no `[project]` table", 1, "or a `setup.py` beside it"),
            (
                "[tool.black]\nline-length = 99\n",
                false,
                "`app/pyproject.toml` has no `[project]` table",
                1,
                "write `[project]`",
            ),
            (
                "\n[tool.poetry]\nname = 'x'\n",
                false,
                "`app/pyproject.toml` has no `[project]` table",
                2,
                "as the documentation of poetry says, and write a line `./app`",
            ),
            ("[project]\nversion = '1'\n", true, "`app/pyproject.toml` has no `name`", 1, "write `name = \"…\"`"),
            ("[project]\nname = 'x'\n", false, "`app/pyproject.toml` has no `version`", 1, "dynamic"),
            (
                "[build-system]\nbuild-backend = 'setuptools.build_meta'\n",
                true,
                "`app/pyproject.toml` has no `requires`",
                1,
                "PEP 518",
            ),
            ("build-system = 'x'\n", true, "`app/pyproject.toml` has a `build-system` that is no table", 1, "PEP 518"),
            (
                "[build-system]\nrequires = [1]\n",
                true,
                "`app/pyproject.toml` has a `requires` that is no list",
                2,
                "PEP 518",
            ),
            (
                "[build-system]\nrequires = []\nbuild-backend = 1\n",
                true,
                "`app/pyproject.toml` has a `build-backend` that is no text",
                3,
                "PEP 518",
            ),
            ("project = 1\n", false, "`app/pyproject.toml` has no `[project]` table", 1, "write `[project]`"),
        ] {
            let (message, at, _, said) = said(text, has_setup);
            assert!(message.starts_with(what), "{text}: {message}");
            assert_eq!(at, line, "{text}");
            assert!(said.contains(help), "{text}: {said}");
        }
        // Who names a back end knows what it needs.
        let poetry = "[tool.poetry]\nname = 'x'\n[build-system]\nrequires = ['poetry-core']\n";
        assert_eq!(check_any(poetry, folder(false)), Ok(()));
        assert!(check_any("[tool.poetry]\nname = 'x'\n", folder(false)).is_err());
        assert!(check_any("[tool", folder(true)).is_err());
    }
}
