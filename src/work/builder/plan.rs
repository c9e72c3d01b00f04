//! The step of the builder image: its name, and the packages that it is made of.

use std::collections::{BTreeMap, BTreeSet};

use super::{BuilderName, BuilderWork};
use crate::{
    plan::{
        Inputs, Step,
        dockerfile::Template,
        maker::{Maker, PlanError},
        step::key_of,
    },
    recipe::PythonApp,
    work::Work,
};

impl Maker<'_> {
    pub(crate) fn builder_packages(&self, python: &PythonApp) -> Vec<String> {
        let own = &self.platform.python;
        let all = own.packages.iter().chain(&own.tools).chain(&own.builder).chain(&python.build_packages);
        all.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    pub(crate) fn builder(&self, python: &PythonApp) -> Result<Step, PlanError> {
        let BuilderName { tag, inputs, dockerfile, .. } = self.builder_name(python)?.clone();
        let mut step = self.step(
            "builder",
            "wheel builder".to_owned(),
            Work::Builder(Box::new(BuilderWork { dockerfile, tag })),
            inputs,
        );
        step.needs.push(self.id("base"));
        Ok(step)
    }

    /// The builder's name, which holds how it is made: checkouts of a project that differ in it do not take each other's.
    pub(crate) fn builder_name(&self, python: &PythonApp) -> Result<&BuilderName, PlanError> {
        if let Some(known) = self.builder.get() {
            return Ok(known);
        }
        let values = serde_json::json!({
            "project": self.recipe.project.name,
            "platform": self.platform.id,
            "base": self.base_name().0,
            "packages": self.builder_packages(python),
            "ca": self.context.ca,
        });
        let (dockerfile, digest) = self.rendered(&Template::BuiltIn("builder.hbs"), &values)?;
        let mut inputs = Inputs::new();
        inputs.insert("builder packages".to_owned(), self.builder_packages(python).join(" "));
        inputs.insert("builder.hbs".to_owned(), digest.to_string());
        let name = key_of("builder name", &inputs, &BTreeMap::new());
        let (project, platform) = (&self.recipe.project.name, &self.platform.id);
        let tag = format!("factory.local/{project}/builder:{platform}-{}", name.short());
        Ok(self.builder.get_or_init(|| BuilderName { tag, inputs, dockerfile, digest }))
    }
}
