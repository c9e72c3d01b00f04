//! `unit-user`: users and groups that are made nowhere.

use super::{
    made::Made,
    question::{Units, Wanted, at},
};
use crate::{names::Concern, unit::judge::Needs, util::toml::nearest};

/// Looks for those of a unit.
pub(super) fn look(needs: &Needs, made: &Made, found: &mut Units) {
    for (named, wanted) in [(&needs.users, Wanted::User as fn(String) -> Wanted), (&needs.groups, Wanted::Group)] {
        for one in named.iter().filter(|one| one.value != "root" && one.value != "0") {
            if !made.accounts.contains(&one.value) {
                let near = nearest(&one.value, made.accounts.iter().map(String::as_str));
                let meant = near.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
                let reason = format!(
                    "{}={} names an account that neither the package nor the image has{meant}",
                    one.key, one.value
                );
                found.ask(wanted(one.value.clone()), at(Concern::UnitUser, &one.place, &reason));
            }
        }
    }
}
