//! From a resolved recipe to steps, kind by kind.

pub(crate) mod contents;
mod look;
mod twice;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Plan,
    maker::{Maker, PlanContext, PlanError, Want},
};
use crate::{
    names::PackageName,
    platform::Platform,
    recipe::Recipe,
    work::{
        self,
        base::{self, BaseWork},
    },
};

/// The steps of one platform, added to `plan`.
///
/// # Errors
/// [`PlanError`].
pub fn make(plan: &mut Plan, recipe: &Recipe, platform: &Platform, context: &PlanContext) -> Result<(), PlanError> {
    let maker = Maker::new(recipe, platform, context, base::plan::name(recipe, platform));
    plan.steps.push(maker.base()?);
    if context.want == Want::Bases {
        return Ok(());
    }
    let mistakes = maker.look();
    if !mistakes.is_empty() {
        return Err(PlanError::Files(mistakes));
    }
    if let Some(python) = &recipe.python {
        plan.steps.push(maker.builder(python)?);
        plan.steps.extend(maker.seed(python)?);
    }
    for image in &recipe.images {
        let wheels = maker.wheels(image)?;
        let step = maker.image(image, wheels.as_ref())?;
        plan.steps.extend(wheels);
        plan.steps.push(step);
    }
    let mut unmade: BTreeMap<bool, Vec<PackageName>> = BTreeMap::new();
    for package in &recipe.packages {
        if maker.formats(package).is_empty() {
            unmade.entry(!package.formats.is_empty()).or_default().push(package.name.clone());
        } else {
            plan.steps.push(maker.package(package)?);
        }
    }
    if maker.wants(work::package::GOAL) {
        plan.unmade.extend(unmade.into_iter().map(|(is_asked, packages)| maker.unmade(is_asked, packages)));
    }
    for wapt in &recipe.wapts {
        plan.steps.push(maker.wapt(wapt)?);
    }
    Ok(())
}

/// The names that a plan of everything gives to images of one platform, without looking at any file of the project but
/// templates: with their labels they tell which images of a daemon are this project's.
///
/// # Errors
/// [`PlanError`].
pub fn names(recipe: &Recipe, platform: &Platform, context: &PlanContext) -> Result<BTreeSet<String>, PlanError> {
    let maker = Maker::new(recipe, platform, context, base::plan::name(recipe, platform));
    let base = maker.base_name().0.clone();
    let mut names: BTreeSet<String> = recipe.images.iter().flat_map(|image| maker.tags(image)).collect();
    if let Some(python) = &recipe.python {
        names.insert(maker.builder_name(python)?.tag.clone());
    }
    names.insert(BaseWork::plain(&base));
    names.insert(base);
    Ok(names)
}
