//! Values that systemd passes over with a warning that is not seen: words for yes and no, spans of time, points of a calendar. Only keys
//! whose values no newer systemd takes otherwise are looked at.

use super::span;

/// Keys that are yes or no.
const SWITCHES: &str = "\
    Accept AllowIsolate DefaultDependencies DynamicUser GuessMainPID IgnoreOnIsolate LockPersonality MemoryDenyWriteExecute \
    NoNewPrivileges NonBlocking Persistent PermissionsStartOnly PrivateDevices PrivateIPC PrivateMounts PrivateNetwork \
    ProtectClock ProtectKernelLogs ProtectKernelModules ProtectKernelTunables RefuseManualStart RefuseManualStop RemainAfterExit \
    RemoveIPC RestrictRealtime RestrictSUIDSGID RootDirectoryStartOnly SendSIGHUP SendSIGKILL StopWhenUnneeded WakeSystem";
/// Keys that are yes or no, or one of these words.
const MORE: [(&str, &[&str]); 3] = [
    ("PrivateTmp", &["disconnected"]),
    ("ProtectHome", &["read-only", "tmpfs"]),
    ("ProtectSystem", &["full", "strict"]),
];
/// Keys that are spans of time.
const SPANS: &str = "\
    AccuracySec JobRunningTimeoutSec JobTimeoutSec OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec \
    RandomizedDelaySec RestartSec RuntimeMaxSec StartLimitIntervalSec TimeoutAbortSec TimeoutSec TimeoutStartSec TimeoutStopSec \
    WatchdogSec";
/// Points of a calendar that have a name (systemd.time(7)).
const NAMED: [&str; 12] = [
    "minutely",
    "hourly",
    "daily",
    "monthly",
    "weekly",
    "yearly",
    "annually",
    "quarterly",
    "semiannually",
    "semi-annually",
    "biannually",
    "bi-annually",
];
/// Days of a week, of which three letters are enough.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Whether a value is one of systemd's words for yes, in any case.
pub fn is_yes(value: &str) -> bool {
    ["1", "yes", "true", "on", "y", "t"].contains(&value.to_lowercase().as_str())
}

fn is_no(value: &str) -> bool {
    ["0", "no", "false", "off", "n", "f"].contains(&value.to_lowercase().as_str())
}

/// What is wrong with the value of a key; empty ones take back what was said before.
pub fn wrong(key: &str, value: &str) -> Option<String> {
    if value.is_empty() || value.contains('%') {
        return None;
    }
    let has = |keys: &str| keys.split(' ').any(|known| known == key);
    let more = MORE.iter().find(|(known, _)| *known == key).map(|(_, words)| *words);
    let said = format!("{key}= `{}`", value.escape_debug());
    if has(SWITCHES) || more.is_some() {
        let words = more.unwrap_or_default();
        let is_known = is_yes(value) || is_no(value) || words.contains(&value);
        let all = ["yes", "no"].iter().chain(words).copied().collect::<Vec<_>>().join(", ");
        return (!is_known).then(|| format!("{said} is none of {all}"));
    }
    if has(SPANS) {
        return span::parse(value).is_none().then(|| format!("{said} is no span of time, as `90` or `1min 30s`"));
    }
    (key == "OnCalendar" && !may_be_a_calendar(value))
        .then(|| format!("{said} is no point of a calendar, as `daily` or `Mon..Fri 08:00`"))
}

/// Whether a value may name points of a calendar: what consists of letters alone has to be a word that systemd knows.
fn may_be_a_calendar(value: &str) -> bool {
    let first = value.split_whitespace().next().unwrap_or_default().to_lowercase();
    if NAMED.contains(&first.as_str()) || first.contains(|c: char| c.is_ascii_digit() || "*:~/@".contains(c)) {
        return true;
    }
    let is_day = |word: &str| DAYS.iter().any(|day| *day == word || day[..3] == *word);
    first.split([',', '-']).flat_map(|part| part.split("..")).all(is_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_systemd_passes_over() {
        for (key, value) in [
            ("PrivateTmp", "yess"),
            ("RemainAfterExit", "maybe"),
            ("ProtectSystem", "strickt"),
            ("RestartSec", "soon"),
            ("WatchdogSec", "5 parsecs"),
            ("OnCalendar", "dayly"),
            ("OnCalendar", "Mon..Fry"),
        ] {
            assert!(wrong(key, value).is_some_and(|said| said.contains(value)), "{key}={value}");
        }
        for (key, value) in [
            ("PrivateTmp", "True"),
            ("PrivateTmp", "disconnected"),
            ("PrivateTmp", ""),
            ("ProtectSystem", "strict"),
            ("ProtectHostname", "private:shop"),
            ("RestartSec", "1min 30s"),
            ("RestartSec", "100ms"),
            ("RestartSec", ".5"),
            ("TimeoutSec", "infinity"),
            ("OnCalendar", "Daily"),
            ("OnCalendar", "daily UTC"),
            ("OnCalendar", "semi-annually"),
            ("OnCalendar", "monday"),
            ("OnCalendar", "Mon..Fri 08:00"),
            ("OnCalendar", "Mon-Fri"),
            ("OnCalendar", "Sat,Sun *-*-* 00/2:00"),
            ("OnCalendar", "*-*-1"),
            ("OnCalendar", "2026-01-01"),
            ("Description", "soon"),
        ] {
            assert_eq!(wrong(key, value), None, "{key}={value}");
        }
    }
}
