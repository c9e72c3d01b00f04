//! Values that systemd passes over with a warning that is not seen: numbers, sizes, modes, spans of time, words for yes and no. Which
//! key has which is in the table; only what no newer systemd takes otherwise is in there.

mod grammar;
mod table;

use super::{UnitName, span};
use crate::util::toml::nearest;
use grammar::{
    Count, is_limit, is_mode, is_no, is_number, is_path_of_condition, is_percentage, is_signal, is_size, is_status,
};
use table::{Sort, sort_of};

pub use grammar::is_yes;

/// What is wrong with the value of a key in a section; empty ones take back what was said before.
pub fn wrong(section: &str, key: &str, value: &str) -> Option<String> {
    if value.is_empty() || value.contains('%') && !is_percentage(value) {
        return None;
    }
    let sort = sort_of(section, key)?;
    let what = of_sort(sort, value)?;
    let before = value.split_once(" #").or_else(|| value.split_once(" ;")).map(|(before, _)| before.trim_end());
    let what = match before.filter(|before| of_sort(sort, before).is_none()) {
        Some(before) => {
            format!("takes the comment for a part of it (one has a line of its own), did you mean {before}?")
        }
        None => what,
    };
    Some(format!("{key}= `{}` {what}", value.escape_debug()))
}

/// What is wrong with a value of a sort, behind the value.
fn of_sort(sort: Sort, value: &str) -> Option<String> {
    let unless = |fits: bool, what: &str| (!fits).then(|| what.to_owned());
    match sort {
        Sort::Switch(words) => {
            let all: Vec<&str> = ["yes", "no"].iter().chain(words).copied().collect();
            if is_yes(value) || is_no(value) { None } else { of_words(value, &all) }
        }
        Sort::Word(words) => of_words(value, &words.split_whitespace().collect::<Vec<_>>()),
        Sort::Number(from, to, words) => {
            let words: Vec<&str> = words.split_whitespace().collect();
            let fits = is_number(value, from, to) || words.contains(&value);
            let also = if words.is_empty() { String::new() } else { format!(", nor one of {}", words.join(", ")) };
            let near = nearest(value, words).map(|near| format!(", did you mean {near}?")).unwrap_or_default();
            (!fits).then(|| format!("is no number from {from} to {to}{also}{near}"))
        }
        Sort::Words(start, words) => of_list(value, start, &words.split_whitespace().collect::<Vec<_>>()),
        Sort::Span => unless(span::parse(value).is_some(), "is no span of time, as `90` or `1min 30s`"),
        Sort::Calendar => {
            unless(grammar::may_be_a_calendar(value), "is no point of a calendar, as `daily` or `Mon..Fri 08:00`")
        }
        Sort::Mode => unless(is_mode(value), "is no mode in octal digits, as `0022` or `0755`"),
        Sort::Size => (!is_size(value)).then(|| format!("is no size: {SIZES}{}", meant(value))),
        Sort::Memory => (!is_size(value) && !is_percentage(value) && value != "infinity")
            .then(|| format!("is no size: {SIZES}, a percentage (`50%`) or `infinity`{}", meant(value))),
        Sort::Percentage => unless(is_percentage(value), "is no percentage of one processor, as `20%` or `150%`"),
        Sort::Share => unless(
            is_number(value, 1, i64::MAX) || is_percentage(value) || value == "infinity",
            "is neither a number, nor a percentage (`50%`), nor `infinity`",
        ),
        Sort::Limit(count) => (!is_limit(value, count)).then(|| {
            let (one, two) = match count {
                Count::Bytes => (SIZES, "64M:1G"),
                Count::Number => ("a number", "1024:4096"),
                Count::Time => ("a span of time", "1h:2h"),
                Count::Nice => ("a niceness with its sign (`-5`) or a number from 1 to 40", "-5:-10"),
            };
            format!("is no limit: {one}, `infinity`, or two of them with a colon (`{two}`){}", meant_limit(value, count))
        }),
        Sort::Signal => (!is_signal(value)).then(|| format!("is no signal, as `SIGTERM` or `15`{}", meant_signal(value))),
        Sort::Statuses => value.split_whitespace().find(|word| !is_status(word)).map(|word| {
            let word = word.escape_debug();
            format!("has `{word}`, which is no exit status: a number from 0 to 255, a name as `TEMPFAIL`, a signal as `SIGTERM`")
        }),
        Sort::Stream(words, starts) => {
            let is_one = starts.iter().any(|start| value.strip_prefix(start).is_some_and(|rest| !rest.is_empty()));
            if is_one { of_stream(value) } else { of_words(value, &words.split_whitespace().chain(starts.iter().copied()).collect::<Vec<_>>()) }
        }
        Sort::PathOfCondition => unless(is_path_of_condition(value), "is no absolute path"),
        Sort::Slice => unless(
            UnitName::new(value).is_ok_and(|unit| unit.kind() == "slice"),
            "is no slice, as `system.slice`",
        ),
        Sort::Below => words(value).find(|word| !is_below(word)).map(|word| {
            format!("has `{}`: a folder below systemd's own, neither absolute nor with `..`, as `shop`", word.escape_debug())
        }),
        Sort::Paths => words(value).find(|word| !word.trim_start_matches(['-', '+']).starts_with('/')).map(|word| {
            format!("has `{}`, which is no absolute path", word.escape_debug())
        }),
    }
}

