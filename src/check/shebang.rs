//! The `#!` line of a script, as the kernel and env(1) read it.

/// What is said of a script whose lines end with CR LF.
pub const WINDOWS: &str = "its lines end as those of Windows do (CR LF)";
/// The longest `#!` line that a kernel reads, in bytes (execve(2)).
pub const LONGEST_LINE: u64 = 256;

/// What a script needs to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shebang {
    /// What follows `#!`.
    pub line: String,
    /// The interpreter, absolute.
    pub interpreter: String,
    /// What env(1) looks for, where that is the interpreter.
    pub command: Option<String>,
}

impl Shebang {
    /// Reads the beginning of a file; `None` where it is no script.
    ///
    /// # Errors
    /// What is wrong with the line, for people.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Result<Self, String>> {
        let line = start.strip_prefix(b"#!")?;
        let line = String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
        let line = line.trim_matches([' ', '\t']);
        Some(Self::read(line).map_err(|what| format!("begins with `#!{}`, {what}", line.trim_end().escape_debug())))
    }

    fn read(line: &str) -> Result<Self, String> {
        if line.ends_with('\r') {
            // The kernel takes the carriage return for a part of the name, or of the last word.
            return Err(format!("and {WINDOWS}"));
        }
        let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        if interpreter.is_empty() {
            return Err("which names no interpreter".to_owned());
        }
        if !interpreter.starts_with('/') {
            return Err("which is not absolute: the kernel looks for it in whatever folder it is started in".to_owned());
        }
        let argument = argument.trim_matches([' ', '\t']);
        let command = if interpreter.ends_with("/env") { command_of(argument)? } else { None };
        Ok(Self { line: line.to_owned(), interpreter: interpreter.to_owned(), command })
    }

    /// The programs that have to be there, each with what is wrong where it is not. A shell is where packages are installed: their own
    /// scripts need it.
    pub fn programs(&self) -> impl Iterator<Item = (&str, String)> {
        let interpreter = Some(self.interpreter.as_str()).filter(|program| *program != "/bin/sh");
        let command = self.command.as_deref().filter(|program| program.starts_with('/') || !program.contains('/'));
        let interpreter = interpreter.map(|program| (program, self.without("which is not there")));
        interpreter.into_iter().chain(command.map(|name| (name, self.without(&format!("and no {name} is there")))))
    }

    /// What is said where something is missing.
    #[must_use]
    pub fn without(&self, what: &str) -> String {
        format!("begins with `#!{}`, {what}", self.line.escape_debug())
    }
}

/// What env(1) is to start; `None` where only the folder that it is started in can tell. The kernel gives it all that follows it as
/// one word, which only `-S` takes apart.
fn command_of(argument: &str) -> Result<Option<String>, String> {
    let split = ["-S", "-vS", "--split-string="].iter().find_map(|option| argument.strip_prefix(option));
    if split.is_none() && argument.contains([' ', '\t']) {
        return Err("of which env gets all that follows as one word: write `env -S`".to_owned());
    }
    let mut words = split.unwrap_or(argument).split([' ', '\t']).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        match word {
            "-u" | "-C" | "--unset" | "--chdir" | "-a" | "--argv0" => {
                words.next();
            }
            word if word.starts_with('-') || word.contains('=') => {}
            word => {
                let word = word.trim_matches(['"', '\'']);
                return Ok(Some(word.to_owned()).filter(|word| !word.contains(['$', '\\'])));
            }
        }
    }
    Err("and env gets no program to start".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_and_env_look_for() {
        let of = |line: &str| Shebang::of(format!("#!{line}\nrest").as_bytes()).unwrap();
        for (line, interpreter, command) in [
            ("/bin/sh", "/bin/sh", None),
            (" /bin/sh -e -u ", "/bin/sh", None),
            ("/usr/bin/env python3", "/usr/bin/env", Some("python3")),
            ("/usr/bin/env -S python3 -u", "/usr/bin/env", Some("python3")),
            ("/usr/bin/env -Snothere -u", "/usr/bin/env", Some("nothere")),
            ("/usr/bin/env -S -u HOME -C /tmp A=b sh", "/usr/bin/env", Some("sh")),
            ("/usr/bin/env --split-string=-i /opt/x/sh", "/usr/bin/env", Some("/opt/x/sh")),
            ("/usr/bin/env -S ${SHELL}", "/usr/bin/env", None),
        ] {
            let read = of(line).unwrap_or_else(|what| panic!("{line}: {what}"));
            assert_eq!((read.interpreter.as_str(), read.command.as_deref()), (interpreter, command), "{line}");
        }
        for (line, what) in [
            ("/bin/sh\r", "Windows"),
            ("/bin/sh -e\r", "Windows"),
            ("python3", "not absolute"),
            ("", "names no interpreter"),
            ("/usr/bin/env", "no program"),
            ("/usr/bin/env -S A=b", "no program"),
            ("/usr/bin/env -u HOME sh", "one word"),
            ("/usr/bin/env python3 -u", "one word"),
        ] {
            let said = of(line).unwrap_err();
            assert!(said.contains(what) && !said.contains('\r'), "{line}: {said}");
        }
        assert_eq!(Shebang::of(b"\x7fELF"), None);
    }
}
