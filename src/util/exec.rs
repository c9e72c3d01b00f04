//! Programs of the host, run by argument list, never through a shell.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;

/// Why a program of the host did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// It is not installed.
    #[error("`{program}` is not installed")]
    Missing {
        /// Its name.
        program: String,
    },
    /// It ran and failed.
    #[error("`{program}` failed ({status}): {tail}")]
    Failed {
        /// Its name.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// Its last line of complaint.
        tail: String,
    },
    /// It could not be run or read.
    #[error("running `{program}`: {error}")]
    Io {
        /// Its name.
        program: String,
        /// The system's words.
        error: std::io::Error,
    },
    /// It was stopped because the run was.
    #[error("interrupted")]
    Interrupted,
}

/// How long a program gets to clean up after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

/// The longest line kept of a program's output, in bytes.
const LONGEST_LINE: u64 = 16 * 1024;

/// Where a program is on `PATH`.
#[must_use]
pub fn find(program: &str, path: &str) -> Option<PathBuf> {
    path.split(':').filter(|folder| !folder.is_empty()).map(|folder| Path::new(folder).join(program)).find(
        |candidate| {
            use std::os::unix::fs::PermissionsExt as _;
            candidate.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        },
    )
}

/// Runs a program with its standard output going to `stdout` and each line of its standard error to `line`.
///
/// When `cancel` fires, the program gets SIGTERM, and SIGKILL ten seconds later.
///
/// # Errors
/// [`ExecError`].
pub async fn run(
    program: &str,
    arguments: &[String],
    env: &[(String, String)],
    stdout: Stdio,
    line: &(dyn Fn(&str) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<(), ExecError> {
    let io_error = |error| ExecError::Io { program: program.to_owned(), error };
    let mut child = Command::new(program)
        .args(arguments)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ExecError::Missing { program: program.to_owned() },
            _ => io_error(error),
        })?;
    let mut tail = String::new();
    tokio::select! {
        ended = follow(&mut child, line, &mut tail) => ended.map_err(io_error)?,
        () = cancel.cancelled() => {
            terminate(&mut child).await;
            return Err(ExecError::Interrupted);
        }
    }
    let status = child.wait().await.map_err(io_error)?;
    if status.success() { Ok(()) } else { Err(ExecError::Failed { program: program.to_owned(), status, tail }) }
}

async fn follow(child: &mut Child, line: &(dyn Fn(&str) + Send + Sync), tail: &mut String) -> std::io::Result<()> {
    let Some(stderr) = child.stderr.take() else { return Ok(()) };
    let mut reader = BufReader::new(stderr);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        if (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut buffer).await? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&buffer);
        let text = text.trim_end();
        if !text.is_empty() {
            line(text);
            text.clone_into(tail);
        }
    }
}

async fn terminate(child: &mut Child) {
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
        // Already gone is as good.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn a_failure_carries_the_last_line() {
        let error = run(
            "sh",
            &words(&["-c", "echo first >&2; echo last >&2; exit 3"]),
            &[],
            Stdio::null(),
            &|_| {},
            &CancellationToken::new(),
        )
        .await
        .unwrap_err();
        assert_eq!(error.to_string(), "`sh` failed (exit status: 3): last");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = run("no-such-program", &[], &[], Stdio::null(), &|_| {}, &CancellationToken::new()).await;
        assert_eq!(error.unwrap_err().to_string(), "`no-such-program` is not installed");
    }

    #[tokio::test]
    async fn cancelling_ends_it() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let error = run("sleep", &words(&["600"]), &[], Stdio::null(), &|_| {}, &cancel).await.unwrap_err();
        assert!(matches!(error, ExecError::Interrupted));
    }
}
