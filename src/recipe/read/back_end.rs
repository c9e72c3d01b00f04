//! What a Python project says of how it is built (`pyproject.toml`, PEP 517 and 518), held against what builds folders of `python`:
//! setuptools and wheel, and nothing that would have to be fetched.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The largest `pyproject.toml`, in bytes.
pub(super) const LARGEST: u64 = 1 << 20;

/// Why a project is not built without fetching something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What is wanted: "the build back end `hatchling.build`".
    pub what: String,
    /// The line of `pyproject.toml` that says so, from 1.
    pub line: usize,
}

/// What setuptools is called as a build back end.
const OURS: [&str; 2] = ["setuptools.build_meta", "setuptools.build_meta:__legacy__"];

/// What of it is there.
const THERE: [&str; 2] = ["setuptools", "wheel"];

/// Looks at the text of a `pyproject.toml`.
///
/// # Errors
/// [`Foreign`], also for a text that is not TOML: no back end takes it.
pub(super) fn check(text: &str) -> Result<(), Foreign> {
    let line = |span: std::ops::Range<usize>| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| Foreign {
        what: format!("TOML that can be read ({})", error.message()),
        line: line(error.span().unwrap_or_default()),
    })?;
    let Some(DeValue::Table(system)) = value(table.get_ref(), "build-system").map(Spanned::get_ref) else {
        return Ok(());
    };
    // A back end of the project's own is in its folder: what it wants counts.
    let own = value(system, "backend-path").is_some();
    if let Some(back_end) = value(system, "build-backend")
        && let Some(name) = back_end.get_ref().as_str()
        && !own
        && !OURS.contains(&name)
    {
        return Err(Foreign {
            what: format!("the build back end `{}`", name.escape_debug()),
            line: line(back_end.span()),
        });
    }
    let Some(DeValue::Array(requires)) = value(system, "requires").map(Spanned::get_ref) else { return Ok(()) };
    for required in requires {
        let text = required.get_ref().as_str().unwrap_or_default();
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
        // What counts for some interpreters only is said by pip.
        if !text.contains(';') && !THERE.contains(&text[..end].to_ascii_lowercase().as_str()) {
            return Err(Foreign {
                what: format!("`{}` to be built with", text.escape_debug()),
                line: line(required.span()),
            });
        }
    }
    Ok(())
}

fn value<'t>(table: &'t DeTable<'_>, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
    table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_setuptools_builds() {
        for text in [
            "",
            "[project]\nname = 'x'\n",
            "[build-system]\nrequires = ['setuptools']\n",
            "[build-system]\nrequires = ['setuptools>=61', 'Wheel']\nbuild-backend = 'setuptools.build_meta'\n",
            "[build-system]\nrequires = []\nbuild-backend = 'setuptools.build_meta:__legacy__'\n",
            "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'own'\nbackend-path = ['.']\n",
            "[build-system]\nrequires = ['setuptools', \"tomli; python_version < '3.11'\"]\n",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_would_have_to_be_fetched() {
        for (text, what, line) in [
            (
                "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n",
                "the build back end `hatchling.build`",
                3,
            ),
            (
                "[build-system]\nrequires = ['setuptools',\n  'setuptools_scm>=8']\n",
                "`setuptools_scm>=8` to be built with",
                3,
            ),
            (
                "\n[build-system]\nrequires = ['cython']\nbuild-backend = 'own'\nbackend-path = ['.']\n",
                "`cython` to be built with",
                3,
            ),
        ] {
            assert_eq!(check(text), Err(Foreign { what: what.to_owned(), line }), "{text}");
        }
        assert!(check("[build-system\n").unwrap_err().what.starts_with("TOML that can be read"));
    }
}
