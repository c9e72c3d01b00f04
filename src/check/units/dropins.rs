//! Drop-ins of a tree: which files add to which unit, as systemd finds them (systemd.unit(5), "Unit File Load Path"): in all folders, for
//! the unit, its template, what its name begins with, and its type.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{FOLDERS, read};
use crate::{
    check::place::{Place, find},
    stage::{Entry, Kind, Tree},
    unit::{UnitError, UnitFile, UnitName},
};

/// One file.
#[derive(Debug)]
pub struct DropIn<'t> {
    /// Where, without a slash at its beginning.
    pub path: String,
    entry: &'t Entry,
}

/// Those of a tree.
#[derive(Debug, Default)]
pub struct DropIns<'t> {
    /// By the place of their folder in [`FOLDERS`] and its name without `.d`; then by their own names. `None` hides others of the name.
    all: BTreeMap<(usize, String), BTreeMap<String, Option<DropIn<'t>>>>,
    /// The units of the tree.
    units: BTreeSet<String>,
}

impl DropIn<'_> {
    /// Its lines.
    ///
    /// # Errors
    /// When the spool cannot be read; what is wrong with them is in there.
    pub fn read(&self, tree: &Tree) -> std::io::Result<Result<UnitFile, UnitError>> {
        read(tree, self.entry, &format!("/{}", self.path))
    }
}

/// Finds them.
pub fn of(tree: &Tree) -> DropIns<'_> {
    let mut found = DropIns::default();
    for (path, entry) in tree.iter() {
        let Some((folder, name)) = path.as_str().rsplit_once('/') else { continue };
        if FOLDERS.contains(&folder) {
            found.units.insert(name.to_owned());
            continue;
        }
        let Some((root, owner)) = folder.rsplit_once('/') else { continue };
        let (Some(rank), Some(owner)) = (FOLDERS.iter().position(|one| *one == root), owner.strip_suffix(".d")) else {
            continue;
        };
        if name.rsplit('.').next() != Some("conf") {
            continue;
        }
        let shown = match &entry.kind {
            Kind::Dir => continue,
            Kind::Symlink { .. } => match find(tree, &format!("/{path}")) {
                Place::There(_, entry) if entry.kind != Kind::Dir => Some(entry),
                // `/dev/null` hides others; what is beside the tree cannot be read here.
                _ => None,
            },
            _ => Some(entry),
        };
        let drop_in = shown.map(|entry| DropIn { path: path.to_string(), entry });
        found.all.entry((rank, owner.to_owned())).or_default().insert(name.to_owned(), drop_in);
    }
    found
}

impl<'t> DropIns<'t> {
    /// Those of a unit, in the order in which they are read.
    pub fn of_unit(&self, unit: &UnitName) -> Vec<&DropIn<'t>> {
        let (own, kind) = (owners_of(unit), unit.kind().to_owned());
        let ranks = (0..FOLDERS.len()).rev();
        let places = ranks.clone().flat_map(|rank| own.iter().map(move |owner| (rank, owner.clone())));
        let places = places.chain(ranks.map(|rank| (rank, kind.clone())));
        let mut found: BTreeMap<&str, Option<&DropIn<'t>>> = BTreeMap::new();
        for (name, drop_in) in places.filter_map(|place| self.all.get(&place)).flatten() {
            // The first of a name hides the others.
            found.entry(name).or_insert(drop_in.as_ref());
        }
        found.into_values().flatten().collect()
    }

    /// Those of units that are not in the tree, each with two units that they are for, or twice the one.
    pub fn of_others(&self) -> Vec<([UnitName; 2], Vec<&DropIn<'t>>)> {
        let units = self.units.iter().filter_map(|unit| UnitName::new(unit).ok());
        let own: BTreeSet<String> =
            units.flat_map(|unit| owners_of(&unit).into_iter().chain([unit.kind().to_owned()])).collect();
        let others = self.all.iter().filter(|((_, owner), _)| !own.contains(owner));
        others.filter_map(|((_, owner), all)| Some((units_of(owner)?, all.values().flatten().collect()))).collect()
    }
}

/// Under which names, without `.d`, folders of drop-ins are looked for, the nearest first.
fn owners_of(unit: &UnitName) -> Vec<String> {
    let template = unit.template().map(|template| template.as_str().to_owned());
    let (stem, kind) = (unit.prefix(), unit.kind());
    let dashes = stem.match_indices('-').map(|(at, _)| at).filter(|at| at + 1 < stem.len());
    let mut begins: Vec<String> = dashes.map(|at| format!("{}-.{kind}", &stem[..at])).collect();
    begins.reverse();
    std::iter::once(unit.as_str().to_owned()).chain(template).chain(begins).collect()
}

/// Two units that drop-ins of a folder of this name are for.
fn units_of(owner: &str) -> Option<[UnitName; 2]> {
    let both = |begin: &str, kind: &str| {
        let unit = |word: &str| UnitName::new(&format!("{begin}{word}.{kind}")).ok();
        Some([unit("one")?, unit("two")?])
    };
    match owner.rsplit_once('.') {
        None => both("", owner),
        Some((stem, kind)) if stem.ends_with(['-', '@']) => both(stem, kind),
        Some(_) => UnitName::new(owner).ok().map(|unit| [unit.clone(), unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Role, Spool, TreePath};

    fn tree(files: &[&str]) -> Tree {
        let mut tree = Tree::new(Spool::new().unwrap());
        for file in files {
            tree.add_bytes(TreePath::new(file).unwrap(), b"[Unit]\n", 0o644, 0, Role::Plain, "a test").unwrap();
        }
        tree
    }

    #[test]
    fn which_count_for_a_unit() {
        let tree = tree(&[
            "lib/systemd/system/a-b@.service",
            "lib/systemd/system/a-b@.service.d/10.conf",
            "etc/systemd/system/a-b@.service.d/10.conf",
            "etc/systemd/system/a-b@one.service.d/20.conf",
            "usr/lib/systemd/system/a-.service.d/05.conf",
            "lib/systemd/system/service.d/30.conf",
            "lib/systemd/system/service.d/README",
            "lib/systemd/system/nginx.service.d/o.conf",
            "lib/systemd/system/timer.d/o.conf",
            "lib/systemd/system/nothing.d/o.conf",
        ]);
        let found = of(&tree);
        let paths = |unit: &str| -> Vec<String> {
            let all = found.of_unit(&UnitName::new(unit).unwrap());
            all.iter().map(|one| one.path.clone()).collect()
        };
        let common = [
            "usr/lib/systemd/system/a-.service.d/05.conf",
            "etc/systemd/system/a-b@.service.d/10.conf",
            "lib/systemd/system/service.d/30.conf",
        ];
        assert_eq!(paths("a-b@.service"), common);
        let mut with_own = common.to_vec();
        with_own.insert(2, "etc/systemd/system/a-b@one.service.d/20.conf");
        assert_eq!(paths("a-b@one.service"), with_own);
        assert_eq!(paths("x.service"), ["lib/systemd/system/service.d/30.conf"]);
        let others: Vec<String> =
            found.of_others().iter().map(|(units, _)| format!("{} {}", units[0], units[1])).collect();
        assert_eq!(others, ["nginx.service nginx.service", "one.timer two.timer", "a-b@one.service a-b@one.service"]);
    }
}
