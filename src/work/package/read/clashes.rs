//! What a package says of others that cannot all be true: nothing would install it.

use super::RawPackage;
use crate::{
    names::{Apart, Relation},
    util::toml::{At, Given, Issue, Issues, quoted},
};

/// A relation to one package, with its key. A choice is left to whoever resolves it.
struct Said<'r> {
    key: &'static str,
    at: &'r At<Relation>,
    one: Apart,
}

fn said<'r>(key: &'static str, given: &'r Given<Vec<At<Relation>>>) -> impl Iterator<Item = Said<'r>> {
    given.items().iter().filter_map(move |at| match Apart::all(at.value.as_str()).as_slice() {
        [one] => Some(Said { key, at, one: one.clone() }),
        _ => None,
    })
}

/// Adds what of a package, as one platform sees it, excludes something else of it.
pub(super) fn check(package: &RawPackage, issues: &mut Issues) {
    let early = said("pre_depends", &package.pre_depends);
    let needs: Vec<Said<'_>> = early.chain(said("depends", &package.depends)).collect();
    let refuses: Vec<Said<'_>> = said("conflicts", &package.conflicts).chain(said("breaks", &package.breaks)).collect();
    if let Some(own) = package.name.value() {
        let wishes = said("recommends", &package.recommends).chain(said("suggests", &package.suggests));
        let wishes = wishes.chain(said("enhances", &package.enhances));
        for said in needs.iter().chain(&wishes.collect::<Vec<_>>()).chain(&refuses) {
            if said.one.name == own.as_str() {
                let message = format!("the package `{own}` names itself in `{}`", said.key);
                issues.add(Issue::new(&said.at.span, message).relational().label("itself").help("leave it out"));
            }
        }
    }
    for (number, later) in needs.iter().enumerate() {
        if let Some(earlier) =
            needs[..number].iter().find(|one| one.one.name == later.one.name && one.one.excludes(&later.one))
        {
            let message =
                format!("no version is {} and {}", quoted(earlier.at.value.as_str()), quoted(later.at.value.as_str()));
            let issue = Issue::new(&later.at.span, message).relational().label("never at the same time");
            issues.add(
                issue
                    .also(&earlier.at.span, "as this one")
                    .help("both have to hold: nothing would install the package"),
            );
        }
    }
    for need in &needs {
        if let Some(refused) = refuses.iter().find(|one| one.one.name == need.one.name && need.one.is_within(&one.one))
        {
            let (wanted, not) = (quoted(need.at.value.as_str()), quoted(refused.at.value.as_str()));
            let message = format!("`{}` asks for {wanted}, and `{}` refuses {not}", need.key, refused.key);
            let issue = Issue::new(&refused.at.span, message).relational().label("refused here");
            issues.add(
                issue
                    .also(&need.at.span, "asked for here")
                    .help("nothing would install the package: leave one of them out"),
            );
        }
    }
}
