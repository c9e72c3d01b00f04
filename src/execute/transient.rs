//! The one place that decides whether a failure may pass, so that the same is worth another try: registries that are busy,
//! networks that were cut, mirrors that stumble, a container that fell silent. Compile errors, refusals, full disks and answers
//! like 401, 403 and 404 stay what they are.

use super::{Session, StepError, StepOutput};
use crate::{
    engine::{EngineError, Output as _},
    event::StepId,
    util::retry::{Policy, Retry},
    work::Work,
};

/// How many of the last lines are looked at.
const LOOKED_AT: usize = 60;

/// Why a step failed that may succeed the next time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A network, a registry, a mirror: what was said.
    Network(String),
    /// It said nothing for too long: once is enough.
    Stalled(String),
}

impl Cause {
    fn words(&self) -> &str {
        match self {
            Self::Network(words) | Self::Stalled(words) => words,
        }
    }
}

/// Why a failure of the daemon may pass; `None` when the same would fail again.
#[must_use]
pub fn of_engine(error: &EngineError) -> Option<Cause> {
    let passes = match error {
        EngineError::RegistrySilent { .. } => return Some(Cause::Stalled(error.to_string())),
        // Docker Hub counts by the hour.
        EngineError::RegistryBusy { reason, .. } => !has(reason, &["pull rate limit"]),
        EngineError::RegistryUnreachable { reason, .. } => !has(reason, NEVER_REACHED),
        _ => false,
    };
    passes.then(|| Cause::Network(error.to_string()))
}

/// Why the failure of a step may pass, by its error and the last lines of its output; `None` when the same would fail again.
#[must_use]
pub fn of_step(error: &StepError, work: &Work, said: &[String]) -> Option<Cause> {
    let fetches = work.wheelhouse().is_some();
    match error {
        StepError::Stalled { .. } => Some(Cause::Stalled(error.to_string())),
        StepError::Engine(EngineError::Build { .. }) => complaint(&of_failed_instruction(said)).map(Cause::Network),
        StepError::Engine(error) => of_engine(error),
        StepError::Bootstrap { .. } => complaint(&said.iter().collect::<Vec<_>>()).map(Cause::Network),
        StepError::Contents { .. } | StepError::Pip { .. } | StepError::Requirement { .. } if fetches => {
            complaint(&said.iter().collect::<Vec<_>>()).map(Cause::Network)
        }
        _ => None,
    }
}

/// A registry that cannot be reached, and will not be a second later: an unknown host, an untrusted certificate, a proxy that
/// wants a login.
const NEVER_REACHED: &[&str] = &[
    "no such host",
    "x509:",
    "certificate",
    "proxy authentication required",
    "server gave http response to https client",
];

/// Words of package managers (apt, dnf, yum, zypper, apk) and pip for a network or a server that may be well again soon.
const PASSING: &[&str] = &[
    "temporary failure resolving",
    "temporary failure in name resolution",
    "could not resolve",
    "couldn't resolve",
    "dns lookup error",
    "connection failed",
    "connection timed out",
    "connection reset by peer",
    "connection aborted",
    "connection broken",
    "could not connect to",
    "couldn't connect to",
    "unable to connect to",
    "network is unreachable",
    "error reading from server",
    "hash sum mismatch",
    "file has unexpected size",
    "mirror sync in progress",
    "500  internal server error",
    "500 internal server error",
    "502  bad gateway",
    "502 bad gateway",
    "503  service unavailable",
    "503 service unavailable",
    "504  gateway time",
    "504 gateway time",
    "too many requests",
    "status code: 50",
    "http error 50",
    "too many 50",
    "timeout was reached",
    "timeout exceeded when accessing",
    "operation too slow",
    "transfer closed with",
    "failure when receiving data",
    "temporary error (try again later)",
    "network error (check internet connection",
    "max retries exceeded",
    "newconnectionerror",
    "timed out",
    "timeouterror",
    "remote end closed connection",
    "incompleteread",
    "the answer ends early",
];

