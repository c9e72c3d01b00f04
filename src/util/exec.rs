//! Programs of the host, run by argument list, never through a shell.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStderr, ChildStdout, Command},
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
    /// It was stopped because it said nothing for too long.
    #[error("`{program}` was stopped: it said nothing for too long")]
    Silent {
        /// Its name.
        program: String,
    },
    /// It was stopped because it gave too much.
    #[error("`{program}` was stopped: it gave more than {limit} bytes")]
    TooMuch {
        /// Its name.
        program: String,
        /// The bound.
        limit: u64,
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
    Call { env, ..Call::new(program, arguments) }.run(stdout, line, cancel).await
}

/// A program that is about to be run, where [`run`] says too little.
#[derive(Debug)]
pub struct Call<'a> {
    /// Its name.
    pub program: &'a str,
    /// Its arguments.
    pub arguments: &'a [String],
    /// Variables beside those of this program.
    pub env: &'a [(String, String)],
    /// Variables of this program that it does not get.
    pub without: &'a [&'a str],
    /// What it reads.
    pub stdin: Stdio,
    /// How long it may take without a word; without end when `None`.
    pub idle_timeout: Option<Duration>,
    /// Whether a carriage return ends a line, too: a program that writes its progress over and over.
    pub returns: bool,
    /// Whether what it starts itself is stopped with it: it gets a process group of its own, and no terminal to read from.
    pub group: bool,
}

impl<'a> Call<'a> {
    /// A call with nothing special.
    #[must_use]
    pub fn new(program: &'a str, arguments: &'a [String]) -> Self {
        Self {
            program,
            arguments,
            env: &[],
            without: &[],
            stdin: Stdio::null(),
            idle_timeout: None,
            returns: false,
            group: false,
        }
    }

