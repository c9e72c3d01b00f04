//! What is known of a module before it is made.

use crate::names::Machine;

/// A version of CPython: three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PythonVersion {
    /// 3.
    pub major: u16,
    /// 13.
    pub minor: u16,
    /// 11.
    pub micro: u16,
}

impl PythonVersion {
    /// Of `3.13.11`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| {
            let is_plain =
                number.bytes().all(|byte| byte.is_ascii_digit()) && (number == "0" || !number.starts_with('0'));
            number.parse().ok().filter(|_| is_plain)
        });
        let (major, minor, micro) = (numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(Self { major, minor, micro })
    }

    /// `3.13`.
    #[must_use]
    pub fn short(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// `python313.dll`.
    #[must_use]
    pub fn library(self) -> String {
        format!("python{}{}.dll", self.major, self.minor)
    }
}

impl std::fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.micro)
    }
}

/// What a module is, and what of it is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The interpreter's version.
    pub python: PythonVersion,
    /// What its programs run on.
    pub machine: Machine,
    /// The folder that it is installed in, without a backslash at its end: `C:\ProgramData\example\python-3`. It works from there only.
    pub folder: String,
    /// Patterns of paths that are left out, `*` within a part and `**` across parts, whatever the case: [`STRIPPED`] and others.
    pub strip: Vec<String>,
    /// The time of all files, seconds since 1970 UTC.
    pub time: i64,
}

/// What is left out where nothing else is said: what no plugin uses, and SQLite, whose faults would be those of the module. Text files
/// only where they tell nothing to a program.
pub const STRIPPED: [&str; 26] = [
    "*.txt",
    "Lib/*.txt",
    "include/**",
    "libs/**",
    "Tools/**",
    "tcl/**",
    "Scripts/**",
    "Doc/**",
    "**/__pycache__/**",
    "**/*.pyc",
    "Lib/ensurepip/**",
    "Lib/idlelib/**",
    "Lib/lib2to3/**",
    "Lib/sqlite3/**",
    "Lib/test/**",
    "Lib/tkinter/**",
    "Lib/turtle.py",
    "Lib/turtledemo/**",
    "Lib/unittest/**",
    "Lib/venv/**",
    "Lib/**/setuptools*/**",
    "**/sqlite3.dll",
    "**/_sqlite3.pyd",
    "**/pipenv*/**",
    "**/virtualenv*/**",
    ".venv/Lib/site-packages/PyWin32.chm",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers() {
        let version = PythonVersion::new("3.13.11").unwrap();
        let said = [version.to_string(), version.short(), version.library()];
        assert_eq!(said, ["3.13.11", "3.13", "python313.dll"]);
        for bad in ["3.13", "3.13.1.1", "3.13.x", "3.13.01", "", "3..1", "3.13.+1", "3.13.99999"] {
            assert_eq!(PythonVersion::new(bad), None, "{bad}");
        }
    }
}