/// The words of a list of paths; none where one is quoted, which is not taken apart here.
fn words(value: &str) -> impl Iterator<Item = &str> {
    let plain = if value.contains(['"', '\'', '\\']) { "" } else { value };
    plain.split_whitespace()
}

/// Whether systemd takes it for a folder below its own; behind a colon are links to it (since 251).
fn is_below(word: &str) -> bool {
    let path = word.split(':').next().unwrap_or(word);
    !path.is_empty() && !path.starts_with('/') && !path.split('/').any(|part| part == "..")
}

/// How sizes are written.
const SIZES: &str = "a number of bytes, or one with K, M, G or T behind it (`2G`)";

/// That a value is none of these words.
fn of_words(value: &str, words: &[&str]) -> Option<String> {
    let near = nearest(value, words.iter().copied()).map(|near| format!(", did you mean {near}?")).unwrap_or_default();
    (!words.contains(&value)).then(|| format!("is none of {}{near}", words.join(", ")))
}

/// That a word of a list that begins so is none of these.
fn of_list(value: &str, start: &str, words: &[&str]) -> Option<String> {
    let value = value.strip_prefix('~').unwrap_or(value);
    if ["none", "any"].contains(&value) {
        return None;
    }
    if let Some(word) = value.split_whitespace().find(|word| word.starts_with('~')) {
        return Some(format!("has `{}` inside: a `~` is for the whole list, at its beginning", word.escape_debug()));
    }
    // What follows a colon is the error that a system call gives.
    let all = value.split_whitespace().map(|word| word.split(':').next().unwrap_or(word));
    let is_one = |word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let is_looked_at = |word: &str| word.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    let bad = all.into_iter().find(|word| (is_looked_at(word) || start != "@") && !is_one(word))?;
    // A word that was cut is nearer to what it begins than to any that is as long.
    let begun = words.iter().copied().filter(|word| word.starts_with(&bad.to_uppercase())).collect::<Vec<_>>();
    let near = if let [one] = begun[..] { Some(one) } else { nearest(bad, words.iter().copied()) };
    let near = near.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
    Some(format!("has `{}`, which systemd does not know{near}", bad.escape_debug()))
}

/// That what follows `file:` and the like is no absolute path.
fn of_stream(value: &str) -> Option<String> {
    let (start, path) = value.split_once(':')?;
    (start != "fd" && !path.starts_with('/')).then(|| "does not name an absolute path".to_owned())
}

/// The size that a text like `2Gb` or `512 MiB` stands for.
fn meant(value: &str) -> String {
    let lower = value.trim().to_lowercase();
    let short = lower.trim_end_matches("ib").trim_end_matches('b');
    let size = short.to_uppercase().replace(' ', "");
    if is_size(&size) && size != value { format!(", did you mean {size}?") } else { String::new() }
}

