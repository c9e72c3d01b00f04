//! From a resolved recipe to steps, kind by kind: what all platforms have first, then the parts of the recipe.

pub(crate) mod contents;
pub(crate) mod look;
pub(crate) mod odd;
pub(crate) mod twice;

use std::collections::BTreeSet;

use super::{
    Plan,
    maker::{Maker, PlanContext, PlanError, Planned, Want},
};
use crate::{
    platform::Platform,
    recipe::{Recipe, parts::parts},
    util::toml::Issue,
    work::base::{self, BaseWork},
};

/// The steps of one platform, added to `plan`.
///
/// # Errors
/// [`PlanError`].
pub fn make(plan: &mut Plan, recipe: &Recipe, platform: &Platform, context: &PlanContext) -> Result<(), PlanError> {
    let maker = Maker::new(recipe, platform, context, base::plan::name(recipe, platform));
    if platform.windows.is_none() {
        plan.steps.push(maker.base()?);
    }
    if context.want == Want::Bases {
        return Ok(());
    }
    let mistakes = look(&maker);
    if !mistakes.is_empty() {
        return Err(PlanError::Files(mistakes));
    }
    if let Some(python) = &recipe.python {
        plan.steps.push(maker.builder(python)?);
        plan.steps.extend(maker.seed(python)?);
    }
    steps(&maker, plan)
}

macro_rules! planned {
    ($($(#[doc = $doc:literal])* $part:ident => $list:ident: $one:ident,)+) => {
        fn look(maker: &Maker<'_>) -> Vec<Issue> {
            let mut found = Vec::new();
            $(Planned::look(&maker.recipe.$list, maker, &mut found);)+
            found
        }

        fn steps(maker: &Maker<'_>, plan: &mut Plan) -> Result<(), PlanError> {
            $(Planned::steps(&maker.recipe.$list, maker, plan)?;)+
            Ok(())
        }
    };
}
parts!(planned);

/// The names that a plan of everything gives to images of one platform, without looking at any file of the project but
/// templates: with their labels they tell which images of a daemon are this project's.
///
/// # Errors
/// [`PlanError`].
pub fn names(recipe: &Recipe, platform: &Platform, context: &PlanContext) -> Result<BTreeSet<String>, PlanError> {
    if platform.windows.is_some() {
        return Ok(BTreeSet::new());
    }
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
