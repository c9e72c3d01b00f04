//! One relation: `name`, `name >= 1:2.0-3`, `/usr/bin/x`, `libx.so.1()(64bit)`, or a rich one in parentheses
//! (rpm.org, "Dependencies" and "Boolean Dependencies"). Read strictly: what is not plainly one relation is refused, so
//! that a comma, a line end or a macro of a spec file never becomes part of a name.

use super::{
    super::FormatError,
    rich::{Context, rich},
    simple::{Relation, simple},
    tags::sense,
};

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Anything: what a package needs or wants.
    Needs,
    /// Anything: what it excludes.
    Bars,
    /// No rich ones, because the platform's rpm does not know them.
    NoRich,
    /// What a package provides: no rich ones, and versions with `=` only.
    Provides,
    /// What it replaces: names of packages.
    Packages,
}

/// Reads one relation of a field.
///
/// # Errors
/// [`FormatError::Field`] with the field's name in the recipe.
pub(super) fn read(field: &'static str, text: &str, takes: Takes) -> Result<Relation, FormatError> {
    parse(text.trim(), takes).map_err(|reason| FormatError::field(field, text, reason))
}

fn parse(text: &str, takes: Takes) -> Result<Relation, &'static str> {
    if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return Err("it has a line end or another character that rpm does not take");
    }
    if text.contains('%') {
        return Err("it has a `%`: there are no macros here");
    }
    if text.starts_with('(') {
        return match takes {
            Takes::Needs => rich(text, Context::All),
            Takes::Bars => rich(text, Context::Any),
            Takes::NoRich => Err("the platform's rpm knows no rich dependencies (rpm 4.13 does)"),
            Takes::Provides | Takes::Packages => Err("rpm takes no rich dependency here"),
        };
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let relation = simple(&words)?;
    match takes {
        Takes::Provides if !matches!(relation.flags, 0 | sense::EQUAL) => Err("a package provides `name = version`"),
        Takes::Packages if relation.name.contains(['/', '(']) => Err("rpm takes names of packages only here"),
        _ => Ok(relation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Relation, String> {
        read("depends", text, Takes::Needs).map_err(|error| error.to_string())
    }

    #[test]
    fn plain_relations_are_read() {
        for (text, name, version, flags) in [
            ("sudo", "sudo", "", 0),
            (" name >=  1:1.2-3 ", "name", "1:1.2-3", sense::GREATER | sense::EQUAL),
            ("name = 2.5.11~rc1-1.el7", "name", "2.5.11~rc1-1.el7", sense::EQUAL),
            ("name < 1^git", "name", "1^git", sense::LESS),
            ("/usr/bin/x", "/usr/bin/x", "", 0),
            ("libfoo.so.1()(64bit)", "libfoo.so.1()(64bit)", "", 0),
            ("config(x) = 1", "config(x)", "1", sense::EQUAL),
            ("user(x)", "user(x)", "", 0),
            ("perl(Foo::Bar) > 1", "perl(Foo::Bar)", "1", sense::GREATER),
            ("font(:lang=ja)", "font(:lang=ja)", "", 0),
            ("python3.11dist(a[b]) <= 2", "python3.11dist(a[b])", "2", sense::LESS | sense::EQUAL),
        ] {
            assert_eq!(all(text).unwrap(), Relation { name: name.into(), version: version.into(), flags }, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "a, b",
            "a\nb",
            "a>=1",
            "a >=",
            "a >= 1 b",
            "a => 1",
            "a == 1",
            "a >= 1-2-3",
            "a >= x:1",
            "a >= %v",
            "%{name}",
            "a(",
            "a)",
            "-a",
            "(a)",
            "(a or)",
            "(a or b",
            "(a or b) c",
            "(a or b and c)",
            "(a if b if c)",
            "()",
            "(or a b)",
            "(a or b))",
            "/x = 1",
            "rpmlib(X)",
            "a b",
            "ä",
            "a;b",
            "a|b",
            "$(a)",
            "`a`",
            "a\0",
        ] {
            assert!(all(bad).is_err(), "{bad:?}");
        }
        let deep = "(".repeat(40) + "a" + &" or b)".repeat(40);
        assert!(all(&deep).is_err());
        assert_eq!(
            all("a, b").unwrap_err(),
            "depends `a, b` cannot be written: it is not one relation: `name` or `name >= version`, with spaces around \
             the operator"
        );
    }

    #[test]
    fn fields_differ_in_what_they_take() {
        let takes = |text, takes| read("x", text, takes).is_ok();
        assert!(!takes("(a or b)", Takes::NoRich) && takes("a >= 1", Takes::NoRich));
        assert!(!takes("(a or b)", Takes::Provides) && !takes("a > 1", Takes::Provides));
        assert!(takes("user(x)", Takes::Provides) && takes("a = 1", Takes::Provides));
        assert!(!takes("user(x)", Takes::Packages) && !takes("/x", Takes::Packages) && takes("a < 1", Takes::Packages));
    }
}
