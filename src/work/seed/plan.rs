//! The step that fetches pip.

use std::collections::BTreeMap;

use super::SeedWork;
use crate::{
    plan::{
        Inputs, Step,
        maker::{Maker, PlanError},
        step::key_of,
    },
    platform::Seed,
    recipe::PythonApp,
    work::Work,
};

impl Maker<'_> {
    /// The step that fetches pip, where the platform's own is too old.
    pub(crate) fn seed(&self, python: &PythonApp) -> Result<Option<Step>, PlanError> {
        let own = &self.platform.python;
        let Some(seed) = &own.seed else { return Ok(None) };
        let builder = self.builder_name(python)?;
        // Pinned by digest: where they come from is no input.
        let inputs = Inputs::from([
            ("pinned wheels".to_owned(), pins(seed)),
            ("platform".to_owned(), self.platform.id.to_string()),
            ("interpreter".to_owned(), format!("{} {} {}", own.interpreter, own.version, own.abi)),
        ]);
        let key = key_of("seed 1", &inputs, &BTreeMap::new());
        let work = SeedWork {
            seed: seed.clone(),
            python: own.clone(),
            script: self.context.templates.text("seed.py")?.to_string(),
            index: self.index(python),
            builder: builder.tag.clone(),
            key,
        };
        let title = format!("pip for Python {}", own.version);
        let mut step = self.step("seed", title, Work::Seed(Box::new(work)), inputs);
        step.uses.push(self.id("builder"));
        Ok(Some(step))
    }
}

/// The pins of a seed in one line: name and digest.
pub(crate) fn pins(seed: &Seed) -> String {
    seed.wheels.iter().map(|(name, sha256)| format!("{name} {sha256}")).collect::<Vec<_>>().join(" ")
}
