//! What must be true of a service that runs: an answer over HTTP, or just that it stays.

use std::time::{Duration, Instant};

use super::{
    super::{
        Finding, TrialError,
        bench::{Bench, argv},
    },
    process, seconds,
};
use crate::recipe::{TrialCheck, UnitTrial};

/// How often is asked.
const PAUSE: Duration = Duration::from_millis(300);
/// How long one answer may take, in seconds.
const PATIENCE: &str = "5";
/// How long the daemon may take to start a command.
const LONGEST_SPAWN: Duration = Duration::from_secs(30);

/// What a service should do, after `should`.
#[must_use]
pub fn expectation(trial: &UnitTrial) -> String {
    match &trial.check {
        TrialCheck::Http { url, status } => format!("answer {status} at {url} within {} s", trial.within_s),
        TrialCheck::Alive { seconds } => format!("still run after {seconds} s"),
        TrialCheck::Skip { .. } => "be left out".to_owned(),
    }
}

/// Waits until what must be true is true; gives it in words.
///
/// # Errors
/// The finding that it is not in time.
pub async fn running(bench: &Bench<'_>, trial: &UnitTrial, output: &process::Output<'_>) -> Result<String, TrialError> {
    let started = Instant::now();
    while output.process().is_none() {
        if started.elapsed() > LONGEST_SPAWN {
            return Err(Finding::new(format!("{} could not be started", trial.unit)).into());
        }
        tokio::time::sleep(PAUSE / 10).await;
    }
    match &trial.check {
        TrialCheck::Http { url, status } => answers(bench, trial, url, *status).await,
        TrialCheck::Alive { seconds } => {
            tokio::time::sleep(Duration::from_secs(u64::from(*seconds))).await;
            Ok(format!("ran for {seconds} s"))
        }
        TrialCheck::Skip { .. } => Ok("was left out".to_owned()),
    }
}

/// What must be true when the commands of a oneshot service have ended.
///
/// # Errors
/// The finding.
pub async fn after_oneshot(bench: &Bench<'_>, trial: &UnitTrial) -> Result<Option<String>, TrialError> {
    match &trial.check {
        TrialCheck::Http { url, status } => answers(bench, trial, url, *status).await.map(Some),
        TrialCheck::Alive { .. } | TrialCheck::Skip { .. } => Ok(None),
    }
}

async fn answers(bench: &Bench<'_>, trial: &UnitTrial, url: &str, status: u16) -> Result<String, TrialError> {
    let started = Instant::now();
    let end = started + Duration::from_secs(u64::from(trial.within_s));
    loop {
        let found = ask(bench, url).await?;
        if found == Ok(status) {
            return Ok(format!("{url} answered {status} after {}", seconds(started.elapsed())));
        }
        if Instant::now() >= end {
            let found = match found {
                Ok(other) => format!("it answers {other}"),
                Err(why) => format!("there is no answer ({why})"),
            };
            return Err(Finding::new(format!("{} should {}, but {found}", trial.unit, expectation(trial))).into());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The status of one answer, or why there is none.
async fn ask(bench: &Bench<'_>, url: &str) -> Result<Result<u16, String>, TrialError> {
    let curl = ["curl", "--silent", "--show-error", "--globoff", "--noproxy", "*", "--proto", "=http,https"];
    let rest = ["--max-time", PATIENCE, "--output", "/dev/null", "--write-out", "%{http_code}\\n", "--url", url];
    let answer = bench.ask(argv(&curl, rest)).await?;
    Ok(status_of(&answer.lines))
}

fn status_of(lines: &[String]) -> Result<u16, String> {
    // curl says 000 where there was no answer.
    let status = lines.iter().find_map(|line| line.parse().ok().filter(|status| *status > 0));
    status.ok_or_else(|| {
        let complaint = lines.iter().find_map(|line| line.strip_prefix("curl: "));
        complaint.or(lines.last().map(String::as_str)).unwrap_or("curl said nothing").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_curl_says() {
        let said = |lines: &[&str]| status_of(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        assert_eq!(said(&["200"]), Ok(200));
        let refused = ["curl: (7) Failed to connect to 127.0.0.1 port 8082 after 0 ms", "000"];
        assert_eq!(said(&refused).unwrap_err(), "(7) Failed to connect to 127.0.0.1 port 8082 after 0 ms");
        assert_eq!(said(&[]).unwrap_err(), "curl said nothing");
    }
}