    /// Runs it as [`run`] does.
    ///
    /// # Errors
    /// [`ExecError`].
    pub async fn run(
        self,
        stdout: Stdio,
        line: &(dyn Fn(&str) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<(), ExecError> {
        self.drive(stdout, 0, line, cancel).await.map(drop)
    }

    /// Runs it and gives its standard output, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`ExecError`], also when it gives more.
    pub async fn output(
        self,
        limit: u64,
        line: &(dyn Fn(&str) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Vec<u8>, ExecError> {
        self.drive(Stdio::piped(), limit, line, cancel).await
    }

    async fn drive(
        self,
        stdout: Stdio,
        limit: u64,
        line: &(dyn Fn(&str) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Vec<u8>, ExecError> {
        let program = || self.program.to_owned();
        let io_error = |error| ExecError::Io { program: program(), error };
        let mut command = Command::new(self.program);
        self.without.iter().for_each(|name| {
            command.env_remove(name);
        });
        if self.group {
            command.process_group(0);
        }
        let mut child = command
            .args(self.arguments)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(self.stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => ExecError::Missing { program: program() },
                _ => io_error(error),
            })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let reading = async {
            let lines = follow(stderr, self.returns, self.idle_timeout, line);
            tokio::try_join!(lines, collect(stdout, limit))
        };
        tokio::pin!(reading);
        let ended = tokio::select! {
            ended = &mut reading => ended,
            () = cancel.cancelled() => {
                terminate(&mut child, self.group, &mut reading).await;
                return Err(ExecError::Interrupted);
            }
        };
        let (tail, taken) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                terminate(&mut child, self.group, std::future::ready(())).await;
                return Err(match error.kind() {
                    std::io::ErrorKind::TimedOut => ExecError::Silent { program: program() },
                    std::io::ErrorKind::FileTooLarge => ExecError::TooMuch { program: program(), limit },
                    _ => io_error(error),
                });
            }
        };
        let status = child.wait().await.map_err(io_error)?;
        if status.success() { Ok(taken) } else { Err(ExecError::Failed { program: program(), status, tail }) }
    }
}

/// Reads everything, as long as it is not too much.
async fn collect(stdout: Option<ChildStdout>, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut taken = Vec::new();
    let Some(stdout) = stdout else { return Ok(taken) };
    let got = stdout.take(limit + 1).read_to_end(&mut taken).await?;
    if got as u64 > limit { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(taken) }
}

/// Gives each line away; keeps the last one.
async fn follow(
    stderr: Option<ChildStderr>,
    returns: bool,
    idle_timeout: Option<Duration>,
    line: &(dyn Fn(&str) + Send + Sync),
) -> std::io::Result<String> {
    let mut tail = String::new();
    let Some(stderr) = stderr else { return Ok(tail) };
    let mut reader = BufReader::new(stderr);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let got = next_line(&mut reader, returns, &mut buffer);
        let got = match idle_timeout {
            Some(idle_timeout) => {
                tokio::time::timeout(idle_timeout, got).await.unwrap_or(Err(std::io::ErrorKind::TimedOut.into()))
            }
            None => got.await,
        };
        if got? == 0 {
            return Ok(tail);
        }
        let text = String::from_utf8_lossy(&buffer);
        let text = text.trim_end();
        if !text.is_empty() {
            line(text);
            text.clone_into(&mut tail);
        }
    }
}

/// The next line with its end, cut where it is too long; gives its length.
async fn next_line(reader: &mut BufReader<ChildStderr>, returns: bool, line: &mut Vec<u8>) -> std::io::Result<usize> {
    if !returns {
        return reader.take(LONGEST_LINE).read_until(b'\n', line).await;
    }
    loop {
        let bytes = reader.fill_buf().await?;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let got = end.map_or(bytes.len(), |at| at + 1);
        line.extend(&bytes[..got]);
        reader.consume(got);
        if end.is_some() || got == 0 || line.len() as u64 >= LONGEST_LINE {
            return Ok(line.len());
        }
    }
}

/// Ends a program. It is still read from meanwhile: one that writes into a closed pipe dies before it has cleaned up.
async fn terminate<T>(child: &mut Child, group: bool, reading: impl Future<Output = T>) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let send = |signal| match pid {
        // Already gone is as good.
        Some(pid) if group => drop(kill_process_group(pid, signal)),
        Some(pid) => drop(kill_process(pid, signal)),
        None => {}
    };
    send(Signal::TERM);
    let read = async {
        reading.await;
        std::future::pending::<()>().await;
    };
    let ended = async {
        tokio::select! {
            _ = child.wait() => {}
            () = read => {}
        }
    };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        if group {
            send(Signal::KILL);
        }
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

    #[tokio::test]
    async fn output_is_bounded_and_progress_is_lines() {
        let cancel = CancellationToken::new();
        let seen = std::sync::Mutex::new(Vec::new());
        let line = |line: &str| seen.lock().unwrap().push(line.to_owned());
        let arguments = words(&["-c", "printf '1%%\\r2%%\\rdone\\n' >&2; printf abc"]);
        let call = || Call { returns: true, ..Call::new("sh", &arguments) };
        assert_eq!(call().output(3, &line, &cancel).await.unwrap(), b"abc");
        assert_eq!(*seen.lock().unwrap(), ["1%", "2%", "done"]);
        assert!(matches!(call().output(2, &line, &cancel).await, Err(ExecError::TooMuch { limit: 2, .. })));
    }

    #[tokio::test]
    async fn silence_ends_it() {
        let arguments = words(&["600"]);
        let call = Call { idle_timeout: Some(Duration::from_millis(50)), ..Call::new("sleep", &arguments) };
        let error = call.run(Stdio::null(), &|_| {}, &CancellationToken::new()).await.unwrap_err();
        assert!(matches!(error, ExecError::Silent { .. }));
    }

    #[tokio::test]
    async fn what_it_started_ends_with_it() {
        let arguments = words(&["-c", "sleep 600 & echo $! >&2; wait"]);
        let call = Call { group: true, ..Call::new("sh", &arguments) };
        let (cancel, started) = (CancellationToken::new(), std::sync::Mutex::new(String::new()));
        let line = |line: &str| {
            line.clone_into(&mut started.lock().unwrap());
            cancel.cancel();
        };
        assert!(matches!(call.run(Stdio::null(), &line, &cancel).await, Err(ExecError::Interrupted)));
        let stat = format!("/proc/{}/stat", started.lock().unwrap());
        let ended = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")).then_some(());
        for _ in 0..200 {
            if ended().is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it goes on");
    }
}
