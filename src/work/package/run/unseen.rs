//! What a package without an image needs where it is installed, and could not be looked at: said once, never passed over.

use std::collections::BTreeMap;

use crate::{
    check::{
        Finding,
        files::links::Outward,
        units::{Question, Wanted},
    },
    event::StepId,
    execute::Session,
    names::Concern,
    recipe::Package,
};

/// So many things are named.
const SHOWN: usize = 5;

/// What was not looked at.
#[derive(Debug, Default)]
pub struct Unseen {
    all: Vec<Thing>,
    /// Whether libraries are said elsewhere.
    without_libraries: bool,
}

/// One of it.
#[derive(Debug)]
struct Thing {
    /// What should be there, in words.
    what: String,
    /// What would be wrong where it is not.
    lack: Finding,
}

impl Unseen {
    /// A program that something needs under one of these paths; `lack` says what is wrong without it.
    pub fn program(&mut self, wanted: &[String], lack: Finding) {
        self.add(one_of(wanted), lack);
    }

    /// A library.
    pub fn library(&mut self, name: &str, lack: Finding) {
        self.add(format!("the library `{}`", name.escape_debug()), lack);
    }

    /// What a unit names.
    pub fn question(&mut self, question: Question) {
        let what = match &question.wanted {
            Wanted::Program(paths) | Wanted::File(paths) | Wanted::Folder(paths) | Wanted::Path(paths) => one_of(paths),
            Wanted::User(name) => format!("the user `{}`", name.escape_debug()),
            Wanted::Group(name) => format!("the group `{}`", name.escape_debug()),
        };
        self.add(what, question.lack);
    }

    /// Where a link leads.
    pub fn link(&mut self, link: &Outward) {
        self.add(one_of(&link.beside), link.dangling());
    }

    fn add(&mut self, what: String, lack: Finding) {
        self.all.push(Thing { what, lack });
    }

    /// Says nothing of libraries: the search for what the package needs names each with the files that need it.
    pub fn leave_libraries(&mut self) {
        self.without_libraries = true;
    }

    /// Says what was not looked at. Gives what the recipe allows of it: whether it is there does not matter.
    pub fn say(self, package: &Package, step: &StepId, session: &Session) -> Vec<Finding> {
        let is_meant = |thing: &Thing| package.allow.iter().any(|allowance| thing.lack.is_meant_by(allowance));
        let (meant, mut left): (Vec<Thing>, Vec<Thing>) = self.all.into_iter().partition(is_meant);
        left.retain(|thing| !(self.without_libraries && thing.lack.concern == Some(Concern::Library)));
        if let Some(sentence) = sentence(&left) {
            session.doubt(step, format!("{}: {sentence}", package.name));
        }
        meant.into_iter().map(|thing| thing.lack).collect()
    }
}

fn sentence(left: &[Thing]) -> Option<String> {
    let mut all: BTreeMap<&str, (&str, String)> = BTreeMap::new();
    for thing in left {
        // A name of the package that is near says more than that nothing was looked at.
        let meant = thing.lack.what.rsplit_once(", did you mean ");
        let meant = meant.map(|(_, meant)| format!(", did you mean {meant}")).unwrap_or_default();
        all.entry(thing.what.as_str()).or_insert((thing.lack.path.as_str(), meant));
    }
    let one =
        |(what, (path, meant)): (&&str, &(&str, String))| format!("{what} (for `/{}`{meant})", path.escape_debug());
    let shown = all.iter().take(SHOWN).map(one).collect::<Vec<_>>().join(", ");
    let (more, is) = (all.len().saturating_sub(SHOWN), if all.len() == 1 { "is" } else { "are" });
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| {
        format!(
            "there is no image to look into: whether {shown}{more} {is} there where it is installed is not looked at; \
             `factory test` installs it"
        )
    })
}

/// Something that may be under several paths: the first of two, of more the name that they share.
fn one_of(paths: &[String]) -> String {
    let first = paths.first().map_or("", String::as_str);
    let name = if paths.len() > 2 { first.rsplit('/').next().unwrap_or_default() } else { first };
    format!("`{}`", name.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_said_once() {
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let lack = |path: &str| Finding::new(Concern::Interpreter, path, "");
        let mut unseen = Unseen::default();
        assert_eq!(sentence(&unseen.all), None);
        unseen.program(&paths(&["/bin/perl", "/usr/bin/perl"]), lack("usr/bin/a"));
        assert_eq!(
            sentence(&unseen.all).unwrap(),
            "there is no image to look into: whether `/bin/perl` (for `/usr/bin/a`) is there where it is installed is not looked at; \
             `factory test` installs it"
        );
        unseen.program(&paths(&["/bin/perl", "/usr/bin/perl"]), lack("usr/bin/b"));
        unseen.program(&paths(&["/usr/local/bin/python3", "/usr/bin/python3", "/bin/python3"]), lack("usr/bin/b"));
        unseen.library("libpq.so.5", lack("usr/bin/c"));
        let said = sentence(&unseen.all).unwrap();
        let all = "`/bin/perl` (for `/usr/bin/a`), `python3` (for `/usr/bin/b`), the library `libpq.so.5` (for `/usr/bin/c`) are there";
        assert!(said.contains(all), "{said}");
        for number in 0..4 {
            unseen.library(&format!("lib{number}.so"), lack("usr/bin/c"));
        }
        assert!(sentence(&unseen.all).unwrap().contains(" and 2 more are there"), "{:?}", sentence(&unseen.all));
    }
}
