//! What agents take although it was hardly meant: said beside, of a package that is made and of one that is verified.

use std::{cmp::Ordering, collections::BTreeSet};

use super::{
    control::Control,
    icon,
    version::{Generation, compare_packages},
};
use crate::{
    format::wapt::facts::attributes::{PRIORITIES, Request},
    util::clock,
};

/// No path of a program on Windows is longer, in UTF-16 units.
const LONGEST_PATH: usize = 259;
/// Below a folder of this length agents unpack packages: `C:\Windows\Temp\wapt`, eight letters and a backslash.
const UNPACKED_BELOW: usize = 29;
/// No part of a path is longer, in UTF-16 units on Windows.
const LONGEST_PART: usize = 255;
/// So many of a kind are said.
const MOST: usize = 5;

/// What a control file says that cannot have been meant, at the time `now` (seconds since 1970 UTC).
#[must_use]
pub fn of_control(control: &Control, now: i64) -> Vec<String> {
    let mut found = of_dates(control, now);
    for list in LISTS {
        let mut seen = BTreeSet::new();
        let items = control.get(list).split(',').map(str::trim).filter(|item| !item.is_empty());
        let twice: BTreeSet<&str> = items.filter(|item| !seen.insert(*item)).collect();
        found.extend(twice.into_iter().take(MOST).map(|item| format!("`{list}` names `{}` twice", cut(item))));
    }
    found.extend(of_relations(control));
    let priority = control.get("priority");
    if !priority.is_empty() && !PRIORITIES.contains(&priority) {
        found.push(format!("`priority` is `{}`; known words are {}", cut(priority), PRIORITIES.join(", ")));
    }
    found
}

/// Attributes that are lists of words.
const LISTS: [&str; 8] =
    ["architecture", "locale", "target_os", "depends", "conflicts", "impacted_process", "keywords", "categories"];

fn cut(text: &str) -> String {
    text.escape_debug().take(100).collect()
}

/// Agents compare the texts of dates, and so does this.
fn of_dates(control: &Control, now: i64) -> Vec<String> {
    let now = clock::rfc3339(now);
    let now = now.trim_end_matches('Z');
    let (until, forced) = (control.get("valid_until"), control.get("forced_install_on"));
    let mut found = Vec::new();
    if !until.is_empty() && until <= now {
        found.push(format!("`valid_until` is past ({}): no agent installs the package any more", cut(until)));
    }
    if !until.is_empty() && !forced.is_empty() && forced >= until {
        found.push("`forced_install_on` is not before `valid_until`: it is never forced".to_owned());
    }
    found
}

fn of_relations(control: &Control) -> Vec<String> {
    let requests = |name: &str| -> Vec<Request> {
        let items = control.get(name).split(',').map(str::trim).filter(|item| !item.is_empty()).take(1000);
        items.filter_map(|item| Request::parse(item).ok()).collect()
    };
    let (depends, conflicts) = (requests("depends"), requests("conflicts"));
    let mut found = Vec::new();
    for wanted in &depends {
        if let Some(unwanted) = conflicts.iter().find(|other| same(wanted, other) && may_both_hold(wanted, other)) {
            let (one, other) = (shown(wanted), shown(unwanted));
            found.push(format!("the package depends on `{one}` and conflicts with `{other}`"));
        }
    }
    for (at, one) in depends.iter().enumerate() {
        if let Some(other) = depends.iter().skip(at + 1).find(|other| same(one, other) && !may_both_hold(one, other)) {
            found.push(format!(
                "no version of a package is `{}` and `{}`: `depends` has both",
                shown(one),
                shown(other)
            ));
        }
    }
    found.truncate(2 * MOST);
    found
}

fn same(one: &Request, other: &Request) -> bool {
    one.package.trim() == other.package.trim()
}

fn shown(request: &Request) -> String {
    let condition = request.version.as_ref().map(|version| format!("({}{version})", request.operator));
    cut(&format!("{}{}", request.package, condition.unwrap_or_default()))
}

/// Whether some version fits both conditions; those that cannot be compared are taken to.
fn may_both_hold(one: &Request, other: &Request) -> bool {
    use Ordering::{Equal, Greater, Less};
    let (Some(a), Some(b)) = (&one.version, &other.version) else { return true };
    let (Ok(first), Ok(second)) = (one.condition(), other.condition()) else { return true };
    // How a version compares with both: below them, at one, between, above.
    let places: &[(Ordering, Ordering)] = match compare_packages(a, b, Generation::V2) {
        Ok(Less) => &[(Less, Less), (Equal, Less), (Greater, Less), (Greater, Equal), (Greater, Greater)],
        Ok(Equal) => &[(Less, Less), (Equal, Equal), (Greater, Greater)],
        Ok(Greater) => &[(Less, Less), (Less, Equal), (Less, Greater), (Equal, Greater), (Greater, Greater)],
        Err(_) => return true,
    };
    places.iter().any(|(to_one, to_other)| first.holds(*to_one) && second.holds(*to_other))
}

