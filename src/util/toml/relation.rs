//! Relations between packages as deb-control(5) writes them: `name (>= version) | other`. The version may be
//! `{{version}}`, the full version of the package that says it. Resolves nothing.

use super::{Issue, Issues, Value, quoted, string};
use crate::names::PackageName;

/// What stands for the full version of the package.
pub(crate) const VERSION: &str = "{{version}}";

/// Reads one relation, alternatives allowed: `Depends`, `Recommends`, `Suggests` (Debian policy 7.1).
pub(crate) fn alternatives(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    read(value, true, issues)
}

/// Reads one relation without alternatives: `Conflicts`, `Breaks`, `Replaces`, `Provides`.
pub(crate) fn plain(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    read(value, false, issues)
}

fn read(value: Value<'_>, alternatives: bool, issues: &mut Issues) -> Option<String> {
    let text = string(value, issues)?;
    check(text, alternatives)
        .map(|()| text.trim().to_owned())
        .map_err(|why| {
            let message = format!("{} is not a relation to a package: {}", quoted(text), why.message);
            issues.add(Issue::new(&value.span(), message).label("bad relation").help(why.help));
        })
        .ok()
}

struct Why {
    message: String,
    help: &'static str,
}

fn why(message: impl Into<String>, help: &'static str) -> Why {
    Why { message: message.into(), help }
}

const SHAPE: &str = "for example `libxml2`, `libc6 (>= 2.36)`, `mail-transport-agent | postfix`";

fn check(text: &str, alternatives: bool) -> Result<(), Why> {
    if text.contains(',') {
        return Err(why("it holds a comma", "write each relation as an item of the list"));
    }
    if text.contains('[') {
        return Err(why("it is limited to an architecture", "a binary package cannot say that: leave `[…]` out"));
    }
    let mut parts = text.split('|');
    let first = parts.next().unwrap_or_default();
    check_one(first)?;
    for part in parts {
        if !alternatives {
            return Err(why("it holds alternatives", "only depends, recommends and suggests may (Debian policy 7.1)"));
        }
        check_one(part)?;
    }
    Ok(())
}

/// `name`, `name:arch`, each with or without `(op version)`.
fn check_one(text: &str) -> Result<(), Why> {
    let text = text.trim();
    let (name, version) = match text.split_once('(') {
        Some((name, rest)) => {
            (name.trim_end(), Some(rest.strip_suffix(')').ok_or_else(|| why("`)` is missing", SHAPE))?))
        }
        None => (text, None),
    };
    let (name, arch) = name.split_once(':').map_or((name, None), |(name, arch)| (name, Some(arch)));
    if name.contains(char::is_whitespace) || name.contains(['<', '>', '=']) {
        return Err(why("the version goes in brackets", SHAPE));
    }
    PackageName::new(name).map_err(|error| why(error.to_string(), SHAPE))?;
    let is_arch = |arch: &str| !arch.is_empty() && arch.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if arch.is_some_and(|arch| !is_arch(arch)) {
        return Err(why("a colon is followed by an architecture", "for example `python3:any`"));
    }
    version.map_or(Ok(()), check_version)
}

fn check_version(text: &str) -> Result<(), Why> {
    let text = text.trim();
    let end = text.find(|c| !"<>=".contains(c)).unwrap_or(text.len());
    let (operator, version) = (&text[..end], text[end..].trim());
    match operator {
        "<<" | "<=" | "=" | ">=" | ">>" => {}
        "<" | ">" => return Err(why("`<` and `>` mean something else to dpkg", "write `<<` or `>>`")),
        _ => return Err(why("the operator is none", "one of `<<`, `<=`, `=`, `>=`, `>>`")),
    }
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~:-".contains(&b));
    let concrete = version.replacen(VERSION, "1", 1);
    if concrete.starts_with(|c: char| c.is_ascii_digit()) && plain(&concrete) {
        Ok(())
    } else {
        Err(why("the version is none", "digits first, then letters, digits, `.`, `+`, `~`, `:`, `-`; or `{{version}}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deb_relations() {
        for good in [
            "sudo",
            "libc6 (>= 2.36)",
            "libc6(>=2.36)",
            "python3:any (<< 3.12)",
            "default-mta | mail-transport-agent",
            "canopsis-core (= {{version}})",
            "x11 (>= 1:2.0~rc1-3)",
        ] {
            assert!(check(good, true).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "Sudo",
            "libc6 >= 2.36",
            "libc6 (> 2)",
            "libc6 (>= 2",
            "libc6 (2)",
            "a b",
            "sudo, wget",
            "x | ",
            "libx [amd64]",
            "libx (>= {{tag}})",
            "libx (>= 1)\nDepends: evil",
            "libx (>= $(id))",
            "libx:",
        ] {
            assert!(check(bad, true).is_err(), "{bad}");
        }
        assert!(check("foo | bar", false).is_err());
    }
}
