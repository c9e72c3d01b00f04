//! All packages of a recipe: what they name is looked at, and the steps of those that can be made here.

use std::collections::BTreeMap;

use super::units;
use crate::{
    names::PackageName,
    plan::{
        Plan,
        make::{odd, twice},
        maker::{Maker, PlanError, Planned},
    },
    util::toml::Issue,
    work::package::{GOAL, recipe::Package},
};

impl Planned for Package {
    fn look(all: &[Self], maker: &Maker<'_>, found: &mut Vec<Issue>) {
        for package in all {
            let taken = maker.look_at(&package.contents, found);
            units::look(package, &taken, all, found);
            found.extend(maker.odd_units(package));
            found.extend(odd::over_folders(&package.contents, &taken));
            found.extend(twice::find(&package.contents, &taken, twice::Of::Package));
        }
    }

    fn steps(all: &[Self], maker: &Maker<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        let mut unmade: BTreeMap<bool, Vec<PackageName>> = BTreeMap::new();
        for package in all {
            if maker.formats(package).is_empty() {
                unmade.entry(!package.formats.is_empty()).or_default().push(package.name.clone());
            } else {
                plan.steps.push(maker.package(package)?);
            }
        }
        if maker.wants(GOAL) {
            plan.unmade.extend(unmade.into_iter().map(|(is_asked, packages)| maker.unmade(is_asked, packages)));
        }
        Ok(())
    }
}
