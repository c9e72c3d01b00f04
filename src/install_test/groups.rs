//! Packages of a recipe that cannot be installed beside each other are tried in containers of their own: each with the packages of the
//! recipe that it needs.

use std::collections::BTreeSet;

use super::{
    Built, TestTarget,
    runs::{Run, is_there},
    ties::Ties,
};
/// Which packages are installed together, as places in the list: all of them, where none refuses another one.
fn groups(all: &[&Ties]) -> Vec<BTreeSet<usize>> {
    let apart = |one: usize, two: usize| one != two && (all[one].refuses(all[two]) || all[two].refuses(all[one]));
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    for at in 0..all.len() {
        if groups.iter().any(|group| group.contains(&at)) {
            continue;
        }
        let wanted = with_needs(at, all);
        let fits = |group: &&mut BTreeSet<usize>| !group.iter().any(|one| wanted.iter().any(|two| apart(*one, *two)));
        match groups.iter_mut().find(fits) {
            Some(group) => group.extend(wanted),
            None => groups.push(wanted),
        }
    }
    groups
}

/// A package with all of the recipe that it needs.
fn with_needs(first: usize, all: &[&Ties]) -> BTreeSet<usize> {
    let (mut wanted, mut open) = (BTreeSet::from([first]), vec![first]);
    while let Some(at) = open.pop() {
        for choice in &all[at].needs {
            let gives = |name: &String| all.iter().position(|ties| ties.names.contains(name));
            if let Some(need) = choice.iter().find_map(gives)
                && wanted.insert(need)
            {
                open.push(need);
            }
        }
    }
    wanted
}

impl TestTarget {
    /// What is tried in a container of its own each. Most often there is nothing to part: then this is empty.
    #[must_use]
    pub fn parts(&self) -> Vec<Self> {
        let groups = groups(&self.packages.iter().map(|package| &package.ties).collect::<Vec<_>>());
        if groups.len() < 2 {
            return Vec::new();
        }
        let part = |(number, group): (usize, &BTreeSet<usize>)| {
            let packages: Vec<Built> = group.iter().map(|at| self.packages[*at].clone()).collect();
            let users = packages.iter().flat_map(|package| package.ties.users.clone()).collect();
            let mut part = Self { packages, users, number: number + 1, ..self.clone() };
            let (here, everywhere) = (part.unit_files(), self.unit_files());
            // A unit that no package ships is missed in the first one.
            part.units
                .retain(|run: &Run| is_there(run.unit(), &here) || number == 0 && !is_there(run.unit(), &everywhere));
            part
        };
        groups.iter().enumerate().map(part).collect()
    }

    /// How many checks there are.
    #[must_use]
    pub fn checks(&self) -> usize {
        let parts = self.parts();
        if !parts.is_empty() {
            return parts.iter().map(Self::checks).sum();
        }
        // Install, files, units, remove and purge.
        5 + self.units.iter().filter(|run| matches!(run, Run::Checked { .. })).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Apart;

    fn ties(name: &str, needs: &[&str], apart: &[&str]) -> Ties {
        Ties {
            needs: needs.iter().map(|text| Apart::all(text).into_iter().map(|one| one.name).collect()).collect(),
            apart: apart.iter().flat_map(|text| Apart::all(text)).collect(),
            version: "0:2.5.11".to_owned(),
            ..Ties::named(name)
        }
    }

    fn of(all: &[Ties]) -> Vec<Vec<usize>> {
        groups(&all.iter().collect::<Vec<_>>()).into_iter().map(|group| group.into_iter().collect()).collect()
    }

    #[test]
    fn what_conflicts_is_parted_and_has_what_it_needs() {
        let core = ties("core", &["libc6"], &[]);
        assert_eq!(of(&[core.clone(), ties("web", &["core (= 2.5.11-1)"], &[])]), [[0, 1]]);
        let lite = ties("lite", &["core"], &["web"]);
        let web = ties("web", &["core (= 2.5.11-1)"], &[]);
        assert_eq!(of(&[core.clone(), web.clone(), lite.clone()]), [[0, 1], [0, 2]]);
        assert_eq!(of(&[lite, web, core]), [[0, 2], [1, 2]]);
        let three = [ties("a", &[], &["b", "c"]), ties("b", &[], &["c"]), ties("c", &[], &[])];
        assert_eq!(of(&three), [[0], [1], [2]]);
    }

    #[test]
    fn only_versions_that_a_conflict_speaks_of() {
        for (relation, apart) in [("shop", true), ("shop (<< 2.5)", false), ("shop (<< 3)", true), ("shopping", false)]
        {
            assert_eq!(ties("web", &[], &[relation]).refuses(&ties("shop", &[], &[])), apart, "{relation}");
        }
    }
}