/// Words of failures that stay, whatever else was said before.
const LASTING: &[&str] = &[
    "404  not found",
    "404 not found",
    "status code: 404",
    "http error 404",
    "403  forbidden",
    "403 forbidden",
    "status code: 403",
    "http error 403",
    "403 client error",
    "401  unauthorized",
    "401 unauthorized",
    "status code: 401",
    "http error 401",
    "401 client error",
    "certificate_verify_failed",
    "certificate verification failed",
    "certificate problem",
    "is not trusted",
    "failed building wheel for",
    "fatal error:",
    "compilation terminated",
    "do not match the hashes",
    "no space left on device",
];

/// The last line that speaks of something passing, when none speaks of something lasting.
fn complaint(said: &[&String]) -> Option<String> {
    let last = &said[said.len().saturating_sub(LOOKED_AT)..];
    if last.iter().any(|line| has(line, LASTING)) {
        return None;
    }
    let gave_up = |line: &&&String| line.split("Retry(total=").nth(1).is_none_or(|left| left.starts_with('0'));
    let line = last.iter().rev().filter(gave_up).find(|line| has(line, PASSING))?;
    Some(cause_in(line))
}

/// What a line says for people. pip wraps the system's words in those of three libraries.
fn cause_in(line: &str) -> String {
    let after = |words: &str| line.split_once(words).map(|(_, rest)| rest);
    let wrapped = after("Failed to establish a new connection: ").or_else(|| after("after connection broken by "));
    match wrapped {
        Some(rest) => {
            let cause = rest.trim_start_matches(['\'', '"']);
            let end = cause.find("')").or_else(|| cause.find("\")")).unwrap_or(cause.len());
            format!("pip: {}", cause[..end].chars().take(120).collect::<String>())
        }
        None => without_number(line).trim().chars().take(200).collect(),
    }
}

/// The line without the number of BuildKit's instruction and its clock: `#7 0.9 Err:1 …`.
fn without_number(line: &str) -> &str {
    let Some((number, rest)) = line.split_once(' ') else { return line };
    if number.strip_prefix('#').is_none_or(|digits| digits.parse::<u32>().is_err()) {
        return line;
    }
    match rest.split_once(' ') {
        Some((clock, words)) if clock.parse::<f64>().is_ok() => words,
        _ => rest,
    }
}

/// The lines of the instruction that failed: `#7 …` where a line says `#7 ERROR: …`; all of them where none does.
pub fn of_failed_instruction(said: &[String]) -> Vec<&String> {
    let number = said.iter().rev().find_map(|line| line.split_once(" ERROR: ").map(|(number, _)| format!("{number} ")));
    said.iter().filter(|line| number.as_ref().is_none_or(|number| line.starts_with(number.as_str()))).collect()
}

fn has(words: &str, signs: &[&str]) -> bool {
    let lower = words.to_ascii_lowercase();
    signs.iter().any(|sign| lower.contains(sign))
}

/// The tries of one step.
#[derive(Debug)]
pub struct Tries {
    retry: Retry,
    made: u32,
    stalled: bool,
    cause: Option<String>,
}

impl Default for Tries {
    fn default() -> Self {
        Self { retry: Policy::STEP.begin(), made: 1, stalled: false, cause: None }
    }
}

impl Tries {
    /// How many were made.
    #[must_use]
    pub fn made(&self) -> u32 {
        self.made
    }

    /// Why the last one was made; `None` of the first.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Whether there is another try: it says so, puts a heading into the step's log, and waits.
    ///
    /// # Errors
    /// [`StepError::Interrupted`] when the run is stopped meanwhile.
    pub async fn again(
        &mut self,
        cause: &Cause,
        step: &StepId,
        session: &Session,
        output: &StepOutput,
    ) -> Result<bool, StepError> {
        let stalls = matches!(cause, Cause::Stalled(_));
        if stalls && std::mem::replace(&mut self.stalled, true) {
            return Ok(false);
        }
        let Some(wait) = self.retry.next(None) else { return Ok(false) };
        self.made += 1;
        self.cause = Some(cause.words().to_owned());
        let (words, made, all) = (cause.words(), self.made, if stalls { self.made } else { Policy::STEP.tries() });
        session.services.events.warn(format!("{step}: {words}; trying again ({made} of {all})"));
        output.line(&format!("=== try {made} of {all}, because of: {words} ==="));
        if wait.over(&session.services.cancel).await { Ok(true) } else { Err(StepError::Interrupted) }
    }
}

#[cfg(test)]
mod tests;
