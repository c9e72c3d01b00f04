//! The step of a module: which Python it has, and what pins its packages.

mod chosen;
mod pins;

use super::{
    GOAL, ModuleWork,
    data::{Layout, STRIPPED},
    recipe::{Module, RuntimeSource},
};
use crate::{
    names::Sha256,
    plan::{
        Holdings, Inputs, Plan, Step,
        context::{as_they_are, digest_into, hold_into},
        make::look::issue,
        maker::{Maker, PlanError, Planned},
    },
    source::git::Parts,
    util::toml::Issue,
    work::{Work, image::plan::context::of_ignored, package::plan::keys_of},
};
use pins::Pinned;

pub use chosen::{PY_SUBVER, PY_VER};

impl Planned for Module {
    fn look(all: &[Self], maker: &Maker<'_>, found: &mut Vec<Issue>) {
        for module in all {
            for content in &module.contents {
                found.extend(maker.context.listing.taken(&content.src).err().map(|error| issue(&error, &content.at)));
            }
            // A version that is not there is said where its step is made.
            if let Ok((python, _)) = chosen::chosen(module, maker.context.roots.variables()) {
                found.extend(maker.pinned(module, python).err().unwrap_or_default());
            }
        }
    }

    fn steps(all: &[Self], maker: &Maker<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        for module in all {
            plan.steps.push(maker.module(module)?);
        }
        Ok(())
    }
}

/// What a step is made of while it is brought together.
#[derive(Default)]
struct Drawn {
    inputs: Inputs,
    holdings: Holdings,
    parts: Parts,
    notes: Vec<String>,
}

impl Maker<'_> {
    fn module(&self, module: &Module) -> Result<Step, PlanError> {
        let (python, runtime) = chosen::chosen(module, self.context.roots.variables())?;
        let Pinned { pins, texts, index, extra_indexes } = self.pinned(module, python).map_err(PlanError::Files)?;
        let mut drawn = Drawn::default();
        keys_of("[[module]]", &serde_json::json!(module), &mut drawn.inputs);
        drawn.inputs.insert("Python".to_owned(), python.to_string());
        for (path, text) in &texts {
            drawn.inputs.insert(path.display().to_string(), Sha256::of(text).to_string());
            drawn.parts.files.insert(path.clone());
        }
        let runtime_sha256 = match &runtime.from {
            RuntimeSource::Url { sha256, .. } => sha256.clone(),
            RuntimeSource::File { file, sha256: wanted } => {
                let found = self.context.listing.digest(file)?;
                if let Some(wanted) = wanted.as_ref().filter(|wanted| **wanted != found) {
                    let message = format!("`{}` has the SHA-256 {found}, and {wanted} is wanted", file.display());
                    let issue = Issue::new(&module.runtimes_at, message).label("another file");
                    return Err(PlanError::Files(vec![issue.help("fetch it again, or write its digest")]));
                }
                drawn.parts.files.insert(file.clone());
                found
            }
        };
        drawn.inputs.insert("runtime".to_owned(), format!("{:?} {runtime_sha256}", runtime.kind));
        if let Some(file) = &module.postinstall {
            drawn.inputs.insert(file.display().to_string(), self.context.listing.digest(file)?.to_string());
            drawn.parts.files.insert(file.clone());
        }
        self.draw(module, &mut drawn)?;
        let Drawn { mut inputs, holdings, parts, notes } = drawn;
        let own = self.context.times.last(&format!("files {:?} {:?}", parts.files, parts.folders), || parts);
        let time = self.context.times.latest(&[own]);
        inputs.insert("time".to_owned(), crate::util::clock::rfc3339(time));
        let strip = STRIPPED.into_iter().map(str::to_owned).chain(module.strip.iter().cloned()).collect();
        let layout = Layout { python, machine: module.machine, folder: module.folder.clone(), strip, time };
        let work = ModuleWork {
            name: module.name.to_string(),
            layout,
            runtime: runtime.clone(),
            runtime_sha256,
            pins,
            requirements: module.requirements.display().to_string(),
            index,
            extra_indexes,
            runtime_dlls: module.runtime_dlls.clone(),
            postinstall: module.postinstall.clone(),
            contents: module.contents.clone(),
            must_have: module.must_have.clone(),
            must_not_have: module.must_not_have.clone(),
        };
        let title = format!("module {} with Python {python}", module.name);
        let mut step = self.step(&format!("module-{}", module.name), title, Work::Module(Box::new(work)), inputs);
        step.holdings = holdings;
        step.notes = notes;
        step.wanted = self.wants(GOAL);
        Ok(step)
    }

    /// The files of the project that go into it.
    fn draw(&self, module: &Module, drawn: &mut Drawn) -> Result<(), PlanError> {
        if let Some(dir) = &module.runtime_dlls {
            let found = self.context.roots.whole(dir)?;
            let (name, files) = (dir.display().to_string(), as_they_are(&found));
            drawn.notes.extend(of_ignored(&name, &found));
            digest_into(&mut drawn.inputs, &name, &files);
            hold_into(&mut drawn.holdings, &name, &files);
            self.add_files(&mut drawn.parts, &files);
            drawn.parts.folders.insert(dir.clone());
        }
        for content in &module.contents {
            let found = self.context.listing.matching(&content.src)?;
            let files = as_they_are(&found);
            drawn.notes.extend(of_ignored(&content.src, &found));
            digest_into(&mut drawn.inputs, &content.src, &files);
            hold_into(&mut drawn.holdings, &content.src, &files);
            self.add_files(&mut drawn.parts, &files);
        }
        Ok(())
    }
}
