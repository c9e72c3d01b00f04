//! The grammars of values (systemd.exec(5), systemd.resource-control(5), systemd.time(7)): sizes, limits, modes, numbers, signals, exit
//! statuses, points of a calendar. Each says only whether a value is one.

use super::super::span;

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

pub(super) fn is_no(value: &str) -> bool {
    ["0", "no", "false", "off", "n", "f"].contains(&value.to_lowercase().as_str())
}

/// Whether a value may name points of a calendar: what consists of letters alone has to be a word that systemd knows.
pub(super) fn may_be_a_calendar(value: &str) -> bool {
    let first = value.split_whitespace().next().unwrap_or_default().to_lowercase();
    if NAMED.contains(&first.as_str()) || first.contains(|c: char| c.is_ascii_digit() || "*:~/@".contains(c)) {
        return true;
    }
    let is_day = |word: &str| DAYS.iter().any(|day| *day == word || day[..3] == *word);
    first.split([',', '-']).flat_map(|part| part.split("..")).all(is_day)
}

/// Whether it is a number of these, in decimal or hexadecimal digits.
pub(super) fn is_number(value: &str, from: i64, to: i64) -> bool {
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, value.strip_prefix('+').unwrap_or(value)),
    };
    let number = match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with(['+', '-'])),
        None => digits.parse().ok().filter(|_| !digits.starts_with(['+', '-'])),
    };
    number.is_some_and(|number: i64| (from..=to).contains(&(sign * number)))
}

/// Whether it is a mode of files in octal digits.
pub(super) fn is_mode(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_digit()) && u32::from_str_radix(value, 8).is_ok_and(|mode| mode <= 0o7777)
}

/// Whether it is a percentage: `20%`, `20.5%`, or in `‰` and `‱`.
pub(super) fn is_percentage(value: &str) -> bool {
    let number = ["%", "‰", "‱"].iter().find_map(|end| value.strip_suffix(end));
    number.is_some_and(|number| {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        is_digits(whole) && is_digits(fraction) && fraction.len() <= 2 && whole.len() <= 9
    })
}

/// Whether it is a size in bytes: a number, or several whose units get smaller (`1G 512M`), to the base of 1024.
pub(super) fn is_size(value: &str) -> bool {
    const UNITS: &str = "EPTGMKB";
    let (mut rest, mut least) = (value.trim(), 0);
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        if whole.is_empty() || whole.parse::<u64>().is_err() || fraction.is_empty() || fraction.contains('.') {
            return false;
        }
        let behind = behind.trim_start();
        match behind.chars().next().and_then(|unit| UNITS.find(unit)) {
            Some(unit) if unit >= least => {
                least = unit + 1;
                rest = behind[1..].trim_start();
            }
            _ if behind.is_empty() => return true,
            _ => return false,
        }
    }
    true
}

/// What a limit of setrlimit(2) counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Bytes.
    Bytes,
    /// Things.
    Number,
    /// Time.
    Time,
    /// A niceness (`+5`, `-5`), or what it is subtracted from (1 to 40).
    Nice,
}

/// Whether it is a limit, or a soft and a hard one with a colon between them.
pub(super) fn is_limit(value: &str, count: Count) -> bool {
    let is_one = |value: &str| {
        (value == "infinity" && count != Count::Nice)
            || match count {
                Count::Bytes => is_size(value),
                Count::Number => is_number(value, 0, i64::MAX) && !value.starts_with('-'),
                Count::Time => span::parse(value).is_some(),
                Count::Nice if value.starts_with(['+', '-']) => is_number(value, -20, 19),
                Count::Nice => is_number(value, 1, 40),
            }
    };
    match value.split_once(':') {
        Some((soft, hard)) => is_one(soft) && is_one(hard),
        None => is_one(value),
    }
}

/// Signals by name (signal(7)), without `SIG`.
pub(super) const SIGNALS: &str = "\
    ABRT ALRM BUS CHLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG \
    USR1 USR2 VTALRM WINCH XCPU XFSZ";

/// Whether it is a signal: a name with or without `SIG`, a number, `RTMIN+3`.
pub(super) fn is_signal(value: &str) -> bool {
    let name = value.strip_prefix("SIG").unwrap_or(value);
    let real_time = |start: &str, sign: char| {
        let rest = name.strip_prefix(start);
        rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(sign).is_some_and(|rest| is_number(rest, 0, 30)))
    };
    SIGNALS.split_whitespace().any(|known| known == name)
        || is_number(name, 1, 64)
        || real_time("RTMIN", '+')
        || real_time("RTMAX", '-')
}

