//! [`PythonVersion`]: a release of CPython, and what is known of one on Windows before it runs.

use super::Machine;

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

impl PythonVersion {
    /// The value of a variable of environment markers (PEP 508) for it on Windows; `None` of what only a running Windows knows.
    #[must_use]
    pub fn marker(self, machine: Machine, variable: &str) -> Option<String> {
        let value = match variable {
            "os_name" => "nt".to_owned(),
            "sys_platform" => "win32".to_owned(),
            "platform_system" => "Windows".to_owned(),
            "platform_machine" => match machine {
                Machine::X86 => "x86".to_owned(),
                Machine::Amd64 => "AMD64".to_owned(),
                Machine::Arm64 => "ARM64".to_owned(),
            },
            "platform_python_implementation" => "CPython".to_owned(),
            "implementation_name" => "cpython".to_owned(),
            "python_version" => self.short(),
            "python_full_version" | "implementation_version" => self.to_string(),
            _ => return None,
        };
        Some(value)
    }
}

impl serde::Serialize for PythonVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.micro)
    }
}

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