fn meant_limit(value: &str, count: Count) -> String {
    match count {
        Count::Bytes => meant(value),
        _ if value.eq_ignore_ascii_case("unlimited") => ", did you mean infinity?".to_owned(),
        _ => String::new(),
    }
}

fn meant_signal(value: &str) -> String {
    let name = value.to_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let near = nearest(name, grammar::SIGNALS.split_whitespace());
    near.map(|near| format!(", did you mean SIG{near}?")).unwrap_or_default()
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
            ("StateDirectory", "/var/lib/shop"),
            ("LogsDirectory", "shop ../x"),
            ("ReadOnlyDirectories", "-/etc etc"),
            ("RootDirectory", "srv"),
            ("MemoryMax", "2Gb"),
            ("UMask", "99"),
            ("Nice", "high"),
            ("Nice", "20"),
            ("LimitNOFILE", "many"),
            ("CPUQuota", "0.5"),
            ("TasksMax", "lots"),
            ("KillSignal", "SIGTREM"),
            ("SuccessExitStatus", "0 256"),
            ("StandardOutput", "jurnal"),
            ("StandardOutput", "file:log"),
            ("RestrictAddressFamilies", "AF_INET AF_INIT6"),
            ("CapabilityBoundingSet", "~CAP_NET_BIND_SERVCE"),
            ("SystemCallFilter", "@system-servce"),
            ("ConditionPathExists", "!etc/shop"),
            ("Slice", "shop"),
            ("Type", "onshot"),
        ] {
            assert!(wrong("Service", key, value).is_some_and(|said| said.contains(value)), "{key}={value}");
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
            ("MemoryMax", "50%"),
            ("MemoryMax", "infinity"),
            ("MemoryHigh", "1.5G"),
            ("CPUQuota", "150%"),
            ("TasksMax", "4096"),
            ("LimitNOFILE", "1024:infinity"),
            ("LimitCORE", "0"),
            ("SuccessExitStatus", "143 TEMPFAIL SIGKILL"),
            ("StandardOutput", "append:/var/log/shop.log"),
            ("StandardError", "inherit"),
            ("RestrictAddressFamilies", "~AF_INET AF_UNIX"),
            ("RestrictAddressFamilies", "none"),
            ("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE cap_chown"),
            ("StateDirectory", "shop shop/a:link"),
            ("ReadWriteDirectories", "-/etc +/srv -+/x"),
            ("RootDirectory", "/srv"),
            ("SystemCallFilter", "~@resources @privileged:EPERM open write"),
            ("ConditionPathExists", "|!/etc/shop"),
            ("UMask", "%i"),
        ] {
            assert_eq!(wrong("Service", key, value), None, "{key}={value}");
        }
    }

    #[test]
    fn what_is_meant_is_said() {
        for (key, value, meant) in [
            ("MemoryMax", "2Gb", "2G"),
            ("MemoryMax", "512 MiB", "512M"),
            ("LimitNOFILE", "unlimited", "infinity"),
            ("KillSignal", "SIGTREM", "SIGTERM"),
            ("Restart", "allways", "always"),
            ("SyslogLevel", "warnin", "warning"),
            ("SystemCallFilter", "@system-servce", "@system-service"),
            ("Restart", "on-failure # always", "on-failure"),
        ] {
            let said = wrong("Service", key, value).unwrap();
            assert!(said.ends_with(&format!(", did you mean {meant}?")), "{said}");
        }
        assert_eq!(wrong("Mount", "Type", "ext4"), None, "another key of that name");
        let said = wrong("Service", "UMask", "99").unwrap();
        assert_eq!(said, "UMask= `99` is no mode in octal digits, as `0022` or `0755`");
    }

    #[test]
    fn every_key_is_one_and_has_one_sort() {
        let mut seen = std::collections::BTreeSet::new();
        for key in table::TABLE.iter().flat_map(|(_, keys)| keys.split_whitespace()) {
            let name = key.rsplit('.').next().unwrap();
            let sections = ["Unit", "Service", "Socket", "Timer", "Path", "Mount", "Automount", "Slice"];
            assert!(sections.iter().any(|section| crate::unit::keys::knows(section, name)), "{key}");
            assert!(seen.insert(key), "{key} is there twice");
        }
    }
}