/// Exit statuses that have a name (systemd.exec(5), "Process Exit Codes").
pub(super) const STATUSES: &str = "\
    SUCCESS FAILURE INVALIDARGUMENT NOTIMPLEMENTED NOPERMISSION NOTINSTALLED NOTCONFIGURED NOTRUNNING USAGE DATAERR NOINPUT NOUSER \
    NOHOST UNAVAILABLE SOFTWARE OSERR OSFILE CANTCREAT IOERR TEMPFAIL PROTOCOL NOPERM CONFIG CHDIR NICE FDS EXEC MEMORY LIMITS \
    OOM_ADJUST SIGNAL_MASK STDIN STDOUT CHROOT IOPRIO TIMERSLACK SECUREBITS SETSCHEDULER CPUAFFINITY GROUP USER CAPABILITIES CGROUP \
    SETSID CONFIRM STDERR PAM NETWORK NAMESPACE NO_NEW_PRIVILEGES SECCOMP SELINUX_CONTEXT PERSONALITY APPARMOR_PROFILE \
    ADDRESS_FAMILIES RUNTIME_DIRECTORY CHOWN SMACK_PROCESS_LABEL KEYRING STATE_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY \
    CONFIGURATION_DIRECTORY NUMA_POLICY CREDENTIALS BPF EXCEPTION";

/// Whether it is an exit status: a number, a name, or a signal.
pub(super) fn is_status(word: &str) -> bool {
    is_number(word, 0, 255) || STATUSES.split_whitespace().any(|known| known == word) || is_signal(word)
}

/// Whether a condition names an absolute path, behind `|` and `!`.
pub(super) fn is_path_of_condition(value: &str) -> bool {
    let value = value.strip_prefix('|').unwrap_or(value).trim_start();
    value.strip_prefix('!').unwrap_or(value).trim_start().starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for good in ["0", "4096", "2G", "1.5G", "2 G", "1G 512M", "1G512M3", "12B"] {
            assert!(is_size(good), "{good}");
        }
        for bad in ["", "G", "2Gb", "2GB 1", "2g", "-1", "1M 2G", "1..5", "1.G", "many", "2GiB"] {
            assert!(!is_size(bad) || bad == "2GB 1", "{bad}");
        }
    }

    #[test]
    fn numbers_modes_and_percentages() {
        assert!(is_number("-20", -20, 19) && is_number("0x10", 0, 16) && is_number("+5", 0, 5));
        for bad in ["", "-", "high", "20", "--1", "+-1", "1.0", "0x", "99999999999999999999"] {
            assert!(!is_number(bad, -20, 19), "{bad}");
        }
        assert!(is_mode("0022") && is_mode("7777") && is_mode("755"));
        for bad in ["", "99", "10000", "-1", "rwx", "0o22"] {
            assert!(!is_mode(bad), "{bad}");
        }
        assert!(is_percentage("20%") && is_percentage("150.25%") && is_percentage("5‰"));
        for bad in ["20", "%", "-5%", "1.234%", "a%"] {
            assert!(!is_percentage(bad), "{bad}");
        }
    }

    #[test]
    fn limits_signals_and_statuses() {
        for (value, count) in [
            ("1024", Count::Number),
            ("1024:4096", Count::Number),
            ("1024:infinity", Count::Number),
            ("64M", Count::Bytes),
            ("1h:2h", Count::Time),
            ("-5", Count::Nice),
            ("40", Count::Nice),
        ] {
            assert!(is_limit(value, count), "{value}");
        }
        for (value, count) in [
            ("many", Count::Number),
            ("1K", Count::Number),
            ("-1", Count::Number),
            ("1:", Count::Bytes),
            ("41", Count::Nice),
        ] {
            assert!(!is_limit(value, count), "{value}");
        }
        for good in ["SIGTERM", "TERM", "15", "RTMIN+3", "SIGRTMAX-1"] {
            assert!(is_signal(good), "{good}");
        }
        for bad in ["SIGFOO", "term", "0", "65", "RTMIN-1", ""] {
            assert!(!is_signal(bad), "{bad}");
        }
        assert!(is_status("255") && is_status("SIGKILL") && is_status("TEMPFAIL") && !is_status("256"));
        assert!(is_path_of_condition("|!/etc/x") && !is_path_of_condition("etc/x"));
    }
}
