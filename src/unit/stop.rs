//! [`Stop`]: how a service is stopped (systemd.kill(5), `TimeoutStopSec=`), and which exit codes mean success then.

use std::time::Duration;

use super::{UnitFile, file::Assignment, span};

/// Which processes get the signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillMode {
    /// All of the service.
    ControlGroup,
    /// The main one; what is left of the others is killed when it has ended.
    Mixed,
    /// The main one alone.
    Process,
}

/// How a service is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The signal without `SIG`: `TERM`.
    pub signal: &'static str,
    /// Who gets it.
    pub mode: KillMode,
    /// How long it may take; `None` for ever.
    pub limit: Option<Duration>,
    /// Exit codes that mean success beside 0 and an end by HUP, INT, TERM or PIPE.
    pub success: Vec<i64>,
}

/// Signals by their numbers on Linux (signal(7)), the same on all machines that packages are made for.
const SIGNALS: [(&str, i64); 18] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("CONT", 18),
    ("STOP", 19),
    ("WINCH", 28),
];

/// What systemd waits when a unit says nothing.
const DEFAULT_LIMIT: Duration = Duration::from_secs(90);

impl Stop {
    pub(super) fn from_file(file: &UnitFile) -> Result<Self, (String, String)> {
        let last = |key| file.last("Service", key);
        let signal = last("KillSignal").map_or(Ok("TERM"), |line| read(line, |text| Ok(signal(text)?.0)))?;
        let mode = last("KillMode").map_or(Ok(KillMode::ControlGroup), |line| read(line, mode))?;
        // `TimeoutSec=` sets both limits, and the later line of the two decides.
        let limit = file.latest("Service", &["TimeoutStopSec", "TimeoutSec"]);
        let limit = limit.map_or(Ok(Some(DEFAULT_LIMIT)), |line| read(line, limit_of))?;
        let mut success = Vec::new();
        for line in file.all("Service", "SuccessExitStatus") {
            success.extend(statuses(&line.value));
        }
        Ok(Self { signal, mode, limit, success })
    }

    /// Whether systemd takes this exit code of a stopped service as success. A process that a signal ended has 128 more
    /// than the signal's number.
    #[must_use]
    pub fn is_success(&self, code: i64) -> bool {
        const CLEAN: [&str; 4] = ["HUP", "INT", "TERM", "PIPE"];
        code == 0 || by_signal(code).is_some_and(|name| CLEAN.contains(&name)) || self.success.contains(&code)
    }
}

/// The signal that an exit code stands for.
#[must_use]
pub fn by_signal(code: i64) -> Option<&'static str> {
    SIGNALS.iter().find(|(_, number)| number + 128 == code).map(|(name, _)| *name)
}

fn read<T>(line: &Assignment, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, (String, String)> {
    parse(&line.value).map_err(|reason| (line.place.clone(), format!("{}= {reason}", line.key)))
}

fn signal(text: &str) -> Result<(&'static str, i64), String> {
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let found = SIGNALS.iter().find(|(known, number)| *known == name || number.to_string() == name);
    found.copied().ok_or_else(|| format!("`{}` is no signal that this test knows", text.escape_debug()))
}

fn mode(text: &str) -> Result<KillMode, String> {
    match text {
        "control-group" => Ok(KillMode::ControlGroup),
        "mixed" => Ok(KillMode::Mixed),
        "process" => Ok(KillMode::Process),
        "none" => Err("`none` leaves the service running when it is stopped".to_owned()),
        other => Err(format!("`{}` is no way to kill", other.escape_debug())),
    }
}

fn limit_of(text: &str) -> Result<Option<Duration>, String> {
    let span = span::parse(text).ok_or_else(|| format!("`{}` is no time span", text.escape_debug()))?;
    // For ever is also what zero means.
    Ok(Some(span).filter(|span| !span.is_zero() && *span != Duration::MAX))
}

fn statuses(text: &str) -> Vec<i64> {
    let one = |word: &str| {
        let number = word.parse().ok().filter(|code| (0..256).contains(code));
        number.or_else(|| signal(word).ok().map(|(_, number)| number + 128))
    };
    let words = text.split_whitespace();
    // Names of sysexits.h and of systemd itself are left out: no stop gives one of those.
    words.filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(lines: &str) -> Result<Stop, (String, String)> {
        Stop::from_file(&UnitFile::parse(&format!("[Service]\n{lines}"), "x.service").unwrap())
    }

    #[test]
    fn what_nothing_says() {
        let stop = stop("").unwrap();
        assert_eq!((stop.signal, stop.mode), ("TERM", KillMode::ControlGroup));
        assert_eq!(stop.limit, Some(Duration::from_secs(90)));
        let success: Vec<i64> = (0..256).filter(|code| stop.is_success(*code)).collect();
        assert_eq!(success, [0, 129, 130, 141, 143]);
    }

    #[test]
    fn what_the_unit_says() {
        let stop =
            stop("KillSignal=SIGINT\nKillMode=mixed\nTimeoutStopSec=5\nTimeoutSec=1min\nSuccessExitStatus=3 SIGKILL")
                .unwrap();
        assert_eq!((stop.signal, stop.mode, stop.limit), ("INT", KillMode::Mixed, Some(Duration::from_mins(1))));
        assert!(stop.is_success(3) && stop.is_success(137) && !stop.is_success(1));
        assert_eq!(super::tests::stop("TimeoutStopSec=infinity").unwrap().limit, None);
        assert_eq!(super::tests::stop("KillSignal=15").unwrap().signal, "TERM");
    }

    #[test]
    fn what_cannot_be() {
        for bad in ["KillSignal=SIGFOO", "KillMode=none", "KillMode=some", "TimeoutStopSec=soon"] {
            assert_eq!(stop(bad).unwrap_err().0, "x.service:2", "{bad}");
        }
    }
}
