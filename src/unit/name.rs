//! [`UnitName`]: a unit's name and its parts (systemd.unit(5), "Description" and "String Escaping").

use std::fmt;

use super::UnitError;

/// The longest name (`UNIT_NAME_MAX`), in bytes.
const LONGEST: usize = 255;

/// The types of units that files can describe.
const TYPES: [&str; 9] = ["service", "socket", "timer", "target", "path", "mount", "automount", "swap", "slice"];

/// A checked unit name: `x.service`, a template `x@.service`, or an instance `x@one.service`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitName {
    full: String,
}

impl UnitName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`UnitError`] for what systemd does not take as one.
    pub fn new(text: &str) -> Result<Self, UnitError> {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b":-_.\\".contains(&b));
        let good = text.len() <= LONGEST
            && text.rsplit_once('.').is_some_and(|(stem, kind)| {
                let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
                let instance = instance.replace('@', "-");
                TYPES.contains(&kind) && !prefix.is_empty() && plain(prefix) && plain(&instance)
            });
        if good {
            return Ok(Self { full: text.to_owned() });
        }
        let place = text.escape_debug().to_string();
        Err(UnitError { place, reason: "it is no unit name: `name.service` or `name@instance.service`".to_owned() })
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// The name without its type.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.full.rsplit_once('.').map_or(&self.full, |(stem, _)| stem)
    }

    /// The type: `service`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.full.rsplit_once('.').map_or("", |(_, kind)| kind)
    }

    /// What comes before the `@`, or the stem.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.stem().split_once('@').map_or(self.stem(), |(prefix, _)| prefix)
    }

    /// What follows the `@`; empty for a template; `None` without an `@`.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.stem().split_once('@').map(|(_, instance)| instance)
    }

    /// Whether it is a template: only its instances can run.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.instance() == Some("")
    }

    /// The template of an instance.
    #[must_use]
    pub fn template(&self) -> Option<Self> {
        let instance = self.instance().filter(|instance| !instance.is_empty());
        instance.map(|_| Self { full: format!("{}@.{}", self.prefix(), self.kind()) })
    }

    /// An instance of this template.
    ///
    /// # Errors
    /// As [`UnitName::new`].
    pub fn with_instance(&self, instance: &str) -> Result<Self, UnitError> {
        Self::new(&format!("{}@{instance}.{}", self.prefix(), self.kind()))
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

/// A path as the stem of a unit's name, as systemd-escape(1) makes it with `--path`.
#[must_use]
pub fn of_path(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() {
        return "-".to_owned();
    }
    let mut out = String::new();
    for (at, byte) in parts.join("/").bytes().enumerate() {
        match byte {
            b'/' => out.push('-'),
            b'.' if at == 0 => out.push_str("\\x2e"),
            b if b.is_ascii_alphanumeric() || b":_.".contains(&b) => out.push(char::from(b)),
            b => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out
}

/// A part of a name with its escapes undone: `-` is `/`, `\x2d` is `-`. `None` where it is not escaped properly.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'-' => b'/',
            b'\\' => {
                let digits = [rest.next().filter(|b| *b == b'x').and_then(|_| rest.next())?, rest.next()?];
                let value = u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
                if value == 0 { None } else { Some(value) }?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_parts() {
        let parts = |name: &str| {
            let name = UnitName::new(name).unwrap();
            let instance = name.instance().map_or("none".to_owned(), str::to_owned);
            format!("{} {} {instance} {}", name.stem(), name.prefix(), name.kind())
        };
        assert_eq!(parts("x.service"), "x x none service");
        assert_eq!(parts("x@.timer"), "x@ x  timer");
        assert_eq!(parts("a-b@c-d.e.service"), "a-b@c-d.e a-b c-d.e service");
        assert_eq!(parts("x@a@b.service"), "x@a@b x a@b service");
        let instance = UnitName::new("x@one.service").unwrap();
        assert_eq!(instance.template().unwrap().as_str(), "x@.service");
        assert_eq!(instance.template().unwrap().with_instance("two").unwrap().as_str(), "x@two.service");
        assert!(instance.template().unwrap().is_template() && !instance.is_template());
    }

    #[test]
    fn what_systemd_does_not_take_is_refused() {
        for bad in
            ["x", "x.serv", ".service", "@a.service", "a/b.service", "a b.service", "a$.service", "", "ü.service"]
        {
            assert!(UnitName::new(bad).is_err(), "{bad:?}");
        }
        assert!(UnitName::new(&format!("{}.service", "a".repeat(250))).is_err());
    }

    #[test]
    fn paths_become_names() {
        for (path, name) in [("/mnt/data-dir/", "mnt-data\\x2ddir"), ("/", "-"), ("/.a//b c", "\\x2ea-b\\x20c")] {
            assert_eq!(of_path(path), name);
        }
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape("a-b\\x2dc").as_deref(), Some("a/b-c"));
        for bad in ["\\", "\\x", "\\x2", "\\xzz", "\\n", "\\x00", "\\xff"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
    }
}
