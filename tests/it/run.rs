//! [`Run`]: how the program ended, and what it has to have said.

/// How the program ended.
#[derive(Debug)]
pub struct Run {
    /// Its exit code; `None` when a signal killed it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Fails unless stderr has every one of these.
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Self {
        // A message is wrapped at the width of the terminal.
        let flat = flat(&self.stderr);
        for part in parts {
            assert!(flat.contains(&self::flat(part)), "nothing of {part:?} in\n{self}");
        }
        self
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code: {:?}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Words with one blank between them, and without the rule beside a wrapped message.
fn flat(text: &str) -> String {
    text.split_whitespace().filter(|word| !["│", "|"].contains(word)).collect::<Vec<_>>().join(" ")
}
