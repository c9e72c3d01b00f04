//! What `factory doctor` says of an update feed.

use std::path::Path;

use crate::{
    publish::feed::update::{SOON, expiries, remedy},
    report::{Check, CheckState},
    util::clock,
};

/// Whether something of it ends within 14 days, or has ended.
pub fn check(feed: &Path) -> Check {
    const NAME: &str = "update feed";
    let shown = feed.display().to_string();
    let found = match expiries(feed, None) {
        Ok(found) => found,
        Err(error) => {
            let fix = format!("`factory verify {shown}` says more");
            return Check::new(NAME, CheckState::Fail, format!("{shown}: {error}"), Some(&fix));
        }
    };
    let now = clock::now();
    let Some((role, first)) = found.iter().min_by_key(|(_, ends)| *ends).map(|(role, ends)| (*role, ends.seconds()))
    else {
        return Check::new(NAME, CheckState::Ok, shown, None);
    };
    let day = clock::day(first);
    let fix = remedy(role, &shown);
    match first - now {
        ..=0 => Check::new(
            NAME,
            CheckState::Fail,
            format!("{shown}: its {role} ended on {day}, and no machine believes it"),
            Some(&fix),
        ),
        1..SOON => Check::new(NAME, CheckState::Warn, format!("{shown}: its {role} ends on {day}"), Some(&fix)),
        _ => Check::new(NAME, CheckState::Ok, format!("{shown}: nothing ends before {day}"), None),
    }
}
