//! [`expand`]: the specifiers `%i`, `%n`, … of a unit (systemd.unit(5), "Specifiers"), for the system's own manager.

use super::{UnitName, name::unescape};

/// What systemd knows, but what is not the unit's: facts of the machine, which a container has none of its own of.
const OF_THE_MACHINE: &str = "aAbBdHlmMoqvwW";

/// Whether a value has a specifier that only a machine can answer.
pub fn asks_the_machine(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '%' && chars.next().is_some_and(|specifier| OF_THE_MACHINE.contains(specifier)) {
            return true;
        }
    }
    false
}

/// Puts a word for every fact of the machine: what has another value with another word depends on them.
pub fn with_facts(text: &str, fact: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('%', Some(specifier)) => {
                chars.next();
                if OF_THE_MACHINE.contains(specifier) {
                    out.push_str(fact);
                } else {
                    out.extend([c, specifier]);
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// Replaces every specifier. `path` is the unit's file.
///
/// # Errors
/// The specifier that systemd does not know, or that only a machine can answer.
pub fn expand(text: &str, unit: &UnitName, path: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some(specifier) => out.push_str(&value(specifier, unit, path)?),
            None => return Err("it ends in a `%`; a percent sign is written `%%`".to_owned()),
        }
    }
    Ok(out)
}

fn value(specifier: char, unit: &UnitName, path: &str) -> Result<String, String> {
    let instance = unit.instance().unwrap_or_default();
    let last_of_prefix = unit.prefix().rsplit('-').next().unwrap_or_default();
    let plain =
        |text: &str| unescape(text).ok_or_else(|| format!("`{text}` of `%{specifier}` is not escaped properly"));
    Ok(match specifier {
        'n' => unit.as_str().to_owned(),
        'N' => unit.stem().to_owned(),
        'p' => unit.prefix().to_owned(),
        'P' => plain(unit.prefix())?,
        'i' => instance.to_owned(),
        'I' => plain(instance)?,
        'j' => last_of_prefix.to_owned(),
        'J' => plain(last_of_prefix)?,
        'f' => {
            let name = plain(if instance.is_empty() { unit.prefix() } else { instance })?;
            format!("/{}", name.trim_start_matches('/'))
        }
        'y' => path.to_owned(),
        'Y' => path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
        // Folders of the system's manager (file-hierarchy(7)).
        'C' => "/var/cache".to_owned(),
        'E' => "/etc".to_owned(),
        'L' => "/var/log".to_owned(),
        'S' => "/var/lib".to_owned(),
        't' => "/run".to_owned(),
        'T' => "/tmp".to_owned(),
        'V' => "/var/tmp".to_owned(),
        // The user that the manager runs as, not the service's `User=`.
        'h' => "/root".to_owned(),
        's' => "/bin/sh".to_owned(),
        'u' | 'g' => "root".to_owned(),
        'U' | 'G' => "0".to_owned(),
        known if OF_THE_MACHINE.contains(known) => {
            return Err(format!("`%{known}` is a fact of the machine, which this test cannot know"));
        }
        unknown => {
            let unknown = unknown.escape_debug();
            return Err(format!("`%{unknown}` is no specifier; a percent sign is written `%%`"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_manual() {
        let unit = UnitName::new("foo-bar@one-two\\x2dthree.service").unwrap();
        let path = "/lib/systemd/system/foo-bar@.service";
        for (text, expanded) in [
            ("%n", "foo-bar@one-two\\x2dthree.service"),
            ("%N", "foo-bar@one-two\\x2dthree"),
            ("%p %P", "foo-bar foo/bar"),
            ("%i", "one-two\\x2dthree"),
            ("%I", "one/two-three"),
            ("%j %J", "bar bar"),
            ("%f", "/one/two-three"),
            ("%y", path),
            ("%Y", "/lib/systemd/system"),
            ("%t/%p", "/run/foo-bar"),
            ("%C %E %L %S %T %V", "/var/cache /etc /var/log /var/lib /tmp /var/tmp"),
            ("%h %u %U %g %G", "/root root 0 root 0"),
            ("100%%", "100%"),
            ("%%i", "%i"),
        ] {
            assert_eq!(expand(text, &unit, path).unwrap(), expanded, "{text}");
        }
    }

    #[test]
    fn facts_of_the_machine() {
        assert_eq!(with_facts("a %H%m %%H %i %", "x"), "a xx %%H %i %");
    }

    #[test]
    fn a_unit_without_instance() {
        let unit = UnitName::new("foo-bar.service").unwrap();
        assert_eq!(expand("[%i] [%I] %f", &unit, "").unwrap(), "[] [] /foo/bar");
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let unit = UnitName::new("x.service").unwrap();
        let error = |text| expand(text, &unit, "").unwrap_err();
        assert_eq!(error("%Q"), "`%Q` is no specifier; a percent sign is written `%%`");
        assert_eq!(error("a%"), "it ends in a `%`; a percent sign is written `%%`");
        assert_eq!(error("%m"), "`%m` is a fact of the machine, which this test cannot know");
    }
}
