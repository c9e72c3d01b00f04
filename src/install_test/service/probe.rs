//! What must be true of a service that runs: an answer over HTTP, or just that it stays.

use std::time::{Duration, Instant};

use super::{
    super::{
        Finding, InstallTestError,
        container::{TestContainer, argv},
    },
    process, seconds,
};
use crate::recipe::{UnitCheck, UnitExpectation};

/// How often is asked.
const PAUSE: Duration = Duration::from_millis(300);
/// How long one answer may take, in seconds.
const TIMEOUT: &str = "5";
/// How long the daemon may take to start a command.
const LONGEST_SPAWN: Duration = Duration::from_secs(30);

/// What a service should do, after `should`.
#[must_use]
pub fn expectation(check: &UnitCheck) -> String {
    match &check.expectation {
        UnitExpectation::Http { url, status } => format!("answer {status} at {url} within {} s", check.within_s),
        UnitExpectation::Alive { seconds } => format!("still run after {seconds} s"),
        UnitExpectation::Skip { .. } => "be left out".to_owned(),
    }
}

/// Waits until what must be true is true; gives it in words.
///
/// # Errors
/// The finding that it is not in time.
pub async fn running(
    container: &TestContainer<'_>,
    check: &UnitCheck,
    output: &process::Output<'_>,
) -> Result<String, InstallTestError> {
    let started = Instant::now();
    while output.process().is_none() {
        if started.elapsed() > LONGEST_SPAWN {
            return Err(Finding::new(format!("{} could not be started", check.unit)).into());
        }
        tokio::time::sleep(PAUSE / 10).await;
    }
    match &check.expectation {
        UnitExpectation::Http { url, status } => answers(container, check, url, *status).await,
        UnitExpectation::Alive { seconds } => {
            tokio::time::sleep(Duration::from_secs(u64::from(*seconds))).await;
            Ok(format!("ran for {seconds} s"))
        }
        UnitExpectation::Skip { .. } => Ok("was left out".to_owned()),
    }
}

/// What must be true when the commands of a oneshot service have ended.
///
/// # Errors
/// The finding.
pub async fn after_oneshot(
    container: &TestContainer<'_>,
    check: &UnitCheck,
) -> Result<Option<String>, InstallTestError> {
    match &check.expectation {
        UnitExpectation::Http { url, status } => answers(container, check, url, *status).await.map(Some),
        UnitExpectation::Alive { .. } | UnitExpectation::Skip { .. } => Ok(None),
    }
}

async fn answers(
    container: &TestContainer<'_>,
    check: &UnitCheck,
    url: &str,
    status: u16,
) -> Result<String, InstallTestError> {
    let started = Instant::now();
    let end = started + Duration::from_secs(u64::from(check.within_s));
    loop {
        let found = ask(container, url).await?;
        if found == Ok(status) {
            return Ok(format!("{url} answered {status} after {}", seconds(started.elapsed())));
        }
        if Instant::now() >= end {
            let found = match found {
                Ok(other) => format!("it answers {other}"),
                Err(why) => format!("there is no answer ({why})"),
            };
            return Err(Finding::new(format!("{} should {}, but {found}", check.unit, expectation(check))).into());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The status of one answer, or why there is none.
async fn ask(container: &TestContainer<'_>, url: &str) -> Result<Result<u16, String>, InstallTestError> {
    let curl = ["curl", "--silent", "--show-error", "--globoff", "--noproxy", "*", "--proto", "=http,https"];
    let rest = ["--max-time", TIMEOUT, "--output", "/dev/null", "--write-out", "%{http_code}\\n", "--url", url];
    let answer = container.ask(argv(&curl, rest)).await?;
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
