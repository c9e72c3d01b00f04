//! Whether a text is a script that /bin/sh reads: `sh -n` of this machine parses it, from its standard input, and runs nothing of it. It gets
//! no variable of this program and an own limit of time.

use std::{
    io::{self, Read as _, Write as _},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The shell of maintainer scripts (Debian policy 6.1).
const SHELL: &str = "/bin/sh";
/// How long it may read 64 KiB.
const LIMIT: Duration = Duration::from_secs(10);
/// How often it is asked whether it has ended.
const STEP: Duration = Duration::from_millis(2);
/// The most that is read of what it says, in bytes.
const LARGEST_WORD: u64 = 4096;

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The shell does not understand it: what it says, and at which line.
    Syntax {
        /// The line, counted from 1, where the shell names one.
        line: Option<usize>,
        /// Its words.
        what: String,
    },
    /// The shell could not be asked.
    Unasked(String),
}

/// Has the shell parse a text of at most 64 KiB: a pipe holds no more.
///
/// # Errors
/// [`Wrong`].
pub fn check(text: &str) -> Result<(), Wrong> {
    let unasked = |error: &io::Error| Wrong::Unasked(format!("`{SHELL} -n` cannot be run: {error}"));
    let mut child = Command::new(SHELL)
        .arg("-n")
        .env_clear()
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| unasked(&error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // What it has refused already it need not read to its end.
        match stdin.write_all(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                stop(&mut child);
                return Err(unasked(&error));
            }
            _ => {}
        }
    }
    let Some(status) = ended(&mut child).map_err(|error| unasked(&error))? else {
        stop(&mut child);
        return Err(Wrong::Unasked(format!(
            "`{SHELL} -n` was stopped: it reads it for more than {} s",
            LIMIT.as_secs()
        )));
    };
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(LARGEST_WORD).read_to_end(&mut said).map_err(|error| unasked(&error))?;
    }
    match status.code() {
        Some(0) => Ok(()),
        Some(_) => Err(read(&String::from_utf8_lossy(&said))),
        None => Err(Wrong::Unasked(format!("`{SHELL} -n` ended by a signal while it read it"))),
    }
}

/// How it ended; `None` where it takes too long.
fn ended(child: &mut Child) -> io::Result<Option<std::process::ExitStatus>> {
    let since = Instant::now();
    loop {
        match child.try_wait()? {
            None if since.elapsed() < LIMIT => sleep(STEP),
            other => return Ok(other),
        }
    }
}

fn stop(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// The first line of a shell's complaint: `sh: 3: Syntax error: …` of dash, `sh: line 3: syntax error …` of bash.
fn read(said: &str) -> Wrong {
    let first = said.lines().next().unwrap_or_default();
    let mut line = None;
    let mut rest = Vec::new();
    for part in first.split(": ") {
        let number = part.trim().trim_start_matches("line ").parse().ok();
        match number {
            Some(number) if line.is_none() && rest.len() <= 1 => {
                line = Some(number);
                rest.clear();
            }
            _ => rest.push(part),
        }
    }
    let what = rest.join(": ");
    let what = ["/bin/sh: ", "sh: "].iter().find_map(|start| what.strip_prefix(start)).unwrap_or(&what);
    let what = what.strip_prefix("Syntax error: ").or_else(|| what.strip_prefix("syntax error: ")).unwrap_or(what);
    let what = if what.trim().is_empty() { "it is no script of a shell" } else { what.trim() };
    Wrong::Syntax { line, what: what.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_a_shell_reads_and_runs_not() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("ran");
        let text = format!("set +n\ntouch '{0}'\n: $(touch '{0}') `touch '{0}'`\nexit 1\n", mark.display());
        assert_eq!(check(&text), Ok(()));
        assert!(!mark.exists(), "nothing of it runs");
        assert_eq!(check(""), Ok(()));
    }

    #[test]
    fn scripts_that_no_shell_reads() {
        for text in ["if true; then\necho\n", "echo 'x\n", "case x in\n", "fi\n", "f() {\n"] {
            assert!(matches!(check(text), Err(Wrong::Syntax { .. })), "{text}");
        }
        // As large as any, and deep.
        let deep = "( ".repeat(32 * 1024);
        assert!(check(&deep).is_err());
    }

    #[test]
    fn words_of_shells() {
        let of = |line, what: &str| Wrong::Syntax { line, what: what.to_owned() };
        for (said, expected) in [
            ("sh: 3: Syntax error: \"fi\" unexpected\n", of(Some(3), "\"fi\" unexpected")),
            ("/bin/sh: 3: Syntax error: end of file unexpected\n", of(Some(3), "end of file unexpected")),
            ("/bin/sh: line 4: syntax error: unexpected end of file\n", of(Some(4), "unexpected end of file")),
            (
                "sh: line 2: syntax error near unexpected token `fi'\n",
                of(Some(2), "syntax error near unexpected token `fi'"),
            ),
            ("sh: syntax error: unterminated quoted string\n", of(None, "unterminated quoted string")),
            ("", of(None, "it is no script of a shell")),
        ] {
            assert_eq!(read(said), expected, "{said}");
        }
    }
}