/// Names of files that are too long where agents unpack them.
#[must_use]
pub fn of_names<'n>(control: &Control, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let target = control.get("target_os");
    let on_windows = target.is_empty() || ["all", "windows"].iter().any(|word| target.contains(word));
    let length = |text: &str| text.encode_utf16().count();
    let mut found = Vec::new();
    let mut more = 0;
    for name in names {
        let part = name.split('/').find(|part| length(part) > LONGEST_PART || part.len() > 4 * LONGEST_PART);
        let why = if part.is_some() {
            "a part of its path is longer than 255 characters, which no disk holds".to_owned()
        } else if on_windows && length(name) + UNPACKED_BELOW > LONGEST_PATH {
            let all = length(name) + UNPACKED_BELOW;
            format!(
                "unpacked below C:\\Windows\\Temp its path has {all} characters, and Windows opens {LONGEST_PATH} at most"
            )
        } else {
            continue;
        };
        if found.len() < MOST {
            found.push(format!("`{}`: {why}", cut(name)));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        found.push(format!("and {more} files more with paths that are too long"));
    }
    found
}

/// An icon that consoles will not show as it was meant.
#[must_use]
pub fn of_icon(bytes: &[u8]) -> Option<String> {
    let doubt = match icon::check(bytes) {
        Err(error) => return Some(error.to_string()),
        Ok((48, 48)) if icon::is_whole(bytes) => return None,
        Ok((48, 48)) => "it breaks off, or a part of it is damaged".to_owned(),
        Ok((width, height)) => format!("it has {width}x{height} pixels, and consoles show 48x48"),
    };
    Some(format!("{}: {doubt}", icon::PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_172_800;

    fn found(pairs: &[(&str, &str)]) -> String {
        let mut control = Control::default();
        for (name, value) in pairs {
            control.set(name, value);
        }
        of_control(&control, NOW).join("; ")
    }

    #[test]
    fn dates_that_are_past() {
        assert_eq!(
            found(&[("valid_until", "2026-11-20T00:00:00")]),
            "`valid_until` is past (2026-11-20T00:00:00): no agent installs the package any more"
        );
        assert_eq!(found(&[("valid_until", "2026-11-21T00:00:00"), ("valid_from", "2026-11-20T00:00:00")]), "");
        let never = [("valid_until", "2030-01-01T00:00:00"), ("forced_install_on", "2030-01-02T00:00:00")];
        assert_eq!(found(&never), "`forced_install_on` is not before `valid_until`: it is never forced");
    }

    #[test]
    fn packages_that_are_wanted_and_unwanted() {
        let both = |depends, conflicts| found(&[("depends", depends), ("conflicts", conflicts)]);
        assert_eq!(both("tis-a,tis-b", "tis-b"), "the package depends on `tis-b` and conflicts with `tis-b`");
        assert_ne!(both("tis-b(>=1.0-0)", "tis-b(=2.0-1)"), "");
        // The usual way to say which versions do.
        assert_eq!(both("tis-b(>=2.0-0)", "tis-b(<2.0-0)"), "");
        assert_eq!(both("tis-b(=2.0-1)", "tis-b(>2.0-1)"), "");
        assert_eq!(both("tis-b", "tis-c"), "");
        assert_eq!(
            both("tis-b(>=2.0-0),tis-b(<2.0-0)", ""),
            "no version of a package is `tis-b(>=2.0-0)` and `tis-b(<2.0-0)`: `depends` has both"
        );
        assert_eq!(both("tis-b(>=2.0-0),tis-b(<3.0-0)", ""), "");
    }

    #[test]
    fn words_that_stand_twice_or_are_unknown() {
        assert_eq!(found(&[("locale", "fr,en,fr")]), "`locale` names `fr` twice");
        assert_eq!(found(&[("depends", "tis-a, tis-a")]), "`depends` names `tis-a` twice");
        assert_eq!(found(&[("priority", "critical")]), "");
        assert!(found(&[("priority", "optinal")]).starts_with("`priority` is `optinal`; known words are optional, "));
    }

    #[test]
    fn paths_that_windows_cannot_open() {
        let names = |target: &str, name: &str| {
            let mut control = Control::default();
            control.set("target_os", target);
            of_names(&control, [name, "setup.py"].into_iter()).join("; ")
        };
        let long = format!("files/{}", ["folder"; 40].join("/"));
        assert!(names("windows", &long).contains("has 314 characters"), "{}", names("windows", &long));
        assert_eq!(names("linux", &long), "");
        assert_eq!(names("", &long[..230]), "");
        assert_ne!(names("", &long[..231]), "");
        assert!(names("linux", &"x".repeat(256)).contains("longer than 255 characters"));
    }
}
