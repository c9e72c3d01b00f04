//! systemd units that cannot do what they are for: text that systemd does not take, and programs, files, users and targets that are
//! not there. Pure: what is outside of the tree is asked by the caller. A unit that starts is another thing; `factory test` runs them.

mod dropins;
mod file;
mod files;
mod idle;
mod install;
mod made;
mod others;
mod question;
mod swapped;
mod text;
mod user;

use std::collections::BTreeSet;

use crate::{
    format::Meta,
    names::Concern,
    stage::Tree,
    unit::{
        UnitFile,
        judge::{Named, judge, judge_part},
    },
};
use idle::Idle;
use made::Made;

pub use question::{Question, Units, Wanted};

/// Names of units that something is known of beside their files.
#[derive(Debug, Default)]
pub struct Known {
    /// Those that the recipe itself wants enabled.
    pub enabled: BTreeSet<String>,
    /// Those that are enabled because the recipe says nothing of it.
    pub guessed: BTreeSet<String>,
    /// Those of packages that this one depends on.
    pub near: BTreeSet<String>,
}

/// What units name of other units.
#[derive(Debug, Default)]
struct Others {
    starts: Vec<Named>,
    also: Vec<Named>,
    targets: Vec<Named>,
    named: Vec<Named>,
}

impl Units {
    /// Looks at the units of a tree.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn of(tree: &Tree, meta: &Meta, known: &Known) -> std::io::Result<Self> {
        let (mut found, made) = (Self::default(), Made::of(tree, meta)?);
        // Units that are there under any of their names.
        let mut names: BTreeSet<String> = known.near.clone();
        let (mut others, mut idle) = (Others::default(), Idle::default());
        let drop_ins = dropins::of(tree);
        for (path, entry) in tree.iter() {
            let Some(unit) = files::unit_at(path) else {
                found.lacks.extend(text::misnamed(path, entry));
                continue;
            };
            names.insert(unit.as_str().to_owned());
            let Some(entry) = files::shown(tree, path, entry) else { continue };
            let mut file = match files::read(tree, entry, &format!("/{path}"))? {
                Ok(file) => file,
                Err(error) => {
                    found.lacks.push(text::wrong(&error));
                    continue;
                }
            };
            for drop_in in drop_ins.of_unit(&unit) {
                match drop_in.read(tree)? {
                    Ok(more) => file.extend(more),
                    Err(error) => found.lacks.push(text::wrong(&error)),
                }
            }
            names.extend(aliases(&file));
            let (wrong, needs) = judge(&file, &unit, &format!("/{path}"));
            found.lacks.extend(wrong.iter().map(text::wrong));
            idle.starts(&file, &needs);
            if known.enabled.contains(unit.as_str()) && !needs.installs {
                found.lacks.push(install::nothing(path.as_str()));
            }
            user::look(&needs, &made, &mut found);
            file::look(tree, &needs, &made, &mut found)?;
            if known.guessed.contains(unit.as_str()) && !needs.installs {
                idle.alone(unit, path.as_str());
            }
            others.starts.extend(needs.starts);
            others.also.extend(needs.also);
            others.targets.extend(needs.targets);
            others.named.extend(needs.others);
        }
        found.parts(tree, &drop_ins, &made, &mut others)?;
        found.others(tree, meta, &others, &names);
        found.lacks.extend(idle.findings());
        Ok(found)
    }

    /// Drop-ins of units that somebody else ships.
    fn parts(
        &mut self,
        tree: &Tree,
        drop_ins: &dropins::DropIns<'_>,
        made: &Made,
        others: &mut Others,
    ) -> std::io::Result<()> {
        for (units, all) in drop_ins.of_others() {
            for drop_in in all {
                match drop_in.read(tree)? {
                    Ok(file) => {
                        let (wrong, needs) = judge_part(&file, units.clone(), &format!("/{}", drop_in.path));
                        self.lacks.extend(wrong.iter().map(text::wrong));
                        user::look(&needs, made, self);
                        file::look(tree, &needs, made, self)?;
                        others.named.extend(needs.others);
                    }
                    Err(error) => self.lacks.push(text::wrong(&error)),
                }
            }
        }
        Ok(())
    }

    /// Units that units name.
    fn others(&mut self, tree: &Tree, meta: &Meta, others: &Others, names: &BTreeSet<String>) {
        for one in &others.named {
            others::look(tree, meta, names, one, self);
        }
        for one in &others.starts {
            install::unit(tree, names, one, Concern::UnitFile, self);
        }
        for one in &others.also {
            install::unit(tree, names, one, Concern::UnitInstall, self);
        }
        for one in &others.targets {
            install::target(names, one, self);
        }
    }
}

/// The names that a unit gets beside its own once it is enabled.
fn aliases(file: &UnitFile) -> Vec<String> {
    let lines = file.all("Install", "Alias");
    lines.iter().flat_map(|line| line.value.split_whitespace()).map(str::to_owned).collect()
}
